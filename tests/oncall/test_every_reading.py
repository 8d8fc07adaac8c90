"""Every alarm, under each reading of AWS's documents, with metrics in time and late.

The documents leave open how many periods CloudWatch retrieves beyond those that it evaluates, and
what FILL makes of a metric without a value. Whichever it is, an alarm goes off once and in time,
stays on as long as the trouble lasts, and clears in time.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

import pytest

from certrotation.names import metrics
from infra.observability.alarm_texts import ALARM_TEXTS
from tests.oncall.alarm_state import State
from tests.oncall.conftest import STACK
from tests.oncall.metric_store import Metric
from tests.oncall.watch import MINUTE, ROTATE, SCAN, Watch

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from tests.infra.synthesis import Template

pytestmark = pytest.mark.infra

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
NEVER = timedelta(0)

DEPTH = "ApproximateNumberOfMessagesVisible"
AGE = "ApproximateAgeOfOldestMessage"

QUIET = {
    metrics.CERTIFICATES_CRITICAL: 0,
    metrics.CERTIFICATES_TURNED_CRITICAL: 0,
    metrics.COPIES_AWAITING_MATERIAL: 0,
    metrics.COPIES_OVERDUE: 0,
    metrics.UNMANAGED_EXPIRING: 0,
    metrics.LIVE_CERTIFICATES_LEFT: 0,
    metrics.REGIONS_UNREACHABLE: 0,
    metrics.ROTATION_REFUSED: 0,
    metrics.DEPENDENTS_STRANDED: 0,
    metrics.ISSUANCES_FAILING: 0,
    metrics.ISSUANCES_STALLED: 0,
}
"""What scans, rotations and looks emit where all is well."""

RAN = {metrics.SCAN_COMPLETED: 1, metrics.ISSUANCE_CHECKED: 1}
"""What says that a scan or a look ran."""


class Reading(NamedTuple):
    """One way to read the documents, and how late metrics arrive."""

    further: int
    """Periods that are retrieved beyond those evaluated."""
    late: int
    """Minutes."""
    fills_empty: bool = True

    def __str__(self) -> str:
        """Name the reading."""
        return f"{self.further} further, {self.late} late{'' if self.fills_empty else ', no fill'}"


READINGS = [
    *(Reading(further, late) for further in (0, 1, 2, 5) for late in (0, 4, 10)),
    *(Reading(further, late, fills_empty=False) for further in (0, 2) for late in (0, 10)),
]


EXTREMES = [
    Reading(further, late, fills_empty=fills)
    for further in (0, 5)
    for late in (0, 10)
    for fills in (True, False)
]


@dataclass(frozen=True, kw_only=True)
class Trouble:
    """What raises one alarm, and within which times."""

    raised_within: Callable[[timedelta], timedelta]
    """Since the first sign of trouble, by the interval between scans; metrics in time."""
    cleared_within: Callable[[timedelta], timedelta]
    """Since the first sign that all is well."""
    not_before: Callable[[timedelta], timedelta] = lambda _: NEVER
    emitted: Mapping[str, int] = field(default_factory=dict)
    """What scans and rotations emit."""
    scans: bool = True
    """Whether scans run."""
    queue: tuple[str, str] | None = None
    """The output of a queue, and the metric that is not 0."""
    failing: Mapping[str, int] = field(default_factory=dict)
    """How each run of the functions fares."""
    settles: timedelta = HOUR
    """For how long all is well before and after, and the trouble lasts, at least."""
    is_over_by_itself: bool = False
    """Whether the alarm clears although the trouble lasts: it reports a change."""


def level(metric: str) -> Trouble:
    return Trouble(
        emitted={metric: 1},
        raised_within=lambda _: 2 * MINUTE,
        cleared_within=lambda _: 2 * MINUTE,
    )


def in_a_row(metric: str) -> Trouble:
    """Two scans in a row see it."""
    return Trouble(
        emitted={metric: 1},
        not_before=lambda interval: interval,
        raised_within=lambda interval: interval + 30 * MINUTE + until_evaluated(2 * interval),
        cleared_within=lambda interval: 2 * MINUTE + until_evaluated(2 * interval),
    )


def event(metric: str) -> Trouble:
    return Trouble(
        emitted={metric: 1},
        raised_within=lambda interval: 2 * MINUTE + until_evaluated(2 * interval),
        cleared_within=lambda interval: interval + 14 * MINUTE + until_evaluated(2 * interval),
    )


def until_evaluated(span: timedelta) -> timedelta:
    """CloudWatch evaluates hourly what looks at more than a day; the bounds leave room."""
    return HOUR if span > DAY - HOUR else NEVER


def lost(queue: str) -> Trouble:
    return Trouble(
        queue=(queue, DEPTH),
        raised_within=lambda _: 2 * MINUTE,
        cleared_within=lambda _: 11 * MINUTE,
    )


TROUBLES: Mapping[str, Trouble] = {
    "CertificateCritical": level(metrics.CERTIFICATES_CRITICAL),
    "CertificateTurnedCritical": level(metrics.CERTIFICATES_TURNED_CRITICAL),
    "AwaitingMaterial": level(metrics.COPIES_AWAITING_MATERIAL),
    "UnmanagedExpiring": level(metrics.UNMANAGED_EXPIRING),
    "LiveCertificateLeft": in_a_row(metrics.LIVE_CERTIFICATES_LEFT),
    "RegionUnreachable": in_a_row(metrics.REGIONS_UNREACHABLE),
    "RegionDark": Trouble(
        emitted={metrics.REGIONS_UNREACHABLE: 1},
        not_before=lambda _: DAY,
        raised_within=lambda interval: DAY + 2 * interval + 2 * HOUR,
        cleared_within=lambda _: HOUR + 2 * MINUTE,
    ),
    "RotationStalled": Trouble(
        emitted={metrics.COPIES_OVERDUE: 1},
        not_before=lambda interval: max(6 * HOUR, interval),
        raised_within=lambda interval: max(6 * HOUR, interval) + 2 * interval + HOUR,
        cleared_within=lambda interval: 2 * MINUTE + until_evaluated(2 * interval),
    ),
    "ScanMissing": Trouble(
        scans=False,
        not_before=lambda interval: 2 * interval,
        raised_within=lambda interval: 2 * interval + 11 * MINUTE + until_evaluated(4 * interval),
        cleared_within=lambda interval: 2 * MINUTE + until_evaluated(4 * interval),
    ),
    "MaterialRefused": event(metrics.ROTATION_REFUSED),
    "DependentsStranded": event(metrics.DEPENDENTS_STRANDED),
    "RotationDeadLetters": Trouble(
        queue=("RotationDeadLetters", DEPTH),
        raised_within=lambda interval: 2 * MINUTE + until_evaluated(2 * interval),
        is_over_by_itself=True,
        cleared_within=lambda interval: 2 * interval + 20 * MINUTE + 2 * HOUR * (interval > HOUR),
    ),
    "DeadLettersUnread": lost("RotationDeadLetters"),
    "ScheduleFailing": lost("ScanFailures"),
    "QueueStuck": Trouble(
        queue=("RotationQueue", AGE),
        raised_within=lambda _: 16 * MINUTE,
        cleared_within=lambda _: 21 * MINUTE,
    ),
    "FunctionErrors": Trouble(
        failing={"errors": 1},
        settles=5 * HOUR,
        not_before=lambda _: 2 * HOUR,
        raised_within=lambda _: 3 * HOUR + 2 * MINUTE,
        cleared_within=lambda _: 2 * HOUR + 2 * MINUTE,
    ),
    "FunctionThrottled": Trouble(
        failing={"times": 0, "throttles": 2},
        settles=5 * HOUR,
        not_before=lambda _: 2 * HOUR,
        raised_within=lambda _: 3 * HOUR + 2 * MINUTE,
        cleared_within=lambda _: 2 * HOUR + 2 * MINUTE,
    ),
}


class Stage:
    """A stack under one reading, of which one alarm is evaluated."""

    def __init__(self, template: Template, minutes: int, reading: Reading, alarm: str) -> None:
        self.interval = minutes * MINUTE
        self.watch = Watch(
            template,
            self.interval,
            further_periods=reading.further,
            fills_empty=reading.fills_empty,
            late=reading.late * MINUTE,
        )
        board = self.watch.board
        watched = board.alarms[alarm]
        board.alarms = {alarm: watched}
        self._watched = {each.metric.name for each in watched.statistics.values()}
        self._queues = {
            each.metric
            for each in watched.statistics.values()
            if each.metric.namespace == "AWS/SQS"
        }
        self._next_run = self.watch.now
        # SQS reports each minute; where scans are rare, five minutes make no difference.
        self._step = MINUTE if self.interval <= HOUR else 5 * MINUTE

    def goes_on(self, span: timedelta, trouble: Trouble | None = None) -> datetime:
        """Let that much time pass, to the next scan at least, and return the time then."""
        end = self.watch.now + span
        while self.watch.now < end or self.watch.now < self._next_run:
            if self.watch.now == self._next_run:
                self._run(trouble)
            self._queues_report(trouble)
            self.watch.waits(self._step if self._queues else self._next_run - self.watch.now)
        return self.watch.now

    def _run(self, trouble: Trouble | None) -> None:
        """Let functions run, and emit."""
        self._next_run += self.interval
        if trouble is None or trouble.scans:
            emitted = {**QUIET, **(trouble.emitted if trouble else {}), **RAN}
            for name in emitted.keys() & self._watched:
                metric = Metric.of("CertRotation", name, {"service": STACK})
                self.watch.emits(metric, emitted[name])
        if "Invocations" in self._watched:
            for function in (SCAN, ROTATE):
                self.watch.ran(function, **(trouble.failing if trouble else {}))

    def _queues_report(self, trouble: Trouble | None) -> None:
        """Let SQS report of the alarm's queues, each minute."""
        hit = trouble.queue if trouble else None
        for each in self._queues:
            ((_, name),) = each.dimensions
            is_hit = hit is not None and (self.watch.queue(hit[0]), hit[1]) == (name, each.name)
            self.watch.emits(each, 9_000 if is_hit else 0)


CASES = [
    pytest.param(alarm, minutes, reading, id=f"{alarm} every {minutes} minutes, {reading}")
    for alarm, trouble in TROUBLES.items()
    for minutes in (5, 60, 1440)
    for reading in (READINGS if minutes == 60 else EXTREMES)
    # Where scans are rarer than hourly, ScheduleFailing reports failures.
    if not (trouble.failing and minutes > 60)
]


@pytest.mark.parametrize(("alarm", "minutes", "reading"), CASES)
def test_it_goes_off_once_and_in_time_stays_on_and_clears(
    stack_at: Callable[[int], Template], alarm: str, minutes: int, reading: Reading
) -> None:
    trouble, late = TROUBLES[alarm], reading.late * MINUTE
    stage = Stage(stack_at(minutes), minutes, reading, alarm)
    interval = stage.interval

    begin = stage.goes_on(max(3 * interval, trouble.settles))
    latest = trouble.raised_within(interval) + late
    end = stage.goes_on(latest + max(2 * interval, trouble.settles), trouble)
    stage.goes_on(trouble.cleared_within(interval) + late + max(2 * interval, trouble.settles))

    changes = [
        each for each in stage.watch.board.changes if each.was is not State.INSUFFICIENT_DATA
    ]
    assert [each.now for each in changes] == [State.ALARM, State.OK], "once, and then no more"
    raised, cleared = changes
    assert trouble.not_before(interval) <= raised.at - begin <= latest
    since = raised.at if trouble.is_over_by_itself else end
    assert NEVER < cleared.at - since <= trouble.cleared_within(interval) + late


@pytest.mark.parametrize("reading", EXTREMES, ids=str)
@pytest.mark.parametrize("alarm", ALARM_TEXTS)
def test_a_first_deployment_raises_nothing_whether_scans_begin_or_not(
    stack_at: Callable[[int], Template], alarm: str, reading: Reading
) -> None:
    stage = Stage(stack_at(60), 60, reading, alarm)

    stage.watch.waits(6 * HOUR)
    before = stage.watch.board.raised()
    stage._next_run = stage.watch.now
    stage.goes_on(5 * HOUR)

    assert before == stage.watch.board.raised() == []


def test_the_table_has_every_alarm() -> None:
    assert TROUBLES.keys() == ALARM_TEXTS.keys()
