"""The trust anchor of a chain: a root of the public lists, or a private CA."""

from __future__ import annotations

from functools import cached_property
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

from cryptography import x509

from certrotation.core.material.distinguished_names import CanonicalName, canonical_name
from certrotation.core.material.x509_facts import (
    authority_key_identifier_of,
    is_self_signed,
    issued_by,
    public_bytes_of,
    subject_key_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


class PublicRoots:
    """The roots that clients trust by default, indexed by name.

    The lists are read when a root is first looked for: reading them costs milliseconds at a cold
    start, and few runs need the former list.

    Args:
        listed: the current list.
        former: an older list, which also contains roots that clients have ceased to trust.
    """

    def __init__(
        self, listed: Iterable[x509.Certificate], former: Iterable[x509.Certificate] = ()
    ) -> None:
        self._listed = listed
        self._former = former

    @cached_property
    def with_former(self) -> PublicRoots:
        """The roots of both lists, by which what is live now is judged."""
        return PublicRoots(tuple(chain(self._listed, self._former)))

    def contains(self, certificate: x509.Certificate) -> bool:
        """Return whether a root has the same name and key, whoever signed the certificate."""
        key = public_bytes_of(certificate.public_key())
        return any(
            public_bytes_of(root.public_key()) == key for root in self.named(certificate.subject)
        )

    def issuers_of(self, certificate: x509.Certificate) -> tuple[x509.Certificate, ...]:
        """Return the roots that signed this certificate; a root has signed itself."""
        named = self.named(certificate.issuer)
        return tuple(root for root in named if issued_by(certificate, root))

    @cached_property
    def _by_name(self) -> dict[CanonicalName, list[x509.Certificate]]:
        by_name: dict[CanonicalName, list[x509.Certificate]] = {}
        for each in self._listed:
            by_name.setdefault(canonical_name(each.subject), []).append(each)
        return by_name

    def named(self, name: x509.Name) -> list[x509.Certificate]:
        """Return the roots with this name."""
        return self._by_name.get(canonical_name(name), [])


class Anchor(NamedTuple):
    """The end of a chain: the CA that clients must trust."""

    public: bool
    name: x509.Name
    key_identifier: bytes | None
    public_key: bytes | None = None
    """Known only if the anchor itself is at hand; key identifiers are not verified."""

    def is_same_as(self, other: Anchor) -> bool:
        """Return whether both are the same anchor; members that one of them lacks are ignored."""
        identifiers = {self.key_identifier, other.key_identifier} - {None}
        keys = {self.public_key, other.public_key} - {None}
        same_name = canonical_name(self.name) == canonical_name(other.name)
        return same_name and len(identifiers) <= 1 and len(keys) <= 1

    def __str__(self) -> str:
        """Return the anchor's name and whether it is public."""
        kind = "public root" if self.public else "private CA"
        return f"{kind} {self.name.rfc4514_string() or '(no name)'}"


def anchor_of(
    path: Sequence[x509.Certificate], roots: PublicRoots, *, is_public: bool = True
) -> Anchor:
    """Return the anchor of `path`, which starts at the leaf and is never empty.

    The anchor is the first public root that issued a certificate of the path. A path may go on
    above that root, to an older CA that cross-signed it. For a private CA, the anchor is the
    topmost certificate if that is self-signed, else the name and authority key identifier of its
    issuer (RFC 5280, section 4.2.1.1). A former public root is not public, but its key is known.

    Args:
        path: the certificates from the leaf upwards.
        roots: the public roots.
        is_public: False if clients accept the path only beyond the public roots, because those have
            expired, for example.
    """
    for each in path if is_public else ():
        for root in roots.issuers_of(each):
            return _anchor_at(root, public=True)
    top = path[-1]
    if is_self_signed(top):
        return _anchor_at(top, public=False)
    for root in roots.with_former.issuers_of(top):
        return _anchor_at(root, public=False)
    named = authority_key_identifier_of(top)
    return Anchor(
        public=False, name=top.issuer, key_identifier=named.key_identifier if named else None
    )


def _anchor_at(root: x509.Certificate, *, public: bool) -> Anchor:
    return Anchor(
        public=public,
        name=root.subject,
        key_identifier=subject_key_of(root)
        or x509.SubjectKeyIdentifier.from_public_key(root.public_key()).digest,
        public_key=public_bytes_of(root.public_key()),
    )
