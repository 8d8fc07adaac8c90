"""Plans one Region: which copies stay, which are replaced, who moves where."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

from certrotation.core.estate.inventory import reverted
from certrotation.core.findings import Code, Finding, refusals, warn
from certrotation.core.rotation.dependent_checks import check_moving, check_taking, may_object
from certrotation.core.rotation.plan import (
    NEW_COPY,
    Import,
    MarkSuperseded,
    Move,
    RegionPlan,
    Reimport,
    Step,
    Tag,
    Unmark,
)
from certrotation.core.rotation.reimport_rules import reasons_against_reimport

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from certrotation.core.estate.dependent_kinds import DependentKind
    from certrotation.core.estate.inventory import Copy, RegionLook
    from certrotation.core.estate.tags import CopyTags
    from certrotation.core.material.bundle import Material
    from certrotation.core.rotation.adoption import Adoption


class Action(Enum):
    """What happens to a copy."""

    KEEP = "keep"
    REIMPORT = "reimport"
    REPLACE = "replace"


class CopyDecision(NamedTuple):
    """A copy, what happens to it, and why."""

    copy: Copy
    course: Action
    because: str
    findings: tuple[Finding, ...] = ()

    @property
    def stays(self) -> bool:
        """Whether it will present the material under its own ARN."""
        return self.course is not Action.REPLACE


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejections:
    """What AWS refused while a plan was applied; the next plan takes another way."""

    moves: frozenset[str] = frozenset()
    """ARNs of copies that a dependent, which shows a reimport late, could not be moved from."""
    reimport: tuple[tuple[str, str], ...] = ()
    """ARNs of copies that ACM will not have reimported, and why."""

    def with_move(self, arn: str) -> Rejections:
        """Return these and the rejection of a move away from a copy."""
        return replace(self, moves=self.moves | {arn})

    def with_reimport(self, arn: str, because: str) -> Rejections:
        """Return these and ACM's refusal to reimport into a copy."""
        return replace(self, reimport=(*self.reimport, (arn, because)))


NO_REJECTIONS = Rejections()


@dataclass(frozen=True, slots=True, kw_only=True)
class RegionGoal:
    """What a Region is to come to."""

    material: Material
    tags: CopyTags
    now: datetime
    refusals: Rejections = NO_REJECTIONS


def plan_region(look: RegionLook, adoption: Adoption, goal: RegionGoal) -> RegionPlan:
    """Plan one Region.

    Every copy in use that ACM lets us reimport is reimported. Dependents of the others move to the
    oldest of these; else to a copy that carries the material already, be it superseded; else to an
    unused one that can be reimported; else to one new import. What is left unused is superseded.
    """
    notes = (*adoption.notes, *(f"left alone: {each}" for each in look.unreadable))
    if adoption.findings:
        return RegionPlan(region=look.region, steps=(), findings=adoption.findings, notes=notes)
    copies = sorted((*look.copies, *adoption.copies), key=lambda copy: copy.age)
    every = [_fate(each, goal) for each in copies]
    fates = [each for each in every if each.copy.is_ordinary(goal.now)]
    target = _target(fates, every)
    findings = tuple(_findings(fates, goal))
    steps: tuple[Step, ...] = (*adoption.steps, *_steps(fates, target, goal))
    return RegionPlan(
        region=look.region,
        steps=() if refusals(findings) else steps,
        findings=findings,
        notes=notes,
    )


def _fate(copy: Copy, goal: RegionGoal) -> CopyDecision:
    if copy.presented.equals(goal.material):
        return CopyDecision(
            copy=copy, course=Action.KEEP, because="it presents the material already"
        )
    against = (
        *reasons_against_reimport(copy.presented.leaf, goal.material.leaf),
        *(because for arn, because in goal.refusals.reimport if arn == copy.arn),
    )
    if against:
        return CopyDecision(copy=copy, course=Action.REPLACE, because="; ".join(against))
    in_place = f"{_difference(copy, goal.material)}, and ACM's rules allow it in place"
    late = _why_late(copy, goal)
    if late is None:
        return CopyDecision(copy=copy, course=Action.REIMPORT, because=in_place)
    if copy.arn not in goal.refusals.moves and not refusals(
        tuple(check_moving(copy, goal.material))
    ):
        return CopyDecision(copy=copy, course=Action.REPLACE, because=late)
    found = f"{copy.arn} is reimported in place although {late}: its users cannot move."
    return CopyDecision(
        copy=copy,
        course=Action.REIMPORT,
        because=in_place,
        findings=(warn(Code.EDGE_LATE, found),),
    )


def _difference(copy: Copy, material: Material) -> str:
    if copy.presented.leaf == material.leaf:
        return "its chain is not the material's"
    ends, later = copy.presented.leaf.not_valid_after_utc, material.leaf.not_valid_after_utc
    return f"it ends {ends:%Y-%m-%d}, the material {later:%Y-%m-%d}"


def _why_late(copy: Copy, goal: RegionGoal) -> str | None:
    """Say which kind of dependent would show a reimport too late, or return None."""
    ends = copy.presented.leaf.not_valid_after_utc
    for dependent in copy.dependents:
        lead = dependent.kind.reimport_lead
        if lead is not None and ends - goal.now < lead:
            hours = lead // timedelta(hours=1)
            return (
                f"a {dependent.kind} presents it, and it ends {ends:%Y-%m-%d %H:%M} UTC, within"
                f" {hours} hours"
            )
    return None


def _target(fates: Sequence[CopyDecision], every: Sequence[CopyDecision]) -> CopyDecision | None:
    """Return the copy to which the others give way, or None if it must be imported first.

    Args:
        fates: the ordinary copies', oldest first.
        every: these and the superseded ones', oldest first.
    """
    candidates = (
        *(each for each in fates if each.copy.is_used and each.stays),
        *(each for each in every if each.course is Action.KEEP),
        *(each for each in fates if each.course is Action.REIMPORT),
    )
    return candidates[0] if candidates else None


def _steps(
    fates: Sequence[CopyDecision], target: CopyDecision | None, goal: RegionGoal
) -> Iterator[Step]:
    """Yield the steps: what stays is made right, then dependents move, then the rest is marked."""
    staying = [each for each in fates if each.copy.is_used and each.stays]
    if target is None:
        yield Import(because=_why_imported(fates))
    elif target not in staying:
        staying.append(target)
    for each in staying:
        yield from _make_right(each, goal)
    to_arn = target.copy.arn if target else NEW_COPY
    leaving = [each for each in fates if each not in staying]
    for each in leaving:
        for dependent in each.copy.dependents:
            yield Move(dependent=dependent, to_arn=to_arn, because=each.because)
    for each in leaving:
        because = "its dependents move" if each.copy.is_used else "nothing uses it"
        yield MarkSuperseded(
            arn=each.copy.arn, by_arn=to_arn, because=f"{because}, and {to_arn} has the material"
        )


def _why_imported(fates: Sequence[CopyDecision]) -> str:
    if not fates:
        return "the Region has no copy"
    return f"no copy can take the material: {fates[0].because}"


def _make_right(fate: CopyDecision, goal: RegionGoal) -> Iterator[Step]:
    """Yield what makes a copy present the material and say so."""
    copy = fate.copy
    if copy.marks.is_superseded:
        yield Unmark(arn=copy.arn, because="it is to be used again")
    if fate.course is Action.REIMPORT:
        yield Reimport(arn=copy.arn, because=fate.because)
    differing = [key for key, value in goal.tags.own.items() if copy.tags.get(key) != value]
    if differing or fate.course is Action.REIMPORT:
        version = goal.material.version
        yield Tag(arn=copy.arn, because=f"it then carries version {version}")


def _findings(fates: Sequence[CopyDecision], goal: RegionGoal) -> Iterator[Finding]:
    for fate in fates:
        yield from fate.findings
        if fate.course is Action.REIMPORT:
            yield from check_taking(fate.copy, goal.material)
        elif fate.course is Action.REPLACE:
            yield from check_moving(fate.copy, goal.material)
        if fate.copy.marks.is_superseded:
            yield reverted(fate.copy.arn)


def users_decide(copies: Sequence[Copy], goal: RegionGoal, kinds: Iterable[DependentKind]) -> bool:
    """Say whether it matters for the plan who presents these copies.

    A single copy that ACM lets us reimport is reimported whoever presents it, unless a kind of
    dependent shows a reimport late or does not accept the material. Otherwise asking would cost
    calls for each copy at each renewal and change nothing.

    Args:
        copies: the Region's copies, users not yet asked for.
        goal: what the Region is to come to.
        kinds: the kinds of dependents that may present a certificate of this Region.
    """
    if len(copies) != 1:
        return bool(copies)
    (copy,) = copies
    if copy.marks.is_superseded:
        return True
    fate = _fate(copy, goal)
    if fate.course is Action.REIMPORT:
        return copy.in_use is not False and any(may_object(each, goal.material) for each in kinds)
    return fate.course is Action.REPLACE
