"""The stack, as CloudFormation describes it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from tests.oncall.drill.answers import RefusalError
from tests.oncall.drill.names import ACCOUNT
from tests.oncall.year.world import DEPLOYED, STACK
from tests.support.estate import HOME

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.oncall.drill.answers import Answer, Params
    from tests.oncall.drill.stage import Stage

_ID = f"arn:aws:cloudformation:{HOME}:{ACCOUNT}:stack/{STACK}/5b1d8a40-9a3e-11f0-8c2e-0a1b2c3d4e5f"
_MADE = DEPLOYED - timedelta(days=400)
_TAGS = [{"Key": "owner", "Value": "platform-team"}, {"Key": "service", "Value": "certrotation"}]


def _check(params: Params) -> None:
    name = params.get("StackName", STACK)
    if name not in {STACK, _ID}:
        raise RefusalError("ValidationError", f"Stack with id {name} does not exist")


def _stacks(stage: Stage, params: Params) -> dict[str, Any]:
    _check(params)
    outputs = [
        {"OutputKey": key, "OutputValue": each, "Description": stage.names.described(key)}
        for key, each in stage.names.outputs.items()
    ]
    return {
        "Stacks": [
            {
                "StackId": _ID,
                "StackName": STACK,
                "CreationTime": _MADE,
                "LastUpdatedTime": stage.notes["deployed at"],
                "StackStatus": "UPDATE_COMPLETE",
                "Outputs": outputs,
                "Tags": _TAGS,
                "EnableTerminationProtection": True,
            }
        ]
    }


def _resources(stage: Stage, params: Params) -> list[dict[str, Any]]:
    _check(params)
    return [
        {
            "LogicalResourceId": key,
            "PhysicalResourceId": stage.names.of(key),
            "ResourceType": each["Type"],
            "LastUpdatedTimestamp": stage.notes["deployed at"],
            "ResourceStatus": "UPDATE_COMPLETE",
        }
        for key, each in stage.names.resources.items()
        if params.get("LogicalResourceId", key) == key
    ]


def _list_resources(stage: Stage, params: Params) -> dict[str, Any]:
    return {"StackResourceSummaries": _resources(stage, params)}


def _describe_resources(stage: Stage, params: Params) -> dict[str, Any]:
    found = _resources(stage, params)
    timed = [each | {"Timestamp": each["LastUpdatedTimestamp"]} for each in found]
    return {"StackResources": timed}


def _events(stage: Stage, params: Params) -> dict[str, Any]:
    _check(params)
    event = {
        "StackId": _ID,
        "EventId": "c0ffee00-0000-4000-8000-000000000000",
        "StackName": STACK,
        "LogicalResourceId": STACK,
        "PhysicalResourceId": _ID,
        "ResourceType": "AWS::CloudFormation::Stack",
        "Timestamp": stage.notes["deployed at"],
        "ResourceStatus": "UPDATE_COMPLETE",
    }
    changed = [
        event
        | {
            "EventId": key,
            "LogicalResourceId": key,
            "PhysicalResourceId": stage.names.of(key),
            "ResourceType": "AWS::Lambda::Function",
        }
        for key, each in stage.names.resources.items()
        if each["Type"] == "AWS::Lambda::Function"
    ]
    return {"StackEvents": [event, *changed]}


def _list(stage: Stage, params: Params) -> dict[str, Any]:
    del params
    (stack,) = _stacks(stage, {})["Stacks"]
    shown = ("StackId", "StackName", "CreationTime", "LastUpdatedTime", "StackStatus")
    return {"StackSummaries": [{key: stack[key] for key in shown}]}


ANSWERS: Mapping[str, Answer] = {
    "DescribeStacks": _stacks,
    "DescribeStackEvents": _events,
    "DescribeStackResources": _describe_resources,
    "ListStackResources": _list_resources,
    "ListStacks": _list,
}
