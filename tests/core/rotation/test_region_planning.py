"""The plan for one Region: reimport or replace, adopt or import."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from certrotation.core.estate.dependent_kinds import (
    ALB_LISTENER,
    DISTRIBUTION,
    NLB_LISTENER,
)
from certrotation.core.findings import Code, Severity
from certrotation.core.rotation.plan import (
    NEW_COPY,
    Adopt,
    Import,
    MarkSuperseded,
    Move,
    Reimport,
    Tag,
)
from certrotation.core.rotation.region_planning import (
    NO_REJECTIONS,
    Rejections,
    users_decide,
)
from certrotation.names.tags import SECRET, VERSION
from tests.core.builders import (
    NAME,
    NEW_VERSION,
    arn,
    copy,
    issued,
    listener,
    material,
    superseded,
    tags_of,
    users,
)
from tests.core.region_plans import NEW_LEAF, RSA, UNUSED, done, region_plan, rotation, shape
from tests.core.samples import DAY, NOW, verdicts

if TYPE_CHECKING:
    from certrotation.core.estate.dependent_kinds import DependentKind
    from certrotation.core.estate.inventory import Copy, Users
    from tests.support.authority import Issued

IN_PLACE = "it ends 2026-06-21, the material 2026-08-30, and ACM's rules allow it in place"
TYPE_CHANGES = "the key changes from RSA_2048 to EC_prime256v1"
CARRIES = "it then carries version v-new"


def test_a_region_without_a_copy_gets_one_import() -> None:
    plan = region_plan()

    assert plan.steps == (Import(because="the Region has no copy"),)
    assert plan.findings == ()


@pytest.mark.parametrize("used_by", [None, UNUSED, users(listener()), users(unknown=("arn:x",))])
def test_a_copy_is_reimported_in_place_whenever_acms_rules_allow_it(used_by: Users | None) -> None:
    plan = region_plan(copy(used_by=used_by))

    assert plan.steps == (
        Reimport(arn=arn(1), because=IN_PLACE),
        Tag(arn=arn(1), because=CARRIES),
    )
    assert plan.findings == ()


def test_a_reimported_copy_is_tagged_even_if_its_tags_say_so_already() -> None:
    plan = region_plan(copy(tags=tags_of(NEW_LEAF, NEW_VERSION)))

    assert shape(plan) == [("reimport", arn(1)), ("tag", arn(1))]


def test_a_copy_that_carries_the_material_and_says_so_needs_nothing() -> None:
    assert region_plan(done()).steps == ()


@pytest.mark.parametrize("tag", [SECRET, VERSION, "certrotation:not-after"])
def test_a_copy_that_presents_the_material_already_is_only_tagged(tag: str) -> None:
    tags = {**tags_of(NEW_LEAF, NEW_VERSION), tag: "something else"}

    plan = region_plan(copy(leaf=NEW_LEAF, tags=tags))

    assert plan.steps == (Tag(arn=arn(1), because=CARRIES),)


def test_a_copy_with_the_materials_leaf_under_another_chain_is_reimported() -> None:
    bare = done()
    without_chain = replace(bare, presented=replace(bare.presented, chain=()))

    plan = region_plan(without_chain)

    assert plan.steps == (
        Reimport(
            arn=arn(1),
            because="its chain is not the material's, and ACM's rules allow it in place",
        ),
        Tag(arn=arn(1), because=CARRIES),
    )


def test_labels_of_the_secret_alone_make_no_step() -> None:
    assert region_plan(done(more_tags={"team": "shop"})).steps == ()


@pytest.mark.parametrize(
    ("old", "because"),
    [
        (RSA, TYPE_CHANGES),
        (issued(key="p384"), "the key changes from EC_secp384r1 to EC_prime256v1"),
        (
            issued(usages=("digital_signature", "key_agreement")),
            "key usages would be lost: key_agreement",
        ),
    ],
    ids=["type", "size", "key usage"],
)
def test_a_copy_is_replaced_when_acms_rules_forbid_a_reimport(old: Issued, because: str) -> None:
    plan = region_plan(copy(leaf=old, used_by=users(listener())))

    assert plan.steps == (
        Import(because=f"no copy can take the material: {because}"),
        Move(dependent=listener(), to_arn=NEW_COPY, because=because),
        MarkSuperseded(
            arn=arn(1),
            by_arn=NEW_COPY,
            because="its dependents move, and the new copy has the material",
        ),
    )


def test_an_unused_copy_that_must_be_replaced_is_superseded_at_once() -> None:
    assert region_plan(copy(leaf=RSA, used_by=UNUSED)).steps == (
        Import(because=f"no copy can take the material: {TYPE_CHANGES}"),
        MarkSuperseded(
            arn=arn(1),
            by_arn=NEW_COPY,
            because="nothing uses it, and the new copy has the material",
        ),
    )


@pytest.mark.parametrize("used_by", [UNUSED, users(listener())])
def test_a_copy_that_acm_itself_will_not_have_reimported_is_replaced(used_by: Users) -> None:
    rejected = NO_REJECTIONS.with_reimport(arn(1), "ACM says no").with_reimport(arn(9), "another")

    plan = region_plan(copy(used_by=used_by), rejections=rejected)

    assert plan.steps[0] == Import(because="no copy can take the material: ACM says no")
    assert shape(plan)[-1] == ("mark superseded", arn(1), NEW_COPY)


def test_what_aws_rejects_adds_up() -> None:
    rejected = NO_REJECTIONS.with_move("a").with_reimport("c", "x").with_move("b")

    assert rejected == Rejections(moves=frozenset("ab"), reimport=(("c", "x"),))


# Adoption in the plan


def test_an_adopted_copy_is_tagged_then_treated_as_a_copy() -> None:
    plan = region_plan(lookalikes=[copy(tags={}, used_by=users(listener()), in_use=True)])

    assert shape(plan) == [("adopt", arn(1)), ("reimport", arn(1)), ("tag", arn(1))]
    assert isinstance(plan.steps[0], Adopt)


def test_every_adoption_comes_before_anything_else() -> None:
    found = [
        copy(number, tags={}, used_by=users(listener(number, on=arn(number))), in_use=True)
        for number in (1, 2)
    ]

    assert [step.verb for step in region_plan(lookalikes=found).steps] == [
        "adopt",
        "adopt",
        "reimport",
        "tag",
        "reimport",
        "tag",
    ]


def test_dependents_of_a_copy_that_must_go_move_to_an_adopted_one() -> None:
    leaving = copy(1, RSA, used_by=users(listener(1)))
    twin = copy(2, tags={}, used_by=users(listener(2, on=arn(2))), in_use=True)

    assert shape(region_plan(leaving, lookalikes=[twin])) == [
        ("adopt", arn(2)),
        ("reimport", arn(2)),
        ("tag", arn(2)),
        ("move", arn(1), arn(2)),
        ("mark superseded", arn(1), arn(2)),
    ]


def test_what_nothing_uses_is_not_adopted_only_to_be_superseded_and_deleted() -> None:
    spare = copy(2, tags={}, used_by=UNUSED, in_use=False)

    assert shape(region_plan(done(1, used_by=UNUSED), lookalikes=[spare])) == []
    assert region_plan(copy(1, RSA, used_by=UNUSED), lookalikes=[spare]).imports


def test_an_ambiguous_adoption_refuses_the_region_and_keeps_the_notes() -> None:
    unused = [copy(number, tags={}, used_by=UNUSED, in_use=False) for number in (1, 2)]
    better = copy(3, issued(ends=99 * DAY), tags={}, used_by=UNUSED, in_use=False)

    plan = region_plan(lookalikes=[*unused, better])

    assert verdicts(plan.findings) == [(Code.ADOPTION_AMBIGUOUS, Severity.REFUSE)]
    assert plan.steps == ()
    assert plan.notes == (
        f"{arn(3)} is left alone: the material would lose trust or expire sooner",
    )


# Whether it matters who presents the copies

BALANCERS = (ALB_LISTENER, NLB_LISTENER)
EVERY = (*BALANCERS, DISTRIBUTION)
ENDING = issued(ends=DAY)


@pytest.mark.parametrize(
    ("copies", "kinds", "matters"),
    [
        ((), EVERY, False),
        ((copy(),), BALANCERS, False),
        ((copy(in_use=True),), EVERY, False),
        ((copy(leaf=ENDING, in_use=True),), EVERY, True),
        ((copy(leaf=ENDING, in_use=None),), EVERY, True),
        ((copy(leaf=ENDING, in_use=False),), EVERY, False),
        ((copy(leaf=ENDING, in_use=True),), BALANCERS, False),
        ((copy(leaf=NEW_LEAF, in_use=True),), EVERY, False),
        ((copy(leaf=RSA, in_use=False),), BALANCERS, True),
        ((copy(more_tags=superseded(NOW)),), BALANCERS, True),
        ((copy(1), copy(2)), BALANCERS, True),
    ],
    ids=[
        "no copy",
        "one that is reimported anyway",
        "one with days left, whoever presents it",
        "one that CloudFront may present, with a day left",
        "one of which nothing is known, where CloudFront may present it",
        "one that nobody uses, where CloudFront might present it",
        "one with a day left, which only load balancers may present",
        "one that carries the material",
        "one that must be replaced",
        "one that is superseded",
        "two",
    ],
)
def test_users_are_asked_for_only_where_they_decide(
    *, copies: tuple[Copy, ...], kinds: tuple[DependentKind, ...], matters: bool
) -> None:
    goal = rotation()._goal(NOW)

    assert users_decide(copies, goal, kinds) is matters


@pytest.mark.parametrize(("in_use", "matters"), [(True, True), (None, True), (False, False)])
def test_users_are_asked_for_where_a_load_balancer_would_not_take_the_names(
    *, in_use: bool | None, matters: bool
) -> None:
    unqualified = material(issued("192.0.2.1", ends=90 * DAY))
    goal = rotation(unqualified)._goal(NOW)
    live = copy(leaf=issued("192.0.2.1", NAME), in_use=in_use)

    assert users_decide([live], goal, BALANCERS) is matters


def test_users_are_asked_for_where_a_kind_accepts_no_chain_of_the_materials_length() -> None:
    short = replace(ALB_LISTENER, longest_chain=0)
    goal = rotation()._goal(NOW)

    assert users_decide([copy()], goal, [short])


def test_users_are_not_asked_for_where_no_kind_of_dependent_is_moved() -> None:
    goal = rotation()._goal(NOW)

    assert not users_decide([copy()], goal, [])
