"""A plan in words and as JSON."""

from __future__ import annotations

import json

import pytest

from certrotation.core.estate.arn_parameters import Parameter, Publication
from certrotation.core.findings import Code, Finding, refuse, warn
from certrotation.core.rotation.plan import (
    Adopt,
    Confirm,
    Import,
    MarkSuperseded,
    Move,
    Plan,
    Publish,
    RegionPlan,
    Reimport,
    Step,
    Tag,
    Unmark,
)
from certrotation.core.rotation.rendering import describe_step, plan_to_json, plan_to_text
from tests.core.builders import listener

MOVE = Move(dependent=listener(on="arn:old"), to_arn="arn:new", because="the key changes")
MARK = MarkSuperseded(arn="arn:old", by_arn="arn:new", because="its dependents move")
TAG = Tag(arn="arn:new", because="it then carries version v1")
PUBLISH = Publish(
    arn="arn:new",
    because="it is new",
    publication=Publication((Parameter("eu-west-1", "/tls/shop/arn"),)),
)
DRIFTS = warn(Code.DEPENDENT_DRIFTS, "A stack owns it.")
EXPIRED = refuse(Code.EXPIRED, "It expired.")


def plan(*regions: RegionPlan, findings: tuple[Finding, ...] = (), is_held: bool = False) -> Plan:
    return Plan(
        secret="certrotation/shop",
        version="v1",
        findings=findings,
        regions=regions,
        is_held=is_held,
    )


@pytest.mark.parametrize(
    ("step", "words"),
    [
        (Adopt(arn="arn:1", because="x"), "adopt arn:1"),
        (Unmark(arn="arn:1", because="x"), "unmark arn:1"),
        (Reimport(arn="arn:1", because="x"), "reimport arn:1"),
        (Import(because="x"), "import the new copy"),
        (TAG, "tag arn:new"),
        (MOVE, "move ALB listener listener/1 from arn:old to arn:new"),
        (
            Confirm(dependent=listener(on="arn:old"), to_arn="arn:old", because="x"),
            "confirm ALB listener listener/1 at arn:old",
        ),
        (MARK, "mark superseded arn:old by arn:new"),
        (PUBLISH, "publish arn:new as /tls/shop/arn in eu-west-1"),
    ],
)
def test_every_step_is_told_in_words(step: Step, words: str) -> None:
    assert describe_step(step) == words


def test_a_plan_is_told_with_the_reason_of_every_step() -> None:
    region = RegionPlan(
        region="eu-west-1", steps=(TAG, MOVE), findings=(DRIFTS,), notes=("arn:3 is left alone",)
    )

    text = plan_to_text(plan(region, RegionPlan(region="us-east-1", steps=())))

    assert text.splitlines() == [
        "certrotation/shop version v1",
        "  eu-west-1",
        f"    {DRIFTS}",
        "    note: arn:3 is left alone",
        "    tag arn:new, because it then carries version v1",
        "    move ALB listener listener/1 from arn:old to arn:new, because the key changes",
        "  us-east-1: nothing to do",
    ]


def test_a_refused_plan_says_that_nothing_will_be_changed() -> None:
    text = plan_to_text(plan(findings=(DRIFTS, EXPIRED), is_held=True))

    assert text.splitlines() == [
        "certrotation/shop version v1",
        f"  {DRIFTS}",
        f"  {EXPIRED}",
        "  refused: nothing will be changed in any Region",
    ]


def test_a_plan_on_hold_says_so_at_the_end() -> None:
    held = plan(RegionPlan(region="eu-west-1", steps=(TAG,)), is_held=True)

    assert plan_to_text(held).splitlines()[-1] == "  on hold: planned only"


def test_a_plan_as_json_holds_the_same() -> None:
    first = RegionPlan(region="eu-west-1", steps=(TAG, MOVE, MARK), notes=("a note",))
    second = RegionPlan(region="us-east-1", steps=(), findings=(EXPIRED,))

    document = plan_to_json(plan(first, second, findings=(DRIFTS,), is_held=True))

    assert json.loads(json.dumps(document)) == {
        "secret": "certrotation/shop",
        "version": "v1",
        "refused": False,
        "held": True,
        "findings": [DRIFTS.to_json()],
        "regions": [
            {
                "region": "eu-west-1",
                "refused": False,
                "findings": [],
                "notes": ["a note"],
                "steps": [
                    {"verb": "tag", "arn": "arn:new", "because": "it then carries version v1"},
                    {
                        "verb": "move",
                        "arn": "arn:old",
                        "because": "the key changes",
                        "dependent": "listener/1",
                        "to": "arn:new",
                    },
                    {
                        "verb": "mark superseded",
                        "arn": "arn:old",
                        "because": "its dependents move",
                        "by": "arn:new",
                    },
                ],
            },
            {
                "region": "us-east-1",
                "refused": True,
                "findings": [EXPIRED.to_json()],
                "notes": [],
                "steps": [],
            },
        ],
    }


def test_a_plan_that_is_refused_says_so_as_json() -> None:
    assert plan_to_json(plan(findings=(EXPIRED,)))["refused"] is True


def test_a_published_arn_names_its_parameters_to_a_program() -> None:
    told = plan_to_json(plan(RegionPlan(region="eu-west-1", steps=(PUBLISH,))))

    (step,) = told["regions"][0]["steps"]
    assert step == {
        "verb": "publish",
        "arn": "arn:new",
        "because": "it is new",
        "parameters": ["/tls/shop/arn in eu-west-1"],
    }
