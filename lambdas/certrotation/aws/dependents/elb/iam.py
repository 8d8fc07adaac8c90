"""What the rotate function may do with Classic Load Balancers.

Source of the resources: Service Authorization Reference, Elastic Load Balancing.
"""

from __future__ import annotations

from certrotation.aws.dependents.statement import NO_FINER, PRESENTED, Statement

STATEMENTS = (
    Statement(
        sid="ReadClassicLoadBalancers",
        actions=("elasticloadbalancing:DescribeLoadBalancers", "elasticloadbalancing:DescribeTags"),
        resources=("*",),
        any_because=NO_FINER,
    ),
    Statement(
        sid="MoveClassicListeners",
        actions=("elasticloadbalancing:SetLoadBalancerListenerSSLCertificate",),
        resources=("arn:{partition}:elasticloadbalancing:{region}:{account}:loadbalancer/*",),
        any_because=PRESENTED,
        is_limited_by_tag=True,
    ),
)
