"""The plan of a whole rotation: findings first, then every Region."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from certrotation.core.estate.dependent_kinds import ALB_LISTENER, DISTRIBUTION
from certrotation.core.findings import Code, Finding, Severity, refuse, repair
from certrotation.core.rotation.plan import Import, Reimport
from certrotation.core.rotation.planning import Rotation
from certrotation.core.rotation.region_planning import NO_REJECTIONS
from tests.core.builders import (
    HOME,
    NAME,
    NEW_VERSION,
    SHOP,
    US,
    arn,
    copy,
    distribution,
    issued,
    listener,
    managed,
    material,
    superseded,
    tags_of,
    users,
)
from tests.core.region_plans import POLICY, look, plan_for, plan_of, rotation
from tests.core.samples import DAY, NOW, PRIVATE_CA, SECOND, verdicts

if TYPE_CHECKING:
    from certrotation.core.estate.dependent_kinds import DependentKind
    from certrotation.core.estate.inventory import Copy, ManagedSecret

TWO = replace(POLICY, targets=(HOME, US))
EXPIRED = refuse(Code.EXPIRED, "The certificate expired yesterday.")
REPAIRED = repair(Code.CHAIN_MISORDERED, "The chain was put in order.")
SELF_SIGNED = refuse(Code.SELF_SIGNED, "It is so.")
NEW_LEAF = issued(ends=90 * DAY)
RSA = issued(key="rsa2048")
MORE_NAMES = issued(NAME, "www.example.com")


def rotation_with(*found: Finding, secret: ManagedSecret | None = None) -> Rotation:
    return Rotation.of(secret or managed(), material(), found, POLICY)


# Before anything that is live was looked at


def test_a_rotation_knows_its_regions_canary_first() -> None:
    assert rotation(policy=TWO).regions == (HOME, US)
    assert rotation(secret=managed(regions=f"{US} {HOME}"), policy=TWO).regions == (US, HOME)


def test_a_rotation_collects_what_is_found_of_secret_material_and_tags() -> None:
    labels = {f"label-{number:02}": "" for number in range(48)}
    secret = replace(managed(), tags={"certrotation:regions": f"{HOME} eu-x-1", **labels})

    found = rotation_with(REPAIRED, secret=secret).findings

    assert verdicts(found) == [
        (Code.REGION_UNKNOWN, Severity.REFUSE),
        (Code.CHAIN_MISORDERED, Severity.REPAIR),
        (Code.TAGS_TRUNCATED, Severity.WARN),
    ]


def test_a_rotation_tags_with_the_materials_version_and_expiry_and_the_secrets_labels() -> None:
    got = rotation(secret=replace(managed(), tags={"team": "shop"})).tags

    assert got.all == {**tags_of(NEW_LEAF, NEW_VERSION), "team": "shop"}


def test_acceptance_counts_before_anything_live_was_looked_at() -> None:
    accepting = managed(accept="SELF_SIGNED")
    found = rotation_with(SELF_SIGNED, EXPIRED, secret=accepting).findings_by_itself()

    assert rotation_with(REPAIRED).findings_by_itself() == (REPAIRED,)
    assert verdicts(found) == [(Code.SELF_SIGNED, Severity.WARN), (Code.EXPIRED, Severity.REFUSE)]


def test_an_entry_that_may_yet_have_an_effect_is_not_called_without_one_so_early() -> None:
    accepting = managed(accept=f"NAMES_LOST@{NEW_VERSION} NAMES_LOST@older KEY_MISMATCH")

    found = rotation_with(secret=accepting).findings_by_itself()

    assert [each.code for each in found] == [Code.ACCEPT_WITHOUT_EFFECT] * 2
    assert ["older" in found[0].found, "KEY_MISMATCH" in found[1].found] == [True, True]


HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("kinds", "ends", "matters"),
    [
        ([ALB_LISTENER, DISTRIBUTION], 47 * HOUR, True),
        ([ALB_LISTENER, DISTRIBUTION], 49 * HOUR, False),
        ([ALB_LISTENER], 47 * HOUR, False),
    ],
)
def test_users_decide_where_a_kind_that_shows_a_reimport_too_late_may_present_the_copy(
    *, kinds: list[DependentKind], ends: timedelta, matters: bool
) -> None:
    ending = copy(leaf=issued(ends=ends))

    assert rotation().users_decide([ending], kinds, NOW) is matters


# The whole plan


def test_a_plan_says_what_it_is_for() -> None:
    plan = plan_of()

    assert (plan.secret, plan.version, plan.is_held) == (SHOP, NEW_VERSION, False)
    assert plan.findings == ()
    assert not plan.is_refused


def test_every_region_that_was_looked_at_is_planned_canary_first() -> None:
    plan = plan_for(rotation(policy=TWO), look(region=US), look(copy(), region=HOME))

    assert [(each.region, each.imports) for each in plan.regions] == [(US, True), (HOME, False)]


def test_findings_on_the_material_stop_everything() -> None:
    plan = plan_for(rotation_with(EXPIRED, REPAIRED), look(copy()))

    assert plan.is_refused
    assert plan.regions == ()
    assert plan.findings == (EXPIRED, REPAIRED)


def test_a_regions_own_refusal_stops_that_region_only() -> None:
    stuck = copy(leaf=RSA, used_by=users(listener(unmovable="a controller owns it")))

    plan = plan_for(rotation(policy=TWO), look(stuck), look(region=US))

    assert [(each.is_refused, len(each.steps)) for each in plan.regions] == [(True, 0), (False, 1)]
    assert not plan.is_refused
    assert verdicts(plan.all_findings) == [(Code.DEPENDENT_UNMOVABLE, Severity.REFUSE)]


def test_a_secret_on_hold_is_planned_all_the_same() -> None:
    plan = plan_for(rotation(secret=managed(hold="")), look())

    assert plan.is_held
    assert plan.regions[0].steps


def test_a_copy_that_carries_the_material_and_says_so_needs_no_step() -> None:
    carrying = copy(leaf=NEW_LEAF, tags=tags_of(NEW_LEAF, NEW_VERSION))

    assert plan_of(carrying).regions[0].steps == ()


# Compared with what is live


def test_a_name_that_a_copy_serves_and_the_material_does_not_is_lost() -> None:
    plan = plan_of(copy(leaf=MORE_NAMES))

    assert verdicts(plan.findings) == [(Code.NAMES_LOST, Severity.REFUSE)]
    assert plan.findings[0].found == f"{arn(1)} serves www.example.com; the material does not."
    assert plan.regions == ()


def test_names_lost_is_accepted_for_one_version_only() -> None:
    for version, is_refused in ((NEW_VERSION, False), ("v-next", True)):
        secret = managed(accept=f"NAMES_LOST@{version}")
        plan = plan_for(rotation(secret=secret), look(copy(leaf=MORE_NAMES)))
        assert plan.is_refused is is_refused


def test_material_of_another_ca_loses_trust() -> None:
    plan = plan_of(copy(), wanted=material(issued(ends=90 * DAY, authority=PRIVATE_CA)))

    assert verdicts(plan.findings) == [(Code.TRUST_LOST, Severity.REFUSE)]


@pytest.mark.parametrize(
    ("live", "severity"), [(5 * DAY + SECOND, Severity.REFUSE), (5 * DAY - SECOND, Severity.WARN)]
)
def test_material_about_to_expire_is_refused_while_a_live_copy_expires_later(
    live: timedelta, severity: Severity
) -> None:
    plan = plan_of(copy(leaf=issued(ends=live)), wanted=material(issued(ends=5 * DAY)))

    assert verdicts(plan.findings) == [(Code.EXPIRES_SOON, severity)]


def test_a_copy_in_any_region_is_compared() -> None:
    longer = copy(leaf=issued(ends=90 * DAY + SECOND), region=US)

    plan = plan_for(rotation(policy=TWO), look(copy()), look(longer, region=US))

    assert verdicts(plan.findings) == [(Code.EXPIRES_SOONER, Severity.WARN)]
    assert arn(1, US) in plan.findings[0].found


@pytest.mark.parametrize(
    "set_aside",
    [
        copy(leaf=MORE_NAMES, used_by=users(), more_tags=superseded(NOW)),
        copy(leaf=NEW_LEAF),
    ],
    ids=["superseded", "carrying the material"],
)
def test_what_will_not_change_is_not_compared(set_aside: Copy) -> None:
    assert plan_of(set_aside).findings == ()


def test_a_superseded_copy_in_use_again_is_compared() -> None:
    back = copy(leaf=MORE_NAMES, used_by=users(listener()), more_tags=superseded(NOW))

    assert verdicts(plan_of(back).findings) == [(Code.NAMES_LOST, Severity.REFUSE)]


def test_an_acceptance_without_effect_is_itself_a_finding() -> None:
    plan = plan_for(rotation(secret=managed(accept="SELF_SIGNED")), look())

    assert verdicts(plan.findings) == [(Code.ACCEPT_WITHOUT_EFFECT, Severity.WARN)]


# Adoption


TWIN = copy(tags={}, used_by=users(listener()), in_use=True)


def test_lookalikes_are_adopted_and_compared() -> None:
    plan = plan_of(lookalikes=[TWIN])

    assert [step.verb for step in plan.regions[0].steps] == ["adopt", "reimport", "tag"]


def test_a_setting_turns_adoption_off() -> None:
    plan = plan_for(rotation(policy=replace(POLICY, adopts=False)), look(lookalikes=[TWIN]))

    assert plan.regions[0].steps == (Import(because="the Region has no copy"),)


def test_what_cloudfront_refused_is_reimported_in_place() -> None:
    late = copy(leaf=issued(ends=DAY), used_by=users(distribution()))

    (step, _) = plan_of(late, rejections=NO_REJECTIONS.with_move(arn(1))).regions[0].steps

    assert isinstance(step, Reimport)
