"""Finds the chains from a leaf to its CA among certificates in any order, the best one first."""

from __future__ import annotations

from collections import deque
from enum import IntEnum
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from certrotation.core.findings import Code
from certrotation.core.material.distinguished_names import canonical_name
from certrotation.core.material.path_rules import (
    Fault,
    faults_above,
    identifiers_agree,
    identifiers_match,
)
from certrotation.core.material.trust import Anchor, anchor_of
from certrotation.core.material.x509_facts import (
    fingerprint_of,
    is_self_signed,
    is_verifiable,
    issued_by,
    issuer_name_of,
    public_bytes_of,
    subject_name_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from cryptography import x509

    from certrotation.core.material.distinguished_names import CanonicalName
    from certrotation.core.material.trust import PublicRoots

    _Entity: TypeAlias = tuple[CanonicalName, bytes]
    """The name and the key of a certificate; cross-signed certificates have these in common."""

MOST_SIGNATURES = 250
"""Signatures that one search verifies, some milliseconds each at worst; Go stops at 100."""

MOST_PATHS = 1_000
"""Paths that one search follows; CAs that cross-sign each other have more than anybody can."""

MOST_SHORTER_FIRST = 500
"""Paths that one search takes in the order of their length. From then on it follows each path to
its end before the next one, so that every search finds a chain: a secret has room for fewer than
200 certificates."""


class ChainEnd(IntEnum):
    """The end of a chain; a lower value is a better end."""

    PUBLIC_ROOT = 0
    PRIVATE_ROOT = 1
    FORMER_ROOT = 2
    UNKNOWN_ISSUER = 3


class Chain(NamedTuple):
    """The certificates above a leaf, nearest first: without a public root, with a private root."""

    certificates: tuple[x509.Certificate, ...]
    end: ChainEnd
    faults: tuple[Fault, ...] = ()
    """The reasons for which clients reject the chain."""

    def anchor(self, leaf: x509.Certificate, roots: PublicRoots) -> Anchor:
        """Return the CA that clients must trust to accept the chain."""
        is_public = self.end is ChainEnd.PUBLIC_ROOT
        return anchor_of((leaf, *self.certificates), roots, is_public=is_public)


_SEVERITY = {
    Code.SIGNATURE_WEAK: 1,
    Code.KEY_WEAK: 2,
    Code.CHAIN_INCOMPLETE: 3,
    Code.CHAIN_EXPIRED: 4,
    Code.CHAIN_INVALID: 5,
}
"""How much speaks against a chain: first what a person may accept, then what time may cure."""


def build_chain(
    leaf: x509.Certificate,
    supplied: Sequence[x509.Certificate],
    roots: PublicRoots,
    *,
    at: datetime | None = None,
) -> Chain:
    """Return the best chain for `leaf` (see `find_chains`)."""
    return find_chains(leaf, supplied, roots, at=at)[0]


def find_chains(
    leaf: x509.Certificate,
    supplied: Sequence[x509.Certificate],
    roots: PublicRoots,
    *,
    at: datetime | None = None,
) -> tuple[Chain, ...]:
    """Return the chains for `leaf` from `supplied`, the best first; there is at least one.

    If no supplied certificate issued `leaf`, the only chain is empty. A chain that clients reject
    has faults.

    Args:
        leaf: the certificate to start from; it may be among `supplied`.
        supplied: certificates in any order.
        roots: the public roots; they are never part of the chain.
        at: every certificate and root must be valid at this time; None ignores validity.
    """
    search = _Search(leaf, supplied, roots, at)
    chains = [*search.chains()]
    if search.has_stopped:
        chains = [_with_limit_named(each) for each in chains]
    good = [each for each in chains if not each.faults]
    usable = {each for chain in good for each in chain.certificates}
    private = [each.certificates for each in good if each.end is ChainEnd.PRIVATE_ROOT]
    crossed = {_entity(each) for above in private for each in above[:-1]}
    return tuple(sorted(chains, key=lambda chain: _rank(leaf, chain, usable, crossed)))


def _with_limit_named(chain: Chain) -> Chain:
    """Return the chain; if it is incomplete, the fault says that the search has stopped early."""
    limit = f" The search stopped after {MOST_SIGNATURES} signatures or {MOST_PATHS:,} paths."
    return chain._replace(
        faults=tuple(
            each._replace(found=each.found + limit) if each.code is Code.CHAIN_INCOMPLETE else each
            for each in chain.faults
        )
    )


def _rank(
    leaf: x509.Certificate,
    chain: Chain,
    usable: set[x509.Certificate],
    crossed: set[_Entity],
) -> tuple[bool, int, int, bool, ChainEnd, bool, int, int]:
    """Return the sort key of a chain; the lowest is the best. Equal keys keep their order."""
    above = chain.certificates
    return (
        # A chain to an issuer that nobody here knows hides no chain to a root, not even a bad one.
        chain.end is ChainEnd.UNKNOWN_ISSUER,
        # A chain that clients reject loses to every chain that they accept.
        max((_SEVERITY[each.code] for each in chain.faults), default=0),
        len(chain.faults),
        # What was supplied and is usable is neither cut nor exchanged, cross-signs included.
        {*above} != usable,
        # Most clients know the public roots.
        chain.end,
        # Older clients need the chain that goes on above a new root, which an older one signed.
        bool(above) and _entity(above[-1]) in crossed,
        # OpenSSL chooses among issuers of one name by key identifiers, not by signatures.
        sum(not identifiers_match(*link) for link in pairwise((leaf, *above))),
        # Clients read fewer bytes, and fewer certificates expire.
        len(above),
    )


class _Path(NamedTuple):
    """A path that the search has come to: certificates from the leaf upwards."""

    certificates: tuple[x509.Certificate, ...]
    entities: frozenset[_Entity]
    """The names and keys on the path: none occurs twice (RFC 4158, section 2.4.2)."""
    is_trusted: bool = False
    """Whether clients that know a public root accept the path without its topmost certificate."""
    faults: tuple[Fault, ...] = ()
    """The reasons for which clients reject the path."""

    @property
    def top(self) -> x509.Certificate:
        """The topmost certificate."""
        return self.certificates[-1]

    def continued(
        self, issuer: x509.Certificate, at: datetime | None, *, is_trusted: bool
    ) -> _Path:
        """Return the path with one more certificate."""
        return _Path(
            certificates=(*self.certificates, issuer),
            entities=self.entities | {_entity(issuer)},
            is_trusted=is_trusted,
            faults=self.faults_under(issuer, at),
        )

    def faults_under(self, issuer: x509.Certificate, at: datetime | None) -> tuple[Fault, ...]:
        """Return the faults of the path with one more certificate."""
        return (*self.faults, *faults_above(self.certificates, issuer, at))


class _Search:
    """One search; it stops early rather than take long (see MOST_SIGNATURES and MOST_PATHS)."""

    has_stopped = False
    """Whether the search stopped early."""

    def __init__(
        self,
        leaf: x509.Certificate,
        supplied: Sequence[x509.Certificate],
        roots: PublicRoots,
        at: datetime | None,
    ) -> None:
        self._leaf = leaf
        self._roots = roots
        self._at = at
        self._signatures = MOST_SIGNATURES
        self._issuers_of: dict[x509.Certificate, list[x509.Certificate]] = {}
        self._by_name: dict[CanonicalName, list[x509.Certificate]] = {}
        # Of two certificates of one CA the later expiry is preferred, in whatever order they come.
        others = sorted(
            {*supplied} - {leaf},
            key=lambda each: (each.not_valid_after_utc, fingerprint_of(each)),
            reverse=True,
        )
        for each in others:
            self._by_name.setdefault(canonical_name(each.subject), []).append(each)

    def chains(self) -> Iterator[Chain]:
        """Yield the complete chains.

        A path may go on above a certificate that a public root issued: to an older CA that
        cross-signed that root.
        """
        paths = deque([_Path((self._leaf,), frozenset({_entity(self._leaf)}))])
        for step in range(MOST_PATHS):
            if not paths:
                return
            path = paths.popleft()
            public = [
                self._chain(path, ChainEnd.PUBLIC_ROOT, root)
                for root in self._roots.issuers_of(path.top)
            ]
            yield from public
            if is_self_signed(path.top):
                if not public:
                    yield self._chain(path, ChainEnd.PRIVATE_ROOT)
                continue
            issuers = self._issuers(path.top)
            above = [each for each in issuers if _entity(each) not in path.entities]
            is_trusted = path.is_trusted or any(not each.faults for each in public)
            longer = [path.continued(each, self._at, is_trusted=is_trusted) for each in above]
            if step < MOST_SHORTER_FIRST:
                paths.extend(longer)
            else:
                paths.extendleft(reversed(longer))
            if not public and not above:
                yield self._end(path, issuers)
        self.has_stopped = True

    def _end(self, path: _Path, issuers: Sequence[x509.Certificate]) -> Chain:
        """Return the chain of a path that no supplied certificate continues."""
        for root in self._roots.with_former.issuers_of(path.top):
            return self._chain(path, ChainEnd.FORMER_ROOT, root)
        found = None if issuers else self._namesakes(path.top)
        chain = self._chain(path, ChainEnd.UNKNOWN_ISSUER)
        return chain._replace(faults=(*chain.faults, found)) if found else chain

    def _chain(self, path: _Path, end: ChainEnd, root: x509.Certificate | None = None) -> Chain:
        """Return the chain of a path; of a trusted one, only older clients look at the root."""
        faults = path.faults
        if root is not None and not path.is_trusted:
            faults = path.faults_under(root, self._at)
        return Chain(
            certificates=path.certificates[1:],
            end=ChainEnd.PUBLIC_ROOT if path.is_trusted else end,
            faults=faults,
        )

    def _issuers(self, top: x509.Certificate) -> list[x509.Certificate]:
        """Return the supplied certificates that issued `top`, those that it identifies first."""
        if top not in self._issuers_of:
            named = [
                each for each in self._named_as_issuer_of(top) if not self._is_public_root(each)
            ]
            named.sort(
                key=lambda each: (
                    not identifiers_agree(top, each),
                    not identifiers_match(top, each),
                )
            )
            found = [each for each in named if self._has_issued(each, top)]
            # Of issuers whose signatures nobody verifies, one says as much as all.
            unverified = [each for each in found if not is_verifiable(each.public_key())][1:]
            self._issuers_of[top] = [each for each in found if each not in unverified]
        return self._issuers_of[top]

    def _named_as_issuer_of(self, top: x509.Certificate) -> list[x509.Certificate]:
        named = self._by_name.get(canonical_name(top.issuer), [])
        return [each for each in named if each != top]

    def _has_issued(self, issuer: x509.Certificate, top: x509.Certificate) -> bool:
        """Return whether `issuer` signed `top`, or whether nobody would verify that it did."""
        if not is_verifiable(issuer.public_key()):
            return True
        if not self._signatures:
            self.has_stopped = True
            return False
        self._signatures -= 1
        return issued_by(top, issuer)

    def _is_public_root(self, certificate: x509.Certificate) -> bool:
        return is_self_signed(certificate) and self._roots.with_former.contains(certificate)

    def _namesakes(self, top: x509.Certificate) -> Fault | None:
        """Return the fault of a path whose issuer's name is there, but not the issuer."""
        count = len(self._named_as_issuer_of(top))
        if not count:
            return self._public_namesake(top)
        who = "1 certificate in the secret bears"
        if count > 1:
            who = f"{count} certificates in the secret bear"
        found = f"{who} the name {issuer_name_of(top)}, but none signed {subject_name_of(top)}."
        # A leaf without its issuer was always refused; above it this is new (see soften_known).
        cause = "" if top == self._leaf else "another issuer of the same name"
        return Fault(Code.CHAIN_INCOMPLETE, cause, found)

    def _public_namesake(self, top: x509.Certificate) -> Fault | None:
        """Return the fault of a path that a public root would continue if it had signed the top.

        A root that the top does not identify is another CA of the same name.
        """
        roots = self._roots.with_former.named(top.issuer)
        if top == self._leaf or not any(identifiers_agree(top, each) for each in roots):
            return None
        found = (
            f"The public root {issuer_name_of(top)} bears the name of the issuer of"
            f" {subject_name_of(top)}, but did not sign this certificate."
        )
        return Fault(Code.CHAIN_INCOMPLETE, "another issuer of the same name", found)


def _entity(certificate: x509.Certificate) -> _Entity:
    return canonical_name(certificate.subject), public_bytes_of(certificate.public_key())
