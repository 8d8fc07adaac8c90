"""The evaluation periods of alarms, derived from the scan interval.

CloudWatch's rules for periods are enforced here, so that every valid `StackConfig` gives alarms
that can be created.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Self

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)

LATE = 10 * MINUTE
"""How long after their time metrics may arrive. An alarm that evaluates fewer minutes may never
see them: no document says how many periods CloudWatch retrieves beyond those that it evaluates."""

_JITTER = 2 * MINUTE
"""How much later than expected a scan may end: the schedule's precision of a minute, a cold start,
and the minute before the retry of a failed scan."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """`datapoints` of the last `periods` must breach, each a statistic over one `period`.

    Raises:
        ValueError: CloudWatch would reject the evaluation.
    """

    period: timedelta
    periods: int
    datapoints: int

    def __post_init__(self) -> None:
        # CloudWatch API Reference, PutMetricAlarm: Period, and the longest sum of periods.
        longest = DAY if self.period < HOUR else 7 * DAY
        if self.period % MINUTE or not MINUTE <= self.period <= DAY:
            raise ValueError(f"a period must be whole minutes up to a day, not {self.period}")
        if self.periods * self.period > longest:
            raise ValueError(f"{self.periods} periods of {self.period} exceed {longest}")

    @classmethod
    def every(cls, period: timedelta, number: int) -> Self:
        """Each of the last `number` periods breaches."""
        return cls(period=period, periods=number, datapoints=number)

    @classmethod
    def lasting(cls, span: timedelta, shortest: timedelta) -> Self:
        """Each period of `span` breaches, from its first breach to its last.

        The periods are at least `shortest`, and lengthened so that whole ones make up the span.
        """
        number = max(span // shortest, 1)
        whole = _periods(span, number * MINUTE) * MINUTE
        return cls.every(max(whole, shortest), 1 + number)

    @classmethod
    def newest(cls, period: timedelta, kept: int = 1) -> Self:
        """One of the newest `kept` periods with a value breaches, also if the value is late.

        The expression of the alarm must drop older periods (see `newest_of`).
        """
        return cls(period=period, periods=_periods(LATE, period) + 1 + kept, datapoints=1)


@dataclass(frozen=True, slots=True)
class Cadence:
    """The periods that follow from the interval between two scans."""

    interval: timedelta

    @property
    def beat(self) -> timedelta:
        """A period that contains a scan wherever it begins, as long as scans run.

        The window of an alarm slides (CloudWatch User Guide, Alarm evaluation window): a period
        of exactly one interval would sometimes contain no scan, if a scan ends later than the
        previous one, or its metrics arrive late. A period is at most a day.
        """
        return min(self.interval + _JITTER + LATE, DAY)

    @property
    def trend(self) -> timedelta:
        """The period of a graph: a beat in whole hours.

        After 63 days CloudWatch keeps only hourly values, and returns nothing for a period that is
        not whole hours (CloudWatch API Reference, GetMetricData, Period).
        """
        return min(_periods(self.beat, HOUR) * HOUR, DAY)

    @property
    def shown(self) -> timedelta:
        """The default time range of graphs: a week, or thirty scans if that is longer."""
        return _periods(max(7 * DAY, 30 * self.interval), DAY) * DAY

    def until(self, span: timedelta, *, shortest: timedelta = MINUTE) -> Evaluation:
        """Every scan of at least `span` breaches, in periods of a beat or of `shortest`."""
        return Evaluation.lasting(span, max(self.beat, shortest))

    def in_a_row(self, beats: int) -> Evaluation:
        """Every scan of `beats` beats breaches."""
        return Evaluation.every(self.beat, beats)

    def since_a_scan(self) -> Evaluation:
        """Three intervals since the last scan, and a little more, are four of five periods.

        Five, so that the last scan is in the oldest of them when four have passed: CloudWatch may
        retrieve no period beyond those that it evaluates.
        """
        longest = 3 * self.interval + LATE
        return Evaluation(period=longest // 4 // MINUTE * MINUTE, periods=5, datapoints=1)

    def events(self) -> Evaluation:
        """One event in two intervals is enough: the alarm clears after two scans without one."""
        return Evaluation(period=min(self._remembered // 2, DAY), periods=2, datapoints=1)

    def events_by(self, period: timedelta) -> Evaluation:
        """As `events`, in shorter periods; in hours if CloudWatch allows no shorter ones.

        One period more, because the first has none before it to be compared with.
        """
        fits = self._remembered + period <= DAY
        used = period if fits else HOUR
        return Evaluation(period=used, periods=1 + _periods(self._remembered, used), datapoints=1)

    @property
    def _remembered(self) -> timedelta:
        """How long an event counts: two intervals, also if the second event is late."""
        return 2 * self.interval + _JITTER + LATE


def _periods(span: timedelta, period: timedelta) -> int:
    return -(-span // period)
