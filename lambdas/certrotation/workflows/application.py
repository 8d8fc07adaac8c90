"""Applies one Region's plan, reads back what it did, and looks again after a new import.

Nothing is ever deleted here, least of all after a failure: whatever a run leaves half-done, the
next run finds and finishes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, NoReturn, assert_never

from certrotation.core import tags
from certrotation.core.estate import HINT_SETTLES, DependentKind
from certrotation.core.outcomes import RegionOutcome, Status, Stranded, status_of
from certrotation.core.region_planning import Refusals
from certrotation.core.steps import (
    Adopt,
    Import,
    MarkSuperseded,
    Move,
    Reimport,
    Tag,
    Unmark,
)
from certrotation.errors import (
    AccessDenied,
    CertRotationError,
    DependentBusy,
    DependentFull,
    DependentRefused,
    NotYet,
    Rejected,
    TagsRefused,
    Vanished,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from certrotation.core.estate import Copy, RegionLook
    from certrotation.core.planning import Rotation
    from certrotation.core.steps import RegionPlan, Step
    from certrotation.workflows.observation import Observer
    from certrotation.workflows.ports import DependentService, Region

PERMISSIONS_SETTLE = timedelta(minutes=10)
"""How long after tagging a denial may mean that IAM has yet to see the tag."""


class _LookAgainError(Exception):
    """The steps that follow depend on what has just happened."""


@dataclass(slots=True, kw_only=True)
class RegionApplication:
    """One Region's plan being applied; `run` returns what came of it and raises nothing of ours."""

    region: Region
    look: RegionLook
    rotation: Rotation
    observer: Observer
    now: datetime
    performed: list[Step] = field(default_factory=list)
    moved: int = 0
    stranded: list[Stranded] = field(default_factory=list)
    waiting_for: list[str] = field(default_factory=list)
    not_left: set[str] = field(default_factory=set)
    """ARNs that a dependent still names."""
    imported: set[str] = field(default_factory=set)
    adopted: set[str] = field(default_factory=set)
    refusals: Refusals = field(default_factory=Refusals)

    def run(self, plan: RegionPlan) -> RegionOutcome:
        """Apply `plan`, looking and planning anew where a step changes what follows."""
        error: CertRotationError | None = None
        try:
            plan = self._apply(plan)
        except CertRotationError as caught:
            error = caught
        return RegionOutcome(
            region=plan.region,
            status=self._status(plan, error),
            performed=tuple(self.performed),
            moved=self.moved,
            stranded=tuple(self.stranded),
            waiting_for=tuple(self.waiting_for),
            findings=plan.findings,
            error=error,
        )

    def _status(self, plan: RegionPlan, error: CertRotationError | None) -> Status:
        if error is not None:
            return status_of(error)
        if plan.is_refused:
            return Status.REFUSED
        if self.stranded:
            return Status.STRANDED
        return Status.WAITING if self.waiting_for else Status.DONE

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
                return plan

    def _plan_again(self, plan: RegionPlan) -> RegionPlan:
        """Look directly and plan anew; a second import would mean that we cannot see the first."""
        self.stranded, self.waiting_for, self.not_left = [], [], set()
        self.look = self.observer.look_directly(self.region, known=self.imported)
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
            if step.arn not in self._freshly_tagged():
                raise
            raise NotYet(
                f"{error.found} {step.arn} was tagged minutes ago, which IAM may not see yet.",
                "If it stays denied, compare the rotate role with docs/operating.md.",
            ) from error

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
        service = self._service(step.dependent.kind)
        try:
            service.move(step.dependent, step.to_arn)
        except DependentBusy as busy:
            self.waiting_for.append(f"{step.dependent}: {busy.found}")
            self.not_left.add(step.arn)
            return False
        except DependentFull as full:
            return self._strand(step, full.found)
        except DependentRefused as refusal:
            return self._after_refusal(step, refusal)
        if service.still_presents(step.dependent):
            return self._strand(step, "it still names the old certificate after the move")
        self.moved += 1
        return True

    def _after_refusal(self, step: Move, refusal: DependentRefused) -> bool:
        """Let CloudFront's refusal of a new ARN lead to a reimport in place, once per copy."""
        is_edge = step.dependent.kind is DependentKind.DISTRIBUTION
        if is_edge and step.arn not in self.refusals.edge:
            self.refusals = self.refusals.with_edge(step.arn)
            raise _LookAgainError from refusal
        return self._strand(step, refusal.found)

    def _strand(self, step: Move, because: str) -> bool:
        target = next((each for each in self.look.copies if each.arn == step.to_arn), None)
        self.not_left.add(step.arn)
        self.stranded.append(
            Stranded(
                dependent=str(step.dependent),
                because=because,
                is_settled=_is_older(target, HINT_SETTLES, self.now),
            )
        )
        return False

    def _mark_superseded(self, step: MarkSuperseded) -> bool:
        """Mark the copy, unless a dependent has yet to leave it."""
        if step.arn in self.not_left:
            return False
        marks = {
            tags.SUPERSEDED_BY: step.by_arn,
            tags.SUPERSEDED_AT: str(int(self.now.timestamp())),
        }
        try:
            self.region.certificates.add_tags(step.arn, marks)
        except TagsRefused:
            self._make_room_for(marks, step.arn)
            self.region.certificates.add_tags(step.arn, marks)
        return True

    def _make_room_for(self, marks: Mapping[str, str], arn: str) -> None:
        """Take as many inherited tags off a copy as marks are to come: it has all ACM allows."""
        of_copy = next((each.tags for each in self.look.copies if each.arn == arn), {})
        inherited = sorted(of_copy.keys() - tags.own_tags(of_copy).keys())
        self.region.certificates.remove_tags(arn, inherited[-len(marks) :])

    def _service(self, kind: DependentKind) -> DependentService:
        return next(each for each in self.region.dependents if kind in each.kinds)

    def _freshly_tagged(self) -> set[str]:
        """Return the copies whose tags IAM may not see yet.

        Besides those of this run: created minutes ago, or adopted by a run that came no further.
        """
        known: Sequence[Copy] = self.look.copies
        return {
            *self.imported,
            *self.adopted,
            *(each.arn for each in known if each.marks.version is None),
            *(
                each.arn
                for each in known
                if each.created_at and not _is_older(each, PERMISSIONS_SETTLE, self.now)
            ),
        }


def _is_older(copy: Copy | None, span: timedelta, now: datetime) -> bool:
    return copy is not None and copy.created_at is not None and now - copy.created_at >= span
