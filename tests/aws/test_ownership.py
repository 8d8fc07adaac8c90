"""The controllers that put a dependent back, recognised by the tags that they set."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from certrotation.aws.dependents.cloudfront.adapter import Distributions
from certrotation.aws.dependents.ownership import OWNERS, why_unmovable
from tests.double.builders import distribution_config, import_issued
from tests.simulation.estate import client

if TYPE_CHECKING:
    from tests.double import EmbeddedAws
    from tests.support.authorities import Authorities

REGION = "us-east-1"


@pytest.mark.parametrize(
    ("key", "owner"),
    [
        ("eks:eks-cluster-name", "EKS Auto Mode"),
        ("ingress.eks.amazonaws.com/stack", "EKS Auto Mode"),
        ("service.eks.amazonaws.com/resource", "EKS Auto Mode"),
        ("gateway.eks.amazonaws.com/resource", "EKS Auto Mode"),
        ("gateway.eks.amazonaws.com.alb/stack", "EKS Auto Mode"),
        ("gateway.eks.amazonaws.com.nlb/resource", "EKS Auto Mode"),
        ("services.k8s.aws/controller-version", "ACK"),
        ("services.k8s.aws/namespace", "ACK"),
        ("eks:eks-capability-arn", "ACK"),
        ("eks:kubernetes-api-group", "ACK"),
        ("crossplane-kind", "Crossplane"),
        ("crossplane-name", "Crossplane"),
        ("crossplane-providerconfig", "Crossplane"),
        ("elbv2.k8s.aws/cluster", "AWS Load Balancer Controller"),
        ("ingress.k8s.aws/stack", "AWS Load Balancer Controller"),
        ("service.k8s.aws/stack", "AWS Load Balancer Controller"),
        ("gateway.k8s.aws.alb/stack", "AWS Load Balancer Controller"),
        ("ingress.k8s.aws/cluster", "AWS Load Balancer Controller"),
        ("kubernetes.io/ingress-name", "AWS Load Balancer Controller"),
        ("kubernetes.io/cluster-name", "AWS Load Balancer Controller"),
        ("KubernetesCluster", "Kubernetes cloud provider"),
        ("AmazonECSManaged", "Amazon ECS Express Mode"),
        ("kubernetes.io/cluster/prod", "Kubernetes cloud provider"),
        ("kubernetes.io/service-name", "Kubernetes cloud provider"),
        ("elasticbeanstalk:environment-name", "Elastic Beanstalk"),
        ("elasticbeanstalk:environment-id", "Elastic Beanstalk"),
    ],
)
def test_a_controller_is_named_with_its_tag(key: str, owner: str) -> None:
    because = why_unmovable({"team": "web", key: "prod"})
    assert because is not None
    assert owner in because
    assert f"{key}=prod" in because


@pytest.mark.parametrize(
    "key",
    ["team", "crossplane", "my-crossplane-kind", "eks:team", "aws:cloudformation:stack-name"],
)
def test_a_tag_of_nobody_in_the_table_keeps_nothing(key: str) -> None:
    assert why_unmovable({key: "prod"}) is None


def test_every_owner_has_tags_and_a_source() -> None:
    assert all(each.tags and each.source for each in OWNERS)


def test_a_distribution_that_a_controller_owns_keeps_its_arn(
    aws: EmbeddedAws, authorities: Authorities
) -> None:
    del aws
    old = import_issued(client("acm", REGION), authorities.public.issue("www.example.com"))
    cloudfront = client("cloudfront", REGION)
    config = distribution_config("one", certificate=old, aliases=("www.example.com",))
    arn = cloudfront.create_distribution(DistributionConfig=config)["Distribution"]["ARN"]
    tags = {"Items": [{"Key": "services.k8s.aws/namespace", "Value": "web"}]}
    cloudfront.tag_resource(Resource=arn, Tags=tags)

    (found,) = Distributions(cloudfront).claim(old, [arn]).dependents

    assert "ACK" in (found.unmovable or "")
