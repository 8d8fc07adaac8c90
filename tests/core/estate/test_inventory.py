"""What secrets, dependents and copies say about themselves."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from certrotation.core.estate.inventory import Dependent, Users
from certrotation.core.findings import Code, Severity
from certrotation.names.tags import MOVING_SINCE
from tests.core.builders import BIRTH, arn, copy, listener, managed, superseded, users
from tests.core.samples import NOW, SECOND

if TYPE_CHECKING:
    from datetime import datetime

TARGETS = ("eu-west-1", "us-east-1", "eu-central-1")
HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("tag", "regions"),
    [
        ("us-east-1", ("us-east-1",)),
        ("eu-central-1 eu-west-1", ("eu-central-1", "eu-west-1")),
        ("us-east-1  us-east-1", ("us-east-1",)),
        ("us-east-1 eu-nowhere-1", ("us-east-1",)),
        ("eu-nowhere-1", ()),
        ("", TARGETS),
        (" ", TARGETS),
    ],
)
def test_the_regions_tag_names_a_subset_whose_first_is_the_canary(
    tag: str, regions: tuple[str, ...]
) -> None:
    assert managed(regions=tag).regions(TARGETS) == regions


def test_without_a_regions_tag_every_target_region_is_meant() -> None:
    assert managed().regions(TARGETS) == TARGETS


def test_a_region_that_is_no_target_is_refused_as_region_unknown() -> None:
    (finding,) = managed(regions="eu-west-1 eu-x-1 eu-y-1").findings(TARGETS)

    assert (finding.code, finding.severity) == (Code.REGION_UNKNOWN, Severity.REFUSE)
    assert finding.found == (
        "certrotation:regions names eu-x-1, eu-y-1;"
        " the stack has eu-west-1, us-east-1, eu-central-1."
    )


def test_a_name_longer_than_a_tag_value_is_refused_as_secret_name_too_long() -> None:
    assert managed("certrotation/".ljust(256, "x")).findings(TARGETS) == ()

    (finding,) = managed("certrotation/".ljust(257, "x")).findings(TARGETS)

    assert (finding.code, finding.severity) == (Code.SECRET_NAME_TOO_LONG, Severity.REFUSE)
    assert finding.found == "The secret's name has 257 characters, over 256."


def test_a_secret_is_held_by_a_tag_of_any_value() -> None:
    assert managed(hold="").is_held
    assert managed(hold="issuance").is_held, "without an issuer, any value holds everything"
    only_issuer = managed(hold=" issuance ", issuer="ca")
    assert (only_issuer.is_held, only_issuer.is_issuance_held) == (False, True)
    everything = managed(hold="yes", issuer="ca")
    assert (everything.is_held, everything.is_issuance_held) == (True, True)
    assert not managed(issuer="ca").is_issuance_held
    assert not managed(regions="us-east-1").is_held


def test_accepted_findings_are_the_words_of_a_tag() -> None:
    assert managed(accept=" SELF_SIGNED  NAMES_LOST@v1 ").accepted == (
        "SELF_SIGNED",
        "NAMES_LOST@v1",
    )
    assert managed().accepted == ()


def test_a_dependent_is_named_by_kind_and_arn() -> None:
    assert str(listener(7)) == "ALB listener listener/7"


def test_nobody_uses_a_copy_that_neither_a_service_nor_acm_says_is_used() -> None:
    assert not Users()
    assert Users(dependents=(listener(),))
    assert Users(unknown=("arn:environment",))


def test_a_copy_counts_as_used_until_somebody_asked() -> None:
    assert copy(used_by=None).is_used
    assert copy(used_by=users(listener())).is_used
    assert not copy(used_by=users()).is_used


@pytest.mark.parametrize(
    ("used_by", "dependents"),
    [(None, ()), (users(unknown=("x",)), ()), (users(listener()), (listener(),))],
)
def test_a_copys_dependents_are_those_that_services_name(
    used_by: Users | None, dependents: tuple[Dependent, ...]
) -> None:
    assert copy(used_by=used_by).dependents == dependents


def test_copies_are_ordered_by_creation_then_by_arn() -> None:
    late = copy(1, created=BIRTH + SECOND)
    second, first = copy(3), copy(2)
    unknown = copy(4, created=None)

    ordered = sorted([late, second, first, unknown], key=lambda each: each.age)

    assert [each.arn for each in ordered] == [arn(4), arn(2), arn(3), arn(1)]


@pytest.mark.parametrize(
    ("used_by", "since", "is_ordinary"),
    [
        (None, 2 * HOUR, False),
        (users(), 2 * HOUR, False),
        (users(listener()), timedelta(0), True),
        (users(unknown=("arn:x",)), HOUR - SECOND, False),
        (users(unknown=("arn:x",)), HOUR, True),
        (users(listener(), unknown=("arn:x",)), HOUR - SECOND, True),
    ],
    ids=[
        "nobody was asked",
        "unused",
        "a service names it",
        "the hint has not settled",
        "the hint has settled",
        "both",
    ],
)
def test_a_superseded_copy_found_in_use_again_is_an_ordinary_copy_again(
    *, used_by: Users | None, since: timedelta, is_ordinary: bool
) -> None:
    old = copy(more_tags=superseded(NOW - since), used_by=used_by)

    assert old.is_ordinary(NOW) is is_ordinary


def test_a_mark_without_a_readable_time_is_taken_to_be_old() -> None:
    marks = {"certrotation:superseded-by": "arn:new", "certrotation:superseded-at": "soon"}

    assert copy(more_tags=marks, used_by=users(unknown=("arn:x",))).is_ordinary(NOW)


def test_a_copy_that_is_not_superseded_is_ordinary_whoever_uses_it() -> None:
    assert copy(used_by=None).is_ordinary(NOW)
    assert copy(used_by=users()).is_ordinary(NOW)


@pytest.mark.parametrize(
    ("created", "older"),
    [(NOW - HOUR, True), (NOW - HOUR + SECOND, False), (None, False)],
    ids=["an hour old", "a second younger", "of unknown age"],
)
def test_a_copy_is_older_than_a_span_only_if_that_is_known(
    *, created: datetime | None, older: bool
) -> None:
    assert copy(created=created).is_older(HOUR, NOW) is older


@pytest.mark.parametrize(
    ("marked", "created", "since"),
    [
        (NOW - HOUR, BIRTH, NOW - HOUR),
        (NOW + HOUR, BIRTH, BIRTH),
        (None, BIRTH, BIRTH),
        (None, None, None),
    ],
    ids=["marked", "in time to come", "an earlier version's", "nothing known"],
)
def test_dependents_move_to_a_copy_since_its_mark_or_else_its_creation(
    marked: datetime | None, created: datetime | None, since: datetime | None
) -> None:
    marks = {MOVING_SINCE: str(int(marked.timestamp()))} if marked else {}

    assert copy(more_tags=marks, created=created).moving_since(NOW) == (
        int(since.timestamp()) if since else None
    )
