"""The log groups of the stack."""

import aws_cdk as cdk
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from constructs import Construct


def log_group(scope: Construct, key: kms.IKey) -> logs.LogGroup:
    """Create the log group of `scope`: encrypted, kept for a year, retained with the stack gone."""
    return logs.LogGroup(
        scope,
        "Logs",
        encryption_key=key,
        # Longer than the lifetime of a public certificate, so its last rotation is still logged.
        retention=logs.RetentionDays.ONE_YEAR,
        removal_policy=cdk.RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
    )
