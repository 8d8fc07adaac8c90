"""When people are told: once for a message, at once, once a day, and of a week once."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from certrotation.core.findings import Code, warn
from certrotation.core.notify.schedule import (
    is_digest_due,
    is_notification_due,
    regions_left_to_report,
)
from certrotation.core.rotation.outcomes import RegionOutcome, RotationOutcome, Status
from certrotation.core.rotation.request import RotationRequest, ScanSnapshot
from certrotation.names.environment import Weekday
from certrotation.names.service import RECEIVES_UNTIL_GIVEN_UP
from tests.core.builders import HOME, HOUR, SHOP, managed
from tests.core.rotation_outcomes import DENIED, STEP, of_regions, outcome, throttled
from tests.core.samples import DAY, NOW, SECOND

ASKED = RotationRequest(secret=SHOP, version="v1")
REFUSED = RotationOutcome.of_error(SHOP, DENIED)
NEVER = timedelta(0)


def of_scan(at: int) -> RotationRequest:
    return RotationRequest(secret=SHOP, snapshot=ScanSnapshot(at=at, copies=()))


def scan_after(
    since: timedelta, *, interval: timedelta = HOUR, came_to: RotationOutcome = REFUSED
) -> bool:
    """Whether a scan so long after the secret's last change tells."""
    secret = replace(managed(), last_changed=NOW)
    at = int((NOW + since).timestamp())
    return is_notification_due(of_scan(at), replace(came_to, described=secret), interval, 1)


@pytest.mark.parametrize(
    ("came_to", "told"),
    [
        (outcome(Status.DONE), False),
        (outcome(Status.PLANNED), False),
        (outcome(Status.WAITING), False),
        (outcome(Status.NOT_STARTED), False),
        (outcome(Status.REFUSED), True),
        (outcome(Status.STRANDED), True),
        (outcome(Status.DONE, Status.REFUSED), True),
        (outcome(Status.WAITING, Status.STRANDED), True),
        (REFUSED, True),
        (RotationOutcome.of_error(SHOP, throttled()), False),
    ],
)
def test_people_are_told_of_what_was_refused_or_stranded(
    came_to: RotationOutcome,
    told: bool,  # noqa: FBT001  a column of the table
) -> None:
    assert is_notification_due(ASKED, came_to, HOUR, 1) is told
    assert scan_after(SECOND, came_to=came_to) is told


@pytest.mark.parametrize("receives", range(1, RECEIVES_UNTIL_GIVEN_UP + 1))
def test_a_message_that_comes_back_is_told_when_it_is_given_up(receives: int) -> None:
    refused = RegionOutcome(region=HOME, status=Status.REFUSED)
    coming_back = of_regions(refused, RegionOutcome.of_error("us-east-1", throttled()))

    assert is_notification_due(ASKED, REFUSED, HOUR, receives)
    assert is_notification_due(ASKED, coming_back, HOUR, receives) is (
        receives == RECEIVES_UNTIL_GIVEN_UP
    )


def test_a_message_that_goes_on_with_another_ones_work_is_not_told() -> None:
    assert not is_notification_due(replace(ASKED, waiting_since=0), REFUSED, HOUR, 1)


@pytest.mark.parametrize(
    ("since", "told"),
    [
        (timedelta(0), True),
        (HOUR - SECOND, True),
        (HOUR, False),
        (DAY - SECOND, False),
        (DAY, True),
        (DAY + HOUR - SECOND, True),
        (DAY + HOUR, False),
        (400 * DAY, True),
        # It was changed since the scan looked: what was put then is told by its own event.
        (-SECOND, False),
    ],
)
def test_of_the_scans_the_first_within_each_day_since_the_last_change_tells(
    since: timedelta,
    told: bool,  # noqa: FBT001  a column of the table
) -> None:
    assert scan_after(since) is told


@pytest.mark.parametrize("minutes", [5, 7, 60, 7 * 60, 12 * 60, 18 * 60, 24 * 60])
@pytest.mark.parametrize("begins", [0.0, 0.3, 0.999])
def test_each_day_has_one_scan_that_tells_whatever_the_interval(
    minutes: int, begins: float
) -> None:
    interval = timedelta(minutes=minutes)
    first = timedelta(seconds=int(begins * interval.total_seconds()))
    scans = [first + number * interval for number in range(10 * DAY // interval)]

    told = [each // DAY for each in scans if scan_after(each, interval=interval)]

    assert told == list(range(len(told)))
    assert len(told) >= 10 - (interval > HOUR)


def test_scans_that_come_less_than_once_a_day_all_tell() -> None:
    assert all(scan_after(number * 2 * DAY, interval=2 * DAY) for number in range(5))


@pytest.mark.parametrize(("hour", "told"), [(0, True), (1, False), (23, False), (24, True)])
@pytest.mark.parametrize(
    "came_to", [REFUSED, replace(REFUSED, described=replace(managed(), last_changed=None))]
)
def test_days_begin_at_midnight_if_nobody_knows_when_the_secret_was_changed(
    came_to: RotationOutcome,
    hour: int,
    told: bool,  # noqa: FBT001  a column of the table
) -> None:
    at = datetime(2026, 6, 1, tzinfo=UTC) + hour * HOUR

    assert is_notification_due(of_scan(int(at.timestamp())), came_to, HOUR, 1) is told


def test_a_message_may_say_any_time_at_all() -> None:
    assert is_notification_due(of_scan(10**400), REFUSED, HOUR, 1) in {True, False}


# The digest

MONDAY = datetime(2026, 6, 1, 8, tzinfo=UTC)


def test_without_a_day_there_is_no_digest() -> None:
    assert not is_digest_due(None, MONDAY, HOUR)


@pytest.mark.parametrize(
    ("since", "due"),
    [(-SECOND, False), (NEVER, True), (HOUR - SECOND, True), (HOUR, False), (7 * DAY, True)],
)
def test_a_digest_is_due_at_the_first_scan_from_eight_on(
    since: timedelta,
    due: bool,  # noqa: FBT001  a column of the table
) -> None:
    assert is_digest_due(Weekday.MONDAY, MONDAY + since, HOUR) is due


@pytest.mark.parametrize(("number", "day"), [*enumerate(Weekday)])
def test_each_day_has_its_own(number: int, day: Weekday) -> None:
    due = [offset for offset in range(-7, 7) if is_digest_due(day, MONDAY + offset * DAY, HOUR)]

    assert due == [number - 7, number]


@pytest.mark.parametrize("minutes", [5, 7, 60, 24 * 60])
@pytest.mark.parametrize("begins", [0.0, 0.3, 0.999])
def test_each_week_has_one_scan_that_sends_it(minutes: int, begins: float) -> None:
    interval = timedelta(minutes=minutes)
    scans = [MONDAY + (begins + number) * interval for number in range(28 * DAY // interval)]

    assert sum(is_digest_due(Weekday.THURSDAY, each, interval) for each in scans) == 4


LEFT = RegionOutcome(
    region=HOME, status=Status.REFUSED, findings=(warn(Code.LIVE_CERTIFICATE_LEFT, "It is left."),)
)
LIVE = replace(LEFT, status=Status.DONE, performed=(STEP,))


@pytest.mark.parametrize(
    ("region", "after", "accept", "told"),
    [
        (LIVE, 5 * HOUR, "", True),
        (LEFT, SECOND, "", True),
        (LEFT, HOUR, "", False),
        (LEFT, SECOND, "LIVE_CERTIFICATE_LEFT", False),
        (LIVE, SECOND, "LIVE_CERTIFICATE_LEFT", False),
        (replace(LEFT, findings=()), SECOND, "", False),
        (replace(LEFT, status=Status.NOT_STARTED), SECOND, "", False),
    ],
    ids=[
        "went live",
        "the first scan after the change",
        "a later scan",
        "accepted",
        "accepted, and live",
        "nothing left",
        "not started",
    ],
)
def test_certificates_that_are_left_are_told_once_a_version(
    *, region: RegionOutcome, after: timedelta, accept: str, told: bool
) -> None:
    secret = replace(managed(accept=accept), last_changed=NOW)
    came_to = replace(of_regions(region), described=secret)
    at = int((NOW + after).timestamp())

    assert regions_left_to_report(of_scan(at), came_to, HOUR) == ((region,) if told else ())
