"""Elastic Load Balancing: listeners and their certificates."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.double.building import create_listener, import_issued
from tests.double.refusals import refused
from tests.support.authority import shared_key

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_acm import ACMClient
    from mypy_boto3_elbv2 import ElasticLoadBalancingv2Client

    from tests.double import EmbeddedAws
    from tests.support.authority import Authority

    Elb = ElasticLoadBalancingv2Client
    Import = Callable[[], str]

MISSING = "arn:aws:acm:us-east-1:123456789012:certificate/00000000-0000-0000-0000-000000000000"


@pytest.fixture
def imported(acm: ACMClient, authority: Authority) -> Import:
    leaf = authority.issue("www.example.com")
    return lambda: import_issued(acm, leaf)


def attached(elbv2: Elb, listener: str) -> list[tuple[str, bool]]:
    pages = elbv2.get_paginator("describe_listener_certificates").paginate(ListenerArn=listener)
    return [
        (each["CertificateArn"], each["IsDefault"])
        for page in pages
        for each in page["Certificates"]
    ]


def add(elbv2: Elb, listener: str, *arns: str) -> Any:
    return elbv2.add_listener_certificates(
        ListenerArn=listener, Certificates=[{"CertificateArn": arn} for arn in arns]
    )


def remove(elbv2: Elb, listener: str, *arns: str) -> None:
    elbv2.remove_listener_certificates(
        ListenerArn=listener, Certificates=[{"CertificateArn": arn} for arn in arns]
    )


def test_a_secure_listener_takes_exactly_one_certificate_where_moto_takes_any_number(
    aws: EmbeddedAws, elbv2: Elb, imported: Import
) -> None:
    balancer = aws.load_balancer("web")
    with refused("ValidationError", "certificate must be specified"):
        create_listener(elbv2, balancer)
    with refused("TooManyCertificates"):
        create_listener(elbv2, balancer, imported(), imported())
    listener = create_listener(elbv2, balancer, imported())
    with refused("TooManyCertificates"):
        elbv2.modify_listener(
            ListenerArn=listener,
            Certificates=[{"CertificateArn": imported()}, {"CertificateArn": imported()}],
        )
    with refused("InvalidConfigurationRequest"):
        elbv2.modify_listener(ListenerArn=listener, Certificates=[])


@pytest.mark.parametrize("kind", ["application", "network"])
def test_modify_listener_changes_the_default_alone_where_moto_drops_the_sni_list(
    aws: EmbeddedAws, elbv2: Elb, imported: Import, kind: Any
) -> None:
    old, new, sni = imported(), imported(), imported()
    balancer = aws.load_balancer("web", kind=kind)
    extra: Any = {
        "AlpnPolicy": ["HTTP2Preferred"],
        "SslPolicy": "ELBSecurityPolicy-TLS13-1-2-2021-06",
    }
    listener = create_listener(elbv2, balancer, old, **extra)
    add(elbv2, listener, sni)
    before = elbv2.describe_listeners(ListenerArns=[listener])["Listeners"][0]
    elbv2.modify_listener(ListenerArn=listener, Certificates=[{"CertificateArn": new}])
    after = elbv2.describe_listeners(ListenerArns=[listener])["Listeners"][0]
    assert attached(elbv2, listener) == [(new, True), (sni, False)]
    assert after == before | {"Certificates": [{"CertificateArn": new}]}


def test_modify_listener_keeps_mutual_authentication_where_moto_has_none(
    aws: EmbeddedAws, elbv2: Elb, imported: Import
) -> None:
    mode: Any = {"Mode": "passthrough"}
    listener = create_listener(
        elbv2, aws.load_balancer("web"), imported(), MutualAuthentication=mode
    )
    elbv2.modify_listener(ListenerArn=listener, Certificates=[{"CertificateArn": imported()}])
    (found,) = elbv2.describe_listeners(ListenerArns=[listener])["Listeners"]
    assert found["MutualAuthentication"] == mode


def test_modify_listener_changes_other_properties_and_keeps_the_certificates(
    aws: EmbeddedAws, elbv2: Elb, imported: Import
) -> None:
    default, sni = imported(), imported()
    listener = create_listener(elbv2, aws.load_balancer("web"), default)
    add(elbv2, listener, sni)
    elbv2.modify_listener(ListenerArn=listener, Port=8443)
    assert attached(elbv2, listener) == [(default, True), (sni, False)]


def test_describe_listeners_shows_the_default_only(
    aws: EmbeddedAws, elbv2: Elb, imported: Import
) -> None:
    default, sni = imported(), imported()
    balancer = aws.load_balancer("web")
    listener = create_listener(elbv2, balancer, default)
    add(elbv2, listener, sni)
    (found,) = elbv2.describe_listeners(LoadBalancerArn=balancer)["Listeners"]
    assert found["Certificates"] == [{"CertificateArn": default}]


def test_a_default_in_the_sni_list_is_listed_twice_and_leaves_the_list_alone(
    aws: EmbeddedAws, elbv2: Elb, imported: Import
) -> None:
    default = imported()
    listener = create_listener(elbv2, aws.load_balancer("web"), default)
    add(elbv2, listener, default)
    assert attached(elbv2, listener) == [(default, True), (default, False)]
    remove(elbv2, listener, default)
    assert attached(elbv2, listener) == [(default, True)]


def test_the_default_cannot_be_removed_where_moto_removes_it(
    aws: EmbeddedAws, elbv2: Elb, imported: Import
) -> None:
    default = imported()
    listener = create_listener(elbv2, aws.load_balancer("web"), default)
    with refused("OperationNotPermitted"):
        remove(elbv2, listener, default)


def test_one_certificate_is_added_or_removed_per_call_where_moto_takes_many(
    aws: EmbeddedAws, elbv2: Elb, imported: Import
) -> None:
    first, second = imported(), imported()
    listener = create_listener(elbv2, aws.load_balancer("web"), imported())
    with refused("ValidationError"):
        add(elbv2, listener, first, second)
    with refused("ValidationError"):
        remove(elbv2, listener, first, second)


def test_is_default_is_not_an_input(aws: EmbeddedAws, elbv2: Elb, imported: Import) -> None:
    listener = create_listener(elbv2, aws.load_balancer("web"), imported())
    flagged: Any = [{"CertificateArn": imported(), "IsDefault": True}]
    with refused("ValidationError", "IsDefault"):
        elbv2.modify_listener(ListenerArn=listener, Certificates=flagged)
    with refused("ValidationError", "IsDefault"):
        elbv2.add_listener_certificates(ListenerArn=listener, Certificates=flagged)


def test_adding_again_changes_nothing_where_moto_lists_it_twice(
    aws: EmbeddedAws, elbv2: Elb, imported: Import
) -> None:
    default, sni = imported(), imported()
    listener = create_listener(elbv2, aws.load_balancer("web"), default)
    assert add(elbv2, listener, sni)["Certificates"] == [
        {"CertificateArn": sni, "IsDefault": False}
    ]
    add(elbv2, listener, sni)
    assert attached(elbv2, listener) == [(default, True), (sni, False)]
    remove(elbv2, listener, sni)
    remove(elbv2, listener, sni)
    assert attached(elbv2, listener) == [(default, True)]


def test_certificates_are_counted_per_load_balancer_where_moto_counts_per_listener(
    aws: EmbeddedAws, elbv2: Elb, imported: Import
) -> None:
    aws.behaviour.alb_certificate_limit = 2
    balancer = aws.load_balancer("web")
    first = create_listener(elbv2, balancer, imported())
    second = create_listener(elbv2, balancer, imported(), port=8443)
    kept = imported()
    add(elbv2, first, kept)
    add(elbv2, second, imported())
    with refused("TooManyCertificates"):
        add(elbv2, second, imported())
    add(elbv2, first, kept)


def test_a_network_load_balancer_counts_its_defaults_too(
    aws: EmbeddedAws, elbv2: Elb, imported: Import
) -> None:
    aws.behaviour.nlb_certificate_limit = 2
    balancer = aws.load_balancer("net", kind="network")
    listener = create_listener(elbv2, balancer, imported())
    add(elbv2, listener, imported())
    with refused("TooManyCertificates"):
        add(elbv2, listener, imported())
    with refused("TooManyCertificates"):
        create_listener(elbv2, balancer, imported(), port=8443)


def test_an_unknown_certificate_is_not_found_where_moto_adds_it(
    aws: EmbeddedAws, elbv2: Elb, imported: Import
) -> None:
    balancer = aws.load_balancer("web")
    listener = create_listener(elbv2, balancer, imported())
    with refused("CertificateNotFound"):
        create_listener(elbv2, balancer, MISSING, port=8443)
    with refused("CertificateNotFound"):
        elbv2.modify_listener(ListenerArn=listener, Certificates=[{"CertificateArn": MISSING}])
    with refused("CertificateNotFound"):
        add(elbv2, listener, MISSING)


@pytest.mark.parametrize("name", ["localhost", "192.0.2.1"])
def test_a_certificate_without_a_domain_name_is_unsupported_where_moto_takes_it(
    aws: EmbeddedAws, acm: ACMClient, elbv2: Elb, authority: Authority, name: str
) -> None:
    arn = import_issued(acm, authority.issue(name))
    with refused("UnsupportedCertificate", "fully-qualified domain name"):
        create_listener(elbv2, aws.load_balancer("web"), arn)


def test_a_network_load_balancer_refuses_rsa_4096_where_moto_takes_it(
    aws: EmbeddedAws, acm: ACMClient, elbv2: Elb, authority: Authority
) -> None:
    leaf = authority.issue("www.example.com", key=shared_key("rsa4096", "double"))
    arn = import_issued(acm, leaf)
    create_listener(elbv2, aws.load_balancer("web"), arn)
    with refused("UnsupportedCertificate", "key size"):
        create_listener(elbv2, aws.load_balancer("net", kind="network"), arn)


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
    add(elbv2, listeners[0], imported())
    add(elbv2, listeners[0], imported())
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
