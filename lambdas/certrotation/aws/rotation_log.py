"""The outcomes that rotate logs, in CloudWatch Logs.

Action: logs:FilterLogEvents.

Whoever may write to the log group, and any version of rotate, chooses what stands in a line: a line
whose members are not those of an outcome is a line of something else.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from certrotation.aws.errors import translated

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

_KEY = "rotation"
_FINDING = {"code": str, "severity": str, "found": str, "remedy": str}
_REGION = {
    "region": str,
    "status": str,
    "findings": [_FINDING],
    "stranded": [str],
    "waiting_for": [str],
    "error": str,
}
_OUTCOME = {
    "secret": str,
    "status": str,
    "findings": [_FINDING],
    "regions": [_REGION],
    "plan": {"version": str},
    "error": str,
}
"""What is read of `RotationOutcome.to_json`; each member may be absent or null."""


class CloudWatchRotationLog:
    """The log group of rotate."""

    def __init__(self, client: Any, group: str) -> None:
        self._client = client
        self._group = group

    def last_of(self, secret: str, since: datetime) -> Mapping[str, Any] | None:
        """Return the last outcome of a secret's rotation, as it is logged, or None.

        Args:
            secret: the whole name; Secrets Manager allows no character in it that the pattern of a
                filter would have to escape.
            since: the earliest time.
        """
        with translated("logs:FilterLogEvents", self._group):
            pages = self._client.get_paginator("filter_log_events").paginate(
                logGroupName=self._group,
                startTime=int(since.timestamp() * 1_000),
                filterPattern=f'{{ $.{_KEY}.secret = "{secret}" }}',
            )
            events = [event for page in pages for event in page.get("events", ())]
        # Of one millisecond, the last line counts.
        events.sort(key=lambda each: int(each.get("timestamp", 0)))
        outcomes = (outcome_in(each.get("message", "")) for each in reversed(events))
        return next((each for each in outcomes if each and each.get("secret") == secret), None)


def outcome_in(line: str) -> Mapping[str, Any] | None:
    """Return the outcome of a rotation in a line of the log, or None if the line has none."""
    try:
        entry = json.loads(line)
    except ValueError:
        return None
    outcome = entry.get(_KEY) if isinstance(entry, dict) else None
    return outcome if isinstance(outcome, dict) and _fits(outcome, _OUTCOME) else None


def _fits(value: object, shape: Any) -> bool:
    """Return whether a value of JSON is absent, null or of this shape."""
    if value is None:
        return True
    if isinstance(shape, dict):
        return isinstance(value, dict) and all(_fits(value.get(k), v) for k, v in shape.items())
    if isinstance(shape, list):
        return isinstance(value, list) and all(
            each is not None and _fits(each, shape[0]) for each in value
        )
    return isinstance(value, shape)
