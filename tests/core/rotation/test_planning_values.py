"""Plans as values."""

from __future__ import annotations

from certrotation.core.findings import Code, refuse, repair
from certrotation.core.rotation.plan import NEW_COPY, Import, Plan, RegionPlan, Reimport
from tests.core.builders import HOME, SHOP, US, arn

EXPIRED = refuse(Code.EXPIRED, "The certificate expired yesterday.")
REPAIRED = repair(Code.CHAIN_MISORDERED, "The chain was put in order.")
SELF_SIGNED = refuse(Code.SELF_SIGNED, "It is so.")


def test_a_region_refused_by_findings_has_no_steps() -> None:
    plan = RegionPlan(region=HOME, steps=(Import(because="x"),), notes=("note",))

    refused = plan.refused_by((EXPIRED,))

    assert refused == RegionPlan(region=HOME, steps=(), findings=(EXPIRED,), notes=("note",))
    assert refused.is_refused
    assert not plan.is_refused


def test_earlier_findings_are_kept_each_once_and_first() -> None:
    plan = RegionPlan(region=HOME, steps=(), findings=(REPAIRED, EXPIRED))

    assert plan.with_earlier_findings((EXPIRED, SELF_SIGNED)).findings == (
        EXPIRED,
        SELF_SIGNED,
        REPAIRED,
    )


def test_only_an_import_makes_a_new_arn() -> None:
    assert RegionPlan(region=HOME, steps=(Import(because="x"),)).imports
    assert not RegionPlan(region=HOME, steps=(Reimport(arn=arn(1), because="x"),)).imports
    assert Import(because="x").arn == NEW_COPY


def test_all_findings_are_those_on_the_material_then_those_of_each_region() -> None:
    plan = Plan(
        secret=SHOP,
        version="v1",
        findings=(REPAIRED,),
        regions=(
            RegionPlan(region=HOME, steps=(), findings=(EXPIRED,)),
            RegionPlan(region=US, steps=(), findings=(SELF_SIGNED,)),
        ),
        is_held=False,
    )

    assert plan.all_findings == (REPAIRED, EXPIRED, SELF_SIGNED)
    assert not plan.is_refused
