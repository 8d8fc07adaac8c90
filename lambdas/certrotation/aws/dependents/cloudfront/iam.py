"""What the rotate function may do with distributions."""

from __future__ import annotations

from certrotation.aws.dependents.statement import (
    EDGE_FUNCTION,
    LOG_BUCKET,
    PRESENTED,
    Statement,
)

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
    # Whoever associates a function with a distribution needs both, with this asterisk (CloudFront
    # Developer Guide, "Set up IAM permissions and roles for Lambda@Edge"). Whether CloudFront also
    # checks an association that stays is not documented.
    Statement(
        sid="KeepEdgeFunctions",
        actions=("lambda:GetFunction", "lambda:EnableReplication*"),
        resources=(f"arn:{{partition}}:lambda:us-east-1:{{account}}:function:{EDGE_FUNCTION}:*",),
        any_because="Which version of the function a distribution has is known only at run time.",
    ),
    # Whoever sets standard logging (legacy) needs both: CloudFront says so where they lack
    # (terraform-provider-aws issue 3622). Whether it checks logging that stays is not documented.
    Statement(
        sid="KeepLogBuckets",
        actions=("s3:GetBucketAcl", "s3:PutBucketAcl"),
        resources=(f"arn:{{partition}}:s3:::{LOG_BUCKET}",),
        any_because="The setting names each bucket.",
    ),
    Statement(
        sid="MoveDistributions",
        actions=("cloudfront:UpdateDistribution",),
        resources=(_DISTRIBUTION,),
        any_because=PRESENTED,
        is_limited_by_tag=True,
    ),
)
