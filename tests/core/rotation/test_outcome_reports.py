"""What is counted and logged of a rotation."""

from __future__ import annotations

import json

import pytest

from certrotation.core.rotation.outcomes import RegionOutcome, RotationOutcome, Status, Stranded
from certrotation.errors import Rejected, Unreachable
from tests.core.builders import HOME, SHOP, US
from tests.core.rotation_outcomes import DENIED, EXPIRED, STEP, of_regions, outcome, throttled


def counted(got: RotationOutcome) -> set[str]:
    return {name for name, value in got.metrics().items() if value}


@pytest.mark.parametrize(
    ("statuses", "names"),
    [
        ([Status.DONE], {"RotationSucceeded"}),
        ([Status.WAITING, Status.DONE], set()),
        ([Status.PLANNED], set()),
        ([Status.REFUSED, Status.NOT_STARTED], {"RotationRefused"}),
        ([Status.STRANDED], set()),
        ([Status.STRANDED, Status.REFUSED], {"RotationRefused"}),
        ([Status.FAILED, Status.DONE], {"RotationFailed"}),
        ([Status.FAILED, Status.REFUSED], {"RotationFailed", "RotationRefused"}),
    ],
)
def test_a_rotation_counts_as_succeeded_refused_or_failed(
    statuses: list[Status], names: set[str]
) -> None:
    assert counted(outcome(*statuses)) == names


def test_a_refusal_before_any_region_counts() -> None:
    assert counted(RotationOutcome.of_error(SHOP, DENIED)) == {"RotationRefused"}
    assert counted(RotationOutcome.of_error(SHOP, throttled())) == {"RotationFailed"}


def test_zeros_are_counted_too() -> None:
    assert outcome(Status.PLANNED).metrics() == {
        "RotationSucceeded": 0,
        "RotationRefused": 0,
        "RotationFailed": 0,
        "DependentsMoved": 0,
        "DependentsStranded": 0,
    }


def test_moved_dependents_are_counted_and_stranded_ones_once_the_new_copy_is_settled() -> None:
    stranded = [
        Stranded(dependent=f"listener/{number}", because="x", is_settled=number > 0)
        for number in range(3)
    ]
    home = RegionOutcome(region=HOME, status=Status.STRANDED, moved=2, stranded=tuple(stranded))
    us = RegionOutcome(region=US, status=Status.DONE, moved=1)

    metrics = of_regions(home, us).metrics()

    assert (metrics["DependentsMoved"], metrics["DependentsStranded"]) == (3, 2)


# As JSON


def test_a_regions_outcome_as_json_tells_what_was_done_and_what_was_not() -> None:
    region = RegionOutcome(
        region=HOME,
        status=Status.STRANDED,
        performed=(STEP,),
        moved=2,
        stranded=(Stranded(dependent="listener/1", because="it is full", is_settled=False),),
        waiting_for=("distribution/1: busy",),
        findings=(EXPIRED,),
        notes=("AWS said no.",),
        error=Unreachable("No answer.", "Wait."),
    )

    assert json.loads(json.dumps(region.to_json())) == {
        "region": HOME,
        "status": "stranded",
        "performed": ["tag arn:1"],
        "moved": 2,
        "stranded": ["listener/1: it is full"],
        "waiting_for": ["distribution/1: busy"],
        "findings": [EXPIRED.to_json()],
        "notes": ["AWS said no."],
        "error": "UNREACHABLE: No answer. Wait.",
    }


def test_a_rotations_outcome_as_json_holds_plan_and_regions() -> None:
    document = json.loads(json.dumps(outcome(Status.DONE).to_json()))

    assert document["plan"]["regions"][0]["steps"][0]["verb"] == "tag"
    del document["plan"]
    assert document == {
        "secret": SHOP,
        "status": "done",
        "error": None,
        "findings": [EXPIRED.to_json()],
        "regions": [
            {
                "region": HOME,
                "status": "done",
                "performed": [],
                "moved": 0,
                "stranded": [],
                "waiting_for": [],
                "findings": [],
                "notes": [],
                "error": None,
            }
        ],
    }


def test_an_outcome_without_a_plan_as_json_tells_its_error() -> None:
    error = Rejected("It is malformed.", "Send another.")

    document = RotationOutcome.of_error(SHOP, error).to_json()

    assert document["plan"] is None
    assert document["status"] == "refused"
    assert document["error"] == "REQUEST_REJECTED: It is malformed. Send another."
