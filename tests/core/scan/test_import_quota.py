"""How many imports a year the copies need, held against what ACM allows."""

from __future__ import annotations

from dataclasses import replace

import pytest

from certrotation.core.findings import Code, Severity
from certrotation.core.scan.import_quota import check_import_quota, imports_a_year
from tests.core.builders import (
    HOME,
    NEW_VERSION,
    SCAN_POLICY,
    US,
    assessed,
    carrying,
    listed,
    listing,
)
from tests.core.samples import DAY


@pytest.mark.parametrize(
    ("lifetimes", "imports"),
    [
        ([], 0),
        ([47 * DAY], 12),
        ([200 * DAY], 3),
        ([365 * DAY * 3 / 2], 1),
        ([365 * DAY * 3 / 2 - DAY], 2),
        ([47 * DAY, 200 * DAY], 15),
        ([0 * DAY], 0),
    ],
)
def test_tools_renew_with_a_third_left(lifetimes: list[object], imports: int) -> None:
    assert imports_a_year(lifetimes) == imports  # type: ignore[arg-type]  # days, whatever mypy infers


@pytest.mark.parametrize(("quota", "warned"), [(15, True), (16, False)])
def test_a_region_is_warned_of_at_80_percent_of_its_quota(*, quota: int, warned: bool) -> None:
    """Twelve imports a year are 80 % of fifteen."""
    copies = [listed(lifetime=47 * DAY), listed(lifetime=900 * DAY, region=US)]

    found = list(check_import_quota(copies, quota))

    assert [(each.code, each.severity) for each in found] == (
        [(Code.IMPORT_QUOTA_NEAR, Severity.WARN)] if warned else []
    )
    assert all(
        each.found == f"The copies in {HOME} need about 12 imports a year; the quota is 15."
        for each in found
    )


def test_a_scan_counts_what_it_manages_and_nothing_else() -> None:
    policy = replace(SCAN_POLICY, yearly_import_quota=15)
    managed, unmanaged = listed(1, lifetime=47 * DAY), listed(2, lifetime=47 * DAY)

    both = assessed(
        listing((managed, carrying(managed, NEW_VERSION)), (unmanaged, {})), policy=policy
    )
    none = assessed(listing((unmanaged, {})), policy=policy)

    assert [each.code for each in both.findings] == [Code.IMPORT_QUOTA_NEAR]
    assert "need about 12 imports" in both.findings[0].found
    assert none.findings == ()
