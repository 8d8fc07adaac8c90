"""Answers each list once and then again until something changes: a year has 8,760 scans.

It stands behind the double's recorder and hooks, so that calls are counted and dark Regions are
dark. A list is given as the double's answer says, without the way over the wire that every other
call takes, and that takes ten times as long as everything else. While AWS throttles, denies or
lags, lists take it too.
"""

from __future__ import annotations

import json
from collections import Counter
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from botocore.client import BaseClient

from tests.double.dispatch import ANSWERS
from tests.double.world import Request

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from tests.double import EmbeddedAws
    from tests.double.world import Forwarded

LISTS = frozenset({"GetResources", "ListCertificates", "ListSecrets"})
"""Of these, nothing changes by time alone: the functions ask for expired certificates too."""

READS = ("Describe", "Get", "List")

_GLOBAL = ("aws-global", "us-east-1")
"""CloudFront's Region, and where it shows in ACM's lists."""

_AFAR = frozenset({"apigateway", "cognito-idp"})
"""Services whose resources may present a certificate of CloudFront's Region from any Region."""


class ListCache:
    """The answers of one world."""

    def __init__(self) -> None:
        self.aws: EmbeddedAws | None = None
        """Whose lists are cached; until it is known, nobody's."""
        self._answers: dict[tuple[str, ...], tuple[int, Any]] = {}
        self._changes: Counter[str] = Counter()
        """How many calls so far may have changed something in a Region."""

    def in_front_of(self, call: Callable[..., Any]) -> Callable[..., Any]:
        """Return what replaces `BaseClient._make_api_call`."""

        def make_api_call(client: BaseClient, operation: str, params: dict[str, Any]) -> Any:
            region = client.meta.region_name
            region = _GLOBAL[1] if region == _GLOBAL[0] else region
            if operation not in LISTS:
                is_afar = client.meta.service_model.service_name in _AFAR
                for each in {region, _GLOBAL[1]} if is_afar else {region}:
                    self._changes[each] += not operation.startswith(READS)
                return call(client, operation, params)
            aws = self.aws
            if aws is None or aws.behaviour.fault or aws._world.snapshots:
                return call(client, operation, params)
            key = (operation, region, json.dumps(params, sort_keys=True))
            changes, answer = self._answers.get(key, (-1, None))
            if changes != self._changes[region]:
                service = client.meta.service_model.service_name
                answer = _list(aws, service, operation, region, params)
                self._answers[key] = (self._changes[region], answer)
            return answer

        return make_api_call


def _list(
    aws: EmbeddedAws, service: str, operation: str, region: str, params: Mapping[str, Any]
) -> dict[str, Any]:
    """Return a list as botocore would have parsed it."""
    request = Request(
        world=aws._world,
        service=service,
        operation=operation,
        region=region,
        params=params,
        forward=_no_forwarding,
    )
    with aws._world.lock:
        answer = ANSWERS[service][operation](request)
    assert isinstance(answer, dict)
    if operation == "ListSecrets":
        answer["SecretList"] = [_as_parsed(each) for each in answer["SecretList"]]
    return answer


def _as_parsed(entry: Mapping[str, Any]) -> dict[str, Any]:
    """Return moto's entry with its dates as such, and without what is not there."""
    return {
        key: datetime.fromtimestamp(value, UTC) if key.endswith("Date") else value
        for key, value in entry.items()
        if value is not None
    }


def _no_forwarding() -> Forwarded:
    raise AssertionError("the double's lists are its own")


@contextmanager
def caching_lists() -> Iterator[ListCache]:
    """Remember answers until exit; to be entered before the world, whose recorder comes first."""
    cache = ListCache()
    patched = cache.in_front_of(vars(BaseClient)["_make_api_call"])
    with patch.object(BaseClient, "_make_api_call", patched):
        yield cache
