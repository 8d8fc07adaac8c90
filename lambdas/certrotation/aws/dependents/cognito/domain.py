"""Reads a custom domain of a user pool, together with what the boto3 at hand does not know of it.

botocore drops what its model lacks from an answer. What becomes of a setting that an update leaves
out is not documented: the settings are sent back as they were read, and a domain with one that is
not known is not changed.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from botocore.model import ListShape, MapShape, StructureShape

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from botocore.model import Shape

_DESCRIPTION = "DomainDescription"
_NAMES = frozenset({"Domain", "UserPoolId"})
"""Which domain an update is for."""
_BEFORE_PARSE = "before-parse.cognito-identity-provider.DescribeUserPoolDomain"
_BODY = "RawBody"
_CAN_BE_CHANGED = frozenset({"ACTIVE", "FAILED"})


class Domain(NamedTuple):
    """A custom domain as it was read."""

    name: str
    pool: str | None
    account: str | None
    status: str | None
    host: str | None
    """The name of the distribution in front of the domain."""
    settings: Mapping[str, Any]
    """Everything that an update can change."""
    unknown: tuple[str, ...]
    """The paths of what botocore does not know."""

    @property
    def certificate_arn(self) -> str | None:
        """The certificate that the domain presents."""
        found: str | None = self.settings.get("CustomDomainConfig", {}).get("CertificateArn")
        return found

    @property
    def is_free(self) -> bool:
        """Whether no change is in progress; a status that is not known counts as one."""
        return self.status in _CAN_BE_CHANGED

    def with_certificate(self, arn: str) -> dict[str, Any]:
        """Return the settings with another certificate."""
        config = {**self.settings["CustomDomainConfig"], "CertificateArn": arn}
        return {**self.settings, "CustomDomainConfig": config}


def describe(client: Any, name: str) -> Domain | None:
    """Call DescribeUserPoolDomain; return the custom domain, or None if there is none.

    Of a domain that does not exist, Cognito returns an empty description.

    Raises:
        ClientError, BotoCoreError: as the client does.
    """
    # Here, because a client may be made on first use only; the id has it registered once.
    client.meta.events.register(_BEFORE_PARSE, _keep_body, unique_id=_BEFORE_PARSE)
    answer = client.describe_user_pool_domain(Domain=name)
    described = answer.get(_DESCRIPTION, {})
    if not described.get("CustomDomainConfig"):
        return None
    shape = client.meta.service_model.shape_for("DescribeUserPoolDomainResponse")
    return Domain(
        name=name,
        pool=described.get("UserPoolId"),
        account=described.get("AWSAccountId"),
        status=described.get("Status"),
        host=described.get("CloudFrontDistribution"),
        settings={key: described[key] for key in _settings(client) if key in described},
        unknown=tuple(_unknown(json.loads(answer[_BODY]), shape)),
    )


def _settings(client: Any) -> frozenset[str]:
    """Return the members that an update takes, whatever release of boto3 this is."""
    members = client.meta.service_model.shape_for("UpdateUserPoolDomainRequest").members
    return frozenset(members) - _NAMES


def _keep_body(
    *, response_dict: dict[str, Any], customized_response_dict: dict[str, Any], **_: Any
) -> None:
    """Put the body into the answer that it is parsed to, so that each thread finds its own."""
    customized_response_dict[_BODY] = response_dict["body"]


def _unknown(value: Any, shape: Shape, path: str = "") -> Iterator[str]:
    """Yield the path of each member of a JSON value that the shape has no place for."""
    match shape:
        case StructureShape() if isinstance(value, dict):
            names = {
                each.serialization.get("name", name): each for name, each in shape.members.items()
            }
            for name, member in value.items():
                if name not in names:
                    yield f"{path}{name}"
                else:
                    yield from _unknown(member, names[name], f"{path}{name}.")
        case ListShape() if isinstance(value, list):
            for each in value:
                yield from _unknown(each, shape.member, path)
        case MapShape() if isinstance(value, dict):
            for each in value.values():
                yield from _unknown(each, shape.value, path)
        case _:
            return
