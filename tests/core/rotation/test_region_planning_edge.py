"""What CloudFront presents is not reimported in its last 48 hours, if that can be helped."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from certrotation.core.findings import Code, Severity
from certrotation.core.rotation.plan import NEW_COPY
from certrotation.core.rotation.region_planning import NO_REJECTIONS
from tests.core.builders import (
    NEW_VERSION,
    arn,
    copy,
    distribution,
    issued,
    listener,
    material,
    tags_of,
    users,
)
from tests.core.region_plans import UNUSED, done, region_plan, shape, told
from tests.core.samples import DAY, SECOND, verdicts

if TYPE_CHECKING:
    from certrotation.core.estate.inventory import Copy, Users

HOUR = timedelta(hours=1)


def on_edge(ends: timedelta, drifts: str | None = None) -> Copy:
    return copy(leaf=issued(ends=ends), used_by=users(distribution(drifts=drifts)))


@pytest.mark.parametrize("ends", [2 * DAY, 3 * DAY])
def test_what_cloudfront_presents_is_reimported_while_48_hours_remain(ends: timedelta) -> None:
    plan = region_plan(on_edge(ends))

    assert shape(plan) == [("reimport", arn(1)), ("tag", arn(1))]
    assert plan.findings == ()


@pytest.mark.parametrize("ends", [2 * DAY - SECOND, -DAY])
def test_what_cloudfront_presents_is_replaced_when_less_than_48_hours_remain(
    ends: timedelta,
) -> None:
    plan = region_plan(on_edge(ends))

    assert shape(plan) == [
        ("import", NEW_COPY),
        ("move", arn(1), NEW_COPY),
        ("mark superseded", arn(1), NEW_COPY),
    ]
    assert plan.findings == ()


def test_a_late_replacement_says_until_when_the_old_one_lasts() -> None:
    step = region_plan(on_edge(DAY)).steps[1]

    assert step.because == (
        "a CloudFront distribution presents it, and it ends 2026-06-02 12:00 UTC, within 48 hours"
    )


def test_a_listeners_copy_is_reimported_however_little_time_remains() -> None:
    plan = region_plan(copy(leaf=issued(ends=HOUR), used_by=users(listener())))

    assert shape(plan) == [("reimport", arn(1)), ("tag", arn(1))]


def test_if_cloudfront_refuses_the_new_arn_it_is_reimported_after_all_with_edge_late() -> None:
    late = on_edge(DAY)

    plan = region_plan(late, done(2, used_by=UNUSED), rejections=NO_REJECTIONS.with_move(arn(1)))

    assert shape(plan) == [
        ("reimport", arn(1)),
        ("tag", arn(1)),
        ("mark superseded", arn(2), arn(1)),
    ]
    assert told(plan.findings) == [
        (
            Code.EDGE_LATE,
            Severity.WARN,
            (
                f"{arn(1)} is reimported in place although a CloudFront distribution"
                " presents it, and it ends 2026-06-02 12:00 UTC, within 48 hours: its users"
                " cannot move."
            ),
        )
    ]


@pytest.mark.parametrize(
    "used_by",
    [
        users(distribution(unmovable="its tenants present others")),
        users(distribution(), listener(unmovable="a controller owns it")),
        users(distribution(), unknown=("arn:environment",)),
    ],
)
def test_a_late_copy_whose_users_cannot_move_is_reimported_with_edge_late(used_by: Users) -> None:
    plan = region_plan(copy(leaf=issued(ends=DAY), used_by=used_by))

    assert shape(plan) == [("reimport", arn(1)), ("tag", arn(1))]
    assert verdicts(plan.findings) == [(Code.EDGE_LATE, Severity.WARN)]


def test_a_stack_that_drifts_does_not_keep_a_late_copy_from_being_replaced() -> None:
    plan = region_plan(on_edge(DAY, drifts="shop-edge"))

    assert plan.imports
    assert verdicts(plan.findings) == [(Code.DEPENDENT_DRIFTS, Severity.WARN)]


def test_a_late_copy_that_carries_the_material_already_is_kept() -> None:
    leaf = issued(ends=DAY)

    plan = region_plan(
        copy(leaf=leaf, tags=tags_of(leaf, NEW_VERSION), used_by=users(distribution())),
        wanted=material(leaf),
    )

    assert (plan.steps, plan.findings) == ((), ())
