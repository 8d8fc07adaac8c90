"""The report of a look at the secrets with an issuer, as metrics and as one structured summary."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Any

from certrotation.names import metrics
from certrotation.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime, timedelta

    from certrotation.core.findings import Finding
    from certrotation.core.issuance.issued import Issued
    from certrotation.core.issuance.renewal import Renewal

EXPLAINED = 200
"""How many secrets the summary explains (see core/scan/report.py)."""

REMINDER_SECONDS = 86_400


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
    finding: Finding | None = None
    since: int | None = None
    """When the finding was first met, in epoch seconds."""
    error: str = ""
    issued: Issued | None = None
    """The record of the current version's issuance."""
    left: timedelta | None = None
    """What was left of the current certificate when its renewal was due."""

    def is_due(self, now: datetime) -> bool:
        """Return whether the secret wants another certificate."""
        return self.renewal is not None and self.renewal.is_due(now)

    def is_stalled(self, now: datetime) -> bool:
        """Return whether a renewal has been due for longer than a third of what was left."""
        if self.renewal is None or self.left is None or not self.is_due(now):
            return False
        return now - self.renewal.at > self.left / 3

    def is_reminded(self, now: datetime, interval: timedelta) -> bool:
        """Return whether people are notified of the finding by this look: once a day.

        A finding of an attempt was mailed by the attempt.
        """
        if self.finding is None or self.since is None:
            return False
        is_first_day = int(now.timestamp()) - self.since < REMINDER_SECONDS
        if self.state is State.WAITING and is_first_day:
            return False
        return (int(now.timestamp()) - self.since) % REMINDER_SECONDS < interval.total_seconds()

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
            metrics.ISSUANCES_FAILING: sum(
                each.finding is not None or each.state is State.FAILED for each in self.looked
            ),
            metrics.ISSUANCES_STALLED: sum(each.is_stalled(self.now) for each in self.looked),
        }

    def summary(self) -> dict[str, Any]:
        """Return the summary that is logged and returned, as JSON values."""
        counted = {state.value: 0 for state in State}
        for each in self.looked:
            counted[each.state.value] += 1
        shown = [each for each in self.looked if each.state is not State.CURRENT]
        return {
            "at": int(self.now.timestamp()),
            "states": counted,
            "secrets": [each.to_json() for each in shown[:EXPLAINED]],
            "unexplained": max(0, len(shown) - EXPLAINED),
            "metrics": self.metrics(),
        }
