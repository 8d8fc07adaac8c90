"""How tests plan one Region, and how they read the plan."""

from __future__ import annotations

from typing import TYPE_CHECKING

from certrotation.core.estate.expiry_windows import WindowPolicy
from certrotation.core.estate.inventory import RegionLook
from certrotation.core.findings import Severity
from certrotation.core.rotation.plan import MarkSuperseded, Move, Strand
from certrotation.core.rotation.planning import Rotation, RotationPolicy
from certrotation.core.rotation.region_planning import NO_REJECTIONS
from certrotation.names.environment import DEFAULT_SECRET_PREFIX
from tests.core.builders import (
    BIRTH,
    HOME,
    NEW_VERSION,
    copy,
    issued,
    managed,
    material,
    tags_of,
    users,
)
from tests.core.samples import DAY, NOW, ROOTS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from certrotation.core.estate.arn_parameters import Parameter
    from certrotation.core.estate.inventory import Copy, ManagedSecret, Users
    from certrotation.core.findings import Code, Finding
    from certrotation.core.material.bundle import Material
    from certrotation.core.rotation.plan import Plan, RegionPlan
    from certrotation.core.rotation.region_planning import Rejections

POLICY = RotationPolicy(
    targets=(HOME,), windows=WindowPolicy(), roots=ROOTS, prefix=DEFAULT_SECRET_PREFIX
)
NEW_LEAF = issued(ends=90 * DAY)
RSA = issued(key="rsa2048")
UNUSED = users()


def done(
    number: int = 1,
    *,
    used_by: Users | None = None,
    created: datetime = BIRTH,
    more_tags: Mapping[str, str] | None = None,
) -> Copy:
    """A copy that carries the material and says so."""
    tags = {**tags_of(NEW_LEAF, NEW_VERSION), **(more_tags or {})}
    return copy(number, NEW_LEAF, tags=tags, used_by=used_by, created=created)


def rotation(
    wanted: Material | None = None,
    secret: ManagedSecret | None = None,
    policy: RotationPolicy = POLICY,
) -> Rotation:
    return Rotation.of(secret or managed(), wanted or material(), (), policy)


def look(
    *copies: Copy,
    lookalikes: Iterable[Copy] = (),
    region: str = HOME,
    parameters: Mapping[Parameter, str | None] | None = None,
) -> RegionLook:
    return RegionLook(
        region=region,
        copies=copies,
        lookalikes=tuple(lookalikes),
        parameters=parameters or {},
    )


def plan_of(
    *copies: Copy,
    wanted: Material | None = None,
    lookalikes: Iterable[Copy] = (),
    rejections: Rejections = NO_REJECTIONS,
) -> Plan:
    """The plan for one Region that holds these copies."""
    found = look(*copies, lookalikes=lookalikes)
    return plan_for(rotation(wanted), found, rejections=rejections)


def plan_for(
    rotation: Rotation, *looks: RegionLook, rejections: Rejections = NO_REJECTIONS
) -> Plan:
    """The plan for these Regions."""
    return rotation.plan([rotation.decide(each, NOW, rejections) for each in looks], NOW)


def region_plan(
    *copies: Copy,
    wanted: Material | None = None,
    lookalikes: Iterable[Copy] = (),
    rejections: Rejections = NO_REJECTIONS,
) -> RegionPlan:
    """The one Region's part of that plan."""
    plan = plan_of(*copies, wanted=wanted, lookalikes=lookalikes, rejections=rejections)
    (region,) = plan.regions
    return region


def shape(plan: RegionPlan) -> list[tuple[str, ...]]:
    """The steps without their reasons: verb, ARN, and where to or by whom."""
    return [
        (
            step.verb,
            step.arn,
            *((step.to_arn,) if isinstance(step, Move | Strand) else ()),
            *((step.by_arn,) if isinstance(step, MarkSuperseded) else ()),
        )
        for step in plan.steps
    ]


def told(findings: tuple[Finding, ...]) -> list[tuple[Code, Severity, str]]:
    return [(each.code, each.severity, each.found) for each in findings]


def refusal(code: Code, found: str) -> tuple[Code, Severity, str]:
    return (code, Severity.REFUSE, found)
