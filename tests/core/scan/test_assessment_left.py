"""Which certificates without a tag of ours count as left beside a copy: by the lists alone."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from certrotation.names.tags import IGNORE, SECRET
from tests.core.builders import (
    HOME,
    NAME,
    OLD_VERSION,
    SCAN_POLICY,
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
from tests.core.samples import NOW

if TYPE_CHECKING:
    from certrotation.core.estate.inventory import ListedCertificate, ManagedSecret, RegionListing
    from certrotation.core.scan.assessment import CertificateStatus

TWO_TARGETS = replace(SCAN_POLICY, targets=(HOME, US))
COPY = (listed(1), carrying(listed(1)))


def named(*names: str, number: int = 2) -> ListedCertificate:
    return replace(listed(number), names=frozenset(names))


def left_in(
    *listings: RegionListing, secrets: tuple[ManagedSecret, ...] = (managed(),)
) -> tuple[CertificateStatus, ...]:
    return assessed(*listings, secrets=secrets, policy=TWO_TARGETS).left


@pytest.mark.parametrize(
    "names",
    [(NAME,), (NAME, "www.example.com")],
    ids=["the same name", "the name and another"],
)
def test_a_certificate_in_use_with_a_name_of_a_copy_is_left(names: tuple[str, ...]) -> None:
    (found,) = left_in(listing(COPY, (named(*names), {"team": "web"})))

    assert found.certificate.arn == arn(2)
    assert found.because == f"it shares {NAME} with a copy of {SHOP}"


@pytest.mark.parametrize(
    ("certificate", "tags"),
    [
        pytest.param(listed(2, in_use=False), {}, id="unused"),
        pytest.param(named("www.example.com"), {}, id="another name"),
        pytest.param(named("*.example.com"), {}, id="a wildcard that covers the name"),
        pytest.param(named(), {}, id="no name in the list"),
        pytest.param(listed(2), {IGNORE: ""}, id="ignored"),
        pytest.param(listed(2), {SECRET: "other/shop"}, id="another deployment's"),
        pytest.param(listed(2), {SECRET: SHOP}, id="a copy that is due"),
        pytest.param(listed(2), {SECRET: "certrotation/gone"}, id="an orphan"),
    ],
)
def test_nothing_else_is_left(certificate: ListedCertificate, tags: dict[str, str]) -> None:
    assert left_in(listing(COPY, (certificate, tags))) == ()


def test_a_wildcard_shares_a_name_with_the_same_wildcard_only() -> None:
    copy = named("*.example.com", number=1)
    below = [named(f"team-{number}.example.com", number=number) for number in range(2, 200)]
    same = named("*.example.com", "team.example.com", number=200)

    found = left_in(listing((copy, carrying(copy)), *((each, {}) for each in below), (same, {})))

    assert [each.certificate.arn for each in found] == [arn(200)]


@pytest.mark.parametrize(
    "marks",
    [
        pytest.param({SECRET: "certrotation/gone"}, id="an orphan's name"),
        pytest.param({SECRET: "other/shop"}, id="another deployment's copy"),
        pytest.param({**COPY[1], **superseded(NOW)}, id="a superseded copy"),
        pytest.param({}, id="another certificate without tags"),
    ],
)
def test_only_the_names_of_copies_count(marks: dict[str, str]) -> None:
    assert left_in(listing((listed(1, in_use=False), marks), (listed(2), {}))) == ()


def test_a_copy_counts_whether_it_is_current_or_due_and_in_its_own_region_only() -> None:
    due = (listed(1), carrying(listed(1), OLD_VERSION))
    there = listed(2, region=US)

    assert len(left_in(listing(due, (listed(2), {})))) == 1
    assert left_in(listing(due), listing((there, {}), region=US)) == ()


def test_a_copy_whose_secret_no_longer_names_the_region_does_not_count() -> None:
    elsewhere = managed(regions=US)

    assert left_in(listing(COPY, (listed(2), {})), secrets=(elsewhere,)) == ()


def test_a_secret_that_accepts_it_does_not_count_and_another_does() -> None:
    wiki = "certrotation/wiki"
    copies = (COPY, (listed(3), carrying(listed(3), secret=wiki)))
    accepting = managed(accept="SELF_SIGNED LIVE_CERTIFICATE_LEFT")

    assert left_in(listing(COPY, (listed(2), {})), secrets=(accepting,)) == ()
    (found,) = left_in(listing(*copies, (listed(2), {})), secrets=(accepting, managed(wiki)))
    assert found.because.endswith(f"a copy of {wiki}")


def test_to_accept_it_for_one_version_has_no_effect() -> None:
    secret = managed(accept="LIVE_CERTIFICATE_LEFT@v-new")

    assert len(left_in(listing(COPY, (listed(2), {})), secrets=(secret,))) == 1
