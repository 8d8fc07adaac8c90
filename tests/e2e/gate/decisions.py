"""What the gate writes down of each decision, and how the run reads it.

A record holds names, ARNs and tags. Nothing else of a request ever comes here.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One decision."""

    at: float
    """Epoch seconds."""
    role: str
    """The role's name."""
    action: str
    resource: str
    region: str
    resource_tags: Mapping[str, str] = field(default_factory=dict)
    request_tags: Mapping[str, str] = field(default_factory=dict)
    tag_keys: tuple[str, ...] = ()
    decision: str
    """`Allow`, `Deny` or `ImplicitDeny`."""
    statement: str
    """What decided: a Sid, or the actions of a statement that has none."""
    status: int | None = None
    """Of the answer behind the gate; None if the call did not come that far."""

    @property
    def allowed(self) -> bool:
        """Whether the call went on."""
        return self.decision == "Allow"

    def to_line(self) -> str:
        """Return the record as a line of JSON."""
        return json.dumps(asdict(self)) + "\n"

    @classmethod
    def from_line(cls, line: str) -> Self:
        """Read a line of JSON."""
        fields: dict[str, Any] = json.loads(line)
        return cls(**fields | {"tag_keys": tuple(fields["tag_keys"])})


def read(log: Path) -> list[Record]:
    """Return every decision so far."""
    if not log.exists():
        return []
    return [Record.from_line(line) for line in log.read_text(encoding="utf-8").splitlines()]
