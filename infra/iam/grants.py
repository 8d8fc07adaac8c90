"""The words in which the functions' policies speak about resources and their tags."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from certrotation.names import tags
from infra.iam.nag_suppressions import acknowledge_patterns, acknowledge_wildcards

BY_ACM = "ACM chooses the ids, and which certificates there are is known only at run time."
BY_PREFIX = "A managed secret is one whose name begins with the prefix."


@dataclass(frozen=True, slots=True)
class Grant:
    """A statement for a function's role."""

    statement: iam.PolicyStatement
    any_because: str = ""
    """Why a `*` in a resource can be no finer; needed where there is one."""


def give(function: lambda_.Function, grants: Iterable[Grant]) -> None:
    """Put the statements into the policy of the function's role."""
    for grant in grants:
        function.add_to_role_policy(grant.statement)
        if grant.any_because and function.role is not None:
            acknowledge_wildcards(
                function.role, grant.statement.resources, because=grant.any_because
            )
            acknowledge_patterns(
                function.role,
                grant.statement.actions,
                because="AWS documents the action with this asterisk.",
            )


def regional_arns(
    scope: Construct, regions: Sequence[str], *, service: str, resource: str
) -> list[str]:
    """Name this account's resources of one kind in each of `regions`."""
    stack = cdk.Stack.of(scope)
    return [
        stack.format_arn(service=service, region=region, resource=resource, resource_name="*")
        for region in regions
    ]


def certificate_arns(scope: Construct, regions: Sequence[str]) -> list[str]:
    """Name every certificate of this account in `regions`: ACM chooses the ids."""
    return regional_arns(scope, regions, service="acm", resource="certificate")


def secret_arns(scope: Construct, prefix: str) -> str:
    """Name every secret of the home Region whose name begins with `prefix`."""
    return cdk.Stack.of(scope).format_arn(
        service="secretsmanager",
        resource="secret",
        resource_name=f"{prefix}*",
        arn_format=cdk.ArnFormat.COLON_RESOURCE_NAME,
    )


def resource_tag(key: str) -> str:
    """Return the condition key for a tag that the resource carries already."""
    return f"aws:ResourceTag/{key}"


def guardrail_policy(scope: Construct, *, secret_prefix: str) -> iam.ManagedPolicy:
    """Forbid every change, in any Region, to certificates that this deployment must never touch.

    A person tagged them to be ignored, or they belong to another deployment's secret. In a
    policy of their own: the CDK moves what outgrows a role's policy into others, and a statement
    on its way from one to the other would be in neither for a moment.
    """
    certificates = certificate_arns(scope, ["*"])
    changes = [
        "acm:AddTagsToCertificate",
        "acm:DeleteCertificate",
        "acm:ImportCertificate",
        "acm:RemoveTagsFromCertificate",
    ]
    present = "false"  # IAM User Guide, Condition operator to check existence: "is null" is false
    statements = [
        iam.PolicyStatement(
            sid="IgnoredCertificates",
            effect=iam.Effect.DENY,
            actions=changes,
            resources=certificates,
            conditions={"Null": {resource_tag(tags.IGNORE): present}},
        ),
        iam.PolicyStatement(
            sid="CertificatesOfOtherDeployments",
            effect=iam.Effect.DENY,
            actions=changes,
            resources=certificates,
            # Both: a negated match alone also holds for a certificate without the tag.
            conditions={
                "Null": {resource_tag(tags.SECRET): present},
                "StringNotLike": {resource_tag(tags.SECRET): f"{secret_prefix}*"},
            },
        ),
    ]
    return iam.ManagedPolicy(
        scope,
        "OutOfBounds",
        description="Certificates that this deployment must never change",
        statements=statements,
    )
