"""The two topics: critical pages, warning opens a ticket or is only read."""

from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from constructs import Construct

from infra.iam.grants import Grant
from infra.service.encryption import alarms_of


class Notices(Construct):
    """A topic for each severity, with its subscribers."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        key: kms.IKey,
        critical_emails: Sequence[str],
        warning_emails: Sequence[str],
    ) -> None:
        super().__init__(scope, construct_id)
        self.critical = _topic(self, "Critical", key, critical_emails)
        self.warning = _topic(self, "Warning", key, warning_emails)

    def notified_by_a_function(self, sid: str) -> Grant:
        """Allow a function's role to publish warnings; the role may already use the key."""
        return Grant(
            iam.PolicyStatement(
                sid=sid, actions=["sns:Publish"], resources=[self.warning.topic_arn]
            )
        )


def _topic(scope: Construct, severity: str, key: kms.IKey, addresses: Sequence[str]) -> sns.Topic:
    stack = cdk.Stack.of(scope)
    topic = sns.Topic(
        scope,
        severity,
        display_name=f"{stack.stack_name} {severity.lower()}",
        master_key=key,
        enforce_ssl=True,
    )
    topic.add_to_resource_policy(
        iam.PolicyStatement(
            sid="Alarms",
            principals=[iam.ServicePrincipal("cloudwatch.amazonaws.com")],
            actions=["sns:Publish"],
            resources=[topic.topic_arn],
            conditions=alarms_of(stack),
        )
    )
    for address in addresses:
        topic.add_subscription(subscriptions.EmailSubscription(address))
    return topic
