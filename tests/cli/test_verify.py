"""`certrotation verify`: what endpoints serve, against what ACM holds; the servers are real."""

from __future__ import annotations

import socket
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal
from unittest.mock import patch

import pytest

from certrotation.cli.exit_codes import ExitCode
from certrotation.cli.verifying import probe
from certrotation.cli.verifying.verdicts import MADE_UP
from tests.cli.running import Ran, run, settings_of
from tests.cli.tls import TlsServer, tls_server
from tests.double import cognito
from tests.simulation.estate import HOME, PREFIX, client

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.simulation.estate import Estate
    from tests.support.authorities import Authorities
    from tests.support.authority import Issued

pytestmark = pytest.mark.slow

SHOP = f"{PREFIX}shop"


@pytest.fixture
def server() -> Iterator[TlsServer]:
    with tls_server() as found:
        yield found


@contextmanager
def reached_at(*servers: TlsServer, hosts: list[str] | None = None) -> Iterator[None]:
    """The names that AWS gives lead to these servers, in the order in which they are asked."""
    by_host: dict[str, TlsServer] = {}

    def connect(host: str, _port: int, *, may_be_internal: bool) -> socket.socket:
        del may_be_internal
        if hosts is not None:
            hosts.append(host)
        chosen = by_host.setdefault(host, servers[min(len(by_host), len(servers) - 1)])
        return socket.create_connection(("127.0.0.1", chosen.port), timeout=5)

    with patch.object(probe, "connect", connect):
        yield


def verify(estate: Estate, *arguments: str, **variables: str) -> Ran:
    return run("verify", *arguments, **{**settings_of(estate), **variables})


def live(estate: Estate, name: str, issued: Issued, region: str = HOME) -> str:
    """Have a secret's material live in one Region, and return the certificate's ARN."""
    estate.secret(name, issued, {"certrotation:regions": region})
    before = set(estate.certificates(region))
    estate.rotate(name)
    (arn,) = set(estate.certificates(region)) - before
    return arn


def verdicts_of(ran: Ran) -> list[tuple[str | None, str]]:
    return [(each["name"], each["verdict"]) for each in ran.document["answers"]]


@contextmanager
def imported_long_ago(estate: Estate) -> Iterator[None]:
    """ACM's list says that everything was imported two days ago."""

    def backdate(_client: object, _call: object, answer: Any) -> None:
        for each in answer.get("CertificateSummaryList", ()):
            each["ImportedAt"] = datetime.now(UTC) - timedelta(days=2)

    with estate.aws.changing(backdate):
        yield


def test_what_acm_holds_is_served_with_and_without_a_name(
    estate: Estate, authorities: Authorities, server: TlsServer
) -> None:
    issued = authorities.public.issue("shop.example.com", "*.shop.example.com")
    estate.listener("web", HOME, live(estate, "shop", issued))
    server.serve(issued)
    hosts: list[str] = []

    with reached_at(server, hosts=hosts):
        ran = verify(estate, "--json")

    assert ran.code is ExitCode.DONE
    made_up = f"{MADE_UP}.shop.example.com"
    assert verdicts_of(ran) == [(None, "same"), (made_up, "same"), ("shop.example.com", "same")]
    assert server.handshakes == [None, made_up, "shop.example.com"]
    assert all(each.endswith(".amazonaws.com") for each in hosts), "a user's name was resolved"
    assert ran.document["verdicts"] == {"same": 3}


def test_a_stale_server_is_within_its_grace_and_then_late(
    estate: Estate, authorities: Authorities, server: TlsServer
) -> None:
    before = authorities.public.issue("shop.example.com")
    arn = live(estate, "shop", before)
    estate.listener("web", HOME, arn)
    server.serve(before)
    renewed = authorities.public.issue("shop.example.com", lifetime=timedelta(days=100))
    estate.renew("shop", renewed)
    estate.rotate("shop")

    with reached_at(server):
        just_now = verify(estate)
        with imported_long_ago(estate):
            late = verify(estate, "--json")
        server.serve(renewed)
        swapped = verify(estate, "shop")

    assert just_now.code is ExitCode.DONE
    assert "older" in just_now.out
    assert "it may be served for 14 more minutes" in just_now.out
    assert (late.code, late.document["verdicts"]) == (ExitCode.FINDING, {"late": 2})
    assert (swapped.code, swapped.out) == (
        ExitCode.DONE, "1 endpoints, 2 handshakes: 2 same.\n",
    )  # fmt: skip


def test_both_key_types_of_a_listener_are_seen(
    estate: Estate, authorities: Authorities, server: TlsServer
) -> None:
    """Clients of either kind; the server holds both, and the RSA one is stale."""
    elliptic = authorities.public.issue("shop.example.com")
    rsa = authorities.public.issue("shop.example.com", key="rsa2048")
    stale = authorities.public.issue("shop.example.com", key="rsa2048")
    arn = live(estate, "shop", elliptic)
    estate.listener("web", HOME, arn, [live(estate, "shop-rsa", rsa)])
    server.serve(elliptic, stale)

    with reached_at(server), imported_long_ago(estate):
        ran = verify(estate, "--json")

    assert [(each["secret"], each["verdict"]) for each in ran.document["answers"]] == [
        (f"{PREFIX}shop-rsa", "late"),
        (SHOP, "same"),
        (SHOP, "same"),
    ]


def test_another_certificate_of_the_listener_that_covers_the_name_is_as_good(
    estate: Estate, authorities: Authorities, server: TlsServer
) -> None:
    own = authorities.public.issue("shop.example.com")
    wild = authorities.public.issue("*.example.com")
    shadow = estate.certificate(wild, HOME)
    estate.listener("web", HOME, shadow, [live(estate, "shop", own)])
    server.serve(wild)

    with reached_at(server):
        ran = verify(estate, "--json")

    (answer,) = ran.document["answers"]
    assert (ran.code, answer["verdict"]) == (ExitCode.DONE, "same")
    assert answer["because"] == f"shadowed by {shadow}, which covers the name too"


def test_a_server_that_ignores_the_name_serves_something_else(
    estate: Estate, authorities: Authorities, server: TlsServer
) -> None:
    first, second = (authorities.public.issue(f"{each}.example.com") for each in ("a", "b"))
    default = live(estate, "a", first)
    estate.listener("web", HOME, default, [live(estate, "b", second)])
    server.serve(first)

    with reached_at(server):
        ran = verify(estate, "--json")

    assert ran.code is ExitCode.FINDING
    assert verdicts_of(ran) == [
        ("b.example.com", "other"), (None, "same"), ("a.example.com", "same"),
    ]  # fmt: skip
    assert ran.document["answers"][0]["because"] == f"{default} is served instead"


def test_a_server_with_tls_1_3_alone_is_asked_with_it(
    estate: Estate, authorities: Authorities, server: TlsServer
) -> None:
    issued = authorities.public.issue("shop.example.com")
    estate.listener("web", HOME, live(estate, "shop", issued))
    server.serve(issued, only_tls13=True)

    with reached_at(server):
        assert verify(estate, "--json").document["verdicts"] == {"same": 2}


def test_an_endpoint_that_says_nothing_is_asked_once_and_the_others_go_on(
    estate: Estate, authorities: Authorities, server: TlsServer
) -> None:
    issued = authorities.public.issue("shop.example.com", "www.example.com")
    arn = live(estate, "shop", issued)
    estate.listener("silent", HOME, arn)
    estate.listener("web", HOME, arn)
    server.serve(issued)
    hosts: list[str] = []

    with (
        tls_server() as silent,
        reached_at(silent, server, hosts=hosts),
        patch.object(probe, "SECONDS", 0.2),
        patch.object(probe, "WORKERS", 1),
    ):
        ran = verify(estate, "--json")

    assert ran.code is ExitCode.DONE
    assert ran.document["verdicts"] == {"same": 3, "unreachable": 3}
    assert [hosts.count(each) for each in dict.fromkeys(hosts)] == [1, 3]
    assert ran.document["answers"][0]["because"] == "no handshake within 0 seconds"


def test_internal_load_balancers_are_asked_only_if_somebody_wants_that(
    estate: Estate, authorities: Authorities, server: TlsServer
) -> None:
    issued = authorities.public.issue("shop.example.com")
    estate.listener("web", HOME, live(estate, "shop", issued))
    server.serve(issued)

    def internal(_client: object, call: Any, answer: Any) -> None:
        if call.operation == "DescribeLoadBalancers":
            for each in answer["LoadBalancers"]:
                each["Scheme"] = "internal"

    with estate.aws.changing(internal), reached_at(server):
        without, asked = verify(estate), verify(estate, "--internal")

    assert "1 internal endpoints were not asked" in without.err
    assert "0 endpoints, 0 handshakes" in without.out
    assert "2 same" in asked.out


def test_a_name_of_aws_that_leads_inside_is_not_connected_to() -> None:
    with pytest.raises(probe.NoAnswerError, match="internal addresses only"):
        probe.connect("localhost", 443, may_be_internal=False)
    with tls_server() as server:
        probe.connect("localhost", server.port, may_be_internal=True).close()


def test_a_distribution_is_asked_for_its_aliases_alone(
    estate: Estate, authorities: Authorities, server: TlsServer
) -> None:
    issued = authorities.public.issue("*.example.com")
    arn = live(estate, "shop", issued, "us-east-1")
    estate.distribution(arn, "shop.example.com")
    server.serve(issued)
    hosts: list[str] = []

    with reached_at(server, hosts=hosts):
        ran = verify(estate, "--json")

    assert verdicts_of(ran) == [("shop.example.com", "same")]
    assert all(each.endswith(".cloudfront.net") for each in hosts)


def test_a_classic_load_balancer_is_asked_without_a_name(
    estate: Estate, authorities: Authorities, server: TlsServer
) -> None:
    issued = authorities.public.issue("shop.example.com")
    arn = live(estate, "shop", issued)
    client("elb", HOME).create_load_balancer(
        LoadBalancerName="old",
        AvailabilityZones=["eu-west-1a"],
        Listeners=[
            {
                "Protocol": "HTTPS",
                "LoadBalancerPort": 443,
                "InstancePort": 80,
                "SSLCertificateId": arn,
            }
        ],
    )
    server.serve(issued)

    with reached_at(server):
        ran = verify(estate, "--json")

    assert verdicts_of(ran) == [(None, "same")]
    assert ran.document["answers"][0]["resource"].endswith("loadbalancer/old:443")


def test_a_user_pool_domain_is_asked_at_the_distribution_that_cognito_names(
    estate: Estate, authorities: Authorities, server: TlsServer
) -> None:
    """ACM names a distribution of AWS's own account; its user pool is in any consumer Region."""
    issued = authorities.public.issue("auth.example.com")
    arn = live(estate, "auth", issued, "us-east-1")
    cognito.user_pool(estate.aws, HOME, arn, CloudFrontDistribution="d222.cloudfront.net")
    server.serve(authorities.public.issue("auth.example.com"))
    hosts: list[str] = []

    with reached_at(server, hosts=hosts), imported_long_ago(estate):
        late = verify(estate, "--json")
        server.serve(issued)
        same = verify(estate, "--json")

    (answer,) = late.document["answers"]
    assert (late.code, answer["verdict"]) == (ExitCode.FINDING, "late")
    assert answer["kind"] == "Cognito user pool domain"
    assert verdicts_of(same) == [("auth.example.com", "same")]
    assert set(hosts) == {"d222.cloudfront.net"}
    assert same.document["passed_over"] == {}


def test_a_user_pool_domain_without_a_known_distribution_is_named(
    estate: Estate, authorities: Authorities
) -> None:
    issued = authorities.public.issue("auth.example.com")
    arn = live(estate, "auth", issued, "us-east-1")
    pool = cognito.user_pool(estate.aws, HOME, arn)
    del pool.domain["CloudFrontDistribution"]

    ran = verify(estate)

    assert ran.code is ExitCode.DONE
    assert "Cognito does not name its distribution" in ran.err


@pytest.mark.parametrize(
    ("kind", "region", "member", "host"),
    [
        ("REGIONAL", HOME, "regionalCertificateArn", f"d-1.execute-api.{HOME}.amazonaws.com"),
        ("EDGE", "us-east-1", "certificateArn", "d111.cloudfront.net"),
    ],
)
def test_custom_domains_of_api_gateway_are_asked_where_it_says(
    *, estate: Estate, authorities: Authorities, server: TlsServer,
    kind: str, region: str, member: str, host: str,
) -> None:  # fmt: skip
    issued = authorities.public.issue("*.example.com")
    arn = live(estate, "api", issued, region)
    client("apigateway", HOME).create_domain_name(
        domainName="api.example.com", endpointConfiguration={"types": [kind]}, **{member: arn}
    )
    server.serve(issued)
    hosts: list[str] = []

    with reached_at(server, hosts=hosts):
        ran = verify(estate, "--json")

    assert verdicts_of(ran) == [("api.example.com", "same")]
    assert set(hosts) == {host}


@pytest.mark.parametrize("named_by", ["balancer", "domain"])
def test_a_private_domain_name_is_not_asked_and_the_reason_is_one_line(
    estate: Estate, authorities: Authorities, named_by: Literal["balancer", "domain"]
) -> None:
    issued = authorities.public.issue("api.example.com")
    arn = live(estate, "api", issued)
    estate.aws.api_gateway.rules.names_private_by = named_by
    client("apigateway", HOME).create_domain_name(
        domainName="api.example.com",
        endpointConfiguration={"types": ["PRIVATE"]},
        certificateArn=arn,
    )

    ran = verify(estate)

    assert ran.code is ExitCode.DONE
    (line,) = [each for each in ran.err.splitlines() if "domainnames" in each]
    assert "answers only inside VPCs" in line
    assert "0 endpoints, 0 handshakes" in ran.out


def test_the_name_that_dns_knows_is_used_only_on_request(
    estate: Estate, authorities: Authorities, server: TlsServer
) -> None:
    issued = authorities.public.issue("shop.example.com")
    estate.listener("web", HOME, live(estate, "shop", issued))
    server.serve(issued)
    hosts: list[str] = []

    with reached_at(server, hosts=hosts):
        verify(estate, "--by-name")

    assert "shop.example.com" in hosts


def test_a_strangers_certificate_is_other_and_its_words_are_harmless(
    estate: Estate, authorities: Authorities, server: TlsServer
) -> None:
    estate.listener("web", HOME, live(estate, "shop", authorities.public.issue("a.example.com")))
    server.serve(authorities.public.issue("evil.example.net", common_name="a\x1b[2J\nb"))

    with reached_at(server):
        ran = verify(estate)

    assert ran.code is ExitCode.FINDING
    assert "a certificate for evil.example.net" in ran.out
    assert "\x1b" not in ran.out


def test_a_user_that_cannot_be_read_is_passed_over_and_named(
    estate: Estate, authorities: Authorities
) -> None:
    estate.listener("web", HOME, live(estate, "shop", authorities.public.issue("a.example.com")))

    def deny(call: Any) -> None:
        if call.operation == "DescribeListeners":
            raise estate.aws.error("AccessDenied", call.operation)

    with estate.aws.before(deny):
        ran = verify(estate, "--json")

    assert ran.code is ExitCode.DONE
    (why,) = ran.document["passed_over"].values()
    assert why.startswith("elasticloadbalancing:DescribeListeners")


def test_a_region_that_is_dark_is_an_error_and_the_others_are_asked(
    estate: Estate, authorities: Authorities, server: TlsServer
) -> None:
    issued = authorities.public.issue("shop.example.com")
    estate.listener("web", HOME, live(estate, "shop", issued))
    server.serve(issued)

    def dark(call: Any) -> None:
        if call.region == "us-east-1" and call.service == "acm":
            raise estate.aws.error("ServiceUnavailable", call.operation)

    with estate.aws.before(dark), reached_at(server):
        ran = verify(estate, "--json")

    assert ran.code is ExitCode.ERROR
    assert set(ran.document["unreachable_regions"]) == {"us-east-1"}
    assert ran.document["verdicts"] == {"same": 2}


def test_a_secret_that_does_not_exist_is_an_error(estate: Estate) -> None:
    assert verify(estate, "nothing").code is ExitCode.ERROR
