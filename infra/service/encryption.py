"""The KMS key of queues, topics and logs, and its policy.

Principals of the account get access in their own policies. The key's policy is for services that
use the key as themselves; each statement names the document that requires it. Services that act
through a role of the stack (EventBridge Scheduler, Lambda) are not in the policy. Nor is SNS, which
encrypts as the publisher; only if the rotation queue subscribes to the topic of another account.
"""

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from constructs import Construct

from infra.config import StackConfig
from infra.service.deliveries import deliverers


class EncryptionKey(Construct):
    """A key that is retained with the logs: without the key nobody could read them."""

    def __init__(
        self, scope: Construct, construct_id: str, *, config: StackConfig, generated_prefix: str
    ) -> None:
        """Make the key.

        Args:
            scope: of the construct.
            construct_id: of the construct.
            config: the settings.
            generated_prefix: how the names begin that CloudFormation generates for resources.
        """
        super().__init__(scope, construct_id)
        stack = cdk.Stack.of(self)
        self.key = kms.Key(
            self,
            "Key",
            description=f"Queues, topics and logs of {stack.stack_name}",
            alias=stack.stack_name,
            enable_key_rotation=True,
            # Retained when the stack is deleted, but not when its creation fails.
            removal_policy=cdk.RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
        )
        has_topics = not (config.critical_topic_arn and config.warning_topic_arn)
        for statement in (
            for_targets_of_rules(),
            *([_for_topics_behind_alarms(stack, generated_prefix)] if has_topics else []),
            _for_log_groups(stack, generated_prefix),
            *([_for_queue_behind_topic(config.source_topic)] if config.source_topic else []),
        ):
            self.key.add_to_resource_policy(statement)


def use_of(key: kms.IKey, *actions: str) -> iam.PolicyStatement:
    """Allow a role `actions` with the key; the grants of the CDK's constructs are wider."""
    return iam.PolicyStatement(
        sid="UseTheKey", actions=[f"kms:{action}" for action in actions], resources=[key.key_arn]
    )


def for_targets_of_rules() -> iam.PolicyStatement:
    """Let EventBridge encrypt what it sends to queues and topics.

    SQS Developer Guide, Key management, Configure KMS permissions for AWS services.

    No condition, as in that document: the SNS Developer Guide, Key management, says for topics that
    EventBridge's requests to a key contain neither aws:SourceAccount nor aws:SourceArn, and no
    document says otherwise for queues. The policies of the queues name the rule.
    """
    return iam.PolicyStatement(
        sid="EventsToQueues",
        principals=[iam.ServicePrincipal("events.amazonaws.com")],
        actions=["kms:Decrypt", "kms:GenerateDataKey"],
        resources=["*"],
    )


def _for_topics_behind_alarms(stack: cdk.Stack, generated_prefix: str) -> iam.PolicyStatement:
    """SNS Developer Guide, Key management, Enable compatibility between event sources and topics.

    Without this statement an alarm goes off and nobody is notified.
    """
    return iam.PolicyStatement(
        sid="AlarmsToTopics",
        principals=[iam.ServicePrincipal("cloudwatch.amazonaws.com")],
        actions=["kms:Decrypt", "kms:GenerateDataKey"],
        resources=["*"],
        conditions=alarms_of(stack, generated_prefix),
    )


def _for_queue_behind_topic(topic: str) -> iam.PolicyStatement:
    """SNS Developer Guide, Key management, Subscribing an encrypted queue to a topic."""
    return iam.PolicyStatement(
        sid="SourceTopicToQueue",
        principals=[*deliverers(topic)],
        actions=["kms:Decrypt", "kms:GenerateDataKey"],
        resources=["*"],
        conditions={"ArnEquals": {"aws:SourceArn": topic}},
    )


def alarms_of(stack: cdk.Stack, generated_prefix: str) -> dict[str, dict[str, str]]:
    """Return the condition that an alarm of this stack is behind a request."""
    alarms = stack.format_arn(
        service="cloudwatch",
        resource="alarm",
        resource_name=f"{generated_prefix}-*",
        arn_format=cdk.ArnFormat.COLON_RESOURCE_NAME,
    )
    return {
        "StringEquals": {"aws:SourceAccount": stack.account},
        "ArnLike": {"aws:SourceArn": alarms},
    }


def _for_log_groups(stack: cdk.Stack, generated_prefix: str) -> iam.PolicyStatement:
    """CloudWatch Logs User Guide, Encrypt log data in CloudWatch Logs using AWS KMS."""
    groups = stack.format_arn(
        service="logs",
        resource="log-group",
        resource_name=f"{generated_prefix}-*",
        arn_format=cdk.ArnFormat.COLON_RESOURCE_NAME,
    )
    return iam.PolicyStatement(
        sid="Logs",
        # The only principal here that differs by Region and partition (the CDK's region-info).
        principals=[iam.ServicePrincipal(f"logs.{stack.region}.{stack.url_suffix}")],
        actions=[
            "kms:Decrypt",
            "kms:DescribeKey",
            "kms:Encrypt",
            "kms:GenerateDataKey",
            "kms:GenerateDataKeyWithoutPlaintext",
            "kms:ReEncryptFrom",
            "kms:ReEncryptTo",
        ],
        resources=["*"],
        conditions={"ArnLike": {"kms:EncryptionContext:aws:logs:arn": groups}},
    )
