"""The Resource Groups Tagging API's GetResources."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from moto.core.resource_tagging import (
    iter_taggable_backends,
    make_tag_matcher,
    match_resource_type,
)

from tests.double.certificates import imported
from tests.double.world import Answer, Refusal, Request

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.double.world import World

_MAX_ARNS = 100


def tagged(world: World, region: str) -> list[tuple[str, str, dict[str, str]]]:
    """Return ARN, type and tags of a Region's resources that are tagged or once were.

    Resource Groups Tagging API Reference, GetResources; moto forgets those once tagged.
    """
    once = {each.arn for each in imported(world, region) if each.tags.ever_used}
    return [
        (each.arn, each.resource_type, dict(each.tags))
        for backend in iter_taggable_backends(world.account_id, region)
        for each in backend.iter_tagged_resources()
        if each.tags or each.arn in once
    ]


def get_resources(request: Request) -> Mapping[str, Any]:
    """GetResources: filters, then pages of at most 100; an empty token ends them."""
    params = request.params
    arns, types = params.get("ResourceARNList"), params.get("ResourceTypeFilters")
    if arns and (types or params.get("TagFilters") or len(arns) > _MAX_ARNS):
        raise Refusal(
            "InvalidParameterException", "ResourceARNList excludes filters and holds at most 100."
        )
    matches = make_tag_matcher(params.get("TagFilters"))
    found = [
        {"ResourceARN": arn, "Tags": [{"Key": key, "Value": tags[key]} for key in tags]}
        for arn, kind, tags in request.world.seen("tagging", request.region, tagged)
        if match_resource_type(kind, types) and matches(tags) and (not arns or arn in arns)
    ]
    page, token = request.page(found, maximum=100, size="ResourcesPerPage", token="PaginationToken")
    return {"ResourceTagMappingList": page, "PaginationToken": token or ""}


ANSWERS: dict[str, Answer] = {"GetResources": get_resources}
