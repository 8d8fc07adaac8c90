"""Moves dependents to another ARN, and keeps book of those that stay where they are."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from certrotation.core.outcomes import Stranded
from certrotation.errors import DependentBusy, DependentFull

if TYPE_CHECKING:
    from datetime import datetime

    from certrotation.core.estate import Copy, DependentKind
    from certrotation.core.steps import Move
    from certrotation.workflows.ports import DependentService, Region

STRANDED_AFTER = timedelta(hours=1)
"""How old a new copy is when a dependent that has not come to it is no move under way."""


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

    def move(self, step: Move) -> bool:
        """Move a dependent, and say whether it has left its old certificate.

        Raises:
            DependentRefused: the service does not take the new certificate.
        """
        service = self._service(step.dependent.kind)
        try:
            service.move(step.dependent, step.to_arn)
        except DependentBusy as busy:
            self.waiting_for.append(f"{step.dependent}: {busy.found}")
            self.not_left.add(step.arn)
            return False
        except DependentFull as full:
            self.strand(step, full.found)
            return False
        if service.still_presents(step.dependent):
            self.strand(step, "it still names the old certificate after the move")
            return False
        return True

    def strand(self, step: Move, because: str) -> None:
        """Note that a dependent stays, so that its certificate is kept and a person is told."""
        target = next((each for each in self.copies if each.arn == step.to_arn), None)
        self.not_left.add(step.arn)
        self.stranded.append(
            Stranded(
                dependent=str(step.dependent),
                because=because,
                is_settled=target is not None and target.is_older(STRANDED_AFTER, self.now),
            )
        )

    def _service(self, kind: DependentKind) -> DependentService:
        return next(each for each in self.region.dependents if kind in each.kinds)
