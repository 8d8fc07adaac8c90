"""The issue function and its permissions; deployed only if there are issuers."""

from collections.abc import Iterator

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from certrotation.aws.dependents.statement import NO_FINER
from certrotation.names import tags
from certrotation.names.service import account_secret_name
from infra.config import StackConfig
from infra.iam.grants import BY_PREFIX, Grant, give, resource_tag, secret_arns
from infra.iam.nag_suppressions import acknowledge_wildcards
from infra.service.environment import issuers_environment
from infra.service.service_function import Package, service_function

TIMEOUT = cdk.Duration.minutes(10)
_BY_ROUTE_53 = "Route 53 chooses the ids of changes; a status is all that one can read of them."
_ACCOUNTS = "Secrets Manager adds six characters to the name of a secret."
_OWN_RECORDS = "_acme-challenge.*"
_HAS_TAG = "false"  # IAM User Guide, Condition operator to check existence: "is null" is false


class IssueFunction(Construct):
    """Asks CAs for the next certificates of secrets; can neither read nor change ACM."""

    def __init__(
        self, scope: Construct, construct_id: str, *, config: StackConfig, package: Package
    ) -> None:
        super().__init__(scope, construct_id)
        self.function = service_function(
            self,
            package=package,
            handler="certrotation.handlers.issue.handler",
            description="Asks CAs for the next certificates of secrets",
            reserved_concurrency=5 if config.reserved_concurrency == "on" else None,
            timeout=TIMEOUT,
            more_environment=issuers_environment(config),
        )
        give(
            self.function,
            [
                *package.notices.notified_by_a_function("NotifyOfIssuances"),
                *self._secrets(config),
                *self._accounts(config),
                *self._zones(config),
                *_private_cas(config),
            ],
        )
        self._rotate_with_this_function(config)
        lambda_.CfnPermission(
            self,
            "SecretsManager",
            # Secrets Manager User Guide, Rotation function permissions.
            action="lambda:InvokeFunction",
            function_name=self.function.function_arn,
            principal="secretsmanager.amazonaws.com",
            source_account=cdk.Stack.of(self).account,
        )

    def _secrets(self, config: StackConfig) -> Iterator[Grant]:
        secrets = secret_arns(self, config.secret_prefix)
        yield Grant(
            iam.PolicyStatement(
                sid="ListSecrets", actions=["secretsmanager:ListSecrets"], resources=["*"]
            ),
            any_because=NO_FINER,
        )
        yield Grant(
            iam.PolicyStatement(
                # Without a condition on the tag: the rotation is taken off what lost its tag.
                sid="ReadAndReleaseSecrets",
                actions=[
                    "secretsmanager:CancelRotateSecret",
                    "secretsmanager:DescribeSecret",
                    "secretsmanager:GetSecretValue",
                    "secretsmanager:UpdateSecretVersionStage",
                ],
                resources=[secrets],
            ),
            any_because=BY_PREFIX,
        )
        yield Grant(
            iam.PolicyStatement(
                sid="WriteSecretsWithAnIssuer",
                actions=["secretsmanager:PutSecretValue"],
                resources=[secrets],
                conditions={"Null": {resource_tag(tags.ISSUER): _HAS_TAG}},
            ),
            any_because=f"{BY_PREFIX} The tag is a condition.",
        )
        if config.secret_key_arns:
            stack = cdk.Stack.of(self)
            yield Grant(
                iam.PolicyStatement(
                    # Secrets Manager User Guide, Permissions for the KMS key: in the caller's name.
                    sid="UseKeysOfSecrets",
                    actions=["kms:Decrypt", "kms:GenerateDataKey"],
                    resources=list(config.secret_key_arns),
                    conditions={
                        "StringEquals": {
                            "kms:ViaService": f"secretsmanager.{stack.region}.{stack.url_suffix}"
                        },
                        "StringLike": {
                            "kms:EncryptionContext:SecretARN": [
                                secrets,
                                *self._account_secrets(config),
                            ]
                        },
                    },
                )
            )

    def _account_secrets(self, config: StackConfig) -> list[str]:
        """Return the ARNs of the accounts' secrets; AWS adds a hyphen and six characters."""
        return [
            secret_arns(self, account_secret_name(config.stack_name, f"{each.name}-"))
            for each in config.acme_issuers
        ]

    def _accounts(self, config: StackConfig) -> Iterator[Grant]:
        if not config.acme_issuers:
            return
        yield Grant(
            iam.PolicyStatement(
                sid="KeepAccounts",
                actions=[
                    "secretsmanager:CreateSecret",
                    "secretsmanager:GetSecretValue",
                    "secretsmanager:PutSecretValue",
                ],
                resources=self._account_secrets(config),
            ),
            any_because=_ACCOUNTS,
        )

    def _zones(self, config: StackConfig) -> Iterator[Grant]:
        own = [each for each in config.acme_issuers if each.dns_role is None]
        zones = list(dict.fromkeys(zone for each in own for zone in each.zones))
        stack = cdk.Stack.of(self)
        if zones:
            arns = [f"arn:{stack.partition}:route53:::hostedzone/{each}" for each in zones]
            yield Grant(
                iam.PolicyStatement(
                    sid="ReadZones",
                    actions=["route53:GetHostedZone", "route53:ListResourceRecordSets"],
                    resources=arns,
                )
            )
            yield Grant(
                iam.PolicyStatement(
                    # Route 53 Developer Guide, Using IAM policy conditions for fine-grained access
                    # control to manage resource record sets.
                    sid="ProveNames",
                    actions=["route53:ChangeResourceRecordSets"],
                    resources=arns,
                    conditions={
                        "ForAllValues:StringEquals": {
                            "route53:ChangeResourceRecordSetsActions": ["CREATE", "DELETE"],
                            "route53:ChangeResourceRecordSetsRecordTypes": ["TXT"],
                        },
                        "ForAllValues:StringLike": {
                            "route53:ChangeResourceRecordSetsNormalizedRecordNames": [_OWN_RECORDS]
                        },
                    },
                )
            )
            yield Grant(
                iam.PolicyStatement(
                    sid="WaitForChanges",
                    actions=["route53:GetChange"],
                    resources=[f"arn:{stack.partition}:route53:::change/*"],
                ),
                any_because=_BY_ROUTE_53,
            )
        roles = list(dict.fromkeys(each.dns_role for each in config.acme_issuers if each.dns_role))
        if roles:
            yield Grant(
                iam.PolicyStatement(
                    sid="UseZonesOfOtherAccounts", actions=["sts:AssumeRole"], resources=roles
                )
            )

    def _rotate_with_this_function(self, config: StackConfig) -> None:
        """Let the function begin rotations, by itself only.

        In a policy of its own: the function waits for its role's default policy, which therefore
        cannot name the function. Who calls RotateSecret needs the right to invoke the function
        (Secrets Manager API Reference, RotateSecret).
        """
        own = self.function.function_arn
        policy_arns = [secret_arns(self, config.secret_prefix)]
        policy = iam.Policy(
            self,
            "Rotations",
            statements=[
                iam.PolicyStatement(
                    sid="BeginRotations",
                    actions=["secretsmanager:RotateSecret"],
                    resources=policy_arns,
                    conditions={
                        "ArnEquals": {"secretsmanager:RotationLambdaARN": own},
                        "Null": {resource_tag(tags.ISSUER): _HAS_TAG},
                    },
                ),
                iam.PolicyStatement(
                    sid="BeInvokedByRotations", actions=["lambda:InvokeFunction"], resources=[own]
                ),
            ],
        )
        role = self.function.role
        if role is not None:
            policy.attach_to_role(role)
        acknowledge_wildcards(policy, policy_arns, because=f"{BY_PREFIX} The tag is a condition.")


def _private_cas(config: StackConfig) -> Iterator[Grant]:
    """Yield what AWS Private CA is asked: for each CA its template, and no other one."""
    pairs = dict.fromkeys((each.arn, each.template_arn) for each in config.private_cas)
    for number, (arn, template_arn) in enumerate(pairs, start=1):
        yield Grant(
            iam.PolicyStatement(
                # Service Authorization Reference, AWS Private Certificate Authority.
                sid=f"IssueFromPrivateCa{number}",
                actions=["acm-pca:IssueCertificate"],
                resources=[arn],
                conditions={"StringEquals": {"acm-pca:TemplateArn": template_arn}},
            )
        )
    arns = list(dict.fromkeys(arn for arn, _ in pairs))
    if arns:
        yield Grant(
            iam.PolicyStatement(
                sid="ReadPrivateCas",
                actions=["acm-pca:DescribeCertificateAuthority", "acm-pca:GetCertificate"],
                resources=arns,
            )
        )
