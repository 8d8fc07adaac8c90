"""The words in which the functions' policies speak about resources and their tags."""

from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from constructs import Construct

SECRET_TAG = "certrotation:secret"  # noqa: S105  the key of a tag
_IGNORE_TAG = "certrotation:ignore"


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


def resource_tag(key: str) -> str:
    """Return the condition key for a tag that the resource carries already."""
    return f"aws:ResourceTag/{key}"


def out_of_bounds(scope: Construct, *, secret_prefix: str) -> list[iam.PolicyStatement]:
    """Forbid every change, in any Region, to certificates that this deployment must never touch.

    A person tagged them to be ignored, or another deployment's secret stands behind them.
    """
    certificates = certificate_arns(scope, ["*"])
    changes = [
        "acm:AddTagsToCertificate",
        "acm:DeleteCertificate",
        "acm:ImportCertificate",
        "acm:RemoveTagsFromCertificate",
    ]
    present = "false"  # IAM User Guide, Condition operator to check existence: "is null" is false
    return [
        iam.PolicyStatement(
            sid="IgnoredCertificates",
            effect=iam.Effect.DENY,
            actions=changes,
            resources=certificates,
            conditions={"Null": {resource_tag(_IGNORE_TAG): present}},
        ),
        iam.PolicyStatement(
            sid="CertificatesOfOtherDeployments",
            effect=iam.Effect.DENY,
            actions=changes,
            resources=certificates,
            # Both: a negated match alone also holds for a certificate without the tag.
            conditions={
                "Null": {resource_tag(SECRET_TAG): present},
                "StringNotLike": {resource_tag(SECRET_TAG): f"{secret_prefix}*"},
            },
        ),
    ]
