"""A request of CloudFormation for a custom resource, and the answer.

Source: CloudFormation User Guide, Custom resource request and response reference.
"""

from __future__ import annotations

import json
import re
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from certrotation.core.notify.notice import on_one_line, shortened
from certrotation.errors import MessageMalformed
from certrotation.values import dataclass, replace

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

MOST_BYTES = 4096
"""Of an answer."""
LONGEST_REASON = 600
"""In characters, of which one takes up to four bytes."""

LONGEST_WAIT = timedelta(minutes=30)
"""How long a request waits for a copy if its resource sets no ServiceTimeout."""
MARGIN = timedelta(minutes=1)
"""How long before the end of ServiceTimeout a request is answered at the latest."""

MOST_SECONDS = 3_600
"""Of ServiceTimeout."""

_SECRET, _REGION, _NONCE = "Secret", "Region", "Nonce"
_OF_CLOUDFORMATION = {"ServiceToken", "ServiceTimeout"}
_KNOWN = {_SECRET, _REGION, _NONCE} | _OF_CLOUDFORMATION

# Secrets Manager API Reference, CreateSecret, Name.
_NAME = re.compile(r"[A-Za-z0-9/_+=.@-]{1,256}")
_REGION_NAME = re.compile(r"[a-z]{2,4}(-[a-z]+)+-\d{1,2}")


class RequestType(StrEnum):
    """What CloudFormation does with the resource."""

    CREATE = "Create"
    UPDATE = "Update"
    DELETE = "Delete"


class Status(StrEnum):
    """How a request ended."""

    SUCCESS = "SUCCESS"
    FAILED = "FAILED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """The certificate that a resource stands for."""

    secret: str
    """The whole name of the secret."""
    region: str
    longest: timedelta
    """How long the request may wait."""

    @property
    def physical_id(self) -> str:
        """The id of the resource: never an ARN, so that another ARN replaces no resource."""
        return f"{self.secret}/{self.region}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Malformed:
    """The properties of a resource do not say which certificate is wanted."""

    problem: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceRequest:
    """A request, and where the answer goes."""

    kind: RequestType
    request_id: str
    stack_id: str
    logical_id: str
    physical_id: str | None
    """None for a resource that is to be created."""
    response_url: str
    """Whoever knows the URL can answer, so it is never logged."""
    properties: Mapping[str, Any]
    former_properties: Mapping[str, Any]
    """Of an update: what CloudFormation sent before; in a rollback, what is rolled back."""

    @classmethod
    def of(cls, event: object) -> ResourceRequest:
        """Read the event of a function that is a service token.

        Raises:
            MessageMalformed: the event is not such a request, so nobody waits for an answer.
        """
        members = ("RequestType", "RequestId", "StackId", "LogicalResourceId", "ResponseURL")
        given = event if isinstance(event, dict) else {}
        found = [given.get(each) for each in members]
        if not all(isinstance(each, str) and each for each in found):
            raise MessageMalformed(
                "The event is not a request of CloudFormation for a custom resource.",
                "Use the function as the ServiceToken of a custom resource.",
            )
        kind, request_id, stack_id, logical_id, url = map(str, found)
        if kind not in set(RequestType):
            raise MessageMalformed(f"The request type {kind!r} is unknown.", "Correct the caller.")
        physical_id = given.get("PhysicalResourceId")
        return cls(
            kind=RequestType(kind),
            request_id=request_id,
            stack_id=stack_id,
            logical_id=logical_id,
            physical_id=physical_id if isinstance(physical_id, str) and physical_id else None,
            response_url=url,
            properties=_object(given.get("ResourceProperties")),
            former_properties=_object(given.get("OldResourceProperties")),
        )

    def wanted(self, prefix: str) -> Wanted | Malformed:
        """Return which certificate the properties want.

        Args:
            prefix: the prefix of the names of managed secrets; a name may leave it out.
        """
        problem = next(self._problems(), None)
        if problem is not None:
            return Malformed(problem=problem)
        name = self.properties[_SECRET]
        return Wanted(
            secret=name if name.startswith(prefix) else f"{prefix}{name}",
            region=self.properties[_REGION],
            longest=self.longest_wait,
        )

    def kept(self, prefix: str) -> tuple[Wanted, ...]:
        """Return the certificates of which any live copy answers the request in the last resort.

        Only an update has some. It may belong to a rollback, which must not fail, because then the
        stack is stuck; and a request does not say so. After an update that had succeeded, a
        rollback looks like an update back: the old properties, and the id of the new resource.

        A resource that still wants the same secret keeps the name in its id too, which has the
        prefix of another day.

        Args:
            prefix: the prefix of the names of managed secrets.
        """
        wanted = self.wanted(prefix)
        if self.kind is not RequestType.UPDATE or isinstance(wanted, Malformed):
            return ()
        name, region = self.properties[_SECRET], self.properties[_REGION]
        is_same = all(
            self.former_properties.get(each) == self.properties[each] for each in (_SECRET, _REGION)
        )
        own_id = self.physical_id or ""
        if not is_same or own_id == wanted.physical_id or not own_id.endswith(f"{name}/{region}"):
            return (wanted,)
        return (wanted, replace(wanted, secret=own_id.removesuffix(f"/{region}")))

    @property
    def longest_wait(self) -> timedelta:
        """How long the request may wait: less than CloudFormation does."""
        given = str(self.properties.get("ServiceTimeout", ""))
        if not given.isdecimal():
            return LONGEST_WAIT
        timeout = timedelta(seconds=min(int(given), MOST_SECONDS))
        return max(timeout - MARGIN, timeout / 2)

    def _problems(self) -> Iterator[str]:
        given = self.properties
        for each in sorted(given.keys() - _KNOWN):
            yield f"The property {each} is unknown. Give {_SECRET}, {_REGION}, optionally {_NONCE}."
        for each, pattern, example in (
            (_SECRET, _NAME, "shop"),
            (_REGION, _REGION_NAME, "eu-west-1"),
        ):
            value = given.get(each)
            if value is None:
                yield f"The property {each} is missing (example: {example})."
            elif not isinstance(value, str) or not pattern.fullmatch(value):
                what = "the name of a secret" if each == _SECRET else "a Region"
                yield f"The property {each} is not {what} (example: {example}): {value!r}."


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The answer to a request."""

    status: Status
    physical_id: str
    reason: str = ""
    data: Mapping[str, str] | None = None
    """The attributes of the resource."""

    def to_json(self, request: ResourceRequest) -> str:
        """Return the answer as CloudFormation takes it."""
        return json.dumps(
            {
                "Status": self.status.value,
                "Reason": shortened(on_one_line(self.reason), LONGEST_REASON),
                "PhysicalResourceId": self.physical_id,
                "StackId": request.stack_id,
                "RequestId": request.request_id,
                "LogicalResourceId": request.logical_id,
                "Data": dict(self.data or {}),
            },
            ensure_ascii=False,
        )


def succeeded(
    physical_id: str, data: Mapping[str, str] | None = None, although: str = ""
) -> Answer:
    """Return the answer that the resource is as it was asked for, `although` there is a problem."""
    return Answer(status=Status.SUCCESS, physical_id=physical_id, data=data, reason=although)


def failed(request: ResourceRequest, reason: str) -> Answer:
    """Return the answer that a request failed.

    The id of an existing resource stays: with another one, CloudFormation would take the resource
    for replaced. A resource that was never created gets its name in the template as its id.
    """
    physical_id = request.physical_id or request.logical_id
    return Answer(status=Status.FAILED, physical_id=physical_id, reason=reason)


def _object(given: object) -> Mapping[str, Any]:
    return given if isinstance(given, dict) else {}
