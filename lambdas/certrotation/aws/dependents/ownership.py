"""Who else owns a resource and would put back what is changed there, by its tags."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_STACK = "aws:cloudformation:stack-name"
_BEANSTALK = ("elasticbeanstalk:environment-name", "elasticbeanstalk:environment-id")
_KUBERNETES = "elbv2.k8s.aws/cluster"
_KUBERNETES_CLUSTER = "kubernetes.io/cluster/"


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
