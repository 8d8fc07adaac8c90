"""Elastic Load Balancing: what is described, in pages, and load balancers' tags."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.double.builders import add_to_listener, attached, create_listener
from tests.double.refusals import refused

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_elbv2 import ElasticLoadBalancingv2Client

    from tests.double import EmbeddedAws

    Elb = ElasticLoadBalancingv2Client
    Import = Callable[[], str]


def test_unknown_listeners_and_load_balancers_are_not_found(elbv2: Elb, aws: EmbeddedAws) -> None:
    balancer = aws.load_balancer("web")
    listener = balancer.replace(":loadbalancer/", ":listener/") + "/0"
    with refused("ListenerNotFound"):
        elbv2.describe_listeners(ListenerArns=[listener])
    with refused("ListenerNotFound"):
        attached(elbv2, listener)
    with refused("LoadBalancerNotFound"):
        elbv2.describe_listeners(LoadBalancerArn=balancer + "0")
    with refused("LoadBalancerNotFound"):
        elbv2.describe_load_balancers(LoadBalancerArns=[balancer, balancer + "0"])
    with refused("ValidationError"):
        elbv2.describe_listeners()


def test_a_network_load_balancers_arn_says_net_where_moto_says_app(
    aws: EmbeddedAws, elbv2: Elb
) -> None:
    assert ":loadbalancer/net/net/" in aws.load_balancer("net", kind="network")
    subnet = elbv2.describe_load_balancers()["LoadBalancers"][0]["AvailabilityZones"][0]["SubnetId"]
    made = elbv2.create_load_balancer(
        Name="other", Type="network", Subnets=[subnet], Tags=[{"Key": "a", "Value": "1"}]
    )["LoadBalancers"][0]["LoadBalancerArn"]
    assert ":loadbalancer/net/other/" in made
    (tags,) = elbv2.describe_tags(ResourceArns=[made])["TagDescriptions"]
    assert tags["Tags"] == [{"Key": "a", "Value": "1"}]


def test_every_describe_pages_where_moto_does_not(
    aws: EmbeddedAws, elbv2: Elb, imported: Import
) -> None:
    balancers = [aws.load_balancer(f"web{number}") for number in range(3)]
    listeners = [
        create_listener(elbv2, balancers[0], imported(), port=port) for port in (443, 444, 445)
    ]
    add_to_listener(elbv2, listeners[0], imported())
    add_to_listener(elbv2, listeners[0], imported())
    aws.behaviour.page_size = 2
    first = elbv2.describe_listeners(LoadBalancerArn=balancers[0])
    assert len(first["Listeners"]) == 2
    assert first["NextMarker"]
    assert "NextMarker" in elbv2.describe_load_balancers()
    found = elbv2.get_paginator("describe_listeners").paginate(LoadBalancerArn=balancers[0])
    assert len([each for page in found for each in page["Listeners"]]) == 3
    everything = elbv2.get_paginator("describe_load_balancers").paginate()
    assert len([each for page in everything for each in page["LoadBalancers"]]) == 3
    assert len(attached(elbv2, listeners[0])) == 3


def test_describe_tags_takes_twenty_existing_resources_where_moto_takes_any(
    aws: EmbeddedAws, elbv2: Elb
) -> None:
    balancer = aws.load_balancer("web", tags={"elbv2.k8s.aws/cluster": "one"})
    (found,) = elbv2.describe_tags(ResourceArns=[balancer])["TagDescriptions"]
    assert found["Tags"] == [{"Key": "elbv2.k8s.aws/cluster", "Value": "one"}]
    with refused("LoadBalancerNotFound"):
        elbv2.describe_tags(ResourceArns=[balancer + "0"])
    with refused("ValidationError"):
        elbv2.describe_tags(ResourceArns=[balancer] * 21)
