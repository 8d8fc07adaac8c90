"""Which permissions a request needs: its actions, resources and tags, read off the wire.

Source of the actions and resources: Service Authorization Reference, the page of each service.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field, replace
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from tests.e2e.gate import kinds as _kinds

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

ACCOUNT = "123456789012"
ANY = "*"
DECRYPT = "kms:Decrypt"
"""Asked for with the ARN of the secret whose key decrypts."""
_ACCOUNT_IN_ARN = 4

_CREDENTIAL = re.compile(r"Credential=([^/]+)/\d{8}/([^/]+)/([^/]+)/aws4_request")


class UnreadableRequestError(ValueError):
    """The gate does not know what is asked for, so nobody may have it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who signed, for which Region and service; the signature itself is not checked."""

    key: str
    region: str
    service: str
    """As it is signed: `elasticloadbalancing`, `tagging`."""
    account: str = ACCOUNT
    """That of the role that signed."""

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
    keys: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Condition keys of the service itself, by name."""


def asks(request: Request, caller: Caller) -> list[Ask]:
    """Return the permissions that a request needs, all of them.

    A secret is named as the caller named it: who knows the secrets has to put its ARN there.

    Raises:
        UnreadableRequestError: this operation is not known here.
    """
    if caller.service in _SERVICES:
        return _SERVICES[caller.service](request, caller)
    for kind in kinds():
        found = kind.needed(request, caller) if caller.service == kind.SIGNED_AS else None
        if found is not None:
            return found if isinstance(found, list) else [found]
    path = urlsplit(request.target).path
    raise UnreadableRequestError(f"{caller.service}'s {request.method} {path} is not known here")


@cache
def kinds() -> tuple[Any, ...]:
    """Return the modules that know the dependents' services."""
    return tuple(
        import_module(f"{_kinds.__name__}.{each.name}") for each in iter_modules(_kinds.__path__)
    )


def _acm(request: Request, caller: Caller) -> list[Ask]:
    members, action = request.members, f"acm:{request.operation}"
    if request.operation in {"ListCertificates", "SearchCertificates"}:
        return [Ask(action=action)]
    arn = members.get("CertificateArn")
    tags = members.get("Tags", [])
    ask = Ask(
        action=action,
        # A certificate that is not there yet has no id and no tags.
        resource=arn or f"arn:aws:acm:{caller.region}:{caller.account}:certificate/*",
        tagged=arn,
        # What is to be untagged is named by its key alone.
        request_tags={each["Key"]: each["Value"] for each in tags if "Value" in each},
        tag_keys=tuple(each["Key"] for each in tags),
    )
    if request.operation == "ImportCertificate" and tags:
        # Service Authorization Reference, ACM: tagging is an action of its own, with the same tags.
        return [ask, replace(ask, action="acm:AddTagsToCertificate")]
    return [ask]


def _cloudformation(request: Request, caller: Caller) -> list[Ask]:
    members = parse_qs(request.body.decode())
    stack = f"stack/{members['StackName'][0]}/*"
    resource = f"arn:aws:cloudformation:{caller.region}:{caller.account}:{stack}"
    return [Ask(action=f"cloudformation:{members['Action'][0]}", resource=resource)]


def _ec2(request: Request, _: Caller) -> list[Ask]:
    return [Ask(action=f"ec2:{parse_qs(request.body.decode())['Action'][0]}")]


def _events(request: Request, caller: Caller) -> list[Ask]:
    """Return what putting each entry needs; EventBridge User Guide, IAM policy conditions."""
    if request.operation != "PutEvents":
        raise UnreadableRequestError(f"EventBridge's {request.operation} is not known here")
    return [
        Ask(
            action="events:PutEvents",
            resource=f"arn:aws:events:{caller.region}:{caller.account}:event-bus/default",
            keys={
                "events:source": (each["Source"],),
                "events:detail-type": (each["DetailType"],),
            },
        )
        for each in request.members["Entries"]
    ]


def _lambda(request: Request, caller: Caller) -> list[Ask]:
    found = re.fullmatch(r"/2015-03-31/functions/([^/]+)/configuration", request.target)
    if request.method != "GET" or found is None:
        raise UnreadableRequestError(
            f"Lambda's {request.method} {request.target} is not known here"
        )
    resource = f"arn:aws:lambda:{caller.region}:{caller.account}:function:{found[1]}"
    return [Ask(action="lambda:GetFunctionConfiguration", resource=resource)]


def _logs(request: Request, caller: Caller) -> list[Ask]:
    group = request.members["logGroupName"]
    resource = f"arn:aws:logs:{caller.region}:{caller.account}:log-group:{group}:log-stream:"
    return [Ask(action=f"logs:{request.operation}", resource=resource)]


def _route_53(request: Request, _: Caller) -> list[Ask]:
    path = urlsplit(request.target).path
    found = _ROUTE_53.fullmatch(path)
    action = _OF_ROUTE_53.get((request.method, found[1], bool(found[3]))) if found else None
    if found is None or action is None:
        raise UnreadableRequestError(f"Route 53's {request.method} {path} is not known here")
    return [
        Ask(
            action=f"route53:{action}",
            resource=f"arn:aws:route53:::{found[1]}/{found[2]}",
            keys=_changed_records(request.body.decode()) if request.method == "POST" else {},
        )
    ]


_ROUTE_53 = re.compile(r"/2013-04-01/(hostedzone|change)/([A-Za-z0-9]+)(/rrset/?)?")
_OF_ROUTE_53 = {
    ("GET", "hostedzone", False): "GetHostedZone",
    ("GET", "hostedzone", True): "ListResourceRecordSets",
    ("POST", "hostedzone", True): "ChangeResourceRecordSets",
    ("GET", "change", False): "GetChange",
}
_KEY = "route53:ChangeResourceRecordSets"


def _changed_records(body: str) -> dict[str, tuple[str, ...]]:
    """Return what a batch changes, as IAM sees that.

    Route 53 Developer Guide, Using IAM policy conditions for fine-grained access control: names are
    in lower case and without the last period.
    """

    def each(member: str) -> tuple[str, ...]:
        return tuple(dict.fromkeys(re.findall(f"<{member}>([^<]*)</{member}>", body)))

    names = tuple(dict.fromkeys(name.lower().rstrip(".") for name in each("Name")))
    return {
        f"{_KEY}NormalizedRecordNames": names,
        f"{_KEY}RecordTypes": each("Type"),
        f"{_KEY}Actions": each("Action"),
    }


def _secrets_manager(request: Request, caller: Caller) -> list[Ask]:
    members, action = request.members, f"secretsmanager:{request.operation}"
    if request.operation == "CreateSecret":
        # Service Authorization Reference, Secrets Manager: it is judged by the ARN that it gets.
        arn = f"arn:aws:secretsmanager:{caller.region}:{caller.account}:secret:{members['Name']}"
        return [Ask(action=action, resource=f"{arn}-??????")]
    secret, function = members.get("SecretId"), members.get("RotationLambdaARN")
    if secret is None:
        return [Ask(action=action)]
    ask = Ask(action=action, resource=secret, tagged=secret)
    if request.operation == "RotateSecret" and function:
        # Secrets Manager API Reference, RotateSecret: whoever calls it must be able to invoke the
        # function.
        return [
            replace(ask, keys={"secretsmanager:RotationLambdaARN": (function,)}),
            Ask(action="lambda:InvokeFunction", resource=function),
        ]
    if request.operation == "GetSecretValue" and is_foreign(secret, caller):
        # Secrets Manager User Guide, Permissions for the KMS key: in the caller's name.
        keys = {
            "kms:ViaService": (f"secretsmanager.{caller.region}.amazonaws.com",),
            "kms:EncryptionContext:SecretARN": (secret,),
        }
        return [ask, Ask(action=DECRYPT, resource=secret, keys=keys)]
    return [ask]


def is_foreign(arn: str, caller: Caller) -> bool:
    """Say whether an ARN is that of a resource in another account than the caller's."""
    parts = arn.split(":")
    return len(parts) > _ACCOUNT_IN_ARN and parts[_ACCOUNT_IN_ARN] not in {"", caller.account}


def _ssm(request: Request, caller: Caller) -> list[Ask]:
    members = request.members
    name = str(members.get("Name") or members["Path"]).strip("/")
    resource = f"arn:aws:ssm:{caller.region}:{caller.account}:parameter/{name}"
    return [Ask(action=f"ssm:{request.operation}", resource=resource)]


def _tagging(request: Request, _: Caller) -> list[Ask]:
    return [Ask(action=f"tag:{request.operation}")]


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
    arn = f"arn:aws:sqs:{caller.region}:{caller.account}:{queue}"
    return [Ask(action=f"sqs:{operation}", resource=arn)]


_SERVICES: dict[str, Callable[[Request, Caller], list[Ask]]] = {
    "acm": _acm,
    "cloudformation": _cloudformation,
    "ec2": _ec2,
    "events": _events,
    "lambda": _lambda,
    "logs": _logs,
    "route53": _route_53,
    "secretsmanager": _secrets_manager,
    "sns": _sns,
    "sqs": _sqs,
    "ssm": _ssm,
    "tagging": _tagging,
}
