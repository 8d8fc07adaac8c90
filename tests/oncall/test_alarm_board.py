"""The evaluator's time: windows that slide, values that come late, hourly evaluations."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.oncall.alarm_board import Alarm, AlarmBoard, Statistic
from tests.oncall.alarm_state import Missing, Rule, State
from tests.oncall.metric_store import Metric, MetricStore

CREATED = datetime(2027, 3, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
DEPTH = Metric.of("N", "Depth", {"service": "s"})


def alarm(*, period: int = 5, periods: int = 1, statistic: str = "Maximum") -> Alarm:
    return Alarm(
        name="Deep",
        period=period,
        statistics={"m": Statistic(DEPTH, statistic)},
        expression="m",
        comparison="GreaterThanThreshold",
        threshold=2,
        rule=Rule(periods=periods, datapoints=periods, missing=Missing.NOT_BREACHING),
        topics=("Critical",),
        description="",
    )


def board(watched: Alarm) -> tuple[AlarmBoard, MetricStore]:
    store = MetricStore()
    return AlarmBoard({watched.name: watched}, store, CREATED, further_periods=0), store


def at(minute: float) -> datetime:
    return CREATED + minute * MINUTE


def test_a_window_slides_a_value_counts_from_the_next_minute_on_and_for_one_period() -> None:
    watched, store = board(alarm())
    store.put(DEPTH, at(7.4), 3)

    watched.advance(at(20))

    assert [(each.at, each.now) for each in watched.changes] == [
        (at(1), State.OK),
        (at(8), State.ALARM),
        (at(13), State.OK),
    ]


def test_only_what_goes_off_is_told() -> None:
    watched, store = board(alarm())
    store.put(DEPTH, at(7), 3)

    watched.advance(at(20))

    assert [each.told for each in watched.changes] == [(), ("Critical",), ()]
    assert watched.raised() == ["Deep"]
    assert watched.on() == set()


def test_a_value_that_arrives_late_is_seen_while_its_period_is() -> None:
    watched, store = board(alarm())
    watched.advance(at(9))
    store.put(DEPTH, at(6), 3)

    watched.advance(at(20))

    assert [each.at for each in watched.changes if each.now is State.ALARM] == [at(10)]


@pytest.mark.parametrize(
    ("statistic", "goes_off"), [("Sum", True), ("Maximum", False), ("Average", False)]
)
def test_a_period_is_summed_up_by_the_statistic(statistic: str, *, goes_off: bool) -> None:
    watched, store = board(alarm(statistic=statistic))
    store.put(DEPTH, at(2), 1)
    store.put(DEPTH, at(3), 2)

    watched.advance(at(10))

    assert bool(watched.raised()) is goes_off


def test_the_smallest_value_of_a_period_counts_where_all_must_breach() -> None:
    watched, store = board(alarm(statistic="Minimum"))
    for minute, value in ((1, 0), (2, 3)):
        store.put(DEPTH, at(minute), value)

    watched.advance(at(20))

    assert [each.at for each in watched.changes if each.now is State.ALARM] == [at(7)]


def test_what_looks_at_more_than_a_day_is_evaluated_hourly() -> None:
    watched, store = board(alarm(period=12 * 60, periods=3))
    for minute in range(40 * 60):
        store.put(DEPTH, at(minute), 3)

    watched.advance(at(40 * 60))

    # In each of three periods from minute 1,441 on.
    assert [each.at for each in watched.changes] == [at(60), at(25 * 60)]


def test_a_year_of_minutes_is_passed_over_where_nothing_happens() -> None:
    """It would take a minute if each were evaluated."""
    watched, store = board(alarm())
    store.put(DEPTH, at(400_000), 3)

    watched.advance(at(525_600))

    assert watched.raised() == ["Deep"]


class EveryMinute(AlarmBoard):
    """Passes over nothing."""

    def _next_change(self, _: Alarm, minute: int) -> int:
        return minute + 1


@settings(deadline=None)
@given(
    values=st.lists(st.tuples(st.integers(0, 120), st.integers(0, 4)), max_size=12),
    period=st.integers(1, 9),
    periods=st.integers(1, 4),
    missing=st.sampled_from(Missing),
    statistic=st.sampled_from(["Sum", "Minimum"]),
)
def test_to_pass_over_quiet_minutes_changes_nothing(
    values: list[tuple[int, int]], period: int, periods: int, missing: Missing, statistic: str
) -> None:
    watched = replace(
        alarm(period=period, statistic=statistic),
        rule=Rule(periods=periods, datapoints=1 + periods // 2, missing=missing),
    )
    changes = []
    for kind in (AlarmBoard, EveryMinute):
        store = MetricStore()
        made = kind({watched.name: watched}, store, CREATED)
        for minute, value in values:
            store.put(DEPTH, at(minute), value)
        for until in (50, 160):
            made.advance(at(until))
        changes.append(made.changes)

    assert changes[0] == changes[1]
