"""Which dependents may stand in the way of a reimport, as far as their kind tells."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cryptography.x509.oid import ExtendedKeyUsageOID

from certrotation.core.material.host_names import is_qualified, names_of, uncovered
from certrotation.core.material.x509_facts import extended_key_usages_of

if TYPE_CHECKING:
    from datetime import datetime

    from cryptography import x509

    from certrotation.core.estate.dependent_kinds import DependentKind
    from certrotation.core.estate.inventory import Copy
    from certrotation.core.material.bundle import Material


def may_object(kind: DependentKind, copy: Copy, material: Material, now: datetime) -> bool:
    """Return whether a dependent of this kind may stand in the way of a reimport of `material`.

    The key type is no reason: a reimport keeps it, and the dependent presents it today. So an
    ordinary renewal asks nobody: the names are the same, and days remain.
    """
    present = copy.presented.leaf
    return (
        shows_too_late(kind, copy, now)
        or lacks_qualified_name(kind, material)
        or is_chain_too_long(kind, material)
        or (kind.has_names and bool(uncovered(material.names, frozenset(names_of(present)))))
        or (kind.may_be_client and _loses_client_auth(present, material))
        or (kind.may_keep_issuer and _changes_issuer_or_adds_names(present, material))
    )


def shows_too_late(kind: DependentKind, copy: Copy, now: datetime) -> bool:
    """Return whether a dependent of this kind would show a reimport after the copy has expired."""
    lead = kind.reimport_lead
    return lead is not None and copy.presented.leaf.not_valid_after_utc - now < lead


def _changes_issuer_or_adds_names(present: x509.Certificate, material: Material) -> bool:
    adds_names = bool(uncovered(frozenset(names_of(present)), material.names))
    return adds_names or changes_issuer(present, material)


def changes_issuer(present: x509.Certificate, material: Material) -> bool:
    """Return whether another CA certificate issued the material; public CAs alternate theirs."""
    return present.issuer != material.leaf.issuer


def lacks_qualified_name(kind: DependentKind, material: Material) -> bool:
    """Return whether the kind needs a fully qualified name and the material has none."""
    return kind.needs_qualified_name and not any(map(is_qualified, material.names))


def is_chain_too_long(kind: DependentKind, material: Material) -> bool:
    """Return whether the chain has more certificates than the kind takes."""
    return kind.longest_chain is not None and len(material.chain) > kind.longest_chain


def _loses_client_auth(present: x509.Certificate, material: Material) -> bool:
    return has_client_auth(present) and not has_client_auth(material.leaf)


def has_client_auth(leaf: x509.Certificate) -> bool:
    """Return whether clients may present it; without the extension every use is open (RFC 5280)."""
    usages = extended_key_usages_of(leaf)
    return usages is None or ExtendedKeyUsageOID.CLIENT_AUTH in usages
