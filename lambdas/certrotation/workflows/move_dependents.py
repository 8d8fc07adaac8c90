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
    from datetime import datetime

    from certrotation.core.estate.dependent_kinds import DependentKind
    from certrotation.core.estate.inventory import Copy
    from certrotation.core.rotation.plan import Move
    from certrotation.workflows.ports import DependentService, Region

STRANDED_AFTER = timedelta(hours=1)
"""How old a new copy is when a dependent that has not come to it is no move under way."""


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
    stranded: list[Stranded] = field(default_factory=list)
    waiting_for: list[str] = field(default_factory=list)
    not_left: set[str] = field(default_factory=set)
    """ARNs that a dependent still names."""
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
            if self._is_older(step.to_arn, SEEN_AFTER):
                raise DependentRefused(unseen.found, SEEN_REMEDY) from unseen
            self._wait(step, unseen.found)
        except DependentBusy as busy:
            self._wait(step, busy.found)
        except NotYet as unsettled:
            self.not_left.add(step.arn)
            self.unsettled = self.unsettled or without_frames(unsettled)
        except (AccessDenied, DependentFull, Rejected) as error:
            if step.dependent.kind.reimport_lead is not None:
                # Whatever keeps it where it is does not keep its certificate from a reimport.
                raise DependentRefused(error.found, error.remedy) from error
            self.strand(step, error.found)
        return False

    def _move(self, step: Move) -> bool:
        service = self._service(step.dependent.kind)
        service.move(step.dependent, step.to_arn)
        if service.still_presents(step.dependent):
            self.strand(step, "it still names the old certificate after the move")
            return False
        return True

    def _wait(self, step: Move, because: str) -> None:
        self.not_left.add(step.arn)
        self.waiting_for.append(f"{step.dependent}: {because}")

    def strand(self, step: Move, because: str) -> None:
        """Note that a dependent stays, so that its certificate is kept and a person is told."""
        self.not_left.add(step.arn)
        self.stranded.append(
            Stranded(
                dependent=str(step.dependent),
                because=because,
                is_settled=self._is_older(step.to_arn, STRANDED_AFTER),
            )
        )

    def _is_older(self, arn: str, span: timedelta) -> bool:
        return any(each.arn == arn and each.is_older(span, self.now) for each in self.copies)

    def _service(self, kind: DependentKind) -> DependentService:
        return next(each for each in self.region.dependents if kind in each.kinds)
