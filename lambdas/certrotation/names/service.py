"""What the stack and the functions agree on: Regions, the queue, its messages, the log."""

EDGE_REGIONS = {"aws": "us-east-1"}
"""By partition, the Region whose certificates CloudFront presents.

In the partitions that are missing here CloudFront presents no certificate of ACM.
"""

SERVICES = ("acm", "resourcegroupstaggingapi", "secretsmanager", "sns", "sqs")
"""The services that the functions call, under boto3's names; the kinds of dependents add theirs."""

RECEIVES_UNTIL_GIVEN_UP = 5
"""After so many receives the queue moves a message to its dead-letter queue."""

SECRET_KEY = "secret"  # noqa: S105  a key of the message that asks for a rotation
VERSION_KEY = "version"
SOURCE_KEY = "source"
"""Instead of SECRET_KEY: the message names a secret of another account, by its full ARN."""

PUBLISHING_SERVICES = ("events", "ssm")
"""The services that rotate calls to publish ARNs and to put events, under boto3's names."""

PROVIDING_SERVICES = ("logs",)
"""The services that the provider of custom resources calls beside these, under boto3's names."""

ISSUING_SERVICES = ("acm-pca", "route53", "sts")
"""The services that the issue function calls beside these, under boto3's names."""


def account_secret_name(stack: str, issuer: str) -> str:
    """Return the name of the secret that holds the account at a CA."""
    return f"{stack}-issuers/{issuer}"


SCAN_ROLE, ROTATE_ROLE = "scan", "rotate"
"""The functions whose roles have fixed names if secrets of other accounts are read."""


def role_name(stack: str, region: str, function: str) -> str:
    """Return the name of the role of a function; the policies of other accounts name the role."""
    return f"{stack}-{region}-{function}"


NEAREST_SHOWN = 20
"""Certificates nearest to expiry that a scan's log line names and the dashboard shows."""

# Secrets Manager User Guide: staging labels, and the events that it sends to EventBridge.
CURRENT_LABEL = "AWSCURRENT"
PREVIOUS_LABEL = "AWSPREVIOUS"
SECRETS_SOURCE = "aws.secretsmanager"
LABEL_UPDATED = "Secret Label Updated"
