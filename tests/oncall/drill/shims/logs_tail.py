"""`aws logs tail`, which version 1 of the AWS CLI has not: as version 2 prints it."""

from __future__ import annotations

import argparse
import re
import sys
import time
from datetime import UTC, datetime
from typing import Any

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}


def tail(session: Any, arguments: list[str]) -> int:
    """Print a log group's lines, the newest last."""
    parser = argparse.ArgumentParser(prog="aws logs tail")
    parser.add_argument("group")
    parser.add_argument("--since", default="10m")
    parser.add_argument("--filter-pattern")
    parser.add_argument("--format", default="detailed", choices=["detailed", "short", "json"])
    parser.add_argument("--region")
    parser.add_argument("--log-stream-names", nargs="*")
    parser.add_argument("--log-stream-name-prefix")
    parser.add_argument("--color")
    given = parser.parse_args(arguments)
    logs = session.create_client("logs", region_name=given.region)
    pattern = {"filterPattern": given.filter_pattern} if given.filter_pattern else {}
    pages = logs.get_paginator("filter_log_events").paginate(
        logGroupName=given.group, startTime=_since(given.since), **pattern
    )
    for page in pages:
        for event in page["events"]:
            sys.stdout.write(_line(event, given.format) + "\n")
    return 0


def _since(text: str) -> int:
    """Return milliseconds of the epoch: `5m`, `2h`, or a time in ISO 8601."""
    found = re.fullmatch(r"(\d+)([smhdw])", text)
    if found:
        return int(1000 * (time.time() - int(found[1]) * _UNITS[found[2]]))
    when = datetime.fromisoformat(text)
    return int(1000 * (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp())


def _line(event: dict[str, Any], form: str) -> str:
    at = datetime.fromtimestamp(event["timestamp"] / 1000, UTC)
    message = event["message"].rstrip()
    if form == "short":
        return f"{at:%Y-%m-%dT%H:%M:%S} {message}"
    return f"{at.isoformat()} {event['logStreamName']} {message}"
