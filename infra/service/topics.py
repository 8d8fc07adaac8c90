"""The two topics: critical pages, warning opens a ticket or is only read.

Each is a topic of the stack, or one that exists already, which many accounts may share. The policy
of an existing topic, and of its key, is its owner's: docs/accounts.md has both as text.
"""

from collections.abc import Iterator

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from constructs import Construct

from infra.config import StackConfig
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
        config: StackConfig,
        generated_prefix: str,
    ) -> None:
        """Make the topics that are not given; see `EncryptionKey` for `generated_prefix`."""
        super().__init__(scope, construct_id)
        self._key, self._generated_prefix = key, generated_prefix
        self._warning_topic_arn = config.warning_topic_arn
        self.critical = self._topic("Critical", config.critical_topic_arn, config.critical_emails)
        self.warning = self._topic("Warning", config.warning_topic_arn, config.warning_emails)

    def notified_by_a_function(self, sid: str) -> Iterator[Grant]:
        """Allow a function's role to publish warnings; the role may already use the stack's key."""
        yield Grant(
            iam.PolicyStatement(
                sid=sid, actions=["sns:Publish"], resources=[self.warning.topic_arn]
            )
        )
        if self._warning_topic_arn:
            yield self._use_the_key_of(self._warning_topic_arn, f"{sid}Encrypted")

    def _topic(self, severity: str, existing: str | None, addresses: tuple[str, ...]) -> sns.ITopic:
        if existing:
            return sns.Topic.from_topic_arn(self, severity, existing)
        stack = cdk.Stack.of(self)
        topic = sns.Topic(
            self,
            severity,
            display_name=f"{stack.stack_name} {severity.lower()}",
            master_key=self._key,
            enforce_ssl=True,
        )
        topic.add_to_resource_policy(
            iam.PolicyStatement(
                sid="Alarms",
                principals=[iam.ServicePrincipal("cloudwatch.amazonaws.com")],
                actions=["sns:Publish"],
                resources=[topic.topic_arn],
                conditions=alarms_of(stack, self._generated_prefix),
            )
        )
        for address in addresses:
            topic.add_subscription(subscriptions.EmailSubscription(address))
        return topic

    def _use_the_key_of(self, topic_arn: str, sid: str) -> Grant:
        """Allow a role to encrypt what it publishes to a topic that exists already.

        Source: SNS Developer Guide, Key management, Allow a user to send messages to a topic with
        SSE.
        """
        _, partition, _, region, account, _ = topic_arn.split(":")
        service = f"sns.{region}.{cdk.Stack.of(self).url_suffix}"
        return Grant(
            iam.PolicyStatement(
                sid=sid,
                actions=["kms:Decrypt", "kms:GenerateDataKey"],
                resources=[f"arn:{partition}:kms:{region}:{account}:key/*"],
                conditions={"StringEquals": {"kms:ViaService": service}},
            ),
            any_because="The owner of the topic chooses its key. The service SNS is a condition.",
        )
