"""What the rotate function may do with custom domains of Cognito user pools.

Source of the resources: Service Authorization Reference, Amazon Cognito User Pools.
"""

from __future__ import annotations

from certrotation.aws.dependents.statement import NO_FINER, PRESENTED, Statement

_POOL = "arn:{partition}:cognito-idp:{consumer_region}:{account}:userpool/*"

STATEMENTS = (
    Statement(
        sid="FindUserPoolDomains",
        actions=("cognito-idp:DescribeUserPoolDomain", "cognito-idp:ListUserPools"),
        resources=("*",),
        any_because=NO_FINER,
    ),
    Statement(
        sid="ReadUserPools",
        actions=("cognito-idp:DescribeUserPool", "cognito-idp:ListTagsForResource"),
        resources=(_POOL,),
        any_because=PRESENTED,
    ),
    Statement(
        sid="MoveUserPoolDomains",
        actions=("cognito-idp:UpdateUserPoolDomain",),
        resources=(_POOL,),
        any_because=PRESENTED,
        is_limited_by_tag=True,
    ),
    # Cognito Developer Guide, "Using your own domain": whoever updates the certificate of a custom
    # domain must have permission to update CloudFront distributions, on every resource.
    Statement(
        sid="MoveDistributionsOfUserPoolDomains",
        actions=("cloudfront:UpdateDistribution",),
        resources=("*",),
        any_because="The distribution of a custom domain belongs to AWS.",
        for_edge_with="cloudfront",
    ),
)
