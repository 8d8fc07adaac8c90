"""What the rotate function may do with custom domain names.

Source of the resources: Service Authorization Reference, Amazon API Gateway Management. Only the
ARN of a private domain name has an account, and an id behind a plus sign.
"""

from __future__ import annotations

from certrotation.aws.dependents.statement import PRESENTED, Statement

_PUBLIC = "arn:{partition}:apigateway:{any_region}::/domainnames/*"
_PRIVATE = "arn:{partition}:apigateway:{region}:{account}:/domainnames/*+*"

STATEMENTS = (
    Statement(
        sid="ReadApiDomains",
        actions=("apigateway:GET",),
        resources=("arn:{partition}:apigateway:{any_region}::/domainnames", _PUBLIC, _PRIVATE),
        any_because=PRESENTED,
    ),
    Statement(
        sid="MoveApiDomains",
        actions=("apigateway:PATCH",),
        resources=(_PUBLIC, _PRIVATE),
        any_because=PRESENTED,
        is_limited_by_tag=True,
    ),
    # "An additional authorization control" where mutual TLS is configured (the same Reference).
    # Whether it is asked for when only the server's certificate changes is not documented.
    Statement(
        sid="MoveMutualTlsDomains",
        actions=("apigateway:AddCertificateToDomain", "apigateway:RemoveCertificateFromDomain"),
        resources=("arn:{partition}:apigateway:{region}::/domainnames/*",),
        any_because=PRESENTED,
        is_limited_by_tag=True,
    ),
    # API Gateway Developer Guide, "Set up an edge-optimized custom domain name": on every resource,
    # since the distribution belongs to AWS.
    Statement(
        sid="MoveEdgeApiDomains",
        actions=("cloudfront:UpdateDistribution",),
        resources=("*",),
        any_because="The distribution of an edge-optimized domain name belongs to AWS.",
        for_edge_with="cloudfront",
    ),
)
