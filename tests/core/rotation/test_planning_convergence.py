"""Planning and applying again and again, dying anywhere, ends where everything is right."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from certrotation.core.estate.arn_parameters import ArnParameters
from certrotation.core.rotation.plan import Import, Move
from tests.core.builders import arn, distribution, issued, listener, superseded, tags_of
from tests.core.region_model import EC_LEAF, EVERY_STEP, RSA_LEAF, VERSIONS, Held, Model, World
from tests.core.region_plans import POLICY
from tests.core.samples import DAY, NOW

if TYPE_CHECKING:
    from tests.support.authority import Issued

pytestmark = pytest.mark.slow

PUBLISHING = replace(
    POLICY,
    arn_parameters=ArnParameters(stack="certrotation", prefix=POLICY.prefix, edge=None, targets=()),
)
LATE_FOR_THE_EDGE = [issued(ends=DAY), issued(ends=DAY, key="rsa2048")]
LEAVES = [EC_LEAF, RSA_LEAF, issued(), issued(key="rsa2048"), *LATE_FOR_THE_EDGE]
EXAMPLES = settings(max_examples=100, deadline=None)


@st.composite
def certificates(draw: st.DrawFn) -> Held:
    """A certificate without our tags, or a copy: of some version, superseded or not."""
    leaf = draw(st.sampled_from(LEAVES))
    is_tagged = draw(st.sampled_from([True, True, True, False]))
    tags = tags_of(leaf, VERSIONS.get(leaf, "v-old")) if is_tagged else {}
    is_superseded = is_tagged and draw(st.booleans())
    return Held(
        leaf=leaf,
        tags=tags | superseded(NOW - DAY) if is_superseded else tags,
        created=timedelta(hours=draw(st.integers(0, 2))),
    )


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """A Region with up to four certificates, and listeners and distributions that present them."""
    held = {
        arn(number): each for number, each in enumerate(draw(st.lists(certificates(), max_size=4)))
    }
    presenting = st.tuples(st.booleans(), st.sampled_from(sorted(held) or [""]))
    dependents = [
        distribution(number, on=on) if is_on_edge else listener(number, on=on)
        for number, (is_on_edge, on) in enumerate(
            draw(st.lists(presenting, max_size=4 if held else 0))
        )
    ]
    model = Model(held=held, dependents={each.arn: each for each in dependents})
    return World(
        model=model,
        wanted=draw(st.sampled_from([EC_LEAF, RSA_LEAF])),
        policy=draw(st.sampled_from([POLICY, PUBLISHING])),
    )


@given(worlds())
@EXAMPLES
def test_once_a_plan_was_applied_the_next_one_has_no_steps(world: World) -> None:
    plan = world.plan()
    if plan.is_refused:
        assert plan.steps == ()
        return

    world.apply(plan)

    world.assert_right()


@given(worlds(), st.integers(0, 8))
@EXAMPLES
def test_whichever_step_a_run_dies_after_the_next_run_finishes_the_work(
    world: World, steps: int
) -> None:
    plan = world.plan()
    if plan.is_refused:
        return
    world.apply(plan, most=steps)

    world.apply(world.plan())

    world.assert_right()


@given(worlds())
@EXAMPLES
def test_an_index_of_tags_that_lags_behind_neither_imports_nor_moves_anything(world: World) -> None:
    lagging = world.model.tags()
    plan = world.plan()
    if plan.is_refused:
        return
    world.apply(plan)

    again = world.plan(lagging)

    assert not [each for each in again.steps if isinstance(each, Import | Move)]


@given(
    worlds(),
    st.lists(st.tuples(st.sampled_from([EC_LEAF, RSA_LEAF]), st.integers(0, 8)), max_size=4),
)
@EXAMPLES
def test_the_key_type_may_change_back_and_forth_with_at_most_one_import_for_each(
    world: World, turns: list[tuple[Issued, int]]
) -> None:
    imports = []
    for wanted, steps in (*turns, (world.wanted, EVERY_STEP)):
        turn = World(model=world.model, wanted=wanted, policy=world.policy)
        plan = turn.plan()
        if plan.is_refused:
            return
        imports += [wanted for step in plan.steps[:steps] if isinstance(step, Import)]
        turn.apply(plan, most=steps)
    world.assert_right()
    assert len(set(imports)) == len(imports)
