"""Outcomes of a small rotation, made for the tests of what they come to and how they are told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from certrotation.core.findings import Code, refuse
from certrotation.core.rotation.outcomes import RegionOutcome, RotationOutcome, Status
from certrotation.core.rotation.plan import Plan, RegionPlan, Tag
from certrotation.errors import AccessDenied, CertRotationError, Throttled
from tests.core.builders import HOME, SHOP

if TYPE_CHECKING:
    from datetime import timedelta

EXPIRED = refuse(Code.EXPIRED, "It expired.")
STEP = Tag(arn="arn:1", because="it carries v1")
PLAN = Plan(
    secret=SHOP,
    version="v1",
    findings=(EXPIRED,),
    regions=(RegionPlan(region=HOME, steps=(STEP,)),),
    is_held=False,
)
DENIED = AccessDenied("Denied.", "Allow it.")


def outcome(*statuses: Status) -> RotationOutcome:
    """What regions of these statuses come to."""
    return of_regions(*(RegionOutcome(region=HOME, status=each) for each in statuses))


def of_regions(*regions: RegionOutcome) -> RotationOutcome:
    return RotationOutcome.of_regions(PLAN, regions)


def failed(error: CertRotationError, region: str = HOME) -> RegionOutcome:
    return RegionOutcome.of_error(region, error)


def throttled(retry_after: timedelta | None = None) -> Throttled:
    return Throttled("Too fast.", "It is tried again.", retry_after=retry_after)
