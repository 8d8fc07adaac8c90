"""The dashboard as the template has it, read by meaning.

CloudWatch API Reference, Dashboard body structure and syntax. Functions, queues, log groups and
alarms have their logical ids as names here.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.infra.synthesis import Template

REGION = "eu-west-1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A metric or an expression of a widget."""

    id: str
    label: str
    color: str
    on_the_right: bool
    is_shown: bool
    statistic: str
    period: int
    """In seconds."""
    expression: str | None
    namespace: str = ""
    metric: str = ""
    dimensions: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Widget:
    """One widget in its place of the grid."""

    kind: str
    x: int
    y: int
    width: int
    height: int
    properties: Mapping[str, Any]

    @property
    def title(self) -> str:
        """What stands above it."""
        return str(self.properties["title"])

    @property
    def cells(self) -> set[tuple[int, int]]:
        """The places of the grid that it takes."""
        return {
            (column, row)
            for column in range(self.x, self.x + self.width)
            for row in range(self.y, self.y + self.height)
        }

    @property
    def alarms(self) -> list[str]:
        """The names of the alarms whose states it shows."""
        return list(self.properties.get("alarms", ()))

    @property
    def lines(self) -> list[Line]:
        """Its metrics and expressions, in its order."""
        return [
            _line(each, self.properties["period"]) for each in self.properties.get("metrics", ())
        ]

    @property
    def query(self) -> tuple[str, str]:
        """The log group that it asks, and the query."""
        source, _, query = self.properties["query"].partition(" | ")
        return source.removeprefix("SOURCE ").strip("'"), query


def _line(entry: list[Any], period: int) -> Line:
    *words, options = entry if isinstance(entry[-1], dict) else [*entry, {}]
    if any(word in {"...", "."} for word in words):
        raise ValueError("the body's shorthand is not modelled")
    namespace, metric, *dimensions = words or ("", "")
    return Line(
        id=options.get("id", ""),
        label=options.get("label", metric),
        color=options.get("color", ""),
        on_the_right=options.get("yAxis") == "right",
        is_shown=options.get("visible", True),
        statistic=options.get("stat", "Average"),
        period=options.get("period", period),
        expression=options.get("expression"),
        namespace=namespace,
        metric=metric,
        dimensions=dict(zip(dimensions[::2], dimensions[1::2], strict=True)),
    )


def properties_of(template: Template) -> dict[str, Any]:
    """Return the name and the body of the template's dashboard."""
    found = template.one("AWS::CloudWatch::Dashboard")
    return {
        "name": _text(found["DashboardName"]),
        "body": json.loads(_text(found["DashboardBody"])),
    }


def widgets_of(template: Template) -> list[Widget]:
    """Return the widgets of the template's dashboard."""
    return [
        Widget(
            kind=each["type"],
            x=each["x"],
            y=each["y"],
            width=each["width"],
            height=each["height"],
            properties=each["properties"],
        )
        for each in properties_of(template)["body"]["widgets"]
    ]


def lines_of(template: Template) -> Iterator[Line]:
    """Return every metric and expression of the template's dashboard."""
    return (line for widget in widgets_of(template) for line in widget.lines)


def _text(value: Any) -> str:
    match value:
        case str():
            return value
        case {"Fn::Join": ["", parts]}:
            return "".join(map(_text, parts))
        case {"Ref": "AWS::Region"}:
            return REGION
        case {"Ref": logical_id} | {"Fn::GetAtt": [logical_id, _]}:
            return str(logical_id)
        case _:
            raise ValueError(f"{value} is not modelled")
