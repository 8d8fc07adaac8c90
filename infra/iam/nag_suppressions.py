"""Answers to what a rule-based review of the template finds and a person has decided otherwise."""

from collections.abc import Sequence
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from constructs import IConstruct


def acknowledge(scope: IConstruct, rule: str, *, because: str) -> None:
    """Answer one finding of cdk-nag's AwsSolutions pack about `scope`.

    Args:
        scope: the construct that the finding is about.
        rule: the finding without the pack's name, such as `SQS3` or `IAM5[Resource::*]`.
        because: a reason that a reviewer would accept.
    """
    cdk.Validations.of(scope).acknowledge(
        cdk.Acknowledgment(id=f"AwsSolutions::AwsSolutions-{rule}", reason=because)
    )


def acknowledge_wildcards(role: IConstruct, arns: Sequence[str], *, because: str) -> None:
    """Answer that a policy, or one of a role, speaks of those of `arns` that end in `*`."""
    for arn in arns:
        written = _written(cdk.Stack.of(role).resolve(arn))
        if "*" in written:
            acknowledge(role, f"IAM5[Resource::{written}]", because=because)


def acknowledge_patterns(role: iam.IRole, actions: Sequence[str], *, because: str) -> None:
    """Answer that a policy of `role` allows those of `actions` that end in `*`."""
    for action in actions:
        if "*" in action:
            acknowledge(role, f"IAM5[Action::{action}]", because=because)


def _written(arn: Any) -> str:
    """Return an ARN as cdk-nag writes it: `<AWS::Partition>` where the template has a Ref."""
    parts = [arn] if isinstance(arn, str) else arn["Fn::Join"][1]
    return "".join(part if isinstance(part, str) else f"<{part['Ref']}>" for part in parts)
