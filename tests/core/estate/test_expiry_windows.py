from datetime import datetime, timedelta

import pytest

from certrotation.core.estate.expiry_windows import WindowPolicy, windows_of
from tests.core.samples import DAY, NOW, SECOND

POLICY = WindowPolicy()


@pytest.mark.parametrize(
    ("lifetime", "warning", "critical"),
    [
        (DAY, DAY / 5, DAY / 10),
        (29 * DAY, 29 * DAY / 5, 29 * DAY / 10),
        (30 * DAY - SECOND, (30 * DAY - SECOND) / 5, (30 * DAY - SECOND) / 10),
        (30 * DAY, 6 * DAY, 3 * DAY),
        (30 * DAY + 10 * SECOND, 6 * DAY + 2 * SECOND, 3 * DAY + SECOND),
        (47 * DAY, 47 * DAY / 5, 47 * DAY / 10),
        (90 * DAY, 18 * DAY, 9 * DAY),
        (200 * DAY, 40 * DAY, 20 * DAY),
        (210 * DAY - 10 * SECOND, 42 * DAY - 2 * SECOND, 21 * DAY - SECOND),
        (210 * DAY, 42 * DAY, 21 * DAY),
        (210 * DAY + 10 * SECOND, 42 * DAY + 2 * SECOND, 21 * DAY),
        (300 * DAY - 5 * SECOND, 60 * DAY - SECOND, 21 * DAY),
        (300 * DAY, 60 * DAY, 21 * DAY),
        (300 * DAY + 5 * SECOND, 60 * DAY, 21 * DAY),
        (3650 * DAY, 60 * DAY, 21 * DAY),
    ],
)
def test_windows_follow_the_lifetime_up_to_their_caps(
    lifetime: timedelta, warning: timedelta, critical: timedelta
) -> None:
    assert POLICY.warning(lifetime) == warning
    assert POLICY.critical(lifetime) == critical
    windows = windows_of(NOW, NOW + lifetime, POLICY)
    assert windows.warning_opens == NOW + lifetime - warning
    assert windows.critical_opens == NOW + lifetime - critical


def test_the_floor_holds_from_its_lifetime_on_and_not_before() -> None:
    policy = WindowPolicy(critical_fraction=1 / 100)
    assert policy.critical(30 * DAY - SECOND) == (30 * DAY - SECOND) / 100
    assert policy.critical(30 * DAY) == 3 * DAY
    assert policy.critical(300 * DAY) == 3 * DAY
    assert policy.critical(400 * DAY) == 4 * DAY


def test_every_number_is_a_setting() -> None:
    policy = WindowPolicy(
        warning_fraction=1 / 2,
        warning_cap=50 * DAY,
        critical_fraction=1 / 4,
        critical_cap=20 * DAY,
        critical_floor=10 * DAY,
        floor_from_lifetime=20 * DAY,
    )
    assert [policy.warning(days * DAY) / DAY for days in (10, 100, 102)] == [5, 50, 50]
    assert [policy.critical(days * DAY) / DAY for days in (16, 20, 60, 100)] == [4, 10, 15, 20]


WINDOWS = windows_of(NOW, NOW + 100 * DAY, POLICY)
WARNING, CRITICAL = NOW + 80 * DAY, NOW + 90 * DAY


@pytest.mark.parametrize(
    ("now", "warning", "critical"),
    [
        (WARNING - SECOND, False, False),
        (WARNING, True, False),
        (CRITICAL - SECOND, True, False),
        (CRITICAL, True, True),
        (NOW + 101 * DAY, True, True),
    ],
    ids=["before", "warning opens", "before critical", "critical opens", "expired"],
)
def test_a_window_is_open_from_its_first_second_for_good(
    now: datetime, *, warning: bool, critical: bool
) -> None:
    assert WINDOWS.is_warning(now) is warning
    assert WINDOWS.is_critical(now) is critical


@pytest.mark.parametrize(
    ("offset", "turned"),
    [
        (-SECOND, False),
        (timedelta(0), True),
        (DAY - SECOND, True),
        (DAY, False),
        (DAY + SECOND, False),
    ],
)
def test_a_window_opened_within_a_span_that_excludes_its_far_end(
    offset: timedelta,
    turned: bool,  # noqa: FBT001  a table's column
) -> None:
    assert WINDOWS.turned_critical_within(DAY, CRITICAL + offset) is turned
