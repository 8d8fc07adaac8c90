"""Plans one Region: which copies stay, which are replaced, who moves where."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import Enum
from typing import TYPE_CHECKING

from certrotation.core.estate.inventory import reverted
from certrotation.core.findings import Code, Finding, refusals, warn
from certrotation.core.rotation.adoption import Adoption, decide_adoption
from certrotation.core.rotation.dependent_checks import (
    check_moving,
    check_taking,
    may_have_left,
    was_undone,
    why_stranded,
)
from certrotation.core.rotation.left_certificates import check_left
from certrotation.core.rotation.objections import changes_issuer, may_object, shows_too_late
from certrotation.core.rotation.plan import (
    NEW_COPY,
    Await,
    Confirm,
    Import,
    MarkLeaving,
    MarkSuperseded,
    Move,
    Publish,
    RegionPlan,
    Reimport,
    Step,
    Strand,
    Tag,
    Unmark,
)
from certrotation.core.rotation.reimport_rules import reasons_against_reimport
from certrotation.values import dataclass, replace

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from certrotation.core.estate.arn_parameters import Parameter, Publication
    from certrotation.core.estate.dependent_kinds import DependentKind
    from certrotation.core.estate.inventory import Copy, RegionLook
    from certrotation.core.estate.tags import CopyTags
    from certrotation.core.material.bundle import Material
    from certrotation.core.material.trust import PublicRoots


class Action(Enum):
    """What happens to a copy."""

    KEEP = "keep"
    REIMPORT = "reimport"
    REPLACE = "replace"


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyDecision:
    """A copy, what happens to it, and why."""

    copy: Copy
    action: Action
    because: str
    findings: tuple[Finding, ...] = ()

    @property
    def stays(self) -> bool:
        """Whether it will present the material under its own ARN."""
        return self.action is not Action.REPLACE


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejections:
    """What AWS rejected while a plan was applied; the next plan takes another way."""

    moves: frozenset[str] = frozenset()
    """ARNs of copies that a dependent, which shows a reimport late, could not be moved from."""
    reimport: tuple[tuple[str, str], ...] = ()
    """ARNs of copies that ACM will not have reimported, and why."""

    def with_move(self, arn: str) -> Rejections:
        """Return these and the rejection of a move away from a copy."""
        return replace(self, moves=self.moves | {arn})

    def with_reimport(self, arn: str, because: str) -> Rejections:
        """Return these and ACM's rejection of a reimport into a copy."""
        return replace(self, reimport=(*self.reimport, (arn, because)))


NO_REJECTIONS = Rejections()


@dataclass(frozen=True, slots=True, kw_only=True)
class RegionGoal:
    """What a Region is to come to."""

    secret: str
    material: Material
    tags: CopyTags
    roots: PublicRoots
    adopts: bool
    """Whether certificates without our tags may become copies."""
    now: datetime
    rejections: Rejections = NO_REJECTIONS
    publication: Publication | None = None
    """Where the ARN of the Region's copy is published, if anywhere."""


def decide(look: RegionLook, goal: RegionGoal) -> RegionPlan:
    """Plan one Region.

    Every copy in use that ACM lets us reimport is reimported. Dependents of the others move to the
    oldest of these; else to a copy that carries the material already, be it superseded; else to an
    unused one that can be reimported; else to one new import. What is left unused is superseded.
    """
    adoption = _adoption(look, goal)
    copies = sorted((*look.copies, *adoption.copies), key=lambda copy: copy.age)
    every = [_decision(each, goal) for each in copies]
    ordinary = [each for each in every if each.copy.is_ordinary(goal.now)]
    found = adoption.findings or tuple(_findings(ordinary, goal))
    left = check_left(goal.material, goal.secret, look, adoption, goal.roots)
    findings = (*found, *left)
    steps = (*adoption.steps, *_steps(ordinary, _target(ordinary, every), goal, look.parameters))
    return RegionPlan(
        region=look.region,
        steps=() if refusals(findings) else steps,
        findings=findings,
        notes=(*adoption.notes, *(f"left alone: {each.found}" for each in look.unreadable)),
        current=tuple(each.copy for each in ordinary),
        is_searched=look.others is not None,
    )


def _adoption(look: RegionLook, goal: RegionGoal) -> Adoption:
    if not goal.adopts:
        return Adoption(is_off=True)
    return decide_adoption(
        goal.material, goal.secret, look.lookalikes, goal.roots, has_copy=bool(look.copies)
    )


def _decision(copy: Copy, goal: RegionGoal) -> CopyDecision:
    if copy.presented.equals(goal.material):
        return CopyDecision(
            copy=copy, action=Action.KEEP, because="it presents the material already"
        )
    against = (
        *reasons_against_reimport(copy.presented.leaf, goal.material.leaf),
        *(because for arn, because in goal.rejections.reimport if arn == copy.arn),
    )
    if against:
        return CopyDecision(copy=copy, action=Action.REPLACE, because="; ".join(against))
    in_place = f"{_difference(copy, goal.material)}, and ACM's rules allow it in place"
    late = _why_late(copy, goal)
    if late is None:
        return CopyDecision(copy=copy, action=Action.REIMPORT, because=in_place)
    if copy.arn not in goal.rejections.moves and _can_move(copy, goal):
        return CopyDecision(copy=copy, action=Action.REPLACE, because=late)
    found = f"{copy.arn} is reimported in place although {late}: its users cannot move."
    return CopyDecision(
        copy=copy,
        action=Action.REIMPORT,
        because=in_place,
        findings=(warn(Code.EDGE_LATE, found),),
    )


def _can_move(copy: Copy, goal: RegionGoal) -> bool:
    return not refusals(tuple(check_moving(copy, goal.material, goal.now))) and not any(
        why_stranded(copy, each, goal.now) for each in copy.dependents
    )


def _difference(copy: Copy, material: Material) -> str:
    if copy.presented.leaf == material.leaf:
        return "its chain is not the material's"
    ends, later = copy.presented.leaf.not_valid_after_utc, material.leaf.not_valid_after_utc
    return f"it ends {ends:%Y-%m-%d}, the material {later:%Y-%m-%d}"


def _why_late(copy: Copy, goal: RegionGoal) -> str | None:
    """Say which kind of dependent would show a reimport too late, or return None."""
    for dependent in copy.dependents:
        lead = dependent.kind.reimport_lead
        if lead is not None and shows_too_late(dependent.kind, copy, goal.now):
            return (
                f"a {dependent.kind} presents it, and it ends"
                f" {copy.presented.leaf.not_valid_after_utc:%Y-%m-%d %H:%M} UTC, within"
                f" {lead // timedelta(hours=1)} hours"
            )
    return None


def _target(
    decisions: Sequence[CopyDecision], every: Sequence[CopyDecision]
) -> CopyDecision | None:
    """Return the copy to which the others give way, or None if it must be imported first.

    Args:
        decisions: the ordinary copies', oldest first.
        every: these and the superseded ones', oldest first.
    """
    candidates = (
        *(each for each in decisions if each.copy.is_used and each.stays),
        *(each for each in every if each.action is Action.KEEP),
        *(each for each in decisions if each.action is Action.REIMPORT),
    )
    return candidates[0] if candidates else None


def _steps(
    decisions: Sequence[CopyDecision],
    target: CopyDecision | None,
    goal: RegionGoal,
    parameters: Mapping[Parameter, str | None],
) -> Iterator[Step]:
    """Yield the steps: what stays is made right, then dependents move, then the rest is marked."""
    staying = [each for each in decisions if each.copy.is_used and each.stays]
    if target is None:
        yield Import(because=_why_imported(decisions))
    elif target not in staying:
        staying.append(target)
    for each in staying:
        yield from _make_right(each, goal)
    to_arn = target.copy.arn if target else NEW_COPY
    leaving = [each for each in decisions if each not in staying]
    began = _began(decisions, goal.now)
    for each in leaving:
        yield from _moves(each, to_arn, goal.now, began)
    for each in leaving:
        if any(why_stranded(each.copy, dependent, goal.now) for dependent in each.copy.dependents):
            continue
        if may_have_left(each.copy, began, goal.now):
            yield Await(arn=each.copy.arn, because="ACM may name what has left it for a while")
            continue
        because = "its dependents move" if each.copy.is_used else "nothing uses it"
        yield MarkSuperseded(
            arn=each.copy.arn, by_arn=to_arn, because=f"{because}, and {to_arn} has the material"
        )
    if goal.publication is not None:
        yield from _publish(staying, to_arn, goal.publication, parameters)


def _publish(
    staying: Sequence[CopyDecision],
    to_arn: str,
    publication: Publication,
    parameters: Mapping[Parameter, str | None],
) -> Iterator[Step]:
    """Yield what has the parameters hold the ARN of a copy that stays, unless they do.

    The copy that they name now is kept, as long as it stays. What a parameter that cannot be read
    holds is known by the tag of the copy: a Region without an answer hinders no other one.
    """
    published = _published(staying, publication, parameters)
    is_tagged = published is not None and publication.is_held_by(published.tags)
    arn = published.arn if published else to_arn
    unread = arn if is_tagged else None
    differing = [each for each in publication.parameters if parameters.get(each, unread) != arn]
    if differing:
        because = f"its ARN is to be in {', '.join(map(str, differing))}"
    elif not is_tagged:
        because = "the copy is not tagged as published"
    else:
        return
    yield Publish(arn=arn, because=because, publication=publication)


def _published(
    staying: Sequence[CopyDecision],
    publication: Publication,
    parameters: Mapping[Parameter, str | None],
) -> Copy | None:
    """Return the copy that stays and whose own parameter holds its ARN."""
    own = publication.parameters[0]
    for each in staying:
        copy = each.copy
        unread = copy.arn if publication.is_held_by(copy.tags) else None
        if parameters.get(own, unread) == copy.arn:
            return copy
    return None


def _began(decisions: Sequence[CopyDecision], now: datetime) -> int | None:
    """Return when dependents began to move to a copy with the material, in epoch seconds."""
    copies = (each.copy for each in decisions if each.action is Action.KEEP)
    begun = (each.moving_since(now) for each in copies if each.marks.moving_since is not None)
    return max((each for each in begun if each is not None), default=None)


def _moves(decision: CopyDecision, to_arn: str, now: datetime, began: int | None) -> Iterator[Step]:
    """Yield what is recorded before the first dependent moves, then what becomes of each."""
    copy = decision.copy
    stays = {each.arn: why_stranded(copy, each, now) for each in copy.dependents}
    is_undone = any(was_undone(each, began) for each in copy.dependents if not stays[each.arn])
    if not all(stays.values()) and copy.marks.tags_before_moving(now, is_undone=is_undone):
        is_back = copy.marks.is_superseded or is_undone
        because = "it was put back" if is_back else "its dependents begin to move"
        yield MarkLeaving(arn=copy.arn, because=because, is_undone=is_undone)
    for dependent in copy.dependents:
        stranded = stays[dependent.arn]
        if stranded:
            yield Strand(dependent=dependent, to_arn=to_arn, because=stranded)
        else:
            yield Move(dependent=dependent, to_arn=to_arn, because=decision.because)


def _why_imported(decisions: Sequence[CopyDecision]) -> str:
    if not decisions:
        return "the Region has no copy"
    return f"no copy can take the material: {decisions[0].because}"


def _make_right(decision: CopyDecision, goal: RegionGoal) -> Iterator[Step]:
    """Yield what makes a copy present the material and say so."""
    copy = decision.copy
    if copy.marks.superseded_by is not None:
        yield Unmark(arn=copy.arn, because="it is to be used again")
    if decision.action is Action.REIMPORT:
        yield Reimport(arn=copy.arn, because=decision.because)
    yield from _confirmations(decision, goal)
    differing = [key for key, value in goal.tags.own.items() if copy.tags.get(key) != value]
    if differing or decision.action is Action.REIMPORT:
        version = goal.material.version
        yield Tag(arn=copy.arn, because=f"it then carries version {version}")


def _confirmations(decision: CopyDecision, goal: RegionGoal) -> Iterator[Step]:
    """Yield a question to each dependent that may not take a reimport with another issuer.

    Who issued what an unfinished run has replaced is not known any more: then all are asked.
    """
    copy = decision.copy
    is_unfinished = copy.marks.version != goal.material.version
    is_other = changes_issuer(copy.presented.leaf, goal.material)
    is_due = is_other if decision.action is Action.REIMPORT else is_unfinished
    for each in copy.dependents if is_due else ():
        if each.keeps_issuer:
            because = "with mutual TLS, a reimport must keep the issuer"
            yield Confirm(dependent=each, to_arn=copy.arn, because=because)


def _findings(decisions: Sequence[CopyDecision], goal: RegionGoal) -> Iterator[Finding]:
    began = _began(decisions, goal.now)
    for decision in decisions:
        yield from decision.findings
        if decision.action is Action.REIMPORT:
            yield from check_taking(decision.copy, goal.material)
        elif decision.action is Action.REPLACE:
            yield from check_moving(decision.copy, goal.material, goal.now, began)
        if decision.copy.marks.is_superseded:
            yield reverted(decision.copy.arn, decision.copy.marks, goal.now)


def users_decide(copies: Sequence[Copy], goal: RegionGoal, kinds: Iterable[DependentKind]) -> bool:
    """Return whether it matters for the plan who presents these copies.

    A single copy that ACM lets us reimport is reimported whoever presents it, unless a kind of
    dependent may show the reimport too late, or not accept the material. Otherwise asking would
    cost calls for each copy at each renewal and change nothing.

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
    decision = _decision(copy, goal)
    if decision.action is Action.REPLACE:
        return True
    if copy.in_use is False:
        return False
    if decision.action is Action.KEEP:
        # An earlier run may have died before it asked: see `_confirmations`.
        is_unfinished = copy.marks.version != goal.material.version
        return is_unfinished and any(each.may_keep_issuer for each in kinds)
    return any(may_object(each, copy, goal.material, goal.now) for each in kinds)
