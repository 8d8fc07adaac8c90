"""What a rotation came to: per Region and as a whole, and what becomes of its message."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any, NamedTuple

from certrotation.core.rotation.rendering import describe_step, plan_to_json
from certrotation.errors import CertRotationError, TransientError, Unreachable
from certrotation.names import metrics

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from certrotation.core.estate.current_copies import CurrentCopy
    from certrotation.core.estate.inventory import ManagedSecret
    from certrotation.core.findings import Finding
    from certrotation.core.rotation.plan import Plan, Step
    from certrotation.core.rotation.request import RotationRequest

FIRST_DELAY = timedelta(minutes=1)
LONGEST_DELAY = timedelta(minutes=15)

OUTAGE_DELAYS = (
    timedelta(minutes=1),
    timedelta(minutes=2),
    timedelta(minutes=30),
    timedelta(hours=8),
)
"""How long a message stays unseen after each receive at which a service gave no answer.

Soon at first, so that from the third receive on the next Region is the canary. Then for so long
that an outage of hours gives nothing up: it has an alarm of its own, and what is due by then every
scan queues anew. Not for longer than `RotationStalled` takes to page, and not after the last
receive: the page would come when the outage may long be over.
"""

WAIT = timedelta(minutes=5)
"""How long a dependent that takes no change now is left alone."""

LONGEST_WAIT = timedelta(hours=1)
"""How long waiting messages follow one another; the next scan queues a new one.

Twelve in a row also stay below the sixteen at which Lambda takes a chain of messages for a loop
(Lambda Developer Guide, "Use Lambda recursive loop detection").
"""


class Status(StrEnum):
    """How far a Region, or the whole rotation, came."""

    DONE = "done"
    PLANNED = "planned"
    """Only: on hold, or in report mode."""
    WAITING = "waiting"
    """A dependent takes no change now."""
    HELD_BACK = "held_back"
    """Until the canary has succeeded."""
    STRANDED = "stranded"
    """A dependent still names the old copy."""
    REFUSED = "refused"
    FAILED = "failed"
    """To be tried again."""


_GRAVITY = (
    Status.FAILED,
    Status.REFUSED,
    Status.STRANDED,
    Status.HELD_BACK,
    Status.WAITING,
    Status.PLANNED,
    Status.DONE,
)


class Disposition(StrEnum):
    """What becomes of the message."""

    ACKNOWLEDGE = "acknowledge"
    RETURN = "return"
    """It is seen again after a delay, and counts as received once more."""
    QUEUE_ANEW = "queue anew"
    """A new message takes its place, so that waiting burns no retries."""


class Stranded(NamedTuple):
    """A dependent that still names the old copy after a move."""

    dependent: str
    because: str
    is_settled: bool
    """Whether the new copy is old enough for this to be more than a move under way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RegionOutcome:
    """What happened in one Region."""

    region: str
    status: Status
    performed: tuple[Step, ...] = ()
    moved: int = 0
    stranded: tuple[Stranded, ...] = ()
    waiting_for: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()
    notes: tuple[str, ...] = ()
    """What AWS said that made another plan necessary."""
    error: CertRotationError | None = None

    @classmethod
    def of_error(cls, region: str, error: CertRotationError) -> RegionOutcome:
        """Return the outcome of a Region that could not be looked at."""
        return cls(region=region, status=status_of(error), error=error)

    def to_json(self) -> dict[str, Any]:
        """Return the outcome as JSON values."""
        return {
            "region": self.region,
            "status": self.status.value,
            "performed": [describe_step(step) for step in self.performed],
            "moved": self.moved,
            "stranded": [f"{each.dependent}: {each.because}" for each in self.stranded],
            "waiting_for": list(self.waiting_for),
            "findings": [each.to_json() for each in self.findings],
            "notes": list(self.notes),
            "error": str(self.error) if self.error else None,
        }


def status_of(error: CertRotationError) -> Status:
    """Return the status that an error leaves behind."""
    return Status.FAILED if isinstance(error, TransientError) else Status.REFUSED


@dataclass(frozen=True, slots=True, kw_only=True)
class RotationOutcome:
    """What happened to one secret."""

    secret: str
    status: Status
    plan: Plan | None = None
    findings: tuple[Finding, ...] = ()
    regions: tuple[RegionOutcome, ...] = ()
    error: CertRotationError | None = None
    described: ManagedSecret | None = None
    """The secret as it was described, if it came to that."""
    live: Mapping[str, tuple[CurrentCopy, ...]] = field(default_factory=dict)
    """By Region, the copies as they were before; only of Regions that were looked at."""

    @classmethod
    def of_error(cls, secret: str, error: CertRotationError) -> RotationOutcome:
        """Return the outcome of a rotation that never came to a plan."""
        return cls(secret=secret, status=status_of(error), error=error)

    @classmethod
    def of_regions(cls, plan: Plan, regions: tuple[RegionOutcome, ...]) -> RotationOutcome:
        """Return the outcome of an applied plan: as grave as its gravest Region."""
        statuses = {each.status for each in regions}
        gravest = next((each for each in _GRAVITY if each in statuses), Status.DONE)
        return cls(
            secret=plan.secret,
            status=gravest,
            plan=plan,
            findings=plan.all_findings,
            regions=regions,
        )

    @property
    def concerns_people(self) -> bool:
        """Whether a person must look at it: it was refused or stranded, in whole or in a Region."""
        statuses = {self.status, *(each.status for each in self.regions)}
        return not statuses.isdisjoint({Status.REFUSED, Status.STRANDED})

    @property
    def comes_back(self) -> bool:
        """Whether the message is seen again, so that this is not the last of it."""
        return self.disposition is Disposition.RETURN

    @property
    def disposition(self) -> Disposition:
        """What becomes of the message."""
        if self.status is Status.FAILED:
            return Disposition.RETURN
        if any(each.status is Status.WAITING for each in self.regions):
            return Disposition.QUEUE_ANEW
        return Disposition.ACKNOWLEDGE

    def delay(self, receives: int) -> timedelta:
        """Return how long a returned message stays unseen: doubling, and at least as asked.

        What was asked for alone would burn all receives in minutes where it was too short. An
        outage has delays of its own.

        Args:
            receives: how often the message was received, this time included.
        """
        if self._is_outage and 1 <= receives <= len(OUTAGE_DELAYS):
            return OUTAGE_DELAYS[receives - 1]
        errors = [self.error, *(each.error for each in self.regions)]
        asked = [each.retry_after for each in errors if isinstance(each, TransientError)]
        doubled: timedelta = FIRST_DELAY * 2 ** min(max(receives - 1, 0), 10)
        return min(max([doubled, *filter(None, asked)]), LONGEST_DELAY)

    @property
    def _is_outage(self) -> bool:
        """Whether all that is left to do is what a service gave no answer to.

        Where a Region is refused, people hear when the message is done with: see the module
        core/notify/schedule.py.
        """
        unfinished = [each.error for each in self.regions if each.status is not Status.DONE]
        return all(isinstance(each, Unreachable) for each in unfinished or [self.error])

    def metrics(self) -> dict[str, int]:
        """Return what is counted of this rotation, zeros included."""
        stranded = [each for region in self.regions for each in region.stranded]
        statuses = {self.status, *(each.status for each in self.regions)}
        return {
            metrics.ROTATION_SUCCEEDED: int(self.status is Status.DONE),
            # Not those that stranded: nothing was refused, and they are counted by themselves.
            metrics.ROTATION_REFUSED: int(Status.REFUSED in statuses),
            metrics.ROTATION_FAILED: int(self.status is Status.FAILED),
            metrics.DEPENDENTS_MOVED: sum(each.moved for each in self.regions),
            metrics.DEPENDENTS_STRANDED: sum(each.is_settled for each in stranded),
        }

    def to_json(self) -> dict[str, Any]:
        """Return the outcome as JSON values."""
        return {
            "secret": self.secret,
            "status": self.status.value,
            "error": str(self.error) if self.error else None,
            "findings": [each.to_json() for each in self.findings],
            "regions": [each.to_json() for each in self.regions],
            "plan": plan_to_json(self.plan) if self.plan else None,
        }


def follow_up(
    request: RotationRequest, outcome: RotationOutcome, now: datetime
) -> RotationRequest | None:
    """Return the message that takes the place of one whose work must wait, if one should.

    Args:
        request: the message that was worked on.
        outcome: what came of it.
        now: the present time.
    """
    at = int(now.timestamp())
    # Anybody can write a message: a time to come is none.
    since = min(request.waiting_since or at, at)
    if (
        outcome.disposition is not Disposition.QUEUE_ANEW
        or at - since >= LONGEST_WAIT.total_seconds()
    ):
        return None
    return replace(request, version=None, snapshot=None, waiting_since=since)
