"""Elastic Load Balancing V2.

Source of the actions and resources: Service Authorization Reference, Elastic Load Balancing V2.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from tests.e2e.gate.permissions import Ask

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.e2e.gate.permissions import Caller, Request

SIGNED_AS = "elasticloadbalancing"
_API = "2015-12-01"


def needed(request: Request, _: Caller) -> Ask | None:
    """Return the permission that a request needs."""
    members = parse_qs(request.body.decode())
    if members["Version"] != [_API]:
        return None
    operation = members["Action"][0]
    action = f"elasticloadbalancing:{operation}"
    if operation.startswith("Describe"):
        return Ask(action=action)
    listener = members["ListenerArn"][0]
    return Ask(action=action, resource=listener, tagged=listener)


def tags(client: Callable[[str, str], Any], arn: str) -> list[dict[str, str]] | None:
    """Return the tags of a listener or a load balancer."""
    _, _, service, region, _, resource = arn.split(":", 5)
    if service != SIGNED_AS or resource.split("/")[1] not in {"app", "net"}:
        return None
    answer = client("elbv2", region).describe_tags(ResourceArns=[arn])
    found: list[dict[str, str]] = answer["TagDescriptions"][0]["Tags"]
    return found
