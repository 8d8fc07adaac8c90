"""The scan function and its permissions."""

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from certrotation.aws.dependents.statement import NO_FINER
from certrotation.names import tags
from certrotation.names.service import SCAN_ROLE
from infra.config import StackConfig
from infra.iam.grants import (
    BY_ACM,
    BY_PREFIX,
    Grant,
    certificate_arns,
    give,
    resource_tag,
    secret_arns,
)
from infra.iam.sources import describe_sources, fixed_role_name
from infra.service.queues import dead_letter_queue
from infra.service.service_function import Package, service_function

# Lambda API Reference, PutFunctionEventInvokeConfig.
_LONGEST_EVENT_AGE = cdk.Duration.hours(6)


class ScanFunction(Construct):
    """Lists the estate, queues due secrets, deletes superseded copies; cannot read a secret."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        config: StackConfig,
        package: Package,
        queue: sqs.IQueue,
    ) -> None:
        super().__init__(scope, construct_id)
        self.function = service_function(
            self,
            package=package,
            handler="certrotation.handlers.scan.handler",
            description="Finds due certificates and queues their secrets",
            # Two, so that the retry of a failed scan does not delay the next scan.
            reserved_concurrency=2 if config.reserved_concurrency == "on" else None,
            role_name=fixed_role_name(self, config, SCAN_ROLE),
        )
        self.failures = self._keep_failures(config, package.key)
        give(self.function, self._grants(config, queue))
        give(self.function, describe_sources(self, config))
        if config.digest not in {None, "off"}:
            give(self.function, package.notices.notified_by_a_function("SendTheDigest"))

    def _keep_failures(self, config: StackConfig, key: kms.IKey) -> sqs.Queue:
        """Keep the invocations that failed three times; without a destination they are dropped."""
        failures = dead_letter_queue(self, key)
        lambda_.CfnEventInvokeConfig(
            self,
            "Retries",
            function_name=self.function.function_name,
            qualifier="$LATEST",
            maximum_retry_attempts=2,
            # The next scan runs by then.
            maximum_event_age_in_seconds=min(
                60 * config.scan_interval_minutes, _LONGEST_EVENT_AGE.to_seconds()
            ),
            destination_config=lambda_.CfnEventInvokeConfig.DestinationConfigProperty(
                on_failure=lambda_.CfnEventInvokeConfig.OnFailureProperty(
                    destination=failures.queue_arn
                )
            ),
        )
        return failures

    def _grants(self, config: StackConfig, queue: sqs.IQueue) -> list[Grant]:
        certificates = certificate_arns(self, config.target_regions)
        secrets = secret_arns(self, config.secret_prefix)
        return [
            Grant(
                iam.PolicyStatement(
                    sid="QueueRotations",
                    actions=["sqs:SendMessage"],
                    resources=[queue.queue_arn],
                )
            ),
            Grant(
                iam.PolicyStatement(
                    # Lambda sends with the function's role (Lambda Developer Guide, Capturing
                    # records of Lambda asynchronous invocations).
                    sid="KeepFailedScans",
                    actions=["sqs:SendMessage"],
                    resources=[self.failures.queue_arn],
                )
            ),
            Grant(
                iam.PolicyStatement(
                    sid="ListTheEstate",
                    actions=[
                        "acm:ListCertificates",
                        "secretsmanager:ListSecrets",
                        "tag:GetResources",
                    ],
                    resources=["*"],
                ),
                any_because=NO_FINER,
            ),
            Grant(
                iam.PolicyStatement(
                    # The list of tags lags, so the tags are read again before a deletion.
                    sid="ReadTags",
                    actions=["acm:ListTagsForCertificate"],
                    resources=certificates,
                ),
                any_because=BY_ACM,
            ),
            Grant(
                iam.PolicyStatement(
                    # The list of secrets lags by minutes, and a person may have set a hold since.
                    sid="DescribeManagedSecrets",
                    actions=["secretsmanager:DescribeSecret"],
                    resources=[secrets],
                ),
                any_because=BY_PREFIX,
            ),
            Grant(
                iam.PolicyStatement(
                    sid="DeleteSupersededCopies",
                    actions=["acm:DeleteCertificate"],
                    resources=certificates,
                    conditions={
                        "StringLike": {resource_tag(tags.SECRET): f"{config.secret_prefix}*"},
                        "Null": {resource_tag(tags.SUPERSEDED_BY): "false"},
                    },
                ),
                any_because=f"{BY_ACM} Their tags are a condition.",
            ),
        ]
