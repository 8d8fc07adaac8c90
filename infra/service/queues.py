"""The queue between scan and rotate, and the dead-letter queues."""

from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from certrotation.names.service import RECEIVES_UNTIL_GIVEN_UP
from infra.iam.nag_suppressions import acknowledge
from infra.service.deliveries import deliverers

# Lambda Developer Guide, Configuring an Amazon SQS queue to use with Lambda: six times the timeout,
# so that SQS delivers no message again while Lambda still retries it, and at least five receives.
_VISIBILITY_TIMEOUTS = 6


class RotationQueue(Construct):
    """The queue of due secrets, and the dead-letter queue for rotations that keep failing."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        consumer_timeout: cdk.Duration,
        key: kms.IKey,
    ) -> None:
        super().__init__(scope, construct_id)
        self.dead_letters = dead_letter_queue(self, key)
        self.queue = _queue(
            self,
            "Queue",
            key,
            visibility_timeout=cdk.Duration.seconds(
                _VISIBILITY_TIMEOUTS * consumer_timeout.to_seconds()
            ),
            dead_letter_queue=sqs.DeadLetterQueue(
                queue=self.dead_letters, max_receive_count=RECEIVES_UNTIL_GIVEN_UP
            ),
        )


class WaitingRequests(Construct):
    """The queue of requests for custom resources that wait for a certificate."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        consumer_timeout: cdk.Duration,
        key: kms.IKey,
    ) -> None:
        super().__init__(scope, construct_id)
        self.queue = _queue(
            self,
            "Queue",
            key,
            visibility_timeout=cdk.Duration.seconds(
                _VISIBILITY_TIMEOUTS * consumer_timeout.to_seconds()
            ),
            # CloudFormation waits for an hour at most.
            retention_period=cdk.Duration.hours(2),
        )
        acknowledge(
            self.queue, "SQS3", because="After two hours nobody waits for an answer any more."
        )


class SourceSubscription(Construct):
    """Subscribes the rotation queue to the topic by which another account announces versions.

    Whoever owns the queue subscribes, so that nobody has to confirm (SNS Developer Guide, Sending
    messages to an Amazon SQS queue in a different account). A message that cannot be delivered is
    dropped: the next scan finds the version.

    SNS delivers each message within a notification, not raw: whoever may publish to the topic of
    the other account can then write no message of scan's, which rotate trusts more.
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, queue: sqs.Queue, topic: str
    ) -> None:
        super().__init__(scope, construct_id)
        sns.CfnSubscription(
            self,
            "Subscription",
            topic_arn=topic,
            protocol="sqs",
            endpoint=queue.queue_arn,
            raw_message_delivery=False,
            region=topic.split(":")[3],
        )
        queue.add_to_resource_policy(
            iam.PolicyStatement(
                sid="SourceTopic",
                principals=[*deliverers(topic)],
                actions=["sqs:SendMessage"],
                resources=[queue.queue_arn],
                conditions={"ArnEquals": {"aws:SourceArn": topic}},
            )
        )


def dead_letter_queue(scope: Construct, key: kms.IKey) -> sqs.Queue:
    """Create the dead-letter queue of `scope`; it keeps messages for 14 days, SQS's maximum."""
    queue = _queue(scope, "DeadLetters", key, retention_period=cdk.Duration.days(14))
    acknowledge(queue, "SQS3", because="It is a dead-letter queue: a person empties it.")
    return queue


def _queue(scope: Construct, construct_id: str, key: kms.IKey, **properties: Any) -> sqs.Queue:
    """Create a queue that is encrypted at rest and rejects plain HTTP."""
    return sqs.Queue(
        scope,
        construct_id,
        encryption=sqs.QueueEncryption.KMS,
        encryption_master_key=key,
        enforce_ssl=True,
        **properties,
    )
