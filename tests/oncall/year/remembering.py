"""Answers each list once and then again until something changes: a year has 8,760 scans.

It stands behind the double's recorder and hooks, so that calls are counted, dark Regions are dark
and denials deny. What is remembered is botocore's parsed answer; nobody who gets it changes it.
"""

from __future__ import annotations

import json
from collections import Counter
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from botocore.client import BaseClient

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.double import Behaviour

LISTS = frozenset({"GetResources", "ListCertificates", "ListSecrets"})
"""Of these, nothing changes by time alone: the functions ask for expired certificates too."""

READS = ("Describe", "Get", "List")

_GLOBAL = ("aws-global", "us-east-1")
"""CloudFront's Region, and where it shows in ACM's lists."""


class Remembered:
    """The answers of one world."""

    def __init__(self, behaviour: Behaviour) -> None:
        self._behaviour = behaviour
        self._answers: dict[tuple[str, ...], tuple[int, Any]] = {}
        self._changes: Counter[str] = Counter()
        """How many calls so far may have changed something in a Region."""
        self.is_stale = False
        """Reads lag on purpose: what they answer is not remembered."""

    def in_front_of(self, call: Callable[..., Any]) -> Callable[..., Any]:
        """Return what replaces `BaseClient._make_api_call`."""

        def make_api_call(client: BaseClient, operation: str, params: dict[str, Any]) -> Any:
            region = client.meta.region_name
            region = _GLOBAL[1] if region == _GLOBAL[0] else region
            if operation not in LISTS:
                self._changes[region] += not operation.startswith(READS)
                return call(client, operation, params)
            if self.is_stale or self._behaviour.fault or self._behaviour.denied:
                return call(client, operation, params)
            key = (operation, region, json.dumps(params, sort_keys=True))
            changes, answer = self._answers.get(key, (-1, None))
            if changes != self._changes[region]:
                answer = call(client, operation, params)
                self._answers[key] = (self._changes[region], answer)
            return answer

        return make_api_call


@contextmanager
def remembering(behaviour: Behaviour) -> Iterator[Remembered]:
    """Remember answers until exit; to be entered before the world, whose recorder comes first."""
    remembered = Remembered(behaviour)
    patched = remembered.in_front_of(vars(BaseClient)["_make_api_call"])
    with patch.object(BaseClient, "_make_api_call", patched):
        yield remembered
