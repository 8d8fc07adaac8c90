"""The scan function: what it runs and what it may do."""

from aws_cdk import aws_iam as iam
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.config import StackConfig
from infra.permissions import SECRET_TAG, certificate_arns, out_of_bounds, resource_tag
from infra.service_function import Package, service_function


class ScanFunction(Construct):
    """Lists the estate, queues what is due, deletes superseded copies. It cannot read a secret."""

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
            description="Finds the certificates that are due and queues their secrets",
        )
        queue.grant(self.function, "sqs:SendMessage")
        for statement in self._statements(config):
            self.function.add_to_role_policy(statement)

    def _statements(self, config: StackConfig) -> list[iam.PolicyStatement]:
        certificates = certificate_arns(self, config.target_regions)
        return [
            iam.PolicyStatement(
                sid="ListTheEstate",
                actions=["acm:ListCertificates", "secretsmanager:ListSecrets", "tag:GetResources"],
                resources=["*"],  # these actions know no finer resource
            ),
            iam.PolicyStatement(
                # The list of tags lags, so they are read once more before a deletion.
                sid="ReadTags",
                actions=["acm:ListTagsForCertificate"],
                resources=certificates,
            ),
            iam.PolicyStatement(
                sid="DeleteSupersededCopies",
                actions=["acm:DeleteCertificate"],
                resources=certificates,
                conditions={
                    "StringLike": {resource_tag(SECRET_TAG): f"{config.secret_prefix}*"},
                    "Null": {resource_tag("certrotation:superseded-by"): "false"},
                },
            ),
            *out_of_bounds(self, secret_prefix=config.secret_prefix),
        ]
