"""Facts about one X.509 certificate, in the terms of ACM's rules."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import SignatureAlgorithmOID

if TYPE_CHECKING:
    from datetime import datetime

    from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes


class KeyAlgorithm(StrEnum):
    """The seven key types of ACM, spelled as its API does (ACM API Reference, KeyAlgorithm)."""

    RSA_1024 = "RSA_1024"
    RSA_2048 = "RSA_2048"
    RSA_3072 = "RSA_3072"
    RSA_4096 = "RSA_4096"
    EC_PRIME256V1 = "EC_prime256v1"
    EC_SECP384R1 = "EC_secp384r1"
    EC_SECP521R1 = "EC_secp521r1"

    @property
    def is_elliptic(self) -> bool:
        """Whether this is an ECDSA key."""
        return self.name.startswith("EC_")


_CURVES = {
    "secp256r1": KeyAlgorithm.EC_PRIME256V1,
    "secp384r1": KeyAlgorithm.EC_SECP384R1,
    "secp521r1": KeyAlgorithm.EC_SECP521R1,
}
_RSA_SIZES = {
    1024: KeyAlgorithm.RSA_1024,
    2048: KeyAlgorithm.RSA_2048,
    3072: KeyAlgorithm.RSA_3072,
    4096: KeyAlgorithm.RSA_4096,
}
_WEAK_DIGESTS = (hashes.MD5, hashes.SHA1)
_MD5 = hashes.MD5()  # noqa: S303  verified, never made
_SHA1 = hashes.SHA1()  # noqa: S303  as above
_OLD_RSA_DIGESTS: dict[x509.ObjectIdentifier, hashes.MD5 | hashes.SHA1] = {
    SignatureAlgorithmOID.RSA_WITH_MD5: _MD5,
    SignatureAlgorithmOID.RSA_WITH_SHA1: _SHA1,
}
_OLD_ECDSA_DIGESTS = {SignatureAlgorithmOID.ECDSA_WITH_SHA1: _SHA1}


def key_algorithm_of(key: PublicKeyTypes) -> KeyAlgorithm | None:
    """Return the key type, or None if ACM does not import it."""
    if isinstance(key, rsa.RSAPublicKey):
        return _RSA_SIZES.get(key.key_size)
    if isinstance(key, ec.EllipticCurvePublicKey):
        return _CURVES.get(key.curve.name)
    return None


def public_bytes_of(key: PublicKeyTypes) -> bytes:
    """Return the SubjectPublicKeyInfo; equal bytes mean equal keys."""
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def subject_name_of(certificate: x509.Certificate) -> str:
    """Return the subject as text for a message."""
    return certificate.subject.rfc4514_string() or "(no subject)"


def issuer_name_of(certificate: x509.Certificate) -> str:
    """Return the issuer as text for a message."""
    return certificate.issuer.rfc4514_string() or "(no issuer)"


def fingerprint_of(certificate: x509.Certificate) -> str:
    """Return the SHA-256 fingerprint in hexadecimal."""
    return certificate.fingerprint(hashes.SHA256()).hex()


def key_usages_of(certificate: x509.Certificate) -> frozenset[str] | None:
    """Return the names of the key usages that are set, or None without the extension."""
    try:
        usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        return None
    names = {
        "digital_signature": usage.digital_signature,
        "content_commitment": usage.content_commitment,
        "key_encipherment": usage.key_encipherment,
        "data_encipherment": usage.data_encipherment,
        "key_agreement": usage.key_agreement,
        "key_cert_sign": usage.key_cert_sign,
        "crl_sign": usage.crl_sign,
        # RFC 5280, section 4.2.1.3: both have a meaning only with key agreement.
        "encipher_only": usage.key_agreement and usage.encipher_only,
        "decipher_only": usage.key_agreement and usage.decipher_only,
    }
    return frozenset(name for name, is_set in names.items() if is_set)


def extended_key_usages_of(
    certificate: x509.Certificate,
) -> frozenset[x509.ObjectIdentifier] | None:
    """Return the extended key usages, or None without the extension."""
    try:
        usages = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        return None
    return frozenset(usages)


def basic_constraints_of(certificate: x509.Certificate) -> x509.BasicConstraints | None:
    """Return the basic constraints, or None without the extension."""
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value
    except x509.ExtensionNotFound:
        return None


def is_ca(certificate: x509.Certificate) -> bool:
    """Return whether the certificate is a CA certificate (RFC 5280, section 4.2.1.9)."""
    constraints = basic_constraints_of(certificate)
    return constraints is not None and constraints.ca


def is_self_signed(certificate: x509.Certificate) -> bool:
    """Return whether the certificate was signed with its own key."""
    return issued_by(certificate, certificate)


def is_valid_at(certificate: x509.Certificate, at: datetime) -> bool:
    """Return whether `at` is in the validity period, both ends included (RFC 5280, 4.1.2.5)."""
    return certificate.not_valid_before_utc <= at <= certificate.not_valid_after_utc


def weak_digest_of(certificate: x509.Certificate) -> str | None:
    """Return the name of the signature's digest if it is MD5 or SHA-1, else None."""
    digest = certificate.signature_hash_algorithm
    return digest.name.upper() if isinstance(digest, _WEAK_DIGESTS) else None


def issued_by(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    """Return whether `issuer`'s key signed `certificate` and issuer and subject names match."""
    if certificate.issuer != issuer.subject:
        return False
    try:
        _verify_signature(certificate, issuer)
    except (InvalidSignature, TypeError, UnsupportedAlgorithm, ValueError):
        return False
    return True


def _verify_signature(certificate: x509.Certificate, issuer: x509.Certificate) -> None:
    """Verify the signature with the issuer's key; raise the errors of cryptography.

    The check in cryptography rejects MD5 and SHA-1. A person may accept SIGNATURE_WEAK, so these
    signatures are verified here.
    """
    key, algorithm = issuer.public_key(), certificate.signature_algorithm_oid
    signature, signed = certificate.signature, certificate.tbs_certificate_bytes
    if algorithm in _OLD_RSA_DIGESTS and isinstance(key, rsa.RSAPublicKey):
        key.verify(signature, signed, padding.PKCS1v15(), _OLD_RSA_DIGESTS[algorithm])
    elif algorithm in _OLD_ECDSA_DIGESTS and isinstance(key, ec.EllipticCurvePublicKey):
        key.verify(signature, signed, ec.ECDSA(_OLD_ECDSA_DIGESTS[algorithm]))
    else:
        certificate.verify_directly_issued_by(issuer)
