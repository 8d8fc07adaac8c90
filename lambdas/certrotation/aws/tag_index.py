"""The tags of one Region's certificates, from the Resource Groups Tagging API.

Action: tag:GetResources. An answer without its list, or a row without an ARN, is an error, because
a copy whose tags are missing would look unmanaged. A row without tags has none.
"""

from __future__ import annotations

from sys import intern
from typing import TYPE_CHECKING

from certrotation.aws.errors import NOT_YET, incomplete, meaning, translated
from certrotation.names.tags import SECRET

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mypy_boto3_resourcegroupstaggingapi import ResourceGroupsTaggingAPIClient
    from mypy_boto3_resourcegroupstaggingapi.type_defs import (
        GetResourcesOutputTypeDef,
        TagFilterTypeDef,
    )

_PAGE = 100

MEANINGS = (meaning(NOT_YET, "PaginationTokenExpiredException"),)
"""What the tagging service's error codes mean (Resource Groups Tagging API, GetResources)."""


class ResourceTagIndex:
    """What the tagging service knows of the client's Region; it lags behind ACM."""

    def __init__(self, client: ResourceGroupsTaggingAPIClient) -> None:
        self._client = client

    def all(self) -> Mapping[str, Mapping[str, str]]:
        """Return the tags of every certificate that is tagged, or was, by ARN."""
        return self._resources(())

    def copies_of(self, secret_name: str) -> Mapping[str, Mapping[str, str]]:
        """Return the tags of the certificates tagged with this secret's name, by ARN."""
        found = self._resources([{"Key": SECRET, "Values": [secret_name]}])
        return {arn: tags for arn, tags in found.items() if tags.get(SECRET) == secret_name}

    def _resources(self, filters: Sequence[TagFilterTypeDef]) -> dict[str, dict[str, str]]:
        region = self._client.meta.region_name
        found: dict[str, dict[str, str]] = {}
        with translated("tag:GetResources", f"the certificates in {region}", MEANINGS):
            pages = self._client.get_paginator("get_resources").paginate(
                ResourceTypeFilters=["acm:certificate"],
                TagFilters=filters,
                PaginationConfig={"PageSize": _PAGE},
            )
            # Page by page, and one string for each key: a scan holds the tags of every Region.
            for page in pages:
                found.update(_tags_by_arn(page, region))
        return found


def _tags_by_arn(page: GetResourcesOutputTypeDef, region: str) -> dict[str, dict[str, str]]:
    resources = page.get("ResourceTagMappingList")
    if resources is None:
        raise incomplete(f"tag:GetResources in {region}", "ResourceTagMappingList")
    if not all("ResourceARN" in each for each in resources):
        raise incomplete(f"tag:GetResources in {region}", "the ARN of a resource")
    return {
        each["ResourceARN"]: {
            intern(tag["Key"]): tag.get("Value", "") for tag in each.get("Tags", ())
        }
        for each in resources
    }
