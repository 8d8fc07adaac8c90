"""A dependent that cannot leave the old copy keeps it alive, and a person is told."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
import time_machine

from certrotation.names import tags
from tests.double import acm
from tests.simulation.estate import HOME, PREFIX
from tests.support.authority import now, shared_key

if TYPE_CHECKING:
    from tests.double import Call
    from tests.simulation.estate import Estate
    from tests.support.authorities import Authorities

pytestmark = pytest.mark.slow

SHOP = PREFIX + "shop"


@pytest.fixture
def rsa_copy(estate: Estate, authorities: Authorities) -> str:
    """The ARN of a copy on RSA at home, and nowhere else; nobody uses it yet."""
    rsa = authorities.public.issue("shop.example.com", key=shared_key("rsa2048"))
    estate.secret("shop", rsa, {tags.REGIONS: HOME})
    estate.run()
    (arn,) = estate.certificates(HOME)
    return arn


@pytest.fixture
def full_listener(estate: Estate, authorities: Authorities, rsa_copy: str) -> tuple[str, str]:
    """A renewed shop whose RSA copy is one of as many SNI certificates as a listener takes."""
    issue = authorities.public.issue
    others = [
        estate.certificate(issue(f"team-{number}.example.com"), HOME, {tags.IGNORE: ""})
        for number in range(2)
    ]
    listener = estate.listener("web", HOME, others[0], [rsa_copy, others[1]])
    estate.aws.behaviour.alb_certificate_limit = 2
    estate.renew("shop", issue("shop.example.com"))
    return rsa_copy, listener


def test_a_full_listener_is_left_as_it_was_and_reported(
    estate: Estate, full_listener: tuple[str, str]
) -> None:
    old, listener = full_listener
    before = estate.sni_of(listener)

    run = estate.run()

    (region,) = run.rotation(SHOP)["regions"]
    assert run.rotation(SHOP)["status"] == "stranded"
    assert listener in region["stranded"][0]
    assert run.metric("RotationSucceeded") == run.metric("RotationRefused") == 0
    assert estate.sni_of(listener) == before
    assert tags.SUPERSEDED_BY not in estate.tags(old)


@pytest.mark.usefixtures("full_listener")
def test_it_counts_as_stranded_once_the_new_copy_is_an_hour_old(estate: Estate) -> None:
    with time_machine.travel(now(), tick=False) as clock:
        counted = [estate.run().metric("DependentsStranded")]
        for _ in range(2):
            clock.shift(timedelta(minutes=31))
            counted.append(estate.run().metric("DependentsStranded"))

    assert counted == [0, 0, 1]
    assert len(estate.aws.calls_of("acm", "ImportCertificate")) == 4, "three at first, then one"


def test_it_is_finished_when_there_is_room(estate: Estate, full_listener: tuple[str, str]) -> None:
    old, listener = full_listener
    estate.run()
    estate.aws.behaviour.alb_certificate_limit = 25

    run = estate.run()

    assert run.rotation(SHOP)["status"] == "done"
    assert old not in estate.sni_of(listener)
    assert tags.SUPERSEDED_BY in estate.tags(old)


def test_acm_saying_in_use_for_a_while_after_a_move_proves_nothing(
    estate: Estate, authorities: Authorities, rsa_copy: str
) -> None:
    estate.listener("web", HOME, rsa_copy)
    estate.renew("shop", authorities.public.issue("shop.example.com"))

    with estate.aws.stale("in_use_by"):
        moved = estate.run()
        again = estate.run()

    assert moved.rotation(SHOP)["status"] == "done"
    assert again.rotations == []
    assert again.scans[0]["findings"] == []
    assert tags.SUPERSEDED_BY in estate.tags(rsa_copy)


def test_a_listener_that_refuses_the_new_certificate_is_stranded_and_not_counted_as_moved(
    estate: Estate, authorities: Authorities, rsa_copy: str
) -> None:
    listener = estate.listener("web", HOME, rsa_copy)
    estate.renew("shop", authorities.public.issue("shop.example.com"))
    estate.aws.calls.clear()

    def refuse(call: Call) -> None:
        if call.operation == "ModifyListener":
            raise estate.aws.error("UnsupportedCertificate", "ModifyListener", "Not this key.")

    with estate.aws.before(refuse):
        run = estate.run()

    (region,) = run.rotation(SHOP)["regions"]
    assert region["status"] == "stranded"
    assert "Not this key" in region["stranded"][0]
    assert [each for each in region["performed"] if each.startswith(("move", "mark"))] == []
    assert run.metric("DependentsMoved") == 0
    assert len(estate.aws.calls_of("elbv2", "ModifyListener")) == 1, "asking again is no help"
    assert estate.default_of(listener) == rsa_copy
    assert tags.SUPERSEDED_BY not in estate.tags(rsa_copy)


def test_a_listener_that_kubernetes_owns_is_refused_before_anything_is_imported(
    estate: Estate, authorities: Authorities, rsa_copy: str
) -> None:
    estate.listener("k8s", HOME, rsa_copy, tags={"elbv2.k8s.aws/cluster": "prod"})
    estate.renew("shop", authorities.public.issue("shop.example.com"))

    run = estate.run()

    assert run.codes(SHOP) == {"DEPENDENT_UNMOVABLE"}
    assert estate.certificates(HOME) == [rsa_copy]


def test_a_network_load_balancer_that_does_not_take_the_key_is_found_at_planning(
    estate: Estate, authorities: Authorities
) -> None:
    issue = authorities.public.issue
    estate.secret("shop", issue("shop.example.com"), {tags.REGIONS: HOME})
    estate.run()
    (old,) = estate.certificates(HOME)
    estate.listener("tcp", HOME, old, kind="network")
    estate.renew("shop", issue("shop.example.com", key=shared_key("rsa4096")))

    run = estate.run()

    assert run.codes(SHOP) == {"DEPENDENT_KEY_UNSUPPORTED"}
    assert estate.certificates(HOME) == [old]


def test_a_user_that_no_adapter_knows_is_refused_if_the_arn_would_change(
    estate: Estate, authorities: Authorities, rsa_copy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A regional domain of API Gateway shows as load balancers of an account of AWS's.
    theirs = f"arn:aws:elasticloadbalancing:{HOME}:718770453195:loadbalancer/app/prod-cdtls/1"
    monkeypatch.setattr(acm, "uses", lambda *_: {rsa_copy: [theirs]})
    estate.renew("shop", authorities.public.issue("shop.example.com"))

    run = estate.run()

    (region,) = run.rotation(SHOP)["regions"]
    assert run.codes(SHOP) == {"DEPENDENT_UNMOVABLE"}
    assert theirs in region["findings"][0]["found"]
    assert estate.certificates(HOME) == [rsa_copy]


def test_a_listener_that_may_not_be_changed_keeps_no_other_from_being_moved(
    estate: Estate, authorities: Authorities, rsa_copy: str
) -> None:
    locked, *others = (estate.listener(f"web-{each}", HOME, rsa_copy) for each in range(3))
    estate.renew("shop", authorities.public.issue("shop.example.com"))

    def deny(call: Call) -> None:
        if call.operation == "ModifyListener" and call.params["ListenerArn"] == locked:
            raise estate.aws.error("AccessDenied", call.operation)

    with estate.aws.before(deny):
        run = estate.run()

    (region,) = run.rotation(SHOP)["regions"]
    assert run.rotation(SHOP)["status"] == "stranded"
    assert [locked in each for each in region["stranded"]] == [True]
    assert estate.default_of(locked) == rsa_copy
    assert all(estate.default_of(each) != rsa_copy for each in others)
    assert tags.SUPERSEDED_BY not in estate.tags(rsa_copy)
