"""Elastic Beanstalk.

Source of the actions and resources: Service Authorization Reference, AWS Elastic Beanstalk.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from tests.e2e.gate.permissions import Ask

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.e2e.gate.permissions import Caller, Request

SIGNED_AS = "elasticbeanstalk"


def needed(request: Request, caller: Caller) -> Ask | None:
    """Return the permission that a request needs.

    DescribeEnvironments by id names no application: the environments that the caller may see are
    in its answer, so it is asked for as for any one of them.
    """
    members = parse_qs(request.body.decode())
    operation = members["Action"][0]
    action = f"{SIGNED_AS}:{operation}"
    if operation == "ListTagsForResource":
        arn = members["ResourceArn"][0]
        return Ask(action=action, resource=arn, tagged=arn)
    application = members.get("ApplicationName", ["any"])[0]
    names = members.get("EnvironmentName") or members.get("EnvironmentNames.member.1") or ["any"]
    arn = (
        f"arn:aws:{SIGNED_AS}:{caller.region}:{caller.account}:environment/{application}/{names[0]}"
    )
    return Ask(action=action, resource=arn, tagged=None if operation.startswith("Desc") else arn)


def tags(client: Callable[[str, str], Any], arn: str) -> list[dict[str, str]] | None:
    """Return the tags of an environment."""
    _, _, service, region, _, _ = arn.split(":", 5)
    if service != SIGNED_AS:
        return None
    found: list[dict[str, str]] = client(SIGNED_AS, region).list_tags_for_resource(ResourceArn=arn)[
        "ResourceTags"
    ]
    return found
