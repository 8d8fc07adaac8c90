"""Elastic Beanstalk's environments, with their options and their load balancer.

Moto keeps no option, updates nothing, and makes no load balancer; so these operations are the
double's own.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from moto.elb.models import elb_backends
from moto.elbv2.models import elbv2_backends

from tests.double import elb
from tests.double.builders import create_listener
from tests.double.certificates import find
from tests.double.fakes import Fake
from tests.double.world import Answer, Environment, Refusal, Request

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.double.embedded import EmbeddedAws
    from tests.double.fakes import Clients
    from tests.double.world import World

    Options = dict[tuple[str, str], str]

ROLE = "arn:aws:iam::123456789012:role/aws-elasticbeanstalk-operations"
"""An operations role."""
APPLICATION = "My shop"
SECRET = "password-in-an-environment-variable"
"""The value of an environment variable that every environment has."""

_ALB = ("aws:elbv2:listener:443", "SSLCertificateArns")
_CLASSIC = ("aws:elb:listener:443", "SSLCertificateId")
_BALANCER = "aws:elasticloadbalancing:loadbalancer"


def describe_environments(request: Request) -> Mapping[str, Any]:
    """API Reference, DescribeEnvironments: what no filter matches is left out."""
    params = request.params
    return {
        "Environments": [
            _described(each)
            for each in _environments(request)
            if each.id in params.get("EnvironmentIds", [each.id])
            and each.name in params.get("EnvironmentNames", [each.name])
            and each.application == params.get("ApplicationName", each.application)
        ]
    }


def describe_configuration_settings(request: Request) -> Mapping[str, Any]:
    """API Reference, DescribeConfigurationSettings: the deployed set, and a draft if there is one.

    All options are in each set, environment variables included (Developer Guide, General options,
    aws:elasticbeanstalk:application:environment).
    """
    found = _existing(request)
    sets = [(found.options, "deployed")]
    if found.draft:
        sets.append((found.options | found.draft[0], found.draft[1]))
    return {
        "ConfigurationSettings": [
            {
                "ApplicationName": found.application,
                "EnvironmentName": found.name,
                "DeploymentStatus": status,
                "OptionSettings": [
                    {"Namespace": namespace, "OptionName": name, "Value": value}
                    for (namespace, name), value in options.items()
                ],
            }
            for options, status in sets
        ]
    }


def update_environment(request: Request) -> Mapping[str, Any]:
    """API Reference, UpdateEnvironment: changes the options that it is given, and no others.

    The update takes place after the answer, as a draft that is then deployed, or fails.
    """
    found = _existing(request)
    if found.status != "Ready":
        # The words: terraform-provider-aws issue 32284.
        raise Refusal(
            "InvalidParameterValue",
            f"Environment named {found.name} is in an invalid state for this operation. Must be"
            " Ready.",
        )
    given = request.params.get("OptionSettings", [])
    changed = {(each["Namespace"], each["OptionName"]): each["Value"] for each in given}
    found.status, found.draft = "Updating", (changed, "pending")
    found.updated_at = datetime.now(UTC)
    answer = _described(found)
    if request.world.behaviour.deployments == "at_once":
        finish_updates(request.world)
    return answer


def list_tags_for_resource(request: Request) -> Mapping[str, Any]:
    """API Reference, ListTagsForResource."""
    arn = request.params["ResourceArn"]
    for each in _environments(request):
        if each.arn == arn:
            tags = [{"Key": key, "Value": value} for key, value in each.tags.items()]
            return {"ResourceArn": arn, "ResourceTags": tags}
    raise Refusal("ResourceNotFoundException", f"Resource not found for ARN '{arn}'.")


def finish_updates(world: World) -> None:
    """End the updates of all environments: CloudFormation changes the load balancer, or fails.

    That a certificate is looked at only then, and that the draft stays as failed, is inferred from
    the API Reference, ConfigurationSettingsDescription, DeploymentStatus.
    """
    for each in world.environments.values():
        if each.status != "Updating" or each.draft is None:
            continue
        changed, _ = each.draft
        each.status, each.updated_at = "Ready", datetime.now(UTC)
        if each.rolls_back:
            each.draft = None
            continue
        certificates = [value for option, value in changed.items() if option in {_ALB, _CLASSIC}]
        if not all(find(world, each.region, arn) for arn in certificates):
            each.draft = (changed, "failed")
            continue
        each.options |= changed
        each.draft = None
        for arn in certificates:
            _present(world, each, arn)


def _present(world: World, environment: Environment, certificate: str) -> None:
    """Have port 443 of an environment's load balancer present a certificate."""
    account, region, balancer = world.account_id, environment.region, environment.balancer
    if ":loadbalancer/app/" in balancer:
        for listener in elbv2_backends[account][region].describe_listeners(balancer, []):
            if int(listener.port) == 443:
                listener.certificate, listener.certificates = certificate, [certificate]
        return
    store = elb_backends[account][region].load_balancers
    for classic in store[balancer.rpartition("/")[2]].listeners:
        if int(classic.load_balancer_port) == 443:
            classic.ssl_certificate_id = certificate


def _environments(request: Request) -> list[Environment]:
    every = request.world.environments.values()
    return [each for each in every if each.region == request.region]


def _existing(request: Request) -> Environment:
    params = request.params
    for each in _environments(request):
        if each.name == params.get("EnvironmentName"):
            return each
    # The words: aws-elastic-beanstalk-cli, tests of its API wrapper.
    raise Refusal(
        "InvalidParameterValue",
        f"No Environment found for EnvironmentName = '{params.get('EnvironmentName')}'.",
    )


def _described(environment: Environment) -> Mapping[str, Any]:
    """API Reference, EnvironmentDescription; without a role there is no OperationsRole."""
    described = {
        "EnvironmentId": environment.id,
        "EnvironmentName": environment.name,
        "ApplicationName": environment.application,
        "EnvironmentArn": environment.arn,
        "Status": environment.status,
        "DateUpdated": environment.updated_at,
    }
    role = environment.operations_role
    return described | ({"OperationsRole": role} if role else {})


def environment(
    aws: EmbeddedAws,
    clients: Clients,
    region: str,
    certificate: str,
    *,
    name: str = "shop-prod",
    is_classic: bool = False,
    operations_role: str | None = ROLE,
    tags: Mapping[str, str] | None = None,
) -> Environment:
    """Make an environment whose own load balancer presents a certificate at port 443.

    Developer Guide, Tagging resources in your environments: the tags of the load balancer.
    """
    number = len(aws.environments())
    identifier = f"e-{number:010x}"
    own = {"elasticbeanstalk:environment-id": identifier, "elasticbeanstalk:environment-name": name}
    if is_classic:
        balancer = elb.present(aws, clients, region, certificate)
        clients("elb", region).add_tags(
            LoadBalancerNames=[balancer.rpartition("/")[2]],
            Tags=[{"Key": key, "Value": value} for key, value in own.items()],
        )
    else:
        balancer = aws.load_balancer(f"awseb--AWSEB-{number}", region=region, tags=own)
        create_listener(clients("elbv2", region), balancer, certificate)
    made = Environment(
        id=identifier,
        arn=f"arn:aws:elasticbeanstalk:{region}:{aws.account_id}:environment/{APPLICATION}/{name}",
        application=APPLICATION,
        name=name,
        region=region,
        balancer=balancer,
        options={
            (_CLASSIC if is_classic else _ALB): certificate,
            (_BALANCER, "Scheme"): "public",
            ("aws:elasticbeanstalk:application:environment", "PASSWORD"): SECRET,
        },
        operations_role=operations_role,
        tags=own | dict(tags or {}),
    )
    aws.environments()[identifier] = made
    return made


def uses(world: World, region: str) -> Iterator[tuple[str, str]]:
    """Nobody more: ACM names the load balancer of an environment."""
    del world, region
    yield from ()


def present(aws: EmbeddedAws, clients: Clients, region: str, certificate: str) -> str:
    """Make an environment with an operations role; returns its ARN."""
    return environment(aws, clients, region, certificate, name=f"env-{certificate[-8:]}").arn


def presented(clients: Clients, arn: str) -> set[str]:
    """Return what the deployed options of an environment name."""
    _, application, name = arn.split("/")
    got = clients("elasticbeanstalk", arn.split(":")[3]).describe_configuration_settings(
        ApplicationName=application, EnvironmentName=name
    )
    return {
        each["Value"]
        for settings in got["ConfigurationSettings"]
        if settings["DeploymentStatus"] == "deployed"
        for each in settings["OptionSettings"]
        if (each["Namespace"], each["OptionName"]) in {_ALB, _CLASSIC}
    }


ANSWERS: dict[str, Answer] = {
    "DescribeConfigurationSettings": describe_configuration_settings,
    "DescribeEnvironments": describe_environments,
    "ListTagsForResource": list_tags_for_resource,
    "UpdateEnvironment": update_environment,
}
FAKE = Fake(
    service="elasticbeanstalk",
    iam_prefix="elasticbeanstalk",
    answers=ANSWERS,
    uses=uses,
    present=present,
    presented=presented,
)
