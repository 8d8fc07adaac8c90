"""The provider of custom resources, its queue and its permissions; deployed only if it is on."""

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from certrotation.aws.dependents.statement import NO_FINER
from certrotation.names.environment import ROTATION_LOG_GROUP, WAITING_REQUESTS_URL
from certrotation.names.outputs import CUSTOM_RESOURCE_FUNCTION, SERVICE_TOKEN
from infra.config import StackConfig
from infra.iam.grants import BY_ACM, BY_PREFIX, Grant, certificate_arns, give, secret_arns
from infra.service.queues import WaitingRequests
from infra.service.service_function import Package, service_function

TIMEOUT = cdk.Duration.minutes(1)
CONCURRENCY = 5
"""Requests that are looked at at the same time; a look takes a second or two."""


class CustomResource(Construct):
    """Answers requests of CloudFormation; can read no secret, and changes no certificate."""

    def __init__(  # noqa: PLR0913  what it works with
        self,
        scope: Construct,
        construct_id: str,
        *,
        config: StackConfig,
        package: Package,
        rotations: sqs.IQueue,
        rotation_log: logs.ILogGroup,
    ) -> None:
        super().__init__(scope, construct_id)
        waiting = WaitingRequests(self, "Waiting", consumer_timeout=TIMEOUT, key=package.key).queue
        self.function = service_function(
            self,
            package=package,
            handler="certrotation.handlers.custom_resource.handler",
            description="Answers custom resources of other stacks with managed certificates",
            reserved_concurrency=CONCURRENCY if config.reserved_concurrency == "on" else None,
            timeout=TIMEOUT,
            more_environment={
                WAITING_REQUESTS_URL: waiting.queue_url,
                ROTATION_LOG_GROUP: rotation_log.log_group_name,
            },
        )
        give(self.function, self._grants(config, waiting, rotations, rotation_log))
        lambda_.EventSourceMapping(
            self,
            "Requests",
            target=self.function,
            event_source_arn=waiting.queue_arn,
            batch_size=1,
            max_concurrency=CONCURRENCY,
            report_batch_item_failures=True,
        )
        self._add_outputs()

    def _grants(
        self,
        config: StackConfig,
        waiting: sqs.IQueue,
        rotations: sqs.IQueue,
        rotation_log: logs.ILogGroup,
    ) -> list[Grant]:
        return [
            Grant(
                iam.PolicyStatement(
                    # Lambda's poller uses the first three in the function's name (Lambda Developer
                    # Guide, Configuring an SQS queue), the code the others.
                    sid="WorkOnRequests",
                    actions=[
                        "sqs:DeleteMessage",
                        "sqs:GetQueueAttributes",
                        "sqs:ReceiveMessage",
                        "sqs:ChangeMessageVisibility",
                        "sqs:SendMessage",
                    ],
                    resources=[waiting.queue_arn],
                )
            ),
            Grant(
                iam.PolicyStatement(
                    sid="AskForRotations",
                    actions=["sqs:SendMessage"],
                    resources=[rotations.queue_arn],
                )
            ),
            Grant(
                iam.PolicyStatement(
                    sid="DescribeManagedSecrets",
                    actions=["secretsmanager:DescribeSecret"],
                    resources=[secret_arns(self, config.secret_prefix)],
                ),
                any_because=BY_PREFIX,
            ),
            Grant(
                iam.PolicyStatement(
                    sid="FindCopies", actions=["tag:GetResources"], resources=["*"]
                ),
                any_because=NO_FINER,
            ),
            Grant(
                iam.PolicyStatement(
                    sid="ReadTags",
                    actions=["acm:ListTagsForCertificate"],
                    # A Region that is no target any more has copies that stacks still name.
                    resources=certificate_arns(self, ["*"]),
                ),
                any_because=BY_ACM,
            ),
            Grant(
                iam.PolicyStatement(
                    # With an asterisk at the end as the CloudWatch Logs User Guide says (Overview
                    # of managing access), and without it as the Service Authorization Reference.
                    sid="ReadOutcomes",
                    actions=["logs:FilterLogEvents"],
                    resources=[rotation_log.log_group_arn, self._without_asterisk(rotation_log)],
                )
            ),
        ]

    def _without_asterisk(self, group: logs.ILogGroup) -> str:
        return cdk.Stack.of(self).format_arn(
            service="logs",
            resource="log-group",
            resource_name=group.log_group_name,
            arn_format=cdk.ArnFormat.COLON_RESOURCE_NAME,
        )

    def _add_outputs(self) -> None:
        """Export the service token, so that the service cannot be deleted while a stack uses it."""
        stack = cdk.Stack.of(self)
        cdk.CfnOutput(
            stack,
            SERVICE_TOKEN,
            value=self.function.function_arn,
            description="The ServiceToken of Custom::ManagedCertificate",
            export_name=f"{stack.stack_name}-{SERVICE_TOKEN}",
        )
        for name, value, description in (
            (
                CUSTOM_RESOURCE_FUNCTION,
                self.function.function_name,
                "The function that answers custom resources",
            ),
            (
                "CustomResourceLogs",
                self.function.log_group.log_group_name,
                "The log of custom resources",
            ),
        ):
            cdk.CfnOutput(stack, name, value=value, description=description)
