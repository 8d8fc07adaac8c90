"""Which permissions a request needs: its actions, resources and tags, read off the wire.

Source of the actions and resources: Service Authorization Reference, the page of each service.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

ACCOUNT = "123456789012"
ANY = "*"

_CREDENTIAL = re.compile(r"Credential=([^/]+)/\d{8}/([^/]+)/([^/]+)/aws4_request")
_DISTRIBUTION = re.compile(r"/2020-05-31/distribution/(?P<id>[^/]+)(?P<config>/config)?")
_CLOUDFRONT_TAGS = "/2020-05-31/tagging"


class UnreadableRequestError(ValueError):
    """The gate does not know what is asked for, so nobody may have it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who signed, for which Region and service; the signature itself is not checked."""

    key: str
    region: str
    service: str
    """As it is signed: `elasticloadbalancing`, `tagging`."""

    @classmethod
    def of(cls, authorization: str) -> Caller:
        """Read an Authorization header.

        Raises:
            UnreadableRequestError: there is no signature of version 4.
        """
        found = _CREDENTIAL.search(authorization)
        if found is None:
            raise UnreadableRequestError("the request carries no signature")
        return cls(key=found[1], region=found[2], service=found[3])


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A request as it came."""

    method: str
    target: str
    """Path and query."""
    headers: Mapping[str, str]
    body: bytes

    @property
    def operation(self) -> str:
        """The operation of a service that speaks JSON."""
        headers = {key.lower(): value for key, value in self.headers.items()}
        return headers.get("x-amz-target", "").rpartition(".")[2]

    @property
    def members(self) -> dict[str, Any]:
        """The input of a service that speaks JSON."""
        read: dict[str, Any] = json.loads(self.body or b"{}")
        return read


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """One permission that a request needs."""

    action: str
    resource: str = ANY
    tagged: str | None = None
    """What carries the tags behind `aws:ResourceTag`; None if the action knows none."""
    request_tags: Mapping[str, str] = field(default_factory=dict)
    tag_keys: tuple[str, ...] = ()


def asks(request: Request, caller: Caller) -> list[Ask]:
    """Return the permissions that a request needs, all of them.

    A secret is named as the caller named it: who knows the secrets has to put its ARN there.

    Raises:
        UnreadableRequestError: this operation is not known here.
    """
    if caller.service not in _SERVICES:
        raise UnreadableRequestError(f"{caller.service} is not known here")
    return _SERVICES[caller.service](request, caller)


def _acm(request: Request, caller: Caller) -> list[Ask]:
    members, action = request.members, f"acm:{request.operation}"
    if request.operation == "ListCertificates":
        return [Ask(action=action)]
    arn = members.get("CertificateArn")
    tags = members.get("Tags", [])
    ask = Ask(
        action=action,
        # A certificate that is not there yet has no id and no tags.
        resource=arn or f"arn:aws:acm:{caller.region}:{ACCOUNT}:certificate/*",
        tagged=arn,
        # What is to be untagged is named by its key alone.
        request_tags={each["Key"]: each["Value"] for each in tags if "Value" in each},
        tag_keys=tuple(each["Key"] for each in tags),
    )
    if request.operation == "ImportCertificate" and tags:
        # Service Authorization Reference, ACM: tagging is an action of its own, with the same tags.
        return [ask, replace(ask, action="acm:AddTagsToCertificate")]
    return [ask]


def _secrets_manager(request: Request, _: Caller) -> list[Ask]:
    action, secret = f"secretsmanager:{request.operation}", request.members.get("SecretId")
    return [Ask(action=action, resource=secret, tagged=secret) if secret else Ask(action=action)]


def _tagging(request: Request, _: Caller) -> list[Ask]:
    return [Ask(action=f"tag:{request.operation}")]


def _load_balancing(request: Request, _: Caller) -> list[Ask]:
    members = parse_qs(request.body.decode())
    operation = members["Action"][0]
    action = f"elasticloadbalancing:{operation}"
    if operation.startswith("Describe"):
        return [Ask(action=action)]
    listener = members["ListenerArn"][0]
    return [Ask(action=action, resource=listener, tagged=listener)]


def _cloudfront(request: Request, _: Caller) -> list[Ask]:
    url = urlsplit(request.target)
    if url.path == _CLOUDFRONT_TAGS and request.method == "GET":
        arn = parse_qs(url.query)["Resource"][0]
        return [Ask(action="cloudfront:ListTagsForResource", resource=arn, tagged=arn)]
    found = _DISTRIBUTION.fullmatch(url.path)
    operation = _distribution_operation(request.method, found) if found else None
    if found is None or operation is None:
        raise UnreadableRequestError(f"CloudFront's {request.method} {url.path} is not known here")
    arn = f"arn:aws:cloudfront::{ACCOUNT}:distribution/{found['id']}"
    return [Ask(action=f"cloudfront:{operation}", resource=arn, tagged=arn)]


def _distribution_operation(method: str, found: re.Match[str]) -> str | None:
    return {
        ("GET", False): "GetDistribution",
        ("GET", True): "GetDistributionConfig",
        ("PUT", True): "UpdateDistribution",
        ("DELETE", False): "DeleteDistribution",
    }.get((method, bool(found["config"])))


def _sns(request: Request, _: Caller) -> list[Ask]:
    members = parse_qs(request.body.decode())
    operation, topic = members["Action"][0], members.get("TopicArn")
    if topic is None:
        raise UnreadableRequestError(f"SNS's {operation} without a topic is not known here")
    return [Ask(action=f"sns:{operation}", resource=topic[0])]


def _sqs(request: Request, caller: Caller) -> list[Ask]:
    # A batch needs the permission of its single form (SQS Developer Guide, API permissions).
    operation = request.operation.removesuffix("Batch")
    queue = str(request.members["QueueUrl"]).rpartition("/")[2]
    arn = f"arn:aws:sqs:{caller.region}:{ACCOUNT}:{queue}"
    return [Ask(action=f"sqs:{operation}", resource=arn)]


_SERVICES: dict[str, Callable[[Request, Caller], list[Ask]]] = {
    "acm": _acm,
    "cloudfront": _cloudfront,
    "elasticloadbalancing": _load_balancing,
    "secretsmanager": _secrets_manager,
    "sns": _sns,
    "sqs": _sqs,
    "tagging": _tagging,
}
