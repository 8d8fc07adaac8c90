"""Moves dependents to another ARN, and keeps book of those that stay where they are."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from certrotation.core.rotation.outcomes import Stranded
from certrotation.errors import (
    AccessDenied,
    DependentBusy,
    DependentFull,
    DependentRefused,
    NotSeenYet,
    NotYet,
    Rejected,
    without_frames,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from certrotation.core.estate.inventory import Copy, Dependent
    from certrotation.core.rotation.plan import Confirm, Move, Strand
    from certrotation.errors import CertRotationError
    from certrotation.workflows.ports import DependentService, Region

STRANDED_AFTER = timedelta(hours=1)
"""How old a new copy is when a dependent that has not come to it is no move under way."""


BUSY_FOR = timedelta(hours=6)
"""How long after the move began a dependent that takes no change is stranded.

While a rotation moves some dependents and others must wait, the move begins anew: an account's rate
may let many dependents wait for longer, one after the other.
"""

SEEN_AFTER = timedelta(minutes=10)
"""How old a certificate is when a service that does not know it will not come to know it.

Practitioners wait a minute for CloudFront (terraform-provider-aws, pull request 4698).
"""

SEEN_REMEDY = "Put material into the secret that this dependent takes."


@dataclass(slots=True, kw_only=True)
class Moves:
    """The moves of one plan in one Region."""

    region: Region
    copies: tuple[Copy, ...]
    """Those that the plan was made for."""
    now: datetime
    marked: Mapping[str, int]
    """When this run recorded on a copy that dependents move to or from it, in epoch seconds."""
    stranded: list[Stranded] = field(default_factory=list)
    waiting_for: list[str] = field(default_factory=list)
    not_left: set[str] = field(default_factory=set)
    """ARNs that a dependent still names."""
    waited_with: set[str] = field(default_factory=set)
    """ARNs that a busy dependent has yet to come to."""
    unsettled: NotYet | None = None
    """The first dependent that somebody else was changing."""

    def move(self, step: Move) -> bool:
        """Move a dependent, and return whether it has left its old certificate.

        What keeps this one does not keep the others: it is noted, and they are moved.

        Raises:
            DependentRefused: the service does not take the new certificate; or a dependent that
                shows a reimport late cannot be changed, for whatever reason.
            Throttled, Unreachable: the service answers nobody now.
        """
        try:
            return self._move(step)
        except NotSeenYet as unseen:
            if self._exists_for(step.to_arn, SEEN_AFTER):
                raise DependentRefused(unseen.found, SEEN_REMEDY) from unseen
            self._wait(step, unseen.found)
        except DependentBusy as busy:
            self._wait_or_strand(step, busy)
        except NotYet as unsettled:
            self.not_left.add(step.arn)
            self.unsettled = self.unsettled or without_frames(unsettled)
        except (AccessDenied, DependentFull, Rejected) as error:
            self._give_up(step, error, error.found)
        return False

    def confirm(self, step: Confirm) -> bool:
        """Return whether a dependent takes what was reimported; if not, it is stranded."""
        complaint = self._service(step.dependent).complaint(step.dependent)
        if complaint is None:
            return True
        self.strand(step, f"it does not take what was reimported: {complaint}")
        return False

    def _move(self, step: Move) -> bool:
        service = self._service(step.dependent)
        service.move(step.dependent, step.to_arn)
        if service.still_presents(step.dependent):
            self.strand(step, "it still names the old certificate after the move")
            return False
        return True

    def _wait(self, step: Move, because: str) -> None:
        self.not_left.add(step.arn)
        self.waiting_for.append(f"{step.dependent}: {because}")

    def _wait_or_strand(self, step: Move, busy: DependentBusy) -> None:
        """Wait for a dependent that takes no change now; after hours of it, give up.

        If nothing says when the move began, it counts as begun long ago: otherwise nobody would
        ever be notified. A new import records the time, so that this is a copy of an earlier
        version, for which ACM does not say either when it was created.
        """
        began = self._began(step)
        gives_up = 0 if began is None else began + int(BUSY_FOR.total_seconds())
        if int(self.now.timestamp()) < gives_up:
            self.waited_with.add(step.to_arn)
            self._wait(step, busy.found)
            return
        because = f"{busy.found} It has not become free for six hours."
        self._give_up(step, busy, because, since=gives_up)

    def _give_up(
        self, step: Move, error: CertRotationError, because: str, since: int | None = None
    ) -> None:
        """Strand a dependent; one that shows a reimport late may still get a reimport in place.

        Raises:
            DependentRefused: whatever keeps the dependent where it is does not keep its certificate
                from a reimport.
        """
        if step.dependent.kind.reimport_lead is not None:
            raise DependentRefused(because, error.remedy, since=since) from error
        self.strand(step, because, since, objects=not isinstance(error, DependentBusy))

    def strand(
        self,
        step: Confirm | Move | Strand,
        because: str,
        since: int | None = None,
        *,
        objects: bool = True,
    ) -> None:
        """Note that a dependent stays, so that its certificate is kept and a person is notified.

        Args:
            step: the step that names the dependent.
            because: why it stays.
            since: the first moment at which it can have been stranded, in epoch seconds.
            objects: whether it may object to the material.
        """
        self.not_left.add(step.arn)
        self.stranded.append(
            Stranded(
                dependent=str(step.dependent),
                because=because,
                is_settled=self._exists_for(step.to_arn, STRANDED_AFTER),
                since=since,
                objects=objects,
            )
        )

    def _began(self, step: Move) -> int | None:
        """Return when the move began, in epoch seconds, or None if nothing says when.

        A certificate that this run adopted is none of the copies: the move begins now.
        The new copy's tag records when it was imported, or taken into use again. What the old copy
        records may be later: a dependent was put back, or was found on a copy that a person tagged
        (one without a version: the tag of any other tells of moves to that copy).
        """
        leaving, target = self._copy(step.arn), self._copy(step.to_arn)
        recorded = (
            target.moving_since(self.now) if target else int(self.now.timestamp()),
            leaving.marks.reverted if leaving else None,
            leaving.marks.moving_since if leaving and leaving.marks.version is None else None,
            self.marked.get(step.arn),
            self.marked.get(step.to_arn),
        )
        past = (each for each in recorded if each is not None and each <= self.now.timestamp())
        return max(past, default=None)

    def _exists_for(self, arn: str, span: timedelta) -> bool:
        """Return whether a copy is so old; one of which nothing says when it was made is old."""
        copy = self._copy(arn)
        if copy is None or copy.created_at is not None:
            return copy is not None and copy.is_older(span, self.now)
        since = copy.moving_since(self.now)
        return since is None or self.now.timestamp() - since >= span.total_seconds()

    def _copy(self, arn: str) -> Copy | None:
        return next((each for each in self.copies if each.arn == arn), None)

    def _service(self, dependent: Dependent) -> DependentService:
        return next(
            each
            for each in self.region.dependents
            if dependent.kind in each.kinds and each.region == dependent.region
        )
