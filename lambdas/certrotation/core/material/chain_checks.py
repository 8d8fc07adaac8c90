"""Checks and repairs the chain of material before anything is imported."""

from __future__ import annotations

from typing import TYPE_CHECKING

from certrotation.core.findings import Code, Finding, refuse, repair, warn
from certrotation.core.material.chain import Chain, ChainEnd, build_chain
from certrotation.core.material.x509_facts import (
    is_self_signed,
    is_valid_at,
    issuer_name_of,
    subject_name_of,
    weak_digest_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from cryptography import x509

    from certrotation.core.material.trust import PublicRoots


def best_chain(
    leaf: x509.Certificate, supplied: Sequence[x509.Certificate], roots: PublicRoots, at: datetime
) -> Chain | None:
    """Return the chain to import, or None if no path is valid at `at` (see `check_chain`)."""
    valid = build_chain(leaf, supplied, roots, at=at)
    ever = build_chain(leaf, supplied, roots)
    lost_the_issuer = ever.certificates and not valid.certificates
    return None if ever.end < valid.end or lost_the_issuer else valid


def check_signatures(leaf: x509.Certificate, chain: Chain | None) -> Iterator[Finding]:
    """Check every signature except that of a self-signed root, which proves nothing."""
    above = chain.certificates if chain else ()
    for each in (leaf, *(each for each in above if not is_self_signed(each))):
        if digest := weak_digest_of(each):
            yield refuse(Code.SIGNATURE_WEAK, f"{subject_name_of(each)} is signed with {digest}.")


def check_chain(
    leaf: x509.Certificate,
    chain: Chain | None,
    supplied: Sequence[x509.Certificate],
    roots: PublicRoots,
    at: datetime,
) -> Iterator[Finding]:
    """Yield findings on the chain and its repairs; if `chain` is None, yield CHAIN_EXPIRED."""
    if chain is None:
        expired = [
            subject_name_of(each) for each in supplied if each != leaf and not is_valid_at(each, at)
        ]
        invalid = ", ".join(expired) or "the root"
        found = f"No currently valid chain to a root. Expired or not yet valid: {invalid}."
        yield refuse(Code.CHAIN_EXPIRED, found)
        return
    yield from _check_completeness(leaf, chain)
    yield from _check_endurance(leaf, chain)
    yield from _repairs(leaf, chain, supplied, roots)


def _check_completeness(leaf: x509.Certificate, chain: Chain) -> Iterator[Finding]:
    if chain.end is not ChainEnd.UNKNOWN_ISSUER:
        return
    if chain.certificates:
        issuer = issuer_name_of(chain.certificates[-1])
        found = (
            f"The top certificate of the chain was issued by {issuer}, which is neither in the"
            " secret nor a public root."
        )
        yield warn(Code.CHAIN_INCOMPLETE, found)
    else:
        found = (
            "No CA certificate in the secret issued the certificate. Its issuer is"
            f" {issuer_name_of(leaf)}."
        )
        yield refuse(Code.CHAIN_INCOMPLETE, found)


def _check_endurance(leaf: x509.Certificate, chain: Chain) -> Iterator[Finding]:
    """Warn about CA certificates that expire before the leaf."""
    for each in chain.certificates:
        if each.not_valid_after_utc < leaf.not_valid_after_utc:
            ends = f"{each.not_valid_after_utc:%Y-%m-%d %H:%M} UTC"
            found = (
                f"{subject_name_of(each)} in the chain expires before the certificate, at {ends}."
            )
            yield warn(Code.CHAIN_EXPIRED, found)


def _repairs(
    leaf: x509.Certificate, chain: Chain, supplied: Sequence[x509.Certificate], roots: PublicRoots
) -> Iterator[Finding]:
    wanted = [leaf, *chain.certificates]
    distinct = list(dict.fromkeys(supplied))
    if [each for each in distinct if each in wanted] != wanted:
        yield repair(Code.CHAIN_MISORDERED, "The certificates were reordered, leaf first.")
    dropped = _dropped(supplied, wanted, roots)
    if dropped:
        yield repair(Code.CHAIN_SUPERFLUOUS, f"Left out of the chain: {'; '.join(dropped)}.")


def _dropped(
    supplied: Sequence[x509.Certificate], wanted: Sequence[x509.Certificate], roots: PublicRoots
) -> list[str]:
    """Return, for each certificate that is not imported, why it was left out."""
    dropped = []
    visited: set[x509.Certificate] = set()
    for each in supplied:
        if each in visited:
            kind = "the leaf again:" if each == wanted[0] else "a duplicate of"
            dropped.append(f"{kind} {subject_name_of(each)}")
        elif each not in wanted:
            kind = "the public root" if roots.contains(each) else "not on the path:"
            dropped.append(f"{kind} {subject_name_of(each)}")
        visited.add(each)
    return dropped
