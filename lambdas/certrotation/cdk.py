"""For CDK apps of other teams: managed certificates, and secrets for deployments elsewhere.

The package's extra `cdk` has what this module needs. It is no part of the Lambda asset.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import aws_cdk as cdk
from aws_cdk import aws_certificatemanager as acm
from aws_cdk import aws_iam as iam
from aws_cdk import aws_ssm as ssm

from certrotation.core.estate.arn_parameters import ARN, EDGE_ARN, ArnParameters
from certrotation.names.environment import DEFAULT_SECRET_PREFIX, DEFAULT_STACK_NAME
from certrotation.names.source_policies import Reader, key_statements, secret_statements

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aws_cdk import aws_secretsmanager as secretsmanager
    from constructs import Construct

__all__ = ["ManagedCertificate", "Reader", "SourceSecret"]


class ManagedCertificate:
    """A certificate that certrotation keeps fresh."""

    @staticmethod
    def from_secret(
        scope: Construct,
        construct_id: str,
        *,
        secret: str,
        edge: bool = False,
        service: str = DEFAULT_STACK_NAME,
        prefix: str = DEFAULT_SECRET_PREFIX,
    ) -> acm.ICertificate:
        """Return the certificate of a managed secret in the Region of the stack.

        CloudFormation reads the ARN from a parameter of Systems Manager at each deployment. The
        setting `arn_parameters` of certrotation must be on.

        Args:
            scope: the construct that uses the certificate.
            construct_id: its id there.
            secret: the name of the secret, with or without the prefix.
            edge: whether to return the copy in us-east-1, for CloudFront and edge-optimized domain
                names, whatever the Region of the stack; it must be a target Region of certrotation.
            service: the name of certrotation's stack.
            prefix: the prefix of the names of managed secrets.
        """
        named = ArnParameters(stack=service, prefix=prefix, edge=None, targets=())
        arn = ssm.StringParameter.value_for_string_parameter(
            scope, named.name(secret, EDGE_ARN if edge else ARN)
        )
        return acm.Certificate.from_certificate_arn(scope, construct_id, arn)


class SourceSecret:
    """A secret that managed secrets of other accounts take their value from."""

    @staticmethod
    def share(secret: secretsmanager.Secret, readers: Sequence[Reader]) -> None:
        """Let deployments in other accounts read a secret: its policy, and that of its key.

        The roles of a reader need not exist yet.

        Args:
            secret: the secret, with a customer managed key.
            readers: the deployments, in the partition of the stack.

        Raises:
            ValueError: the secret has no customer managed key, so no other account can read it; or
                the app does not create the key, so its policy cannot be changed here.
        """
        key = secret.encryption_key
        if key is None:
            raise ValueError(
                f"{secret.node.path} needs a customer managed key, encryption_key: other accounts"
                " cannot use the key aws/secretsmanager."
            )
        stack = cdk.Stack.of(secret)
        # No role of another partition can use a secret or a key.
        readers = [each._replace(partition=stack.partition) for each in readers]
        for statement in secret_statements(readers):
            secret.add_to_resource_policy(_unnamed(statement))
        # The key's policy cannot name the secret itself, which depends on the key.
        sources = stack.format_arn(
            service="secretsmanager",
            resource="secret",
            resource_name="*",
            arn_format=cdk.ArnFormat.COLON_RESOURCE_NAME,
        )
        for statement in key_statements(readers, [sources], stack.region, stack.url_suffix):
            added = key.add_to_resource_policy(_unnamed(statement))
            if not added.statement_added:
                raise ValueError(
                    f"The policy of the key of {secret.node.path} cannot be changed in this app."
                    " Call share with a secret whose key the app creates; or write both policies"
                    " with `python -m infra.source_policies`."
                )


def _unnamed(statement: dict[str, Any]) -> iam.PolicyStatement:
    """Return a statement without its Sid, which must be unique in a policy.

    Several secrets may share a key, and a secret may be shared more than once.
    """
    return iam.PolicyStatement.from_json({k: v for k, v in statement.items() if k != "Sid"})
