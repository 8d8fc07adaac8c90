"""Answers to what a rule-based review of the template finds and a person has decided otherwise."""

import aws_cdk as cdk
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
