"""When ACM lets new material take the place of the old one under the same ARN.

Source: ACM User Guide, "Reimport a certificate", with the relaxations of 2025 and 2026. Where a
rule forbids it the copy is replaced: a new import, and the dependents move to it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from cryptography.x509.oid import ExtendedKeyUsageOID

from certrotation.core.material.host_names import names_of
from certrotation.core.material.x509_facts import (
    extended_key_usages_of,
    key_algorithm_of,
    key_usages_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cryptography import x509

    from certrotation.core.material.x509_facts import KeyAlgorithm


class ReimportFacts(NamedTuple):
    """The properties of a leaf certificate that ACM's rules compare."""

    key: KeyAlgorithm | None
    names: frozenset[str]
    key_usages: frozenset[str] | None
    """None without the extension; likewise the extended ones."""
    extended_key_usages: frozenset[x509.ObjectIdentifier] | None


def reimport_facts_of(leaf: x509.Certificate) -> ReimportFacts:
    """Return the properties of a leaf certificate."""
    return ReimportFacts(
        key=key_algorithm_of(leaf.public_key()),
        names=names_of(leaf),
        key_usages=key_usages_of(leaf),
        extended_key_usages=extended_key_usages_of(leaf),
    )


def reasons_against_reimport(present: x509.Certificate, new: x509.Certificate) -> tuple[str, ...]:
    """Return, in words, every rule that forbids reimporting `new` over `present`."""
    return reasons_by_facts(reimport_facts_of(present), reimport_facts_of(new))


def reasons_by_facts(present: ReimportFacts, new: ReimportFacts) -> tuple[str, ...]:
    """Return every such rule for a certificate that may not exist yet."""
    return (
        *_key_changed(present, new),
        *_all_names_gone(present, new),
        *_key_usages_lost(present, new),
        *_extended_key_usages_lost(present, new),
    )


def _key_changed(present: ReimportFacts, new: ReimportFacts) -> Iterator[str]:
    """Key type and size stay as they are."""
    if present.key != new.key:
        yield f"the key changes from {present.key} to {new.key}"


def _all_names_gone(present: ReimportFacts, new: ReimportFacts) -> Iterator[str]:
    """Names may be added and removed, but not all removed."""
    if present.names and present.names.isdisjoint(new.names):
        yield "none of the present names is left"


def _key_usages_lost(present: ReimportFacts, new: ReimportFacts) -> Iterator[str]:
    """Where key usages are present none is removed; ECDSA may drop keyEncipherment (2026)."""
    lost = (present.key_usages or frozenset()) - (new.key_usages or frozenset())
    if new.key is not None and new.key.is_elliptic:
        lost -= {"key_encipherment"}
    if lost:
        yield f"key usages would be lost: {', '.join(sorted(lost))}"


def _extended_key_usages_lost(present: ReimportFacts, new: ReimportFacts) -> Iterator[str]:
    """Where extended key usages are present none is removed but clientAuth (late 2025)."""
    before = present.extended_key_usages or frozenset()
    after = new.extended_key_usages or frozenset()
    lost = before - after - {ExtendedKeyUsageOID.CLIENT_AUTH}
    if lost:
        names = ", ".join(sorted(usage.dotted_string for usage in lost))
        yield f"extended key usages would be lost: {names}"
