"""A CA of AWS Private CA: no account, no validation of names, no renewal window.

Actions: acm-pca:DescribeCertificateAuthority, acm-pca:IssueCertificate, acm-pca:GetCertificate.

An order's reference is the ARN of the CA, and after the request was submitted that of the
certificate. No call lists what a CA has issued. So the request carries an idempotency token, which
is made of the request itself: who submits it again within five minutes, after a death before the
ARN was noted, gets the same certificate (AWS Private CA API Reference, IssueCertificate).
"""

from __future__ import annotations

from datetime import timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, Any, NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from certrotation.aws.errors import Fault, incomplete, meaning, translated
from certrotation.errors import (
    RETRIED,
    AccessDenied,
    CaLimits,
    CaRefuses,
    NotYet,
    OrderGone,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from contextlib import AbstractContextManager
    from datetime import datetime

    from certrotation.aws.errors import Meaning
    from certrotation.core.issuance.note import Placement
    from certrotation.core.issuance.renewal import CaWindow
    from certrotation.names.issuers import PrivateCaIssuer
    from certrotation.workflows.issuing_ports import OrderedCertificate, Patience, TxtRecord

POLL = 1.0
"""Seconds between two questions for the certificate, as botocore's waiter CertificateIssued."""
UNKNOWN_POLLS = 10
"""How often a certificate that the CA does not know is asked for, in case the CA lags."""
SHORT_LIVED_DAYS = 7
"""AWS Private CA User Guide, CA modes."""
MARGIN = timedelta(hours=1)
"""Clocks and roundings that differ: within this, the end of the CA decides."""
_BEFORE_THE_END = timedelta(minutes=1)
"""What a certificate ends before its CA: no document says whether both may end together."""

_CREATING = "CREATING"
_REMEDIES = {
    "PENDING_CERTIFICATE": "Install a certificate of the CA,",
    "DISABLED": "Enable the CA,",
    "DELETED": "Restore the CA,",
    "EXPIRED": "Install a new certificate of the CA,",
    "FAILED": "Create the CA again,",
}
"""What helps a CA in a state (ACM User Guide, Handling exceptions, PCA_INVALID_STATE)."""
_SIGNED_WITH = {
    "RSA_2048": "SHA256WITHRSA",
    "RSA_3072": "SHA256WITHRSA",
    "RSA_4096": "SHA256WITHRSA",
    "EC_prime256v1": "SHA256WITHECDSA",
    "EC_secp384r1": "SHA384WITHECDSA",
    "EC_secp521r1": "SHA512WITHECDSA",
}
"""Of the family of the CA's key, whatever that of the certificate (API, IssueCertificate)."""
_ANY_ALGORITHM = ("SHA256WITHRSA", "SHA256WITHECDSA")
"""What is tried one after the other if the CA may not be described."""

_OTHER_CA = "or name another CA in the setting issuers."


class _Withheld(CaRefuses):
    """The certificate is issued, and AWS Private CA does not return it."""

    is_issued = True


class _ArgumentRefused(CaRefuses):
    """AWS Private CA rejects an argument, such as an algorithm of another family than its key."""


_ISSUE = (
    meaning(
        Fault(
            CaRefuses,
            "Name a template in the setting issuers that the resource-based policy of the CA, or"
            " the RAM permission of its share, allows; the default permission of RAM allows"
            " EndEntityCertificate/V1 alone.",
        ),
        "AccessDeniedException",
        words="no resource-based policy",
    ),
    meaning(
        Fault(
            CaRefuses,
            "Allow the action for this CA and template: a service control policy, a permissions"
            " boundary or a condition on the content of certificates denies it.",
        ),
        "AccessDeniedException",
    ),
    meaning(
        Fault(
            CaRefuses,
            "Shorten days in the setting issuers, or install a CA certificate that is valid for"
            " longer: no certificate may end after its CA.",
        ),
        "ValidationException",
    ),
    meaning(
        Fault(_ArgumentRefused, "Correct template or days in the setting issuers."),
        "InvalidArgsException",
    ),
    meaning(
        Fault(CaRefuses, "Correct the names in the field request of the secret's value."),
        "MalformedCSRException",
    ),
    meaning(
        Fault(CaLimits, f"Ask for a higher quota of certificates of the CA, {_OTHER_CA}"),
        "LimitExceededException",
    ),
)
_CA = (
    meaning(
        Fault(CaRefuses, f"Make the CA ACTIVE, {_OTHER_CA}"),
        "InvalidStateException",
    ),
    meaning(
        Fault(CaRefuses, "Correct arn in the setting issuers: no such CA exists."),
        "InvalidArnException",
        "ResourceNotFoundException",
    ),
)
_GET = (
    meaning(Fault(NotYet, RETRIED), "RequestInProgressException"),
    meaning(
        Fault(OrderGone, "Another certificate is asked for."),
        "ResourceNotFoundException",
    ),
    meaning(
        Fault(CaRefuses, "No action needed once: another certificate is asked for in 12 hours."),
        "RequestFailedException",
    ),
    # The certificate is issued and paid: it is collected once the cause is fixed.
    meaning(
        Fault(_Withheld, "Allow the action for this CA in the policies of both accounts."),
        "AccessDeniedException",
    ),
    meaning(Fault(_Withheld, f"Make the CA ACTIVE, {_OTHER_CA}"), "InvalidStateException"),
)


class _Authority(NamedTuple):
    """What is known of the CA; nothing if it may not be described."""

    status: str | None = None
    not_after: datetime | None = None
    key: str | None = None
    is_short_lived: bool = False


class PrivateCa:
    """One issuer; the CA is described when that is first needed."""

    def __init__(self, issuer: PrivateCaIssuer, client: Any, now: Callable[[], datetime]) -> None:
        self._issuer = issuer
        self._client = client
        self._now = now
        self._known: _Authority | None = None

    def may_begin_several(self) -> bool:
        """Return True: there is no account to be made."""
        return True

    def renewal_window(self, identifier: str) -> CaWindow | None:
        """Return None: AWS Private CA suggests no window."""
        del identifier
        return None

    def order(self, wanted: OrderedCertificate) -> str:
        """Check that the CA can issue, and return the ARN of the CA.

        Raises:
            CaRefuses: the CA is not ACTIVE, or ends no later than the current certificate.
        """
        authority = self._authority()
        self._require_active(authority)
        ends = authority.not_after
        limit = max(self._now(), wanted.outlives or self._now())
        if ends is not None and ends <= limit + MARGIN:
            raise CaRefuses(
                f"The CA {self._issuer.arn} ends at {ends:%Y-%m-%d %H:%M} UTC, and so would a new"
                " certificate; nothing would be gained.",
                f"Install a CA certificate that is valid for longer, {_OTHER_CA}",
            )
        return self._issuer.arn

    def proofs(self, reference: str) -> Sequence[TxtRecord]:
        """Return nothing: the caller's permissions are all that a private CA checks.

        Raises:
            OrderGone: the order was sent to another CA.
        """
        if reference != self._issuer.arn and not self._is_certificate(reference):
            raise OrderGone(
                f"The order {reference} is not one of the CA {self._issuer.arn}.",
                "Another certificate is asked for.",
            )
        return ()

    def validate(self, reference: str, patience: Patience) -> None:
        """Do nothing: names are not validated."""

    def submit(self, reference: str, request: bytes) -> str:
        """Have the certificate issued, and return its ARN; an ARN is returned as it is."""
        if self._is_certificate(reference):
            return reference
        authority = self._authority()
        csr = x509.load_der_x509_csr(request).public_bytes(Encoding.PEM)
        first, *others = self._algorithms(authority)
        try:
            return self._issue(csr, first, authority)
        except _ArgumentRefused:
            if not others:
                raise
        return self._issue(csr, others[0], authority)

    def collect(self, reference: str, request: bytes, patience: Patience) -> str:
        """Wait for the certificate, and return it with its chain."""
        del request
        unknown = 0
        while True:
            try:
                return self._get(reference)
            except NotYet:
                pass
            except OrderGone:
                unknown += 1
                if unknown > UNKNOWN_POLLS:
                    raise
            patience.wait("the CA issues the certificate", POLL)

    def _issue(self, csr: bytes, algorithm: str, authority: _Authority) -> str:
        request: dict[str, Any] = {
            "CertificateAuthorityArn": self._issuer.arn,
            "Csr": csr,
            "SigningAlgorithm": algorithm,
            "TemplateArn": self._issuer.template_arn,
            "Validity": self._validity(authority),
        }
        token = sha256(repr(sorted(request.items())).encode()).hexdigest()[:32]
        call = "IssueCertificate"
        with self._translated(call, (*_ISSUE, *_CA)):
            answer = self._client.issue_certificate(**request, IdempotencyToken=token)
        arn = answer.get("CertificateArn")
        if not arn:
            raise incomplete(f"acm-pca:{call} for {self._issuer.arn}", "CertificateArn")
        return str(arn)

    def _get(self, certificate_arn: str) -> str:
        call = "GetCertificate"
        with self._translated(call, (*_GET, *_CA)):
            answer = self._client.get_certificate(
                CertificateAuthorityArn=self._issuer.arn, CertificateArn=certificate_arn
            )
        if not answer.get("Certificate"):
            raise incomplete(f"acm-pca:{call} for {certificate_arn}", "Certificate")
        parts = (answer["Certificate"], answer.get("CertificateChain", ""))
        return "".join(f"{each.strip()}\n" for each in parts if each)

    def _authority(self) -> _Authority:
        """Return what is known of the CA; a shared one need not be open to this question."""
        if self._known is None:
            try:
                with self._translated("DescribeCertificateAuthority", _CA):
                    answer = self._client.describe_certificate_authority(
                        CertificateAuthorityArn=self._issuer.arn
                    )
            except AccessDenied:
                answer = {}
            self._known = _authority_of(answer.get("CertificateAuthority", {}))
        return self._known

    def _require_active(self, authority: _Authority) -> None:
        found = f"The CA {self._issuer.arn} is {authority.status}."
        if authority.status == _CREATING:
            raise NotYet(found, RETRIED)
        if authority.status in _REMEDIES:
            raise CaRefuses(found, f"{_REMEDIES[authority.status]} {_OTHER_CA}")

    def _algorithms(self, authority: _Authority) -> Sequence[str]:
        if authority.key is None:
            return _ANY_ALGORITHM
        if authority.key in _SIGNED_WITH:
            return (_SIGNED_WITH[authority.key],)
        raise CaRefuses(
            f"The key of the CA {self._issuer.arn} is of the type {authority.key}.",
            "Name a CA with an RSA or ECDSA key in the setting issuers.",
        )

    def _validity(self, authority: _Authority) -> Mapping[str, Any]:
        """Return the days of the issuer, or the end of the CA if that comes first.

        Neither depends on the moment, so that the same request is sent again after a death.
        """
        most = SHORT_LIVED_DAYS if authority.is_short_lived else self._issuer.days
        days = min(self._issuer.days, most)
        ends = authority.not_after
        if ends is None or self._now() + timedelta(days=days) + MARGIN < ends:
            return {"Type": "DAYS", "Value": days}
        return {"Type": "ABSOLUTE", "Value": int((ends - _BEFORE_THE_END).timestamp())}

    def _is_certificate(self, reference: str) -> bool:
        return reference.startswith(f"{self._issuer.arn}/certificate/")

    def _translated(
        self, operation: str, meanings: Sequence[Meaning]
    ) -> AbstractContextManager[None]:
        return translated(f"acm-pca:{operation}", self._issuer.arn, meanings)


def _authority_of(described: Mapping[str, Any]) -> _Authority:
    return _Authority(
        status=described.get("Status"),
        not_after=described.get("NotAfter"),
        key=described.get("CertificateAuthorityConfiguration", {}).get("KeyAlgorithm"),
        is_short_lived=described.get("UsageMode") == "SHORT_LIVED_CERTIFICATE",
    )


class NoZones:
    """The zones of an issuer that validates no names."""

    def places_of(self, records: Sequence[TxtRecord]) -> tuple[Placement, ...]:
        """Return nothing: no record is asked for."""
        del records
        return ()

    def place(self, placements: Sequence[Placement], patience: Patience) -> None:
        """Do nothing."""

    def remove(self, placements: Sequence[Placement]) -> None:
        """Do nothing: records of an earlier CA of this name are out of reach, and do no harm."""
