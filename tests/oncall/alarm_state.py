"""The state that an alarm's data points lead to, missing ones included.

CloudWatch User Guide, Configuring how CloudWatch alarms treat missing data; its tables are the
tests. Where it leaves a case open, a comment says what is assumed.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


class State(StrEnum):
    """An alarm's state."""

    OK = "OK"
    ALARM = "ALARM"
    INSUFFICIENT_DATA = "INSUFFICIENT_DATA"


class Missing(StrEnum):
    """How missing data points are treated."""

    MISSING = "missing"
    IGNORE = "ignore"
    BREACHING = "breaching"
    NOT_BREACHING = "notBreaching"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """`datapoints` of `periods` must breach."""

    periods: int
    datapoints: int
    missing: Missing

    def state(self, points: Sequence[bool | None], current: State) -> State:
        """Return the state that follows.

        Args:
            points: the evaluation range, the newest last: whether each breaches, None if missing.
                It holds more periods than are evaluated.
            current: the state so far.
        """
        real = [each for each in points if each is not None]
        if len(real) >= self.periods:
            # The newest real ones, however far back; how missing ones are treated is not needed.
            return self._by_count(sum(real[-self.periods :]))
        match self.missing:
            case Missing.BREACHING:
                return self._by_count(sum(real) + self.periods - len(real))
            case Missing.NOT_BREACHING:
                return self._by_count(sum(real))
            case Missing.MISSING if not real:
                return State.INSUFFICIENT_DATA
            case Missing.MISSING | Missing.IGNORE:
                return self._of_few(points, real, current)

    def _by_count(self, breaching: int) -> State:
        return State.ALARM if breaching >= self.datapoints else State.OK

    def _of_few(self, points: Sequence[bool | None], real: list[bool], current: State) -> State:
        """Return the state from fewer real points than the rule evaluates."""
        if sum(real) >= self.datapoints:
            # In no table: as many as needed do breach, whatever the others may be.
            return State.ALARM
        if not all(real):
            return State.OK
        if self.missing is Missing.IGNORE or not self._is_old_enough(points):
            # That a lone breach does not yet mean ALARM is documented; that the state stays as it
            # is, is assumed.
            return current
        return State.ALARM

    def _is_old_enough(self, points: Sequence[bool | None]) -> bool:
        """Avoiding premature transitions to alarm state: the oldest breach decides.

        By the second table's last row it must be as old as the number of points to alarm.
        """
        oldest = next(index for index, each in enumerate(points) if each is not None)
        return len(points) - oldest >= self.datapoints
