"""Checks material before anything is imported, and repairs what can be repaired."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.asymmetric import rsa

from certrotation.core.findings import Code, Finding, refuse, warn
from certrotation.core.material.bundle import Material, private_key_pem
from certrotation.core.material.chain import build_chain, find_chains
from certrotation.core.material.chain_checks import check_chain, check_repairs
from certrotation.core.material.decoding import AwaitingIssuanceError, UnreadableSecretError
from certrotation.core.material.identity import find_identity, mention, needed_but_unreadable
from certrotation.core.material.leaf_checks import check_leaf
from certrotation.core.material.path_rules import SMALLEST_RSA
from certrotation.core.material.secret_format import parse_secret
from certrotation.core.material.x509_facts import (
    describe_key,
    key_algorithm_of,
    public_bytes_of,
    subject_name_of,
)
from certrotation.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

    from certrotation.core.material.certificate_request import CertificateRequest
    from certrotation.core.material.chain import Chain
    from certrotation.core.material.secret_value import SecretValue
    from certrotation.core.material.trust import PublicRoots

LARGEST_KEY = 5_120
"""The largest private key that ACM imports, in bytes of PEM (ACM User Guide, Prerequisites)."""

SHORT_WAIT = timedelta(minutes=10)
"""The rotation waits for a certificate that becomes valid sooner than this."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspection:
    """The result of the checks; `material` is None only if it cannot be built.

    `valid_from` is set if the material becomes valid within minutes: it is usable from then on.
    """

    material: Material | None
    findings: tuple[Finding, ...]
    valid_from: datetime | None = None
    request: CertificateRequest | None = None
    """The request to an issuer in the value. Without material, the certificate is awaited."""


def inspect_secret(value: SecretValue, roots: PublicRoots, now: datetime) -> Inspection:
    """Parse and check the value of a secret, without comparing it with the current copies.

    All checks run, so that a person sees every refusal at once.
    """
    try:
        supplied = parse_secret(value)
    except UnreadableSecretError as error:
        return Inspection(material=None, findings=(error.finding,))
    except AwaitingIssuanceError as awaiting:
        return _awaiting(awaiting.request)
    key = supplied.private_key
    identity = find_identity(supplied)
    if isinstance(identity, Finding):
        return Inspection(material=None, findings=(*_check_key(key), identity))
    leaf, others = identity
    certificates = [each for each in supplied.certificates if each not in others]
    valid_from = leaf.not_valid_before_utc if _is_valid_shortly(leaf, now) else None
    used_from = valid_from or now
    chains = find_chains(leaf, certificates, roots, at=used_from)
    findings = (
        *_check_key(key),
        *_check_match(leaf, key),
        *_check_validity(leaf, now),
        *check_leaf(leaf),
        *check_chain(leaf, chains[0]),
        *check_repairs(leaf, chains[0], certificates, roots),
    )
    unreadable = needed_but_unreadable(findings, supplied)
    if unreadable:
        return Inspection(material=None, findings=(*_check_key(key), unreadable))
    return Inspection(
        material=_material(value.version, leaf, chains, key, roots),
        findings=mention(findings, others, supplied),
        valid_from=valid_from,
        request=supplied.request,
    )


def _awaiting(request: CertificateRequest) -> Inspection:
    found = f"The secret requests a certificate for {', '.join(request.names)} and has none yet."
    return Inspection(
        material=None, findings=(warn(Code.AWAITING_ISSUANCE, found),), request=request
    )


def check_certificate(
    leaf: x509.Certificate, chain: Sequence[x509.Certificate], roots: PublicRoots, at: datetime
) -> tuple[Finding, ...]:
    """Return the findings on a leaf and its chain, without those on the key and on repairs."""
    return (*check_leaf(leaf), *check_chain(leaf, build_chain(leaf, chain, roots, at=at)))


def _material(
    version: str,
    leaf: x509.Certificate,
    chains: Sequence[Chain],
    key: PrivateKeyTypes,
    roots: PublicRoots,
) -> Material | None:
    algorithm = key_algorithm_of(leaf.public_key())
    if algorithm is None:
        return None
    best = chains[0]
    anchor = best.anchor(leaf, roots)
    return Material(
        version=version,
        leaf=leaf,
        chain=best.certificates,
        shorter_chains=tuple(
            each.certificates
            for each in chains
            if not each.faults
            and len(each.certificates) < len(best.certificates)
            and each.anchor(leaf, roots).is_same_as(anchor)
        ),
        key_algorithm=algorithm,
        anchor=anchor,
        private_key=key,
    )


def _check_key(key: PrivateKeyTypes) -> Iterator[Finding]:
    public = key.public_key()
    if key_algorithm_of(public) is None:
        yield refuse(Code.KEY_UNSUPPORTED, f"The private key is {describe_key(key)}.")
    if isinstance(public, rsa.RSAPublicKey) and public.key_size < SMALLEST_RSA:
        yield refuse(Code.KEY_WEAK, f"The private key is {describe_key(key)}.")
    size = len(private_key_pem(key))
    if size > LARGEST_KEY:
        yield refuse(Code.KEY_TOO_LARGE, f"The private key takes {size:,} bytes of PEM.")


def _check_match(leaf: x509.Certificate, key: PrivateKeyTypes) -> Iterator[Finding]:
    if public_bytes_of(leaf.public_key()) != public_bytes_of(key.public_key()):
        found = f"The private key does not belong to the certificate {subject_name_of(leaf)}."
        yield refuse(Code.KEY_MISMATCH, found)


def _check_validity(leaf: x509.Certificate, now: datetime) -> Iterator[Finding]:
    """RFC 5280, section 4.1.2.5: both ends of the validity period are included."""
    if now > leaf.not_valid_after_utc:
        yield refuse(Code.EXPIRED, f"The certificate expired on {leaf.not_valid_after_utc}.")
    if now < leaf.not_valid_before_utc and not _is_valid_shortly(leaf, now):
        found = f"The certificate is not valid before {leaf.not_valid_before_utc}."
        yield refuse(Code.NOT_YET_VALID, found)


def _is_valid_shortly(leaf: x509.Certificate, now: datetime) -> bool:
    return timedelta(0) < leaf.not_valid_before_utc - now < SHORT_WAIT
