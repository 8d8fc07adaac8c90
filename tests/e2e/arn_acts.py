"""The acts in which stacks of other teams use managed certificates."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from certrotation.core.estate.arn_parameters import ARN
from certrotation.names import tags
from certrotation.names.events import ARN_CHANGED, ROTATED, SOURCE
from certrotation.names.outputs import SERVICE_TOKEN
from tests.contracts.event_schemas import wrongs
from tests.double.world import Event
from tests.e2e.deployed import wait_for
from tests.e2e.places import HOME, PREFIX, STACK
from tests.simulation.estate import fields_of

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


_WAITING = "waits"
_WITH_A_RESOURCE = {
    "Parameters": {"Nonce": {"Type": "String"}, "Secret": {"Type": "String"}},
    "Resources": {
        "Certificate": {
            "Type": "Custom::ManagedCertificate",
            "Properties": {
                "ServiceToken": {"Fn::ImportValue": f"{STACK}-{SERVICE_TOKEN}"},
                "ServiceTimeout": 120,
                "Secret": {"Ref": "Secret"},
                "Region": HOME,
                "Nonce": {"Ref": "Nonce"},
            },
        },
    },
    "Outputs": {
        each: {"Value": {"Fn::GetAtt": ["Certificate", each]}}
        for each in ("CertificateArn", "Version", "NotAfter")
    },
}
"""docs/arns.md, CloudFormation, by a custom resource."""


def a_stack_that_waits(run: Run) -> None:
    """A first deployment waits for a copy, a second follows its ARN, a refused secret ends one."""
    cloudformation = run.cloud.client("cloudformation")
    first = run.account.issue(_WAITING, "rsa2048")
    run.account.estate.secret(_WAITING, first, {tags.REGIONS: HOME})
    cloudformation.create_stack(**_waiting(_WAITING, nonce="1"))
    _await_stack(run, "CREATE_COMPLETE", _WAITING)
    old = _outputs(run, _WAITING)
    run.tell.say(f"The attributes: {old}")
    run.tell.expect(
        "the first deployment waited for the copy, and got its ARN, version and expiry",
        holds=old["CertificateArn"] == _copy(run, _WAITING)
        and old["NotAfter"] == f"{first.certificate.not_valid_after_utc:%Y-%m-%dT%H:%M:%SZ}",
    )

    run.account.estate.renew(_WAITING, run.account.issue(_WAITING))
    cloudformation.update_stack(**_waiting(_WAITING, nonce="2"))
    _await_stack(run, "UPDATE_COMPLETE", _WAITING)
    new = _outputs(run, _WAITING)
    # The resource has its copy before rotate has marked the old one.
    wait_for("the old copy superseded", lambda: len(_copies(run, _WAITING)) == 1)
    run.tell.expect(
        "the next one waited for the new ARN",
        holds=new["CertificateArn"] == _copy(run, _WAITING) != old["CertificateArn"],
    )

    estate = run.account.estate
    good, other = run.account.issue("mixed"), run.account.issue("mixed")
    estate.secret("mixed", fields_of(good) | {"private_key": other.key_pem()}, {tags.REGIONS: HOME})
    cloudformation.create_stack(**_waiting("mixed", nonce="1"))
    waited = _await_stack(run, "ROLLBACK_COMPLETE", "mixed")
    reasons = [
        each.get("ResourceStatusReason", "")
        for each in cloudformation.describe_stack_events(StackName="mixed")["StackEvents"]
    ]
    run.tell.say(f"mixed failed after {waited:.1f} seconds: {[*filter(None, reasons)]}")
    run.tell.expect(
        "a stack on a refused secret fails with the finding, long before its time-out",
        holds=any("KEY_MISMATCH" in each and "certrotation plan" in each for each in reasons),
    )
    said = _try_to_delete_the_service(run)
    run.tell.say(f"Deleting {STACK}: {said}")
    run.tell.expect(
        "the service cannot be deleted while a stack imports its service token",
        holds=f"{STACK}-{SERVICE_TOKEN} is imported by stack {_WAITING}" in said,
    )
    for each in (_WAITING, "mixed"):
        cloudformation.delete_stack(StackName=each)
        wait_for(f"{each} deleted", partial(_is_gone, run, each))
    run.tell.expect(
        "deleting the team's stack leaves the copy alone",
        holds=_copy(run, _WAITING) == new["CertificateArn"],
    )


def _try_to_delete_the_service(run: Run) -> str:
    """Try to delete the service without its protection; return what CloudFormation says."""
    cloudformation, said = run.cloud.client("cloudformation"), "nothing"
    protect = cloudformation.update_termination_protection
    protect(StackName=STACK, EnableTerminationProtection=False)
    try:
        cloudformation.delete_stack(StackName=STACK)
    except ClientError as error:
        said = str(error)
    protect(StackName=STACK, EnableTerminationProtection=True)
    return said


def _waiting(name: str, *, nonce: str) -> dict[str, Any]:
    values = {"Nonce": nonce, "Secret": name}
    return {
        "StackName": name,
        "TemplateBody": json.dumps(_WITH_A_RESOURCE),
        "Parameters": [
            {"ParameterKey": key, "ParameterValue": value} for key, value in values.items()
        ],
    }


def _outputs(run: Run, stack: str) -> dict[str, str]:
    found = run.cloud.client("cloudformation").describe_stacks(StackName=stack)["Stacks"][0]
    return {each["OutputKey"]: each["OutputValue"] for each in found["Outputs"]}


def _is_gone(run: Run, stack: str) -> bool:
    try:
        found = run.cloud.client("cloudformation").describe_stacks(StackName=stack)["Stacks"]
    except ClientError:
        return True
    return not found or found[0]["StackStatus"] == "DELETE_COMPLETE"


def _rotate(run: Run) -> None:
    seen = len(run.stack.rotations(PREFIX + SECRET))
    run.stack.send(PREFIX + SECRET)
    wait_for("the rotation", lambda: len(run.stack.rotations(PREFIX + SECRET)) > seen)
    outcome = run.stack.rotations(PREFIX + SECRET)[-1]
    errors = [each["error"] for each in outcome["regions"] if each["error"]]
    run.tell.say(f"{SECRET}: {outcome['status']} {errors or ''}")
    run.tell.expect(f"the rotation of {SECRET} is done", holds=outcome["status"] == "done")


def _copy(run: Run, secret: str = SECRET) -> str:
    """Return the one copy that is not superseded."""
    (arn,) = _copies(run, secret)
    return arn


def _copies(run: Run, secret: str) -> list[str]:
    """Return the copies that are not superseded."""
    estate = run.account.estate
    return [
        each
        for each in estate.certificates(HOME)
        if (found := estate.tags(each)).get(tags.SECRET) == PREFIX + secret
        and tags.SUPERSEDED_BY not in found
    ]


def _parameter(run: Run) -> str:
    return str(run.cloud.client("ssm").get_parameter(Name=_NAME)["Parameter"]["Value"])


def _await_stack(run: Run, status: str, name: str = SECRET) -> float:
    def has_come() -> bool:
        found = run.cloud.client("cloudformation").describe_stacks(StackName=name)["Stacks"]
        return bool(found[0]["StackStatus"] == status)

    return wait_for(f"the team's stack {name} in {status}", has_come, seconds=120)


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
