"""The report of a look at the secrets with an issuer, as metrics and as one structured summary."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from certrotation.names import metrics
from certrotation.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from certrotation.core.findings import Finding
    from certrotation.core.issuance.cause import Cause
    from certrotation.core.issuance.issued import Issued
    from certrotation.core.issuance.renewal import Renewal

EXPLAINED = 200
"""How many secrets the summary explains (see core/scan/report.py)."""

REMINDER_SECONDS = 86_400

FIRST_IS_STALLED = timedelta(hours=24)
"""How long a first certificate may be awaited before its issuance is stalled."""

LASTS = timedelta(hours=2)
"""How long an error that may pass lasts before people are notified, as IssuanceFailing waits."""


class State(StrEnum):
    """What a look found of one secret."""

    CURRENT = "current"
    STARTED = "started"
    """Secrets Manager was told to rotate the secret."""
    UNDER_WAY = "under way"
    WAITING = "waiting"
    """The CA is asked again later."""
    FINISHED = "finished"
    """What an earlier rotation left behind was brought to its end."""
    REFUSED = "refused"
    FAILED = "failed"
    """AWS did not answer; the next look tries again."""
    HELD = "held"
    RELEASED = "released"
    """The secret lost its tag: the rotation was taken off."""
    LATER = "later"
    """One look starts only so many rotations."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """What a look found of one secret, and did."""

    secret: str
    state: State
    renewal: Renewal | None = None
    cause: Cause | None = None
    """Why the certificate is not issued, if anything is known to be wrong."""
    since: int | None = None
    """When the cause was first met, in epoch seconds."""
    is_noted: bool = False
    """Whether an attempt met the cause and noted it; otherwise the look did."""
    issued: Issued | None = None
    """The record of the current version's issuance."""
    left: timedelta | None = None
    """What was left of the current certificate when its renewal was due; None if it is the first
    one."""
    left_records: str = ""
    """A sentence on the records that stay in DNS; empty if none does."""

    @property
    def finding(self) -> Finding | None:
        """The cause, if a person must act."""
        return self.cause.finding if self.cause else None

    @property
    def error(self) -> str:
        """The cause, if a retry may end it."""
        return str(self.cause) if self.cause and not self.cause.needs_a_person else ""

    def is_due(self, now: datetime) -> bool:
        """Return whether the secret wants another certificate."""
        return self.renewal is not None and self.renewal.is_due(now)

    def is_stalled(self, now: datetime) -> bool:
        """Return whether the issuance is late.

        A renewal is late when it has been due for longer than a third of what was left then, a
        first certificate after a day.
        """
        if self.renewal is None or not self.is_due(now):
            return False
        return now - self.renewal.at > (FIRST_IS_STALLED if self.left is None else self.left / 3)

    def is_reminded(self, now: datetime, interval: timedelta) -> bool:
        """Return whether people are notified of the cause by this look: once a day.

        A finding of an attempt was mailed by the attempt. An error that may pass is mailed when it
        has lasted.
        """
        if self.cause is None or self.since is None:
            return False
        age = int(now.timestamp()) - self.since - self._first_mail_after()
        return age >= 0 and age % REMINDER_SECONDS < interval.total_seconds()

    def _first_mail_after(self) -> int:
        """Return after how many seconds the look mails the cause for the first time."""
        if self.cause is not None and not self.cause.needs_a_person:
            return int(LASTS.total_seconds())
        return REMINDER_SECONDS if self.is_noted else 0

    def to_json(self) -> dict[str, Any]:
        """Return what was found as JSON values."""
        renewal = self.renewal
        return {
            "secret": self.secret,
            "state": self.state.value,
            "renewal_at": int(renewal.at.timestamp()) if renewal else None,
            "rule": renewal.rule.value if renewal else None,
            "explanation": renewal.explanation if renewal else None,
            "finding": self.finding.to_json() if self.finding else None,
            "error": self.error or None,
            "left_records": self.left_records or None,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class LookReport:
    """The result of one look."""

    looked: Sequence[Looked]
    now: datetime

    def metrics(self) -> dict[str, int]:
        """Return the metrics, zeros included."""
        return {
            metrics.ISSUANCE_CHECKED: 1,
            metrics.RENEWALS_WANTED: sum(each.is_due(self.now) for each in self.looked),
            metrics.ISSUANCES_FAILING: sum(each.cause is not None for each in self.looked),
            metrics.ISSUANCES_STALLED: sum(each.is_stalled(self.now) for each in self.looked),
        }

    def summary(self) -> dict[str, Any]:
        """Return the summary that is logged and returned, as JSON values."""
        counted = {state.value: 0 for state in State}
        for each in self.looked:
            counted[each.state.value] += 1
        shown = [
            each for each in self.looked if each.state is not State.CURRENT or each.left_records
        ]
        return {
            "at": int(self.now.timestamp()),
            "states": counted,
            "secrets": [each.to_json() for each in shown[:EXPLAINED]],
            "unexplained": max(0, len(shown) - EXPLAINED),
            "metrics": self.metrics(),
        }
