"""Planning and applying again and again, dying anywhere, ends where everything is right."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING, assert_never

from hypothesis import given, settings
from hypothesis import strategies as st

from certrotation.core.estate import Copy, Users
from certrotation.core.reimport_rules import reasons_against_reimport
from certrotation.core.steps import (
    NEW_COPY,
    Adopt,
    Import,
    MarkSuperseded,
    Move,
    Reimport,
    Tag,
    Unmark,
)
from certrotation.core.tags import SECRET, SUPERSEDED_AT, SUPERSEDED_BY
from tests.core.building import (
    BIRTH,
    HOME,
    SHOP,
    arn,
    distribution,
    issued,
    listener,
    look,
    material,
    rotation,
    superseded,
    tags_of,
)
from tests.core.samples import DAY, NOW, presented

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from certrotation.core.estate import Dependent
    from certrotation.core.planning import Rotation
    from certrotation.core.steps import RegionPlan, Step
    from tests.support.authority import Issued

EC_LEAF, RSA_LEAF = issued(ends=90 * DAY), issued(ends=90 * DAY, key="rsa2048")
VERSIONS = {EC_LEAF: "v-ec", RSA_LEAF: "v-rsa"}
LATE_FOR_THE_EDGE = [issued(ends=DAY), issued(ends=DAY, key="rsa2048")]
LEAVES = [EC_LEAF, RSA_LEAF, issued(), issued(key="rsa2048"), *LATE_FOR_THE_EDGE]
EVERY_STEP = 100
EXAMPLES = settings(max_examples=4000, deadline=None)


@dataclass(slots=True)
class Held:
    """What ACM holds under one ARN."""

    leaf: Issued
    tags: dict[str, str]
    created: timedelta


@dataclass(slots=True)
class Model:
    """One Region: certificates, and which of them each dependent presents."""

    held: dict[str, Held] = field(default_factory=dict)
    dependents: dict[str, Dependent] = field(default_factory=dict)

    def tags(self) -> dict[str, dict[str, str]]:
        return {each: dict(held.tags) for each, held in self.held.items()}

    def users_of(self, of: str) -> Users:
        users = (each for each in self.dependents.values() if each.certificate_arn == of)
        return Users(dependents=tuple(users))

    def copies(self, tags: Mapping[str, Mapping[str, str]]) -> Iterator[Copy]:
        for each, held in self.held.items():
            users = self.users_of(each)
            yield Copy(
                arn=each,
                region=HOME,
                tags=tags[each],
                presented=presented(held.leaf),
                in_use=bool(users),
                created_at=BIRTH + held.created,
                users=users,
            )

    def plan(self, wanted: Rotation, index: Mapping[str, Mapping[str, str]]) -> RegionPlan:
        """Plan as a rotation does: by the index of tags; before an import, by a direct look."""
        indexed = [each for each in self.copies({**self.tags(), **index}) if SECRET in each.tags]
        (plan,) = wanted.plan([look(*indexed)], NOW).regions
        if not plan.imports:
            return plan
        found = list(self.copies(self.tags()))
        own = [each for each in found if SECRET in each.tags]
        others = [each for each in found if each not in own]
        (plan,) = wanted.plan([look(*own, lookalikes=others)], NOW).regions
        return plan


@dataclass(slots=True)
class World:
    """A model, and the material that it is to come to."""

    model: Model
    wanted: Issued

    @property
    def rotation(self) -> Rotation:
        return rotation(material(self.wanted, VERSIONS[self.wanted]))

    @property
    def own_tags(self) -> dict[str, str]:
        return dict(self.rotation.tags.own)

    def plan(self, index: Mapping[str, Mapping[str, str]] | None = None) -> RegionPlan:
        return self.model.plan(self.rotation, index or {})

    def apply(self, plan: RegionPlan, most: int = EVERY_STEP) -> None:
        """Perform the first steps of a plan, and check each against what must never happen."""
        imported: list[str] = []
        for step in plan.steps[:most]:
            assert step.arn in {*self.model.held, NEW_COPY}
            self.perform(step, imported)

    def perform(self, step: Step, imported: list[str]) -> None:
        held = self.model.held
        match step:
            case Adopt():
                assert SECRET not in held[step.arn].tags
                held[step.arn].tags[SECRET] = SHOP
            case Unmark():
                for mark in (SUPERSEDED_BY, SUPERSEDED_AT):
                    held[step.arn].tags.pop(mark, None)
            case Reimport():
                leaf = held[step.arn].leaf.certificate
                assert reasons_against_reimport(leaf, self.wanted.certificate) == ()
                held[step.arn].leaf = self.wanted
            case Import():
                assert imported == []
                imported.append(arn(1000 + len(held)))
                held[imported[0]] = Held(leaf=self.wanted, tags=dict(self.own_tags), created=DAY)
            case Tag():
                held[step.arn].tags |= self.own_tags
            case Move():
                assert step.dependent == self.model.dependents[step.dependent.arn]
                to_arn = self.ready(step.to_arn, imported)
                moved = replace(step.dependent, certificate_arn=to_arn)
                self.model.dependents[step.dependent.arn] = moved
            case MarkSuperseded():
                assert not self.model.users_of(step.arn)
                held[step.arn].tags |= superseded(NOW, by=self.ready(step.by_arn, imported))
            case _:
                assert_never(step)

    def ready(self, to_arn: str, imported: list[str]) -> str:
        """Return the ARN meant; it presents the material, says so, and is not superseded."""
        real = imported[0] if to_arn == NEW_COPY else to_arn
        assert self.is_right(self.model.held[real])
        return real

    def is_right(self, held: Held) -> bool:
        return (
            held.leaf == self.wanted
            and held.tags.items() >= self.own_tags.items()
            and SUPERSEDED_BY not in held.tags
        )

    def assert_right(self) -> None:
        """Nothing is left to do, and every dependent of a copy presents the material."""
        assert self.plan().steps == ()
        assert any(map(self.is_right, self.model.held.values()))
        for each in self.model.dependents.values():
            held = self.model.held[each.certificate_arn]
            assert self.is_right(held) or SECRET not in held.tags


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
    presenting = st.tuples(
        st.sampled_from([listener, distribution]), st.sampled_from(sorted(held) or [""])
    )
    dependents = [
        make(number, on=on)
        for number, (make, on) in enumerate(draw(st.lists(presenting, max_size=4 if held else 0)))
    ]
    model = Model(held=held, dependents={each.arn: each for each in dependents})
    return World(model=model, wanted=draw(st.sampled_from([EC_LEAF, RSA_LEAF])))


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
    before = world.model.tags()
    plan = world.plan()
    if plan.is_refused:
        return
    world.apply(plan)

    again = world.plan(before)

    assert not [each for each in again.steps if isinstance(each, Import | Reimport | Move)]
    world.apply(again)
    world.assert_right()


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
        turn = World(model=world.model, wanted=wanted)
        plan = turn.plan()
        if plan.is_refused:
            return
        imports += [wanted for step in plan.steps[:steps] if isinstance(step, Import)]
        turn.apply(plan, most=steps)
    world.assert_right()
    assert len(set(imports)) == len(imports)
