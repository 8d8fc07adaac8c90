"""The act in which another team's stack uses a managed certificate."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from certrotation.core.estate.arn_parameters import ARN
from certrotation.names import tags
from certrotation.names.events import ARN_CHANGED, ROTATED, SOURCE
from tests.contracts.event_schemas import wrongs
from tests.double.world import Event
from tests.e2e.deployed import wait_for
from tests.e2e.places import HOME, PREFIX, STACK

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.e2e.run import Run

SECRET = "team"
_NAME = f"/{STACK}/{SECRET}/{ARN}"
_TEMPLATE = {
    "Parameters": {
        "CertificateArn": {"Type": "AWS::SSM::Parameter::Value<String>", "Default": _NAME}
    },
    "Resources": {
        "Balancer": {
            "Type": "AWS::ElasticLoadBalancingV2::LoadBalancer",
            "Properties": {"Name": "team", "Type": "network"},
        },
        "Listener": {
            "Type": "AWS::ElasticLoadBalancingV2::Listener",
            "Properties": {
                "LoadBalancerArn": {"Ref": "Balancer"},
                "Port": 443,
                "Protocol": "TLS",
                "Certificates": [{"CertificateArn": {"Ref": "CertificateArn"}}],
                "DefaultActions": [
                    {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "200"}}
                ],
            },
        },
    },
    "Outputs": {"Listener": {"Value": {"Ref": "Listener"}}},
}
"""docs/arns.md, CloudFormation."""


def another_teams_stack(run: Run) -> None:
    """A stack reads the ARN; the key type changes; its next deployment takes the new ARN."""
    first = run.account.issue(SECRET, "rsa2048")
    run.account.estate.secret(SECRET, first, {tags.REGIONS: HOME})
    _rotate(run)
    old = _copy(run)
    run.tell.expect("the parameter holds the ARN of the copy", holds=_parameter(run) == old)
    cloudformation = run.cloud.client("cloudformation")
    cloudformation.create_stack(StackName=SECRET, TemplateBody=json.dumps(_TEMPLATE))
    _await_stack(run, "CREATE_COMPLETE")
    before = _listener(run)
    run.tell.expect("the team's listener presents the copy", holds=_presented(before) == [old])

    run.account.estate.renew(SECRET, run.account.issue(SECRET))
    _rotate(run)
    new = _copy(run)
    run.tell.expect(
        "the key type has changed, and the parameter holds the new ARN",
        holds=new != old and _parameter(run) == new,
    )
    cloudformation.update_stack(StackName=SECRET, UsePreviousTemplate=True)
    _await_stack(run, "UPDATE_COMPLETE")
    after = _listener(run)
    run.tell.expect(
        "the team's next deployment takes the new ARN, and changes nothing else",
        holds=_presented(after) == [new]
        and _without_certificates(after) == _without_certificates(before),
    )
    _expect_events(run, old, new)


def _rotate(run: Run) -> None:
    seen = len(run.stack.rotations(PREFIX + SECRET))
    run.stack.send(PREFIX + SECRET)
    wait_for("the rotation", lambda: len(run.stack.rotations(PREFIX + SECRET)) > seen)
    outcome = run.stack.rotations(PREFIX + SECRET)[-1]
    errors = [each["error"] for each in outcome["regions"] if each["error"]]
    run.tell.say(f"{SECRET}: {outcome['status']} {errors or ''}")
    run.tell.expect(f"the rotation of {SECRET} is done", holds=outcome["status"] == "done")


def _copy(run: Run) -> str:
    """Return the copy that is not superseded."""
    estate = run.account.estate
    (arn,) = (
        each
        for each in estate.certificates(HOME)
        if (found := estate.tags(each)).get(tags.SECRET) == PREFIX + SECRET
        and tags.SUPERSEDED_BY not in found
    )
    return arn


def _parameter(run: Run) -> str:
    return str(run.cloud.client("ssm").get_parameter(Name=_NAME)["Parameter"]["Value"])


def _await_stack(run: Run, status: str) -> None:
    def has_come() -> bool:
        found = run.cloud.client("cloudformation").describe_stacks(StackName=SECRET)["Stacks"]
        return bool(found[0]["StackStatus"] == status)

    wait_for(f"the team's stack in {status}", has_come)


def _listener(run: Run) -> dict[str, Any]:
    """Return the team's listener, which is ministack's."""
    stacks = run.cloud.client("cloudformation").describe_stacks(StackName=SECRET)["Stacks"]
    (output,) = stacks[0]["Outputs"]
    found = run.cloud.client("elbv2").describe_listeners(ListenerArns=[output["OutputValue"]])
    listener: dict[str, Any] = found["Listeners"][0]
    return listener


def _presented(listener: Mapping[str, Any]) -> list[str]:
    return [each["CertificateArn"] for each in listener["Certificates"]]


def _without_certificates(listener: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in listener.items() if key != "Certificates"}


def _expect_events(run: Run, old: str, new: str) -> None:
    about = {"secret": PREFIX + SECRET, "region": HOME}
    found = [each for each in run.account.aws.events() if each.detail["secret"] == PREFIX + SECRET]
    run.tell.expect(
        "the home Region's bus got an event for each ARN, the first one and the new one",
        holds=[each for each in found if each.kind == ARN_CHANGED]
        == [
            Event(HOME, SOURCE, ARN_CHANGED, about | {"old": None, "new": old}),
            Event(HOME, SOURCE, ARN_CHANGED, about | {"old": old, "new": new}),
        ],
    )
    rotated = [each.detail for each in found if each.kind == ROTATED]
    run.tell.expect(
        "and an event for each rotation, of which the second names the ARN that was replaced",
        holds=not any(wrongs(ROTATED, each) for each in rotated)
        and [(each["regions"][0]["arns"], each["regions"][0]["replaced"]) for each in rotated]
        == [([old], []), ([new], [old])],
    )
