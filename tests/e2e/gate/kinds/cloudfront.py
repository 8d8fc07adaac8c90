"""CloudFront.

Source of the actions and resources: Service Authorization Reference, CloudFront.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from tests.e2e.gate.permissions import Ask

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.e2e.gate.permissions import Caller, Request

SIGNED_AS = "cloudfront"
_DISTRIBUTION = re.compile(r"/2020-05-31/distribution/(?P<id>[^/]+)(?P<config>/config)?")
_TAGS = "/2020-05-31/tagging"
_OPERATIONS = {
    ("GET", False): "GetDistribution",
    ("GET", True): "GetDistributionConfig",
    ("PUT", True): "UpdateDistribution",
    ("DELETE", False): "DeleteDistribution",
}
"""By the request's method, and whether it is about the configuration alone."""


def needed(request: Request, caller: Caller) -> Ask | None:
    """Return the permission that a request needs."""
    url = urlsplit(request.target)
    if url.path == _TAGS and request.method == "GET":
        arn = parse_qs(url.query)["Resource"][0]
        return Ask(action="cloudfront:ListTagsForResource", resource=arn, tagged=arn)
    found = _DISTRIBUTION.fullmatch(url.path)
    operation = _OPERATIONS.get((request.method, bool(found["config"]))) if found else None
    if found is None or operation is None:
        return None
    arn = f"arn:aws:cloudfront::{caller.account}:distribution/{found['id']}"
    return Ask(action=f"cloudfront:{operation}", resource=arn, tagged=arn)


def tags(client: Callable[[str, str], Any], arn: str) -> list[dict[str, str]] | None:
    """Return the tags of a distribution."""
    if arn.split(":")[2] != SIGNED_AS:
        return None
    answer = client("cloudfront", "us-east-1").list_tags_for_resource(Resource=arn)
    found: list[dict[str, str]] = answer["Tags"].get("Items", [])
    return found
