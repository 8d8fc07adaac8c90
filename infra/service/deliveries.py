"""The principals of SNS that deliver the messages of a topic to a queue."""

from aws_cdk import aws_iam as iam

_ENABLED_BY_DEFAULT = frozenset(
    {
        *("us-east-1", "us-east-2", "us-west-1", "us-west-2", "ca-central-1", "sa-east-1"),
        *("eu-central-1", "eu-north-1", "eu-west-1", "eu-west-2", "eu-west-3"),
        *("ap-northeast-1", "ap-northeast-2", "ap-south-1", "ap-southeast-1", "ap-southeast-2"),
    }
)
"""The Regions of the partition aws that are not opt-in Regions of SNS (SNS Developer Guide, Sending
messages to a queue in a different Region)."""


def deliverers(topic: str) -> list[iam.ServicePrincipal]:
    """Return the principals that a queue and its key must allow.

    From an opt-in Region, SNS delivers to queues of other Regions as a principal of this Region
    (the same page). The condition on the topic limits both principals.

    Args:
        topic: the ARN of the topic, in any Region.
    """
    _, partition, _, region, *_ = topic.split(":")
    names = ["sns.amazonaws.com"]
    if partition == "aws" and region not in _ENABLED_BY_DEFAULT:
        names.append(f"sns.{region}.amazonaws.com")
    return [iam.ServicePrincipal(each) for each in names]
