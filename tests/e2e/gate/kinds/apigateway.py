"""Custom domain names of API Gateway.

Source of the actions and resources: Service Authorization Reference, Amazon API Gateway Management.
An action is the verb of the request. Only a private domain name's ARN has an account.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, unquote, urlsplit

from tests.e2e.gate.permissions import Ask

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.e2e.gate.permissions import Caller, Request

SIGNED_AS = "apigateway"
_PATH = "/domainnames"


def needed(request: Request, caller: Caller) -> list[Ask] | None:
    """Return the permissions that a request needs.

    Whoever changes an edge-optimized domain name needs the right to update every distribution (API
    Gateway Developer Guide, Set up an edge-optimized custom domain name).
    """
    url = urlsplit(request.target)
    path = unquote(url.path).rstrip("/")
    name = path.removeprefix(_PATH)
    if not path.startswith(_PATH) or name.count("/") > 1:
        return None
    identifier = parse_qs(url.query).get("domainNameId", [""])[0]
    owner, suffix = (caller.account, f"+{identifier}") if identifier else ("", "")
    arn = f"arn:aws:apigateway:{caller.region}:{owner}:{path}{suffix}"
    ask = Ask(action=f"apigateway:{request.method}", resource=arn, tagged=arn if name else None)
    if request.method == "PATCH" and not identifier and _is_edge(request):
        return [ask, Ask(action="cloudfront:UpdateDistribution")]
    return [ask]


def _is_edge(request: Request) -> bool:
    return any(
        each["path"] == "/certificateArn" for each in request.members.get("patchOperations", [])
    )


def tags(client: Callable[[str, str], Any], arn: str) -> list[dict[str, str]] | None:
    """Return the tags of a domain name."""
    _, _, service, region, _, path = arn.split(":", 5)
    if service != SIGNED_AS:
        return None
    name, _, identifier = path.removeprefix(f"{_PATH}/").partition("+")
    given = {"domainName": name, **({"domainNameId": identifier} if identifier else {})}
    found = client("apigateway", region).get_domain_name(**given).get("tags", {})
    return [{"Key": key, "Value": value} for key, value in found.items()]
