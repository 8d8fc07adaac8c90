"""Checks and repairs the chain of material before anything is imported."""

from __future__ import annotations

from typing import TYPE_CHECKING

from certrotation.core.findings import Code, Finding, refuse, repair, warn
from certrotation.core.material.chain import ChainEnd
from certrotation.core.material.x509_facts import is_self_signed, issuer_name_of, subject_name_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from cryptography import x509

    from certrotation.core.material.chain import Chain
    from certrotation.core.material.path_rules import Fault
    from certrotation.core.material.trust import PublicRoots


def check_chain(leaf: x509.Certificate, chain: Chain) -> Iterator[Finding]:
    """Yield findings on the best chain that there is: why clients reject it, and its end."""
    yield from _check_faults(chain)
    if not _expired(chain):
        yield from _check_end(leaf, chain)
        yield from _check_endurance(leaf, chain)


def _expired(chain: Chain) -> list[str]:
    return [each.found for each in _faults(chain) if each.code is Code.CHAIN_EXPIRED]


def _faults(chain: Chain) -> Iterator[Fault]:
    """Return each fault once: several certificates can have one name and one fault."""
    return iter(dict.fromkeys(chain.faults))


def _check_faults(chain: Chain) -> Iterator[Finding]:
    if expired := _expired(chain):
        names = ", ".join(expired)
        found = f"No currently valid chain to a root. Expired or not yet valid: {names}."
        yield refuse(Code.CHAIN_EXPIRED, found)
    for each in _faults(chain):
        if each.code is not Code.CHAIN_EXPIRED:
            yield refuse(each.code, each.found, cause=each.cause)


def _check_end(leaf: x509.Certificate, chain: Chain) -> Iterator[Finding]:
    top = (leaf, *chain.certificates)[-1]
    issuer = issuer_name_of(top)
    if chain.end is ChainEnd.FORMER_ROOT:
        found = f"The chain ends at {issuer}, which is no longer in the list of public roots."
        yield warn(Code.TRUST_CHANGED, found)
    if chain.end is not ChainEnd.UNKNOWN_ISSUER or _is_refused_as_incomplete(chain):
        return
    if chain.certificates:
        found = (
            f"The top certificate of the chain was issued by {issuer}, which is neither in the"
            " secret nor a public root."
        )
        yield warn(Code.CHAIN_INCOMPLETE, found)
    else:
        found = f"No CA certificate in the secret issued the certificate. Its issuer is {issuer}."
        yield refuse(Code.CHAIN_INCOMPLETE, found)


def _is_refused_as_incomplete(chain: Chain) -> bool:
    return any(each.code is Code.CHAIN_INCOMPLETE for each in chain.faults)


def _check_endurance(leaf: x509.Certificate, chain: Chain) -> Iterator[Finding]:
    """Warn about CA certificates that expire before the leaf."""
    for each in chain.certificates:
        if each.not_valid_after_utc < leaf.not_valid_after_utc:
            ends = f"{each.not_valid_after_utc:%Y-%m-%d %H:%M} UTC"
            found = (
                f"{subject_name_of(each)} in the chain expires before the certificate, at {ends}."
            )
            yield warn(Code.CHAIN_EXPIRED, found)


def check_repairs(
    leaf: x509.Certificate, chain: Chain, supplied: Sequence[x509.Certificate], roots: PublicRoots
) -> Iterator[Finding]:
    """Yield what importing leaf and chain changes in what was supplied."""
    if _expired(chain):
        return
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
    """Return each certificate that is not imported, with the reason."""
    dropped = []
    visited: set[x509.Certificate] = set()
    for each in supplied:
        if each in visited:
            kind = "the leaf again:" if each == wanted[0] else "a duplicate of"
            dropped.append(f"{kind} {subject_name_of(each)}")
        elif each not in wanted:
            dropped.append(f"{_role_of(each, roots)} {subject_name_of(each)}")
        visited.add(each)
    return dropped


def _role_of(certificate: x509.Certificate, roots: PublicRoots) -> str:
    """Return what a certificate is that is not imported; a cross-signed root is no root."""
    if is_self_signed(certificate) and roots.with_former.contains(certificate):
        return "the public root" if roots.contains(certificate) else "the former public root"
    return "not on the path:"
