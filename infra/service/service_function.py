"""The common part of the functions: runtime, asset, log group and a role that may only log."""

from collections.abc import Mapping
from dataclasses import dataclass

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from infra.config import Arch
from infra.iam.nag_suppressions import acknowledge, acknowledge_wildcards
from infra.observability.logs import log_group
from infra.packaging.interpreter import PYTHON_VERSION
from infra.service.encryption import use_of
from infra.service.topics import Notices

_ARCHITECTURES: Mapping[Arch, lambda_.Architecture] = {
    "arm64": lambda_.Architecture.ARM_64,
    "x86_64": lambda_.Architecture.X86_64,
}
TIMEOUT = cdk.Duration.minutes(5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """The code of the functions, its architecture and its settings."""

    code: lambda_.Code
    arch: Arch
    environment: Mapping[str, str]
    key: kms.IKey
    """The key of queues, topics and logs."""
    notices: Notices
    """The topics that the functions may publish to."""
    guardrail_policy: iam.IManagedPolicy
    """The policy with the denies of every role."""


def service_function(  # noqa: PLR0913  what differs between the functions
    scope: Construct,
    *,
    package: Package,
    handler: str,
    description: str,
    reserved_concurrency: int | None,
    timeout: cdk.Duration = TIMEOUT,
    more_environment: Mapping[str, str] | None = None,
    role_name: str | None = None,
) -> lambda_.Function:
    """Create a function in `scope` whose role may write its own logs and traces, and use the key.

    The key is for the queues and the topic that the function sends to or receives from. Without a
    name of the role, CloudFormation generates one.
    """
    logs = log_group(scope, package.key)
    role = iam.Role(
        scope,
        "Role",
        # Not AWSLambdaBasicExecutionRole, which may write to every log group of the account.
        assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"),
        managed_policies=[package.guardrail_policy],
        role_name=role_name,
    )
    role.add_to_principal_policy(
        iam.PolicyStatement(
            sid="WriteLogs",
            actions=["logs:CreateLogStream", "logs:PutLogEvents"],
            resources=[logs.log_group_arn],
        )
    )
    role.add_to_principal_policy(use_of(package.key, "Decrypt", "GenerateDataKey"))
    function = lambda_.Function(
        scope,
        "Function",
        description=description,
        code=package.code,
        handler=handler,
        runtime=lambda_.Runtime(f"python{PYTHON_VERSION}", lambda_.RuntimeFamily.PYTHON),
        architecture=_ARCHITECTURES[package.arch],
        environment={**package.environment, **(more_environment or {})},
        role=role,
        timeout=timeout,
        memory_size=512,
        log_group=logs,
        logging_format=lambda_.LoggingFormat.JSON,
        tracing=lambda_.Tracing.ACTIVE,
        reserved_concurrent_executions=reserved_concurrency,
    )
    acknowledge(
        function,
        "L1",
        because="Python 3.13 is supported until June 2029; the asset's wheels are built for it.",
    )
    acknowledge_wildcards(role, ["*"], because="X-Ray's actions and lists support no resource.")
    return function
