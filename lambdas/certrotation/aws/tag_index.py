"""The tags of one Region's certificates, from the Resource Groups Tagging API.

Action: tag:GetResources. An answer without its list, or a row without an ARN, is an error, because
a copy whose tags are missing would look unmanaged. The tags of a row without the member `Tags` are
read from ACM: no document says whether the member is absent if a resource has no tags any more.
"""

from __future__ import annotations

from contextlib import suppress
from sys import intern
from typing import TYPE_CHECKING

from certrotation.aws.errors import NOT_YET, incomplete, meaning, translated
from certrotation.errors import Vanished
from certrotation.names.tags import SECRET

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from mypy_boto3_resourcegroupstaggingapi import ResourceGroupsTaggingAPIClient
    from mypy_boto3_resourcegroupstaggingapi.type_defs import (
        GetResourcesOutputTypeDef,
        ResourceTagMappingTypeDef,
        TagFilterTypeDef,
        TagTypeDef,
    )

_PAGE = 100

MEANINGS = (meaning(NOT_YET, "PaginationTokenExpiredException"),)
"""What the tagging service's error codes mean (Resource Groups Tagging API, GetResources)."""


class ResourceTagIndex:
    """What the tagging service knows of the client's Region; it lags behind ACM."""

    def __init__(
        self,
        client: ResourceGroupsTaggingAPIClient,
        tags_of: Callable[[str], Mapping[str, str]],
    ) -> None:
        """Take the client, and how to read the tags of one certificate from ACM."""
        self._client = client
        self._tags_of = tags_of

    def all(self) -> Mapping[str, Mapping[str, str]]:
        """Return the tags of every certificate that is tagged, or was, by ARN."""
        return self._resources(())

    def copies_of(self, secret_name: str) -> Mapping[str, Mapping[str, str]]:
        """Return the tags of the certificates tagged with this secret's name, by ARN."""
        found = self._resources([{"Key": SECRET, "Values": [secret_name]}])
        return {arn: tags for arn, tags in found.items() if tags.get(SECRET) == secret_name}

    def _resources(self, filters: Sequence[TagFilterTypeDef]) -> dict[str, Mapping[str, str]]:
        region = self._client.meta.region_name
        found: dict[str, Mapping[str, str]] = {}
        untold: list[str] = []
        with translated("tag:GetResources", f"the certificates in {region}", MEANINGS):
            pages = self._client.get_paginator("get_resources").paginate(
                ResourceTypeFilters=["acm:certificate"],
                TagFilters=filters,
                PaginationConfig={"PageSize": _PAGE},
            )
            # Page by page, and one string for each key: a scan holds the tags of every Region.
            for page in pages:
                for each in _rows(page, region):
                    if "Tags" in each:
                        found[each["ResourceARN"]] = _tags(each["Tags"])
                    else:
                        untold.append(each["ResourceARN"])
        for arn in untold:
            with suppress(Vanished):
                found[arn] = self._tags_of(arn)
        return found


def _rows(page: GetResourcesOutputTypeDef, region: str) -> list[ResourceTagMappingTypeDef]:
    rows = page.get("ResourceTagMappingList")
    if rows is None:
        raise incomplete(f"tag:GetResources in {region}", "ResourceTagMappingList")
    if not all("ResourceARN" in each for each in rows):
        raise incomplete(f"tag:GetResources in {region}", "the ARN of a resource")
    return rows


def _tags(tags: Sequence[TagTypeDef]) -> dict[str, str]:
    return {intern(tag["Key"]): tag.get("Value", "") for tag in tags}
