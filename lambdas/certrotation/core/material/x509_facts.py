"""Facts about one X.509 certificate, in the terms of ACM's rules."""

from __future__ import annotations

from enum import StrEnum
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import SignatureAlgorithmOID

from certrotation.core.material.distinguished_names import canonical_name

if TYPE_CHECKING:
    from collections.abc import Callable
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
_UNKNOWN_DIGESTS = (hashes.SHA3_224, hashes.SHA3_256, hashes.SHA3_384, hashes.SHA3_512)
"""Digests that no client knows in TLS (RFC 8446, section 4.2.3)."""
_WEAK_DIGESTS = (hashes.MD5, hashes.SHA1)
_MD5 = hashes.MD5()  # noqa: S303  verified, never made
_SHA1 = hashes.SHA1()  # noqa: S303  as above
_OLD_ALGORITHMS: dict[x509.ObjectIdentifier, Callable[[], tuple[object, hashes.HashAlgorithm]]] = {
    SignatureAlgorithmOID.RSA_WITH_MD5: lambda: (padding.PKCS1v15(), _MD5),
    SignatureAlgorithmOID.RSA_WITH_SHA1: lambda: (padding.PKCS1v15(), _SHA1),
    SignatureAlgorithmOID.ECDSA_WITH_SHA1: lambda: (ec.ECDSA(_SHA1), _SHA1),
}
"""The parameters of signatures that cryptography no longer reads; ECDSA's import a lot."""
LARGEST_RSA = 8_192
"""Bits of the largest RSA key whose signatures clients verify."""
LARGEST_EXPONENT = 31
_EC_PUBLIC_KEY = bytes.fromhex("06072a8648ce3d0201")
"""The object identifier id-ecPublicKey in DER (RFC 5480, section 2.1.1)."""
_VERIFIED_CURVES = frozenset({"secp224r1", "secp256r1", "secp384r1", "secp521r1"})
"""The curves of FIPS 186-4 that Go knows. No client accepts another one in TLS, and OpenSSL is slow
with most others."""


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


def describe_key(key: object) -> str:
    """Return the kind of a key and its size or curve, without its value."""
    kind = type(key).__name__.removesuffix("PrivateKey").removesuffix("PublicKey")
    curve = getattr(key, "curve", None)
    detail = getattr(curve, "name", None) or getattr(key, "key_size", None)
    return f"{kind} ({detail})" if detail else kind


def has_explicit_parameters(certificate: x509.Certificate) -> bool:
    """Return whether an EC key has curve parameters instead of a curve name (RFC 5480, 2.1.1)."""
    key = certificate.public_key()
    if not isinstance(key, ec.EllipticCurvePublicKey):
        return False
    named = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return _algorithm_of_key(named) not in certificate.tbs_certificate_bytes


def _algorithm_of_key(public: bytes) -> bytes:
    """Return the AlgorithmIdentifier, the first member of a SubjectPublicKeyInfo."""
    start = public.index(_EC_PUBLIC_KEY) - 2
    return public[start : start + 2 + public[start + 1]]


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


def subject_key_of(certificate: x509.Certificate) -> bytes | None:
    """Return the subject key identifier, or None without the extension."""
    try:
        found = certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    except x509.ExtensionNotFound:
        return None
    return found.digest


def authority_key_identifier_of(
    certificate: x509.Certificate,
) -> x509.AuthorityKeyIdentifier | None:
    """Return the extension that identifies the issuer's certificate, or None without it."""
    try:
        return certificate.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value
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


def unknown_digest_of(certificate: x509.Certificate) -> str | None:
    """Return the name of the signature's digest if clients do not know it, else None."""
    digest = certificate.signature_hash_algorithm
    return digest.name.upper() if isinstance(digest, _UNKNOWN_DIGESTS) else None


def is_self_issued(certificate: x509.Certificate) -> bool:
    """Return whether issuer and subject are the same name (RFC 5280, section 6.1)."""
    return bears_issuer_name(certificate, certificate)


def bears_issuer_name(issuer: x509.Certificate, certificate: x509.Certificate) -> bool:
    """Return whether the subject of `issuer` is the name of the issuer of `certificate`."""
    return canonical_name(issuer.subject) == canonical_name(certificate.issuer)


@lru_cache(maxsize=4096)
def issued_by(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    """Return whether `issuer`'s key signed `certificate` and issuer and subject names match.

    The answer is remembered: one certificate is asked about many times.
    """
    if not bears_issuer_name(issuer, certificate):
        return False
    try:
        _verify_signature(certificate, issuer.public_key())
    except (InvalidSignature, TypeError, UnsupportedAlgorithm, ValueError):
        return False
    return True


def is_verifiable(key: PublicKeyTypes) -> bool:
    """Return whether signatures of this key are verified at all; others take too long.

    The limits are those of Go, which rejects larger keys (crypto/tls, crypto/rsa).
    """
    if isinstance(key, ec.EllipticCurvePublicKey):
        return key.curve.name in _VERIFIED_CURVES
    if not isinstance(key, rsa.RSAPublicKey):
        return isinstance(key, ed25519.Ed25519PublicKey | ed448.Ed448PublicKey)
    return key.key_size <= LARGEST_RSA and key.public_numbers().e.bit_length() <= LARGEST_EXPONENT


def _verify_signature(certificate: x509.Certificate, key: PublicKeyTypes) -> None:
    """Verify the signature with the issuer's key; raise the errors of cryptography.

    The check in cryptography rejects MD5 and SHA-1, and names in two encodings. A person may accept
    SIGNATURE_WEAK, and clients compare names without their encodings, so signatures are verified
    here.
    """
    if (
        not is_verifiable(key)
        or _outer_algorithm(certificate) not in certificate.tbs_certificate_bytes
    ):
        raise InvalidSignature
    signature, signed = certificate.signature, certificate.tbs_certificate_bytes
    how, digest = _how_signed(certificate)
    match key:
        case rsa.RSAPublicKey() if digest is not None:
            key.verify(signature, signed, how, digest)
        case ec.EllipticCurvePublicKey():
            key.verify(signature, signed, how)
        case ed25519.Ed25519PublicKey() | ed448.Ed448PublicKey() if digest is None:
            key.verify(signature, signed)
        case _:
            raise InvalidSignature


def _how_signed(certificate: x509.Certificate) -> tuple[Any, hashes.HashAlgorithm | None]:
    """Return padding or ECDSA with its digest, and the digest; None for Ed25519 and Ed448."""
    old = _OLD_ALGORITHMS.get(certificate.signature_algorithm_oid)
    if old is not None:
        return old()
    return (certificate.signature_algorithm_parameters, certificate.signature_hash_algorithm)


def _outer_algorithm(certificate: x509.Certificate) -> bytes:
    """Return the signature's AlgorithmIdentifier, which the signed part must repeat (RFC 5280)."""
    whole, signed = certificate.public_bytes(Encoding.DER), certificate.tbs_certificate_bytes
    behind = whole[whole.index(signed) + len(signed) :]
    return behind[: 2 + behind[1]]
