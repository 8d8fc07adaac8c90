"""The outcomes that rotate logs, in CloudWatch Logs.

Action: logs:FilterLogEvents.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from certrotation.aws.errors import translated

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

_KEY = "rotation"


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
        outcomes = (_outcome(each.get("message", "")) for each in reversed(events))
        return next((each for each in outcomes if each and each.get("secret") == secret), None)


def _outcome(line: str) -> Mapping[str, Any] | None:
    try:
        entry = json.loads(line)
    except ValueError:
        return None
    outcome = entry.get(_KEY) if isinstance(entry, dict) else None
    return outcome if isinstance(outcome, dict) else None
