"""How long alarms look follows from the scan's interval, and CloudWatch takes it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from infra.observability.cadence import DAY, HOUR, LATE, MINUTE, Cadence, Evaluation

EVERY = [number * MINUTE for number in range(5, 24 * 60 + 1)]
FIVE_MINUTES, HOURLY, DAILY = 5 * MINUTE, HOUR, DAY


def span(evaluation: Evaluation) -> timedelta:
    """From the first period that must breach to the end of the last."""
    return evaluation.periods * evaluation.period


def test_cloudwatch_takes_what_follows_from_every_interval_that_the_configuration_allows() -> None:
    for interval in EVERY:
        cadence = Cadence(interval)
        for made in (
            cadence.until(6 * HOUR),
            cadence.until(DAY, shortest=HOUR),
            cadence.in_a_row(2),
            cadence.since_a_scan(),
            cadence.events(),
            cadence.events_by(5 * MINUTE),
        ):
            assert made.periods >= 1, interval


@pytest.mark.parametrize(
    ("period", "periods"),
    [
        pytest.param(timedelta(seconds=90), 1, id="no whole minutes"),
        pytest.param(DAY + MINUTE, 1, id="longer than a day"),
        pytest.param(5 * MINUTE, 289, id="more than a day of periods below an hour"),
        pytest.param(HOUR, 169, id="more than a week of hours"),
    ],
)
def test_what_cloudwatch_does_not_take_is_refused(period: timedelta, periods: int) -> None:
    with pytest.raises(ValueError, match=r"period"):
        Evaluation.every(period, periods)


def test_a_beat_holds_a_scan_that_ends_late_and_whose_metrics_are_late_too() -> None:
    for interval in EVERY:
        beat = Cadence(interval).beat
        assert beat >= interval + 2 * MINUTE + LATE or beat == DAY


def test_three_intervals_without_a_scan_are_all_but_the_oldest_of_the_periods() -> None:
    for interval in EVERY:
        made = Cadence(interval).since_a_scan()

        without = (made.periods - 1) * made.period
        assert 3 * interval + 6 * MINUTE < without <= 3 * interval + LATE
        assert made.datapoints == 1


@pytest.mark.parametrize(("period", "kept"), [(2 * MINUTE, 1), (5 * MINUTE, 2), (MINUTE, 1)])
def test_the_newest_values_are_evaluated_although_they_are_late(
    period: timedelta, kept: int
) -> None:
    made = Evaluation.newest(period, kept)

    assert (made.periods - kept) * made.period > LATE
    assert made.datapoints == 1


@pytest.mark.parametrize("wanted", [6 * HOUR, DAY])
def test_what_must_last_is_seen_at_both_ends_of_the_span_and_little_longer(
    wanted: timedelta,
) -> None:
    for interval in EVERY:
        made = Cadence(interval).until(wanted, shortest=HOUR)

        between_first_and_last = (made.periods - 1) * made.period
        assert wanted <= between_first_and_last < wanted + made.period


def test_what_must_last_takes_two_scans_even_where_they_are_rare() -> None:
    assert Cadence(DAILY).until(6 * HOUR).periods == 2


def test_an_event_is_remembered_until_the_second_scan_after_it() -> None:
    for interval in EVERY:
        cadence = Cadence(interval)
        assert span(cadence.events()) >= min(2 * interval + LATE, 2 * DAY)
        by_minutes = cadence.events_by(5 * MINUTE)
        assert span(by_minutes) - by_minutes.period >= 2 * interval + LATE, "one has none before"


@pytest.mark.parametrize(
    ("interval", "period"), [(FIVE_MINUTES, 5 * MINUTE), (HOURLY, 5 * MINUTE), (DAILY, HOUR)]
)
def test_events_are_seen_in_minutes_where_two_beats_fit_into_a_day(
    interval: timedelta, period: timedelta
) -> None:
    assert Cadence(interval).events_by(5 * MINUTE).period == period


def test_a_graphs_period_is_of_whole_hours_and_holds_a_scan() -> None:
    for interval in EVERY:
        cadence = Cadence(interval)
        assert cadence.trend % HOUR == timedelta(0)
        assert cadence.beat <= cadence.trend <= DAY


@pytest.mark.parametrize(
    ("interval", "days"), [(FIVE_MINUTES, 7), (HOURLY, 7), (timedelta(hours=12), 15), (DAILY, 30)]
)
def test_graphs_look_back_a_week_or_thirty_scans(interval: timedelta, days: int) -> None:
    assert Cadence(interval).shown == days * DAY
