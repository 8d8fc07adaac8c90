"""The stack of the central account: news of its secrets for other accounts, and one dashboard.

It needs nothing of the service's own stack, which may be in the same account or not.
"""

import json

import aws_cdk as cdk
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns
from constructs import Construct

from certrotation.names.outputs import SOURCE_TOPIC
from certrotation.names.service import SOURCE_KEY, VERSION_KEY
from certrotation.names.sources import source_message
from infra.config import StackConfig
from infra.observability.accounts_dashboard import AccountsDashboard
from infra.portable import add_secret_prefix, portable_synthesizer
from infra.service.encryption import for_targets_of_rules
from infra.service.queues import dead_letter_queue
from infra.service.secret_event_rule import dead_letters_of, label_updated, let_send, retries


class CentralStack(cdk.Stack):
    """One topic that tells the listed accounts which secret has a new version."""

    def __init__(
        self, scope: Construct, *, config: StackConfig, version: str, is_portable: bool = False
    ) -> None:
        super().__init__(
            scope,
            f"{config.stack_name}-central",
            description="Tells other accounts of new versions of the secrets of this account",
            termination_protection=config.termination_protection == "on",
            synthesizer=portable_synthesizer(version) if is_portable else None,
        )
        for name, value in config.tags:
            cdk.Tags.of(self).add(name, value)
        self._key = self._make_key()
        self._topic = sns.Topic(
            self,
            "Topic",
            # Fixed, so that the accounts can name the topic before it exists.
            topic_name=self.stack_name,
            display_name=f"{self.stack_name} secrets",
            master_key=self._key,
            enforce_ssl=True,
        )
        self.dead_letters = dead_letter_queue(self, self._key)
        self._publish(
            add_secret_prefix(self, config.secret_prefix) if is_portable else config.secret_prefix
        )
        self._let_subscribe(config.central_accounts)
        dashboard = AccountsDashboard(
            self, "Screen", config=config, topic=self._topic, dead_letters=self.dead_letters
        )
        for name, value, description in (
            (SOURCE_TOPIC, self._topic.topic_arn, "Give it to the accounts as source_topic"),
            ("TopicDeadLetters", self.dead_letters.queue_url, "Events that could not be published"),
            ("Dashboard", dashboard.name, "The name of the dashboard of all accounts"),
        ):
            cdk.CfnOutput(self, name, value=value, description=description)

    def _make_key(self) -> kms.Key:
        """Make the key of topic and dead letters. Nothing outlives the stack, so neither does it.

        Subscribers need no right to this key: SNS decrypts, and the queue of each has its own key.
        """
        key = kms.Key(
            self,
            "Key",
            description=f"Topic and dead letters of {self.stack_name}",
            alias=self.stack_name,
            enable_key_rotation=True,
            removal_policy=cdk.RemovalPolicy.DESTROY,
        )
        key.add_to_resource_policy(for_targets_of_rules())
        return key

    def _publish(self, secret_prefix: str) -> None:
        rule = events.CfnRule(
            self,
            "Rule",
            description="New material in a secret that other accounts refer to",
            state="ENABLED",
            event_pattern=label_updated(secret_prefix),
            targets=[
                events.CfnRule.TargetProperty(
                    id="Topic",
                    arn=self._topic.topic_arn,
                    # The references are tagged with the ARN (Secrets Manager User Guide, Secret
                    # event notifications: `resources` contains it).
                    input_transformer=events.CfnRule.InputTransformerProperty(
                        input_paths_map={
                            SOURCE_KEY: "$.resources[0]",
                            VERSION_KEY: "$.detail.versionId",
                        },
                        input_template=json.dumps(
                            source_message(f"<{SOURCE_KEY}>", f"<{VERSION_KEY}>")
                        ),
                    ),
                    dead_letter_config=dead_letters_of(self.dead_letters),
                    retry_policy=retries(),
                )
            ],
        )
        let_send(rule, self.dead_letters)
        self._topic.add_to_resource_policy(
            iam.PolicyStatement(
                # EventBridge User Guide, Resource-based policies, Amazon SNS permissions. The
                # target has no role: with a role, delivery to an encrypted topic may fail.
                # The documents contradict each other: EventBridge sends aws:SourceArn (Using IAM
                # policy conditions), or a topic's policy may have no conditions for EventBridge
                # (an earlier version of the page above). "IfExists" is right under both.
                sid="Rule",
                principals=[iam.ServicePrincipal("events.amazonaws.com")],
                actions=["sns:Publish"],
                resources=[self._topic.topic_arn],
                conditions={"ArnEqualsIfExists": {"aws:SourceArn": rule.attr_arn}},
            )
        )
        self._topic.add_to_resource_policy(
            iam.PolicyStatement(
                # A role of this account needs no permission here to publish. A request of
                # EventBridge is none of a user's or role's (IAM User Guide, AWS global condition
                # context keys), and does not match either if it has no such key.
                sid="NobodyElse",
                effect=iam.Effect.DENY,
                principals=[iam.AnyPrincipal()],
                actions=["sns:Publish"],
                resources=[self._topic.topic_arn],
                conditions={"Bool": {"aws:PrincipalIsAWSService": "false"}},
            )
        )

    def _let_subscribe(self, accounts: tuple[str, ...]) -> None:
        """Let the accounts subscribe queues of theirs, and nothing else.

        Their identity policies decide who in an account may do so.
        """
        principals = [iam.AccountPrincipal(each) for each in accounts]
        self._topic.add_to_resource_policy(
            iam.PolicyStatement(
                # SNS Developer Guide, Amazon SNS policy keys.
                sid="SubscribeQueues",
                principals=[*principals],
                actions=["sns:Subscribe"],
                resources=[self._topic.topic_arn],
                conditions={
                    "StringEquals": {"sns:Protocol": "sqs"},
                    "StringLike": {
                        "sns:Endpoint": [
                            f"arn:{self.partition}:sqs:*:{each}:*" for each in accounts
                        ]
                    },
                },
            )
        )
        self._topic.add_to_resource_policy(
            iam.PolicyStatement(
                # CloudFormation reads the topic before it subscribes (the schema of
                # AWS::SNS::Subscription, handlers).
                sid="ReadTheTopic",
                principals=[*principals],
                actions=["sns:GetTopicAttributes"],
                resources=[self._topic.topic_arn],
            )
        )
