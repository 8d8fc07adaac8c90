"""The certificate signing request (RFC 2986), and what identifies a certificate to its CA."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

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
_LONGEST_COMMON_NAME = 64
"""RFC 5280, appendix A.1, ub-common-name."""


def signing_request(
    names: Sequence[str],
    key: CertificateIssuerPrivateKeyTypes,
    *,
    has_common_name: bool = False,
) -> bytes:
    """Return the request in DER, with the names as SAN; always the same bytes for a key.

    Args:
        names: host names.
        key: the private key.
        has_common_name: whether the subject is the first name that is short enough. A CA that
            speaks ACME takes a common name from the SAN (RFC 8555, section 7.4).
    """
    fitting = [each for each in names if has_common_name and len(each) <= _LONGEST_COMMON_NAME]
    subject = [x509.NameAttribute(NameOID.COMMON_NAME, each) for each in fitting[:1]]
    # RFC 5280, section 4.2.1.6: critical where the subject is empty.
    is_critical = has_common_name and not subject
    builder = x509.CertificateSigningRequestBuilder(
        subject_name=x509.Name(subject), extensions=[]
    ).add_extension(
        x509.SubjectAlternativeName([x509.DNSName(each) for each in names]), is_critical
    )
    is_elliptic = isinstance(key, ec.EllipticCurvePrivateKey)
    signed = builder.sign(key, hashes.SHA256(), ecdsa_deterministic=is_elliptic or None)
    return signed.public_bytes(Encoding.DER)


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
