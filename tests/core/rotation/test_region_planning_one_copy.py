"""The plan for one Region comes to one copy; superseded copies stay out of it."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from certrotation.core.findings import Code, Severity
from certrotation.core.rotation.plan import NEW_COPY, Import, MarkSuperseded, Move, Unmark
from tests.core.builders import BIRTH, arn, copy, listener, superseded, users
from tests.core.region_plans import NEW_LEAF, RSA, UNUSED, done, region_plan, shape, told
from tests.core.samples import DAY, NOW, SECOND, verdicts

HOUR = timedelta(hours=1)
TYPE_CHANGES = "the key changes from RSA_2048 to EC_prime256v1"


def test_every_copy_in_use_that_acm_lets_us_reimport_is_reimported() -> None:
    first, second = (
        copy(number, used_by=users(listener(number, on=arn(number)))) for number in (1, 2)
    )

    assert shape(region_plan(second, first)) == [
        ("reimport", arn(1)),
        ("tag", arn(1)),
        ("reimport", arn(2)),
        ("tag", arn(2)),
    ]


@pytest.mark.parametrize("oldest", [2, 3])
def test_dependents_of_the_others_move_to_the_oldest_of_these(oldest: int) -> None:
    leaving = copy(1, RSA, used_by=users(listener(1), listener(2)))
    staying = [
        copy(
            number,
            used_by=users(listener(number, on=arn(number))),
            created=BIRTH - DAY if number == oldest else BIRTH,
        )
        for number in (2, 3)
    ]

    plan = region_plan(leaving, *staying)

    assert shape(plan)[4:] == [
        ("move", arn(1), arn(oldest)),
        ("move", arn(1), arn(oldest)),
        ("mark superseded", arn(1), arn(oldest)),
    ]
    assert not plan.imports


def test_else_they_move_to_one_new_import() -> None:
    leaving = [
        copy(number, RSA, used_by=users(listener(number, on=arn(number)))) for number in (1, 2)
    ]

    assert shape(region_plan(*leaving)) == [
        ("import", NEW_COPY),
        ("move", arn(1), NEW_COPY),
        ("move", arn(2), NEW_COPY),
        ("mark superseded", arn(1), NEW_COPY),
        ("mark superseded", arn(2), NEW_COPY),
    ]


def test_a_copy_in_use_is_preferred_to_an_older_unused_one_which_is_superseded() -> None:
    used, spare = copy(2, used_by=users(listener(on=arn(2)))), done(1, used_by=UNUSED)

    assert shape(region_plan(spare, used)) == [
        ("reimport", arn(2)),
        ("tag", arn(2)),
        ("mark superseded", arn(1), arn(2)),
    ]


def test_an_unused_copy_that_carries_the_material_is_preferred_to_one_that_does_not() -> None:
    leaving = copy(3, RSA, used_by=users(listener(on=arn(3))))

    plan = region_plan(copy(1, used_by=UNUSED), done(2, used_by=UNUSED), leaving)

    assert shape(plan) == [
        ("move", arn(3), arn(2)),
        ("mark superseded", arn(1), arn(2)),
        ("mark superseded", arn(3), arn(2)),
    ]


def test_an_unused_copy_that_can_be_reimported_is_preferred_to_a_new_import() -> None:
    leaving = copy(3, RSA, used_by=users(listener(on=arn(3))))

    plan = region_plan(copy(2, used_by=UNUSED), copy(1, used_by=UNUSED), leaving)

    assert shape(plan) == [
        ("reimport", arn(1)),
        ("tag", arn(1)),
        ("move", arn(3), arn(1)),
        ("mark superseded", arn(2), arn(1)),
        ("mark superseded", arn(3), arn(1)),
    ]


@pytest.mark.parametrize(
    ("created_of_1", "winner"), [(BIRTH + SECOND, 2), (BIRTH, 1), (BIRTH - SECOND, 1)]
)
def test_among_equal_fingerprints_the_earliest_then_the_lowest_arn_wins(
    created_of_1: datetime, winner: int
) -> None:
    first = done(1, used_by=UNUSED, created=created_of_1)
    second = done(2, used_by=UNUSED, created=BIRTH)
    loser = 3 - winner

    plan = region_plan(second, first)

    assert plan.steps == (
        MarkSuperseded(
            arn=arn(loser),
            by_arn=arn(winner),
            because=f"nothing uses it, and {arn(winner)} has the material",
        ),
    )


def test_of_two_copies_that_carry_the_material_and_are_in_use_both_stay() -> None:
    both = [done(number, used_by=users(listener(number, on=arn(number)))) for number in (1, 2)]

    assert region_plan(*both).steps == ()


# Superseded copies


def test_superseded_copies_that_nothing_uses_are_left_alone() -> None:
    old = copy(1, RSA, used_by=UNUSED, more_tags=superseded(NOW))

    assert region_plan(old, done(2, used_by=UNUSED)).steps == ()


def test_reuse_by_a_rollback_takes_the_marks_off_before_anything_is_attached() -> None:
    old = done(1, used_by=UNUSED, more_tags=superseded(NOW - DAY))
    live = copy(2, RSA, used_by=users(listener(on=arn(2))))

    plan = region_plan(old, live)

    assert plan.steps == (
        Unmark(arn=arn(1), because="it is to be used again"),
        Move(dependent=listener(on=arn(2)), to_arn=arn(1), because=TYPE_CHANGES),
        MarkSuperseded(
            arn=arn(2),
            by_arn=arn(1),
            because=f"its dependents move, and {arn(1)} has the material",
        ),
    )
    assert plan.findings == ()


def test_a_superseded_copy_is_reused_under_another_version_id_of_the_same_leaf() -> None:
    old = copy(1, NEW_LEAF, used_by=UNUSED, more_tags=superseded(NOW - DAY))

    assert shape(region_plan(old)) == [("unmark", arn(1)), ("tag", arn(1))]


def test_a_superseded_copy_that_carries_something_else_is_never_reused() -> None:
    old = copy(1, used_by=UNUSED, more_tags=superseded(NOW - DAY))

    assert region_plan(old).steps == (Import(because="the Region has no copy"),)


def test_one_found_in_use_again_is_an_ordinary_copy_again_and_reported_as_reverted() -> None:
    back = copy(1, used_by=users(listener()), more_tags=superseded(NOW))

    plan = region_plan(back, done(2, used_by=UNUSED))

    assert shape(plan) == [
        ("unmark", arn(1)),
        ("reimport", arn(1)),
        ("tag", arn(1)),
        ("mark superseded", arn(2), arn(1)),
    ]
    assert told(plan.findings) == [
        (
            Code.DEPENDENT_REVERTED,
            Severity.WARN,
            f"{arn(1)} was superseded and is in use again.",
        )
    ]


def test_one_found_in_use_again_that_must_be_replaced_is_left_again() -> None:
    back = copy(1, RSA, used_by=users(listener()), more_tags=superseded(NOW))

    plan = region_plan(back, done(2, used_by=users(listener(2, on=arn(2)))))

    assert shape(plan) == [
        ("mark leaving", arn(1)),
        ("move", arn(1), arn(2)),
        ("mark superseded", arn(1), arn(2)),
    ]
    assert verdicts(plan.findings) == [(Code.DEPENDENT_REVERTED, Severity.WARN)]


@pytest.mark.parametrize(
    ("since", "steps"), [(HOUR - SECOND, []), (HOUR, [("unmark", arn(1)), ("tag", arn(1))])]
)
def test_acms_word_alone_proves_use_only_once_its_hint_settled(
    since: timedelta, steps: list[tuple[str, ...]]
) -> None:
    old = copy(1, NEW_LEAF, used_by=users(unknown=("arn:x",)), more_tags=superseded(NOW - since))

    assert shape(region_plan(old, done(2, used_by=users(listener(on=arn(2)))))) == steps
