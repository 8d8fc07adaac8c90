"""The ARN of a copy is published: when, and of which copy."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from certrotation.core.estate.arn_parameters import ArnParameters
from certrotation.core.rotation.plan import NEW_COPY, MarkSuperseded, Publish
from certrotation.names.tags import PARAMETER
from certrotation.values import replace
from tests.core.builders import HOME, copy, listener, users
from tests.core.region_plans import POLICY, RSA, done, look, plan_for, rotation

if TYPE_CHECKING:
    from certrotation.core.estate.inventory import Copy
    from certrotation.core.rotation.plan import RegionPlan

FAR = "us-west-2"
NAMED = ArnParameters(stack="tls", prefix=POLICY.prefix, edge=None, targets=(HOME, FAR))
PUBLISHING = replace(POLICY, arn_parameters=NAMED)
WANTED = rotation(policy=PUBLISHING)
PUBLICATION = WANTED.publication(HOME)
assert PUBLICATION is not None
MARKED = {PARAMETER: PUBLICATION.mark}


def plan(*copies: Copy, holds: str | None) -> RegionPlan:
    """The plan of a Region whose parameter holds this."""
    assert PUBLICATION is not None
    held = dict.fromkeys(PUBLICATION.parameters, holds)
    (planned,) = plan_for(WANTED, look(*copies, parameters=held)).regions
    return planned


def published(planned: RegionPlan) -> list[tuple[str, str]]:
    return [(each.arn, each.because) for each in planned.steps if isinstance(each, Publish)]


def test_a_parameter_that_holds_something_else_is_written_though_the_copy_says_it_holds_it() -> (
    None
):
    for held in (None, "arn:other"):
        planned = plan(done(1, more_tags=MARKED), holds=held)

        assert published(planned) == [
            (done(1).arn, "its ARN is to be in /tls/shop/arn in eu-west-1")
        ]


def test_a_copy_whose_arn_the_parameter_holds_only_lacks_the_tag() -> None:
    planned = plan(done(1), holds=done(1).arn)

    assert published(planned) == [(done(1).arn, "the copy is not tagged as published")]


def test_where_parameter_and_tag_are_right_nothing_is_to_be_done() -> None:
    assert plan(done(1, more_tags=MARKED), holds=done(1).arn).steps == ()


def test_of_two_copies_in_use_the_one_that_is_published_stays_published() -> None:
    older, newer = (
        done(1, used_by=users(listener(1))),
        done(2, used_by=users(listener(2)), more_tags=MARKED),
    )

    assert published(plan(older, newer, holds=newer.arn)) == []
    assert published(plan(older, newer, holds=None)) == [
        (older.arn, "its ARN is to be in /tls/shop/arn in eu-west-1")
    ]


def test_the_new_copy_is_published_when_the_old_one_is_left() -> None:
    old = copy(1, RSA, used_by=users(listener(1)), tags={**copy(1, RSA).tags, **MARKED})

    planned = plan(old, holds=old.arn)

    assert published(planned) == [(NEW_COPY, "its ARN is to be in /tls/shop/arn in eu-west-1")]
    assert [type(each) for each in planned.steps[-2:]] == [MarkSuperseded, Publish]


OWN, EVERYWHERE = "/tls/shop/arn in eu-west-1", "/tls/shop/edge-arn in {}"


@pytest.mark.parametrize(
    ("own", "home", "far", "is_marked", "differing"),
    [
        pytest.param("done", "done", "done", True, None, id="all hold it"),
        pytest.param("done", "done", "", True, None, id="a Region does not answer"),
        pytest.param("", "", "", True, None, id="no Region answers"),
        pytest.param("done", "done", "", False, FAR, id="nothing says that it was written"),
        pytest.param("done", "", "", False, f"{HOME} {FAR}", id="two are not known"),
        pytest.param("", "done", "done", False, "own", id="the own one is not known"),
        pytest.param("done", "done", "absent", True, FAR, id="deleted in a Region"),
        pytest.param("done", "done", "other", True, FAR, id="changed in a Region"),
        pytest.param("", "done", "other", True, FAR, id="changed in a Region, own one unknown"),
    ],
)
def test_what_a_parameter_holds_that_cannot_be_read_is_known_by_the_tag(
    own: str, home: str, far: str, differing: str | None, *, is_marked: bool
) -> None:
    """An empty text: the parameter cannot be read."""
    edge = replace(POLICY, arn_parameters=replace(NAMED, edge=HOME))
    wanted = rotation(policy=edge)
    publication = wanted.publication(HOME)
    assert publication is not None
    kept = done(1, more_tags={PARAMETER: publication.mark} if is_marked else {})
    values = {"done": kept.arn, "absent": None, "other": "arn:other"}
    given = zip(publication.parameters, (own, home, far), strict=True)
    held = {parameter: values[each] for parameter, each in given if each}

    (planned,) = plan_for(wanted, look(kept, parameters=held)).regions

    names = [
        OWN if each == "own" else EVERYWHERE.format(each) for each in (differing or "").split()
    ]
    expected = [(kept.arn, f"its ARN is to be in {', '.join(names)}")] if names else []
    assert published(planned) == expected


def test_without_the_setting_nothing_is_published() -> None:
    (planned,) = plan_for(rotation(), look(done(1))).regions

    assert published(planned) == []
