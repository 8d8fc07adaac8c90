"""Checks material before anything is imported, and repairs what can be repaired."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, PublicKeyAlgorithmOID

from certrotation.core.findings import Code, Finding, refuse
from certrotation.core.material.bundle import Material, private_key_pem
from certrotation.core.material.chain_checks import best_chain, check_chain, check_signatures
from certrotation.core.material.decoding import UnreadableSecretError
from certrotation.core.material.host_names import names_of
from certrotation.core.material.identity import find_identity, mention
from certrotation.core.material.secret_format import SecretValue, parse_secret
from certrotation.core.material.trust import anchor_of
from certrotation.core.material.x509_facts import (
    extended_key_usages_of,
    is_ca,
    is_self_signed,
    key_algorithm_of,
    public_bytes_of,
    subject_name_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

    from certrotation.core.material.chain import Chain
    from certrotation.core.material.trust import PublicRoots

LARGEST_KEY = 5_120
"""The largest private key that ACM imports, in bytes of PEM (ACM User Guide, Prerequisites)."""

SMALLEST_RSA = 2_048
"""The smallest RSA key that clients accept, in bits; ACM would import 1,024 too."""

SHORT_WAIT = timedelta(minutes=10)
"""The rotation waits for a certificate that becomes valid sooner than this."""


class Inspection(NamedTuple):
    """The result of the checks; `material` is None only if it cannot be built.

    `valid_from` is set if the material becomes valid within minutes: it is usable from then on.
    """

    material: Material | None
    findings: tuple[Finding, ...]
    valid_from: datetime | None = None


def inspect_secret(value: SecretValue, roots: PublicRoots, now: datetime) -> Inspection:
    """Parse and check the value of a secret, without comparing it with the current copies.

    All checks run, so that a person sees every refusal at once.
    """
    try:
        supplied = parse_secret(value)
    except UnreadableSecretError as error:
        return Inspection(material=None, findings=(error.finding,))
    key = supplied.private_key
    identity = find_identity(supplied)
    if isinstance(identity, Finding):
        return Inspection(material=None, findings=(*_check_key(key), identity))
    leaf, others = identity
    certificates = [each for each in supplied.certificates if each not in others]
    valid_from = leaf.not_valid_before_utc if _is_valid_shortly(leaf, now) else None
    used_from = valid_from or now
    chain = best_chain(leaf, certificates, roots, used_from)
    findings = (
        *_check_key(key),
        *_check_match(leaf, key),
        *_check_leaf(leaf),
        *_check_validity(leaf, now),
        *check_signatures(leaf, chain),
        *check_chain(leaf, chain, certificates, roots, used_from),
    )
    return Inspection(
        material=_material(value.version, leaf, chain, key, roots),
        findings=mention(findings, others, supplied.set_aside),
        valid_from=valid_from,
    )


def _material(
    version: str,
    leaf: x509.Certificate,
    chain: Chain | None,
    key: PrivateKeyTypes,
    roots: PublicRoots,
) -> Material | None:
    algorithm = key_algorithm_of(leaf.public_key())
    if algorithm is None:
        return None
    above = chain.certificates if chain else ()
    return Material(
        version=version,
        leaf=leaf,
        chain=above,
        key_algorithm=algorithm,
        anchor=anchor_of((leaf, *above), roots),
        private_key=key,
    )


def _check_key(key: PrivateKeyTypes) -> Iterator[Finding]:
    public = key.public_key()
    if key_algorithm_of(public) is None:
        yield refuse(Code.KEY_UNSUPPORTED, f"The private key is {_describe(key)}.")
    if isinstance(public, rsa.RSAPublicKey) and public.key_size < SMALLEST_RSA:
        yield refuse(Code.KEY_WEAK, f"The private key is {_describe(key)}.")
    size = len(private_key_pem(key))
    if size > LARGEST_KEY:
        yield refuse(Code.KEY_TOO_LARGE, f"The private key takes {size:,} bytes of PEM.")


def _describe(key: PrivateKeyTypes) -> str:
    """Return the kind of key and its size or curve, and nothing of its value."""
    kind = type(key).__name__.removesuffix("PrivateKey")
    curve = getattr(key, "curve", None)
    detail = getattr(curve, "name", None) or getattr(key, "key_size", None)
    return f"{kind} ({detail})" if detail else kind


def _check_match(leaf: x509.Certificate, key: PrivateKeyTypes) -> Iterator[Finding]:
    if public_bytes_of(leaf.public_key()) != public_bytes_of(key.public_key()):
        found = f"The private key does not belong to the certificate {subject_name_of(leaf)}."
        yield refuse(Code.KEY_MISMATCH, found)


def _check_leaf(leaf: x509.Certificate) -> Iterator[Finding]:
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
    if not names_of(leaf):
        yield refuse(Code.NAMES_MISSING, "The certificate contains no DNS name and no IP address.")


def _check_validity(leaf: x509.Certificate, now: datetime) -> Iterator[Finding]:
    """RFC 5280, section 4.1.2.5: both ends of the validity period are included."""
    if now > leaf.not_valid_after_utc:
        yield refuse(Code.EXPIRED, f"The certificate expired on {leaf.not_valid_after_utc}.")
    if now < leaf.not_valid_before_utc and not _is_valid_shortly(leaf, now):
        found = f"The certificate is not valid before {leaf.not_valid_before_utc}."
        yield refuse(Code.NOT_YET_VALID, found)


def _is_valid_shortly(leaf: x509.Certificate, now: datetime) -> bool:
    return timedelta(0) < leaf.not_valid_before_utc - now < SHORT_WAIT
