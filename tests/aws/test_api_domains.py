"""Custom domain names of API Gateway: finding those that name a certificate, and moving them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from certrotation import errors
from certrotation.aws.dependents.apigateway import adapter
from certrotation.aws.dependents.apigateway.adapter import EdgeDomains, RegionalDomains
from certrotation.core.estate.dependent_kinds import (
    API_EDGE_DOMAIN,
    API_PRIVATE_DOMAIN,
    API_REGIONAL_DOMAIN,
)
from certrotation.core.estate.inventory import Claim, Dependent
from tests.aws.samples import MISSING, answering, once, raising
from tests.double import apigateway as fake
from tests.double.builders import import_issued
from tests.e2e.gate.permissions import Ask, Caller, asks
from tests.e2e.gate.upstream import Answer
from tests.e2e.wire import call
from tests.simulation.estate import client
from tests.support.authority import shared_key

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.double import EmbeddedAws
    from tests.support.authorities import Authorities

    Import = Callable[..., str]

pytestmark = pytest.mark.slow

EDGE, ELSEWHERE = "us-east-1", "eu-west-1"
ACCOUNT = "123456789012"
API = "api.example.com"
KINDS = (API_REGIONAL_DOMAIN, API_EDGE_DOMAIN, API_PRIVATE_DOMAIN)
TYPES = {API_REGIONAL_DOMAIN: "REGIONAL", API_EDGE_DOMAIN: "EDGE", API_PRIVATE_DOMAIN: "PRIVATE"}
BALANCER = f"arn:aws:elasticloadbalancing:{EDGE}:813000000731:loadbalancer/app/prod-az1/9"
DISTRIBUTION = "arn:aws:cloudfront::216431265614:distribution/E1"


@pytest.fixture
def imported(aws: EmbeddedAws, authorities: Authorities) -> Import:
    del aws

    def make(*names: str, region: str = EDGE, **more: Any) -> str:
        leaf = authorities.public.issue(*(names or (API,)), **more)
        return import_issued(client("acm", region), leaf)

    return make


def service_for(kind: Any, region: str = EDGE, *, is_movable: bool = True) -> Any:
    domains = client("apigateway", region)
    if kind is API_EDGE_DOMAIN:
        return EdgeDomains(domains, region, updating=domains, is_movable=is_movable)
    return RegionalDomains(domains, region, updating=domains, acm=client("acm", region))


def domain(kind: Any, certificate: str, region: str = EDGE, name: str = API, **more: Any) -> str:
    """Make a domain name that presents a certificate; returns its ARN."""
    member = "regionalCertificateArn" if kind is API_REGIONAL_DOMAIN else "certificateArn"
    made = client("apigateway", region).create_domain_name(
        domainName=name,
        endpointConfiguration={"types": [TYPES[kind]]},
        **{member: certificate, **more},
    )
    identifier = made.get("domainNameId")
    owner, suffix = (ACCOUNT, f"+{identifier}") if identifier else ("", "")
    return f"arn:aws:apigateway:{region}:{owner}:/domainnames/{name}{suffix}"


def presented(arn: str) -> set[str]:
    return fake.presented(client, arn)


def updates(aws: EmbeddedAws) -> list[str | None]:
    return [each.error for each in aws.calls_of("apigateway", "UpdateDomainName")]


# What is found


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_a_domain_name_that_names_it_explains_what_aws_puts_in_front(
    aws: EmbeddedAws, imported: Import, kind: Any
) -> None:
    old = imported()
    arn, service = domain(kind, old), service_for(kind)
    users = aws.in_use_by(old)

    assert all(service.may_explain(old, each) for each in users)
    assert service.claim(old, users) == Claim(
        dependents=(
            Dependent(
                kind=kind,
                arn=arn,
                certificate_arn=old,
                names=frozenset({API}),
                region=EDGE if kind is API_EDGE_DOMAIN else None,
            ),
        ),
        explained=frozenset(users),
    )


def test_a_private_domain_name_is_found_as_well_if_acm_names_it_by_its_own_arn(
    aws: EmbeddedAws, imported: Import
) -> None:
    aws.api_gateway.rules.names_private_by = "domain"
    old = imported()
    arn = domain(API_PRIVATE_DOMAIN, old)

    assert aws.in_use_by(old) == [arn]
    (found,) = service_for(API_PRIVATE_DOMAIN).claim(old, [arn]).dependents
    assert (found.kind, found.arn) == (API_PRIVATE_DOMAIN, arn)


def test_edge_optimized_ones_are_found_where_they_are_not_where_the_certificate_is(
    imported: Import,
) -> None:
    old = imported()
    domain(API_EDGE_DOMAIN, old, ELSEWHERE)
    domain(API_EDGE_DOMAIN, imported("other.example.com"), name="other.example.com")

    (found,) = service_for(API_EDGE_DOMAIN, ELSEWHERE).claim(old, [DISTRIBUTION]).dependents
    assert found.region == ELSEWHERE
    assert service_for(API_EDGE_DOMAIN).claim(old, [DISTRIBUTION]) == Claim()


def test_without_a_domain_name_nothing_is_explained_since_others_are_behind_these_users_too(
    imported: Import,
) -> None:
    old = imported()
    assert service_for(API_REGIONAL_DOMAIN).claim(old, [BALANCER]) == Claim()


@pytest.mark.parametrize(
    ("user", "regional", "edge"),
    [
        (BALANCER, True, False),
        (BALANCER.replace(EDGE, ELSEWHERE), False, False),
        (BALANCER.replace("813000000731", ACCOUNT), False, False),
        (DISTRIBUTION, False, True),
        (DISTRIBUTION.replace("216431265614", ACCOUNT), False, False),
        (f"arn:aws:apigateway:{EDGE}::/domainnames/{API}", True, True),
        (f"arn:aws:apigateway:{ELSEWHERE}::/domainnames/{API}", False, False),
        ("no ARN", False, False),
    ],
)
def test_users_of_others_are_left_to_others(
    imported: Import, aws: EmbeddedAws, *, user: str, regional: bool, edge: bool
) -> None:
    old = imported()
    for kind, expected in ((API_REGIONAL_DOMAIN, regional), (API_EDGE_DOMAIN, edge)):
        service = service_for(kind)
        assert service.may_explain(old, user) is expected
        service.claim(old, [user])
    assert len(aws.calls_of("apigateway")) == regional + edge


def test_one_on_two_pages_is_found_once_and_those_of_every_page_are_found(
    aws: EmbeddedAws, imported: Import
) -> None:
    names = [f"{each}.example.com" for each in "abc"]
    old = imported(*names)
    for name in names:
        domain(API_REGIONAL_DOMAIN, old, name=name)
    aws.behaviour.page_size = 1

    def repeat(_: Any, made: Any, answer: Any) -> None:
        if made.operation == "GetDomainNames":
            answer["items"] *= 2

    with aws.changing(repeat):
        found = service_for(API_REGIONAL_DOMAIN).claim(old, [BALANCER]).dependents
    assert [each.names for each in found] == [{name} for name in names]


@pytest.mark.parametrize(
    ("tags", "unmovable", "drifts"),
    [
        ({"aws:cloudformation:stack-name": "api"}, False, "api"),
        ({"services.k8s.aws/controller-version": "1"}, True, None),
    ],
)
def test_its_owner_is_known_by_its_tags(
    imported: Import, *, tags: dict[str, str], unmovable: bool, drifts: str | None
) -> None:
    old = imported()
    domain(API_REGIONAL_DOMAIN, old, tags=tags)
    (found,) = service_for(API_REGIONAL_DOMAIN).claim(old, [BALANCER]).dependents
    assert (found.unmovable is not None, found.drifts) == (unmovable, drifts)


def test_an_edge_optimized_one_stays_where_rotate_may_not_update_every_distribution(
    imported: Import,
) -> None:
    old = imported()
    domain(API_EDGE_DOMAIN, old)
    service = service_for(API_EDGE_DOMAIN, is_movable=False)
    (found,) = service.claim(old, [DISTRIBUTION]).dependents
    assert "the right to update every distribution" in (found.unmovable or "")


@pytest.mark.parametrize(
    ("row", "kind", "is_movable"),
    [
        ({"regionalCertificateArn": MISSING}, API_REGIONAL_DOMAIN, False),
        ({"regionalCertificateArn": MISSING, "domainName": API}, API_REGIONAL_DOMAIN, True),
        ({"certificateArn": MISSING, "domainName": API}, API_EDGE_DOMAIN, True),
        (
            {
                "certificateArn": MISSING,
                "domainName": API,
                "endpointConfiguration": {"types": ["PRIVATE"]},
            },
            API_PRIVATE_DOMAIN,
            False,
        ),
    ],
    ids=["no name", "a name alone", "no endpoint types", "a private one without its id"],
)
def test_an_answer_that_leaves_members_out_passes_over_nothing(
    aws: EmbeddedAws, row: dict[str, Any], kind: Any, *, is_movable: bool
) -> None:
    def answer(_: Any, made: Any, given: Any) -> None:
        if made.operation == "GetDomainNames":
            given["items"] = [{}, row]

    with aws.changing(answer):
        user = DISTRIBUTION if kind is API_EDGE_DOMAIN else BALANCER
        (found,) = service_for(kind).claim(MISSING, [user]).dependents
    assert (found.kind, found.unmovable is None) == (kind, is_movable)


# Mutual TLS


def test_with_mutual_tls_the_ownership_certificate_is_read(imported: Import) -> None:
    old, proof = imported(), imported(API, "www.example.com")
    domain(
        API_REGIONAL_DOMAIN,
        old,
        mutualTlsAuthentication={"truststoreUri": "s3://trust/store.pem"},
        ownershipVerificationCertificateArn=proof,
    )
    (found,) = service_for(API_REGIONAL_DOMAIN).claim(old, [BALANCER]).dependents
    assert found.keeps_issuer
    assert found.proof is not None
    assert (found.proof.arn, found.proof.names) == (proof, {API, "www.example.com"})


@pytest.mark.parametrize("code", ["AccessDeniedException", "ResourceNotFoundException"])
def test_an_ownership_certificate_that_cannot_be_read_is_left_to_api_gateway(
    aws: EmbeddedAws, imported: Import, code: str
) -> None:
    old = imported()
    domain(API_REGIONAL_DOMAIN, old, ownershipVerificationCertificateArn=imported())
    with answering(aws, "GetCertificate", code):
        (found,) = service_for(API_REGIONAL_DOMAIN).claim(old, [BALANCER]).dependents
    assert found.proof is None


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("AVAILABLE", None),
        ("UPDATING", None),
        ("PENDING_CERTIFICATE_REIMPORT", "PENDING_CERTIFICATE_REIMPORT: Told"),
        ("FAILED", "FAILED: Told"),
    ],
)
def test_what_it_says_of_a_reimport_is_read_back(
    aws: EmbeddedAws, imported: Import, status: str, expected: str | None
) -> None:
    old = imported()
    domain(API_REGIONAL_DOMAIN, old)
    service = service_for(API_REGIONAL_DOMAIN)
    (found,) = service.claim(old, [BALANCER]).dependents
    with aws.changing(showing(domainNameStatus=status, domainNameStatusMessage="Told.")):
        assert service.complaint(found) == expected


# What is moved


def showing(**members: Any) -> Any:
    """Return a change of each GetDomainName answer; None leaves a member out."""

    def change(_: Any, made: Any, answer: Any) -> None:
        if made.operation == "GetDomainName":
            for name, value in members.items():
                answer.pop(name, None)
                answer |= {} if value is None else {name: value}

    return change


@pytest.fixture
def moving(imported: Import) -> tuple[Any, Dependent, str]:
    """A regional domain name, its service, and another certificate for it."""
    old = imported()
    domain(API_REGIONAL_DOMAIN, old)
    service = service_for(API_REGIONAL_DOMAIN)
    (found,) = service.claim(old, [BALANCER]).dependents
    return service, found, imported()


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_one_path_is_replaced_and_moving_again_changes_nothing(
    aws: EmbeddedAws, imported: Import, kind: Any
) -> None:
    old, new = imported(), imported()
    region = ELSEWHERE if kind is API_EDGE_DOMAIN else EDGE
    arn, service = domain(kind, old, region, securityPolicy="TLS_1_0"), service_for(kind, region)
    user = DISTRIBUTION if kind is API_EDGE_DOMAIN else BALANCER
    (found,) = service.claim(old, [user]).dependents
    for _ in range(2):
        service.move(found, new)
    assert presented(arn) == {new}
    assert not service.still_presents(found)
    (update,) = aws.calls_of("apigateway", "UpdateDomainName")
    assert [each["op"] for each in update.params["patchOperations"]] == ["replace"]
    (shown,) = client("apigateway", region).get_domain_names()["items"]
    assert shown["securityPolicy"] == "TLS_1_0"


def test_one_that_somebody_pointed_elsewhere_or_deleted_meanwhile_is_left_alone(
    aws: EmbeddedAws, imported: Import, moving: tuple[Any, Dependent, str]
) -> None:
    service, found, new = moving
    somebodys = imported()
    aws.api_gateway.rules.seconds_between_updates = 0
    service.move(found, somebodys)
    service.move(found, new)
    assert presented(found.arn) == {somebodys}
    client("apigateway", EDGE).delete_domain_name(domainName=API)
    service.move(found, new)
    assert not service.still_presents(found)
    assert service.complaint(found) is None


def test_one_that_goes_between_reading_and_writing_needs_no_move(
    aws: EmbeddedAws, moving: tuple[Any, Dependent, str]
) -> None:
    service, found, new = moving
    delete = client("apigateway", EDGE).delete_domain_name
    with once(aws, "UpdateDomainName", lambda: delete(domainName=API)):
        service.move(found, new)


@pytest.mark.parametrize(
    "status", ["UPDATING", "PENDING", "PENDING_CERTIFICATE_REIMPORT", "PENDING_ANYTHING_NEW"]
)
def test_one_that_is_being_changed_is_busy(
    aws: EmbeddedAws, moving: tuple[Any, Dependent, str], status: str
) -> None:
    service, found, new = moving
    with (
        aws.changing(showing(domainNameStatus=status, domainNameStatusMessage="Until noon.")),
        raising(errors.DependentBusy, found.arn, f"{status}: Until noon"),
    ):
        service.move(found, new)
    assert not updates(aws)


@pytest.mark.parametrize("status", ["AVAILABLE", "FAILED", "ANYTHING_NEW", None])
def test_under_any_other_status_api_gateway_decides(
    aws: EmbeddedAws, moving: tuple[Any, Dependent, str], status: str | None
) -> None:
    service, found, new = moving
    with aws.changing(showing(domainNameStatus=status)):
        service.move(found, new)
    assert presented(found.arn) == {new}


@pytest.mark.parametrize("shows_new", [True, False], ids=["new", "old"])
def test_whichever_certificate_an_update_in_progress_shows_the_move_is_not_taken_for_failed(
    aws: EmbeddedAws, moving: tuple[Any, Dependent, str], *, shows_new: bool
) -> None:
    service, found, new = moving
    aws.api_gateway.rules.updates = "when_told"
    aws.api_gateway.rules.shows_new_certificate = shows_new
    service.move(found, new)
    if shows_new:
        assert not service.still_presents(found)
    else:
        with raising(errors.DependentBusy, "UPDATING"):
            service.still_presents(found)
        with raising(errors.DependentBusy, "UPDATING"):
            service.move(found, new)
    aws.api_gateway.finish_updates()
    assert not service.still_presents(found)


def test_an_answer_that_leaves_out_the_certificate_is_no_answer(
    aws: EmbeddedAws, moving: tuple[Any, Dependent, str]
) -> None:
    service, found, new = moving
    with (
        aws.changing(showing(regionalCertificateArn=None)),
        raising(errors.Unreachable, "without regionalCertificateArn"),
    ):
        service.move(found, new)


def test_the_second_update_within_30_seconds_is_busy(imported: Import) -> None:
    old, new = imported(API, "b.example.com"), imported(API, "b.example.com")
    domain(API_REGIONAL_DOMAIN, old)
    domain(API_REGIONAL_DOMAIN, old, name="b.example.com")
    service = service_for(API_REGIONAL_DOMAIN)
    one, other = service.claim(old, [BALANCER]).dependents
    service.move(one, new)
    with raising(errors.DependentBusy, "TooManyRequestsException"):
        service.move(other, new)
    assert presented(other.arn) == {old}


def test_too_many_reads_are_throttled_not_busy(
    aws: EmbeddedAws, moving: tuple[Any, Dependent, str]
) -> None:
    service, found, new = moving
    throttled = answering(aws, "GetDomainName", "TooManyRequestsException")
    with throttled, raising(errors.Throttled, "apigateway:GET"):
        service.move(found, new)


def test_a_fresh_import_that_it_has_yet_to_see_is_waited_for(
    moving: tuple[Any, Dependent, str],
) -> None:
    service, found, _ = moving
    with raising(errors.NotSeenYet, found.arn):
        service.move(found, MISSING)


def test_a_certificate_that_it_does_not_take_is_refused_in_awss_words(
    imported: Import, moving: tuple[Any, Dependent, str]
) -> None:
    service, found, _ = moving
    with raising(errors.DependentRefused, found.arn, "does not cover the domain name"):
        service.move(found, imported("other.example.com"))


def test_an_edge_optimized_one_takes_no_large_key(imported: Import) -> None:
    old = imported()
    domain(API_EDGE_DOMAIN, old)
    service = service_for(API_EDGE_DOMAIN)
    (found,) = service.claim(old, [DISTRIBUTION]).dependents
    with raising(errors.DependentRefused, "key is not supported"):
        service.move(found, imported(key=shared_key("rsa4096")))
    sure = API_EDGE_DOMAIN.accepted_keys - API_EDGE_DOMAIN.doubted_keys
    assert {str(each) for each in sure} == {"RSA_1024", "RSA_2048", "EC_prime256v1"}


def test_a_denied_change_names_the_action_and_the_domain_name(
    aws: EmbeddedAws, moving: tuple[Any, Dependent, str]
) -> None:
    service, found, new = moving
    aws.behaviour.denied.add(("apigateway", "UpdateDomainName", None))
    with raising(errors.AccessDenied, "apigateway:PATCH", found.arn):
        service.move(found, new)


def test_updates_have_a_client_of_their_own_that_sends_each_once() -> None:
    made: list[tuple[str, bool]] = []

    def clients(service: str, region: str, *, retries: bool = True) -> Any:
        del region
        made.append((service, retries))

    adapter.make(clients, EDGE)
    assert ("apigateway", True) in made
    assert ("apigateway", False) in made


# What the gate of the end-to-end run makes of its calls


@pytest.mark.parametrize(
    ("operation", "parameters", "action", "resource"),
    [
        ("get_domain_names", {"limit": 500}, "GET", "::/domainnames"),
        ("get_domain_name", {"domainName": API}, "GET", f"::/domainnames/{API}"),
        (
            "get_domain_name",
            {"domainName": "*.example.com", "domainNameId": "abc"},
            "GET",
            f":{ACCOUNT}:/domainnames/*.example.com+abc",
        ),
        (
            "update_domain_name",
            {"domainName": API, "patchOperations": []},
            "PATCH",
            f"::/domainnames/{API}",
        ),
    ],
)
def test_each_call_needs_a_verb_on_a_path(
    operation: str, parameters: dict[str, Any], action: str, resource: str
) -> None:
    request, _ = call("apigateway", operation, Answer.of_text(500, ""), **parameters)
    (asked,) = asks(request, Caller.of(request.headers["Authorization"]))
    arn = f"arn:aws:apigateway:{ELSEWHERE}{resource}"
    tagged = arn if "/domainnames/" in arn else None
    assert asked == Ask(action=f"apigateway:{action}", resource=arn, tagged=tagged)


# The second API


NEWER = "SecurityPolicy_TLS13_1_3_2025_09"


def test_a_domain_name_of_the_second_api_is_seen_and_moved_through_the_first(
    aws: EmbeddedAws, imported: Import
) -> None:
    old, new, second = imported(), imported(), client("apigatewayv2", EDGE)
    second.create_domain_name(DomainName=API, DomainNameConfigurations=[{"CertificateArn": old}])
    service = service_for(API_REGIONAL_DOMAIN)

    (found,) = service.claim(old, aws.in_use_by(old)).dependents
    service.move(found, new)

    (shown,) = second.get_domain_name(DomainName=API)["DomainNameConfigurations"]
    (listed,) = second.get_domain_names()["Items"]
    assert shown["CertificateArn"] == new
    assert listed["DomainNameConfigurations"] == [shown]


def test_an_update_of_the_second_api_would_lose_a_newer_security_policy(
    aws: EmbeddedAws, imported: Import
) -> None:
    """Why the service uses the first API alone."""
    aws.api_gateway.rules.seconds_between_updates = 0
    old, new = imported(), imported()
    domain(API_REGIONAL_DOMAIN, old, securityPolicy=NEWER)
    first, service = client("apigateway", EDGE), service_for(API_REGIONAL_DOMAIN)
    (found,) = service.claim(old, aws.in_use_by(old)).dependents

    service.move(found, new)
    assert first.get_domain_name(domainName=API)["securityPolicy"] == NEWER

    client("apigatewayv2", EDGE).update_domain_name(
        DomainName=API, DomainNameConfigurations=[{"CertificateArn": old}]
    )
    assert first.get_domain_name(domainName=API)["securityPolicy"] == "TLS_1_2"
