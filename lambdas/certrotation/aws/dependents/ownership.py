"""Who owns a resource: this account, by its ARN; a controller or a stack, by its tags."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_STACK = "aws:cloudformation:stack-name"
_BEANSTALK = ("elasticbeanstalk:environment-name", "elasticbeanstalk:environment-id")
_KUBERNETES = "elbv2.k8s.aws/cluster"
_KUBERNETES_CLUSTER = "kubernetes.io/cluster/"

NO_OWNER = "DescribeTags does not say who owns it"
"""Why a resource is not moved if the answer leaves it out."""


def local_users(
    certificate_arn: str,
    user_arns: Iterable[str],
    *,
    service: str,
    resource: str,
    is_global: bool = False,
) -> list[str]:
    """Return the users that are resources of the certificate's own account and Region.

    Args:
        certificate_arn: the certificate that is used.
        user_arns: who uses it.
        service: the service's name in ARNs.
        resource: a regular expression for the last part of the ARN.
        is_global: whether the service's ARNs name no Region.
    """
    _, partition, _, region, account, _ = certificate_arn.split(":", 5)
    place = "" if is_global else region
    local = re.compile(rf"arn:{partition}:{service}:{place}:{account}:{resource}")
    return [arn for arn in user_arns if local.fullmatch(arn)]


def stack_of(tags: Mapping[str, str]) -> str | None:
    """Return the CloudFormation stack that made the resource, if one did."""
    return tags.get(_STACK)


def why_unmovable(tags: Mapping[str, str]) -> str | None:
    """Return which controller would take a change back, or None."""
    for key in _BEANSTALK:
        if key in tags:
            return f"Elastic Beanstalk's environment {tags[key]} would put the old one back"
    for key in tags:
        if key == _KUBERNETES or key.startswith(_KUBERNETES_CLUSTER):
            return f"the Kubernetes controller named by its tag {key} would put the old one back"
    return None
