"""Listeners: finding those that name a certificate, and moving them to another."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from moto.elbv2.models import elbv2_backends

from certrotation.aws.dependents.elbv2.adapter import LoadBalancerListeners
from certrotation.core.estate.dependent_kinds import ALB_LISTENER, NLB_LISTENER
from certrotation.core.estate.inventory import Claim, Dependent
from certrotation.errors import (
    AccessDenied,
    DependentBusy,
    DependentFull,
    DependentRefused,
    NotSeenYet,
    NotYet,
    Throttled,
)
from tests.aws.samples import MISSING, answering, once, raising
from tests.double.builders import create_listener, import_issued
from tests.simulation.estate import client
from tests.support.authority import shared_key

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.double import Call, EmbeddedAws
    from tests.support.authorities import Authorities

    Import = Callable[..., str]

REGION = "us-east-1"
ACCOUNT = "123456789012"
BALANCER = f"arn:aws:elasticloadbalancing:{REGION}:{ACCOUNT}:loadbalancer"
CHANGES = ("AddListenerCertificates", "ModifyListener", "RemoveListenerCertificates")


@pytest.fixture
def service(aws: EmbeddedAws) -> LoadBalancerListeners:
    del aws
    return LoadBalancerListeners(client("elbv2", REGION))


@pytest.fixture
def imported(aws: EmbeddedAws, authorities: Authorities) -> Import:
    del aws

    def make(*names: str, key: str = "p256") -> str:
        issued = authorities.public.issue(*(names or ("www.example.com",)), key=shared_key(key))
        return import_issued(client("acm", REGION), issued)

    return make


def listener_of(balancer: str, default: str, *sni: str, port: int = 443) -> str:
    listener = create_listener(client("elbv2", REGION), balancer, default, port=port)
    for arn in sni:
        add(listener, arn)
    return listener


def add(listener: str, arn: str) -> None:
    client("elbv2", REGION).add_listener_certificates(
        ListenerArn=listener, Certificates=[{"CertificateArn": arn}]
    )


def elbv2_sni(aws: EmbeddedAws, listener: str) -> list[str]:
    """The SNI list that the double holds."""
    return aws._world.sni[listener]


def set_default(listener: str, arn: str) -> None:
    client("elbv2", REGION).modify_listener(
        ListenerArn=listener, Certificates=[{"CertificateArn": arn}]
    )


def remove(listener: str, arn: str) -> None:
    client("elbv2", REGION).remove_listener_certificates(
        ListenerArn=listener, Certificates=[{"CertificateArn": arn}]
    )


def delete(listener: str) -> None:
    client("elbv2", REGION).delete_listener(ListenerArn=listener)


def attached(listener: str) -> tuple[str, set[str]]:
    """Return the default certificate and the SNI certificates."""
    pages = (
        client("elbv2", REGION)
        .get_paginator("describe_listener_certificates")
        .paginate(ListenerArn=listener)
    )
    listed = [each for page in pages for each in page["Certificates"]]
    (default,) = [each["CertificateArn"] for each in listed if each["IsDefault"]]
    return default, {each["CertificateArn"] for each in listed if not each["IsDefault"]}


def naming(listener: str, certificate: str) -> Dependent:
    return Dependent(kind=ALB_LISTENER, arn=listener, certificate_arn=certificate)


def changes(aws: EmbeddedAws) -> list[str]:
    return [call.operation for call in aws.calls if call.operation in CHANGES]


@pytest.mark.parametrize(
    "user",
    [
        f"{BALANCER}/gwy/web/50dc6c495c0c9188",
        f"{BALANCER}/classic-one",
        f"{BALANCER}/app/web/50dc6c495c0c9188".replace(ACCOUNT, "718770453195"),
        f"{BALANCER}/app/web/50dc6c495c0c9188".replace(REGION, "eu-west-1"),
        f"{BALANCER}/app/web/50dc6c495c0c9188".replace("arn:aws:", "arn:aws-cn:"),
        f"arn:aws:cloudfront::{ACCOUNT}:distribution/E1",
    ],
)
def test_a_user_that_is_no_load_balancer_of_the_certificates_account_and_region_is_left_to_others(
    service: LoadBalancerListeners, imported: Import, aws: EmbeddedAws, user: str
) -> None:
    assert service.claim(imported(), [user]) == Claim()
    assert not aws.calls_of("elbv2")


@pytest.mark.parametrize("partition", ["aws", "aws-cn"])
def test_load_balancers_are_of_the_certificates_partition(
    service: LoadBalancerListeners, partition: str
) -> None:
    balancer = f"{BALANCER}/app/web/50dc6c495c0c9188".replace("arn:aws:", f"arn:{partition}:")
    certificate = MISSING.replace("arn:aws:", f"arn:{partition}:")
    assert service.claim(certificate, [balancer]).explained == {balancer}


@pytest.mark.parametrize(
    ("kind", "expected"),
    [("application", ALB_LISTENER), ("network", NLB_LISTENER)],
)
def test_listeners_that_name_it_are_found_over_several_pages(
    service: LoadBalancerListeners,
    imported: Import,
    aws: EmbeddedAws,
    kind: Any,
    expected: Any,
) -> None:
    old, other = imported(), imported()
    balancer = aws.load_balancer("web", kind=kind)
    listener_of(balancer, other, port=1)
    listener_of(balancer, other, port=2)
    by_default = listener_of(balancer, old, port=3)
    by_sni = listener_of(balancer, other, imported(), imported(), old, port=4)
    found = service.claim(old, [balancer]).dependents
    assert {each.arn for each in found} == {by_default, by_sni}
    for each in found:
        assert each == Dependent(kind=expected, arn=each.arn, certificate_arn=old)


def test_plain_listeners_are_not_asked_for_certificates(
    service: LoadBalancerListeners, imported: Import, aws: EmbeddedAws
) -> None:
    balancer = aws.load_balancer("web")
    client("elbv2", REGION).create_listener(
        LoadBalancerArn=balancer,
        Protocol="HTTP",
        Port=80,
        DefaultActions=[{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"}}],
    )
    assert service.claim(imported(), [balancer]) == Claim(explained=frozenset({balancer}))
    assert not aws.calls_of("elbv2", "DescribeListenerCertificates")


def test_a_listener_of_a_protocol_that_nobody_knows_yet_hides_no_certificate(
    service: LoadBalancerListeners, imported: Import, aws: EmbeddedAws
) -> None:
    old = imported()
    balancer = aws.load_balancer("web")
    listener = listener_of(balancer, old)
    stored = elbv2_backends[ACCOUNT][REGION].load_balancers[balancer].listeners[listener]
    stored.protocol = "TLS_OVER_QUIC"
    assert [each.arn for each in service.claim(old, [balancer]).dependents] == [listener]


def test_a_load_balancer_that_names_it_no_more_is_explained_and_no_tags_are_read(
    service: LoadBalancerListeners, imported: Import, aws: EmbeddedAws
) -> None:
    balancer = aws.load_balancer("web")
    listener_of(balancer, imported())
    assert service.claim(imported(), [balancer]) == Claim(explained=frozenset({balancer}))
    assert not aws.calls_of("elbv2", "DescribeTags")


def test_a_load_balancer_that_is_gone_does_not_hide_the_others(
    service: LoadBalancerListeners, imported: Import, aws: EmbeddedAws
) -> None:
    old = imported()
    balancer = aws.load_balancer("web")
    listener = listener_of(balancer, old)
    gone = f"{BALANCER}/app/gone/50dc6c495c0c9188"
    claim = service.claim(old, [gone, balancer])
    assert [each.arn for each in claim.dependents] == [listener]
    assert claim.explained == {gone, balancer}


def test_a_listener_that_goes_meanwhile_does_not_hide_the_others(
    service: LoadBalancerListeners, imported: Import, aws: EmbeddedAws
) -> None:
    old = imported()
    balancer = aws.load_balancer("web")
    first, second = (listener_of(balancer, old, port=port) for port in (443, 8443))
    with once(aws, "DescribeListenerCertificates", lambda: delete(first)):
        assert [each.arn for each in service.claim(old, [balancer]).dependents] == [second]


def test_a_listener_that_goes_before_its_tags_are_read_is_looked_at_again_later(
    service: LoadBalancerListeners, imported: Import, aws: EmbeddedAws
) -> None:
    old = imported()
    balancer = aws.load_balancer("web")
    listener = listener_of(balancer, old)
    with once(aws, "DescribeTags", lambda: delete(listener)), raising(NotYet):
        service.claim(old, [balancer])
    assert service.claim(old, [balancer]).dependents == ()


@pytest.mark.parametrize(
    ("tags", "reason"),
    [
        ({"elasticbeanstalk:environment-name": "shop"}, "elasticbeanstalk:environment-name=shop"),
        ({"elasticbeanstalk:environment-id": "e-abc"}, "elasticbeanstalk:environment-id=e-abc"),
        ({"elbv2.k8s.aws/cluster": "prod"}, "elbv2.k8s.aws/cluster"),
        ({"kubernetes.io/cluster/prod": "owned"}, "kubernetes.io/cluster/prod"),
    ],
)
def test_what_a_controller_would_put_back_is_unmovable(
    service: LoadBalancerListeners,
    imported: Import,
    aws: EmbeddedAws,
    tags: dict[str, str],
    reason: str,
) -> None:
    old = imported()
    balancer = aws.load_balancer("web", tags=tags)
    listener_of(balancer, old)
    (found,) = service.claim(old, [balancer]).dependents
    assert reason in (found.unmovable or "")


def test_what_cloudformation_made_drifts_whoever_else_tagged_it(
    service: LoadBalancerListeners, imported: Import, aws: EmbeddedAws
) -> None:
    old = imported()
    balancer = aws.load_balancer("web", tags={"aws:cloudformation:stack-name": "web-stack"})
    listener_of(balancer, old)
    (found,) = service.claim(old, [balancer]).dependents
    assert (found.unmovable, found.drifts) == (None, "web-stack")


def test_a_listener_that_a_controller_made_on_a_shared_load_balancer_is_unmovable(
    service: LoadBalancerListeners, imported: Import, aws: EmbeddedAws
) -> None:
    old = imported()
    balancer = aws.load_balancer("shared")
    ours, theirs = (listener_of(balancer, old, port=port) for port in (443, 8443))
    client("elbv2", REGION).add_tags(
        ResourceArns=[theirs], Tags=[{"Key": "elbv2.k8s.aws/cluster", "Value": "prod"}]
    )
    found = {each.arn: each.unmovable for each in service.claim(old, [balancer]).dependents}
    assert found[ours] is None
    assert found[theirs] is not None


def test_tags_are_read_twenty_at_a_time(
    service: LoadBalancerListeners, imported: Import, aws: EmbeddedAws
) -> None:
    old = imported()
    balancer = aws.load_balancer("web", tags={"elbv2.k8s.aws/cluster": "prod"})
    for port in range(1, 22):
        listener_of(balancer, old, port=port)
    found = service.claim(old, [balancer]).dependents
    sizes = [len(call.params["ResourceArns"]) for call in aws.calls_of("elbv2", "DescribeTags")]
    assert sizes == [20, 2]
    assert all(each.unmovable for each in found)


@pytest.mark.parametrize("kind", ["application", "network"])
def test_a_default_is_replaced_and_nothing_else_changes(
    service: LoadBalancerListeners, imported: Import, aws: EmbeddedAws, kind: Any
) -> None:
    old, new, others = imported(), imported(), {imported() for _ in range(3)}
    balancer = aws.load_balancer("web", kind=kind)
    listener = listener_of(balancer, old, *others)
    elbv2 = client("elbv2", REGION)
    before = elbv2.describe_listeners(ListenerArns=[listener])["Listeners"][0]
    aws.calls.clear()
    service.move(naming(listener, old), new)
    assert attached(listener) == (new, others)
    assert changes(aws) == ["ModifyListener"]
    after = elbv2.describe_listeners(ListenerArns=[listener])["Listeners"][0]
    assert after == before | {"Certificates": [{"CertificateArn": new}]}
    assert not service.still_presents(naming(listener, old))


def test_a_certificate_for_sni_is_added_before_the_old_one_is_removed(
    service: LoadBalancerListeners, imported: Import, aws: EmbeddedAws
) -> None:
    default, old, new, others = imported(), imported(), imported(), {imported(), imported()}
    listener = listener_of(aws.load_balancer("web"), default, *others, old)
    aws.calls.clear()
    service.move(naming(listener, old), new)
    assert attached(listener) == (default, {new, *others})
    assert changes(aws) == ["AddListenerCertificates", "RemoveListenerCertificates"]


def test_a_certificate_that_is_default_and_for_sni_leaves_both_places(
    service: LoadBalancerListeners, imported: Import, aws: EmbeddedAws
) -> None:
    old, new, other = imported(), imported(), imported()
    listener = listener_of(aws.load_balancer("web"), old, old, other)
    assert service.still_presents(naming(listener, old))
    aws.calls.clear()
    service.move(naming(listener, old), new)
    assert attached(listener) == (new, {new, other})
    assert changes(aws) == [
        "AddListenerCertificates",
        "ModifyListener",
        "RemoveListenerCertificates",
    ]


def test_moving_again_changes_nothing(
    service: LoadBalancerListeners, imported: Import, aws: EmbeddedAws
) -> None:
    old, new = imported(), imported()
    listener = listener_of(aws.load_balancer("web"), old, old)
    service.move(naming(listener, old), new)
    aws.calls.clear()
    service.move(naming(listener, old), new)
    assert changes(aws) == []


@pytest.mark.parametrize("operation", CHANGES)
@pytest.mark.parametrize("had_its_effect", [False, True])
def test_a_move_that_died_anywhere_is_finished_by_the_next(
    service: LoadBalancerListeners,
    imported: Import,
    aws: EmbeddedAws,
    operation: str,
    had_its_effect: Any,
) -> None:
    old, new, other = imported(), imported(), imported()
    listener = listener_of(aws.load_balancer("web"), old, old, other)

    def die(call: Any) -> None:
        if call.operation == operation:
            raise KeyboardInterrupt

    dying = aws.after(die) if had_its_effect else aws.before(die)
    with dying, pytest.raises(KeyboardInterrupt):
        service.move(naming(listener, old), new)
    service.move(naming(listener, old), new)
    assert attached(listener) == (new, {new, other})


def test_a_full_load_balancer_is_left_as_it_was(
    service: LoadBalancerListeners, imported: Import, aws: EmbeddedAws
) -> None:
    default, old, new = imported(), imported(), imported()
    listener = listener_of(aws.load_balancer("web"), default, old)
    aws.behaviour.alb_certificate_limit = 1
    with raising(DependentFull, listener):
        service.move(naming(listener, old), new)
    assert attached(listener) == (default, {old})


@pytest.mark.parametrize("kind", ["application", "network"])
def test_on_a_full_load_balancer_the_default_covers_for_the_slot_that_is_freed_first(
    service: LoadBalancerListeners, imported: Import, aws: EmbeddedAws, kind: Any
) -> None:
    old, new = imported(), imported()
    listener = listener_of(aws.load_balancer("web", kind=kind), old, old)
    aws.behaviour.alb_certificate_limit = 1
    aws.behaviour.nlb_certificate_limit = 2
    aws.calls.clear()
    service.move(naming(listener, old), new)
    assert attached(listener) == (new, {new})
    assert changes(aws) == [
        "AddListenerCertificates",
        "ModifyListener",
        "RemoveListenerCertificates",
        "AddListenerCertificates",
    ]


def test_on_a_full_load_balancer_a_move_that_died_after_the_default_is_finished(
    service: LoadBalancerListeners, imported: Import, aws: EmbeddedAws
) -> None:
    old, new = imported(), imported()
    listener = listener_of(aws.load_balancer("web"), new, old)
    aws.behaviour.alb_certificate_limit = 1
    service.move(naming(listener, old), new)
    assert attached(listener) == (new, {new})


def test_a_full_network_load_balancer_still_takes_another_default(
    service: LoadBalancerListeners, imported: Import, aws: EmbeddedAws
) -> None:
    old, new = imported(), imported()
    listener = listener_of(aws.load_balancer("web", kind="network"), old)
    aws.behaviour.nlb_certificate_limit = 1
    service.move(naming(listener, old), new)
    assert attached(listener) == (new, set())


def test_a_fresh_import_that_the_load_balancer_has_yet_to_see_is_waited_for(
    service: LoadBalancerListeners, imported: Import, aws: EmbeddedAws
) -> None:
    old = imported()
    listener = listener_of(aws.load_balancer("web"), old)
    with raising(NotSeenYet, listener):
        service.move(naming(listener, old), MISSING)
    assert attached(listener) == (old, set())


def test_a_certificate_that_it_cannot_use_is_refused_in_awss_words(
    service: LoadBalancerListeners, imported: Import, aws: EmbeddedAws
) -> None:
    old, too_large = imported(), imported(key="rsa4096")
    listener = listener_of(aws.load_balancer("web", kind="network"), old)
    with raising(DependentRefused, listener, "supported key size"):
        service.move(naming(listener, old), too_large)
    assert attached(listener) == (old, set())


def test_a_listener_that_is_gone_needs_no_move(
    service: LoadBalancerListeners, imported: Import, aws: EmbeddedAws
) -> None:
    old, new = imported(), imported()
    listener = listener_of(aws.load_balancer("web"), old, imported())
    with once(aws, "ModifyListener", lambda: delete(listener)):
        service.move(naming(listener, old), new)
    service.move(naming(listener, old), new)
    assert not service.still_presents(naming(listener, old))


def test_a_certificate_that_becomes_the_default_meanwhile_is_moved_all_the_same(
    service: LoadBalancerListeners, imported: Import, aws: EmbeddedAws
) -> None:
    default, old, new = imported(), imported(), imported()
    listener = listener_of(aws.load_balancer("web"), default, old)

    def somebody_promotes_it() -> None:
        set_default(listener, old)
        remove(listener, old)

    with once(aws, "RemoveListenerCertificates", somebody_promotes_it):
        service.move(naming(listener, old), new)
    assert attached(listener) == (new, {new})


def test_a_listener_that_keeps_changing_is_busy(
    service: LoadBalancerListeners, imported: Import, aws: EmbeddedAws
) -> None:
    old, new = imported(), imported()
    listener = listener_of(aws.load_balancer("web"), imported(), old)

    def somebody_promotes_it(call: Call) -> None:
        if call.operation == "RemoveListenerCertificates":
            set_default(listener, old)
            raise aws.error("OperationNotPermitted", call.operation)

    with aws.before(somebody_promotes_it), raising(DependentBusy, listener):
        service.move(naming(listener, old), new)
    assert service.still_presents(naming(listener, old))


def test_a_removal_that_aws_forbids_for_good_is_refused_in_awss_words(
    service: LoadBalancerListeners, imported: Import, aws: EmbeddedAws
) -> None:
    """The old certificate is not the default, so that waiting is no help."""
    old, new = imported(), imported()
    listener = listener_of(aws.load_balancer("web"), imported(), old)
    words = "Another service manages this listener."
    forbidden = answering(aws, "RemoveListenerCertificates", "OperationNotPermitted", words)
    with forbidden, raising(DependentRefused, listener, words.rstrip(".")):
        service.move(naming(listener, old), new)


@pytest.mark.parametrize("code", ["CertificateNotFound", "OperationNotPermitted"])
def test_one_that_somebody_else_has_removed_meanwhile_is_moved(
    service: LoadBalancerListeners, imported: Import, aws: EmbeddedAws, code: str
) -> None:
    old, new = imported(), imported()
    listener = listener_of(aws.load_balancer("web"), imported(), old)

    def removed_already(call: Call) -> None:
        if call.operation == "RemoveListenerCertificates":
            aws_sni = elbv2_sni(aws, listener)
            if old in aws_sni:
                aws_sni.remove(old)
            raise aws.error(code, call.operation)

    with aws.before(removed_already):
        service.move(naming(listener, old), new)
    assert not service.still_presents(naming(listener, old))
    assert new in attached(listener)[1]


def test_on_a_full_load_balancer_the_new_one_is_added_though_somebody_removed_the_old_one(
    service: LoadBalancerListeners, imported: Import, aws: EmbeddedAws
) -> None:
    old, new = imported(), imported()
    listener = listener_of(aws.load_balancer("web"), new, old)
    aws.behaviour.alb_certificate_limit = 1

    def removed_already(call: Call) -> None:
        if call.operation == "RemoveListenerCertificates":
            elbv2_sni(aws, listener).remove(old)
            raise aws.error("CertificateNotFound", call.operation)

    with aws.before(removed_already):
        service.move(naming(listener, old), new)
    assert attached(listener) == (new, {new})


def test_a_trust_store_that_is_not_ready_is_waited_for(
    service: LoadBalancerListeners, imported: Import, aws: EmbeddedAws
) -> None:
    old, new = imported(), imported()
    listener = listener_of(aws.load_balancer("web"), old)
    with answering(aws, "ModifyListener", "TrustStoreNotReady"), raising(DependentBusy, listener):
        service.move(naming(listener, old), new)


@pytest.mark.parametrize(
    ("code", "kind"), [("ThrottlingException", Throttled), ("AccessDenied", AccessDenied)]
)
def test_a_failed_change_names_the_action_and_the_listener(
    service: LoadBalancerListeners,
    imported: Import,
    aws: EmbeddedAws,
    code: str,
    kind: type[Any],
) -> None:
    old, new = imported(), imported()
    listener = listener_of(aws.load_balancer("web"), old)
    failing = answering(aws, "ModifyListener", code)
    with failing, raising(kind, "elasticloadbalancing:ModifyListener", listener):
        service.move(naming(listener, old), new)
    assert attached(listener) == (old, set())
