"""AWS Private CA: what a CA issues, and what it refuses.

Moto signs with an RSA key for 365 days, whatever the CA and the request; it knows no idempotency
token, issues from a CA that is not ACTIVE, and returns every certificate at once. Creating CAs is
left to moto: those of this module are made by `EmbeddedAws.private_ca`.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID

from tests.double.world import Answer, PrivateCa, Refusal, Request

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

BACKDATED = timedelta(minutes=60)
"""Before the issuance, a certificate begins (API Reference, IssueCertificate)."""
REMEMBERED = timedelta(minutes=5)
"""How long an idempotency token counts (API Reference, IssueCertificate)."""
SHORT_LIVED = timedelta(days=7)
"""User Guide, CA modes."""

_ARN = re.compile(
    r"(arn:[a-z-]+:acm-pca:[a-z0-9-]+:\d{12}:certificate-authority/[\w-]+)(/certificate/\w+)?"
)
_TEMPLATE = re.compile(
    "arn:[a-z-]+:acm-pca:::template/([A-Za-z]+?(?:_CriticalBasicConstraints)?)"
    "(?:_(API|CSR|APICSR)Passthrough)?/V1"
)
_SERVER, _CLIENT = ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH
_EXTENDED = {
    "EndEntityCertificate": (_SERVER, _CLIENT),
    "EndEntityServerAuthCertificate": (_SERVER,),
    "EndEntityClientAuthCertificate": (_CLIENT,),
    "CodeSigningCertificate": (ExtendedKeyUsageOID.CODE_SIGNING,),
    "BlankEndEntityCertificate": (),
    "BlankEndEntityCertificate_CriticalBasicConstraints": (),
}
"""User Guide, Template definitions; those of CA certificates are not played."""
_DEFAULT = "arn:aws:acm-pca:::template/EndEntityCertificate/V1"
_CURVES = {256: "EC_prime256v1", 384: "EC_secp384r1", 521: "EC_secp521r1"}
_ISSUING_STATE = "ACTIVE"
_HASHES: dict[str, hashes.SHA256 | hashes.SHA384 | hashes.SHA512] = {
    "256": hashes.SHA256(),
    "384": hashes.SHA384(),
    "512": hashes.SHA512(),
}


def describe_certificate_authority(request: Request) -> Mapping[str, Any]:
    """API Reference, DescribeCertificateAuthority."""
    found = _authority(request, "DescribeCertificateAuthority")
    certificate = found.authority.certificate
    return {
        "CertificateAuthority": {
            "Arn": found.arn,
            "OwnerAccount": found.arn.split(":")[4],
            "Type": "SUBORDINATE" if found.authority.chain else "ROOT",
            "Status": found.status,
            "NotBefore": certificate.not_valid_before_utc,
            "NotAfter": certificate.not_valid_after_utc,
            "UsageMode": found.usage_mode,
            "CertificateAuthorityConfiguration": {
                "KeyAlgorithm": _key_algorithm(found),
                "SigningAlgorithm": f"SHA256WITH{_family(found)}",
                "Subject": {},
            },
        }
    }


def issue_certificate(request: Request) -> Mapping[str, Any]:
    """API Reference, IssueCertificate: issues, and answers before the certificate can be read."""
    params, now = request.params, datetime.now(UTC)
    template = params.get("TemplateArn", _DEFAULT)
    found = _authority(request, "IssueCertificate", template)
    token = params.get("IdempotencyToken")
    known = found.tokens.get(token) if token else None
    if known is not None and now < known[1] + REMEMBERED:
        # That other parameters with the same token change nothing is inferred.
        return {"CertificateArn": known[0]}
    if found.status != _ISSUING_STATE:
        raise Refusal(
            "InvalidStateException",
            f"The certificate authority {found.arn} is not in the correct state to issue a"
            f" certificate: {found.status}",
        )
    csr = _csr(params["Csr"])
    _check_algorithm(found, params["SigningAlgorithm"])
    ends = _end(found, params["Validity"], now)
    begins = _begin(params.get("ValidityNotBefore"), now)
    if found.quota is not None and len(found.certificates) >= found.quota:
        raise Refusal("LimitExceededException", "The CA has reached its quota of certificates.")
    certificate = _signed(found, csr, template, params["SigningAlgorithm"], (begins, ends))
    arn = f"{found.arn}/certificate/{certificate.serial_number:x}"
    found.certificates[arn] = certificate
    found.pending[arn] = found.polls
    if token:
        found.tokens[token] = (arn, now)
    return {"CertificateArn": arn}


def get_certificate(request: Request) -> Mapping[str, Any]:
    """API Reference, GetCertificate: with the chain, up to the root.

    That a CA answers in every state in which its certificates may be read is inferred.
    """
    found, arn = _authority(request, "GetCertificate"), request.params["CertificateArn"]
    if found.status in {"CREATING", "PENDING_CERTIFICATE", "DELETED", "FAILED"}:
        raise Refusal("InvalidStateException", f"The certificate authority is {found.status}.")
    if arn not in found.certificates:
        raise Refusal("ResourceNotFoundException", f"Could not find {arn}")
    if found.pending[arn] > 0:
        found.pending[arn] -= 1
        raise Refusal("RequestInProgressException", "The request to issue is in progress.")
    above = (found.authority.certificate, *found.authority.chain)
    return {
        "Certificate": _pem(found.certificates[arn]),
        "CertificateChain": "\n".join(_pem(each) for each in above),
    }


def _authority(request: Request, operation: str, template: str | None = None) -> PrivateCa:
    arn = request.params["CertificateAuthorityArn"]
    if not _ARN.fullmatch(arn):
        raise Refusal("InvalidArnException", f"{arn} is not a valid ARN")
    found = request.world.private_cas.get(arn)
    if found is None or found.region != request.region:
        raise Refusal("ResourceNotFoundException", f"Could not find {arn}")
    if not _is_shared(found, operation, template):
        # The words are those of AWS (cert-manager/aws-privateca-issuer, issue 50).
        raise Refusal(
            "AccessDeniedException",
            f"User: arn:aws:sts::{request.world.account_id}:assumed-role/issue/issue is not"
            f" authorized to perform: acm-pca:{operation} on resource: {arn} because no"
            f" resource-based policy allows the acm-pca:{operation} action",
        )
    return found


def _is_shared(found: PrivateCa, operation: str, template: str | None) -> bool:
    """User Guide, Resource-based policies: the share names actions and templates."""
    share = found.share
    if share is None:
        return True
    names = {f"arn:aws:acm-pca:::template/{each}" for each in share.templates}
    return operation in share.actions and (template is None or template in names)


def _csr(pem: bytes) -> x509.CertificateSigningRequest:
    """User Guide, Troubleshoot exception messages: what cannot be verified is malformed.

    The code for a request without a subject and a SAN is inferred.
    """
    try:
        csr = x509.load_pem_x509_csr(pem)
        is_valid = csr.is_signature_valid
        alternatives = _of_csr(csr, x509.SubjectAlternativeName)
    except (ValueError, InvalidSignature):
        is_valid, alternatives = False, None
    if not is_valid or (not list(csr.subject) and alternatives is None):
        raise Refusal("MalformedCSRException", "The certificate signing request is invalid.")
    return csr


def _check_algorithm(found: PrivateCa, algorithm: str) -> None:
    """API Reference, IssueCertificate: of the family of the CA's key."""
    if not re.fullmatch(rf"SHA(256|384|512)WITH{_family(found)}(_PSS)?", algorithm):
        raise Refusal(
            "InvalidArgsException",
            f"The signing algorithm {algorithm} does not match the key algorithm of the CA.",
        )


def _end(found: PrivateCa, validity: Mapping[str, Any], now: datetime) -> datetime:
    """API Reference, Validity, and User Guide, CA modes.

    ValidationException is the code beyond the CA's end (ACM User Guide, Handling exceptions,
    PCA_INVALID_DURATION); for the other mistakes it is inferred.
    """
    ends = _moment(validity, now)
    if ends <= now:
        raise Refusal("ValidationException", "The validity must end in the future.")
    if ends > found.authority.certificate.not_valid_after_utc:
        raise Refusal(
            "ValidationException",
            "The certificate validity specified exceeds the certificate authority validity",
        )
    if found.usage_mode == "SHORT_LIVED_CERTIFICATE" and ends > now + SHORT_LIVED:
        raise Refusal(
            "ValidationException", "The validity exceeds the seven days of the mode of the CA."
        )
    return ends


def _begin(validity: Mapping[str, Any] | None, now: datetime) -> datetime:
    """API Reference, IssueCertificate, ValidityNotBefore: an explicit moment, else an hour ago."""
    if validity is None:
        return now - BACKDATED
    if validity["Type"] != "ABSOLUTE":
        raise Refusal("InvalidArgsException", "ValidityNotBefore must be of the type ABSOLUTE.")
    return _moment(validity, now)


def _moment(validity: Mapping[str, Any], now: datetime) -> datetime:
    """API Reference, Validity."""
    value, kind = int(validity["Value"]), validity["Type"]
    match kind:
        case "DAYS":
            return now + timedelta(days=value)
        case "MONTHS" | "YEARS":
            months = now.month - 1 + value * (12 if kind == "YEARS" else 1)
            return now.replace(year=now.year + months // 12, month=months % 12 + 1, day=1) + (
                timedelta(days=now.day - 1)
            )
        case "ABSOLUTE":
            return datetime.fromtimestamp(value, UTC)
        case _:
            return _end_date(str(value))


def _end_date(text: str) -> datetime:
    """UTCTime has two digits for the year: 50 and more are of the last century."""
    utc_time = 12
    if len(text) <= utc_time:
        text = text.zfill(utc_time)
        text = f"{'19' if text >= '50' else '20'}{text}"
    return datetime.strptime(text.zfill(14), "%Y%m%d%H%M%S").replace(tzinfo=UTC)


def _signed(
    found: PrivateCa,
    csr: x509.CertificateSigningRequest,
    template: str,
    algorithm: str,
    validity: tuple[datetime, datetime],
) -> x509.Certificate:
    authority = found.authority
    builder = x509.CertificateBuilder(
        issuer_name=authority.certificate.subject,
        subject_name=csr.subject,
        public_key=csr.public_key(),
        serial_number=x509.random_serial_number(),
        not_valid_before=validity[0].replace(microsecond=0),
        not_valid_after=validity[1].replace(microsecond=0),
        extensions=list(_extensions(found, csr, template)),
    )
    digest = _HASHES[algorithm[3:6]]
    is_pss = algorithm.endswith("_PSS")
    pss = padding.PSS(mgf=padding.MGF1(digest), salt_length=padding.PSS.DIGEST_LENGTH)
    return builder.sign(authority.key, digest, rsa_padding=pss if is_pss else None)


def _extensions(
    found: PrivateCa, csr: x509.CertificateSigningRequest, template: str
) -> Iterator[x509.Extension[x509.ExtensionType]]:
    """User Guide, Template definitions; of passthrough, the template's own values go first."""
    named = _TEMPLATE.fullmatch(template)
    if named is None or named[1] not in _EXTENDED:
        # The code is inferred.
        raise Refusal("InvalidArgsException", f"The template {template} is not known.")
    base, passthrough = named[1], named[2] or ""
    own: list[tuple[x509.ExtensionType, bool]] = [
        (x509.BasicConstraints(ca=False, path_length=None), base.endswith("Constraints")),
        (
            x509.AuthorityKeyIdentifier.from_issuer_public_key(found.authority.key.public_key()),
            False,
        ),
        (x509.SubjectKeyIdentifier.from_public_key(csr.public_key()), False),
    ]
    if _EXTENDED[base]:
        own.append((_USAGE, True))
        own.append((x509.ExtendedKeyUsage(_EXTENDED[base]), False))
    taken = {each.oid for each, _ in own}
    for value, is_critical in own:
        yield x509.Extension(value.oid, is_critical, value)
    for each in csr.extensions:
        # The SAN is passed through by base templates too. That its criticality is, is inferred.
        is_passed = "CSR" in passthrough or each.oid == x509.SubjectAlternativeName.oid
        if is_passed and each.oid not in taken:
            yield each


_USAGE = x509.KeyUsage(
    digital_signature=True,
    content_commitment=False,
    key_encipherment=True,
    data_encipherment=False,
    key_agreement=False,
    key_cert_sign=False,
    crl_sign=False,
    encipher_only=False,
    decipher_only=False,
)


def _of_csr(
    csr: x509.CertificateSigningRequest, kind: type[x509.SubjectAlternativeName]
) -> x509.SubjectAlternativeName | None:
    try:
        return csr.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None


def _family(found: PrivateCa) -> str:
    return "RSA" if isinstance(found.authority.key, rsa.RSAPrivateKey) else "ECDSA"


def _key_algorithm(found: PrivateCa) -> str:
    key = found.authority.key
    if isinstance(key, rsa.RSAPrivateKey):
        return f"RSA_{key.key_size}"
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    return _CURVES[key.key_size]


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(Encoding.PEM).decode().strip()


ANSWERS: dict[str, Answer] = {
    "DescribeCertificateAuthority": describe_certificate_authority,
    "GetCertificate": get_certificate,
    "IssueCertificate": issue_certificate,
}
