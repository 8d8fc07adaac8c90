"""The scan's metrics and its summary."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from certrotation.core.estate.tags import Marks
from certrotation.core.scan.assessment import Deletion
from certrotation.core.scan.classification import State
from certrotation.core.scan.report import ScanReport
from certrotation.names.tags import IGNORE, SECRET
from tests.core.builders import (
    HOME,
    HOUR,
    OLD_VERSION,
    SHOP,
    arn,
    assessed,
    carrying,
    listed,
    listing,
    managed,
    superseded,
)
from tests.core.samples import DAY, NOW, SECOND

if TYPE_CHECKING:
    from datetime import timedelta

    from certrotation.core.estate.inventory import ManagedSecret, RegionListing

LONG_UNCHANGED = replace(managed(), last_changed=NOW - DAY)
LEVELS = {
    "CertificatesCritical",
    "CertificatesTurnedCritical",
    "CopiesAwaitingMaterial",
    "CopiesOverdue",
    "UnmanagedExpiring",
    "LiveCertificatesLeft",
}
# Of a hundred days: the warning window is the last twenty, the critical window the last ten.
CRITICAL = 10 * DAY


def report_on(
    *listings: RegionListing,
    secrets: tuple[ManagedSecret, ...] = (managed(),),
    unreachable: dict[str, str] | None = None,
) -> ScanReport:
    return ScanReport(
        assessment=assessed(*listings, secrets=secrets),
        unreachable=unreachable or {},
        deleted=(
            Deletion(
                arn="arn:deleted",
                region=HOME,
                secret="certrotation/shop",
                because="nothing uses it",
                marks=Marks(),
            ),
        ),
        not_deleted={"arn:kept": "it is in use"},
        interval=HOUR,
        now=NOW,
    )


def metrics_on(*listings: RegionListing, secret: ManagedSecret | None = None) -> dict[str, int]:
    return report_on(*listings, secrets=(secret or managed(),)).metrics()


def test_a_healthy_estate_shows_zeros_for_the_level_metrics() -> None:
    assert metrics_on(listing((listed(), carrying(listed())))) == {
        "ScanCompleted": 1,
        "CertificatesCritical": 0,
        "CertificatesTurnedCritical": 0,
        "CopiesAwaitingMaterial": 0,
        "CopiesOverdue": 0,
        "UnmanagedExpiring": 0,
        "LiveCertificatesLeft": 0,
        "RegionsUnreachable": 0,
        "CopiesManaged": 1,
        "CopiesDue": 0,
        "SupersededDeleted": 1,
        "DaysToExpiryMin": 90,
    }


def test_zeros_for_the_level_metrics_are_emitted_only_by_a_scan_that_saw_every_region() -> None:
    dark = report_on(
        listing((listed(ends=DAY), {})), secrets=(), unreachable={"us-east-1": "no answer"}
    )

    metrics = dark.metrics()

    assert set(metrics) & LEVELS == {"CertificatesCritical", "UnmanagedExpiring"}
    assert metrics["ScanCompleted"] == metrics["RegionsUnreachable"] == 1
    assert (metrics["CopiesManaged"], metrics["CopiesDue"]) == (0, 0)


@pytest.mark.parametrize(("ends", "count"), [(CRITICAL + SECOND, 0), (CRITICAL, 1), (-DAY, 1)])
def test_copies_and_unmanaged_alike_are_critical_inside_the_critical_window(
    ends: timedelta, count: int
) -> None:
    copy, stranger = listed(1, ends=ends), listed(2, ends=ends)

    metrics = metrics_on(listing((copy, carrying(copy)), (stranger, {})))

    assert metrics["CertificatesCritical"] == 2 * count


@pytest.mark.parametrize(
    ("in_use", "tags"),
    [
        (False, {}),
        (True, {IGNORE: ""}),
        (True, {SECRET: "other/shop"}),
        (True, {SECRET: SHOP, **superseded(NOW)}),
    ],
    ids=["unused", "ignored", "foreign", "superseded"],
)
def test_a_certificate_that_is_unused_or_set_aside_raises_nothing(
    *, in_use: bool, tags: dict[str, str]
) -> None:
    healthy = listed(2)

    metrics = metrics_on(
        listing((listed(ends=SECOND, in_use=in_use), tags), (healthy, carrying(healthy)))
    )

    assert {name: metrics[name] for name in LEVELS} == dict.fromkeys(LEVELS, 0)
    assert metrics["DaysToExpiryMin"] == 90


@pytest.mark.parametrize(("open_for", "count"), [(3 * HOUR - SECOND, 1), (3 * HOUR, 0)])
def test_a_certificate_turned_critical_if_the_window_opened_within_the_last_three_intervals(
    open_for: timedelta, count: int
) -> None:
    metrics = metrics_on(listing((listed(ends=CRITICAL - open_for), {})))

    assert metrics["CertificatesCritical"] == 1
    assert metrics["CertificatesTurnedCritical"] == count


def test_a_copy_that_awaits_material_is_counted_in_use_or_not() -> None:
    used, spare = listed(1, ends=15 * DAY), listed(2, ends=15 * DAY, in_use=False)

    metrics = metrics_on(listing((used, carrying(used)), (spare, carrying(spare))))

    assert metrics["CopiesAwaitingMaterial"] == metrics["CopiesManaged"] == 2


@pytest.mark.parametrize(("secret", "overdue"), [(managed(), 0), (LONG_UNCHANGED, 2)])
def test_due_places_are_counted_and_overdue_ones_too(secret: ManagedSecret, overdue: int) -> None:
    stale = [listed(1), listed(2)]

    metrics = metrics_on(
        listing(*((each, carrying(each, OLD_VERSION)) for each in stale)), secret=secret
    )

    assert (metrics["CopiesDue"], metrics["CopiesOverdue"]) == (2, overdue)


def test_a_secret_on_hold_becomes_overdue() -> None:
    held = replace(LONG_UNCHANGED, tags={"certrotation:hold": ""})

    assert metrics_on(listing(), secret=held)["CopiesOverdue"] == 1


@pytest.mark.parametrize(("ends", "count"), [(20 * DAY + SECOND, 0), (20 * DAY, 1)])
def test_unmanaged_in_use_inside_the_warning_window_is_counted(ends: timedelta, count: int) -> None:
    metrics = metrics_on(
        listing(
            (listed(1, ends=ends), {}),
            (listed(2, ends=ends, in_use=False), {}),
            (listed(3, ends=ends), carrying(listed(3, ends=ends))),
        )
    )

    assert metrics["UnmanagedExpiring"] == count


@pytest.mark.parametrize(
    ("ends", "days"), [(2 * DAY, 2), (2 * DAY - SECOND, 1), (SECOND, 0), (-SECOND, -1)]
)
def test_days_to_expiry_are_whole_days_of_the_certificate_nearest_to_it(
    ends: timedelta, days: int
) -> None:
    metrics = metrics_on(listing((listed(1), {}), (listed(2, ends=ends), {})))

    assert metrics["DaysToExpiryMin"] == days


def test_without_a_certificate_in_use_there_are_no_days_to_expiry() -> None:
    assert "DaysToExpiryMin" not in metrics_on(listing((listed(in_use=False), {})))


def test_the_summary_tells_states_queued_secrets_and_unreachable_regions() -> None:
    stale, old = listed(1), listed(2, in_use=False)
    seen = listing(
        (stale, carrying(stale, OLD_VERSION)),
        (old, carrying(old, OLD_VERSION) | superseded(NOW)),
        (listed(3), {}),
    )
    secrets = (LONG_UNCHANGED, managed("certrotation/wiki"))

    summary = report_on(seen, secrets=secrets, unreachable={"us-east-1": "no answer"}).summary()

    assert summary["at"] == int(NOW.timestamp())
    assert summary["states"] == {
        "current": 0,
        "due": 1,
        "awaiting material": 0,
        "superseded": 1,
        "unmanaged": 1,
        "ignored": 0,
        "another deployment's": 0,
    }
    assert summary["queued"] == [SHOP, "certrotation/wiki"]
    assert summary["due"] == {
        SHOP: [f"{arn(1)}: the copy has version v-old, AWSCURRENT is v-new"],
        "certrotation/wiki": ["eu-west-1: no copy"],
    }
    assert summary["overdue"] == [SHOP]
    assert summary["unreachable"] == {"us-east-1": "no answer"}
    assert summary["deleted"] == {"arn:deleted": "nothing uses it"}
    assert summary["not_deleted"] == {"arn:kept": "it is in use"}
    assert summary["metrics"]["CopiesDue"] == 2


def test_the_summary_is_json_and_shows_findings_as_such() -> None:
    back = listed()
    seen = listing((back, carrying(back) | superseded(NOW - DAY)))

    summary = json.loads(json.dumps(report_on(seen).summary()))

    assert [each["code"] for each in summary["findings"]] == ["DEPENDENT_REVERTED"]


def test_the_summary_names_the_twenty_used_certificates_nearest_to_expiry() -> None:
    certificates = [listed(number, ends=(100 - number) * DAY) for number in range(25)]
    unused = listed(99, ends=DAY, in_use=False)

    nearest = report_on(listing(*((each, {}) for each in (*certificates, unused)))).summary()[
        "nearest"
    ]

    assert [each["arn"] for each in nearest] == [arn(number) for number in range(24, 4, -1)]


def test_the_summary_names_what_each_metric_counts_those_first_that_end_first() -> None:
    later, sooner = (listed(number, ends=CRITICAL - number * DAY) for number in (1, 2))
    turned, forgotten = listed(3, ends=CRITICAL - SECOND), listed(4, ends=15 * DAY)
    fine = [listed(number, ends=50 * DAY) for number in range(5, 30)]
    seen = listing(
        *((each, carrying(each)) for each in (later, sooner, *fine)),
        *((each, {}) for each in (turned, forgotten)),
    )

    report = report_on(seen)

    counted = report.summary()["counted"]
    assert {name: [each["arn"] for each in rows] for name, rows in counted.items()} == {
        "CertificatesCritical": [arn(2), arn(1), arn(3)],
        "CertificatesTurnedCritical": [arn(3)],
        "CopiesAwaitingMaterial": [arn(2), arn(1)],
        "UnmanagedExpiring": [arn(3), arn(4)],
        "LiveCertificatesLeft": [arn(3), arn(4)],
    }
    assert {name: len(rows) for name, rows in counted.items()}.items() <= report.metrics().items()


def test_of_what_a_metric_counts_fifty_are_named() -> None:
    """A line of the log has room for no more than a megabyte."""
    certificates = [listed(number, ends=DAY + number * SECOND) for number in range(60)]

    counted = report_on(listing(*((each, {}) for each in certificates))).summary()["counted"]

    assert [each["arn"] for each in counted["UnmanagedExpiring"]] == [arn(n) for n in range(50)]


def test_a_certificate_near_expiry_is_told_with_all_that_a_person_needs() -> None:
    near = replace(listed(ends=CRITICAL), names=frozenset("dcba"))

    (row,) = report_on(listing((near, carrying(near)))).summary()["nearest"]

    assert row == {
        "arn": arn(1),
        "region": HOME,
        "names": ["a", "b", "c"],
        "secret": SHOP,
        "state": State.AWAITING.value,
        "because": "expires 2026-06-11 12:00:00+00:00, and the secret contains nothing newer",
        "not_after": int(near.not_after.timestamp()),
        "critical": True,
    }
