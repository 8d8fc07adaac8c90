"""The portable form of the template: any account deploys it, without the CDK and a bootstrap.

A StackSet deploys it into many accounts, `aws cloudformation deploy` into one. CloudFormation names
the stack of a StackSet, so the template cannot know the stack's name. The code is in a bucket of
the home Region that every account may read. `python -m infra.stackset` writes what goes into it.
"""

import aws_cdk as cdk

from certrotation.names.environment import SECRET_PREFIX_PATTERN, Mode

ASSETS_BUCKET = "AssetsBucket"
MODE = "Mode"
"""The parameters of the template."""

SECRET_PREFIX = "SecretPrefix"  # noqa: S105  a parameter of the central account's template


def bucket_prefix(version: str) -> str:
    """Return how the names of a version's objects begin: a version never changes an older one."""
    return f"certrotation/{version}/"


def portable_synthesizer(version: str) -> cdk.DefaultStackSynthesizer:
    """Return what makes the template read the code from the bucket, without a bootstrap."""
    return cdk.DefaultStackSynthesizer(
        generate_bootstrap_version_rule=False,
        # Lambda reads the code of a function in the function's own Region (Lambda API Reference,
        # FunctionCode, S3Bucket), so each home Region has a bucket.
        file_assets_bucket_name=f"${{{ASSETS_BUCKET}}}-${{AWS::Region}}",
        bucket_prefix=bucket_prefix(version),
    )


def add_parameters(stack: cdk.Stack, mode: str) -> cdk.CfnParameter:
    """Add what differs between organizations and accounts; returns the parameter of the mode."""
    cdk.CfnParameter(
        stack,
        ASSETS_BUCKET,
        type="String",
        description="The bucket with the code: its name without the hyphen and the Region",
        # S3 User Guide, Bucket naming rules; the longest Region's name has 14 characters.
        allowed_pattern="[a-z0-9][a-z0-9.-]{1,46}[a-z0-9]",
    )
    return cdk.CfnParameter(
        stack,
        MODE,
        type="String",
        description="report: the functions plan, and change nothing outside the queue",
        allowed_values=[*Mode],
        default=mode,
    )


def add_secret_prefix(stack: cdk.Stack, secret_prefix: str) -> str:
    """Add the prefix of the secrets that the central account announces; returns its value.

    Secrets for other accounts often begin otherwise than the managed secrets, and the settings,
    which the template of every account has too, contain the prefix of the latter alone.
    """
    return cdk.CfnParameter(
        stack,
        SECRET_PREFIX,
        type="String",
        description="How the names of the secrets begin that other accounts refer to",
        allowed_pattern=SECRET_PREFIX_PATTERN,
        default=secret_prefix,
    ).value_as_string
