"""Superseded copies: found in use again, or deletable."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from certrotation.core.estate.tags import Marks
from certrotation.core.findings import Code, Severity
from certrotation.core.scan.assessment import Deletion
from certrotation.names.tags import IGNORE, SUPERSEDED_AT, SUPERSEDED_BY
from tests.core.builders import (
    HOUR,
    NEW_VERSION,
    OLD_VERSION,
    SCAN_POLICY,
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


HOURS_AGO = superseded(NOW - 2 * HOUR)


@pytest.mark.parametrize("ends", [90 * DAY, DAY])
@pytest.mark.parametrize("version", [OLD_VERSION, NEW_VERSION])
def test_one_found_in_use_again_is_reported_as_dependent_reverted(
    version: str, ends: timedelta
) -> None:
    certificate = listed(ends=ends)

    (finding,) = assessed(
        listing((certificate, {**carrying(certificate, version), **HOURS_AGO}))
    ).findings

    assert (finding.code, finding.severity) == (Code.DEPENDENT_REVERTED, Severity.WARN)
    assert finding.found == f"{arn(1)} was superseded and is in use again."


def test_neither_an_ordinary_nor_a_superseded_copy_is_reported_as_reverted() -> None:
    old = listed(2, in_use=False)
    orphan = listed(3)

    found = assessed(
        listing(
            (listed(), carrying(listed())),
            (old, {**carrying(old, OLD_VERSION), **HOURS_AGO}),
            (orphan, {**carrying(orphan, secret="certrotation/gone"), **HOURS_AGO}),
        )
    ).findings

    assert found == ()


@pytest.mark.parametrize(
    ("kept_for", "is_deletable"), [(30 * DAY - SECOND, False), (30 * DAY, True)]
)
def test_a_superseded_copy_is_deletable_once_the_retention_has_passed(
    *, kept_for: timedelta, is_deletable: bool
) -> None:
    old = listed(2, in_use=False)
    tags = {**carrying(old, OLD_VERSION), **superseded(NOW - kept_for)}

    deletions = assessed(listing((listed(), carrying(listed())), (old, tags))).deletions

    because = (
        f"the dependents were moved to {tags[SUPERSEDED_BY]} more than 30 days ago,"
        " and nothing uses the copy"
    )
    step = Deletion(
        arn=old.arn,
        region=old.region,
        secret=SHOP,
        because=because,
        marks=Marks.from_tags(tags),
    )
    assert deletions == ((step,) if is_deletable else ())


@pytest.mark.parametrize(
    ("in_use", "tags"),
    [
        (True, carrying(listed(), OLD_VERSION) | superseded(NOW - 31 * DAY)),
        (False, carrying(listed(), OLD_VERSION)),
        (False, carrying(listed(), secret="certrotation/gone") | superseded(NOW - 31 * DAY)),
        (False, carrying(listed(), secret="other/shop") | superseded(NOW - 31 * DAY)),
        (False, carrying(listed()) | superseded(NOW - 31 * DAY) | {IGNORE: ""}),
        (False, {**superseded(NOW - 31 * DAY)}),
        (False, carrying(listed(), OLD_VERSION) | {SUPERSEDED_BY: "arn:new"}),
        (False, carrying(listed(), NEW_VERSION) | superseded(NOW - 31 * DAY)),
        (False, carrying(listed(), OLD_VERSION) | superseded(NOW + 31 * DAY)),
        (
            False,
            carrying(listed(), OLD_VERSION) | superseded(NOW) | {SUPERSEDED_AT: "9" * 200},
        ),
    ],
    ids=[
        "in use",
        "not superseded",
        "orphan",
        "foreign",
        "ignored",
        "unmanaged",
        "no time",
        "what is AWSCURRENT again",
        "a time to come",
        "no time at all",
    ],
)
def test_nothing_else_is_ever_deletable(*, in_use: bool, tags: dict[str, str]) -> None:
    assert assessed(listing((listed(in_use=in_use), tags))).deletions == ()


def test_while_awscurrent_is_unknown_nothing_is_deletable() -> None:
    tags = carrying(listed(), OLD_VERSION) | superseded(NOW - 31 * DAY)
    unlabelled = replace(managed(), current_version=None)

    assert assessed(listing((listed(in_use=False), tags)), secrets=(unlabelled,)).deletions == ()


def test_on_hold_nothing_is_deletable() -> None:
    tags = carrying(listed(), OLD_VERSION) | superseded(NOW - 31 * DAY)

    held = assessed(listing((listed(in_use=False), tags)), secrets=(managed(hold=""),))

    assert held.deletions == ()


def test_a_superseded_copy_still_in_use_within_the_lag_of_the_hint_is_not_deletable() -> None:
    tags = carrying(listed(), OLD_VERSION) | superseded(NOW - HOUR + SECOND)
    at_once = replace(SCAN_POLICY, retention=SECOND)

    assert assessed(listing((listed(in_use=True), tags)), policy=at_once).deletions == ()
    assert assessed(listing((listed(in_use=False), tags)), policy=at_once).deletions


def test_before_the_deletion_tags_or_a_hold_that_came_meanwhile_keep_the_copy() -> None:
    step = Deletion(
        arn=arn(1),
        region="eu-west-1",
        secret=SHOP,
        because="it was superseded 31 days ago",
        marks=Marks.from_tags(HOURS_AGO),
    )

    assert step.kept_because(HOURS_AGO, managed()) is None
    assert step.kept_because({**HOURS_AGO, IGNORE: ""}, managed()) == (
        "its tags were changed meanwhile"
    )
    assert step.kept_because(HOURS_AGO, managed(hold="")) is not None
