"""Custom domain names of API Gateway, from the secret to what they present."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from certrotation.names import tags
from tests.double import apigateway as fake
from tests.simulation.estate import HOME, PREFIX, client
from tests.simulation.faults import FaultInjector
from tests.support.authority import shared_key

if TYPE_CHECKING:
    from collections.abc import Sequence

    import time_machine

    from tests.simulation.estate import Estate
    from tests.support.authorities import Authorities

pytestmark = pytest.mark.slow

US = "us-east-1"
SHOP = PREFIX + "shop"
NAME = "shop.example.com"
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
LASTING = timedelta(days=200)


def copy_of(
    estate: Estate, authorities: Authorities, region: str = US, names: Sequence[str] = (NAME,)
) -> str:
    """Let the service import RSA material for the secret shop; returns the first copy's ARN."""
    rsa = authorities.public.issue(*names, key=shared_key("rsa2048"), lifetime=LASTING)
    estate.secret("shop", rsa, {tags.REGIONS: region})
    estate.run()
    (old,) = estate.certificates(region.split(maxsplit=1)[0])
    return old


def domain(certificate: str, region: str = US, name: str = NAME, **more: Any) -> str:
    """Make a domain name that presents a certificate; regional unless `types` says otherwise."""
    types = more.pop("types", "REGIONAL")
    member = "regionalCertificateArn" if types == "REGIONAL" else "certificateArn"
    made = client("apigateway", region).create_domain_name(
        domainName=name, endpointConfiguration={"types": [types]}, **{member: certificate}, **more
    )
    identifier = made.get("domainNameId")
    owner, suffix = ("123456789012", f"+{identifier}") if identifier else ("", "")
    return f"arn:aws:apigateway:{region}:{owner}:/domainnames/{name}{suffix}"


def presented(arn: str) -> str:
    (found,) = fake.presented(client, arn)
    return found


def change_key(estate: Estate, authorities: Authorities, *names: str) -> None:
    """Put EC material into the secret: its copies get new ARNs."""
    estate.renew("shop", authorities.public.issue(*(names or (NAME,)), lifetime=LASTING))


def updates(estate: Estate) -> list[str | None]:
    return [each.error for each in estate.aws.calls_of("apigateway", "UpdateDomainName")]


@pytest.mark.parametrize("types", ["REGIONAL", "EDGE", "PRIVATE"])
@pytest.mark.parametrize("shows_new", [True, False], ids=["shows new", "shows old"])
def test_a_domain_name_is_moved_whatever_it_shows_while_it_is_updated(
    estate: Estate, authorities: Authorities, *, types: str, shows_new: bool
) -> None:
    """An edge-optimized one is in another Region than its certificate."""
    old = copy_of(estate, authorities)
    arn = domain(old, HOME if types == "EDGE" else US, types=types)
    estate.aws.api_gateway.rules.updates = "when_told"
    estate.aws.api_gateway.rules.shows_new_certificate = shows_new
    change_key(estate, authorities)

    first = estate.run().rotation(SHOP)["status"]
    estate.aws.api_gateway.finish_updates()
    second = estate.rotate("shop").rotation(SHOP)

    assert (first, second["status"]) == ("done" if shows_new else "waiting", "done")
    (new,) = set(estate.certificates(US)) - {old}
    assert presented(arn) == new
    assert estate.tags(old)[tags.SUPERSEDED_BY] == new
    assert updates(estate) == [None]


def test_a_user_that_acm_still_names_after_the_move_is_waited_for_and_not_refused(
    estate: Estate, authorities: Authorities
) -> None:
    """Nobody can ask AWS's load balancers whether they still use the old copy."""
    old = copy_of(estate, authorities)
    domain(old)
    estate.aws.api_gateway.rules.updates = "when_told"
    estate.aws.api_gateway.rules.shows_new_certificate = False
    change_key(estate, authorities)
    estate.run()

    with estate.aws.stale("in_use_by"):
        estate.aws.api_gateway.finish_updates()
        outcome = estate.rotate("shop").rotation(SHOP)

    assert outcome["status"] == "waiting"
    assert outcome["regions"][0]["waiting_for"] == [
        f"{old}: ACM may name what has left it for a while"
    ]
    assert tags.SUPERSEDED_BY not in estate.tags(old)
    assert estate.rotate("shop").rotation(SHOP)["status"] == "done"
    assert tags.SUPERSEDED_BY in estate.tags(old)


def test_a_domain_name_that_is_updating_is_waited_for(
    estate: Estate, authorities: Authorities
) -> None:
    old = copy_of(estate, authorities)
    arn = domain(old)
    estate.aws.api_gateway.domains[US, NAME].shown["domainNameStatus"] = "UPDATING"
    change_key(estate, authorities)

    (region,) = estate.run().rotation(SHOP)["regions"]
    assert region["status"] == "waiting"
    assert region["waiting_for"] == [f"API Gateway regional domain {arn}: {arn} is busy: UPDATING."]

    estate.aws.api_gateway.domains[US, NAME].shown["domainNameStatus"] = "AVAILABLE"
    assert estate.rotate("shop").rotation(SHOP)["status"] == "done"


@pytest.mark.parametrize("types", ["REGIONAL", "EDGE"])
def test_a_denied_change_strands_it_and_keeps_the_old_copy(
    estate: Estate, authorities: Authorities, types: str
) -> None:
    old = copy_of(estate, authorities)
    arn = domain(old, types=types)
    estate.aws.behaviour.denied.add(("apigateway", "UpdateDomainName", None))
    change_key(estate, authorities)

    (region,) = estate.run().rotation(SHOP)["regions"]
    assert region["status"] == "stranded"
    assert "apigateway:PATCH" in region["stranded"][0]
    assert presented(arn) == old
    assert tags.SUPERSEDED_BY not in estate.tags(old)


def test_what_api_gateway_refuses_is_a_refusal_in_its_words(
    estate: Estate, authorities: Authorities
) -> None:
    """Its documents contradict each other on key types, so nothing is refused beforehand."""
    arn = domain(copy_of(estate, authorities))
    estate.aws.api_gateway.rules.refuses = "The certificate's key type is not supported."
    change_key(estate, authorities)

    outcome = estate.run().rotation(SHOP)

    assert outcome["status"] == "stranded"
    assert "The certificate's key type is not supported" in outcome["regions"][0]["stranded"][0]
    assert arn in outcome["regions"][0]["stranded"][0]


def test_one_whose_name_the_material_does_not_cover_is_refused_before_anything_is_imported(
    estate: Estate, authorities: Authorities
) -> None:
    old = copy_of(estate, authorities, names=(NAME, "api.example.com"))
    domain(old, name="api.example.com")
    change_key(estate, authorities, NAME)
    version = client("secretsmanager", HOME).describe_secret(SecretId=SHOP)["VersionIdsToStages"]
    (current,) = (each for each, stages in version.items() if "AWSCURRENT" in stages)
    estate.tag_secret("shop", accept=f"NAMES_LOST@{current}")

    run = estate.run()

    assert "DEPENDENT_NAME_UNCOVERED" in run.codes(SHOP)
    assert estate.certificates(US) == [old]


# Users that nobody explains


def test_what_no_domain_name_explains_is_refused_and_says_what_was_looked_for_and_where(
    estate: Estate, authorities: Authorities
) -> None:
    old = copy_of(estate, authorities)
    arn = domain(old, "ap-south-1", types="EDGE")  # no consumer Region
    change_key(estate, authorities)

    (region,) = estate.run().rotation(SHOP)["regions"]

    (found,) = [each for each in region["findings"] if each["code"] == "DEPENDENT_UNMOVABLE"]
    assert "216431265614:distribution/" in found["found"]
    assert "API Gateway edge-optimized domain in eu-west-1" in found["found"]
    assert "API Gateway edge-optimized domain in us-east-1" in found["found"]
    assert presented(arn) == old
    assert estate.certificates(US) == [old]

    estate.environment["CERTROTATION_CONSUMER_REGIONS"] = "ap-south-1"
    assert estate.rotate("shop").rotation(SHOP)["status"] == "done"
    assert presented(arn) != old


@pytest.mark.parametrize("explained", [True, False])
def test_a_region_that_cannot_be_asked_matters_only_if_no_other_explains_the_user(
    estate: Estate, authorities: Authorities, *, explained: bool
) -> None:
    old = copy_of(estate, authorities)
    domain(old, US if explained else HOME, types="EDGE")
    estate.aws.behaviour.denied.add(("apigateway", "GetDomainNames", HOME))
    change_key(estate, authorities)

    run = estate.run()

    assert run.rotation(SHOP)["status"] == ("done" if explained else "refused")
    if not explained:
        (region,) = run.rotation(SHOP)["regions"]
        told = " ".join(each["found"] for each in region["findings"])
        assert "in eu-west-1 (ACCESS_DENIED: apigateway:GET" in told


def test_an_edge_optimized_one_keeps_its_arn_where_rotate_may_change_only_tagged_distributions(
    estate: Estate, authorities: Authorities
) -> None:
    old = copy_of(estate, authorities)
    arn = domain(old, types="EDGE")
    estate.environment["CERTROTATION_DEPENDENTS_TAG"] = "team=web"
    change_key(estate, authorities)

    run = estate.run()

    assert "DEPENDENT_UNMOVABLE" in run.codes(SHOP)
    assert presented(arn) == old


# What it costs


def test_a_renewal_in_place_costs_the_same_with_every_kind_attached(
    estate: Estate, authorities: Authorities
) -> None:
    old = copy_of(estate, authorities)
    costs = []
    for attach in (False, True):
        if attach:
            domain(old)
            domain(old, HOME, types="EDGE")
            estate.listener("web", US, old)
            estate.distribution(old, NAME)
        rsa = authorities.public.issue(NAME, key=shared_key("rsa2048"), lifetime=LASTING)
        estate.renew("shop", rsa)
        estate.aws.calls.clear()
        assert estate.run().rotation(SHOP)["status"] == "done"
        # Regions are asked at the same time, so in any order.
        costs.append(sorted(f"{each.service} {each.operation}" for each in estate.aws.calls))

    assert costs[0] == costs[1]


# The quota of updates


@pytest.mark.slow
def test_thirty_domain_names_of_one_account_are_moved_one_after_the_other_and_no_worker_sleeps(
    estate: Estate, authorities: Authorities, clock: time_machine.Traveller
) -> None:
    """One update in 30 seconds. A message that must wait comes back five minutes later."""
    names = [f"n{number}.example.com" for number in range(30)]
    old = copy_of(estate, authorities, names=names)
    domains = [domain(old, name=name) for name in names]
    change_key(estate, authorities, *names)

    statuses = [estate.run().rotation(SHOP)["status"]]
    rounds = 0
    while statuses[-1] != "done":
        before = clock.shift  # the clock stands still unless this story shifts it
        before(5 * MINUTE)
        rounds += 1
        run = estate.run() if rounds % 12 == 0 else estate.drain()
        if run.rotations:
            statuses.append(run.rotation(SHOP)["status"])
        assert rounds < 60, statuses

    assert set(statuses) == {"waiting", "done"}
    assert old not in {presented(each) for each in domains}
    assert updates(estate).count(None) == 30
    assert set(updates(estate)) == {None, "TooManyRequestsException"}


@pytest.mark.slow
def test_those_that_wait_for_their_turn_are_not_stranded_while_others_move(
    estate: Estate, authorities: Authorities, clock: time_machine.Traveller
) -> None:
    """In each round, API Gateway takes one update of the account: the canary Region has three."""
    names = [f"n{number}.example.com" for number in range(3)]
    first = copy_of(estate, authorities, f"{US} {HOME}", names)
    (second,) = estate.certificates(HOME)
    domains = [domain(first, name=name) for name in names]
    domains.append(domain(second, HOME, names[0]))
    change_key(estate, authorities, *names)

    statuses = []
    for _ in domains:
        statuses.append(estate.run().rotation(SHOP)["status"])
        clock.shift(5 * HOUR)

    assert statuses == ["waiting", "waiting", "waiting", "done"]
    assert not {presented(each) for each in domains} & {first, second}


@pytest.mark.slow
def test_those_that_wait_while_nothing_moves_are_stranded_after_six_hours(
    estate: Estate, authorities: Authorities, clock: time_machine.Traveller
) -> None:
    names = [f"n{number}.example.com" for number in range(2)]
    old = copy_of(estate, authorities, names=names)
    domains = [domain(old, name=name) for name in names]
    change_key(estate, authorities, *names)
    estate.run()

    with FaultInjector(estate.aws).used_up("UpdateDomainName"):
        for status in ("waiting", "stranded"):
            clock.shift(3 * HOUR)
            assert estate.run().rotation(SHOP)["status"] == status

    assert [presented(each) == old for each in domains].count(True) == 1


# Mutual TLS


def with_mutual_tls(estate: Estate, certificate: str, *proof: str, authority: Any) -> str:
    """Make a domain name with mutual TLS, with an ownership certificate of these names."""
    return domain(
        certificate,
        mutualTlsAuthentication={"truststoreUri": "s3://trust/store.pem"},
        ownershipVerificationCertificateArn=estate.certificate(
            authority.issue(*proof, lifetime=LASTING), US, {tags.IGNORE: ""}
        ),
    )


def test_a_reimport_with_another_issuer_is_warned_of_and_stays_due_while_it_is_not_taken(
    estate: Estate, authorities: Authorities
) -> None:
    public = authorities.public
    old = copy_of(estate, authorities)
    arn = with_mutual_tls(estate, old, NAME, authority=public)
    key = shared_key("rsa2048")
    other = authorities.public_root.intermediate("Another CA").issue(
        NAME, key=key, lifetime=LASTING
    )
    estate.renew("shop", other)

    for _ in range(2):
        run = estate.run()
        (region,) = run.rotation(SHOP)["regions"]
        assert region["status"] == "stranded", "and is still due"
        assert f"{arn}: it does not take what was reimported: PENDING" in region["stranded"][0]
    assert estate.presents(old) == other.certificate
    assert estate.tags(old)[tags.VERSION] != ""

    estate.renew("shop", public.issue(NAME, key=key, lifetime=LASTING))
    assert estate.run().rotation(SHOP)["status"] == "done"
    assert estate.scan().scans[-1]["queued"] == []


def test_where_api_gateway_takes_another_issuer_the_renewal_is_done_with_the_warning(
    estate: Estate, authorities: Authorities
) -> None:
    estate.aws.api_gateway.rules.keeps_issuer = False
    with_mutual_tls(estate, copy_of(estate, authorities), NAME, authority=authorities.public)
    other = authorities.public_root.intermediate("Another CA")
    estate.renew("shop", other.issue(NAME, key=shared_key("rsa2048"), lifetime=LASTING))

    run = estate.run()

    assert run.rotation(SHOP)["status"] == "done"
    assert "DEPENDENT_ISSUER_CHANGED" in run.codes(SHOP)


def test_a_name_that_the_ownership_certificate_lacks_is_refused_before_the_reimport(
    estate: Estate, authorities: Authorities
) -> None:
    old = copy_of(estate, authorities)
    with_mutual_tls(estate, old, NAME, authority=authorities.public)
    before = estate.presents(old)
    names = (NAME, "new.example.com")
    key = shared_key("rsa2048")
    estate.renew("shop", authorities.public.issue(*names, key=key, lifetime=LASTING))

    run = estate.run()

    assert "DEPENDENT_NAME_UNCOVERED" in run.codes(SHOP)
    assert estate.presents(old) == before
