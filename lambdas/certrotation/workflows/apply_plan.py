"""Applies one Region's plan, reads back what it did, and plans again after a new import.

Nothing is ever deleted here, least of all after a failure: whatever a run leaves half-done, the
next run finds and finishes.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from enum import Enum
from typing import TYPE_CHECKING, assert_never

from certrotation.core.estate.inventory import HINT_SETTLES
from certrotation.core.estate.tags import Marks, own_tags
from certrotation.core.rotation.outcomes import RegionOutcome, Status, status_of
from certrotation.core.rotation.plan import (
    Adopt,
    Await,
    Confirm,
    Import,
    MarkLeaving,
    MarkSuperseded,
    Move,
    Publish,
    Reimport,
    Strand,
    Tag,
    Unmark,
)
from certrotation.core.rotation.region_planning import NO_REJECTIONS, Rejections
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

    from certrotation.core.estate.inventory import Copy, RegionLook
    from certrotation.core.material.bundle import Material
    from certrotation.core.rotation.plan import RegionPlan, Step
    from certrotation.core.rotation.planning import Rotation
    from certrotation.workflows.observe import Observer
    from certrotation.workflows.ports import Publisher, Region

PERMISSIONS_SETTLE = timedelta(minutes=10)
"""How long after tagging a denial may mean that IAM has yet to see the tag."""

PLANS_A_COPY = 3
"""A copy may lead to another plan when it is imported, when ACM rejects a reimport and when
a dependent that shows a reimport late cannot leave it; more means that the ground is moving."""


class StepResult(Enum):
    """What became of a step."""

    DONE = "done"
    SKIPPED = "skipped"
    """A dependent stays where it is; the steps that follow are taken all the same."""
    PLAN_AGAIN = "plan again"
    """The steps that follow depend on what has just happened."""


@dataclass(slots=True, kw_only=True)
class RegionRotation:
    """One Region's plan while it is applied; `run` raises no CertRotationError."""

    region: Region
    look: RegionLook
    plan: RegionPlan
    """The plan that is applied now; a later one takes over what the earlier ones found."""
    rotation: Rotation
    observer: Observer
    now: datetime
    publisher: Publisher | None = None
    has_canary_moved: bool = False
    """Whether dependents moved in the canary Region in this run."""
    performed: list[Step] = field(default_factory=list)
    moved: int = 0
    moves: Moves = field(init=False)
    imported: set[str] = field(default_factory=set)
    adopted: set[str] = field(default_factory=set)
    marked: dict[str, int] = field(default_factory=dict)
    """Copies on which this run recorded that dependents move to or from them, and when."""
    rejections: Rejections = NO_REJECTIONS
    notes: list[str] = field(default_factory=list)
    """AWS's messages that made another plan necessary."""
    plans: int = 1
    unpublished: CertRotationError | None = None
    """Why the ARN of a copy that is live could not be published."""

    def __post_init__(self) -> None:
        self.moves = self._no_moves_yet()

    def _no_moves_yet(self) -> Moves:
        return Moves(region=self.region, copies=self.look.copies, now=self.now, marked=self.marked)

    @property
    def _material(self) -> Material:
        """The material with the chain that fits this Region's dependents."""
        return self.rotation.material_for(self.look)

    def run(self) -> RegionOutcome:
        """Apply the plan; where a step changes what follows, read the Region and plan again."""
        error: CertRotationError | None = None
        try:
            self._apply()
        except CertRotationError as caught:
            error = without_frames(caught)
        return RegionOutcome(
            region=self.plan.region,
            status=self._status(error),
            performed=tuple(self.performed),
            moved=self.moved,
            stranded=tuple(self.moves.stranded),
            waiting_for=tuple(self.moves.waiting_for),
            findings=self.plan.findings,
            notes=tuple(self.notes),
            error=error or self.unpublished,
            is_only_unpublished=error is None and self.unpublished is not None,
            live=self._live(),
            replaced=self._replaced(),
        )

    def _live(self) -> tuple[str, ...]:
        """Return the ARNs of the copies that stay, by the plan that was applied last."""
        left = {each.arn for each in self.plan.steps if isinstance(each, MarkSuperseded)}
        reused = {each.arn for each in self.plan.steps if isinstance(each, Unmark)}
        return tuple(sorted({each.arn for each in self.plan.current} - left | reused))

    def _replaced(self) -> tuple[str, ...]:
        """Return the ARNs of the copies that were superseded since the secret's last change.

        An earlier run may have superseded them, so this run's own steps would not be enough.
        """
        changed = self.rotation.secret.last_changed
        times = range(int(changed.timestamp()), int(self.now.timestamp()) + 1) if changed else ()
        now = {each.arn for each in self.performed if isinstance(each, MarkSuperseded)}
        before = {
            each.arn
            for each in self.look.copies
            if each.marks.is_superseded and each.marks.superseded_at in times
        }
        return tuple(sorted((now | before) - set(self._live())))

    def _status(self, error: CertRotationError | None) -> Status:
        if error is not None:
            return status_of(error)
        if self.plan.is_refused:
            return Status.REFUSED
        if self.moves.stranded:
            return Status.STRANDED
        if self.moves.waiting_for:
            return Status.WAITING
        return status_of(self.unpublished) if self.unpublished else Status.DONE

    def _apply(self) -> None:
        while self._perform_steps() is StepResult.PLAN_AGAIN:
            self._plan_again()
        if self.moved or self.has_canary_moved:
            self._begin_waits_anew()
        if self.moves.unsettled:
            raise self.moves.unsettled

    def _perform_steps(self) -> StepResult:
        """Perform the plan's steps as far as they still fit, and return whether that is the end.

        That an ARN cannot be published hinders nothing else: the certificate is live.
        """
        self.unpublished = None
        for step in self.plan.steps:
            try:
                result = self._perform(step)
            except CertRotationError as error:
                if not isinstance(step, Publish):
                    raise
                self.unpublished, result = without_frames(error), StepResult.SKIPPED
            if result is StepResult.PLAN_AGAIN:
                return result
            if result is StepResult.DONE:
                self.performed.append(step)
        return StepResult.DONE

    def _plan_again(self) -> None:
        """Read the Region directly and plan again.

        Raises:
            NotYet: an import that was just made is not visible, so that the plan would import once
                more; or the Region differs at each look.
        """
        self.plans += 1
        if self.plans > PLANS_A_COPY * (len(self.look.copies) + 1):
            raise NotYet(
                f"{self.region.name} looked different at each of {self.plans} looks.",
                "The next run looks again; if it lasts, look for another writer.",
            )
        self.look, renewed = self.observer.plan_directly(
            self.region, self.imported, self.rejections
        )
        self.moves = self._no_moves_yet()
        whole = self.rotation.plan([renewed], self.now)
        earlier = self.plan.findings
        if whole.is_refused:
            self.plan = renewed.refused_by((*earlier, *whole.findings))
            return
        if self.imported and renewed.imports:
            raise NotYet(
                f"What was imported in {self.region.name} a moment ago is not visible yet.",
                "The next run finds it.",
            )
        self.plan = renewed.with_earlier_findings(earlier)

    def _perform(self, step: Step) -> StepResult:
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
            return StepResult.PLAN_AGAIN

    def _perform_one(self, step: Step) -> StepResult:
        match step:
            case Adopt():
                self._adopt(step.arn)
            case Unmark():
                self._unmark(step.arn)
            case Reimport():
                return self._reimport(step.arn)
            case Import():
                return self._import(step)
            case Tag():
                return self._tag(step.arn)
            case MarkLeaving():
                self._mark_leaving(step)
            case Await() | Confirm() | Move() | Strand():
                return self._perform_for_users(step)
            case MarkSuperseded():
                return self._mark_superseded(step)
            case Publish():
                self._publish(step)
            case _:
                assert_never(step)
        return StepResult.DONE

    def _perform_for_users(self, step: Await | Confirm | Move | Strand) -> StepResult:
        match step:
            case Await():
                self.moves.waiting_for.append(f"{step.arn}: {step.because}")
                return StepResult.SKIPPED
            case Confirm():
                return StepResult.DONE if self.moves.confirm(step) else StepResult.SKIPPED
            case Move():
                return self._move(step)
            case Strand():
                since = self._reverted_since(step)
                self.moves.strand(step, step.because, since, objects=False)
                return StepResult.SKIPPED
            case _:
                assert_never(step)

    def _adopt(self, arn: str) -> None:
        """Tag a certificate as a copy; its dependents move from now on, if they do."""
        self.region.certificates.add_tags(arn, {tags.SECRET: self.rotation.secret.name})
        self.adopted.add(arn)
        self.marked[arn] = int(self.now.timestamp())

    def _reimport(self, arn: str) -> StepResult:
        """Reimport; if ACM rejects that, against its rules as we know them, plan a replacement.

        ACM's documents leave open whether a first key usage may be added, for example.
        """
        try:
            self.region.certificates.reimport(arn, self._material)
        except Rejected as rejection:
            self.notes.append(rejection.found)
            self.rejections = self.rejections.with_reimport(arn, rejection.found)
            return StepResult.PLAN_AGAIN
        self._read_back(arn)
        return StepResult.DONE

    def _import(self, step: Import) -> StepResult:
        """Import, read back, and plan again: another worker may have imported meanwhile."""
        material, wanted = self._material, self.rotation.tags.for_import(self.now)
        try:
            arn = self.region.certificates.import_new(material, wanted.all)
        except TagsRefused:
            arn = self.region.certificates.import_new(material, wanted.own)
        self.imported.add(arn)
        self.performed.append(step)
        self._read_back(arn)
        return StepResult.PLAN_AGAIN

    def _tag(self, arn: str) -> StepResult:
        """Tag with ours and the secret's; where those are refused, with ours alone.

        A copy that a dependent does not take stays due, so that the dependent is asked again.
        """
        if arn in self.moves.not_left:
            return StepResult.SKIPPED
        try:
            self.region.certificates.add_tags(arn, self.rotation.tags.all)
        except TagsRefused:
            self.region.certificates.add_tags(arn, self.rotation.tags.own)
        return StepResult.DONE

    def _read_back(self, arn: str) -> None:
        """Compare what ACM now holds with the material, byte for byte."""
        try:
            equal = self.region.certificates.presented(arn).equals(self._material)
        except Vanished:
            equal = False
        if not equal:
            raise NotYet(
                f"{arn} does not show what was imported under it.",
                "The next run reads it again; if it lasts, look for another writer.",
            )

    def _move(self, step: Move) -> StepResult:
        """Move a dependent; plan again, for a reimport, if one that shows it late cannot move."""
        try:
            has_left = self.moves.move(step)
        except DependentRefused as rejection:
            shows_late = step.dependent.kind.reimport_lead is not None
            if shows_late and step.arn not in self.rejections.moves:
                self.notes.append(rejection.found)
                self.rejections = self.rejections.with_move(step.arn)
                return StepResult.PLAN_AGAIN
            # One that has been busy for hours knows since when; it objects to nothing.
            objects = rejection.since is None
            self.moves.strand(step, rejection.found, rejection.since, objects=objects)
            return StepResult.SKIPPED
        self.moved += has_left
        return StepResult.DONE if has_left else StepResult.SKIPPED

    def _mark_superseded(self, step: MarkSuperseded) -> StepResult:
        """Mark the copy, unless a dependent has yet to leave it."""
        if step.arn in self.moves.not_left:
            return StepResult.SKIPPED
        copy = self._copy(step.arn)
        marks = copy.marks if copy else Marks()
        self._mark(step.arn, marks.tags_after_moving(step.by_arn, self.now))
        return StepResult.DONE

    def _unmark(self, arn: str) -> None:
        """Take the marks of a superseded copy off; dependents begin to move to it now."""
        at = int(self.now.timestamp())
        self._mark(arn, {tags.MOVING_SINCE: str(at)})
        self.marked[arn] = at
        marks = (tags.SUPERSEDED_BY, tags.SUPERSEDED_AT, tags.REVERTED, tags.PARAMETER)
        self.region.certificates.remove_tags(arn, marks)

    def _publish(self, step: Publish) -> None:
        """Have the ARN parameters hold a copy's ARN, and record that on the copy.

        First the record is taken off every other copy: only the copy that they hold may have it.
        """
        if self.publisher is None:
            return
        for each in self.look.copies:
            if each.arn != step.arn and each.marks.parameter is not None:
                self.region.certificates.remove_tags(each.arn, (tags.PARAMETER,))
        self.publisher.publish(
            step.publication, step.arn, secret=self.rotation.secret.name, region=self.region
        )
        self._mark(step.arn, {tags.PARAMETER: step.publication.mark})

    def _begin_waits_anew(self) -> None:
        """Record that dependents still come to a copy, where some must wait and others moved."""
        at = int(self.now.timestamp())
        for arn in sorted(self.moves.waited_with - self.marked.keys()):
            copy = self._copy(arn)
            if copy is not None and copy.marks.moving_since != at:
                self._mark(arn, {tags.MOVING_SINCE: str(at)})

    def _mark_leaving(self, step: MarkLeaving) -> None:
        """Record on a copy that its dependents begin to leave."""
        copy = self._copy(step.arn)
        if copy is not None:
            marks = copy.marks.tags_before_moving(self.now, is_undone=step.is_undone)
            self._mark(step.arn, marks)
            self.marked[step.arn] = int(self.now.timestamp())

    def _reverted_since(self, step: Strand) -> int | None:
        """Return the first moment at which a scan can have seen that a copy is in use again.

        A copy that was never superseded is in use because of the dependent's last update.
        """
        copy = self._copy(step.arn)
        moved_at = copy.marks.superseded_at if copy else None
        if moved_at is not None:
            return moved_at + int(HINT_SETTLES.total_seconds())
        updated_at = step.dependent.updated_at
        return int(updated_at.timestamp()) if updated_at else None

    def _mark(self, arn: str, marks: Mapping[str, str]) -> None:
        try:
            self.region.certificates.add_tags(arn, marks)
        except TagsFull:
            self._make_room_for(marks, arn)
            self.region.certificates.add_tags(arn, marks)

    def _make_room_for(self, marks: Mapping[str, str], arn: str) -> None:
        """Take as many inherited tags off a copy as marks are to come: it has all ACM allows."""
        copy = self._copy(arn)
        of_copy = copy.tags if copy else {}
        inherited = sorted(of_copy.keys() - own_tags(of_copy).keys())
        self.region.certificates.remove_tags(arn, inherited[-len(marks) :])

    def _copy(self, arn: str) -> Copy | None:
        """Return one of the copies that were found, adopted ones included."""
        found = (*self.look.copies, *self.look.lookalikes)
        return next((each for each in found if each.arn == arn), None)

    def _is_freshly_tagged(self, arn: str) -> bool:
        """Return whether IAM may not see a copy's tags yet: it was made or adopted minutes ago.

        A copy without a version was adopted by a run that came no further.
        """
        if arn in self.imported or arn in self.adopted:
            return True
        copy = self._copy(arn)
        if copy is None or copy.marks.version is None:
            return copy is not None
        if copy.created_at is None:  # nobody needed to know until now
            copy = replace(copy, created_at=self.region.certificates.detail(arn).created_at)
        return not copy.is_older(PERMISSIONS_SETTLE, self.now)
