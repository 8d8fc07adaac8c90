"""What makes clients reject a path of certificates from a leaf to a root.

The rules are those of RFC 5280, section 6.1, as OpenSSL and Go apply them. What only one of them
rejects counts as rejected, because many clients use each of them.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, ExtensionOID, PublicKeyAlgorithmOID

from certrotation.core.findings import Code
from certrotation.core.material.distinguished_names import canonical_name
from certrotation.core.material.name_constraints import has_constraints, name_not_allowed
from certrotation.core.material.x509_facts import (
    authority_key_identifier_of,
    basic_constraints_of,
    describe_key,
    extended_key_usages_of,
    has_explicit_parameters,
    is_self_issued,
    is_self_signed,
    is_valid_at,
    is_verifiable,
    key_usages_of,
    subject_key_of,
    subject_name_of,
    unknown_digest_of,
    weak_digest_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes

SMALLEST_RSA = 2_048
"""Bits that clients accept; ACM would import 1,024 too."""

SMALLEST_CURVE = 256
MOST_NAMED = 5
"""The most critical extensions that are named of one certificate, which can have thousands."""

KNOWN_CRITICAL = frozenset(
    {
        ExtensionOID.BASIC_CONSTRAINTS,
        ExtensionOID.CERTIFICATE_POLICIES,
        ExtensionOID.CRL_DISTRIBUTION_POINTS,
        ExtensionOID.EXTENDED_KEY_USAGE,
        ExtensionOID.INHIBIT_ANY_POLICY,
        ExtensionOID.KEY_USAGE,
        ExtensionOID.NAME_CONSTRAINTS,
        ExtensionOID.POLICY_CONSTRAINTS,
        ExtensionOID.POLICY_MAPPINGS,
        ExtensionOID.SUBJECT_ALTERNATIVE_NAME,
    }
)
"""The extensions that OpenSSL and Go process if they are marked critical (RFC 5280, 4.2)."""


_PROXY_CERTIFICATE = x509.ObjectIdentifier("1.3.6.1.5.5.7.1.14")


class Fault(NamedTuple):
    """A reason for which clients reject a path."""

    code: Code
    cause: str
    """The kind of fault, without names: equal for certificates that fail in the same way."""
    found: str


def faults_above(
    below: Sequence[x509.Certificate], issuer: x509.Certificate, at: datetime | None
) -> tuple[Fault, ...]:
    """Return the reasons for which clients reject a path that `issuer` continues.

    A path is checked certificate by certificate, so that paths with a common part share its checks.

    Args:
        below: the certificates from the leaf upwards, whose own faults are not repeated.
        issuer: the certificate above them, or the public root.
        at: `issuer` must be valid at this time; None ignores validity.
    """
    return (
        *_faults_of_issuer(issuer),
        *_validity(issuer, at),
        *_link(below[-1], issuer),
        *_path_length(issuer, below[1:]),
        *_name_constraints(issuer, below),
    )


@lru_cache(maxsize=1024)
def _faults_of_issuer(issuer: x509.Certificate) -> tuple[Fault, ...]:
    """Return what is wrong with a CA certificate, wherever it is in a path."""
    return (
        *_authority(issuer),
        *_usages(issuer),
        *_extensions(issuer),
        *_key(issuer),
        *_signature(issuer),
        *(_link(issuer, issuer) if is_self_signed(issuer) else ()),
    )


def _invalid(cause: str, found: str) -> Fault:
    return Fault(Code.CHAIN_INVALID, cause, found)


def _authority(issuer: x509.Certificate) -> Iterator[Fault]:
    """RFC 5280, section 6.1.4 (k) and (n); a root that names its usages may lack constraints."""
    name = subject_name_of(issuer)
    constraints, usages = basic_constraints_of(issuer), key_usages_of(issuer)
    if constraints is None:
        is_old_root = is_self_signed(issuer) and (
            issuer.version is x509.Version.v1 or usages is not None
        )
        if not is_old_root:
            yield _invalid("no CA", f"{name} is not a CA certificate: it has no basic constraints.")
    elif not constraints.ca:
        yield _invalid("no CA", f"{name} is not a CA certificate: its basic constraints deny it.")
    if usages is not None and "key_cert_sign" not in usages:
        found = f"{name} may not sign certificates: its key usages do not include keyCertSign."
        yield _invalid("may not sign", found)


def _usages(issuer: x509.Certificate) -> Iterator[Fault]:
    """Browsers, Go and OpenSSL apply the extended key usages of a CA to what it issues.

    OpenSSL does not accept anyExtendedKeyUsage instead of serverAuth.
    """
    usages = extended_key_usages_of(issuer)
    if usages is not None and ExtendedKeyUsageOID.SERVER_AUTH not in usages:
        found = (
            f"{subject_name_of(issuer)} is limited to other uses than TLS servers: its extended key"
            " usages do not include serverAuth."
        )
        yield _invalid("limited to other uses", found)


def _extensions(issuer: x509.Certificate) -> Iterator[Fault]:
    for oid in unknown_critical_extensions(issuer)[:MOST_NAMED]:
        found = f"{subject_name_of(issuer)} has the critical extension {oid}, which clients reject."
        yield _invalid(f"critical extension {oid}", found)
    if is_proxy(issuer):
        yield _invalid("proxy", f"{subject_name_of(issuer)} is a proxy certificate (RFC 3820).")


def is_proxy(certificate: x509.Certificate) -> bool:
    """Return whether this is a proxy certificate, which OpenSSL rejects unless it is asked not to.

    The extension of RFC 3820 makes it one, critical or not.
    """
    return any(each.oid == _PROXY_CERTIFICATE for each in certificate.extensions)


def unknown_critical_extensions(certificate: x509.Certificate) -> list[str]:
    """Return the critical extensions that clients do not process (RFC 5280, section 4.2)."""
    return sorted(
        each.oid.dotted_string
        for each in certificate.extensions
        if each.critical and each.oid not in KNOWN_CRITICAL
    )


def _key(issuer: x509.Certificate) -> Iterator[Fault]:
    key = issuer.public_key()
    kind = describe_key(key)
    if _is_too_small(key):
        found = f"The key of {subject_name_of(issuer)} is {kind}."
        yield Fault(Code.KEY_WEAK, f"key of a CA: {kind}", found)
    elif not is_verifiable(key):
        found = f"The key of {subject_name_of(issuer)} is {kind}, which clients reject."
        yield _invalid(f"key of a CA: {kind}", found)
    elif has_explicit_parameters(issuer):
        found = f"The key of {subject_name_of(issuer)} has explicit curve parameters (RFC 5480)."
        yield _invalid("explicit curve parameters", found)
    elif issuer.public_key_algorithm_oid == PublicKeyAlgorithmOID.RSASSA_PSS:
        found = f"The key of {subject_name_of(issuer)} is restricted to RSASSA-PSS (RFC 4055)."
        yield _invalid("key for RSASSA-PSS alone", found)


def _is_too_small(key: PublicKeyTypes) -> bool:
    if isinstance(key, rsa.RSAPublicKey):
        return key.key_size < SMALLEST_RSA
    return isinstance(key, ec.EllipticCurvePublicKey) and key.key_size < SMALLEST_CURVE


def _signature(issuer: x509.Certificate) -> Iterator[Fault]:
    """A root's signature proves nothing, so clients do not check it."""
    if is_self_signed(issuer):
        return
    if digest := weak_digest_of(issuer):
        yield Fault(Code.SIGNATURE_WEAK, "", f"{subject_name_of(issuer)} is signed with {digest}.")
    if digest := unknown_digest_of(issuer):
        found = f"{subject_name_of(issuer)} is signed with {digest}, which clients reject."
        yield _invalid("unknown digest", found)


def _validity(issuer: x509.Certificate, at: datetime | None) -> Iterator[Fault]:
    if at is not None and not is_valid_at(issuer, at):
        yield Fault(Code.CHAIN_EXPIRED, "", subject_name_of(issuer))


def _link(below: x509.Certificate, issuer: x509.Certificate) -> Iterator[Fault]:
    """OpenSSL does not take for the issuer what has another key identifier or serial number."""
    if not identifiers_agree(below, issuer):
        found = (
            f"The authority key identifier of {subject_name_of(below)} is not that of"
            f" {subject_name_of(issuer)}, which signed it."
        )
        yield _invalid("another key identifier", found)


def identifiers_agree(below: x509.Certificate, issuer: x509.Certificate) -> bool:
    """Return whether nothing in `below` identifies another issuer (RFC 5280, section 4.2.1.1)."""
    named = authority_key_identifier_of(below)
    if named is None:
        return True
    own = subject_key_of(issuer)
    serial, names = named.authority_cert_serial_number, named.authority_cert_issuer or ()
    directory = [each.value for each in names if isinstance(each, x509.DirectoryName)]
    return (
        (own is None or named.key_identifier in {None, own})
        and serial in {None, issuer.serial_number}
        and (not directory or canonical_name(directory[0]) == canonical_name(issuer.issuer))
    )


def identifiers_match(below: x509.Certificate, issuer: x509.Certificate) -> bool:
    """Return whether `below` names the key identifier of `issuer`."""
    named = authority_key_identifier_of(below)
    return bool(named and named.key_identifier and named.key_identifier == subject_key_of(issuer))


def _path_length(
    issuer: x509.Certificate, intermediates: Sequence[x509.Certificate]
) -> Iterator[Fault]:
    """RFC 5280, section 4.2.1.9: self-issued certificates do not count."""
    constraints = basic_constraints_of(issuer)
    if constraints is None or constraints.path_length is None:
        return
    allowed, count = constraints.path_length, sum(not is_self_issued(e) for e in intermediates)
    if count > allowed:
        found = (
            f"{subject_name_of(issuer)} allows a path length of {allowed}; there are {count} CA"
            " certificates below it."
        )
        yield _invalid("path length", found)


def _name_constraints(
    issuer: x509.Certificate, below: Sequence[x509.Certificate]
) -> Iterator[Fault]:
    """RFC 5280, section 6.1.3 (b) and (c): self-issued certificates above the leaf are exempt."""
    if not has_constraints(issuer):
        return
    for depth, each in enumerate(below):
        if depth > 0 and is_self_issued(each):
            continue
        name = name_not_allowed(issuer, each, is_leaf=depth == 0)
        if name is not None:
            found = (
                f"The name constraints of {subject_name_of(issuer)} do not allow {name} in"
                f" {subject_name_of(each)}."
            )
            yield _invalid("name constraints", found)
