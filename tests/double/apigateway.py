"""Custom domain names of API Gateway: one store behind both of its APIs.

Moto keeps a store for each API, knows no UpdateDomainName, and checks no certificate; so these
operations are the double's own.

What AWS's documents leave open is a field of `ApiGatewayRules`; each value is one reading of them.
"""

from __future__ import annotations

import hashlib
import time
from typing import TYPE_CHECKING, Any

from tests.double.api_domains import Domain
from tests.double.certificates import CLOUDFRONT_REGION, ImportedCertificate, find
from tests.double.fakes import Fake
from tests.double.material import read_leaf
from tests.double.own_backends import replace
from tests.double.world import Answer, Refusal, Request

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from tests.double.api_domains import ApiGateway
    from tests.double.embedded import EmbeddedAws
    from tests.double.fakes import Clients
    from tests.double.world import World

BALANCERS = "813000000731"
DISTRIBUTIONS = "216431265614"
"""Accounts of AWS's own, in the ARNs that ACM names (sst/sst, issue 5462; Zappa, issue 1874)."""

_MOST_ON_A_PAGE = 500
_EDGE_KEYS = frozenset({"RSA_1024", "RSA_2048", "EC_prime256v1"})


def create_domain_name(request: Request) -> Mapping[str, Any]:
    """API Reference, CreateDomainName; REGIONAL is what the second API makes as well."""
    params, region = dict(request.params), request.region
    types = params.setdefault("endpointConfiguration", {}).setdefault("types", ["EDGE"])
    name = params["domainName"]
    key = name
    if "PRIVATE" in types:
        params["domainNameId"] = hashlib.sha256(name.encode()).hexdigest()[:10]
        key = f"{name}+{params['domainNameId']}"
    if (region, key) in request.world.api_gateway.domains:
        raise Refusal("ConflictException", "The domain name you provided already exists.")
    domain = Domain(
        shown={
            "securityPolicy": "TLS_1_2",
            **params,
            "domainNameStatus": "AVAILABLE",
            "regionalDomainName": f"d-1.execute-api.{region}.amazonaws.com",
            **({"distributionDomainName": "d111.cloudfront.net"} if "EDGE" in types else {}),
        }
    )
    for member in ("certificateArn", "regionalCertificateArn"):
        if params.get(member):
            _check(request.world, region, domain, member, params[member])
            _associate(request.world, region, domain, params[member])
    request.world.api_gateway.domains[region, key] = domain
    return domain.shown


def get_domain_name(request: Request) -> Mapping[str, Any]:
    """API Reference, GetDomainName; of a private one with its id."""
    return _shown(request, _existing(request))


def get_domain_names(request: Request) -> Mapping[str, Any]:
    """API Reference, GetDomainNames: at most 500 on a page; those of both APIs."""
    every = [
        _shown(request, each)
        for (region, _), each in sorted(request.world.api_gateway.domains.items())
        if region == request.region
    ]
    page, token = request.page(every, maximum=_MOST_ON_A_PAGE, size="limit", token="position")
    return {"items": page, **({"position": token} if token else {})}


def update_domain_name(request: Request) -> Mapping[str, Any]:
    """API Reference, UpdateDomainName; of its patch operations, those that replace certificates."""
    gateway = request.world.api_gateway
    _take_turn(gateway)
    domain = _existing(request)
    if domain.update or domain.shown["domainNameStatus"] != "AVAILABLE":
        # API Reference, DomainName: "the domain cannot be modified further". The code is inferred.
        raise Refusal("ConflictException", "Unable to complete operation due to concurrent change.")
    (operation,) = request.params["patchOperations"]
    member = operation["path"].removeprefix("/")
    if operation["op"] != "replace" or not domain.shown.get(member):
        raise Refusal("BadRequestException", f"Invalid patch path {operation['path']}")
    if gateway.rules.refuses:
        raise Refusal("BadRequestException", gateway.rules.refuses)
    _check(request.world, request.region, domain, member, operation["value"])
    domain.change(member, operation["value"])
    _associate(request.world, request.region, domain, operation["value"])
    if gateway.rules.updates == "at_once":
        domain.finish()
    return _shown(request, domain)


def delete_domain_name(request: Request) -> Mapping[str, Any]:
    """API Reference, DeleteDomainName."""
    _existing(request)
    del request.world.api_gateway.domains[request.region, _key(request)]
    return {}


def _take_turn(gateway: ApiGateway) -> None:
    """Refuse an update within the time in which the quota allows one."""
    now, last = time.time(), gateway.updated_at
    if last is not None and 0 <= now - last < gateway.rules.seconds_between_updates:
        raise Refusal("TooManyRequestsException", "Too Many Requests")
    gateway.updated_at = now


def _key(request: Request) -> str:
    name, identifier = request.params["domainName"], request.params.get("domainNameId")
    return f"{name}+{identifier}" if identifier else str(name)


def _existing(request: Request) -> Domain:
    domain = request.world.api_gateway.domains.get((request.region, _key(request)))
    if domain is None:
        raise Refusal("NotFoundException", "Invalid domain name identifier specified")
    return domain


def _shown(request: Request, domain: Domain) -> Mapping[str, Any]:
    """Return a domain name as it is shown now."""
    rules, shown = request.world.api_gateway.rules, dict(domain.shown)
    if domain.update and rules.shows_new_certificate:
        member, arn = domain.update
        shown[member] = arn
    elif domain.issuer and rules.keeps_issuer and not domain.update:
        certificate = find(
            request.world, request.region, domain.shown.get("regionalCertificateArn", "")
        )
        if certificate and _issuer(certificate) != domain.issuer:
            shown["domainNameStatus"] = "PENDING_CERTIFICATE_REIMPORT"
            shown["domainNameStatusMessage"] = "Reimport a certificate of the same issuer."
    return shown


def _check(world: World, region: str, domain: Domain, member: str, arn: str) -> None:
    """Developer Guide, Get certificates ready: where the certificate is, and that it covers the
    name. Which code and words a refusal has is inferred."""
    is_edge = member == "certificateArn" and "PRIVATE" not in domain.types
    certificate = find(world, CLOUDFRONT_REGION if is_edge else region, arn)
    if not isinstance(certificate, ImportedCertificate):
        raise Refusal("BadRequestException", f"The provided certificate does not exist: {arn}")
    leaf = read_leaf(certificate.leaf)
    name = domain.shown["domainName"].lower()
    names = {each.lower() for each in leaf.dns_names}
    if names.isdisjoint({name, "*." + name.partition(".")[2]}):
        raise Refusal("BadRequestException", "The certificate does not cover the domain name.")
    if is_edge and leaf.key_algorithm not in _EDGE_KEYS:
        raise Refusal("BadRequestException", "The certificate's key is not supported.")
    proof = find(world, region, domain.shown.get("ownershipVerificationCertificateArn", ""))
    if isinstance(proof, ImportedCertificate) and not names <= {
        each.lower() for each in read_leaf(proof.leaf).dns_names
    }:
        # Developer Guide, Configuring mutual TLS: the ownership certificate covers the names.
        raise Refusal("BadRequestException", "The ownership certificate does not cover the names.")


def _associate(world: World, region: str, domain: Domain, arn: str) -> None:
    if domain.shown.get("mutualTlsAuthentication"):
        domain.issuer = _issuer(find(world, region, arn))


def _issuer(certificate: Any) -> str | None:
    return read_leaf(certificate.leaf).issuer if certificate else None


def uses(world: World, region: str) -> Iterator[tuple[str, str]]:
    """Three load balancers for all regional domain names of a Region, a distribution for each edge
    one: of AWS's accounts."""
    for (place, key), domain in world.api_gateway.domains.items():
        members = {each: domain.shown.get(each) for each in _MEMBERS}
        if domain.update and world.api_gateway.rules.shows_new_certificate:
            members[domain.update[0]] = domain.update[1]
        for member, arn in members.items():
            if arn and arn.split(":")[3] == region:
                for user in _users(world, place, key, domain, member):
                    yield arn, user


_MEMBERS = ("certificateArn", "regionalCertificateArn")


def _users(world: World, region: str, key: str, domain: Domain, member: str) -> Iterable[str]:
    if member == "certificateArn" and "PRIVATE" not in domain.types:
        identifier = hashlib.sha256(f"{region} {key}".encode()).hexdigest()[:13].upper()
        return (f"arn:aws:cloudfront::{DISTRIBUTIONS}:distribution/E{identifier}",)
    if "PRIVATE" in domain.types and world.api_gateway.rules.names_private_by == "domain":
        return (f"arn:aws:apigateway:{region}:{world.account_id}:/domainnames/{key}",)
    place = f"arn:aws:elasticloadbalancing:{region}:{BALANCERS}:loadbalancer/app"
    return tuple(f"{place}/prod-{region}-az{each}-1-9/{each}" for each in (1, 2, 3))


def present(aws: EmbeddedAws, clients: Clients, region: str, certificate: str) -> str:
    """Make a regional domain name for the certificate's first name; returns its ARN."""
    del aws
    detail = clients("acm", region).describe_certificate(CertificateArn=certificate)
    name = detail["Certificate"]["DomainName"]
    clients("apigateway", region).create_domain_name(
        domainName=name,
        regionalCertificateArn=certificate,
        endpointConfiguration={"types": ["REGIONAL"]},
    )
    return f"arn:aws:apigateway:{region}::/domainnames/{name}"


def presented(clients: Clients, domain: str) -> set[str]:
    """Return what a domain name presents, by its ARN."""
    name, _, identifier = domain.partition("/domainnames/")[2].partition("+")
    given = {"domainName": name, **({"domainNameId": identifier} if identifier else {})}
    shown = clients("apigateway", domain.split(":")[3]).get_domain_name(**given)
    return {shown[each] for each in _MEMBERS if shown.get(each)}


replace("apigateway", path="/.*", others={"/v2/": "apigatewayv2"})

ANSWERS: dict[str, Answer] = {
    "CreateDomainName": create_domain_name,
    "DeleteDomainName": delete_domain_name,
    "GetDomainName": get_domain_name,
    "GetDomainNames": get_domain_names,
    "UpdateDomainName": update_domain_name,
}
FAKE = Fake(
    service="apigateway",
    iam_prefix="apigateway",
    denies_plainly=False,
    answers=ANSWERS,
    uses=uses,
    present=present,
    presented=presented,
)
