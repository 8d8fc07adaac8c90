"""What an event contains at its limits, and when none is put."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from certrotation.core.findings import Code, refuse, warn
from certrotation.core.notify.announcement import Announcement, announcement
from certrotation.core.rotation.outcomes import RegionOutcome, RotationOutcome, Status
from certrotation.core.rotation.plan import Plan
from certrotation.core.rotation.request import RotationRequest
from certrotation.errors import AccessDenied
from tests.contracts.event_schemas import TYPES, text_of, wrongs
from tests.core.builders import SHOP
from tests.core.rotation_outcomes import STEP
from tests.double.event_bus import MOST_BYTES

if TYPE_CHECKING:
    from tests.support.authorities import Authorities

MOST_REGIONS = 40
REQUEST = RotationRequest(secret=SHOP)
# Four bytes each.
LONGEST = "\N{GRINNING FACE}" * 5_000
ARN = f"arn:aws-us-gov:acm:us-gov-west-1:123456789012:certificate/{'0' * 36}"


def announced(outcome: RotationOutcome, *, receives: int = 1) -> Announcement | None:
    return announcement(
        "tls", REQUEST, outcome, interval=timedelta(hours=1), receives=receives, runbook_url=None
    )


def done(authorities: Authorities, *regions: RegionOutcome) -> RotationOutcome:
    plan = Plan(secret=SHOP, version="v1", findings=(), regions=(), is_held=False)
    found = RotationOutcome.of_regions(plan, regions)
    return RotationOutcome(
        secret=found.secret,
        status=found.status,
        plan=plan,
        findings=tuple(warn(Code.CHAIN_MISORDERED, LONGEST) for _ in range(100)),
        regions=regions,
        leaf=authorities.public.issue("shop.example.com").certificate,
    )


def size_of(event: Announcement | None) -> int:
    assert event is not None
    assert wrongs(event.kind, event.detail) == []
    return len(json.dumps(event.detail, ensure_ascii=False).encode())


def test_the_largest_events_are_below_the_limit_of_eventbridge(authorities: Authorities) -> None:
    """With more Regions and copies than anybody has, and texts of the widest characters."""
    wide = [
        RegionOutcome(
            region=f"us-gov-northeast-{number}",
            status=Status.DONE,
            performed=(STEP,),
            findings=tuple(warn(Code.CHAIN_MISORDERED, LONGEST) for _ in range(100)),
            live=(ARN,) * 100,
            replaced=(ARN,) * 100,
        )
        for number in range(MOST_REGIONS)
    ]
    denied = RotationOutcome(
        secret=LONGEST,
        status=Status.REFUSED,
        findings=tuple(refuse(Code.KEY_MISMATCH, LONGEST, advice=LONGEST) for _ in range(100)),
        regions=tuple(
            RegionOutcome.of_error(each.region, AccessDenied(LONGEST, LONGEST)) for each in wide
        ),
    )

    rotated, refused = announced(done(authorities, *wide)), announced(denied)

    assert size_of(rotated) < MOST_BYTES - 1_000
    assert size_of(refused) < MOST_BYTES - 1_000
    assert rotated is not None
    assert refused is not None
    assert rotated.detail["findings_omitted"] == 100 * (MOST_REGIONS + 1) - 25
    assert refused.detail["reasons_omitted"] == 100 + MOST_REGIONS - 25
    assert refused.detail["codes"] == ["KEY_MISMATCH", "ACCESS_DENIED"]


def test_a_refusal_after_the_secret_was_read_names_its_version() -> None:
    plan = Plan(secret=SHOP, version="v1", findings=(), regions=(), is_held=False)
    denied = RegionOutcome.of_error("eu-west-1", AccessDenied("x", "y"))

    event = announced(RotationOutcome.of_regions(plan, (denied,)))

    assert event is not None
    assert event.detail["version"] == "v1"


def test_a_run_that_finds_everything_done_announces_that_only_if_an_earlier_one_may_have_died(
    authorities: Authorities,
) -> None:
    found = done(authorities, RegionOutcome(region="eu-west-1", status=Status.DONE, live=(ARN,)))

    assert announced(found) is None
    assert announced(found, receives=2) is not None


@pytest.mark.parametrize("status", sorted({*Status} - {Status.DONE, Status.REFUSED}))
def test_what_is_neither_done_nor_refused_is_not_announced(
    authorities: Authorities, status: Status
) -> None:
    region = RegionOutcome(region="eu-west-1", status=status, performed=(STEP,), live=(ARN,))

    assert announced(done(authorities, region), receives=2) is None


@pytest.mark.parametrize("kind", TYPES)
def test_the_schemas_for_users_are_those_of_the_types(kind: str) -> None:
    """Write them with `python -m tests.contracts.event_schemas`."""
    assert TYPES[kind].path.read_text(encoding="utf-8") == text_of(kind)
