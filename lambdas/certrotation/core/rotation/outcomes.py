"""The outcome of a rotation, by Region and as a whole, and what becomes of its message."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from certrotation.core.findings import Code
from certrotation.core.rotation.plan import Import, MarkSuperseded, Move, Tag
from certrotation.core.rotation.rendering import describe_step, plan_to_json
from certrotation.errors import CertRotationError, TransientError, Unreachable
from certrotation.names import metrics
from certrotation.values import dataclass, field, replace

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from cryptography import x509

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

The first delays are short, so that from the third receive on the next Region is the canary. The
later ones are long enough that the queue gives up no message during an outage of hours: the outage
has an alarm of its own, and every scan queues again what is due then. No delay is longer than
`RotationStalled` takes to page, and none follows the last receive: otherwise the page would come
long after the outage.
"""

WAIT = timedelta(minutes=5)
"""How long to wait for a dependent that accepts no change now."""

LONGEST_WAIT = timedelta(hours=1)
"""How long one waiting message follows another; the next scan queues a new one.

Twelve in a row are also fewer than the sixteen that Lambda treats as a recursive loop (Lambda
Developer Guide, "Use Lambda recursive loop detection").
"""


class Status(StrEnum):
    """The progress of a Region, or of the whole rotation."""

    DONE = "done"
    PLANNED = "planned"
    """Nothing was changed: the secret is on hold, or the mode is report."""
    WAITING = "waiting"
    """A dependent accepts no change now."""
    NOT_STARTED = "held_back"
    """The canary has not succeeded yet."""
    STRANDED = "stranded"
    """A dependent still names the old copy."""
    AWAITING_ISSUANCE = "awaiting_issuance"
    """The secret has a request to an issuer, and no certificate yet."""
    REFUSED = "refused"
    FAILED = "failed"
    """The message is tried again."""


_GRAVITY = (
    Status.FAILED,
    Status.REFUSED,
    Status.STRANDED,
    Status.NOT_STARTED,
    Status.WAITING,
    Status.PLANNED,
    Status.AWAITING_ISSUANCE,
    Status.DONE,
)


class Disposition(StrEnum):
    """What becomes of the message."""

    ACKNOWLEDGE = "acknowledge"
    RETURN = "return"
    """It becomes visible again after a delay, and its receive count rises."""
    REQUEUE = "requeue"
    """A new message takes its place, so that waiting uses up no receives."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stranded:
    """A dependent that still names the old copy after a move."""

    dependent: str
    because: str
    is_settled: bool
    """Whether the new copy is old enough for this to be more than a move under way."""
    since: int | None = None
    """The first moment at which it can have been stranded, in epoch seconds; None if unknown."""
    objects: bool = True
    """Whether it may object to the material: then the Regions after the canary are not changed.

    A dependent that is busy, or that somebody puts back, says nothing about the material.
    """


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
    """AWS's messages that made another plan necessary."""
    error: CertRotationError | None = None
    is_only_unpublished: bool = False
    """Whether the error says only that the ARN could not be published: the copy is live."""
    live: tuple[str, ...] = ()
    """The ARNs of the copies that stay, if the plan was applied."""
    replaced: tuple[str, ...] = ()
    """The ARNs of the copies that these replace, superseded since the secret's last change."""

    @property
    def went_live(self) -> bool:
        """Whether a copy got the material, and the tag that says so."""
        return any(isinstance(step, (Import, Tag)) for step in self.performed)

    @property
    def completes_version(self) -> bool:
        """Whether this run did something for the version to be live, or to be presented.

        A dependent that is moved once more, because somebody put it back, is no part of that.
        """
        is_put_back = any(each.code is Code.DEPENDENT_REVERTED for each in self.findings)
        is_moved = any(isinstance(step, (Move, MarkSuperseded)) for step in self.performed)
        return self.went_live or (is_moved and not is_put_back)

    @property
    def left(self) -> tuple[Finding, ...]:
        """The findings on certificates in use that the rotation passed over."""
        return tuple(each for each in self.findings if each.code is Code.LIVE_CERTIFICATE_LEFT)

    @property
    def lets_others_follow(self) -> bool:
        """Whether the other Regions are changed after this one, if this one is the canary."""
        if self.status is Status.STRANDED:
            return not any(each.objects for each in self.stranded)
        return self.status in {Status.DONE, Status.WAITING} or self.is_only_unpublished

    @classmethod
    def of_error(cls, region: str, error: CertRotationError) -> RegionOutcome:
        """Return the outcome of a Region that could not be read."""
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
    """On the secret and the material; a Region's findings are part of its outcome."""
    regions: tuple[RegionOutcome, ...] = ()
    error: CertRotationError | None = None
    described: ManagedSecret | None = None
    """The secret, if it could be described."""
    current_copies: Mapping[str, tuple[CurrentCopy, ...]] = field(default_factory=dict)
    """The copies before the rotation, for each Region that could be read."""
    leaf: x509.Certificate | None = None
    """The certificate of the material, if every Region was planned."""
    unannounced: CertRotationError | None = None
    """Why the event about the outcome could not be put, if that is tried again."""

    @classmethod
    def of_error(cls, secret: str, error: CertRotationError) -> RotationOutcome:
        """Return the outcome of a rotation that failed before there was a plan."""
        return cls(secret=secret, status=status_of(error), error=error)

    @classmethod
    def of_regions(cls, plan: Plan, regions: tuple[RegionOutcome, ...]) -> RotationOutcome:
        """Return the outcome of an applied plan, with the status of its worst Region."""
        statuses = {each.status for each in regions}
        gravest = next((each for each in _GRAVITY if each in statuses), Status.DONE)
        return cls(
            secret=plan.secret,
            status=gravest,
            plan=plan,
            findings=plan.findings,
            regions=regions,
        )

    @property
    def concerns_people(self) -> bool:
        """Whether a person must act: a Region, or all of it, is refused or stranded."""
        statuses = {self.status, *(each.status for each in self.regions)}
        return not statuses.isdisjoint({Status.REFUSED, Status.STRANDED})

    @property
    def comes_back(self) -> bool:
        """Whether the message returns to the queue, so that another outcome follows."""
        return self.disposition is Disposition.RETURN

    @property
    def disposition(self) -> Disposition:
        """What becomes of the message."""
        if self.status is Status.FAILED or self.unannounced is not None:
            return Disposition.RETURN
        if any(each.status is Status.WAITING for each in self.regions):
            return Disposition.REQUEUE
        return Disposition.ACKNOWLEDGE

    def delay(self, receives: int) -> timedelta:
        """Return how long a returned message stays invisible.

        The delay doubles with each receive, and is at least as long as the error asks for. The
        latter alone could use up all receives within minutes. An outage has delays of its own.

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
        """Whether every unfinished Region failed because a service gave no answer.

        If a Region is refused, people are notified when the message is finished: see
        core/notify/schedule.py.
        """
        unfinished = [each.error for each in self.regions if each.status is not Status.DONE]
        return all(isinstance(each, Unreachable) for each in unfinished or [self.error])

    @property
    def _planned_findings(self) -> tuple[Finding, ...]:
        return self.plan.all_findings if self.plan else self.findings

    def metrics(self) -> dict[str, int]:
        """Return what is counted of this rotation, zeros included."""
        stranded = [each for region in self.regions for each in region.stranded]
        statuses = {self.status, *(each.status for each in self.regions)}
        return {
            metrics.ROTATION_SUCCEEDED: int(self.status is Status.DONE),
            # Stranded Regions are not refused; another metric counts them.
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
            "findings": [each.to_json() for each in self._planned_findings],
            "regions": [each.to_json() for each in self.regions],
            "plan": plan_to_json(self.plan) if self.plan else None,
        }


def follow_up(
    request: RotationRequest, outcome: RotationOutcome, now: datetime
) -> RotationRequest | None:
    """Return the message that replaces one whose work must wait, or None if there is none.

    Args:
        request: the message that was processed.
        outcome: its outcome.
        now: the present time.
    """
    at = int(now.timestamp())
    # Anybody can write a message: a time in the future is ignored.
    since = min(request.waiting_since or at, at)
    if outcome.disposition is not Disposition.REQUEUE or at - since >= LONGEST_WAIT.total_seconds():
        return None
    return replace(request, version=None, snapshot=None, waiting_since=since)
