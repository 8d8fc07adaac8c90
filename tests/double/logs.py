"""CloudWatch Logs: FilterLogEvents with filter patterns, for JSON and of terms: moto has none."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from tests.double.world import Answer, Refusal, Request

if TYPE_CHECKING:
    from collections.abc import Mapping

_PATTERN = re.compile(r'\{ \$\.([A-Za-z_.]+) = "([^"*\\]*)" \}')
"""CloudWatch Logs User Guide, Filter pattern syntax, JSON log events: one equality of strings."""

_TERMS = re.compile(r"\?[A-Z_]+( \?[A-Z_]+)*")
"""The same guide, Match terms in unstructured log events: one of several terms."""


def filter_log_events(request: Request) -> Mapping[str, Any]:
    """CloudWatch Logs API Reference, FilterLogEvents: `startTime` is in milliseconds."""
    params = request.params
    group, earliest = params["logGroupName"], params.get("startTime", 0)
    lines = request.world.log_lines
    if group not in lines:
        raise Refusal("ResourceNotFoundException", "The specified log group does not exist.")
    pattern = params["filterPattern"]
    found = [
        {"timestamp": at, "message": text}
        for at, text in lines[group]
        if at >= earliest and _matches(text, pattern)
    ]
    page, token = request.page(found, maximum=10_000, size="limit", token="nextToken")
    return {"events": page, **({"nextToken": token} if token else {})}


def _matches(line: str, pattern: str) -> bool:
    equality, terms = _PATTERN.fullmatch(pattern), _TERMS.fullmatch(pattern)
    if equality is not None:
        return bool(_at(line, equality[1].split(".")) == equality[2])
    if terms is not None:
        return any(each.removeprefix("?") in line for each in pattern.split())
    raise Refusal("InvalidParameterException", "Invalid filter pattern")


def _at(line: str, path: list[str]) -> Any:
    try:
        value = json.loads(line)
    except ValueError:
        return None
    for each in path:
        value = value.get(each) if isinstance(value, dict) else None
    return value


ANSWERS: dict[str, Answer] = {"FilterLogEvents": filter_log_events}
