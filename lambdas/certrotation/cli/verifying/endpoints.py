"""Finds where the users of certificates answer, by what AWS says of them.

Actions: acm:DescribeCertificate, acm:GetCertificate, elasticloadbalancing:DescribeLoadBalancers,
elasticloadbalancing:DescribeListeners, elasticloadbalancing:DescribeListenerCertificates,
cloudfront:GetDistribution, apigateway:GET on /domainnames.

If a member of an answer is absent: a listener without a certificate's protocol, a load balancer
without a name, and a distribution without a domain name are not asked; the user is named as passed
over.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, NamedTuple

from certrotation.aws.errors import translated
from certrotation.cli.verifying.verdicts import DAY, HOUR, MINUTES, TWO_HOURS, Endpoint
from certrotation.core.estate.inventory import is_foreign
from certrotation.core.material.host_names import normalise
from certrotation.errors import CertRotationError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

_SECURE = frozenset({"HTTPS", "TLS"})
_CLASSIC_SECURE = frozenset({"HTTPS", "SSL"})
_ONLY_TLS13 = "ELBSecurityPolicy-TLS13-1-3"
"""How the names of the policies begin that take TLS 1.3 alone (ELB User Guide, Security policies).
"""
_HTTPS = 443
_WORKERS = 16


class Use(NamedTuple):
    """A certificate, and a user that ACM names."""

    certificate: str
    user: str


class Found(NamedTuple):
    """Where to ask, and which users are passed over and why."""

    endpoints: tuple[Endpoint, ...]
    passed_over: Mapping[str, str]


def find_endpoints(
    uses: Sequence[Use], client: Callable[[str, str], Any], consumers: Sequence[str]
) -> Found:
    """Return the endpoints of all users; a user that cannot be read is passed over.

    Args:
        uses: what ACM says.
        client: makes a client of a service in a Region.
        consumers: the Regions in which domains may present certificates of CloudFront's Region.
    """
    by_user: dict[str, list[str]] = {}
    for each in uses:
        by_user.setdefault(each.user, []).append(each.certificate)

    def try_to_find(user: str) -> list[Endpoint] | str:
        try:
            found = list(_endpoints_of(user, by_user[user], client, consumers))
        except CertRotationError as error:
            return error.found
        return found or "nothing that can be asked was found"

    with ThreadPoolExecutor(max_workers=_WORKERS) as pool:
        results = dict(zip(by_user, pool.map(try_to_find, by_user), strict=True))
    endpoints = {
        (each.resource, each.host, each.port): each
        for found in results.values()
        if not isinstance(found, str)
        for each in found
    }
    passed_over = {user: why for user, why in results.items() if isinstance(why, str)}
    return Found(tuple(endpoints.values()), passed_over)


def _endpoints_of(
    user: str,
    certificates: Sequence[str],
    client: Callable[[str, str], Any],
    consumers: Sequence[str],
) -> Iterator[Endpoint]:
    _, _, service, region, _, resource, *_ = [*user.split(":", 5), "", "", "", ""]
    if is_foreign(certificates[0], user):
        home = certificates[0].split(":")[3]
        for each in dict.fromkeys((region or home, *(() if region else consumers))):
            yield from _domains(client("apigateway", each), certificates)
    elif service == "cloudfront":
        yield from _distribution(client("cloudfront", "us-east-1"), user)
    elif service == "elasticloadbalancing" and resource.startswith(
        ("loadbalancer/app/", "loadbalancer/net/")
    ):
        yield from _balancer(client("elbv2", region), user)
    elif service == "elasticloadbalancing":
        yield from _classic(client("elb", region), user)


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


def _domains(apigateway: Any, certificates: Sequence[str]) -> Iterator[Endpoint]:
    """Yield the custom domains of API Gateway that present one of these certificates."""
    region = apigateway.meta.region_name
    with translated("apigateway:GET", f"the domain names in {region}"):
        pages = apigateway.get_paginator("get_domain_names").paginate()
        domains = [each for page in pages for each in page.get("items", ())]
    for each in domains:
        if "domainName" not in each:
            continue
        for kind, certificate_key, host_key, grace in (
            ("regional domain", "regionalCertificateArn", "regionalDomainName", HOUR),
            ("edge domain", "certificateArn", "distributionDomainName", TWO_HOURS),
        ):
            certificate, host = each.get(certificate_key), each.get(host_key)
            if certificate in certificates and host:
                yield Endpoint(
                    kind=f"API Gateway {kind}",
                    resource=f"arn:aws:apigateway:{region}::/domainnames/{each['domainName']}",
                    host=host,
                    port=_HTTPS,
                    attached=(certificate,),
                    answers_to=frozenset({normalise(each["domainName"])}),
                    grace=grace,
                )
