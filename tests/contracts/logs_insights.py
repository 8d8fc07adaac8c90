"""CloudWatch Logs Insights, as far as the documents' queries use it; anything else is an error.

CloudWatch Logs User Guide, CloudWatch Logs Insights language query syntax. The time range is the
lines that are given, the newest last.
"""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from functools import reduce
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

Record = dict[str, Any]

_TERM = re.compile(
    r"""ispresent\((?P<present>[\w.@]+)\)
    | (?P<field>[\w.@]+)\s*(?P<op>!=|=)\s*"(?P<text>[^"]*)"
    | (?P<among>[\w.@]+)\s+in\s+\[(?P<texts>[^\]]*)\]""",
    re.VERBOSE,
)


def ask(query: str, lines: Iterable[str]) -> list[Record]:
    """Return what the console would show: the displayed fields of each record, by name.

    Raises:
        ValueError: the query uses what is not modelled.
    """
    records = [
        {"@message": line, "@timestamp": number, **_discovered(line)}
        for number, line in enumerate(lines)
    ]
    shown: list[str] = []
    last = ""
    for command in _commands(query):
        verb, _, rest = command.partition(" ")
        if last == "dedup" and verb != "limit":
            raise ValueError(f"{verb} cannot follow dedup")
        if verb in {"fields", "display"} and " as " not in rest:
            shown = [each.strip() for each in rest.split(",")]
        else:
            records = _apply(verb, rest, records)
        last = verb
    return [
        {name: found for name in shown if (found := _get(each, name)) is not None}
        | {name: each[name] for name in each.get("@parsed", ())}
        for each in records
    ]


def _commands(query: str) -> list[str]:
    text = "\n".join(line for line in query.splitlines() if not line.startswith("#"))
    return [re.sub(r"\s+", " ", each).strip() for each in re.split(r"(?:^|\n)\s*\|", text)]


def _discovered(line: str) -> Record:
    try:
        document = json.loads(line)
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}


def _apply(verb: str, rest: str, records: list[Record]) -> list[Record]:
    command = _COMMANDS.get(verb)
    if command is None:
        raise ValueError(f"{verb} is not modelled")
    return command(rest, records)


def _with_field(rest: str, record: Record) -> Record:
    """Make a field: the line's JSON, a time in words, or the whole quotient of a difference."""
    expression, _, name = rest.partition(" as ")
    if expression == "jsonParse(@message)":
        return record | {name: _discovered(record["@message"])}
    seconds = re.fullmatch(r"fromMillis\(([\w.@]+) \* 1000\)", expression)
    if seconds:
        moment = datetime.fromtimestamp(_get(record, seconds[1]), UTC)
        return record | {name: f"{moment:%Y-%m-%d %H:%M:%S}.000"}
    found = re.fullmatch(r"floor\(\(([\w.@]+) - ([\w.@]+)\) / (\d+)\)", expression)
    if found is None:
        raise ValueError(f"fields {rest} is not modelled")
    minuend, subtrahend = _get(record, found[1]), _get(record, found[2])
    return record | {name: (minuend - subtrahend) // int(found[3])}


def _get(record: Mapping[str, Any], path: str) -> Any:
    """Return a field by its name with dots, or None; a secret's name has none."""

    def step(value: Any, key: str) -> Any:
        return value.get(key) if isinstance(value, dict) else None

    return record[path] if path in record else reduce(step, path.split("."), dict(record))


def _holds(condition: str, record: Record) -> bool:
    """Join terms by `and`, or by `or`, never both."""
    terms = _TERM.findall(condition)
    joined = re.findall(r"\b(and|or)\b", _TERM.sub("", condition))
    if len(joined) != len(terms) - 1 or len(set(joined)) > 1:
        raise ValueError(f"filter {condition} is not modelled")
    holding = [_term(match, record) for match in _TERM.finditer(condition)]
    return any(holding) if "or" in joined else all(holding)


def _term(match: re.Match[str], record: Record) -> bool:
    if match["present"]:
        return _get(record, match["present"]) is not None
    if match["among"]:
        return _get(record, match["among"]) in re.findall(r'"([^"]*)"', match["texts"])
    value = _get(record, match["field"])
    return (value == match["text"]) is (match["op"] == "=")


def _parsed(rest: str, record: Record) -> Record:
    pattern = re.fullmatch(r"@message /(.*)/", rest)
    if pattern is None:
        raise ValueError(f"parse {rest} is not modelled")
    found = re.search(pattern[1].replace("(?<", "(?P<"), record["@message"])
    groups = found.groupdict() if found else {}
    return record | groups | {"@parsed": (*record.get("@parsed", ()), *groups)}


def _unnested(rest: str, record: Record) -> list[Record]:
    path, _, name = rest.partition(" into ")
    items = _get(record, path) or []
    return [record | {name: each} for each in items]


def _without_repetitions(field: str, records: list[Record]) -> list[Record]:
    """Keep the first record of each value, and all that have none."""
    seen: set[Any] = set()
    kept = []
    for record in records:
        value = _get(record, field)
        if value is None or value not in seen:
            kept.append(record)
            seen.add(value)
    return kept


def _sorted(rest: str, records: list[Record]) -> list[Record]:
    """Sort by the last field first, which a stable sort allows."""
    for each in reversed(rest.split(", ")):
        field, _, order = each.partition(" ")
        records = sorted(records, key=lambda record: _get(record, field), reverse=order == "desc")
    return records


_COMMANDS: Mapping[str, Callable[[str, list[Record]], list[Record]]] = {
    "fields": lambda rest, records: [_with_field(rest, each) for each in records],
    "filter": lambda rest, records: [each for each in records if _holds(rest, each)],
    "parse": lambda rest, records: [_parsed(rest, each) for each in records],
    "unnest": lambda rest, records: [made for each in records for made in _unnested(rest, each)],
    "sort": _sorted,
    "dedup": _without_repetitions,
    "limit": lambda rest, records: records[: int(rest)],
}
