"""What a scan reports raises the alarm of its metric, and clears it when it is put right.

The functions' own metrics, from the real handlers; the times are the stack's.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
import time_machine

from certrotation.names import tags
from tests.oncall.alarm_state import State
from tests.oncall.watch import MINUTE, Watch
from tests.simulation.estate import HOME
from tests.support.authority import now

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.infra.synthesis import Template
    from tests.simulation.estate import Estate, Run
    from tests.support.authorities import Authorities

US = "us-east-1"
LIFETIME = timedelta(days=100)
"""The warning window is the last twenty days, the critical window the last ten."""

pytestmark = pytest.mark.infra

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
LONG_AGO = timedelta(days=5)
"""More than three intervals of any stack here."""


@dataclass(frozen=True, kw_only=True)
class Trouble:
    """A run of the functions in trouble, and one after it was put right."""

    bad: Run
    good: Run


def settled(estate: Estate) -> Run:
    """Work off what there is, and return what a scan says then."""
    estate.run()
    return estate.run()


@pytest.fixture
def healthy(estate: Estate, authorities: Authorities) -> Run:
    """A scan of a shop in two Regions in which all is well."""
    estate.secret("shop", authorities.public.issue("shop.example.com", lifetime=LIFETIME))
    return settled(estate)


def left_to_expire(estate: Estate, authorities: Authorities, left: timedelta) -> Trouble:
    """A shop in use whose copies have so much time left, and then renewed material."""
    old = authorities.public.issue(
        "shop.example.com", not_before=now() + left - LIFETIME, lifetime=LIFETIME
    )
    estate.secret("shop", old, {tags.REGIONS: HOME})
    estate.run()
    estate.listener("web", HOME, estate.certificates(HOME)[0])
    bad = estate.run()
    estate.renew("shop", authorities.public.issue("shop.example.com", lifetime=LIFETIME))
    return Trouble(bad=bad, good=settled(estate))


@pytest.fixture
def turned_critical(estate: Estate, authorities: Authorities) -> Trouble:
    """The window opened an hour ago."""
    return left_to_expire(estate, authorities, 10 * DAY - HOUR)


@pytest.fixture
def awaiting(estate: Estate, authorities: Authorities) -> Trouble:
    return left_to_expire(estate, authorities, 15 * DAY)


@pytest.fixture
def unmanaged(estate: Estate, authorities: Authorities) -> Trouble:
    """A listener's certificate that somebody imported, and that nobody renews."""
    begun = now() - 85 * DAY
    forgotten = authorities.public.issue("wiki.example.com", not_before=begun, lifetime=LIFETIME)
    arn = estate.certificate(forgotten, HOME)
    estate.listener("wiki", HOME, arn)
    bad = estate.run()
    estate.secret("wiki", authorities.public.issue("wiki.example.com"), {tags.REGIONS: HOME})
    return Trouble(bad=bad, good=settled(estate))


@pytest.fixture
def stalled(estate: Estate, authorities: Authorities) -> Trouble:
    """New material on hold, long ago; then the hold is lifted."""
    estate.secret("mail", authorities.public.issue("mail.example.com", lifetime=LIFETIME))
    estate.run()
    estate.renew("mail", authorities.public.issue("mail.example.com", lifetime=LIFETIME))
    estate.tag_secret("mail", hold="")
    with time_machine.travel(now() + LONG_AGO):
        bad = estate.run()
        estate.untag_secret("mail", "hold")
        return Trouble(bad=bad, good=settled(estate))


@pytest.fixture
def dark(estate: Estate, healthy: Run) -> Trouble:
    """A Region that cannot be read."""
    estate.aws.behaviour.dark_regions = {US}
    return Trouble(bad=estate.run(), good=healthy)


# Levels: one scan raises, one scan clears


def test_a_certificate_in_the_critical_window_pages(
    hourly: Watch, turned_critical: Trouble
) -> None:
    hourly.says(turned_critical.bad)

    hourly.waits(MINUTE)

    assert hourly.on == {"CertificateCritical", "CertificateTurnedCritical", "AwaitingMaterial"}
    assert hourly.paged() == ["CertificateCritical", "CertificateTurnedCritical"]


@pytest.mark.parametrize(
    ("trouble", "raised"),
    [
        ("turned_critical", {"CertificateCritical", "CertificateTurnedCritical"}),
        ("awaiting", {"AwaitingMaterial"}),
        ("unmanaged", {"UnmanagedExpiring"}),
    ],
)
def test_a_level_stays_up_while_scans_say_so_and_goes_down_with_the_next_that_does_not(
    watch: Watch, request: pytest.FixtureRequest, trouble: str, raised: set[str]
) -> None:
    happened: Trouble = request.getfixturevalue(trouble)

    watch.scans(happened.good, happened.bad, happened.bad)
    up = watch.on
    watch.scans(happened.good)

    assert raised <= up <= raised | {"AwaitingMaterial"}
    assert watch.on == set()
    assert sorted(watch.raised()) == sorted(up), "each went off once"


def test_a_scan_by_hand_minutes_after_the_mishap_was_mended_clears_it(
    watch: Watch, awaiting: Trouble
) -> None:
    watch.says(awaiting.bad)
    watch.waits(4 * MINUTE)
    watch.says(awaiting.good)
    watch.waits(6 * MINUTE)

    assert watch.raised() == ["AwaitingMaterial"]
    assert watch.on == set()


def test_one_known_case_does_not_hide_the_next(
    hourly: Watch, estate: Estate, authorities: Authorities
) -> None:
    """The alarm on what turned critical clears after three intervals, and goes off anew."""
    first = authorities.public.issue(
        "a.example.com", not_before=now() - 90 * DAY, lifetime=LIFETIME
    )
    second = authorities.public.issue(
        "b.example.com", not_before=now() - 90 * DAY + 6 * HOUR, lifetime=LIFETIME
    )
    for name, issued in (("a", first), ("b", second)):
        estate.listener(name, HOME, estate.certificate(issued, HOME))
    with time_machine.travel(now() + MINUTE, tick=False) as clock:
        for _ in range(8):
            hourly.scans(estate.scan())
            clock.shift(HOUR)

    assert hourly.raised().count("CertificateTurnedCritical") == 2
    assert hourly.raised().count("CertificateCritical") == 1


def test_a_region_that_goes_dark_clears_no_alarm(
    hourly: Watch, estate: Estate, turned_critical: Trouble
) -> None:
    estate.aws.behaviour.dark_regions = {HOME}
    hourly.scans(turned_critical.bad)

    hourly.scans(*[dark_scan(estate)] * 5)

    assert "CertificateCritical" in hourly.on


def dark_scan(estate: Estate) -> Run:
    """Scan while ACM at home gives no answer; the secrets and the queue are there."""
    estate.aws.behaviour.dark_regions = set()
    estate.aws.behaviour.denied = {("acm", "ListCertificates", HOME)}
    return estate.scan()


# What must last


def test_material_that_does_not_go_live_pages_after_six_hours(
    watch: Watch, healthy: Run, stalled: Trouble
) -> None:
    watch.scans(healthy)
    begin = watch.now
    while "RotationStalled" not in watch.on and watch.now - begin < 10 * DAY:
        watch.scans(stalled.bad)
    took = watch.now - begin
    watch.scans(stalled.good)

    assert watch.paged() == ["RotationStalled"]
    assert 6 * HOUR <= took <= max(6 * HOUR, watch.interval) + 3 * watch.interval + HOUR
    assert watch.on == set()


def test_less_than_six_hours_are_no_stall(hourly: Watch, healthy: Run, stalled: Trouble) -> None:
    hourly.scans(healthy, *[stalled.bad] * 6, healthy, *[stalled.bad] * 6, healthy)

    assert hourly.raised() == []


def test_a_first_scan_that_finds_old_secrets_unrotated_is_no_stall(
    watch: Watch, healthy: Run, stalled: Trouble
) -> None:
    """They are rotated within minutes, so the next scan says so."""
    watch.scans(stalled.bad, healthy, healthy)

    assert watch.raised() == []


def test_a_region_that_stays_dark_is_a_ticket_after_two_intervals_and_a_page_after_a_day(
    watch: Watch, healthy: Run, dark: Trouble
) -> None:
    watch.scans(healthy, healthy)
    begin, scans = watch.now, 1 + (DAY + 3 * HOUR) // watch.interval
    watch.scans(*[dark.bad] * (scans + 1))
    up = watch.on
    watch.scans(*[dark.good] * (1 + HOUR // watch.interval))

    at = {each.alarm: each.at - begin for each in watch.board.changes if each.told}
    assert up == {"RegionUnreachable", "RegionDark"}
    assert watch.interval <= at["RegionUnreachable"] <= 2 * watch.interval + HOUR
    assert DAY <= at["RegionDark"] <= DAY + 2 * watch.interval + 2 * HOUR
    assert watch.paged() == ["RegionDark"]
    assert watch.on == set()


def test_one_scan_that_cannot_read_a_region_raises_nothing(
    watch: Watch, healthy: Run, dark: Trouble
) -> None:
    watch.scans(healthy, dark.bad, healthy, dark.bad, healthy)

    assert watch.raised() == []


# The dead man's switch


@pytest.mark.parametrize("fills_empty", [True, False], ids=["fills", "does not fill"])
@pytest.mark.parametrize("further_periods", [1, 2, 5])
@pytest.mark.parametrize("minutes", [5, 60, 1440])
def test_scans_that_stop_page_after_three_intervals_and_until_they_come_again(
    stack_at: Callable[[int], Template],
    healthy: Run,
    minutes: int,
    further_periods: int,
    fills_empty: bool,  # noqa: FBT001  a column of the table
) -> None:
    """Whatever CloudWatch does where its documents say nothing."""
    watch = Watch(
        stack_at(minutes),
        timedelta(minutes=minutes),
        further_periods=further_periods,
        fills_empty=fills_empty,
    )
    watch.scans(*[healthy] * 6)
    last = watch.now - watch.interval

    watch.until("ScanMissing", at_most=4 * watch.interval + 2 * HOUR)
    took = watch.now - last
    watch.waits(12 * watch.interval)
    still_up = watch.on
    watch.scans(healthy)

    assert 3 * watch.interval <= took <= 3 * watch.interval + 10 * MINUTE + _until_evaluated(watch)
    assert still_up == {"ScanMissing"}
    assert watch.paged() == ["ScanMissing"]
    assert watch.on == set()


def _until_evaluated(watch: Watch) -> timedelta:
    return watch.board.alarms["ScanMissing"].evaluated_every * MINUTE


@pytest.mark.parametrize("fills_empty", [True, False], ids=["fills", "does not fill"])
def test_a_first_deployment_pages_nobody(
    stack_at: Callable[[int], Template],
    healthy: Run,
    fills_empty: bool,  # noqa: FBT001  a column of the table
) -> None:
    watch = Watch(stack_at(60), HOUR, fills_empty=fills_empty)
    watch.waits(12 * HOUR)
    before = watch.board.states["ScanMissing"]
    watch.scans(*[healthy] * 12)

    assert before is State.INSUFFICIENT_DATA
    assert watch.raised() == []
    assert watch.board.states["ScanMissing"] is State.OK


def test_two_scans_that_fail_are_no_missing_scans(watch: Watch, healthy: Run) -> None:
    """The third comes late by a cold start and one repetition."""
    watch.scans(healthy, healthy)
    watch.waits(2 * watch.interval + 2 * MINUTE)
    watch.scans(healthy)

    assert watch.raised() == []


def test_scans_that_come_a_little_early_or_late_raise_nothing(watch: Watch, healthy: Run) -> None:
    for late in (0, 61, 3, 95, 0, 118, 30, 61, 3):
        watch.waits(timedelta(seconds=late))
        watch.says(healthy)
        watch.waits(watch.interval - timedelta(seconds=late))

    assert watch.raised() == []


def test_another_deployment_in_the_account_does_not_keep_the_switch_quiet(
    hourly: Watch, estate: Estate, healthy: Run
) -> None:
    estate.environment["POWERTOOLS_SERVICE_NAME"] = "certrotation-elsewhere"
    elsewhere = estate.scan()

    hourly.scans(healthy, *[elsewhere] * 5)

    assert hourly.on == {"ScanMissing"}
