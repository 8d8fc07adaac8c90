"""Which imported certificates without our tags become copies of a secret."""

from __future__ import annotations

from typing import TYPE_CHECKING

from certrotation.core.findings import Code, Finding, refuse
from certrotation.core.material.host_names import names_of
from certrotation.core.material.x509_facts import key_algorithm_of
from certrotation.core.rotation.plan import Adopt
from certrotation.core.rotation.regression_checks import check_trust
from certrotation.core.rotation.reimport_rules import reasons_against_reimport
from certrotation.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Sequence

    from certrotation.core.estate.inventory import Copy
    from certrotation.core.material.bundle import Material
    from certrotation.core.material.trust import PublicRoots


@dataclass(frozen=True, slots=True, kw_only=True)
class Adoption:
    """The copies to adopt, what refuses the adoption, and what is left alone."""

    copies: tuple[Copy, ...] = ()
    findings: tuple[Finding, ...] = ()
    notes: tuple[str, ...] = ()
    is_off: bool = False
    """Whether the setting keeps every certificate from being adopted."""

    @property
    def steps(self) -> tuple[Adopt, ...]:
        """The step for each copy."""
        because = "names and key type are the material's, and no other secret claims it"
        return tuple(Adopt(arn=each.arn, because=because) for each in self.copies)


def decide_adoption(
    material: Material,
    secret: str,
    lookalikes: Sequence[Copy],
    roots: PublicRoots,
    *,
    has_copy: bool,
) -> Adoption:
    """Decide which certificates of a Region that have the material's names are adopted.

    Every match in use is adopted. If no match is in use, a single match is adopted. A match has
    exactly the names and the key type of the material, and the material neither loses trust nor
    expires sooner than the match. An acceptance does not change that, because adoption takes over
    what somebody else made. An unused match is adopted only instead of a new import: otherwise it
    would be superseded, and later deleted.

    Args:
        material: what the secret holds.
        secret: the secret's name.
        lookalikes: certificates of the Region that serve the material's names.
        roots: the public roots.
        has_copy: whether the secret has a copy in the Region already.
    """
    matching = [each for each in lookalikes if _matches(each, material) and not each.marks.ignored]
    untagged = [each for each in matching if each.marks.secret is None]
    fit = [each for each in untagged if is_improved_by(each, material, roots)]
    notes = tuple(
        f"{each.arn} is left alone: the material would lose trust or expire sooner"
        for each in untagged
        if each not in fit
    )
    used = [each for each in fit if each.in_use]
    unused = [] if used or has_copy else [each for each in fit if _can_take(each, material)]
    wanted = used or unused
    conflicting = [each for each in matching if each.marks.secret not in {None, secret}]
    if wanted and conflicting:
        other = f"{conflicting[0].arn} of {conflicting[0].marks.secret}"
        found = f"{other} has the same names and key type as {_list(wanted)}."
        return _ambiguous(found, notes)
    if len(unused) > 1:
        return _ambiguous(f"None of {_list(unused)} is in use, and any could be meant.", notes)
    return Adoption(copies=tuple(wanted), notes=notes)


def _ambiguous(found: str, notes: tuple[str, ...]) -> Adoption:
    return Adoption(findings=(refuse(Code.ADOPTION_AMBIGUOUS, found),), notes=notes)


def _matches(copy: Copy, material: Material) -> bool:
    leaf = copy.presented.leaf
    return (
        names_of(leaf) == material.names
        and key_algorithm_of(leaf.public_key()) == material.key_algorithm
    )


def is_improved_by(copy: Copy, material: Material, roots: PublicRoots) -> bool:
    """Return whether the material loses no trust, and expires no sooner than the certificate."""
    ends = copy.presented.leaf.not_valid_after_utc
    loses_trust = any(check_trust(material, copy.arn, copy.presented, roots))
    return not loses_trust and material.leaf.not_valid_after_utc >= ends


def _can_take(copy: Copy, material: Material) -> bool:
    return not reasons_against_reimport(copy.presented.leaf, material.leaf)


def _list(copies: Sequence[Copy]) -> str:
    return ", ".join(each.arn for each in copies)
