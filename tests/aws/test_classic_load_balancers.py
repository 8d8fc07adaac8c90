"""Classic Load Balancers: finding listeners that name a certificate, and moving them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from certrotation import errors
from certrotation.aws.dependents.elb.adapter import MEANINGS, ClassicListeners
from certrotation.aws.errors import failure
from certrotation.core.estate.dependent_kinds import CLASSIC_LISTENER
from certrotation.core.estate.inventory import Claim, Dependent
from certrotation.core.material.x509_facts import KeyAlgorithm
from certrotation.names import tags
from tests.aws.samples import MISSING, answering, once, raising
from tests.double import elb as fake
from tests.double.builders import import_issued
from tests.e2e.gate.permissions import Ask, Caller, asks
from tests.e2e.gate.upstream import Answer
from tests.e2e.wire import call
from tests.simulation.estate import HOME, client
from tests.simulation.runner import PREFIX
from tests.support.authority import shared_key

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.double import EmbeddedAws
    from tests.simulation.estate import Estate
    from tests.support.authorities import Authorities

    Import = Callable[..., str]

pytestmark = pytest.mark.slow

REGION = "us-east-1"
ACCOUNT = "123456789012"
BALANCER = f"arn:aws:elasticloadbalancing:{REGION}:{ACCOUNT}:loadbalancer"
CHANGE = "SetLoadBalancerListenerSSLCertificate"
SHOP = PREFIX + "shop"


@pytest.fixture
def service(aws: EmbeddedAws) -> ClassicListeners:
    del aws
    return ClassicListeners(client("elb", REGION))


@pytest.fixture
def imported(aws: EmbeddedAws, authorities: Authorities) -> Import:
    del aws

    def make(name: str = "www.example.com") -> str:
        return import_issued(client("acm", REGION), authorities.public.issue(name))

    return make


def balancer_of(aws: EmbeddedAws, certificate: str) -> str:
    return fake.present(aws, client, REGION, certificate)


def presented(balancer: str) -> set[str]:
    return fake.presented(client, balancer)


def naming(balancer: str, certificate: str, port: int = 443) -> Dependent:
    return Dependent(kind=CLASSIC_LISTENER, arn=f"{balancer}:{port}", certificate_arn=certificate)


def replace(balancer: str, certificate: str, port: int = 443) -> None:
    client("elb", REGION).set_load_balancer_listener_ssl_certificate(
        LoadBalancerName=balancer.rpartition("/")[2],
        LoadBalancerPort=port,
        SSLCertificateId=certificate,
    )


def tag(balancer: str, **of_it: str) -> None:
    client("elb", REGION).add_tags(
        LoadBalancerNames=[balancer.rpartition("/")[2]],
        Tags=[{"Key": key, "Value": value} for key, value in of_it.items()],
    )


def delete(balancer: str) -> None:
    client("elb", REGION).delete_load_balancer(LoadBalancerName=balancer.rpartition("/")[2])


# What is found


def test_a_listener_that_names_it_is_found_by_its_load_balancer_and_port(
    service: ClassicListeners, imported: Import, aws: EmbeddedAws
) -> None:
    old = imported()
    balancer = balancer_of(aws, old)
    assert aws.in_use_by(old) == [balancer]
    assert service.claim(old, [balancer]) == Claim(
        dependents=(naming(balancer, old),), explained=frozenset({balancer})
    )


def test_one_that_names_it_no_longer_or_is_gone_is_explained(
    service: ClassicListeners, imported: Import, aws: EmbeddedAws
) -> None:
    users = [balancer_of(aws, imported()), f"{BALANCER}/gone"]
    assert service.claim(imported(), users) == Claim(explained=frozenset(users))
    assert not aws.calls_of("elb", "DescribeTags")


@pytest.mark.parametrize(
    "user",
    [
        f"{BALANCER}/app/web/50dc6c495c0c9188",
        f"{BALANCER}/net/web/50dc6c495c0c9188",
        f"{BALANCER}/web".replace(ACCOUNT, "718770453195"),
        f"{BALANCER}/web".replace(REGION, "eu-west-1"),
        f"arn:aws:cloudfront::{ACCOUNT}:distribution/E1",
    ],
)
def test_every_other_user_is_left_to_others(
    service: ClassicListeners, imported: Import, aws: EmbeddedAws, user: str
) -> None:
    assert service.claim(imported(), [user]) == Claim()
    assert not aws.calls_of("elb")


def test_one_that_goes_before_its_tags_are_read_has_no_dependents(
    service: ClassicListeners, imported: Import, aws: EmbeddedAws
) -> None:
    old = imported()
    balancer = balancer_of(aws, old)
    with once(aws, "DescribeTags", lambda: delete(balancer)):
        assert service.claim(old, [balancer]) == Claim(explained=frozenset({balancer}))


@pytest.mark.parametrize(
    ("key", "value"),
    [("elasticbeanstalk:environment-name", "shop"), ("kubernetes.io/cluster/prod", "owned")],
)
def test_what_a_controller_would_put_back_is_unmovable(
    service: ClassicListeners, imported: Import, aws: EmbeddedAws, key: str, value: str
) -> None:
    old = imported()
    balancer = balancer_of(aws, old)
    tag(balancer, **{key: value})
    (found,) = service.claim(old, [balancer]).dependents
    assert "would put the old one back" in (found.unmovable or "")


def test_what_cloudformation_made_drifts(
    service: ClassicListeners, imported: Import, aws: EmbeddedAws
) -> None:
    old = imported()
    balancer = balancer_of(aws, old)
    tag(balancer, **{"aws:cloudformation:stack-name": "web-stack"})
    (found,) = service.claim(old, [balancer]).dependents
    assert (found.unmovable, found.drifts) == (None, "web-stack")


class Answers:
    """A client that gives these answers: every member that the model does not require may lack."""

    def __init__(self, described: Mapping[str, Any], of_tags: Mapping[str, Any]) -> None:
        self._described, self._of_tags = described, of_tags

    def describe_load_balancers(self, **_: Any) -> Mapping[str, Any]:
        return self._described

    def describe_tags(self, **_: Any) -> Mapping[str, Any]:
        return self._of_tags


def describing(*listeners: Mapping[str, Any]) -> dict[str, Any]:
    described = [{"Listener": each} for each in listeners]
    return {"LoadBalancerDescriptions": [{"ListenerDescriptions": described}]}


HTTPS = {"Protocol": "HTTPS", "LoadBalancerPort": 443, "InstancePort": 80}
NAMING = HTTPS | {"SSLCertificateId": MISSING}
OWNER = {"TagDescriptions": [{"LoadBalancerName": "web"}]}


@pytest.mark.parametrize(
    "described",
    [
        {},
        {"LoadBalancerDescriptions": []},
        {"LoadBalancerDescriptions": [{}]},
        {"LoadBalancerDescriptions": [{"ListenerDescriptions": [{}]}]},
        describing(HTTPS),
        describing(NAMING, HTTPS | {"Protocol": "QUIC"}),
    ],
    ids=["nothing", "none", "no listeners", "no listener", "no certificate", "a new protocol"],
)
def test_an_answer_that_leaves_out_a_certificate_explains_nothing(
    described: dict[str, Any],
) -> None:
    service, balancer = ClassicListeners(Answers(described, OWNER)), f"{BALANCER}/web"
    assert service.claim(MISSING, [balancer]) == Claim()
    assert service.still_presents(naming(balancer, MISSING))
    service.move(naming(balancer, MISSING), "arn:other")


def test_a_load_balancer_without_listeners_presents_nothing() -> None:
    service, balancer = ClassicListeners(Answers(describing(), OWNER)), f"{BALANCER}/web"
    assert service.claim(MISSING, [balancer]) == Claim(explained=frozenset({balancer}))


@pytest.mark.parametrize(
    ("of_tags", "is_movable"),
    [
        (OWNER, True),
        ({"TagDescriptions": [{"LoadBalancerName": "web", "Tags": [{"Key": "team"}]}]}, True),
        ({"TagDescriptions": [{}]}, False),
        ({}, False),
    ],
    ids=["no tags", "a tag without a value", "nobody's tags", "nothing"],
)
def test_one_whose_owner_is_not_told_is_unmovable(
    *, of_tags: dict[str, Any], is_movable: bool
) -> None:
    service = ClassicListeners(Answers(describing(NAMING), of_tags))
    (found,) = service.claim(MISSING, [f"{BALANCER}/web"]).dependents
    assert (found.unmovable is None) is is_movable


# What is moved


def test_the_certificate_of_that_port_is_replaced_and_moving_again_changes_nothing(
    service: ClassicListeners, imported: Import, aws: EmbeddedAws
) -> None:
    old, new = imported(), imported()
    balancer = balancer_of(aws, old)
    for _ in range(2):
        service.move(naming(balancer, old), new)
    assert presented(balancer) == {new}
    assert len(aws.calls_of("elb", CHANGE)) == 1
    assert not service.still_presents(naming(balancer, old))


def test_a_listener_that_somebody_pointed_elsewhere_meanwhile_stays_there(
    service: ClassicListeners, imported: Import, aws: EmbeddedAws
) -> None:
    old, somebodys = imported(), imported()
    balancer = balancer_of(aws, old)
    (found,) = service.claim(old, [balancer]).dependents
    replace(balancer, somebodys)
    service.move(found, imported())
    assert presented(balancer) == {somebodys}


def test_one_that_goes_meanwhile_needs_no_move(
    service: ClassicListeners, imported: Import, aws: EmbeddedAws
) -> None:
    old = imported()
    balancer = balancer_of(aws, old)
    with once(aws, CHANGE, lambda: delete(balancer)):
        service.move(naming(balancer, old), imported())
    assert not service.still_presents(naming(balancer, old))


def test_a_fresh_import_that_it_has_yet_to_see_is_waited_for(
    service: ClassicListeners, imported: Import, aws: EmbeddedAws
) -> None:
    old = imported()
    balancer = balancer_of(aws, old)
    with raising(errors.NotSeenYet, balancer):
        service.move(naming(balancer, old), MISSING)
    assert presented(balancer) == {old}
    assert service.still_presents(naming(balancer, old))


def test_a_certificate_that_it_cannot_use_is_refused_in_awss_words(
    service: ClassicListeners, imported: Import, aws: EmbeddedAws
) -> None:
    old = imported()
    balancer = balancer_of(aws, old)
    with raising(errors.DependentRefused, balancer, "fully qualified"):
        service.move(naming(balancer, old), imported("intranet"))
    assert presented(balancer) == {old}


@pytest.mark.parametrize(
    ("code", "kind"), [("Throttling", errors.Throttled), ("AccessDenied", errors.AccessDenied)]
)
def test_a_failed_change_names_the_action_and_the_listener(
    service: ClassicListeners, imported: Import, aws: EmbeddedAws, code: str, kind: type[Any]
) -> None:
    old = imported()
    balancer = balancer_of(aws, old)
    failing = answering(aws, CHANGE, code)
    with failing, raising(kind, f"elasticloadbalancing:{CHANGE}", f"{balancer}:443"):
        service.move(naming(balancer, old), imported())
    assert presented(balancer) == {old}


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("ListenerNotFound", errors.Vanished),
        ("LoadBalancerNotFound", errors.Vanished),
        ("CertificateNotFound", errors.NotSeenYet),
        ("InvalidConfigurationRequest", errors.DependentRefused),
        ("UnsupportedProtocol", errors.DependentRefused),
        ("UnsupportedCertificate", errors.DependentRefused),
        ("DependencyThrottle", errors.Throttled),
    ],
)
def test_an_error_code_means_what_the_api_reference_says(code: str, kind: type[Any]) -> None:
    assert type(failure(code, "", "a call", MEANINGS)) is kind


def test_one_whose_tags_are_not_found_is_not_passed_over(
    service: ClassicListeners, imported: Import, aws: EmbeddedAws
) -> None:
    """Its listener presents the certificate; nobody knows who owns it."""
    old = imported()
    balancer = balancer_of(aws, old)
    with answering(aws, "DescribeTags", "LoadBalancerNotFound"):
        (found,) = service.claim(old, [balancer]).dependents
    assert found.unmovable == "AWS does not say who owns it: its tags are not found"


def test_it_accepts_every_key_and_needs_a_qualified_name() -> None:
    assert CLASSIC_LISTENER.accepted_keys == set(KeyAlgorithm)
    assert CLASSIC_LISTENER.needs_qualified_name
    assert CLASSIC_LISTENER.reimport_lead is None


# Through the functions


@pytest.fixture
def shop(estate: Estate, authorities: Authorities) -> tuple[str, str]:
    """A copy on RSA that a Classic Load Balancer presents, and new EC material in its secret."""
    issue = authorities.public.issue
    rsa = issue("shop.example.com", key=shared_key("rsa2048"))
    estate.secret("shop", rsa, {tags.REGIONS: HOME})
    estate.run()
    (old,) = estate.certificates(HOME)
    balancer = fake.present(estate.aws, client, HOME, old)
    estate.renew("shop", issue("shop.example.com"))
    return old, balancer


def test_a_replacement_moves_the_listener_and_supersedes_the_old_copy(
    estate: Estate, shop: tuple[str, str]
) -> None:
    old, balancer = shop
    run = estate.run()
    (new,) = set(estate.certificates(HOME)) - {old}
    assert run.rotation(SHOP)["status"] == "done"
    assert presented(balancer) == {new}
    assert estate.tags(old)[tags.SUPERSEDED_BY] == new


def test_a_denied_change_strands_the_listener_and_keeps_the_old_copy(
    estate: Estate, shop: tuple[str, str]
) -> None:
    old, balancer = shop
    estate.aws.behaviour.denied.add(("elb", CHANGE, None))
    run = estate.run()
    (region,) = run.rotation(SHOP)["regions"]
    assert run.rotation(SHOP)["status"] == "stranded"
    assert f"Classic Load Balancer listener {balancer}:443" in region["stranded"][0]
    assert presented(balancer) == {old}
    assert tags.SUPERSEDED_BY not in estate.tags(old)


# What the gate of the end-to-end run makes of its calls


@pytest.mark.parametrize("operation", ["describe_load_balancers", "describe_tags"])
def test_it_is_read_on_every_resource(operation: str) -> None:
    (asked,) = permissions(operation, LoadBalancerNames=["web"])
    assert asked == Ask(action=asked.action)


def test_it_is_changed_by_the_load_balancers_arn() -> None:
    (asked,) = permissions(
        "set_load_balancer_listener_ssl_certificate",
        LoadBalancerName="web",
        LoadBalancerPort=443,
        SSLCertificateId=MISSING,
    )
    balancer = f"{BALANCER}/web".replace(REGION, "eu-west-1")
    assert asked == Ask(action=f"elasticloadbalancing:{CHANGE}", resource=balancer, tagged=balancer)


def permissions(operation: str, **parameters: Any) -> list[Ask]:
    request, _ = call("elb", operation, Answer.of_text(500, ""), **parameters)
    return asks(request, Caller.of(request.headers["Authorization"]))
