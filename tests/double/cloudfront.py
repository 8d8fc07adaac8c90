"""CloudFront's distributions. The configuration is kept whole, as it was sent.

Moto parses the parts that it knows and drops the rest, takes any ETag, and never checks a
certificate; so these operations are the double's own.
"""

from __future__ import annotations

import copy
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from moto.cloudfront.models import cloudfront_backends, random_id

from tests.double.builders import distribution_config
from tests.double.certificates import CLOUDFRONT_REGION
from tests.double.fakes import Fake
from tests.double.viewer_certificate import check_viewer_certificate, echoed
from tests.double.world import Answer, Distribution, Refusal, Request

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.double.embedded import EmbeddedAws
    from tests.double.fakes import Clients
    from tests.double.world import World

# CloudFront API Reference, DistributionSummary: members that come from the configuration.
_SUMMARISED = (
    "Aliases",
    "Origins",
    "OriginGroups",
    "DefaultCacheBehavior",
    "CacheBehaviors",
    "CustomErrorResponses",
    "Comment",
    "PriceClass",
    "Enabled",
    "ViewerCertificate",
    "Restrictions",
    "WebACLId",
    "HttpVersion",
    "IsIPV6Enabled",
    "Staging",
    "ConnectionMode",
)

# What CloudFront fills in where the caller says nothing (CloudFront API Reference,
# DistributionConfig).
_DEFAULTS: dict[str, Any] = {
    "Aliases": {"Quantity": 0},
    "CacheBehaviors": {"Quantity": 0},
    "CustomErrorResponses": {"Quantity": 0},
    "HttpVersion": "http2",
    "IsIPV6Enabled": True,
    "PriceClass": "PriceClass_All",
    "Restrictions": {"GeoRestriction": {"RestrictionType": "none", "Quantity": 0}},
    "Staging": False,
    "ViewerCertificate": {"CloudFrontDefaultCertificate": True},
    "WebACLId": "",
}


def create_distribution(request: Request) -> Mapping[str, Any]:
    """CloudFront API Reference, CreateDistribution."""
    return _create(request, request.params["DistributionConfig"], [])


def create_distribution_with_tags(request: Request) -> Mapping[str, Any]:
    """CloudFront API Reference, CreateDistributionWithTags."""
    given = request.params["DistributionConfigWithTags"]
    return _create(request, given["DistributionConfig"], given["Tags"].get("Items", []))


def _create(
    request: Request, config: dict[str, Any], tags: list[dict[str, str]]
) -> Mapping[str, Any]:
    world = request.world
    config = _DEFAULTS | config
    check_viewer_certificate(world, config, previous=None)
    _check_caller_reference(request, config)
    identifier = random_id()
    created = Distribution(
        id=identifier,
        arn=f"arn:aws:cloudfront::{world.account_id}:distribution/{identifier}",
        domain_name=f"{random_id(uppercase=False)}.cloudfront.net",
        config=config,
        etag=random_id(),
        status="Deployed",
        certificate_changing=False,
        modified=datetime.now(UTC),
    )
    _deploy(request, created, certificate_changed=True)
    world.distributions[identifier] = created
    cloudfront_backends[world.account_id]["global"].tagger.tag_resource(created.arn, tags)
    return _shown(created)


def get_distribution(request: Request) -> Mapping[str, Any]:
    """CloudFront API Reference, GetDistribution."""
    return _shown(_existing(request))


def get_distribution_config(request: Request) -> Mapping[str, Any]:
    """CloudFront API Reference, GetDistributionConfig."""
    found = _existing(request)
    return {"DistributionConfig": _read(found), "ETag": found.etag}


def update_distribution(request: Request) -> Mapping[str, Any]:
    """CloudFront API Reference, UpdateDistribution: replaces the whole configuration.

    IllegalUpdate: one viewer certificate change at a time, and CallerReference never changes.
    """
    found = _existing(request)
    _check_etag(request, found)
    config = _DEFAULTS | request.params["DistributionConfig"]
    if config["CallerReference"] != found.config["CallerReference"]:
        raise Refusal("IllegalUpdate", "The caller reference cannot be changed.")
    check_viewer_certificate(request.world, config, previous=found.config)
    changed = echoed(config["ViewerCertificate"]) != echoed(found.config["ViewerCertificate"])
    if changed and (
        found.config.get("ContinuousDeploymentPolicyId") or found.config.get("Staging")
    ):
        raise Refusal(
            "IllegalUpdate",
            "One or more fields updated are not supported for continuous deployment.",
        )
    if changed and found.certificate_changing:
        raise Refusal(
            "IllegalUpdate", "Only one viewer certificate change may be in progress at a time."
        )
    found.config = config
    found.etag = random_id()
    found.modified = datetime.now(UTC)
    _deploy(request, found, certificate_changed=changed)
    return _shown(found)


def delete_distribution(request: Request) -> Mapping[str, Any]:
    """CloudFront API Reference, DeleteDistribution: disabled and with its ETag only."""
    found = _existing(request)
    _check_etag(request, found)
    if found.config["Enabled"]:
        raise Refusal("DistributionNotDisabled", "The distribution is not disabled.")
    del request.world.distributions[found.id]
    return {}


def list_distributions(request: Request) -> Mapping[str, Any]:
    """CloudFront API Reference, ListDistributions: pages of at most 100."""
    everything = [_summary(each) for each in request.world.distributions.values()]
    page, marker = request.page(everything, maximum=100, size="MaxItems", token="Marker")
    listed: dict[str, Any] = {
        "Marker": request.params.get("Marker", ""),
        "MaxItems": int(request.params.get("MaxItems") or 100),
        "IsTruncated": marker is not None,
        "Quantity": len(page),
    }
    if marker is not None:
        listed["NextMarker"] = marker
    if page:
        listed["Items"] = page
    return {"DistributionList": listed}


def _existing(request: Request) -> Distribution:
    found = request.world.distributions.get(request.params["Id"])
    if found is None:
        raise Refusal("NoSuchDistribution", "The specified distribution does not exist.")
    return found


def _check_etag(request: Request, found: Distribution) -> None:
    """InvalidIfMatchVersion without an ETag, PreconditionFailed with an old one; moto takes any."""
    given = request.params.get("IfMatch")
    if not given:
        raise Refusal(
            "InvalidIfMatchVersion",
            "The If-Match version is missing or not valid for the resource.",
        )
    if given != found.etag:
        raise Refusal(
            "PreconditionFailed", "The precondition in one or more of the request fields is false."
        )


def _check_caller_reference(request: Request, config: Mapping[str, Any]) -> None:
    """CloudFront API Reference, CreateDistribution, DistributionAlreadyExists."""
    for each in request.world.distributions.values():
        if each.config["CallerReference"] == config["CallerReference"]:
            raise Refusal("DistributionAlreadyExists", f"Already exists: {each.id}")


def _deploy(request: Request, changed: Distribution, *, certificate_changed: bool) -> None:
    """A change is InProgress until every edge has it; moto's is deployed when it is next read."""
    if request.world.behaviour.deployments == "when_told":
        changed.status = "InProgress"
        changed.certificate_changing = changed.certificate_changing or certificate_changed


def _read(found: Distribution) -> dict[str, Any]:
    config = copy.deepcopy(found.config)
    return config | {"ViewerCertificate": echoed(config["ViewerCertificate"])}


def _shown(found: Distribution) -> Mapping[str, Any]:
    return {
        "Distribution": {
            "Id": found.id,
            "ARN": found.arn,
            "Status": found.status,
            "LastModifiedTime": found.modified,
            "InProgressInvalidationBatches": 0,
            "DomainName": found.domain_name,
            "DistributionConfig": _read(found),
        },
        "ETag": found.etag,
        "Location": f"https://cloudfront.amazonaws.com/2020-05-31/distribution/{found.id}",
    }


def _summary(found: Distribution) -> Mapping[str, Any]:
    config = _read(found)
    return {
        "Id": found.id,
        "ARN": found.arn,
        "ETag": found.etag,
        "Status": found.status,
        "LastModifiedTime": found.modified,
        "DomainName": found.domain_name,
        **{name: config[name] for name in _SUMMARISED if name in config},
    }


ANSWERS: dict[str, Answer] = {
    "CreateDistribution": create_distribution,
    "CreateDistributionWithTags": create_distribution_with_tags,
    "DeleteDistribution": delete_distribution,
    "GetDistribution": get_distribution,
    "GetDistributionConfig": get_distribution_config,
    "ListDistributions": list_distributions,
    "UpdateDistribution": update_distribution,
}


def uses(world: World, region: str) -> Iterator[tuple[str, str]]:
    """CloudFront Developer Guide: certificates come from US East (N. Virginia) alone."""
    if region == CLOUDFRONT_REGION:
        for distribution in world.distributions.values():
            for arn in _named(distribution.config):
                yield arn, distribution.arn


def _named(config: dict[str, object]) -> Iterator[str]:
    """Yield the ACM certificates that a DistributionConfig names, for viewers and for origins."""
    viewer = config.get("ViewerCertificate")
    if isinstance(viewer, dict) and viewer.get("ACMCertificateArn"):
        yield viewer["ACMCertificateArn"]
    origins = config.get("Origins")
    for origin in origins.get("Items", ()) if isinstance(origins, dict) else ():
        mtls = origin.get("CustomOriginConfig", {}).get("OriginMtlsConfig", {})
        if mtls.get("ClientCertificateArn"):
            yield mtls["ClientCertificateArn"]


def _present(aws: EmbeddedAws, clients: Clients, region: str, certificate: str) -> str:
    del aws
    config = distribution_config(f"for {certificate}", certificate=certificate)
    created = clients("cloudfront", region).create_distribution(DistributionConfig=config)
    return str(created["Distribution"]["Id"])


def _presented(clients: Clients, distribution: str) -> set[str]:
    got = clients("cloudfront", CLOUDFRONT_REGION).get_distribution_config(Id=distribution)
    return set(_named(got["DistributionConfig"]))


FAKE = Fake(
    service="cloudfront",
    iam_prefix="cloudfront",
    answers=ANSWERS,
    uses=uses,
    present=_present,
    presented=_presented,
)
