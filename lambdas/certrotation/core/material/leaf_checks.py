"""Checks the leaf: whether clients accept it as a server's, and whether ACM imports it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.x509.oid import (
    AuthorityInformationAccessOID,
    ExtendedKeyUsageOID,
    ExtensionOID,
    PublicKeyAlgorithmOID,
)

from certrotation.core.findings import Code, Finding, refuse, warn
from certrotation.core.material.host_names import (
    has_alternative_names,
    names_of,
    unmatched_names_of,
)
from certrotation.core.material.path_rules import MOST_NAMED, is_proxy, unknown_critical_extensions
from certrotation.core.material.x509_facts import (
    extended_key_usages_of,
    has_explicit_parameters,
    is_ca,
    is_self_signed,
    key_usages_of,
    subject_name_of,
    unknown_digest_of,
    weak_digest_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

LONGEST_OCSP_URL = 1_000
"""Characters that ACM accepts (ACM API Reference, ImportCertificate)."""

TLS_USAGES = frozenset({"digital_signature", "key_encipherment", "key_agreement"})
"""The key usages of which a TLS server needs one (RFC 5246, section 7.4.2; RFC 8446, 4.4.2.2)."""

_NETSCAPE_TYPE = x509.ObjectIdentifier("2.16.840.1.113730.1.1")
_NETSCAPE_SERVER = 0x40
"""The bit of Netscape's certificate type that stands for TLS servers; OpenSSL still reads it."""


def check_leaf(leaf: x509.Certificate) -> Iterator[Finding]:
    """Yield findings on the leaf by itself, whatever its chain and its key are."""
    yield from _check_role(leaf)
    yield from _check_fitness_for_acm(leaf)
    yield from _check_fitness_for_clients(leaf)
    yield from _check_names(leaf)
    if digest := weak_digest_of(leaf):
        yield refuse(Code.SIGNATURE_WEAK, f"{subject_name_of(leaf)} is signed with {digest}.")


def _check_role(leaf: x509.Certificate) -> Iterator[Finding]:
    if is_ca(leaf):
        yield refuse(
            Code.LEAF_IS_CA, f"The certificate {subject_name_of(leaf)} is a CA certificate."
        )
    usages = extended_key_usages_of(leaf)
    if usages is not None and ExtendedKeyUsageOID.SERVER_AUTH not in usages:
        found = "The certificate has extended key usages, but not serverAuth."
        yield refuse(Code.SERVER_AUTH_MISSING, found)
    if is_self_signed(leaf):
        yield refuse(Code.SELF_SIGNED, f"The certificate {subject_name_of(leaf)} is self-signed.")
    if leaf.public_key_algorithm_oid == PublicKeyAlgorithmOID.RSASSA_PSS:
        found = "The key of the certificate is restricted to RSASSA-PSS (RFC 4055)."
        yield refuse(Code.KEY_UNSUPPORTED, found)


def _check_fitness_for_acm(leaf: x509.Certificate) -> Iterator[Finding]:
    """Refuse what ACM refuses (ACM User Guide, Prerequisites, and troubleshooting of imports)."""
    if leaf.version is not x509.Version.v3:
        yield refuse(Code.LEAF_UNFIT, "The certificate is not X.509 version 3.")
    if not leaf.issuer.rdns:
        yield refuse(Code.LEAF_UNFIT, "The certificate does not name its issuer.")
    too_long = [len(each) for each in _ocsp_urls(leaf) if len(each) > LONGEST_OCSP_URL]
    if too_long:
        found = f"The certificate contains an OCSP URL of {max(too_long):,} characters."
        yield refuse(Code.LEAF_UNFIT, found)


def _check_fitness_for_clients(leaf: x509.Certificate) -> Iterator[Finding]:
    def unfit(cause: str, found: str) -> Finding:
        return refuse(Code.LEAF_UNFIT, found, cause=cause)

    for oid in _named_first(unknown_critical_extensions(leaf)):
        if oid == ExtensionOID.PRECERT_POISON.dotted_string:
            yield unfit("precertificate", "The certificate is a precertificate (RFC 6962).")
        else:
            found = f"The certificate has the critical extension {oid}, which clients reject."
            yield unfit(f"critical extension {oid}", found)
    if digest := unknown_digest_of(leaf):
        found = f"The certificate is signed with {digest}, which clients reject."
        yield unfit("unknown digest", found)
    if is_proxy(leaf):
        yield unfit("proxy", "The certificate is a proxy certificate (RFC 3820).")
    usages = key_usages_of(leaf)
    if usages is not None and usages.isdisjoint(TLS_USAGES):
        found = "The certificate has key usages, but none that a TLS server needs."
        yield unfit("no key usage for TLS", found)
    if not _is_for_servers_in_netscape_terms(leaf):
        found = "The certificate has a Netscape certificate type, but not that of a TLS server."
        yield unfit("another Netscape type", found)
    if has_explicit_parameters(leaf):
        found = "The key of the certificate has explicit curve parameters (RFC 5480)."
        yield unfit("explicit curve parameters", found)
    if _must_be_stapled(leaf):
        found = "The certificate requires an OCSP staple (RFC 7633)."
        yield warn(Code.MUST_STAPLE, found)


def _named_first(oids: list[str]) -> list[str]:
    """Return a few extensions to name, the poison of precertificates (RFC 6962) first."""
    poison = ExtensionOID.PRECERT_POISON.dotted_string
    return sorted(oids, key=lambda oid: oid != poison)[:MOST_NAMED]


def _check_names(leaf: x509.Certificate) -> Iterator[Finding]:
    if not names_of(leaf):
        unmatched = ", ".join(repr(each) for each in unmatched_names_of(leaf))
        if unmatched:
            found = f"The certificate contains only names that no client matches: {unmatched}."
            yield refuse(Code.NAMES_MISSING, found, cause="names that no client matches")
        else:
            found = "The certificate contains no DNS name and no IP address."
            yield refuse(Code.NAMES_MISSING, found)
    elif not has_alternative_names(leaf):
        found = (
            "The certificate has no subject alternative names. Clients ignore the common name"
            " (RFC 9525, section 2)."
        )
        yield warn(Code.NAMES_MISSING, found)


def _ocsp_urls(leaf: x509.Certificate) -> list[str]:
    try:
        access = leaf.extensions.get_extension_for_class(x509.AuthorityInformationAccess).value
    except x509.ExtensionNotFound:
        return []
    return [
        str(each.access_location.value)
        for each in access
        if each.access_method == AuthorityInformationAccessOID.OCSP
    ]


def _is_for_servers_in_netscape_terms(leaf: x509.Certificate) -> bool:
    """Return whether OpenSSL accepts the old extension: a BIT STRING of at least one octet."""
    try:
        found = leaf.extensions.get_extension_for_oid(_NETSCAPE_TYPE).value
    except x509.ExtensionNotFound:
        return True
    bits = found.public_bytes()[3:]
    return bool(bits and bits[0] & _NETSCAPE_SERVER)


def _must_be_stapled(leaf: x509.Certificate) -> bool:
    try:
        features = leaf.extensions.get_extension_for_class(x509.TLSFeature).value
    except x509.ExtensionNotFound:
        return False
    return any(features)
