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
    Statement(
        sid="MoveDistributions",
        actions=("cloudfront:UpdateDistribution",),
        resources=(_DISTRIBUTION,),
        any_because=PRESENTED,
        is_limited_by_tag=True,
    ),
)
