"""Classic Load Balancers.

Source of the actions and resources: Service Authorization Reference, Elastic Load Balancing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from tests.e2e.gate.permissions import Ask

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.e2e.gate.permissions import Caller, Request

SIGNED_AS = "elasticloadbalancing"
_API = "2012-06-01"


def needed(request: Request, caller: Caller) -> Ask | None:
    """Return the permission that a request needs."""
    members = parse_qs(request.body.decode())
    if members["Version"] != [_API]:
        return None
    operation = members["Action"][0]
    action = f"elasticloadbalancing:{operation}"
    if operation.startswith("Describe"):
        return Ask(action=action)
    name = members["LoadBalancerName"][0]
    arn = f"arn:aws:elasticloadbalancing:{caller.region}:{caller.account}:loadbalancer/{name}"
    return Ask(action=action, resource=arn, tagged=arn)


def tags(client: Callable[[str, str], Any], arn: str) -> list[dict[str, str]] | None:
    """Return the tags of a load balancer."""
    _, _, service, region, _, resource = arn.split(":", 5)
    kind, _, name = resource.partition("/")
    if service != SIGNED_AS or kind != "loadbalancer" or "/" in name:
        return None
    answer = client("elb", region).describe_tags(LoadBalancerNames=[name])
    found: list[dict[str, str]] = answer["TagDescriptions"][0]["Tags"]
    return found
