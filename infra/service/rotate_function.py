"""The rotate function: what it runs, what feeds it and what it may do."""

from collections.abc import Iterator

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from certrotation.aws.dependents.statement import NO_FINER
from certrotation.names import events, tags
from certrotation.names.environment import OFF, ON
from certrotation.names.service import ROTATE_ROLE
from infra.config import StackConfig
from infra.iam.dependents import attach_administrator_policy, dependent_grants
from infra.iam.grants import (
    BY_ACM,
    BY_PREFIX,
    Grant,
    certificate_arns,
    give,
    resource_tag,
    secret_arns,
)
from infra.iam.sources import fixed_role_name, read_sources
from infra.service.service_function import Package, service_function


class RotateFunction(Construct):
    """Brings one secret's material to every target Region and moves the dependents."""

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
            handler="certrotation.handlers.rotate.handler",
            description="Brings one secret's certificate to every target Region",
            # At least the event source's maximum, or messages are thrown back (Lambda Developer
            # Guide, Maximum concurrency for Amazon SQS event sources).
            reserved_concurrency=(
                config.rotate_concurrency if config.reserved_concurrency == "on" else None
            ),
            role_name=fixed_role_name(self, config, ROTATE_ROLE),
        )
        give(
            self.function,
            [
                self._work_on(queue),
                *package.notices.notified_by_a_function("TellOfRefusals"),
                *self._read_secrets(config),
                *self._find_and_read_certificates(config),
                *self._change_certificates(config),
                *dependent_grants(self, config),
                *self._publish_arns(config),
                *read_sources(self, config),
                *self._announce_outcomes(config),
            ],
        )
        attach_administrator_policy(self.function, config)
        lambda_.EventSourceMapping(
            self,
            "Messages",
            target=self.function,
            event_source_arn=queue.queue_arn,
            batch_size=1,
            max_concurrency=config.rotate_concurrency,
            report_batch_item_failures=True,
        )

    def _work_on(self, queue: sqs.IQueue) -> Grant:
        """Receive, delay and repeat messages; the CDK's event source would grant more.

        Lambda's poller uses the first three in the function's name (Lambda Developer Guide,
        Configuring an SQS queue), the code the others.
        """
        return Grant(
            iam.PolicyStatement(
                sid="WorkOnMessages",
                actions=[
                    "sqs:DeleteMessage",
                    "sqs:GetQueueAttributes",
                    "sqs:ReceiveMessage",
                    "sqs:ChangeMessageVisibility",
                    "sqs:SendMessage",
                ],
                resources=[queue.queue_arn],
            )
        )

    def _read_secrets(self, config: StackConfig) -> Iterator[Grant]:
        stack = cdk.Stack.of(self)
        secrets = secret_arns(self, config.secret_prefix)
        yield Grant(
            iam.PolicyStatement(
                sid="ReadManagedSecrets",
                actions=[
                    "secretsmanager:DescribeSecret",
                    "secretsmanager:GetSecretValue",
                    "secretsmanager:ListSecretVersionIds",
                ],
                resources=[secrets],
            ),
            any_because=BY_PREFIX,
        )
        if config.secret_key_arns:
            yield Grant(
                iam.PolicyStatement(
                    # Secrets Manager User Guide, Permissions for the KMS key: in the caller's name.
                    sid="DecryptSecrets",
                    actions=["kms:Decrypt"],
                    resources=list(config.secret_key_arns),
                    conditions={
                        "StringEquals": {
                            "kms:ViaService": f"secretsmanager.{stack.region}.{stack.url_suffix}"
                        },
                        "StringLike": {"kms:EncryptionContext:SecretARN": secrets},
                    },
                )
            )

    def _find_and_read_certificates(self, config: StackConfig) -> Iterator[Grant]:
        yield Grant(
            iam.PolicyStatement(
                sid="FindCopies",
                actions=["acm:ListCertificates", "tag:GetResources"],
                resources=["*"],
            ),
            any_because=NO_FINER,
        )
        yield Grant(
            iam.PolicyStatement(
                sid="ReadCertificates",
                actions=[
                    "acm:DescribeCertificate",
                    "acm:GetCertificate",
                    "acm:ListTagsForCertificate",
                ],
                resources=certificate_arns(self, config.target_regions),
            ),
            any_because=f"{BY_ACM} What is read of them is public.",
        )

    def _change_certificates(self, config: StackConfig) -> Iterator[Grant]:
        certificates = certificate_arns(self, config.target_regions)
        ours = f"{config.secret_prefix}*"
        yield Grant(
            iam.PolicyStatement(
                # The certificate carries no tag of ours yet, so the request must bring it.
                sid="ImportAndAdopt",
                actions=["acm:AddTagsToCertificate", "acm:ImportCertificate"],
                resources=certificates,
                conditions={"StringLike": {f"aws:RequestTag/{tags.SECRET}": ours}},
            ),
            any_because=f"{BY_ACM} The request must tag them as ours.",
        )
        yield Grant(
            iam.PolicyStatement(
                # ACM takes no tags with a reimport, so here the certificate must carry ours.
                sid="ReimportAndMarkCopies",
                actions=[
                    "acm:AddTagsToCertificate",
                    "acm:ImportCertificate",
                    "acm:RemoveTagsFromCertificate",
                ],
                resources=certificates,
                conditions={"StringLike": {resource_tag(tags.SECRET): ours}},
            ),
            any_because=f"{BY_ACM} They must be tagged as ours.",
        )

    def _publish_arns(self, config: StackConfig) -> Iterator[Grant]:
        """Keep the ARN parameters of this stack, and announce a change of one."""
        if config.arn_parameters == OFF:
            return
        stack = cdk.Stack.of(self)
        yield Grant(
            iam.PolicyStatement(
                sid="PublishArns",
                actions=["ssm:GetParameter", "ssm:PutParameter"],
                resources=[
                    stack.format_arn(
                        service="ssm",
                        region=each,
                        resource="parameter",
                        resource_name=f"{config.stack_name}/*",
                    )
                    for each in config.target_regions
                ],
            ),
            any_because="The names of secrets are known only at run time.",
        )
        yield self._put_events("AnnounceArns", events.ARN_CHANGED)

    def _announce_outcomes(self, config: StackConfig) -> Iterator[Grant]:
        """Put events about rotations and refusals."""
        if config.events == ON:
            yield self._put_events("AnnounceOutcomes", events.ROTATED, events.REFUSED)

    def _put_events(self, sid: str, *kinds: str) -> Grant:
        """Put events of these kinds, and of this source, on the default bus."""
        return Grant(
            iam.PolicyStatement(
                sid=sid,
                actions=["events:PutEvents"],
                resources=[
                    cdk.Stack.of(self).format_arn(
                        service="events", resource="event-bus", resource_name="default"
                    )
                ],
                # EventBridge User Guide, IAM policy conditions: of the entries of PutEvents.
                conditions={
                    "StringEquals": {
                        "events:source": events.SOURCE,
                        "events:detail-type": kinds[0] if len(kinds) == 1 else [*kinds],
                    }
                },
            )
        )
