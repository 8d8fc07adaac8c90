"""Cognito: finding custom domains that name a certificate, in any Region, and moving them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from certrotation import errors
from certrotation.aws.dependents.cognito.adapter import MEANINGS, UserPoolDomains, make_consumer
from certrotation.aws.dependents.services import DependentSettings
from certrotation.aws.errors import failure
from certrotation.core.estate.inventory import Claim
from certrotation.names import tags
from tests.aws.samples import MISSING, answering, once, raising
from tests.double import cognito as fake
from tests.double.builders import import_issued
from tests.e2e.gate.permissions import Ask, Caller, asks
from tests.e2e.gate.upstream import Answer
from tests.e2e.wire import call
from tests.simulation.estate import client
from tests.simulation.runner import PREFIX
from tests.support.authority import shared_key

if TYPE_CHECKING:
    from collections.abc import Callable

    from certrotation.core.estate.inventory import Dependent
    from tests.double import EmbeddedAws
    from tests.double.world import UserPool
    from tests.simulation.estate import Estate
    from tests.support.authorities import Authorities

    Import = Callable[..., str]

pytestmark = pytest.mark.slow

REGION, EDGE = "eu-west-1", "us-east-1"
ACCOUNT = "123456789012"
NAME = "auth.example.com"
SHOP = PREFIX + "shop"
UPDATE = "UpdateUserPoolDomain"
READ = "DescribeUserPoolDomain"
FAILOVER = {
    "Failover": {"SecondaryRegion": "eu-central-1", "PrimaryRoute53HealthCheckId": "check-1"}
}
WITH_ALL = DependentSettings(("cognito", "cloudfront"))


@pytest.fixture
def service(aws: EmbeddedAws) -> UserPoolDomains:
    del aws
    return make_consumer(client, REGION, WITH_ALL)


@pytest.fixture
def imported(aws: EmbeddedAws, authorities: Authorities) -> Import:
    del aws

    def make_one(*names: str) -> str:
        issued = authorities.public.issue(*(names or (NAME, "www.example.com")))
        return import_issued(client("acm", EDGE), issued)

    return make_one


def the_one(service: UserPoolDomains, certificate: str, aws: EmbeddedAws) -> Dependent:
    (found,) = service.claim(certificate, aws.in_use_by(certificate)).dependents
    return found


def presented(pool: UserPool) -> str:
    return str(pool.domain["CustomDomainConfig"]["CertificateArn"])


# What is found


@pytest.mark.parametrize(
    ("names", "reads_pools"),
    [((NAME, "www.example.com"), False), (("*.example.com",), True), (("example.com",), True)],
    ids=["by a name", "by a wildcard", "by none of them"],
)
def test_a_domain_is_found_by_the_certificates_names_or_among_all_user_pools(
    service: UserPoolDomains,
    imported: Import,
    aws: EmbeddedAws,
    *,
    names: tuple[str, ...],
    reads_pools: bool,
) -> None:
    old = imported(*names)
    aws.behaviour.page_size = 1
    for certificate, domain in ((None, ""), (imported(), "other.example.com"), (old, NAME)):
        pool = fake.user_pool(aws, REGION, certificate, domain)
    users = aws.in_use_by(old)
    claim = service.claim(old, users)
    (found,) = claim.dependents
    assert claim.explained == set(users)
    assert (found.arn, found.region) == (f"{pool.arn}:{NAME}", REGION)
    assert found.names == {NAME}
    assert found.unmovable is None
    assert bool(aws.calls_of("cognito-idp", "ListUserPools")) is reads_pools


def test_without_a_domain_that_names_it_nothing_is_explained(
    service: UserPoolDomains, imported: Import, aws: EmbeddedAws
) -> None:
    """Another service may be behind the distribution."""
    fake.user_pool(aws, REGION, imported())
    user = f"arn:aws:cloudfront::{fake.DISTRIBUTIONS}:distribution/E1"
    assert service.claim(imported(), [user]) == Claim()


@pytest.mark.parametrize(
    ("user", "expected"),
    [
        (f"arn:aws:cloudfront::{fake.DISTRIBUTIONS}:distribution/E1", True),
        (f"arn:aws:cognito-idp:{REGION}:{ACCOUNT}:userpool/eu-west-1_a", True),
        (f"arn:aws:cognito-idp:{EDGE}:{ACCOUNT}:userpool/us-east-1_a", False),
        (f"arn:aws:cloudfront::{ACCOUNT}:distribution/E1", False),
        (f"arn:aws:elasticloadbalancing:{REGION}:813000000731:loadbalancer/app/a/1", False),
        ("no ARN", False),
    ],
)
def test_a_distribution_of_aws_may_be_a_domain(
    service: UserPoolDomains, aws: EmbeddedAws, user: str, *, expected: bool
) -> None:
    assert service.may_explain(MISSING, user) is expected
    if not expected:
        assert service.claim(MISSING, [user]) == Claim()
        assert not aws.calls


@pytest.mark.parametrize(
    ("settings", "change", "words"),
    [
        (DependentSettings(("cognito",)), {}, "contains cloudfront"),
        (DependentSettings(("cognito", "cloudfront"), tag="team=web"), {}, "dependents_tag"),
        (WITH_ALL, {"AWSAccountId": "999999999999"}, "another account"),
        (WITH_ALL, {"UserPoolId": None}, "which user pool"),
    ],
)
def test_why_a_domain_must_keep_its_certificate(
    imported: Import,
    aws: EmbeddedAws,
    settings: DependentSettings,
    change: dict[str, Any],
    words: str,
) -> None:
    old = imported()
    fake.user_pool(aws, REGION, old).domain.update(change)
    found = the_one(make_consumer(client, REGION, settings), old, aws)
    assert words in (found.unmovable or "")


def test_who_owns_the_user_pool_owns_the_domain(
    service: UserPoolDomains, imported: Import, aws: EmbeddedAws
) -> None:
    old = imported()
    pool = fake.user_pool(aws, REGION, old)
    pool.tags = {"aws:cloudformation:stack-name": "login"}
    assert the_one(service, old, aws).drifts == "login"
    pool.tags = {"services.k8s.aws/namespace": "login"}
    assert "(ACK) would put the old one back" in (the_one(service, old, aws).unmovable or "")
    with answering(aws, "ListTagsForResource", "ResourceNotFoundException"):
        assert "its tags are not found" in (the_one(service, old, aws).unmovable or "")


# What is moved


def test_everything_that_was_read_is_sent_back_with_the_new_certificate(
    service: UserPoolDomains, imported: Import, aws: EmbeddedAws
) -> None:
    old, new = imported(), imported()
    pool = fake.user_pool(aws, REGION, old, Routing=FAILOVER)
    found, before = the_one(service, old, aws), pool.domain
    for _ in range(2):
        service.move(found, new)
    assert presented(pool) == new
    for each in ("ManagedLoginVersion", "Routing"):
        assert pool.domain[each] == before[each]
    assert pool.domain["CustomDomainConfig"]["SecurityPolicy"] == "TLS_V1_3_2025"
    assert not service.still_presents(found)
    assert len(aws.calls_of("cognito-idp", UPDATE)) == 1


@pytest.mark.parametrize(
    "path", [("DomainDescription", "Passkeys"), ("DomainDescription", "CustomDomainConfig", "Hsts")]
)
def test_a_setting_that_botocore_does_not_know_keeps_the_domain_as_it_is(
    service: UserPoolDomains, imported: Import, aws: EmbeddedAws, path: tuple[str, ...]
) -> None:
    old = imported()
    pool = fake.user_pool(aws, REGION, old)
    found = the_one(service, old, aws)
    events = client("cognito-idp", REGION).meta.events
    event = f"before-parse.cognito-identity-provider.{READ}"

    def add(*, response_dict: dict[str, Any], **_: Any) -> None:
        body = json.loads(response_dict["body"])
        part = body
        for each in path[:-1]:
            part = part.get(each, {})
        part[path[-1]] = {"Enabled": True}
        response_dict["body"] = json.dumps(body).encode()

    events.register_first(event, add)
    try:
        with raising(errors.DependentRefused, path[-1], "would erase it"):
            service.move(found, imported())
        assert path[-1] in (the_one(service, old, aws).unmovable or "")
    finally:
        events.unregister(event, add)
    assert presented(pool) == old


@pytest.mark.parametrize("status", ["UPDATING", "CREATING", "DELETING", "RESTING", None])
def test_a_domain_that_is_being_changed_is_busy_whatever_its_status_is_called(
    service: UserPoolDomains, imported: Import, aws: EmbeddedAws, status: str | None
) -> None:
    old = imported()
    pool = fake.user_pool(aws, REGION, old)
    found = the_one(service, old, aws)
    pool.domain["Status"] = status
    for act in (lambda: service.move(found, MISSING), lambda: service.still_presents(found)):
        with raising(errors.DependentBusy, found.arn):
            act()
    assert not aws.calls_of("cognito-idp", UPDATE)


def test_a_failed_domain_is_updated_and_a_finished_update_reads_as_moved(
    service: UserPoolDomains, imported: Import, aws: EmbeddedAws
) -> None:
    old, new = imported(), imported()
    pool = fake.user_pool(aws, REGION, old, Status="FAILED")
    found = the_one(service, old, aws)
    assert service.still_presents(found)
    aws.behaviour.deployments = "when_told"
    service.move(found, new)
    assert pool.domain["Status"] == "UPDATING"
    assert not service.still_presents(found)
    service.move(found, new)
    assert len(aws.calls_of("cognito-idp", UPDATE)) == 1


def test_what_somebody_changes_meanwhile_stays(
    service: UserPoolDomains, imported: Import, aws: EmbeddedAws
) -> None:
    old, somebodys = imported(), imported()
    pool = fake.user_pool(aws, REGION, old)
    found = the_one(service, old, aws)
    pool.domain["CustomDomainConfig"]["CertificateArn"] = somebodys
    service.move(found, imported())
    assert presented(pool) == somebodys
    with once(aws, READ, aws.user_pools().clear):
        service.move(found, imported())
    assert not service.still_presents(found)


def test_a_known_domain_that_cannot_be_read_is_not_taken_for_gone(
    service: UserPoolDomains, imported: Import, aws: EmbeddedAws
) -> None:
    """Only for a name of a certificate is "invalid parameter" the answer to an odd name."""
    old = imported()
    pool = fake.user_pool(aws, REGION, old)
    found = the_one(service, old, aws)
    with answering(aws, READ, "InvalidParameterException"):
        for act in (lambda: service.move(found, MISSING), lambda: service.still_presents(found)):
            with raising(errors.DependentRefused, NAME):
                act()
        assert service.claim(old, aws.in_use_by(old)).dependents == ()
    assert presented(pool) == old


def test_one_that_goes_just_before_its_update_needs_none(
    service: UserPoolDomains, imported: Import, aws: EmbeddedAws
) -> None:
    old = imported()
    fake.user_pool(aws, REGION, old)
    found = the_one(service, old, aws)
    with once(aws, UPDATE, aws.user_pools().clear):
        service.move(found, imported())


def test_a_fresh_import_that_is_not_seen_yet_is_waited_for(
    service: UserPoolDomains, imported: Import, aws: EmbeddedAws
) -> None:
    old = imported()
    pool = fake.user_pool(aws, REGION, old)
    found = the_one(service, old, aws)
    with raising(errors.NotSeenYet, found.arn):
        service.move(found, MISSING)
    assert presented(pool) == old
    assert service.still_presents(found)


@pytest.mark.parametrize(
    ("code", "words", "kind"),
    [
        ("ConcurrentModificationException", "", errors.DependentBusy),
        ("TooManyRequestsException", "", errors.Throttled),
        ("ResourceNotFoundException", "", errors.Vanished),
        ("NotAuthorizedException", "", errors.AccessDenied),
        ("AccessDeniedException", "", errors.AccessDenied),
        ("InvalidParameterException", "Invalid domain", errors.DependentRefused),
        ("OperationNotEnabledException", "", errors.DependentRefused),
        ("FeatureUnavailableInTierException", "", errors.DependentRefused),
    ],
)
def test_an_error_code_means_what_the_api_reference_says(
    code: str, words: str, kind: type[Any]
) -> None:
    assert type(failure(code, words, "a call", MEANINGS)) is kind


# Through the functions


@pytest.fixture
def shop(estate: Estate, authorities: Authorities) -> tuple[str, UserPool]:
    """A copy on RSA in CloudFront's Region, a domain elsewhere, and new EC material."""
    issue = authorities.public.issue
    rsa = issue(NAME, key=shared_key("rsa2048"))
    estate.secret("shop", rsa, {tags.REGIONS: EDGE})
    estate.run()
    (old,) = estate.certificates(EDGE)
    pool = fake.user_pool(estate.aws, REGION, old)
    estate.renew("shop", issue(NAME))
    return old, pool


def test_a_replacement_moves_a_domain_of_another_region(
    estate: Estate, shop: tuple[str, UserPool]
) -> None:
    old, pool = shop
    run = estate.run()
    (new,) = set(estate.certificates(EDGE)) - {old}
    assert run.rotation(SHOP)["status"] == "done"
    assert presented(pool) == new
    assert estate.tags(old)[tags.SUPERSEDED_BY] == new


def test_a_denied_update_leaves_the_domain_and_keeps_the_old_copy(
    estate: Estate, shop: tuple[str, UserPool]
) -> None:
    old, pool = shop
    estate.aws.behaviour.denied.add(("cognito-idp", UPDATE, None))
    run = estate.run()
    assert run.rotation(SHOP)["status"] != "done"
    assert presented(pool) == old
    assert tags.SUPERSEDED_BY not in estate.tags(old)


# What the gate of the end-to-end run makes of its calls


def test_the_gate_asks_for_the_user_pool_by_its_arn() -> None:
    pool = f"arn:aws:cognito-idp:{REGION}:{ACCOUNT}:userpool/eu-west-1_a"
    named = {"UserPoolId": "eu-west-1_a"}
    config = {"CustomDomainConfig": {"CertificateArn": MISSING}}
    assert asked("update_user_pool_domain", Domain=NAME, **named, **config) == [
        Ask(action="cognito-idp:UpdateUserPoolDomain", resource=pool, tagged=pool),
        Ask(action="cloudfront:UpdateDistribution"),
    ]
    assert asked("describe_user_pool", **named) == [
        Ask(action="cognito-idp:DescribeUserPool", resource=pool, tagged=pool)
    ]
    assert asked("list_tags_for_resource", ResourceArn=pool)[0].resource == pool
    for each in (
        asked("describe_user_pool_domain", Domain=NAME),
        asked("list_user_pools", MaxResults=60),
    ):
        assert each[0].resource == "*"


def asked(operation: str, **parameters: Any) -> list[Ask]:
    request, _ = call("cognito-idp", operation, Answer.of_text(500, ""), **parameters)
    return asks(request, Caller.of(request.headers["Authorization"]))
