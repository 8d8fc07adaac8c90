"""How often scans come, held against the critical windows of what they watch."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from certrotation.core.findings import Code, Severity
from certrotation.core.scan.scan_rate import check_scan_rate
from tests.core.builders import NEW_VERSION, SCAN_POLICY, assessed, carrying, listed, listing
from tests.core.samples import DAY

HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("critical", "warned"), [(4 * HOUR, False), (4 * HOUR - timedelta(seconds=1), True)]
)
def test_a_critical_window_sees_four_scans(critical: timedelta, *, warned: bool) -> None:
    found = list(check_scan_rate([critical, 30 * HOUR], HOUR))

    assert [(each.code, each.severity) for each in found] == (
        [(Code.SCAN_TOO_RARE, Severity.WARN)] if warned else []
    )


def test_many_short_windows_are_one_finding_that_names_the_shortest() -> None:
    (found,) = check_scan_rate([3 * HOUR, 2 * HOUR, 30 * HOUR], HOUR)

    assert found.found == (
        "2 critical windows are shorter than 4 scan intervals of 1:00:00. The shortest is 2:00:00."
    )


def test_one_short_window_is_spoken_of_in_the_singular() -> None:
    (found,) = check_scan_rate([2 * HOUR], HOUR)

    assert found.found.startswith("1 critical window is shorter")


def test_no_certificate_asks_for_no_scan() -> None:
    assert list(check_scan_rate([], HOUR)) == []


def test_a_scan_warns_of_the_certificates_that_are_used() -> None:
    """A certificate of one day is critical for its last 2.4 hours."""
    policy = replace(SCAN_POLICY, interval=HOUR)
    used = listed(1, lifetime=1 * DAY, in_use=True)
    unused = listed(2, lifetime=1 * DAY, in_use=False)

    both = assessed(
        listing((used, carrying(used, NEW_VERSION)), (unused, carrying(unused, NEW_VERSION))),
        policy=policy,
    )
    idle = assessed(listing((unused, carrying(unused, NEW_VERSION))), policy=policy)

    (finding,) = both.findings
    assert finding.code is Code.SCAN_TOO_RARE
    assert finding.found.endswith("The shortest is 2:24:00.")
    assert idle.findings == ()
