"""What the rotate function may do with environments of Elastic Beanstalk.

Source of the resources: Service Authorization Reference, AWS Elastic Beanstalk.
"""

from __future__ import annotations

from certrotation.aws.dependents.statement import NO_FINER, PRESENTED, Statement

_ENVIRONMENT = "arn:{partition}:elasticbeanstalk:{region}:{account}:environment/*"

STATEMENTS = (
    Statement(
        sid="ReadEnvironments",
        actions=(
            "elasticbeanstalk:DescribeConfigurationSettings",
            "elasticbeanstalk:DescribeEnvironments",
            "elasticbeanstalk:ListTagsForResource",
        ),
        resources=(_ENVIRONMENT,),
        any_because=PRESENTED,
    ),
    # The tags of a load balancer name its environment; its listeners show whether the options of
    # the environment are all that names the certificate.
    Statement(
        sid="ReadLoadBalancersOfEnvironments",
        actions=(
            "elasticloadbalancing:DescribeListenerCertificates",
            "elasticloadbalancing:DescribeListeners",
            "elasticloadbalancing:DescribeLoadBalancers",
            "elasticloadbalancing:DescribeTags",
        ),
        resources=("*",),
        any_because=NO_FINER,
    ),
    Statement(
        sid="MoveEnvironments",
        actions=("elasticbeanstalk:UpdateEnvironment",),
        resources=(_ENVIRONMENT,),
        any_because=PRESENTED,
        is_limited_by_tag=True,
    ),
)
