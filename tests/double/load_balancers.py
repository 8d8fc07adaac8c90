"""Elastic Load Balancing's load balancers: made, described, and their tags."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from moto.elbv2.models import elbv2_backends

from tests.double.world import Answer, Forwarded, Refusal, Request

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from moto.elbv2.models import ELBv2Backend, FakeLoadBalancer

_PAGE = 400
_MAX_TAGGED = 20


def backend(request: Request) -> ELBv2Backend:
    """Return moto's store of the Region's load balancers."""
    return elbv2_backends[request.world.account_id][request.region]


def paged(request: Request, name: str, entries: Sequence[Any]) -> Mapping[str, Any]:
    """Answer with a page of at most 400 entries under `name`."""
    page, marker = request.page(entries, maximum=_PAGE, size="PageSize", token="Marker")
    return {name: page, "NextMarker": marker}


def create(
    store: ELBv2Backend, *, name: str, kind: str, subnets: Sequence[str], **properties: Any
) -> FakeLoadBalancer:
    """Make a load balancer whose ARN says `app` or `net`; moto says `app` of every one.

    Service Authorization Reference, Elastic Load Balancing V2, Resource types.
    """
    tags = properties.pop("tags", None)
    made = store.create_load_balancer(
        name=name, subnet_ids=list(subnets), loadbalancer_type=kind, **properties
    )
    if kind == "network":
        del store.load_balancers[made.arn]
        made.arn = made.arn.replace(":loadbalancer/app/", ":loadbalancer/net/")
        store.load_balancers[made.arn] = made
    store.tagging_service.tag_resource(made.arn, tags)
    return made


def create_load_balancer(request: Request) -> Mapping[str, Any]:
    """ELB API Reference, CreateLoadBalancer."""
    params = request.params
    made = create(
        backend(request),
        name=params["Name"],
        kind=params.get("Type", "application"),
        subnets=params.get("Subnets", []),
        subnet_mappings=params.get("SubnetMappings", []),
        security_groups=params.get("SecurityGroups", []),
        scheme=params.get("Scheme", "internet-facing"),
        ip_address_type=params.get("IpAddressType", "ipv4"),
        tags=params.get("Tags"),
    )
    return {"LoadBalancers": [made]}


def describe_load_balancers(request: Request) -> Mapping[str, Any]:
    """ELB API Reference, DescribeLoadBalancers: up to 400 per page; moto has 50.

    Every ARN and name must exist; moto returns another load balancer for a missing one.
    """
    params, known = request.params, backend(request).load_balancers
    arns, names = params.get("LoadBalancerArns", []), params.get("Names", [])
    if not set(arns) <= set(known) or not set(names) <= {each.name for each in known.values()}:
        raise Refusal("LoadBalancerNotFound", "One or more load balancers not found")
    return paged(request, "LoadBalancers", backend(request).describe_load_balancers(arns, names))


def describe_tags(request: Request) -> Forwarded:
    """ELB API Reference, DescribeTags: up to 20 existing resources; moto takes any."""
    arns = request.params["ResourceArns"]
    if len(arns) > _MAX_TAGGED:
        raise Refusal("ValidationError", "Up to '20' resource ARNs can be specified")
    for arn in arns:
        backend(request)._get_resource_by_arn(arn)
    return request.forward()


ANSWERS: dict[str, Answer] = {
    "CreateLoadBalancer": create_load_balancer,
    "DescribeLoadBalancers": describe_load_balancers,
    "DescribeTags": describe_tags,
}
