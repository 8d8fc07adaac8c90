"""The trust anchor of a chain: a root of the public bundle, or a private CA."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from cryptography import x509

from certrotation.core.material.x509_facts import (
    is_self_signed,
    is_valid_at,
    issued_by,
    public_bytes_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime


class PublicRoots:
    """The roots that clients trust by default, indexed by name and key."""

    def __init__(self, certificates: Iterable[x509.Certificate]) -> None:
        self._by_name: dict[bytes, list[x509.Certificate]] = {}
        for each in certificates:
            self._by_name.setdefault(each.subject.public_bytes(), []).append(each)

    def contains(self, certificate: x509.Certificate) -> bool:
        """Return whether a root has the same name and key, whoever signed the certificate."""
        key = public_bytes_of(certificate.public_key())
        return any(
            public_bytes_of(root.public_key()) == key for root in self._named(certificate.subject)
        )

    def have_issued(self, certificate: x509.Certificate, at: datetime | None = None) -> bool:
        """Return whether a root signed this certificate; a root has signed itself.

        Bundles keep expired roots. If `at` is given, only roots that are valid at `at` count.
        """
        return any(
            issued_by(certificate, root)
            for root in self._named(certificate.issuer)
            if at is None or is_valid_at(root, at)
        )

    def _named(self, name: x509.Name) -> list[x509.Certificate]:
        return self._by_name.get(name.public_bytes(), [])


class Anchor(NamedTuple):
    """The end of a chain: the CA that clients must trust."""

    public: bool
    name: x509.Name
    key_identifier: bytes | None
    public_key: bytes | None = None
    """Known only if the chain contains the anchor; key identifiers are not verified."""

    def is_same_as(self, other: Anchor) -> bool:
        """Return whether both are the same anchor; members that one of them lacks are ignored."""
        identifiers = {self.key_identifier, other.key_identifier} - {None}
        keys = {self.public_key, other.public_key} - {None}
        return self.name == other.name and len(identifiers) <= 1 and len(keys) <= 1

    def __str__(self) -> str:
        """Return the anchor's name and whether it is public."""
        kind = "public root" if self.public else "private CA"
        return f"{kind} {self.name.rfc4514_string() or '(no name)'}"


def anchor_of(path: Sequence[x509.Certificate], roots: PublicRoots) -> Anchor:
    """Return the anchor of `path`, which starts at the leaf and is never empty.

    For a private CA, the anchor is the topmost certificate if that is self-signed, else the name
    and authority key identifier of its issuer (RFC 5280, section 4.2.1.1).
    """
    top = path[-1]
    if roots.have_issued(top):
        return Anchor(public=True, name=top.issuer, key_identifier=_authority_key(top))
    if is_self_signed(top):
        return Anchor(
            public=False,
            name=top.subject,
            key_identifier=_subject_key(top),
            public_key=public_bytes_of(top.public_key()),
        )
    return Anchor(public=False, name=top.issuer, key_identifier=_authority_key(top))


def _subject_key(certificate: x509.Certificate) -> bytes | None:
    try:
        found = certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    except x509.ExtensionNotFound:
        return x509.SubjectKeyIdentifier.from_public_key(certificate.public_key()).digest
    return found.digest


def _authority_key(certificate: x509.Certificate) -> bytes | None:
    try:
        found = certificate.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value
    except x509.ExtensionNotFound:
        return None
    return found.key_identifier
