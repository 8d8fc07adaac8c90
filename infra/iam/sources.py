"""What the functions may do with secrets of other accounts: nothing without `source_secrets`."""

from collections.abc import Iterator

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from constructs import Construct

from certrotation.aws.dependents.statement import NO_FINER
from certrotation.names.service import role_name
from infra.config import StackConfig
from infra.iam.grants import Grant

_BY_PATTERN = "The setting source_secrets names the secrets by patterns."
_BY_OWNER = "Their owner chooses the keys. The secrets that they encrypt are a condition."


def fixed_role_name(scope: Construct, config: StackConfig, function: str) -> str | None:
    """Return the name of a function's role that the policies of other accounts name, if any do."""
    if not config.source_secrets:
        return None
    return role_name(config.stack_name, cdk.Stack.of(scope).region, function)


def describe_sources(scope: Construct, config: StackConfig) -> Iterator[Grant]:
    """Let scan compare versions; the value stays out of its reach."""
    if config.source_secrets:
        yield _of_secrets("DescribeSources", scope, config, "secretsmanager:DescribeSecret")


def read_sources(scope: Construct, config: StackConfig) -> Iterator[Grant]:
    """Let rotate read the values, and find the references to a source that a topic announces."""
    if not config.source_secrets:
        return
    yield _of_secrets(
        "ReadSources",
        scope,
        config,
        "secretsmanager:DescribeSecret",
        "secretsmanager:GetSecretValue",
    )
    stack = cdk.Stack.of(scope)
    places = dict.fromkeys((each.region, each.account) for each in config.source_patterns)
    yield Grant(
        iam.PolicyStatement(
            # Secrets Manager User Guide, Permissions for the KMS key: in the caller's name.
            sid="DecryptSources",
            actions=["kms:Decrypt"],
            resources=[
                stack.format_arn(
                    service="kms", region=region, account=account, resource="key", resource_name="*"
                )
                for region, account in places
            ],
            conditions={
                "StringEquals": {
                    "kms:ViaService": [
                        f"secretsmanager.{region}.{stack.url_suffix}"
                        for region in dict.fromkeys(region for region, _ in places)
                    ]
                },
                "StringLike": {"kms:EncryptionContext:SecretARN": list(config.source_secrets)},
            },
        ),
        any_because=_BY_OWNER,
    )
    if config.source_topic:
        yield Grant(
            iam.PolicyStatement(
                sid="FindReferences", actions=["secretsmanager:ListSecrets"], resources=["*"]
            ),
            any_because=NO_FINER,
        )


def _of_secrets(sid: str, scope: Construct, config: StackConfig, *actions: str) -> Grant:
    return Grant(
        iam.PolicyStatement(
            sid=sid,
            actions=list(actions),
            resources=list(config.source_secrets),
            # The account of the sources may have the same setting; there, no other policy asks.
            conditions={"StringNotEquals": {"aws:ResourceAccount": cdk.Stack.of(scope).account}},
        ),
        any_because=_BY_PATTERN,
    )
