"""Finds where the users of certificates answer, by what AWS says of them.

Actions: acm:DescribeCertificate, acm:GetCertificate, elasticloadbalancing:DescribeLoadBalancers,
elasticloadbalancing:DescribeListeners, elasticloadbalancing:DescribeListenerCertificates,
cloudfront:GetDistribution, apigateway:GET on /domainnames, and those that only read of
aws/dependents/cognito/iam.py.

If a member of an answer is absent: a listener without a certificate's protocol, a load balancer
without a name, and a distribution without a domain name are not asked; the user is named as passed
over.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, NamedTuple

from certrotation.aws.dependents.cognito.adapter import UserPoolDomains
from certrotation.aws.errors import translated
from certrotation.cli.verifying.verdicts import DAY, HOUR, MINUTES, TWO_HOURS, Endpoint
from certrotation.core.estate.inventory import is_foreign
from certrotation.core.material.host_names import normalise
from certrotation.errors import CertRotationError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from certrotation.aws.dependents.services import Clients

_SECURE = frozenset({"HTTPS", "TLS"})
_CLASSIC_SECURE = frozenset({"HTTPS", "SSL"})
_ONLY_TLS13 = "ELBSecurityPolicy-TLS13-1-3"
"""How the names of the policies begin that take TLS 1.3 alone (ELB User Guide, Security policies).
"""
_HTTPS = 443
_WORKERS = 16
_PRIVATE = (
    "a private domain name answers only inside VPCs, at interface endpoints that API Gateway does"
    " not name"
)


class Use(NamedTuple):
    """A certificate, and a user that ACM names."""

    certificate: str
    user: str


class Found(NamedTuple):
    """Where to ask, and who is passed over and why."""

    endpoints: tuple[Endpoint, ...]
    passed_over: Mapping[str, str]


class PassedOver(NamedTuple):
    """A dependent that is not asked."""

    name: str
    because: str


class _Looked(NamedTuple):
    """What was found of one user; an error may have ended the search."""

    found: Sequence[Endpoint | PassedOver]
    error: str | None


def find_endpoints(uses: Sequence[Use], clients: Clients, consumers: Sequence[str]) -> Found:
    """Return the endpoints of all users; a user that cannot be read is passed over.

    Args:
        uses: what ACM says.
        clients: makes a client of a service in a Region.
        consumers: the Regions in which domains may present certificates of CloudFront's Region.
    """
    by_user: dict[str, list[str]] = {}
    for each in uses:
        by_user.setdefault(each.user, []).append(each.certificate)

    def look(user: str) -> _Looked:
        found: list[Endpoint | PassedOver] = []
        try:
            found.extend(_endpoints_of(user, by_user[user], clients, consumers))
        except CertRotationError as error:
            return _Looked(found, error.found)
        return _Looked(found, None if found else "nothing that can be asked was found")

    with ThreadPoolExecutor(max_workers=_WORKERS) as pool:
        looked = dict(zip(by_user, pool.map(look, by_user), strict=True))
    every = [each for one in looked.values() for each in one.found]
    endpoints = {
        (each.resource, each.host, each.port): each for each in every if isinstance(each, Endpoint)
    }
    failures = {user: one.error for user, one in looked.items() if one.error}
    passed_over = {each.name: each.because for each in every if isinstance(each, PassedOver)}
    return Found(tuple(endpoints.values()), {**failures, **passed_over})


def _endpoints_of(
    user: str, certificates: Sequence[str], clients: Clients, consumers: Sequence[str]
) -> Iterator[Endpoint | PassedOver]:
    _, _, service, region, _, resource, *_ = [*user.split(":", 5), "", "", "", ""]
    home = certificates[0].split(":")[3]
    if is_foreign(certificates[0], user):
        searched = tuple(dict.fromkeys((region or home, *(() if region else consumers))))
        for each in searched:
            yield from _domains(clients("apigateway", each), certificates)
        if service == "cloudfront":
            for each in searched:
                yield from _user_pool_domains(clients, each, certificates)
    elif service in {"apigateway", "execute-api"}:
        yield from _domains(clients("apigateway", region or home), certificates)
    elif service == "cognito-idp":
        yield from _user_pool_domains(clients, region, certificates)
    elif service == "cloudfront":
        yield from _distribution(clients("cloudfront", "us-east-1"), user)
    elif service == "elasticloadbalancing" and resource.startswith(
        ("loadbalancer/app/", "loadbalancer/net/")
    ):
        yield from _balancer(clients("elbv2", region), user)
    elif service == "elasticloadbalancing":
        yield from _classic(clients("elb", region), user)


def _balancer(elbv2: Any, arn: str) -> Iterator[Endpoint]:
    with translated("elasticloadbalancing:DescribeLoadBalancers", arn):
        described = elbv2.describe_load_balancers(LoadBalancerArns=[arn])
    with translated("elasticloadbalancing:DescribeListeners", arn):
        pages = elbv2.get_paginator("describe_listeners").paginate(LoadBalancerArn=arn)
        listeners = [each for page in pages for each in page.get("Listeners", ())]
    for balancer in described.get("LoadBalancers", ()):
        for listener in listeners:
            if listener.get("Protocol") in _SECURE and "DNSName" in balancer:
                yield _listener(elbv2, balancer, listener)


def _listener(elbv2: Any, balancer: Mapping[str, Any], listener: Mapping[str, Any]) -> Endpoint:
    arn = listener["ListenerArn"]
    with translated("elasticloadbalancing:DescribeListenerCertificates", arn):
        pages = elbv2.get_paginator("describe_listener_certificates").paginate(ListenerArn=arn)
        entries = [each for page in pages for each in page.get("Certificates", ())]
    named = [each for each in entries if "CertificateArn" in each]
    default = next((each["CertificateArn"] for each in named if each.get("IsDefault")), None)
    is_application = balancer.get("Type") == "application"
    return Endpoint(
        kind="ALB listener" if is_application else "NLB listener",
        resource=arn,
        host=balancer["DNSName"],
        port=listener.get("Port", _HTTPS),
        attached=tuple(dict.fromkeys(each["CertificateArn"] for each in named)),
        default=default,
        grace=MINUTES,
        is_internal=balancer.get("Scheme") == "internal",
        only_tls13=listener.get("SslPolicy", "").startswith(_ONLY_TLS13),
    )


def _classic(elb: Any, arn: str) -> Iterator[Endpoint]:
    """Yield the listeners of a Classic Load Balancer, which knows no SNI."""
    name = arn.rpartition("/")[2]
    with translated("elasticloadbalancing:DescribeLoadBalancers", arn):
        described = elb.describe_load_balancers(LoadBalancerNames=[name])
    for balancer in described.get("LoadBalancerDescriptions", ()):
        for description in balancer.get("ListenerDescriptions", ()):
            listener = description.get("Listener", {})
            certificate = listener.get("SSLCertificateId")
            secure = listener.get("Protocol") in _CLASSIC_SECURE
            if secure and certificate and "DNSName" in balancer:
                port = listener.get("LoadBalancerPort", _HTTPS)
                yield Endpoint(
                    kind="Classic Load Balancer listener",
                    resource=f"{arn}:{port}",
                    host=balancer["DNSName"],
                    port=port,
                    attached=(certificate,),
                    default=certificate,
                    answers_to=frozenset(),
                    grace=MINUTES,
                    is_internal=balancer.get("Scheme") == "internal",
                )


def _distribution(cloudfront: Any, arn: str) -> Iterator[Endpoint]:
    """Yield the distribution; one edge location answers for all."""
    with translated("cloudfront:GetDistribution", arn):
        answer = cloudfront.get_distribution(Id=arn.rpartition("/")[2]).get("Distribution", {})
    config = answer.get("DistributionConfig", {})
    certificate = config.get("ViewerCertificate", {}).get("ACMCertificateArn")
    if certificate and "DomainName" in answer:
        aliases = config.get("Aliases", {}).get("Items", ())
        yield Endpoint(
            kind="CloudFront distribution",
            resource=arn,
            host=answer["DomainName"],
            port=_HTTPS,
            attached=(certificate,),
            answers_to=frozenset(map(normalise, aliases)),
            grace=DAY,
        )


def _domains(apigateway: Any, certificates: Sequence[str]) -> Iterator[Endpoint | PassedOver]:
    """Yield the custom domains of API Gateway that present one of these certificates."""
    region = apigateway.meta.region_name
    with translated("apigateway:GET", f"the domain names in {region}"):
        pages = apigateway.get_paginator("get_domain_names").paginate()
        domains = [each for page in pages for each in page.get("items", ())]
    for each in domains:
        if "domainName" not in each:
            continue
        resource = f"arn:aws:apigateway:{region}::/domainnames/{each['domainName']}"
        is_private = "PRIVATE" in each.get("endpointConfiguration", {}).get("types", ())
        if is_private and each.get("certificateArn") in certificates:
            yield PassedOver(resource, _PRIVATE)
        for kind, certificate_key, host_key, grace in (
            ("regional domain", "regionalCertificateArn", "regionalDomainName", HOUR),
            ("edge domain", "certificateArn", "distributionDomainName", TWO_HOURS),
        ):
            certificate, host = each.get(certificate_key), each.get(host_key)
            if certificate in certificates and host:
                yield Endpoint(
                    kind=f"API Gateway {kind}",
                    resource=resource,
                    host=host,
                    port=_HTTPS,
                    attached=(certificate,),
                    answers_to=frozenset({normalise(each["domainName"])}),
                    grace=grace,
                )


def _user_pool_domains(
    clients: Clients, region: str, certificates: Sequence[str]
) -> Iterator[Endpoint | PassedOver]:
    """Yield the custom domains of the Region's user pools: distributions of AWS answer for them."""
    domains = UserPoolDomains(
        clients("cognito-idp", region), region, clients=clients, is_movable=False
    )
    for certificate in certificates:
        for each in domains.presenting(certificate):
            resource = f"user pool domain {each.name} in {region}"
            if each.host is None:
                yield PassedOver(resource, "Cognito does not name its distribution")
                continue
            yield Endpoint(
                kind="Cognito user pool domain",
                resource=resource,
                host=each.host,
                port=_HTTPS,
                attached=(certificate,),
                answers_to=frozenset({normalise(each.name)}),
                grace=HOUR,
            )
