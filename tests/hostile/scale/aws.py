"""AWS as the rotations meet it: each request takes a while, and ACM's quotas throttle.

The double answers what a rotation asks most without HTTP's forms: writing and reading those is
half of the work of ten thousand imports. The double's rules are the same.
"""

from __future__ import annotations

import base64
import json
from collections import Counter
from contextlib import ExitStack, contextmanager
from random import Random
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from botocore.signers import RequestSigner
from botocore.useragent import UserAgentString
from moto.core.botocore_stubber import BotocoreStubber
from moto.core.exceptions import ServiceException

from certrotation.names import tags
from tests.double import acm
from tests.double.certificates import find, imported
from tests.double.world import Request

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from botocore.awsrequest import AWSPreparedRequest

    from tests.double import EmbeddedAws
    from tests.double.world import Forwarded, World
    from tests.simulation.virtual_time import VirtualTime

    Way = Callable[[BotocoreStubber, AWSPreparedRequest], Forwarded | None]

LATENCY = (0.02, 0.08)
"""Seconds that a request takes: at least, and at most."""

RATES = {
    "AddTagsToCertificate": 5,
    "DescribeCertificate": 10,
    "GetCertificate": 10,
    "ImportCertificate": 1,
    "ListCertificates": 8,
    "ListTagsForCertificate": 10,
    "RemoveTagsFromCertificate": 5,
}
"""Requests a second and Region (ACM User Guide, Quotas: API rate quotas)."""


class Quotas:
    """A token bucket for each of ACM's operations and each Region."""

    def __init__(self, time: VirtualTime, burst: float) -> None:
        """Let each bucket hold what its operation may ask in `burst` seconds."""
        self.requests: Counter[str] = Counter()
        """Tries of botocore included."""
        self.throttled: Counter[str] = Counter()
        self._time = time
        self._burst = burst
        self._buckets: dict[tuple[str, str], tuple[float, float]] = {}

    def allow(self, operation: str, region: str) -> bool:
        """Count a request, and say whether ACM carries it out."""
        rate = RATES[operation]
        self.requests[operation] += 1
        now, key = self._time.seconds(), (operation, region)
        tokens, then = self._buckets.get(key, (self._burst * rate, now))
        tokens = min(self._burst * rate, tokens + (now - then) * rate)
        is_allowed = tokens >= 1
        self._buckets[key] = (tokens - is_allowed, now)
        self.throttled[operation] += not is_allowed
        return is_allowed


@contextmanager
def slow_and_throttled(time: VirtualTime, quotas: Quotas) -> Iterator[None]:
    """Let each request take its time and keep to the quotas, until exit."""
    answer: Way = BotocoreStubber.process_request
    chance = Random(0)  # noqa: S311  the same each time

    def process(stubber: BotocoreStubber, request: AWSPreparedRequest) -> Forwarded | None:
        time.sleep(chance.uniform(*LATENCY))
        service, region, operation = _asked(request)
        if service == "acm" and operation in RATES and not quotas.allow(operation, region):
            return _error("ThrottlingException", "Rate exceeded")
        return answer(stubber, request)

    with patch.object(BotocoreStubber, "process_request", process):
        yield


@contextmanager
def without_http(aws: EmbeddedAws) -> Iterator[None]:
    """Answer what a rotation asks most without HTTP's forms, until exit."""
    direct = _Direct(aws._world)
    long_way: Way = BotocoreStubber.process_request

    def process(stubber: BotocoreStubber, request: AWSPreparedRequest) -> Forwarded | None:
        _, region, operation = _asked(request)
        answer = direct.answer(operation, region, request)
        return long_way(stubber, request) if answer is None else answer

    with ExitStack() as stack:
        stack.enter_context(patch.object(BotocoreStubber, "process_request", process))
        # Nobody looks at these; both are a good part of botocore's work.
        stack.enter_context(patch.object(RequestSigner, "sign", lambda *_, **__: None))
        stack.enter_context(patch.object(UserAgentString, "to_string", lambda _: "unnamed"))
        yield


def _asked(request: AWSPreparedRequest) -> tuple[str, str, str]:
    """Return the service, the Region and the operation of a request."""
    service, region = request.url.removeprefix("https://").split(".")[:2]
    target: Any = request.headers.get("X-Amz-Target", b"")
    return service, region, str(target, "ascii").rpartition(".")[2]


class _Direct:
    """The double's answers to what a rotation asks most."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._indexes: dict[str, _TagIndex] = {}
        self._answers: dict[str, Callable[[Request], Mapping[str, Any] | None]] = {
            "AddTagsToCertificate": self._add_tags,
            "GetCertificate": acm.get_certificate,  # type: ignore[dict-item]  # all are imported
            "GetResources": self._get_resources,
            "ImportCertificate": acm.import_certificate,
        }

    def answer(self, operation: str, region: str, request: AWSPreparedRequest) -> Forwarded | None:
        """Answer, or return None for what goes the long way."""
        if operation not in self._answers:
            return None
        params: dict[str, Any] = json.loads(str(request.body, "utf-8"))  # type: ignore[arg-type]  # bytes
        for name in {"Certificate", "CertificateChain", "PrivateKey"} & params.keys():
            params[name] = base64.b64decode(params[name])
        asked = Request(
            world=self._world,
            service="",
            operation=operation,
            region=region,
            params=params,
            forward=_no_way,
        )
        try:
            answer = self._answers[operation](asked)
        except ServiceException as error:
            return _error(error.code, error.message)
        return None if answer is None else (200, {}, json.dumps(answer))

    def _add_tags(self, request: Request) -> Mapping[str, Any]:
        arn = request.params["CertificateArn"]
        certificate = find(self._world, request.region, arn)
        if certificate is None:
            raise ServiceException("ResourceNotFoundException", f"Could not find {arn}.")
        certificate.tags.add(request.params["Tags"])
        return {}

    def _get_resources(self, request: Request) -> Mapping[str, Any] | None:
        match request.params.get("TagFilters"):
            case [{"Key": tags.SECRET, "Values": [secret]}]:
                index = self._indexes.setdefault(request.region, _TagIndex())
                found = index.find(self._world, request.region, secret)
                return {"ResourceTagMappingList": found, "PaginationToken": ""}
            case _:
                return None


class _TagIndex:
    """A Region's certificates by the secret in their tags, which no rotation changes."""

    def __init__(self) -> None:
        self._size = 0
        self._found: dict[str, list[Any]] = {}

    def find(self, world: World, region: str, secret: str) -> list[dict[str, Any]]:
        """Return ARN and tags of a secret's certificates."""
        certificates = imported(world, region)
        if len(certificates) != self._size:
            self._size, self._found = len(certificates), {}
            for each in certificates:
                self._found.setdefault(dict(each.tags).get(tags.SECRET) or "", []).append(each)
        return [
            {
                "ResourceARN": each.arn,
                "Tags": [{"Key": key, "Value": value} for key, value in dict(each.tags).items()],
            }
            for each in self._found.get(secret, ())
        ]


def _error(code: str, message: str) -> Forwarded:
    return 400, {}, json.dumps({"__type": code, "message": message})


def _no_way() -> Forwarded:
    raise AssertionError("Only imported certificates are asked for.")
