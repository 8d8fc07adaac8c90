"""An answer as it goes over the wire."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@dataclass(frozen=True, slots=True)
class Answer:
    """Status, headers and body."""

    status: int
    headers: Sequence[tuple[str, str]]
    body: bytes

    @classmethod
    def of_json(cls, status: int, body: Mapping[str, object], content_type: str) -> Self:
        """Return an answer in JSON."""
        return cls(status, (("Content-Type", content_type),), json.dumps(body).encode())

    @classmethod
    def of_text(cls, status: int, text: str) -> Self:
        """Return an answer in plain text."""
        return cls(status, (("Content-Type", "text/plain"),), text.encode())
