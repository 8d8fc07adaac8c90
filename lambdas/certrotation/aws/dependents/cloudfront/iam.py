"""What the rotate function may do with distributions."""

from __future__ import annotations

from certrotation.aws.dependents.statement import PRESENTED, Statement

_DISTRIBUTION = "arn:{partition}:cloudfront::{account}:distribution/*"

STATEMENTS = (
    Statement(
        sid="ReadDistributions",
        actions=("cloudfront:GetDistribution", "cloudfront:ListTagsForResource"),
        resources=(_DISTRIBUTION,),
        any_because=PRESENTED,
    ),
    # UpdateDistribution sends the web ACL back, and CloudFront then checks whether the caller may
    # read it (aws-sdk-java issue 2901; managed policy CloudFrontFullAccess).
    Statement(
        sid="ReadWebAcls",
        actions=("wafv2:GetWebACL", "waf:GetWebACL"),
        resources=(
            "arn:{partition}:wafv2:us-east-1:{account}:global/webacl/*/*",
            "arn:{partition}:waf::{account}:webacl/*",
        ),
        any_because="Which web ACL a distribution has is known only at run time.",
    ),
    Statement(
        sid="MoveDistributions",
        actions=("cloudfront:UpdateDistribution",),
        resources=(_DISTRIBUTION,),
        any_because=PRESENTED,
        is_limited_by_tag=True,
    ),
)
