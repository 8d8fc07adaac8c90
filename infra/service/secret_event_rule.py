"""The rule that queues a rotation when a secret changes, without waiting for a scan."""

import json

import aws_cdk as cdk
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from certrotation.names.service import (
    CURRENT_LABEL,
    LABEL_UPDATED,
    SECRET_KEY,
    SECRETS_SOURCE,
    VERSION_KEY,
)
from infra.service.queues import dead_letter_queue


class NewMaterialRule(Construct):
    """Queues the rotation of a managed secret whose AWSCURRENT label moved to another version.

    Secrets Manager sends this event without CloudTrail (Secrets Manager User Guide, Secret event
    notifications). If an event is lost, the next scan finds the secret due.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        queue: sqs.Queue,
        key: kms.IKey,
        secret_prefix: str,
    ) -> None:
        super().__init__(scope, construct_id)
        self.dead_letters = dead_letter_queue(self, key)
        rule = events.CfnRule(
            self,
            "Rule",
            description="New material in a managed secret",
            state="ENABLED",
            event_pattern=label_updated(secret_prefix),
            targets=[self._message_on(queue)],
        )
        for target in (queue, self.dead_letters):
            let_send(rule, target)

    def _message_on(self, queue: sqs.Queue) -> events.CfnRule.TargetProperty:
        return events.CfnRule.TargetProperty(
            id="RotationQueue",
            arn=queue.queue_arn,
            input_transformer=events.CfnRule.InputTransformerProperty(
                input_paths_map={"secret": "$.detail.name", "version": "$.detail.versionId"},
                input_template=json.dumps({SECRET_KEY: "<secret>", VERSION_KEY: "<version>"}),
            ),
            dead_letter_config=dead_letters_of(self.dead_letters),
            retry_policy=retries(),
        )


def label_updated(secret_prefix: str) -> dict[str, object]:
    """Return the pattern of events of secrets with the prefix whose AWSCURRENT moved."""
    return {
        "source": [SECRETS_SOURCE],
        "detail-type": [LABEL_UPDATED],
        "detail": {"labelUpdated": [CURRENT_LABEL], "name": [{"prefix": secret_prefix}]},
    }


def dead_letters_of(queue: sqs.IQueue) -> events.CfnRule.DeadLetterConfigProperty:
    """Return the member of a rule's target that names its dead-letter queue."""
    return events.CfnRule.DeadLetterConfigProperty(arn=queue.queue_arn)


def retries() -> events.CfnRule.RetryPolicyProperty:
    """Return how long EventBridge retries: not longer, by then a scan has found the secret due."""
    return events.CfnRule.RetryPolicyProperty(
        maximum_event_age_in_seconds=cdk.Duration.hours(2).to_seconds(),
        maximum_retry_attempts=100,
    )


def let_send(rule: events.CfnRule, queue: sqs.Queue) -> None:
    """Allow the rule to send to the queue (EventBridge User Guide, Resource-based policies).

    The construct of the CDK omits the condition if the queue is encrypted.
    """
    queue.add_to_resource_policy(
        iam.PolicyStatement(
            sid="Rule",
            principals=[iam.ServicePrincipal("events.amazonaws.com")],
            actions=["sqs:SendMessage"],
            resources=[queue.queue_arn],
            conditions={"ArnEquals": {"aws:SourceArn": rule.attr_arn}},
        )
    )
