"""The certificate signing request (RFC 2986), and what identifies a certificate to its CA."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding

from certrotation.core.material.x509_facts import KeyAlgorithm, authority_key_identifier_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPrivateKeyTypes

_CURVES: dict[KeyAlgorithm, ec.EllipticCurve] = {
    KeyAlgorithm.EC_PRIME256V1: ec.SECP256R1(),
    KeyAlgorithm.EC_SECP384R1: ec.SECP384R1(),
    KeyAlgorithm.EC_SECP521R1: ec.SECP521R1(),
}
_EXPONENT = 65_537


def signing_request(names: Sequence[str], key: CertificateIssuerPrivateKeyTypes) -> bytes:
    """Return the request in DER: the names as SAN, without a subject.

    A subject is not needed: where a certificate has a common name, the CA takes it from the SAN
    (RFC 8555, section 7.4).
    """
    builder = x509.CertificateSigningRequestBuilder(
        subject_name=x509.Name([]),
        extensions=[],
    ).add_extension(x509.SubjectAlternativeName([x509.DNSName(each) for each in names]), False)  # noqa: FBT003  not critical; add_extension has no keyword-only form
    return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.DER)


def new_key(algorithm: KeyAlgorithm) -> rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey:
    """Return a new private key; a key is used for one certificate."""
    if algorithm in _CURVES:
        return ec.generate_private_key(_CURVES[algorithm])
    return rsa.generate_private_key(_EXPONENT, int(algorithm.removeprefix("RSA_")))


def ari_identifier(leaf: x509.Certificate) -> str | None:
    """Return the identifier of a certificate in renewal information, or None without an AKI.

    RFC 9773, section 4.1: base64url of the authority key identifier, a period, and base64url of
    the serial number's DER content.
    """
    authority = authority_key_identifier_of(leaf)
    if authority is None or authority.key_identifier is None:
        return None
    serial = leaf.serial_number
    # DER: a leading zero byte where the first bit is set.
    content = serial.to_bytes(serial.bit_length() // 8 + 1)
    return f"{_base64url(authority.key_identifier)}.{_base64url(content)}"


def _base64url(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()
