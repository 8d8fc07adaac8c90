"""When ACM lets new material take the place of the old one under the same ARN.

Source: ACM User Guide, "Reimport a certificate", with the relaxations of 2025 and 2026. Where a
rule forbids it the copy is replaced: a new import, and the dependents move to it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

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


def reasons_against_reimport(present: x509.Certificate, new: x509.Certificate) -> tuple[str, ...]:
    """Return, in words, every rule that forbids reimporting `new` over `present`."""
    return (
        *_key_changed(present, new),
        *_all_names_gone(present, new),
        *_key_usages_lost(present, new),
        *_extended_key_usages_lost(present, new),
    )


def _key_changed(present: x509.Certificate, new: x509.Certificate) -> Iterator[str]:
    """Key type and size stay as they are."""
    before = key_algorithm_of(present.public_key())
    after = key_algorithm_of(new.public_key())
    if before != after:
        yield f"the key changes from {before} to {after}"


def _all_names_gone(present: x509.Certificate, new: x509.Certificate) -> Iterator[str]:
    """Names may be added and removed, but not all removed."""
    before = names_of(present)
    if before and before.isdisjoint(names_of(new)):
        yield "none of the present names is left"


def _key_usages_lost(present: x509.Certificate, new: x509.Certificate) -> Iterator[str]:
    """Where key usages are present none is removed; ECDSA may drop keyEncipherment (2026)."""
    lost = (key_usages_of(present) or frozenset()) - (key_usages_of(new) or frozenset())
    algorithm = key_algorithm_of(new.public_key())
    if algorithm is not None and algorithm.is_elliptic:
        lost -= {"key_encipherment"}
    if lost:
        yield f"key usages would be lost: {', '.join(sorted(lost))}"


def _extended_key_usages_lost(present: x509.Certificate, new: x509.Certificate) -> Iterator[str]:
    """Where extended key usages are present none is removed but clientAuth (late 2025)."""
    before = extended_key_usages_of(present) or frozenset()
    after = extended_key_usages_of(new) or frozenset()
    lost = before - after - {ExtendedKeyUsageOID.CLIENT_AUTH}
    if lost:
        names = ", ".join(sorted(usage.dotted_string for usage in lost))
        yield f"extended key usages would be lost: {names}"
