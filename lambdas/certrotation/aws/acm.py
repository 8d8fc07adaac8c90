"""AWS Certificate Manager, in one Region.

Actions: acm:ListCertificates, acm:GetCertificate, acm:DescribeCertificate, acm:ImportCertificate,
acm:AddTagsToCertificate (for an import with tags too), acm:RemoveTagsFromCertificate,
acm:ListTagsForCertificate, acm:DeleteCertificate.

ACM's model requires almost no member of an answer. If a member is absent:

- ListCertificates: without a list, or with a row that has no ARN, the Region counts as unreachable,
  because no certificate may be passed over. A row without a type, or with an unknown one, counts as
  imported, and one without `InUse` as in use. Absent dates are read from the certificate; if the
  certificate cannot be read, the Region counts as unreachable. A row without names has none.
  A row without alternative names, or with a hundred and without the flag for more, may have more.
- DescribeCertificate: `ImportedAt` replaces an absent `CreatedAt`; without both the age is unknown.
  Without `InUseBy` the users are unknown; the caller decides by the list's `InUse`.
- GetCertificate: without a certificate the certificate is unreadable.
- ImportCertificate: without an ARN the next run finds the certificate by its tags or names.
"""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING, Any

from certrotation.aws.errors import (
    NOT_YET,
    QUOTA,
    VANISHED,
    Fault,
    incomplete,
    meaning,
    translated,
)
from certrotation.core.estate.inventory import CertificateDetail, ListedCertificate
from certrotation.core.material.host_names import normalise
from certrotation.core.material.x509_facts import KeyAlgorithm
from certrotation.errors import (
    AccessDenied,
    CertificateUnreadable,
    InUse,
    NotYet,
    Rejected,
    TagsFull,
    TagsRefused,
    Vanished,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from mypy_boto3_acm import ACMClient
    from mypy_boto3_acm.type_defs import (
        CertificateSummaryTypeDef,
        ImportCertificateRequestTypeDef,
        ListCertificatesResponseTypeDef,
        TagTypeDef,
    )

    from certrotation.core.material.bundle import Material, PresentedCertificate
    from certrotation.errors import CertRotationError

_PAGE = 1000
_NAMES_SHOWN = 100
"""How many names the list shows of a certificate (ACM API Reference, CertificateSummary)."""
_NOT_IMPORTED = frozenset({"AMAZON_ISSUED", "PRIVATE"})
"""The types of certificates that ACM issues (ACM API Reference, CertificateSummary)."""

_TAGS = Fault(TagsRefused, "Correct the secret's tags, or the organisation's tag policy.")
MEANINGS = (
    # The certificate "is already being created or updated", or is not issued yet.
    meaning(NOT_YET, "ConflictException", "RequestInProgressException"),
    # The ARN "does not refer to an existing resource". It came from ACM, so it is not malformed.
    meaning(VANISHED, "InvalidArnException"),
    meaning(QUOTA, "LimitExceededException"),
    meaning(
        Fault(InUse, "It is deleted by a later scan, once nothing uses it."),
        "ResourceInUseException",
    ),
)
"""What ACM's error codes mean (ACM API Reference, Errors of each action)."""

TAGGING = (
    meaning(_TAGS, "InvalidTagException", "TagPolicyException"),
    # A value outside the model's pattern (ACM API Reference, Tag); the message names the tag.
    meaning(_TAGS, "InvalidParameterException", "ValidationException", words=r"\btags?\b"),
    meaning(Fault(TagsFull, "Remove tags there: AWS allows fifty."), "TooManyTagsException"),
    *MEANINGS,
)
"""What they mean if the request has tags. Without tags in the request, a message that speaks of
tags is about the material: those of ASN.1 are called so too."""


class AcmCertificates:
    """The certificates of the clients' Region."""

    def __init__(self, client: ACMClient, importing: ACMClient) -> None:
        """Take two clients of one Region.

        Args:
            client: sends every request except ImportCertificate.
            importing: sends ImportCertificate alone. ACM throttles that operation at one request a
                second, and a client in adaptive mode slows all its requests to the rate that it
                learned.
        """
        self._client = client
        self._importing = importing

    def list_imported(self) -> Sequence[ListedCertificate]:
        """Return every imported certificate.

        Without key types the list shows RSA up to 2048 bits alone, and it has no filter by type
        (ACM API Reference, ListCertificates and Filters).
        """
        with translated("acm:ListCertificates", self._here, MEANINGS):
            pages = self._client.get_paginator("list_certificates").paginate(
                CertificateStatuses=["ISSUED", "EXPIRED"],
                Includes={"keyTypes": [each.value for each in KeyAlgorithm]},
                PaginationConfig={"PageSize": _PAGE},
            )
            # Page by page: a row of the answer is much larger than what is kept of it.
            return [
                found
                for page in pages
                for each in self._summaries(page)
                if each.get("Type") not in _NOT_IMPORTED
                and (found := self._listed(each)) is not None
            ]

    def presented(self, arn: str) -> PresentedCertificate:
        """Return the leaf and chain that ACM holds, decoded in full.

        Raises:
            CertificateUnreadable: a certificate cannot be decoded.
        """
        with translated("acm:GetCertificate", arn, MEANINGS):
            answer = self._client.get_certificate(CertificateArn=arn)
        # A scan lists certificates and decodes none: the import would lengthen its cold start.
        from certrotation.aws.presented import decoded  # noqa: PLC0415  see above

        return decoded(arn, answer)

    def detail(self, arn: str) -> CertificateDetail:
        """Return what ACM tells about a certificate."""
        with translated("acm:DescribeCertificate", arn, MEANINGS):
            answer = self._client.describe_certificate(CertificateArn=arn).get("Certificate")
        if answer is None:
            raise incomplete(f"acm:DescribeCertificate for {arn}", "Certificate")
        return CertificateDetail(
            created_at=answer.get("CreatedAt") or answer.get("ImportedAt"),
            in_use_by=tuple(answer["InUseBy"]) if "InUseBy" in answer else None,
        )

    def tags(self, arn: str) -> Mapping[str, str]:
        """Return a certificate's tags."""
        with translated("acm:ListTagsForCertificate", arn, MEANINGS):
            answer = self._client.list_tags_for_certificate(CertificateArn=arn)
        return {tag["Key"]: tag.get("Value", "") for tag in answer.get("Tags", ())}

    def import_new(self, material: Material, tags: Mapping[str, str]) -> str:
        """Import under a new ARN, tags in the same call, and return the ARN."""
        request = _import_request(material)
        if tags:
            request["Tags"] = _as_list(tags)
        meanings = TAGGING if tags else MEANINGS
        with translated("acm:ImportCertificate", f"a new certificate in {self._region}", meanings):
            arn = self._importing.import_certificate(**request).get("CertificateArn")
        if not arn:
            raise incomplete(f"acm:ImportCertificate in {self._region}", "CertificateArn", NotYet)
        return arn

    def reimport(self, arn: str, material: Material) -> None:
        """Put material under a known ARN; ACM refuses tags here (ACM API Reference)."""
        request = _import_request(material)
        request["CertificateArn"] = arn
        with translated("acm:ImportCertificate", arn, MEANINGS):
            self._importing.import_certificate(**request)

    def add_tags(self, arn: str, tags: Mapping[str, str]) -> None:
        """Add or overwrite tags."""
        with translated("acm:AddTagsToCertificate", arn, TAGGING):
            self._client.add_tags_to_certificate(CertificateArn=arn, Tags=_as_list(tags))

    def remove_tags(self, arn: str, keys: Iterable[str]) -> None:
        """Remove tags whatever their values."""
        unwanted: list[TagTypeDef] = [{"Key": key} for key in keys]
        if not unwanted:
            return
        with translated("acm:RemoveTagsFromCertificate", arn, TAGGING):
            self._client.remove_tags_from_certificate(CertificateArn=arn, Tags=unwanted)

    def delete(self, arn: str) -> None:
        """Delete a certificate; one that is gone already is no error."""
        try:
            with translated("acm:DeleteCertificate", arn, MEANINGS):
                self._client.delete_certificate(CertificateArn=arn)
        except Vanished:
            return

    def _summaries(self, page: ListCertificatesResponseTypeDef) -> Sequence[Any]:
        if "CertificateSummaryList" not in page:
            raise self._incomplete_list("CertificateSummaryList")
        return page["CertificateSummaryList"]

    def _listed(self, summary: CertificateSummaryTypeDef) -> ListedCertificate | None:
        """Return a row of the list, or None if its certificate was deleted meanwhile."""
        arn = summary.get("CertificateArn")
        if not arn:
            raise self._incomplete_list("the ARN of a certificate")
        not_before, not_after = summary.get("NotBefore"), summary.get("NotAfter")
        if not_before is None or not_after is None:
            try:
                leaf = self.presented(arn).leaf
            except Vanished:
                return None
            except (AccessDenied, CertificateUnreadable, Rejected) as error:
                raise self._incomplete_list(f"the validity of {arn} ({error.found})") from None
            not_before, not_after = leaf.not_valid_before_utc, leaf.not_valid_after_utc
        # DomainName may be the common name, which counts only where there is nothing else.
        names = summary.get("SubjectAlternativeNameSummaries") or [summary.get("DomainName", "")]
        return ListedCertificate(
            arn=arn,
            region=self._region,
            names=frozenset(normalise(name) for name in names if name),
            not_before=not_before.astimezone(UTC),
            not_after=not_after.astimezone(UTC),
            in_use=summary.get("InUse", True),
            imported_at=summary.get("ImportedAt"),
            has_further_names=_has_further_names(summary),
        )

    def _incomplete_list(self, member: str) -> CertRotationError:
        return incomplete(f"acm:ListCertificates for {self._here}", member)

    @property
    def _region(self) -> str:
        return self._client.meta.region_name

    @property
    def _here(self) -> str:
        return f"the certificates in {self._region}"


def _has_further_names(summary: CertificateSummaryTypeDef) -> bool:
    shown = summary.get("SubjectAlternativeNameSummaries")
    if shown is None:
        return True
    return summary.get("HasAdditionalSubjectAlternativeNames", len(shown) >= _NAMES_SHOWN)


def _import_request(material: Material) -> ImportCertificateRequestTypeDef:
    """Return the material's parameters; an empty chain is not the same as none."""
    request: ImportCertificateRequestTypeDef = {
        "Certificate": material.leaf_pem(),
        "PrivateKey": material.private_key_pem(),
    }
    if material.chain:
        request["CertificateChain"] = material.chain_pem()
    return request


def _as_list(tags: Mapping[str, str]) -> list[TagTypeDef]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]
