"""The weekly digest, section by section."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from certrotation.core.estate.inventory import Origin
from certrotation.core.notify.digest import digest
from certrotation.core.notify.notice import MOST_BYTES
from certrotation.core.scan.report import ScanReport
from certrotation.names.tags import IGNORE
from tests.core.builders import (
    HOME,
    HOUR,
    OLD_VERSION,
    SHOP,
    US,
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
    from certrotation.core.estate.inventory import ListedCertificate, RegionListing

WIKI = "certrotation/wiki"


def report_on(*listings: RegionListing, unreachable: dict[str, str] | None = None) -> ScanReport:
    assessment = assessed(*listings, secrets=(managed(regions=HOME), managed(WIKI)))
    return ScanReport(
        assessment=assessment,
        unreachable=unreachable or {},
        deleted=(),
        not_deleted={},
        interval=HOUR,
        now=NOW,
    )


def sections(*listings: RegionListing, **more: dict[str, str]) -> dict[str, list[str]]:
    """The digest's lines by the title of their section; those before the first under ''."""
    found: dict[str, list[str]] = {"": []}
    title = ""
    for line in digest("tls", report_on(*listings, **more)).body.splitlines():
        if line.endswith(":") and not line.startswith(" "):
            title = line.removesuffix(":")
            found[title] = []
        elif line:
            found[title].append(line)
    return found


def imported(certificate: ListedCertificate, ago: timedelta) -> ListedCertificate:
    return replace(certificate, imported_at=NOW - ago)


ROTATED = "Rotated in the last 7 days"
DUE = "About to expire (warning now or within 30 days)"
UNMANAGED = "Unmanaged and about to expire (warning now or within 30 days)"


def test_an_empty_estate_has_a_digest_that_says_so() -> None:
    notice = digest("tls", report_on())

    assert notice.subject == "tls: weekly digest of 2026-06-01"
    assert sections() == {
        "": ["Stack tls, scan of 2026-06-01 12:00 UTC.", "Certificates: none."],
        ROTATED: ["  none"],
        DUE: ["  none"],
        UNMANAGED: ["  none"],
    }


def test_it_counts_states_and_names_the_regions_that_were_not_read() -> None:
    fine, stranger = listed(1), listed(2)
    seen = listing((fine, carrying(fine)), (stranger, {}))

    assert sections(seen, unreachable={US: "no answer"})[""] == [
        "Stack tls, scan of 2026-06-01 12:00 UTC.",
        "Certificates: 1 current, 1 unmanaged.",
        "us-east-1 could not be read. This digest does not include it.",
    ]


@pytest.mark.parametrize(
    ("ago", "is_told"),
    [
        (timedelta(0), True),
        (7 * DAY - SECOND, True),
        (7 * DAY, False),
        (-SECOND, False),
        (None, False),
    ],
)
def test_a_copy_was_rotated_if_it_was_imported_within_the_week(
    ago: timedelta | None,
    is_told: bool,  # noqa: FBT001  a column of the table
) -> None:
    copy = listed(1) if ago is None else imported(listed(1), ago)

    assert (sections(listing((copy, carrying(copy))))[ROTATED] != ["  none"]) is is_told


def test_what_was_rotated_is_told_by_secret_and_region() -> None:
    shop, wiki = (imported(listed(number), DAY) for number in (1, 2))
    shop_us = imported(listed(3, region=US), 2 * DAY)
    home = listing((shop, carrying(shop)), (wiki, carrying(wiki, secret=WIKI)))

    assert sections(home, listing((shop_us, carrying(shop_us)), region=US))[ROTATED] == [
        f"  {SHOP}",
        f"    {HOME}: imported 2026-05-31 12:00 UTC, expires 2026-08-30 12:00 UTC",
        f"  {WIKI}",
        f"    {HOME}: imported 2026-05-31 12:00 UTC, expires 2026-08-30 12:00 UTC",
    ], "in us-east-1 it is no copy: the secret does not name that Region"


@pytest.mark.parametrize(
    "tags", [superseded(NOW), {IGNORE: ""}, {"certrotation:secret": "other/shop"}]
)
def test_what_is_set_aside_is_not_told(tags: dict[str, str]) -> None:
    copy = imported(listed(1, ends=DAY, in_use=False), DAY)

    found = sections(listing((copy, carrying(copy) | tags)))

    assert found[ROTATED] == found[DUE] == found[UNMANAGED] == ["  none"]


def test_a_copy_whose_source_is_unknown_is_not_said_to_have_newer_material() -> None:
    copy = listed(ends=DAY)
    reference = replace(managed(version=None, source="arn:x"), origin=Origin("arn:x", None, "-"))
    assessment = assessed(listing((copy, carrying(copy))), secrets=(reference,))
    report = replace(report_on(), assessment=assessment)

    assert "due: the version of the secret's source is unknown" in digest("tls", report).body


# Of a hundred days the warning window is the last twenty.
@pytest.mark.parametrize(
    ("ends", "line"),
    [
        (50 * DAY + SECOND, None),
        (
            50 * DAY,
            "expires 2026-07-21 12:00 UTC; warning from 2026-07-01 12:00 UTC if not renewed",
        ),
        (
            20 * DAY + SECOND,
            "expires 2026-06-21 12:00 UTC; warning from 2026-06-01 12:00 UTC if not renewed",
        ),
        (20 * DAY, "expires 2026-06-21 12:00 UTC; not renewed yet"),
        (timedelta(0), "expired 2026-06-01 12:00 UTC; not renewed yet"),
    ],
)
def test_a_copy_is_listed_30_days_before_its_warning_window_opens(
    ends: timedelta, line: str | None
) -> None:
    copy = listed(ends=ends)

    expected = [f"  {SHOP}", f"    {HOME}: {line}"] if line else ["  none"]
    assert sections(listing((copy, carrying(copy))))[DUE] == expected


def test_a_copy_whose_renewal_is_not_live_yet_is_told_as_that() -> None:
    copy = listed(ends=DAY)

    assert sections(listing((copy, carrying(copy, OLD_VERSION))))[DUE] == [
        f"  {SHOP}",
        (
            f"    {HOME}: expires 2026-06-02 12:00 UTC; due: the secret contains newer material"
            " that is not live yet"
        ),
    ]


def test_what_ends_first_comes_first_and_a_secret_with_all_its_copies() -> None:
    first, second, third = (listed(number, ends=number * DAY) for number in (1, 2, 3))
    home = listing(
        (third, carrying(third)), (second, carrying(second, secret=WIKI)), (first, carrying(first))
    )

    assert [line.partition(";")[0] for line in sections(home)[DUE]] == [
        f"  {SHOP}",
        f"    {HOME}: expires 2026-06-02 12:00 UTC",
        f"    {HOME}: expires 2026-06-04 12:00 UTC",
        f"  {WIKI}",
        f"    {HOME}: expires 2026-06-03 12:00 UTC",
    ]


def test_unmanaged_certificates_in_use_are_told_apart() -> None:
    named = replace(listed(1, ends=DAY), names=frozenset("abcd"))
    unused = listed(2, ends=DAY, in_use=False)

    found = sections(listing((named, {}), (unused, {})))

    assert found[DUE] == ["  none"]
    assert found[UNMANAGED] == [
        f"  {HOME}: a, b, c, ...",
        f"    {arn(1)}",
        (
            "    expires 2026-06-02 12:00 UTC; not renewed yet; no managed secret"
            " belongs to the certificate"
        ),
    ]


def test_of_a_large_estate_as_much_is_told_as_fits() -> None:
    many = [listed(number, ends=DAY) for number in range(2_500)]

    body = digest("tls", report_on(listing(*((each, {}) for each in many)))).body

    assert len(body.encode()) <= MOST_BYTES
    assert "more lines exceed the size limit of SNS" in body.splitlines()[-1]
