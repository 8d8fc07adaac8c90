"""Finds, among certificates in any order, the chain that leads from a leaf to its CA."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING

from certrotation.core.certificates import (
    basic_constraints_of,
    is_self_signed,
    issued_by,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from cryptography import x509

    from certrotation.core.trust import PublicRoots

LONGEST_CHAIN = 10
"""Certificates above the leaf that are looked at; real chains have one to four."""

_MOST_PATHS = 2_000
"""A bound on paths tried, so that CAs that sign each other in circles cost nothing much."""


class ChainEnd(IntEnum):
    """What a chain ends at, better ends lower."""

    PUBLIC_ROOT = 0
    PRIVATE_ROOT = 1
    UNKNOWN_ISSUER = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """The certificates above a leaf, nearest first; no public root, a private root last."""

    certificates: tuple[x509.Certificate, ...]
    end: ChainEnd


def build_chain(
    leaf: x509.Certificate,
    supplied: Sequence[x509.Certificate],
    roots: PublicRoots,
    *,
    at: datetime | None = None,
) -> Chain:
    """Return the best chain for `leaf` among `supplied`; it is empty if none of them issued it.

    A public root beats a private one, which beats an issuer that was not supplied; among equals
    the shortest chain wins (of cross-signed paths the one that old clients need not follow).

    Args:
        leaf: the certificate to start from; it may be among `supplied`.
        supplied: certificates in any order.
        roots: the public roots; they are never part of the chain.
        at: every certificate must be valid at this time; None disregards time.
    """
    usable = [
        each
        for each in supplied
        if each != leaf and (at is None or _is_valid(each, at)) and _may_issue(each)
    ]
    return min(
        _chains(leaf, usable, roots),
        key=lambda chain: (chain.end, len(chain.certificates)),
        default=Chain(certificates=(), end=ChainEnd.UNKNOWN_ISSUER),
    )


def _chains(
    leaf: x509.Certificate, usable: Sequence[x509.Certificate], roots: PublicRoots
) -> Iterator[Chain]:
    """Yield the chains that cannot be made longer, shorter ones first."""
    paths: deque[tuple[x509.Certificate, ...]] = deque([(leaf,)])
    for _ in range(_MOST_PATHS):
        if not paths:
            return
        path = paths.popleft()
        end, issuers = _continue(path, usable, roots)
        if end is not None:
            yield Chain(certificates=path[1:], end=end)
        paths.extend((*path, issuer) for issuer in issuers)


def _continue(
    path: tuple[x509.Certificate, ...], usable: Sequence[x509.Certificate], roots: PublicRoots
) -> tuple[ChainEnd | None, list[x509.Certificate]]:
    """Say how the path ends, if it does, and which certificates make it longer."""
    top = path[-1]
    if roots.have_issued(top):
        return ChainEnd.PUBLIC_ROOT, []
    if is_self_signed(top):
        return ChainEnd.PRIVATE_ROOT, []
    issuers = [
        each
        for each in usable
        if each not in path and issued_by(top, each) and _allows_depth(each, len(path) - 1)
    ]
    if any(roots.contains(each) for each in issuers):
        return ChainEnd.PUBLIC_ROOT, []
    if not issuers or len(path) > LONGEST_CHAIN:
        return ChainEnd.UNKNOWN_ISSUER, []
    return None, issuers


def _is_valid(certificate: x509.Certificate, at: datetime) -> bool:
    return certificate.not_valid_before_utc <= at <= certificate.not_valid_after_utc


def _may_issue(certificate: x509.Certificate) -> bool:
    """Say whether the certificate may sign others; an old root may lack basic constraints."""
    constraints = basic_constraints_of(certificate)
    return is_self_signed(certificate) if constraints is None else constraints.ca


def _allows_depth(issuer: x509.Certificate, intermediates_below: int) -> bool:
    """Say whether path length permits it (RFC 5280, section 4.2.1.9)."""
    constraints = basic_constraints_of(issuer)
    if constraints is None or constraints.path_length is None:
        return True
    return intermediates_below <= constraints.path_length
