"""Cognito's user pools with a custom domain, in any Region; their certificates are in one.

Moto keeps the certificate of a domain and nothing else of it.
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

from tests.double.certificates import CLOUDFRONT_REGION, find
from tests.double.fakes import Fake
from tests.double.own_backends import replace
from tests.double.world import Answer, Refusal, Request, UserPool

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.double.embedded import EmbeddedAws
    from tests.double.fakes import Clients
    from tests.double.world import World

DISTRIBUTIONS = "216431265614"
"""An account of AWS's own, whose distribution ACM names (inferred from aws-cdk issue 28063)."""

_MOST_ON_A_PAGE = 60


def list_user_pools(request: Request) -> Mapping[str, Any]:
    """API Reference, ListUserPools: at most 60 on a page."""
    every = [{"Id": each.id, "Name": each.id} for each in _pools(request)]
    page, token = request.page(every, maximum=_MOST_ON_A_PAGE, size="MaxResults", token="NextToken")
    return {"UserPools": page, **({"NextToken": token} if token else {})}


def describe_user_pool(request: Request) -> Mapping[str, Any]:
    """API Reference, DescribeUserPool; without a custom domain there is no CustomDomain."""
    found = _existing(request)
    domain = {"CustomDomain": found.domain["Domain"]} if found.domain else {}
    return {"UserPool": {"Id": found.id, "Arn": found.arn, **domain}}


def describe_user_pool_domain(request: Request) -> Mapping[str, Any]:
    """API Reference, DescribeUserPoolDomain: of an unknown domain the description is empty."""
    name = request.params["Domain"]
    if len(name) > 63:
        raise Refusal("InvalidParameterException", "1 validation error detected: 'domain'")
    for each in _pools(request):
        if each.domain.get("Domain") == name:
            return {"DomainDescription": copy.deepcopy(each.domain)}
    return {"DomainDescription": {}}


def update_user_pool_domain(request: Request) -> Mapping[str, Any]:
    """API Reference, UpdateUserPoolDomain.

    What an update leaves out is reset here; the API Reference does not say. That a change in
    progress answers ConcurrentModificationException is inferred.
    """
    params, found = request.params, _existing(request)
    domain = found.domain
    if domain.get("Domain") != params["Domain"]:
        raise Refusal("ResourceNotFoundException", "Domain does not exist.")
    if domain["Status"] == "UPDATING":
        raise Refusal("ConcurrentModificationException", "The domain is being updated.")
    if not params.get("CustomDomainConfig"):
        # terraform-provider-aws issue 43252.
        raise Refusal("InvalidParameterException", "Cannot convert custom domain to prefix domain.")
    arn = params["CustomDomainConfig"]["CertificateArn"]
    if not find(request.world, CLOUDFRONT_REGION, arn):
        raise Refusal(
            "InvalidParameterException",
            "The specified SSL certificate doesn't exist, isn't in us-east-1 region, isn't valid,"
            " or doesn't include a valid certificate chain.",
        )
    kept = {key: domain[key] for key in ("UserPoolId", "AWSAccountId", "Domain")}
    given = ("CustomDomainConfig", "ManagedLoginVersion", "Routing")
    found.domain = {
        **kept,
        "ManagedLoginVersion": 1,
        **{key: params[key] for key in given if key in params},
        "Status": "UPDATING",
    }
    if request.world.behaviour.deployments == "at_once":
        finish_updates(request.world)
    return {"CloudFrontDomain": "d1.cloudfront.net"}


def list_tags_for_resource(request: Request) -> Mapping[str, Any]:
    """API Reference, ListTagsForResource."""
    for each in _pools(request):
        if each.arn == request.params["ResourceArn"]:
            return {"Tags": each.tags}
    raise Refusal("ResourceNotFoundException", "Resource not found.")


def finish_updates(world: World) -> None:
    """Let the updates of all domains end."""
    for each in world.user_pools.values():
        if each.domain.get("Status") == "UPDATING":
            each.domain["Status"] = "ACTIVE"


def _pools(request: Request) -> list[UserPool]:
    return [each for each in request.world.user_pools.values() if each.region == request.region]


def _existing(request: Request) -> UserPool:
    found = request.world.user_pools.get(request.params["UserPoolId"])
    if found is None or found.region != request.region:
        raise Refusal("ResourceNotFoundException", "User pool does not exist.")
    return found


def user_pool(
    aws: EmbeddedAws,
    region: str,
    certificate: str | None,
    domain: str = "auth.example.com",
    **settings: Any,
) -> UserPool:
    """Make a user pool, with a custom domain that presents a certificate if there is one."""
    identifier = f"{region}_{len(aws.user_pools()):09x}"
    described = {
        "UserPoolId": identifier,
        "AWSAccountId": aws.account_id,
        "Domain": domain,
        "CloudFrontDistribution": "d1.cloudfront.net",
        "Version": "20261128",
        "Status": "ACTIVE",
        "CustomDomainConfig": {"CertificateArn": certificate, "SecurityPolicy": "TLS_V1_3_2025"},
        "ManagedLoginVersion": 2,
        **settings,
    }
    made = UserPool(
        id=identifier,
        arn=f"arn:aws:cognito-idp:{region}:{aws.account_id}:userpool/{identifier}",
        region=region,
        tags={},
        domain=described if certificate else {},
    )
    aws.user_pools()[identifier] = made
    return made


def uses(world: World, region: str) -> Iterator[tuple[str, str]]:
    """Cognito Developer Guide, Using your own domain: the certificate is in us-east-1."""
    if region != CLOUDFRONT_REGION:
        return
    for number, each in enumerate(world.user_pools.values()):
        if each.domain:
            arn = f"arn:aws:cloudfront::{DISTRIBUTIONS}:distribution/ECOGNITO{number}"
            yield each.domain["CustomDomainConfig"]["CertificateArn"], arn


def present(aws: EmbeddedAws, clients: Clients, region: str, certificate: str) -> str:
    """Make a user pool whose domain is the certificate's first name.

    Returns the ARN of the pool and the domain.
    """
    detail = clients("acm", CLOUDFRONT_REGION).describe_certificate(CertificateArn=certificate)
    made = user_pool(aws, region, certificate, detail["Certificate"]["DomainName"])
    return f"{made.arn}:{made.domain['Domain']}"


def presented(clients: Clients, where: str) -> set[str]:
    """Return what a custom domain presents."""
    _, _, _, region, _, _, domain = where.split(":")
    got = clients("cognito-idp", region).describe_user_pool_domain(Domain=domain)
    return {got["DomainDescription"]["CustomDomainConfig"]["CertificateArn"]}


replace("cognito-idp", path="/$")
ANSWERS: dict[str, Answer] = {
    "DescribeUserPool": describe_user_pool,
    "DescribeUserPoolDomain": describe_user_pool_domain,
    "ListTagsForResource": list_tags_for_resource,
    "ListUserPools": list_user_pools,
    "UpdateUserPoolDomain": update_user_pool_domain,
}
FAKE = Fake(
    service="cognito-idp",
    iam_prefix="cognito-idp",
    denies_plainly=False,
    answers=ANSWERS,
    uses=uses,
    present=present,
    presented=presented,
)
