"""Applies one Region's plan, reads back what it did, and looks again after a new import.

Nothing is ever deleted here, least of all after a failure: whatever a run leaves half-done, the
next run finds and finishes.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING, NoReturn, assert_never

from certrotation.core.estate.tags import own_tags
from certrotation.core.rotation.outcomes import RegionOutcome, Status, status_of
from certrotation.core.rotation.plan import (
    Adopt,
    Import,
    MarkSuperseded,
    Move,
    Reimport,
    Tag,
    Unmark,
)
from certrotation.core.rotation.region_planning import Rejections
from certrotation.errors import (
    AccessDenied,
    CertRotationError,
    DependentRefused,
    NotYet,
    Rejected,
    TagsFull,
    TagsRefused,
    Vanished,
    without_frames,
)
from certrotation.names import tags
from certrotation.workflows.move_dependents import Moves

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from certrotation.core.estate.inventory import RegionLook
    from certrotation.core.rotation.plan import RegionPlan, Step
    from certrotation.core.rotation.planning import Rotation
    from certrotation.workflows.observe import Observer
    from certrotation.workflows.ports import Region

PERMISSIONS_SETTLE = timedelta(minutes=10)
"""How long after tagging a denial may mean that IAM has yet to see the tag."""

PLANS_A_COPY = 3
"""A copy may lead to another plan when it is imported, when ACM rejects a reimport and when
a dependent that shows a reimport late cannot leave it; more means that the ground is moving."""


class _LookAgainError(Exception):
    """The steps that follow depend on what has just happened."""


@dataclass(slots=True, kw_only=True)
class RegionRotation:
    """One Region's plan being applied; `run` returns what came of it and raises nothing of ours."""

    region: Region
    look: RegionLook
    rotation: Rotation
    observer: Observer
    now: datetime
    performed: list[Step] = field(default_factory=list)
    moved: int = 0
    moves: Moves = field(init=False)
    imported: set[str] = field(default_factory=set)
    adopted: set[str] = field(default_factory=set)
    refusals: Rejections = field(default_factory=Rejections)
    notes: list[str] = field(default_factory=list)
    """What AWS said that made another plan necessary."""
    plans: int = 1

    def __post_init__(self) -> None:
        self.moves = self._no_moves_yet()

    def _no_moves_yet(self) -> Moves:
        return Moves(region=self.region, copies=self.look.copies, now=self.now)

    def run(self, plan: RegionPlan) -> RegionOutcome:
        """Apply `plan`, looking and planning anew where a step changes what follows."""
        error: CertRotationError | None = None
        try:
            plan = self._apply(plan)
        except CertRotationError as caught:
            error = without_frames(caught)
        return RegionOutcome(
            region=plan.region,
            status=self._status(plan, error),
            performed=tuple(self.performed),
            moved=self.moved,
            stranded=tuple(self.moves.stranded),
            waiting_for=tuple(self.moves.waiting_for),
            findings=plan.findings,
            notes=tuple(self.notes),
            error=error,
        )

    def _status(self, plan: RegionPlan, error: CertRotationError | None) -> Status:
        if error is not None:
            return status_of(error)
        if plan.is_refused:
            return Status.REFUSED
        if self.moves.stranded:
            return Status.STRANDED
        return Status.WAITING if self.moves.waiting_for else Status.DONE

    def _apply(self, plan: RegionPlan) -> RegionPlan:
        """Perform the steps, and return the plan that was performed last."""
        while True:
            try:
                for step in plan.steps:
                    if self._perform(step):
                        self.performed.append(step)
            except _LookAgainError:
                plan = self._plan_again(plan)
            else:
                if self.moves.unsettled:
                    raise self.moves.unsettled
                return plan

    def _plan_again(self, plan: RegionPlan) -> RegionPlan:
        """Look directly and plan anew; a second import would mean that we cannot see the first."""
        self.plans += 1
        if self.plans > PLANS_A_COPY * (len(self.look.copies) + 1):
            raise NotYet(
                f"{self.region.name} looked different at each of {self.plans} looks.",
                "The next run looks again; if it lasts, look for another writer.",
            )
        self.look = self.observer.look_directly(self.region, known=self.imported)
        self.moves = self._no_moves_yet()
        again = self.rotation.plan([self.look], self.now, self.refusals)
        if again.is_refused:
            return plan.refused_by(again.findings)
        (renewed,) = again.regions
        if self.imported and renewed.imports:
            raise NotYet(
                f"What was imported in {self.region.name} a moment ago is not visible yet.",
                "The next run finds it.",
            )
        return renewed.with_earlier_findings(plan.findings)

    def _perform(self, step: Step) -> bool:
        """Perform a step, and say whether it is done; a dependent may have to stay where it is."""
        try:
            return self._perform_one(step)
        except AccessDenied as error:
            if not self._is_freshly_tagged(step.arn):
                raise
            raise NotYet(
                f"{error.found} {step.arn} was tagged minutes ago, which IAM may not see yet.",
                "If it stays denied, compare the rotate role with docs/operating.md.",
            ) from error
        except Vanished as gone:
            self.notes.append(gone.found)
            raise _LookAgainError from gone

    def _perform_one(self, step: Step) -> bool:
        certificates = self.region.certificates
        match step:
            case Adopt():
                certificates.add_tags(step.arn, {tags.SECRET: self.rotation.secret.name})
                self.adopted.add(step.arn)
            case Unmark():
                certificates.remove_tags(step.arn, (tags.SUPERSEDED_BY, tags.SUPERSEDED_AT))
            case Reimport():
                self._reimport(step.arn)
            case Import():
                self._import(step)
            case Tag():
                self._tag(step.arn)
            case Move():
                return self._move(step)
            case MarkSuperseded():
                return self._mark_superseded(step)
            case _:
                assert_never(step)
        return True

    def _reimport(self, arn: str) -> None:
        """Reimport; what ACM itself refuses in place, against its rules as we know them, replace.

        Its documents leave open whether a first key usage may be added, for example.
        """
        try:
            self.region.certificates.reimport(arn, self.rotation.material)
        except Rejected as refusal:
            self.notes.append(refusal.found)
            self.refusals = self.refusals.with_reimport(arn, refusal.found)
            raise _LookAgainError from refusal
        self._read_back(arn)

    def _import(self, step: Import) -> NoReturn:
        """Import, read back, and have the Region looked at: another worker may have been there."""
        material, wanted = self.rotation.material, self.rotation.tags
        try:
            arn = self.region.certificates.import_new(material, wanted.all)
        except TagsRefused:
            arn = self.region.certificates.import_new(material, wanted.own)
        self.imported.add(arn)
        self.performed.append(step)
        self._read_back(arn)
        raise _LookAgainError

    def _tag(self, arn: str) -> None:
        """Tag with ours and the secret's; where those are refused, with ours alone."""
        try:
            self.region.certificates.add_tags(arn, self.rotation.tags.all)
        except TagsRefused:
            self.region.certificates.add_tags(arn, self.rotation.tags.own)

    def _read_back(self, arn: str) -> None:
        """Compare what ACM now holds with the material, byte for byte."""
        try:
            equal = self.region.certificates.presented(arn).equals(self.rotation.material)
        except Vanished:
            equal = False
        if not equal:
            raise NotYet(
                f"{arn} does not show what was imported under it.",
                "The next run reads it again; if it lasts, look for another writer.",
            )

    def _move(self, step: Move) -> bool:
        """Move a dependent; plan again, for a reimport, if one that shows it late cannot move."""
        try:
            has_left = self.moves.move(step)
        except DependentRefused as refusal:
            shows_late = step.dependent.kind.reimport_lead is not None
            if shows_late and step.arn not in self.refusals.moves:
                self.notes.append(refusal.found)
                self.refusals = self.refusals.with_move(step.arn)
                raise _LookAgainError from refusal
            self.moves.strand(step, refusal.found)
            return False
        self.moved += has_left
        return has_left

    def _mark_superseded(self, step: MarkSuperseded) -> bool:
        """Mark the copy, unless a dependent has yet to leave it."""
        if step.arn in self.moves.not_left:
            return False
        marks = {
            tags.SUPERSEDED_BY: step.by_arn,
            tags.SUPERSEDED_AT: str(int(self.now.timestamp())),
        }
        try:
            self.region.certificates.add_tags(step.arn, marks)
        except TagsFull:
            self._make_room_for(marks, step.arn)
            self.region.certificates.add_tags(step.arn, marks)
        return True

    def _make_room_for(self, marks: Mapping[str, str], arn: str) -> None:
        """Take as many inherited tags off a copy as marks are to come: it has all ACM allows."""
        of_copy = next((each.tags for each in self.look.copies if each.arn == arn), {})
        inherited = sorted(of_copy.keys() - own_tags(of_copy).keys())
        self.region.certificates.remove_tags(arn, inherited[-len(marks) :])

    def _is_freshly_tagged(self, arn: str) -> bool:
        """Say whether IAM may not see a copy's tags yet: it was made or adopted minutes ago.

        A copy without a version was adopted by a run that came no further.
        """
        if arn in self.imported or arn in self.adopted:
            return True
        copy = next((each for each in self.look.copies if each.arn == arn), None)
        if copy is None or copy.marks.version is None:
            return copy is not None
        if copy.created_at is None:  # nobody needed to know until now
            copy = replace(copy, created_at=self.region.certificates.detail(arn).created_at)
        return not copy.is_older(PERMISSIONS_SETTLE, self.now)
