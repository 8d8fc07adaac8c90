"""The act in which another team's stack uses a managed certificate."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from certrotation.core.estate.arn_parameters import ARN
from certrotation.names import tags
from certrotation.names.events import ARN_CHANGED, SOURCE
from tests.e2e.deployed import wait_for
from tests.e2e.places import ACCOUNT, HOME, PREFIX, STACK

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.e2e.run import Run

SECRET = "team"
_NAME = f"/{STACK}/{SECRET}/{ARN}"
_QUEUE = "arn-events"
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
    _listen(run)
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


def _listen(run: Run) -> None:
    """Have every event of the service delivered to a queue."""
    events, sqs = run.cloud.client("events"), run.cloud.client("sqs")
    queue = f"arn:aws:sqs:{HOME}:{ACCOUNT}:{_QUEUE}"
    allowed = {
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": queue,
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
    sqs.create_queue(QueueName=_QUEUE, Attributes={"Policy": policy})
    events.put_rule(Name=_QUEUE, EventPattern=json.dumps({"source": [SOURCE]}))
    events.put_targets(Rule=_QUEUE, Targets=[{"Id": "queue", "Arn": queue}])


def _expect_events(run: Run, old: str, new: str) -> None:
    sqs = run.cloud.client("sqs")
    url, found = sqs.get_queue_url(QueueName=_QUEUE)["QueueUrl"], list[dict[str, Any]]()
    while got := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
        found += [json.loads(each["Body"]) for each in got]
        for each in got:
            sqs.delete_message(QueueUrl=url, ReceiptHandle=each["ReceiptHandle"])
    about = {"secret": PREFIX + SECRET, "region": HOME}
    run.tell.expect(
        "the default bus delivered an event for each ARN, the first one and the new one",
        holds=[(each["detail-type"], each["detail"]) for each in found]
        == [
            (ARN_CHANGED, about | {"old": None, "new": old}),
            (ARN_CHANGED, about | {"old": old, "new": new}),
        ],
    )
