"""The rotate function: what it runs, what feeds it and what it may do."""

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda_event_sources as event_sources
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.config import StackConfig
from infra.permissions import (
    SECRET_TAG,
    certificate_arns,
    out_of_bounds,
    regional_arns,
    resource_tag,
)
from infra.service_function import Package, service_function

EDGE_REGION = "us-east-1"
"""Where CloudFront's certificates are: without copies there, no distribution presents one."""


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
        )
        # Consuming, with ChangeMessageVisibility, is granted by the event source.
        self.function.add_event_source(
            event_sources.SqsEventSource(
                queue,
                batch_size=1,
                max_concurrency=config.rotate_concurrency,
                report_batch_item_failures=True,
            )
        )
        queue.grant(self.function, "sqs:SendMessage")
        for statement in [
            self._read_secrets(config.secret_prefix),
            *self._change_certificates(config),
            *self._move_listeners(config),
            *([self._move_distributions()] if EDGE_REGION in config.target_regions else ()),
        ]:
            self.function.add_to_role_policy(statement)

    def _read_secrets(self, prefix: str) -> iam.PolicyStatement:
        secrets = cdk.Stack.of(self).format_arn(
            service="secretsmanager",
            resource="secret",
            resource_name=f"{prefix}*",
            arn_format=cdk.ArnFormat.COLON_RESOURCE_NAME,
        )
        return iam.PolicyStatement(
            sid="ReadManagedSecrets",
            actions=[
                "secretsmanager:DescribeSecret",
                "secretsmanager:GetSecretValue",
                "secretsmanager:ListSecretVersionIds",
            ],
            resources=[secrets],
        )

    def _change_certificates(self, config: StackConfig) -> list[iam.PolicyStatement]:
        certificates = certificate_arns(self, config.target_regions)
        ours = f"{config.secret_prefix}*"
        return [
            iam.PolicyStatement(
                sid="FindCopies",
                actions=["acm:ListCertificates", "tag:GetResources"],
                resources=["*"],  # these actions know no finer resource
            ),
            iam.PolicyStatement(
                sid="ReadCertificates",
                actions=[
                    "acm:DescribeCertificate",
                    "acm:GetCertificate",
                    "acm:ListTagsForCertificate",
                ],
                resources=certificates,
            ),
            iam.PolicyStatement(
                # The certificate carries no tag of ours yet, so the request must bring it.
                sid="ImportAndAdopt",
                actions=["acm:AddTagsToCertificate", "acm:ImportCertificate"],
                resources=certificates,
                conditions={"StringLike": {f"aws:RequestTag/{SECRET_TAG}": ours}},
            ),
            iam.PolicyStatement(
                # ACM takes no tags with a reimport, so here the certificate must carry ours.
                sid="ReimportAndMarkCopies",
                actions=[
                    "acm:AddTagsToCertificate",
                    "acm:ImportCertificate",
                    "acm:RemoveTagsFromCertificate",
                ],
                resources=certificates,
                conditions={"StringLike": {resource_tag(SECRET_TAG): ours}},
            ),
            *out_of_bounds(self, secret_prefix=config.secret_prefix),
        ]

    def _move_listeners(self, config: StackConfig) -> list[iam.PolicyStatement]:
        listeners = [
            arn
            for kind in ("app", "net")
            for arn in regional_arns(
                self,
                config.target_regions,
                service="elasticloadbalancing",
                resource=f"listener/{kind}",
            )
        ]
        return [
            iam.PolicyStatement(
                sid="ReadListeners",
                actions=[
                    "elasticloadbalancing:DescribeListenerCertificates",
                    "elasticloadbalancing:DescribeListeners",
                    "elasticloadbalancing:DescribeTags",
                ],
                resources=["*"],  # these actions know no finer resource
            ),
            iam.PolicyStatement(
                sid="MoveListeners",
                actions=[
                    "elasticloadbalancing:AddListenerCertificates",
                    "elasticloadbalancing:ModifyListener",
                    "elasticloadbalancing:RemoveListenerCertificates",
                ],
                resources=listeners,
            ),
        ]

    def _move_distributions(self) -> iam.PolicyStatement:
        distributions = cdk.Stack.of(self).format_arn(
            service="cloudfront", region="", resource="distribution", resource_name="*"
        )
        return iam.PolicyStatement(
            sid="MoveDistributions",
            actions=[
                "cloudfront:GetDistribution",
                "cloudfront:ListTagsForResource",
                "cloudfront:UpdateDistribution",
            ],
            resources=[distributions],
        )
