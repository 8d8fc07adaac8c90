"""What the rotate function may do with listeners."""

from __future__ import annotations

from certrotation.aws.dependents.statement import NO_FINER, PRESENTED, Statement

_LISTENER = "arn:{partition}:elasticloadbalancing:{region}:{account}:listener"

STATEMENTS = (
    Statement(
        sid="ReadListeners",
        actions=(
            "elasticloadbalancing:DescribeListenerCertificates",
            "elasticloadbalancing:DescribeListeners",
            "elasticloadbalancing:DescribeTags",
        ),
        resources=("*",),
        any_because=NO_FINER,
    ),
    Statement(
        sid="MoveListeners",
        actions=(
            "elasticloadbalancing:AddListenerCertificates",
            "elasticloadbalancing:ModifyListener",
            "elasticloadbalancing:RemoveListenerCertificates",
        ),
        resources=(f"{_LISTENER}/app/*", f"{_LISTENER}/net/*"),
        any_because=PRESENTED,
        is_limited_by_tag=True,
    ),
)
