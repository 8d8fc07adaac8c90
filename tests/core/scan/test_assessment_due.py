"""Which secrets are due, and what is queued for them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from certrotation.core.estate.arn_parameters import ArnParameters
from certrotation.core.estate.inventory import Origin
from certrotation.core.findings import Code, refuse
from certrotation.core.rotation.request import RotationRequest, ScanSnapshot, SnapshotCopy
from certrotation.names.tags import IGNORE, ISSUER, PARAMETER, SECRET, VERSION
from tests.core.builders import (
    HOME,
    HOUR,
    NEW_VERSION,
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
from tests.core.samples import DAY, NOW, SECOND

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import timedelta

    from certrotation.core.scan.assessment import Assessment, DueSecret

TWO_TARGETS = replace(SCAN_POLICY, targets=(HOME, US))


def due_of(assessment: Assessment) -> DueSecret:
    (due,) = assessment.due
    return due


def test_a_secret_all_of_whose_copies_are_current_is_not_due() -> None:
    assert assessed(listing((listed(), carrying(listed())))).due == ()


def test_a_secret_that_never_had_a_value_is_not_due() -> None:
    empty = managed(version=None)

    assert assessed(listing(), secrets=(empty,)).due == ()
    assert len(assessed(listing((listed(), carrying(listed()))), secrets=(empty,)).due) == 1


def test_a_reference_whose_source_is_unknown_is_due_with_every_copy_and_without_any() -> None:
    arn_of_source = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:shared/shop-AbCdEf"
    problem = refuse(Code.SOURCE_GONE, "There is no such secret.")
    reference = managed(version=None, source=arn_of_source)
    gone = replace(reference, origin=Origin(arn_of_source, problem))
    silent = replace(reference, origin=Origin(arn_of_source, None, "UNREACHABLE: no answer"))
    copy = listing((listed(), carrying(listed())))

    assert due_of(assessed(copy, secrets=(gone,))).because == (
        f"{arn(1)}: the version of the secret's source is unknown",
        "There is no such secret.",
    )
    assert due_of(assessed(copy, secrets=(silent,))).because[1:] == ("UNREACHABLE: no answer",)
    assert len(assessed(listing(), secrets=(gone,)).due) == 1
    assert len(assessed(listing(), secrets=(silent,)).due) == 1
    without_value = replace(reference, origin=Origin(arn_of_source))
    assert assessed(listing(), secrets=(without_value,)).due == ()


def test_a_secret_is_due_for_every_copy_that_is_due() -> None:
    stale = listed(2)

    due = due_of(
        assessed(listing((listed(), carrying(listed())), (stale, carrying(stale, OLD_VERSION))))
    )

    assert due.because == (f"{arn(2)}: the copy has version v-old, AWSCURRENT is v-new",)
    assert due.places == 1


def test_a_target_region_that_has_no_copy_makes_its_secret_due() -> None:
    due = due_of(
        assessed(listing((listed(), carrying(listed()))), listing(region=US), policy=TWO_TARGETS)
    )

    assert (due.because, due.places) == (("us-east-1: no copy",), 1)


@pytest.mark.parametrize(
    "more_tags", [IGNORE, "certrotation:superseded-by"], ids=["ignored", "superseded"]
)
def test_a_region_whose_only_copy_is_set_aside_has_no_copy(more_tags: str) -> None:
    due = due_of(
        assessed(listing((listed(in_use=False), {**carrying(listed()), more_tags: "arn:x"})))
    )

    assert due.because == ("eu-west-1: no copy",)


def test_a_region_that_could_not_be_read_is_not_taken_to_have_no_copy() -> None:
    assert assessed(listing((listed(), carrying(listed()))), policy=TWO_TARGETS).due == ()


def test_a_region_that_the_secret_does_not_name_needs_no_copy() -> None:
    due = assessed(
        listing((listed(), carrying(listed()))),
        listing(region=US),
        secrets=(managed(regions=HOME),),
        policy=TWO_TARGETS,
    ).due

    assert due == ()


def test_a_secret_without_a_current_version_is_never_due() -> None:
    empty = managed(version=None, regions="eu-nowhere-1")

    found = assessed(listing((listed(), carrying(listed(), OLD_VERSION))), secrets=(empty,))

    assert found.due == ()


def test_a_secret_on_hold_stays_due() -> None:
    seen = listing((listed(), carrying(listed(), OLD_VERSION)))

    assert due_of(assessed(seen, secrets=(managed(hold=""),))).places == 1


def test_a_secret_that_is_refused_by_itself_stays_due_until_a_person_acts() -> None:
    wrong = managed(regions=f"{HOME} eu-nowhere-1")

    due = due_of(assessed(listing((listed(), carrying(listed()))), secrets=(wrong,)))

    assert due.because == ("certrotation:regions names eu-nowhere-1; the stack has eu-west-1.",)
    assert due.places == 0


@pytest.mark.parametrize(
    ("ago", "is_overdue"),
    [(3 * HOUR, False), (3 * HOUR + SECOND, True), (None, False)],
)
def test_due_is_overdue_when_the_last_change_is_more_than_three_intervals_old(
    *, ago: timedelta | None, is_overdue: bool
) -> None:
    secret = replace(managed(), last_changed=None if ago is None else NOW - ago)
    seen = listing((listed(), carrying(listed(), OLD_VERSION)))

    assert due_of(assessed(seen, secrets=(secret,))).is_overdue is is_overdue


def test_each_due_secret_comes_with_what_was_seen_of_its_copies_and_no_others() -> None:
    stale, set_aside, other, there = (
        listed(1),
        listed(2, in_use=False),
        listed(3),
        listed(region=US),
    )
    tags = carrying(stale, OLD_VERSION)

    due = due_of(
        assessed(
            listing(
                (stale, {**tags, "team": "shop"}),
                (set_aside, {**carrying(set_aside), IGNORE: ""}),
                (other, carrying(other, secret="certrotation/wiki")),
            ),
            listing((there, carrying(there)), region=US),
            secrets=(managed(), managed("certrotation/wiki", regions=HOME)),
            policy=TWO_TARGETS,
        )
    )

    assert due.snapshot == ScanSnapshot(
        at=int(NOW.timestamp()),
        copies=(
            SnapshotCopy(arn=stale.arn, region=HOME, in_use=True, tags=tags),
            SnapshotCopy(arn=there.arn, region=US, in_use=True, tags=carrying(there)),
        ),
    )


def test_a_snapshot_says_where_a_certificate_like_a_copy_could_be_adopted() -> None:
    here, there = listed(1), listed(1, region=US)
    unused = listed(2, region=US, in_use=False)
    other_names = replace(listed(3, region=US), names=frozenset({"wiki.example.com"}))
    orphan = listed(5, region=US)

    due = due_of(
        assessed(
            listing((here, carrying(here, OLD_VERSION)), (listed(2), {})),
            listing(
                (there, carrying(there, OLD_VERSION)),
                (unused, {}),
                (other_names, {}),
                (listed(4, region=US), {IGNORE: ""}),
                (orphan, carrying(orphan, secret="certrotation/gone")),
                region=US,
            ),
            policy=TWO_TARGETS,
        )
    )

    assert due.snapshot.lookalikes == (HOME,)


def test_a_snapshot_shows_superseded_copies_and_says_which_are_in_use() -> None:
    old = listed(2, in_use=False)
    tags = carrying(old, OLD_VERSION) | superseded(NOW)

    seen = due_of(assessed(listing((listed(), {SECRET: SHOP}), (old, tags)))).snapshot.copies

    assert [(each.arn, each.in_use, each.tags) for each in seen] == [
        (arn(1), True, {SECRET: SHOP}),
        (arn(2), False, tags),
    ]


def test_the_request_names_the_secret_and_the_version_that_is_awscurrent() -> None:
    due = due_of(assessed(listing()))

    assert due.request == RotationRequest(secret=SHOP, version=NEW_VERSION)
    assert due.request.snapshot == due.snapshot


def test_one_request_per_due_secret_in_the_order_of_the_secrets() -> None:
    names = ["certrotation/b", "certrotation/a"]
    stale = [listed(number) for number in (1, 2)]

    due = assessed(
        listing(*((each, {SECRET: names[0], VERSION: OLD_VERSION}) for each in stale)),
        secrets=tuple(map(managed, names)),
    ).due

    assert [each.secret.name for each in due] == names
    assert [each.places for each in due] == [2, 1]


def test_a_secret_that_awaits_its_first_certificate_from_an_issuer_is_not_overdue() -> None:
    old = replace(managed(), last_changed=NOW - 100 * HOUR)
    asking = replace(old, tags={ISSUER: "letsencrypt"})

    assert due_of(assessed(listing(), secrets=(old,))).is_overdue
    assert not due_of(assessed(listing(), secrets=(asking,))).is_overdue
    stale = listing((listed(), carrying(listed(), OLD_VERSION)))
    assert due_of(assessed(stale, secrets=(asking,))).is_overdue


def test_a_copy_whose_arn_no_parameter_holds_is_queued_and_counts_neither_as_due_nor_overdue() -> (
    None
):
    named = ArnParameters(stack="tls", prefix=SCAN_POLICY.prefix, edge=None, targets=(HOME,))
    publishing = replace(SCAN_POLICY, arn_parameters=named)
    old = replace(managed(), last_changed=NOW - DAY)
    marked = {PARAMETER: named.of(old.name, HOME).mark}

    def due(tags: Mapping[str, str]) -> tuple[DueSecret, ...]:
        seen = listing((listed(), {**carrying(listed()), **tags}))
        return assessed(seen, secrets=(old,), policy=publishing).due

    (unpublished,) = due({})

    assert unpublished.because == (
        f"{HOME}: an ARN parameter of the copy does not hold its ARN yet",
    )
    assert (unpublished.places, unpublished.is_overdue) == (0, False)
    assert due({PARAMETER: "of another name"}) != ()
    assert due(marked) == ()
