"""A superseded copy is in use again: its dependents are moved once more, and then no more."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from certrotation.core.findings import Code, Severity
from certrotation.core.rotation.plan import Strand
from certrotation.core.rotation.rendering import describe_step
from certrotation.names.tags import REVERTED
from tests.core.builders import HOUR, arn, copy, distribution, issued, listener, superseded, users
from tests.core.region_plans import RSA, done, region_plan, shape
from tests.core.samples import DAY, NOW

if TYPE_CHECKING:
    from collections.abc import Mapping

    from certrotation.core.estate.inventory import Copy, Dependent
    from certrotation.core.rotation.plan import RegionPlan
    from tests.support.authority import Issued

SECOND = timedelta(seconds=1)
MOVED = superseded(NOW - HOUR)


def reverted(ago: timedelta) -> Mapping[str, str]:
    """A first revert so long ago, and the move that followed an hour ago."""
    return {**MOVED, REVERTED: str(int((NOW - ago).timestamp()))}


def back(*dependents: Dependent, more_tags: Mapping[str, str] = MOVED, leaf: Issued = RSA) -> Copy:
    """The superseded copy, which dependents present again; its key type is not the material's."""
    return copy(1, leaf, used_by=users(*(dependents or (listener(),))), more_tags=more_tags)


def why(plan: RegionPlan) -> list[str]:
    return [each.because for each in plan.steps if isinstance(each, Strand)]


def test_the_first_time_it_is_recorded_before_anything_moves() -> None:
    plan = region_plan(back(), done(2))

    assert shape(plan) == [
        ("mark leaving", arn(1)),
        ("move", arn(1), arn(2)),
        ("mark superseded", arn(1), arn(2)),
    ]
    (finding,) = plan.findings
    assert (finding.code, finding.severity) == (Code.DEPENDENT_REVERTED, Severity.WARN)
    assert "second" not in finding.found


def test_a_move_that_died_after_the_first_time_is_finished_and_not_recorded_again() -> None:
    marks = {**superseded(NOW - 2 * HOUR), REVERTED: str(int((NOW - HOUR).timestamp()))}

    plan = region_plan(back(more_tags=marks), done(2))

    assert shape(plan) == [("move", arn(1), arn(2)), ("mark superseded", arn(1), arn(2))]


@pytest.mark.parametrize("ago", [2 * HOUR, 7 * DAY - SECOND])
def test_the_second_time_within_a_week_it_stays_and_is_told(ago: timedelta) -> None:
    plan = region_plan(back(more_tags=reverted(ago)), done(2))

    assert shape(plan) == [("strand", arn(1), arn(2))]
    assert not plan.is_refused
    (finding,) = plan.findings
    assert finding.found.endswith("is in use again, for the second time within a week.")
    (because,) = why(plan)
    assert because.startswith("it was put back to the old certificate for the second time")
    assert f"{NOW - ago:%Y-%m-%d %H:%M} UTC" in because


def test_after_a_week_it_is_moved_again() -> None:
    plan = region_plan(back(more_tags=reverted(7 * DAY)), done(2))

    assert [step[0] for step in shape(plan)] == ["mark leaving", "move", "mark superseded"]


def test_who_does_it_is_named_if_a_tag_says_so() -> None:
    marks = reverted(2 * HOUR)
    by_stack, by_nobody = listener(1, drifts="web-stack"), listener(2)

    first, second = why(region_plan(back(by_stack, by_nobody, more_tags=marks), done(2)))

    assert "it belongs to the CloudFormation stack web-stack" in first
    assert "no tag of it names its owner; CloudTrail shows who changed it" in second


def test_one_that_a_known_controller_puts_back_is_not_moved_even_once_more() -> None:
    owned = listener(unmovable="EKS Auto Mode would put the old one back (tag x=y)")

    plan = region_plan(back(owned, listener(2)), done(2))

    assert shape(plan) == [
        ("mark leaving", arn(1)),
        ("strand", arn(1), arn(2)),
        ("move", arn(1), arn(2)),
    ]
    assert not plan.is_refused, "the other copies of the Region must still be renewed"
    assert why(plan) == [
        "it was put back to the old certificate: EKS Auto Mode would put the old one back (tag x=y)"
    ]


def test_a_copy_that_may_be_reimported_takes_the_material_however_often_it_was_put_back() -> None:
    plan = region_plan(back(more_tags=reverted(2 * HOUR), leaf=issued()), done(2))

    assert ("reimport", arn(1)) in shape(plan)
    assert why(plan) == []


def test_a_copy_that_is_wanted_again_before_its_move_was_finished_loses_every_mark() -> None:
    marks = {**superseded(NOW - 2 * HOUR), REVERTED: str(int((NOW - HOUR).timestamp()))}

    plan = region_plan(done(1, used_by=users(listener()), more_tags=marks))

    assert shape(plan) == [("unmark", arn(1))]


def test_a_distribution_put_back_twice_gets_the_material_in_place_though_it_is_late() -> None:
    ending = issued(ends=DAY)

    first = region_plan(back(distribution(), leaf=ending), done(2))
    second = region_plan(back(distribution(), more_tags=reverted(2 * HOUR), leaf=ending), done(2))

    assert "move" in [step[0] for step in shape(first)]
    assert [step[0] for step in shape(second)] == ["unmark", "reimport", "tag"]
    assert Code.EDGE_LATE in {each.code for each in second.findings}


def test_a_copy_that_a_person_tagged_records_when_its_dependents_began_to_leave() -> None:
    by_hand = copy(1, RSA, tags={"certrotation:secret": "x"}, used_by=users(listener()))

    assert shape(region_plan(by_hand, done(2)))[0] == ("mark leaving", arn(1))


def test_a_step_that_strands_says_where_the_dependent_should_be() -> None:
    plan = region_plan(back(more_tags=reverted(2 * HOUR)), done(2))

    assert describe_step(plan.steps[0]) == (
        f"strand ALB listener listener/1 at {arn(1)} instead of {arn(2)}"
    )
