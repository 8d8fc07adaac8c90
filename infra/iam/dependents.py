"""What rotate's role needs for the configured kinds of dependents, read from their folders."""

from collections.abc import Iterator

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from certrotation.aws.dependents.registry import chosen, statements_of
from certrotation.aws.dependents.statement import (
    ANY_REGION,
    CONSUMER_REGION,
    EDGE_FUNCTION,
    ELASTICBEANSTALK_ADMINISTRATOR,
    LOG_BUCKET,
    TARGET_REGION,
    Statement,
)
from certrotation.names.environment import ON
from certrotation.names.service import EDGE_REGIONS
from infra.config import StackConfig
from infra.iam.grants import Grant, resource_tag
from infra.iam.nag_suppressions import acknowledge


def dependent_grants(scope: Construct, config: StackConfig) -> Iterator[Grant]:
    """Yield the grants of each configured kind that may present a copy in a target Region.

    An action that an earlier kind has on the same resources, or another kind on every resource, is
    not granted again. Kinds that are on by default come first, so that their statements are the
    same whatever else is configured.
    """
    granted: set[tuple[str, tuple[str, ...]]] = set()
    has_edge = _has_edge(config)
    can_change_edge = has_edge and config.dependents_tag is None
    edge_changes_with = {"", *(config.dependents if can_change_edge else ())}
    on_everything = {
        action
        for entry in chosen(config.dependents)
        for statement in statements_of(entry.name)
        if statement.for_edge_with in edge_changes_with - {""}
        for action in statement.actions
    }
    for entry in sorted(chosen(config.dependents), key=lambda each: not each.is_default):
        if entry.at_edge_only and not has_edge:
            continue
        for statement in statements_of(entry.name):
            if statement.for_edge_with not in edge_changes_with:
                continue
            actions = [
                each
                for each in statement.actions
                if (each, statement.resources) not in granted
                and (statement.for_edge_with or each not in on_everything)
            ]
            granted.update((each, statement.resources) for each in actions)
            arns = [arn for each in statement.resources for arn in _arns(scope, config, each)]
            if actions and arns:
                yield _grant(config, statement, actions, arns)


def attach_administrator_policy(function: lambda_.Function, config: StackConfig) -> None:
    """Give a function the rights to update any environment of Elastic Beanstalk, if configured."""
    is_wanted = config.elasticbeanstalk_administrator_access == ON
    if function.role is None or not is_wanted or "elasticbeanstalk" not in config.dependents:
        return
    function.role.add_managed_policy(
        iam.ManagedPolicy.from_aws_managed_policy_name(ELASTICBEANSTALK_ADMINISTRATOR)
    )
    acknowledge(
        function.role,
        f"IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/{ELASTICBEANSTALK_ADMINISTRATOR}]",
        because="A person set elasticbeanstalk_administrator_access: AWS documents no smaller set.",
    )


def _has_edge(config: StackConfig) -> bool:
    return not set(EDGE_REGIONS.values()).isdisjoint(config.target_regions)


def _arns(scope: Construct, config: StackConfig, pattern: str) -> Iterator[str]:
    """Yield the ARNs that a pattern stands for."""
    stack = cdk.Stack.of(scope)
    home = stack.region
    consumers = config.consumer_regions or tuple(dict.fromkeys((*config.target_regions, home)))
    edge_consumers = consumers if _has_edge(config) else ()
    repeated = {
        TARGET_REGION: config.target_regions,
        CONSUMER_REGION: consumers,
        ANY_REGION: tuple(dict.fromkeys((*config.target_regions, *edge_consumers))),
        EDGE_FUNCTION: config.edge_functions,
        LOG_BUCKET: config.log_buckets,
    }
    for name, elements in repeated.items():
        if name in pattern:
            for each in elements:
                yield from _arns(scope, config, pattern.replace(name, each))
            return
    # Not by `format`: the home Region is a token, which has braces.
    yield pattern.replace("{partition}", stack.partition).replace("{account}", stack.account)


def _grant(config: StackConfig, statement: Statement, actions: list[str], arns: list[str]) -> Grant:
    return Grant(
        iam.PolicyStatement(
            sid=statement.sid,
            actions=actions,
            resources=arns,
            conditions=_tagged(config) if statement.is_limited_by_tag else {},
        ),
        any_because=statement.any_because,
    )


def _tagged(config: StackConfig) -> dict[str, dict[str, str]]:
    """Return the condition that a dependent carries the configured tag, if there is one."""
    if config.dependents_tag is None:
        return {}
    key, value = config.dependents_tag
    return {"StringEquals": {resource_tag(key): value}}
