"""Cognito user pools.

Source of the actions and resources: Service Authorization Reference, Amazon Cognito User Pools.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.e2e.gate.permissions import Ask

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.e2e.gate.permissions import Caller, Request

SIGNED_AS = "cognito-idp"
_ON_EVERY_RESOURCE = frozenset({"DescribeUserPoolDomain", "ListUserPools"})


def needed(request: Request, caller: Caller) -> list[Ask] | None:
    """Return the permissions that a request needs.

    Whoever updates the certificate of a custom domain needs the right to update every distribution
    (Cognito Developer Guide, Using your own domain).
    """
    action = f"{SIGNED_AS}:{request.operation}"
    if request.operation in _ON_EVERY_RESOURCE:
        return [Ask(action=action)]
    members = request.members
    arn = members.get("ResourceArn") or (
        f"arn:aws:{SIGNED_AS}:{caller.region}:{caller.account}:userpool/{members['UserPoolId']}"
    )
    ask = Ask(action=action, resource=arn, tagged=arn)
    if request.operation == "UpdateUserPoolDomain":
        return [ask, Ask(action="cloudfront:UpdateDistribution")]
    return [ask]


def tags(client: Callable[[str, str], Any], arn: str) -> list[dict[str, str]] | None:
    """Return the tags of a user pool."""
    _, _, service, region, _, _ = arn.split(":", 5)
    if service != SIGNED_AS:
        return None
    found = client(SIGNED_AS, region).list_tags_for_resource(ResourceArn=arn)["Tags"]
    return [{"Key": key, "Value": value} for key, value in found.items()]
