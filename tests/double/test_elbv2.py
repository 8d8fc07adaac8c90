"""Elastic Load Balancing: listeners and their certificates."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.double.builders import add_to_listener, attached, create_listener, import_issued
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

pytestmark = pytest.mark.slow

MISSING = "arn:aws:acm:us-east-1:123456789012:certificate/00000000-0000-0000-0000-000000000000"


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
    add_to_listener(elbv2, listener, sni)
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
    add_to_listener(elbv2, listener, sni)
    elbv2.modify_listener(ListenerArn=listener, Port=8443)
    assert attached(elbv2, listener) == [(default, True), (sni, False)]


def test_describe_listeners_shows_the_default_only(
    aws: EmbeddedAws, elbv2: Elb, imported: Import
) -> None:
    default, sni = imported(), imported()
    balancer = aws.load_balancer("web")
    listener = create_listener(elbv2, balancer, default)
    add_to_listener(elbv2, listener, sni)
    (found,) = elbv2.describe_listeners(LoadBalancerArn=balancer)["Listeners"]
    assert found["Certificates"] == [{"CertificateArn": default}]


def test_a_default_in_the_sni_list_is_listed_twice_and_leaves_the_list_alone(
    aws: EmbeddedAws, elbv2: Elb, imported: Import
) -> None:
    default = imported()
    listener = create_listener(elbv2, aws.load_balancer("web"), default)
    add_to_listener(elbv2, listener, default)
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
        add_to_listener(elbv2, listener, first, second)
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
    assert add_to_listener(elbv2, listener, sni) == [{"CertificateArn": sni, "IsDefault": False}]
    add_to_listener(elbv2, listener, sni)
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
    add_to_listener(elbv2, first, kept)
    add_to_listener(elbv2, second, imported())
    with refused("TooManyCertificates"):
        add_to_listener(elbv2, second, imported())
    add_to_listener(elbv2, first, kept)


def test_a_network_load_balancer_counts_its_defaults_too(
    aws: EmbeddedAws, elbv2: Elb, imported: Import
) -> None:
    aws.behaviour.nlb_certificate_limit = 2
    balancer = aws.load_balancer("net", kind="network")
    listener = create_listener(elbv2, balancer, imported())
    add_to_listener(elbv2, listener, imported())
    with refused("TooManyCertificates"):
        add_to_listener(elbv2, listener, imported())
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
        add_to_listener(elbv2, listener, MISSING)


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
