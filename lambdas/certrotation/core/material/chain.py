"""Builds the chain from a leaf to its CA out of certificates in any order."""

from __future__ import annotations

from collections import deque
from enum import IntEnum
from typing import TYPE_CHECKING, NamedTuple

from certrotation.core.material.x509_facts import (
    basic_constraints_of,
    fingerprint_of,
    is_self_signed,
    is_valid_at,
    issued_by,
    key_usages_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from cryptography import x509

    from certrotation.core.material.trust import PublicRoots


class ChainEnd(IntEnum):
    """The end of a chain; a lower value is a better end."""

    PUBLIC_ROOT = 0
    PRIVATE_ROOT = 1
    UNKNOWN_ISSUER = 2


class Chain(NamedTuple):
    """The certificates above a leaf, nearest first: without a public root, with a private root."""

    certificates: tuple[x509.Certificate, ...]
    end: ChainEnd


def build_chain(
    leaf: x509.Certificate,
    supplied: Sequence[x509.Certificate],
    roots: PublicRoots,
    *,
    at: datetime | None = None,
) -> Chain:
    """Return the best chain for `leaf` from `supplied`; it is empty if none of them issued `leaf`.

    A chain to a public root is preferred to one to a private root, and that to one whose issuer
    was not supplied. Among equals the shortest chain is preferred (of cross-signed paths, the one
    that old clients do not need).

    Args:
        leaf: the certificate to start from; it may be among `supplied`.
        supplied: certificates in any order.
        roots: the public roots; they are never part of the chain.
        at: every certificate and root must be valid at this time; None ignores validity.
    """
    usable = [
        each
        for each in {*supplied} - {leaf}
        if (at is None or is_valid_at(each, at)) and _may_issue(each)
    ]
    # Of two certificates of one CA the later expiry is preferred, in whatever order they come.
    usable.sort(key=lambda each: (each.not_valid_after_utc, fingerprint_of(each)), reverse=True)
    return min(
        _chains(leaf, usable, roots, at),
        key=lambda chain: (chain.end, len(chain.certificates)),
    )


def _chains(
    leaf: x509.Certificate,
    usable: Sequence[x509.Certificate],
    roots: PublicRoots,
    at: datetime | None,
) -> Iterator[Chain]:
    """Yield the complete chains, shorter ones first.

    Each certificate is visited once, on the shortest path to it: a longer path could neither have
    another end nor allow more depth. So CAs that sign each other in cycles cost nothing. If only
    cycles exist, the last path, which is a longest one, is yielded.
    """
    path: tuple[x509.Certificate, ...] = (leaf,)
    paths = deque([path])
    visited = {leaf}
    while paths:
        path = paths.popleft()
        issuers = _issuers(path, usable)
        end = _end(path[-1], issuers, roots, at)
        if end is not None:
            yield Chain(certificates=path[1:], end=end)
            continue
        paths.extend((*path, each) for each in issuers if each not in visited)
        visited.update(issuers)
    yield Chain(certificates=path[1:], end=ChainEnd.UNKNOWN_ISSUER)


def _issuers(
    path: Sequence[x509.Certificate], usable: Sequence[x509.Certificate]
) -> list[x509.Certificate]:
    """Return the certificates that may follow at the top of the path."""
    top, intermediates = path[-1], len(path) - 1
    return [each for each in usable if issued_by(top, each) and _allows_depth(each, intermediates)]


def _end(
    top: x509.Certificate,
    issuers: Sequence[x509.Certificate],
    roots: PublicRoots,
    at: datetime | None,
) -> ChainEnd | None:
    """Return the end of a path, or None if the path continues."""
    if roots.have_issued(top, at):
        return ChainEnd.PUBLIC_ROOT
    if is_self_signed(top):
        return ChainEnd.PRIVATE_ROOT
    return None if issuers else ChainEnd.UNKNOWN_ISSUER


def _may_issue(certificate: x509.Certificate) -> bool:
    """Return whether the certificate may sign others (RFC 5280, section 6.1.4, k to n).

    An old root may lack basic constraints, and a client that trusts a root ignores its key usages.
    """
    constraints = basic_constraints_of(certificate)
    if is_self_signed(certificate):
        return constraints is None or constraints.ca
    usages = key_usages_of(certificate)
    may_sign = usages is None or "key_cert_sign" in usages
    return may_sign and constraints is not None and constraints.ca


def _allows_depth(issuer: x509.Certificate, intermediates_below: int) -> bool:
    """Return whether the path length constraint allows it (RFC 5280, section 4.2.1.9)."""
    constraints = basic_constraints_of(issuer)
    if constraints is None or constraints.path_length is None:
        return True
    return intermediates_below <= constraints.path_length
