"""Who owns a resource: this account, by its ARN; a controller or a stack, by its tags."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_STACK = "aws:cloudformation:stack-name"


class Owner(NamedTuple):
    """A controller that restores the configuration that it wrote, and the tags that it sets."""

    name: str
    tags: tuple[str, ...]
    """Keys; one that ends in an asterisk is a prefix."""
    source: str

    def sets(self, key: str) -> bool:
        """Return whether a tag with this key is one of the controller's."""
        return any(
            key.startswith(each[:-1]) if each.endswith("*") else key == each for each in self.tags
        )


OWNERS = (
    Owner(
        "Elastic Beanstalk",
        ("elasticbeanstalk:environment-name", "elasticbeanstalk:environment-id"),
        "Elastic Beanstalk Developer Guide, Tagging resources in your environments: default tags",
    ),
    Owner(
        "EKS Auto Mode",
        (
            "eks:eks-cluster-name",
            "ingress.eks.amazonaws.com/*",
            "service.eks.amazonaws.com/*",
            "gateway.eks.amazonaws.com*",
        ),
        "AWS managed policy AmazonEKSLoadBalancingPolicy, aws:TagKeys",
    ),
    Owner(
        "the AWS Load Balancer Controller",
        (
            "elbv2.k8s.aws/*",
            "ingress.k8s.aws/*",
            "service.k8s.aws/*",
            "gateway.k8s.aws*",
            "kubernetes.io/ingress-name",
            "kubernetes.io/cluster-name",
        ),
        "kubernetes-sigs/aws-load-balancer-controller, pkg/deploy/tracking/provider.go (the last"
        " two: LegacyTagKeys, of the ALB Ingress Controller 1)",
    ),
    Owner(
        "the Kubernetes cloud provider",
        ("kubernetes.io/cluster/*", "kubernetes.io/service-name", "KubernetesCluster"),
        "kubernetes/cloud-provider-aws, pkg/providers/v1: tags.go and aws.go",
    ),
    Owner(
        "AWS Controllers for Kubernetes (ACK)",
        ("services.k8s.aws/*", "eks:eks-capability-arn", "eks:kubernetes-api-group"),
        "ACK documentation, Managing Tags on your AWS Resources; EKS User Guide, ACK"
        " considerations for EKS: default tags of the capability",
    ),
    Owner(
        "Crossplane",
        ("crossplane-*",),
        "crossplane/crossplane-runtime, pkg/resource/resource.go, ExternalResourceTagKeyKind and"
        " the like",
    ),
    Owner(
        "Amazon ECS Express Mode",
        ("AmazonECSManaged",),
        "AWS managed policy AmazonECSInfrastructureRoleforExpressGatewayServices, condition of"
        " ModifyListener",
    ),
)
"""Who puts a dependent back, for every kind of dependent.

Terraform and Pulumi act only when somebody runs them, and tag nothing by themselves. Their
dependents are moved; one that they put back twice is stranded.
"""

NO_OWNER = "AWS does not say who owns it: its tags are not found"
"""Why a resource is not moved if the answer leaves it out."""


class OwnResources(NamedTuple):
    """By which ARNs ACM names the resources of a service that belong to the account itself."""

    service: str
    """The service's name in ARNs."""
    resource: str
    """A regular expression for the last part of the ARN."""
    is_global: bool = False
    """Whether the service's ARNs name no Region."""

    def include(self, certificate_arn: str, user_arn: str) -> bool:
        """Return whether a user is such a resource, in the certificate's account and Region."""
        return bool(self.among(certificate_arn, (user_arn,)))

    def among(self, certificate_arn: str, user_arns: Iterable[str]) -> list[str]:
        """Return the users that are such resources."""
        return local_users(certificate_arn, user_arns, **self._asdict())


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
    for key, value in tags.items():
        owner = next((each for each in OWNERS if each.sets(key)), None)
        if owner:
            return f"{owner.name} would put the old one back (tag {key}={value})"
    return None
