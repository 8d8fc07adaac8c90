"""What the two functions have in common: runtime, asset, log group and a role that may only log."""

from collections.abc import Mapping
from dataclasses import dataclass

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from infra.bundling import PYTHON_VERSION
from infra.config import Arch

_ARCHITECTURES: Mapping[Arch, lambda_.Architecture] = {
    "arm64": lambda_.Architecture.ARM_64,
    "x86_64": lambda_.Architecture.X86_64,
}
TIMEOUT = cdk.Duration.minutes(5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """The deployed code, the architecture that it is built for, and its settings."""

    code: lambda_.Code
    arch: Arch
    environment: Mapping[str, str]


def service_function(
    scope: Construct, *, package: Package, handler: str, description: str
) -> lambda_.Function:
    """Create a function in `scope` whose role may write to its own log group and nothing else."""
    log_group = logs.LogGroup(
        scope,
        "Logs",
        # Longer than a public certificate lives, so the story of its last rotation is still there.
        retention=logs.RetentionDays.ONE_YEAR,
    )
    role = iam.Role(
        scope,
        "Role",
        # Not AWSLambdaBasicExecutionRole, which may write to every log group of the account.
        assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"),
    )
    log_group.grant_write(role)
    return lambda_.Function(
        scope,
        "Function",
        description=description,
        code=package.code,
        handler=handler,
        runtime=lambda_.Runtime(f"python{PYTHON_VERSION}", lambda_.RuntimeFamily.PYTHON),
        architecture=_ARCHITECTURES[package.arch],
        environment=package.environment,
        role=role,
        timeout=TIMEOUT,
        memory_size=512,
        log_group=log_group,
        logging_format=lambda_.LoggingFormat.JSON,
    )
