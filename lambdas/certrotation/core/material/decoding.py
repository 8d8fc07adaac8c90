"""Decodes certificates, each by itself, and reports which one cannot be decoded and why.

No message, finding or exception ever quotes the input, except the subject of a certificate.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa

from certrotation.core.findings import Code, Finding, refuse
from certrotation.core.material.loading import Failure, attempt
from certrotation.core.material.pem import blocks_of
from certrotation.values import dataclass, field

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

    from certrotation.core.material.certificate_request import CertificateRequest
    from certrotation.core.material.pem import Block

_KEY = Code.KEY_UNSUPPORTED
_LABELS = ("CERTIFICATE", "X509 CERTIFICATE")
_LONGEST_SUBJECT = 100
_OPENSSL_LABEL = "TRUSTED CERTIFICATE"
_OTHER_LABELS = frozenset(
    {
        "PKCS7",
        "CMS",
        "CERTIFICATE REQUEST",
        "NEW CERTIFICATE REQUEST",
        "X509 CRL",
        "PUBLIC KEY",
        "PRIVATE KEY",
        "RSA PRIVATE KEY",
        "EC PRIVATE KEY",
        "ENCRYPTED PRIVATE KEY",
    }
)
"""Labels that people confuse with certificates (RFC 7468); a message names no other label."""
LARGEST_RSA = 16_384
"""Bits of the largest RSA key that OpenSSL verifies a signature with."""
LARGEST_EXPONENT = 64
"""Bits of the largest public exponent that OpenSSL takes with RSA keys above 3,072 bits."""


class SetAside(NamedTuple):
    """A certificate that cannot be used: which one it is, and why."""

    which: str
    why: str
    code: Code = Code.SECRET_MALFORMED

    def __str__(self) -> str:
        """Return both, fit for a sentence."""
        return f"{self.which} ({self.why})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Supplied:
    """The content of a secret: certificates in the order found, and the private key."""

    certificates: tuple[x509.Certificate, ...]
    private_key: PrivateKeyTypes = field(repr=False)
    set_aside: tuple[SetAside, ...] = ()
    """Certificates that cannot be used; they matter only if the chain needs them."""
    without_certificate: tuple[Finding, ...] = ()
    """What is said of fields for certificates that contain none, if the chain needs one more."""
    unread: str = ""
    """A sentence that names the fields that were not read, for findings on what is missing."""
    request: CertificateRequest | None = None
    """The request to an issuer beside the material, if there is a well-formed one."""


class Certificates(NamedTuple):
    """The certificates of one or several fields: those that can be used, and those that cannot."""

    readable: tuple[x509.Certificate, ...]
    set_aside: tuple[SetAside, ...]
    without_certificate: tuple[Finding, ...] = ()


class UnreadableSecretError(Exception):
    """The value has no known form; `finding` says why."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(str(finding))
        self.finding = finding


class AwaitingIssuanceError(Exception):
    """The value has a request to an issuer, and no material yet."""

    def __init__(self, request: CertificateRequest) -> None:
        super().__init__("The value has a request to an issuer, and no material yet.")
        self.request = request


def malformed(found: str) -> UnreadableSecretError:
    """Return the error for a value that has no known form."""
    return UnreadableSecretError(refuse(Code.SECRET_MALFORMED, found))


def decode_certificates(field_name: str, pem: str) -> list[x509.Certificate]:
    """Return the certificates in `pem`, at least one, in the order found; each must be readable.

    Raises:
        UnreadableSecretError: SECRET_MALFORMED, KEY_UNSUPPORTED.
    """
    found = list(_decoded(field_name, _ders_of(field_name, pem)))
    for each in found:
        if isinstance(each, SetAside):
            raise UnreadableSecretError(refuse(each.code, f"Cannot read {each}."))
    return [each for each in found if not isinstance(each, SetAside)]


def read_certificates(field_name: str, pem: str) -> Certificates:
    """Return the certificates in `pem`, at least one, in the order found.

    Raises:
        UnreadableSecretError: SECRET_MALFORMED, if `pem` contains no certificate at all.
    """
    return sort_out(field_name, _ders_of(field_name, pem))


def sort_out(where: str, found: Iterable[bytes | str]) -> Certificates:
    """Decode certificates, each by itself; a string in the place of one is why it is unusable.

    A certificate whose key would make each signature check slow is set aside too.
    """
    readable: list[x509.Certificate] = []
    set_aside: list[SetAside] = []
    for number, each in enumerate(_decoded(where, found), start=1):
        if isinstance(each, SetAside):
            set_aside.append(each)
        elif _has_large_key(each):
            which = _which(number, where, each)
            set_aside.append(SetAside(which, "its key is larger than clients take", _KEY))
        else:
            readable.append(each)
    return Certificates(tuple(readable), tuple(set_aside))


def _ders_of(field_name: str, pem: str) -> list[bytes | str]:
    """Return the DER of each certificate, or the reason why there is none."""
    blocks = list(blocks_of(pem))
    found = [_der_of(each) for each in blocks if each.label in {*_LABELS, _OPENSSL_LABEL}]
    if not found:
        others = sorted({each.label for each in blocks} & _OTHER_LABELS)
        instead = f" The field contains: {', '.join(others)}." if others else ""
        raise malformed(f"{field_name} contains no readable PEM certificate.{instead}")
    return found


def _der_of(block: Block) -> bytes | str:
    if block.label == _OPENSSL_LABEL:
        return "OpenSSL's TRUSTED form, not plain PEM"
    return block.fault or block.data


def _decoded(where: str, found: Iterable[bytes | str]) -> Iterator[x509.Certificate | SetAside]:
    for number, each in enumerate(found, start=1):
        if isinstance(each, str):
            yield SetAside(_which(number, where), each)
        else:
            yield _decode(number, where, each)


def _which(number: int, where: str, certificate: x509.Certificate | None = None) -> str:
    """Name a certificate by its position, and by its subject if that can be decoded."""
    place = f"certificate {number} in {where}"
    if certificate is None:
        return place
    subject = attempt(lambda: _PARTS["subject"](certificate))
    return f"{place}, {subject[:_LONGEST_SUBJECT]}" if isinstance(subject, str) else place


def _decode(number: int, where: str, der: bytes) -> x509.Certificate | SetAside:
    """Decode every field that is read later; cryptography decodes, and may fail, on first use."""
    certificate = attempt(lambda: x509.load_der_x509_certificate(der))
    if isinstance(certificate, Failure):
        return SetAside(_which(number, where), "not a certificate that can be decoded")
    for part, read in _PARTS.items():
        if isinstance(attempt(lambda: read(certificate)), Failure):  # noqa: B023  called at once
            why = f"its {part} cannot be decoded"
            return SetAside(_which(number, where, certificate), why)
    key = attempt(certificate.public_key)
    if key is Failure.UNSUPPORTED:
        return SetAside(_which(number, where, certificate), "its key has an unknown type", _KEY)
    if isinstance(key, Failure):
        return SetAside(_which(number, where, certificate), "its key cannot be decoded")
    return certificate


def _has_large_key(certificate: x509.Certificate) -> bool:
    key = certificate.public_key()
    return isinstance(key, rsa.RSAPublicKey) and (
        key.key_size > LARGEST_RSA or key.public_numbers().e.bit_length() > LARGEST_EXPONENT
    )


_PARTS: dict[str, Callable[[x509.Certificate], object]] = {
    "subject": lambda each: each.subject.rfc4514_string(),
    "issuer": lambda each: each.issuer.rfc4514_string(),
    "validity": lambda each: (each.not_valid_before_utc, each.not_valid_after_utc),
    "extensions": lambda each: each.extensions,
    "signature algorithm": lambda each: each.signature_hash_algorithm,
}
