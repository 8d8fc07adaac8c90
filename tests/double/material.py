"""What AWS reads from a certificate: names, key algorithm and usages, in ACM's words."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

if TYPE_CHECKING:
    from collections.abc import Sequence

# ACM API Reference, KeyAlgorithm.
_CURVES = {
    "secp256r1": "EC_prime256v1",
    "secp384r1": "EC_secp384r1",
    "secp521r1": "EC_secp521r1",
}

# ACM API Reference, KeyUsageName, by the attribute of cryptography's KeyUsage.
_KEY_USAGES = {
    "digital_signature": "DIGITAL_SIGNATURE",
    "content_commitment": "NON_REPUDIATION",
    "key_encipherment": "KEY_ENCIPHERMENT",
    "data_encipherment": "DATA_ENCIPHERMENT",
    "key_agreement": "KEY_AGREEMENT",
    "key_cert_sign": "CERTIFICATE_SIGNING",
    "crl_sign": "CRL_SIGNING",
}

# ACM API Reference, ExtendedKeyUsageName.
_EXTENDED_KEY_USAGES = {
    ExtendedKeyUsageOID.SERVER_AUTH: "TLS_WEB_SERVER_AUTHENTICATION",
    ExtendedKeyUsageOID.CLIENT_AUTH: "TLS_WEB_CLIENT_AUTHENTICATION",
    ExtendedKeyUsageOID.CODE_SIGNING: "CODE_SIGNING",
    ExtendedKeyUsageOID.EMAIL_PROTECTION: "EMAIL_PROTECTION",
    ExtendedKeyUsageOID.TIME_STAMPING: "TIME_STAMPING",
    ExtendedKeyUsageOID.OCSP_SIGNING: "OCSP_SIGNING",
    ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE: "ANY",
}


@dataclass(frozen=True, kw_only=True)
class Leaf:
    """A leaf certificate's facts; usages are None where the extension is absent."""

    domain_name: str
    dns_names: tuple[str, ...]
    alternative_names: tuple[str, ...]
    key_algorithm: str
    key_usages: frozenset[str] | None
    extended_key_usages: frozenset[x509.ObjectIdentifier] | None
    issuer: str

    @property
    def names(self) -> frozenset[str]:
        """Every DNS name and address; the common name only where there is no SAN."""
        return frozenset(self.alternative_names or filter(None, [self.domain_name]))


@lru_cache(maxsize=1 << 16)
def read_leaf(certificate: x509.Certificate) -> Leaf:
    """Read the facts, once per certificate."""
    extensions = certificate.extensions
    alternative: tuple[str, ...] = ()
    dns: tuple[str, ...] = ()
    usages = extended = None
    for extension in extensions:
        value = extension.value
        if isinstance(value, x509.SubjectAlternativeName):
            dns = tuple(value.get_values_for_type(x509.DNSName))
            addresses = value.get_values_for_type(x509.IPAddress)
            alternative = (*dns, *map(str, addresses))
        elif isinstance(value, x509.KeyUsage):
            usages = frozenset(name for flag, name in _KEY_USAGES.items() if getattr(value, flag))
        elif isinstance(value, x509.ExtendedKeyUsage):
            extended = frozenset(value)
    common_name = _common_name(certificate.subject)
    return Leaf(
        domain_name=common_name or next(iter(alternative), ""),
        dns_names=dns or ((common_name,) if common_name and not alternative else ()),
        alternative_names=alternative,
        key_algorithm=_key_algorithm(certificate),
        key_usages=usages,
        extended_key_usages=extended,
        issuer=_common_name(certificate.issuer) or certificate.issuer.rfc4514_string(),
    )


def extended_key_usage_name(usage: x509.ObjectIdentifier) -> str:
    """Return ACM's name of an extended key usage."""
    return _EXTENDED_KEY_USAGES.get(usage, "CUSTOM")


def has_domain_name(leaf: Leaf) -> bool:
    """Whether the certificate holds a fully qualified domain name."""
    return any("." in name for name in leaf.dns_names)


def issued(issuer: x509.Certificate, certificate: x509.Certificate) -> bool:
    """Whether `issuer`'s name and key are those that signed `certificate`."""
    try:
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def links(leaf: x509.Certificate, chain: Sequence[x509.Certificate]) -> bool:
    """Whether each certificate of the chain certifies the one before it, from the leaf up."""
    path = [leaf, *chain]
    return leaf not in chain and all(issued(above, below) for below, above in pairwise(path))


def _common_name(name: x509.Name) -> str:
    attributes = name.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(attributes[0].value) if attributes else ""


def _key_algorithm(certificate: x509.Certificate) -> str:
    """Return ACM's name of the key's algorithm, or the key's class where ACM has none."""
    key = certificate.public_key()
    if isinstance(key, rsa.RSAPublicKey):
        return f"RSA_{key.key_size}"
    if isinstance(key, ec.EllipticCurvePublicKey):
        return _CURVES.get(key.curve.name, key.curve.name)
    return type(key).__name__
