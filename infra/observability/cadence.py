"""How often and how long alarms look, as it follows from how often the scan runs.

CloudWatch's rules for a period and the number of periods are kept here, so that each configuration
that `StackConfig` takes gives alarms that can be created.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Self

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """`datapoints` of the last `periods` must breach, each a statistic over one `period`.

    Raises:
        ValueError: CloudWatch would not take it.
    """

    period: timedelta
    periods: int
    datapoints: int

    def __post_init__(self) -> None:
        # CloudWatch API Reference, PutMetricAlarm: Period, and what periods may come to together.
        longest = DAY if self.period < HOUR else 7 * DAY
        if self.period % MINUTE or not MINUTE <= self.period <= DAY:
            raise ValueError(f"a period is whole minutes up to a day, not {self.period}")
        if self.periods * self.period > longest:
            raise ValueError(f"{self.periods} periods of {self.period} exceed {longest}")

    @classmethod
    def every(cls, period: timedelta, number: int) -> Self:
        """Each of the last `number` periods breaches."""
        return cls(period=period, periods=number, datapoints=number)

    @classmethod
    def lasting(cls, span: timedelta, period: timedelta) -> Self:
        """Each period of at least `span` breaches, from its first breach to its last."""
        return cls.every(period, 1 + _periods(span, period))

    @classmethod
    def once_within(cls, span: timedelta, period: timedelta) -> Self:
        """One period of the last `span` breaches: an event is remembered for that long."""
        return cls(period=period, periods=_periods(span, period), datapoints=1)


@dataclass(frozen=True, slots=True)
class Cadence:
    """What the interval between two scans means for the alarms."""

    interval: timedelta

    @property
    def beat(self) -> timedelta:
        """A period that holds a scan wherever it begins, as long as scans come.

        The window of an alarm slides (CloudWatch User Guide, Alarm evaluation window): a period
        of exactly one interval would sometimes hold none, when a scan ends seconds later than the
        one before it. Two minutes cover the schedule's precision of a minute, a cold start, the
        minute until a failed scan is tried again, and that metrics arrive a little late. A
        period is a day at most.
        """
        return min(self.interval + 2 * MINUTE, DAY)

    @property
    def trend(self) -> timedelta:
        """The period of a graph: a beat in whole hours.

        CloudWatch keeps no more than hours after 63 days, and gives nothing for a period that is
        not made of whole ones (CloudWatch API Reference, GetMetricData, Period).
        """
        return min(_periods(self.beat, HOUR) * HOUR, DAY)

    @property
    def shown(self) -> timedelta:
        """How far back graphs look at first: a week, and thirty scans where these are rarer."""
        return _periods(max(7 * DAY, 30 * self.interval), DAY) * DAY

    def until(self, span: timedelta, *, shortest: timedelta = MINUTE) -> Evaluation:
        """Every scan of at least `span` breaches, in periods of a beat or of `shortest`."""
        return Evaluation.lasting(span, max(self.beat, shortest))

    def in_a_row(self, beats: int) -> Evaluation:
        """Every scan of so many beats breaches."""
        return Evaluation.every(self.beat, beats)

    def events(self) -> Evaluation:
        """One event in two beats is enough: it stays until two scans in a row bring none."""
        return Evaluation(period=self.beat, periods=2, datapoints=1)

    def events_by(self, period: timedelta) -> Evaluation:
        """As `events`, in finer periods; in hours where CloudWatch takes no more finer ones."""
        remembered = 2 * self.beat
        return Evaluation.once_within(remembered, period if remembered <= DAY else HOUR)


def _periods(span: timedelta, period: timedelta) -> int:
    return -(-span // period)
