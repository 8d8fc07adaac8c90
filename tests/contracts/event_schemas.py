"""The JSON Schemas of the events, made from the types of their details.

`python -m tests.contracts.event_schemas` writes docs/schemas/events.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from certrotation.core.estate.arn_parameters import ArnChanged
from certrotation.core.notify.announcement import Refused, Rotated
from certrotation.names.events import ARN_CHANGED, REFUSED, ROTATED, SOURCE
from tests.support.json_schemas import DRAFT, problems, schema_of_type

if TYPE_CHECKING:
    from collections.abc import Mapping

FOLDER = Path(__file__).parents[2] / "docs" / "schemas" / "events"


class EventType(NamedTuple):
    """An event, by its detail type."""

    kind: str
    name: str
    """Of its schema."""
    detail: type
    says_so: bool
    """Whether the detail names its schema."""

    @property
    def path(self) -> Path:
        """Return where the schema is written."""
        return FOLDER / f"{self.name}-1.json"


TYPES = {
    each.kind: each
    for each in (
        EventType(ROTATED, "rotated", Rotated, says_so=True),
        EventType(REFUSED, "refused", Refused, says_so=True),
        EventType(ARN_CHANGED, "arn-changed", ArnChanged, says_so=False),
    )
}


def schema_of(kind: str) -> dict[str, Any]:
    """Return the schema of an event; a program must ignore members that it does not know."""
    event, found = TYPES[kind], dict[str, Any]()
    detail = schema_of_type(event.detail, found)
    if event.says_so:
        named = found[event.detail.__name__]["properties"]["schema"]
        named["const"] = f"certrotation/{event.name}/1"
    for each in found.values():
        del each["additionalProperties"]
    return {
        "$schema": DRAFT,
        "title": f"certrotation/{event.name}/1",
        "type": "object",
        "properties": {
            "source": {"const": SOURCE},
            "detail-type": {"const": kind},
            "detail": detail,
        },
        "required": ["source", "detail-type", "detail"],
        "$defs": dict(sorted(found.items())),
    }


def text_of(kind: str) -> str:
    """Return the file of an event's schema."""
    return f"{json.dumps(schema_of(kind), indent=2)}\n"


def wrongs(kind: str, detail: Mapping[str, object]) -> list[str]:
    """Return what is wrong with a detail by the file that users read; it holds nothing else."""
    event = TYPES[kind]
    schema = json.loads(event.path.read_text(encoding="utf-8"))
    definitions = {
        name: {**each, "additionalProperties": False} for name, each in schema["$defs"].items()
    }
    return list(problems(detail, schema["properties"]["detail"], definitions, "$"))


def main() -> None:
    """Write every schema."""
    for kind, event in TYPES.items():
        event.path.write_text(text_of(kind), encoding="utf-8")


if __name__ == "__main__":
    main()
