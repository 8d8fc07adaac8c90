"""ACM names what AWS fronts for some time after it has left a copy."""

from __future__ import annotations

from datetime import timedelta

import pytest

from certrotation.core.estate.inventory import Asked, Users
from certrotation.core.rotation.dependent_checks import may_have_left
from certrotation.core.rotation.plan import Await
from certrotation.names.tags import MOVING_SINCE
from tests.core.builders import HOUR, arn, copy, listener, users
from tests.core.region_plans import RSA, done, region_plan
from tests.core.samples import NOW, SECOND

FRONTED = "arn:aws:cloudfront::999999999999:distribution/E1"
OWN = f"arn:aws:cloudfront::{arn(1).split(':')[4]}:distribution/E1"
ASKED = Asked(user=FRONTED, kinds="API domain", region="us-east-1")


@pytest.mark.parametrize(
    ("unknown", "asked", "ago", "left"),
    [
        (FRONTED, (ASKED,), timedelta(0), True),
        (FRONTED, (ASKED,), 7 * HOUR - SECOND, True),
        (FRONTED, (ASKED,), 7 * HOUR, False),
        (FRONTED, (ASKED,), -HOUR, False),
        (FRONTED, (), HOUR, False),
        (FRONTED, (ASKED._replace(failure="THROTTLED: Slow down."),), HOUR, False),
        (OWN, (ASKED._replace(user=OWN),), HOUR, False),
    ],
    ids=[
        "just now",
        "nearly seven hours",
        "seven hours",
        "a time to come",
        "nobody was asked",
        "one could not answer",
        "a resource of the account",
    ],
)
def test_a_user_that_aws_fronts_may_have_left_for_seven_hours(
    *, unknown: str, asked: tuple[Asked, ...], ago: timedelta, left: bool
) -> None:
    used_by = Users(dependents=(), unknown=(unknown,), asked=asked)
    began = int((NOW - ago).timestamp())
    assert may_have_left(copy(used_by=used_by), began, NOW) is left


def test_without_a_move_or_without_such_a_user_nothing_has_left() -> None:
    fronted = copy(used_by=Users(dependents=(), unknown=(FRONTED,), asked=(ASKED,)))
    assert not may_have_left(fronted, None, NOW)
    assert not may_have_left(copy(used_by=users(listener())), int(NOW.timestamp()), NOW)
    assert not may_have_left(copy(used_by=None), int(NOW.timestamp()), NOW)


def test_a_copy_whose_user_may_have_left_is_not_superseded_yet() -> None:
    fronted = Users(dependents=(), unknown=(FRONTED,), asked=(ASKED,))
    moving = {MOVING_SINCE: str(int((NOW - HOUR).timestamp()))}

    plan = region_plan(copy(1, RSA, used_by=fronted), done(2, more_tags=moving))

    because = "ACM may name what has left it for a while"
    assert plan.steps == (Await(arn=arn(1), because=because),)
