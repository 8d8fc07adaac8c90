"""CloudWatch Logs: FilterLogEvents with a filter pattern for JSON, of which moto knows none."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from tests.double.world import Answer, Refusal, Request

if TYPE_CHECKING:
    from collections.abc import Mapping

_PATTERN = re.compile(r'\{ \$\.([A-Za-z_.]+) = "([^"*\\]*)" \}')
"""CloudWatch Logs User Guide, Filter pattern syntax, JSON log events: one equality of strings."""


def filter_log_events(request: Request) -> Mapping[str, Any]:
    """CloudWatch Logs API Reference, FilterLogEvents: `startTime` is in milliseconds."""
    params = request.params
    group, earliest = params["logGroupName"], params.get("startTime", 0)
    lines = request.world.log_lines
    if group not in lines:
        raise Refusal("ResourceNotFoundException", "The specified log group does not exist.")
    pattern = _PATTERN.fullmatch(params["filterPattern"])
    if pattern is None:
        raise Refusal("InvalidParameterException", "Invalid filter pattern")
    found = [
        {"timestamp": at, "message": text}
        for at, text in lines[group]
        if at >= earliest and _at(text, pattern[1].split(".")) == pattern[2]
    ]
    page, token = request.page(found, maximum=10_000, size="limit", token="nextToken")
    return {"events": page, **({"nextToken": token} if token else {})}


def _at(line: str, path: list[str]) -> Any:
    try:
        value = json.loads(line)
    except ValueError:
        return None
    for each in path:
        value = value.get(each) if isinstance(value, dict) else None
    return value


ANSWERS: dict[str, Answer] = {"FilterLogEvents": filter_log_events}
