"""The log groups: lines that were really logged, and Logs Insights over them."""

from __future__ import annotations

import json
import re
import uuid
from typing import TYPE_CHECKING, Any

from tests.contracts.logs_insights import ask
from tests.oncall.drill.answers import NotModelledError, RefusalError
from tests.oncall.drill.witness import Line, moment
from tests.oncall.year.metering import ROTATE, SCAN

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tests.oncall.drill.answers import Answer, Params
    from tests.oncall.drill.stage import Stage

_OUTPUTS = {"ScanLogs": SCAN, "RotateLogs": ROTATE, "AcmLogs": ""}
_MOST = 10_000
"""Rows of an answer, and lines of a page (CloudWatch Logs API Reference)."""


def _groups(stage: Stage) -> dict[str, str]:
    """Return the handler behind each log group."""
    return {stage.names.outputs[output]: handler for output, handler in _OUTPUTS.items()}


def _lines(stage: Stage, params: Params) -> list[Line]:
    """Return the lines of the log groups that are asked, in order of time."""
    asked = [
        *params.get("logGroupNames", ()),
        *(each.rpartition(":log-group:")[2] for each in params.get("logGroupIdentifiers", ())),
    ]
    asked += [params["logGroupName"]] if "logGroupName" in params else []
    groups, found = _groups(stage), list[Line]()
    for each in asked:
        name = each.removesuffix(":*")
        if name not in groups:
            message = "The specified log group does not exist."
            raise RefusalError("ResourceNotFoundException", message)
        found += stage.witness.lines.get(groups[name], [])
    return sorted(found, key=lambda line: line.at)


def _between(lines: Iterable[Line], begin: int | None, end: int | None) -> list[Line]:
    """Return what lies between two moments, in milliseconds."""
    return [e for e in lines if (begin or 0) <= e.at and (end is None or e.at <= end)]


# Logs Insights


def _start_query(stage: Stage, params: Params) -> dict[str, Any]:
    begin, end = (_milliseconds(params[each]) for each in ("startTime", "endTime"))
    lines = _between(_lines(stage, params), begin, end)
    try:
        rows = ask(params["queryString"], [each.text for each in lines])
    except (ValueError, KeyError, TypeError) as error:
        raise NotModelledError(f"the query: {error}") from error
    identity = str(uuid.uuid5(uuid.NAMESPACE_OID, f"query {stage.commands} {stage.world.now}"))
    stage.notes[identity] = [_row(row, lines) for row in rows[:_MOST]]
    return {"queryId": identity}


def _milliseconds(seconds: int) -> int:
    """Seconds are asked for, and milliseconds are taken too."""
    return seconds if seconds > 10**11 else 1000 * seconds


def _row(row: Mapping[str, Any], lines: list[Line]) -> list[dict[str, str]]:
    fields = [
        {
            "field": name,
            "value": _shown_at(lines[value].at) if name == "@timestamp" else _shown(value),
        }
        for name, value in row.items()
    ]
    return [*fields, {"field": "@ptr", "value": "CmEKJgoi" + uuid.uuid4().hex}]


def _shown_at(milliseconds: int) -> str:
    return f"{moment(milliseconds):%Y-%m-%d %H:%M:%S}.{milliseconds % 1000:03}"


def _shown(value: Any) -> str:
    match value:
        case str():
            return value
        case bool():
            return str(int(value))
        case dict() | list():
            return json.dumps(value)
        case _:
            return str(value)


def _query_results(stage: Stage, params: Params) -> dict[str, Any]:
    rows = stage.notes.get(params["queryId"])
    if rows is None:
        raise RefusalError("ResourceNotFoundException", "Query does not exist.")
    statistics = {"recordsMatched": float(len(rows))}
    return {"results": rows, "status": "Complete", "statistics": statistics}


# Lines


def _filter(stage: Stage, params: Params) -> dict[str, Any]:
    begin, end = params.get("startTime"), params.get("endTime")
    lines = _between(_lines(stage, params), begin, end)
    wanted = _pattern(params.get("filterPattern", ""))
    events = [
        _event(each) | {"eventId": f"{n:056}"} for n, each in enumerate(lines) if wanted(each)
    ]
    place = int(params.get("nextToken", 0))
    most = params.get("limit", _MOST)
    more = {"nextToken": str(place + most)} if len(events) > place + most else {}
    return {"events": events[place : place + most], **more}


def _pattern(text: str) -> Any:
    """Return what holds for a line: all terms are in it, or one of those with a question mark.

    CloudWatch Logs User Guide, Filter pattern syntax.
    """
    if text.strip().startswith("{"):
        raise NotModelledError(f"the filter pattern {text}")
    terms = [each.strip('"') for each in re.findall(r'\??"[^"]*"|\S+', text)]
    some = [each[1:].strip('"') for each in terms if each.startswith("?")]
    every = [each for each in terms if not each.startswith("?")]

    def holds(line: Line) -> bool:
        return all(each in line.text for each in every) and (
            not some or any(each in line.text for each in some)
        )

    return holds


def _event(line: Line) -> dict[str, Any]:
    return {
        "logStreamName": line.stream,
        "timestamp": line.at,
        "message": line.text,
        "ingestionTime": line.at,
    }


def _streams(stage: Stage, params: Params) -> dict[str, Any]:
    last = {line.stream: line.at for line in _lines(stage, params)}
    streams = [
        {"logStreamName": name, "lastEventTimestamp": at, "lastIngestionTime": at}
        for name, at in sorted(last.items(), key=lambda each: each[1], reverse=True)
    ]
    return {"logStreams": streams[: params.get("limit", 50)]}


def _log_events(stage: Stage, params: Params) -> dict[str, Any]:
    name, most = params["logStreamName"], params.get("limit", _MOST)
    lines = [each for each in _lines(stage, params) if each.stream == name]
    found = _between(lines, params.get("startTime"), params.get("endTime"))[-most:]
    return {
        "events": [_event(each) for each in found],
        "nextForwardToken": "f",
        "nextBackwardToken": "b",
    }


def _describe(stage: Stage, params: Params) -> dict[str, Any]:
    prefix, part = params.get("logGroupNamePrefix", ""), params.get("logGroupNamePattern", "")
    return {
        "logGroups": [
            {"logGroupName": name, "kmsKeyId": stage.names.outputs["Key"], "retentionInDays": 365}
            for name in _groups(stage)
            if name.startswith(prefix) and part in name
        ]
    }


ANSWERS: Mapping[str, Answer] = {
    "DescribeLogGroups": _describe,
    "DescribeLogStreams": _streams,
    "FilterLogEvents": _filter,
    "GetLogEvents": _log_events,
    "GetQueryResults": _query_results,
    "StartQuery": _start_query,
}
