"""For CDK apps of other teams: a managed certificate as the CDK knows certificates.

The package's extra `cdk` has what this module needs. It is no part of the Lambda asset.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import aws_certificatemanager as acm
from aws_cdk import aws_ssm as ssm

from certrotation.core.estate.arn_parameters import ARN, EDGE_ARN, ArnParameters
from certrotation.names.environment import DEFAULT_SECRET_PREFIX, DEFAULT_STACK_NAME

if TYPE_CHECKING:
    from constructs import Construct


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
                names, whatever the Region of the stack.
            service: the name of certrotation's stack.
            prefix: the prefix of the names of managed secrets.
        """
        named = ArnParameters(stack=service, prefix=prefix, edge=None)
        arn = ssm.StringParameter.value_for_string_parameter(
            scope, named.name(secret, EDGE_ARN if edge else ARN)
        )
        return acm.Certificate.from_certificate_arn(scope, construct_id, arn)
