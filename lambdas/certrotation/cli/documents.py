"""The JSON objects that the verbs print, as types; docs/schemas holds them as JSON Schema.

A key is never taken away and never changes its meaning while the number at the end of `schema` is
the same. New keys may come. Times are epoch seconds.
"""

from __future__ import annotations

from typing import Any, TypedDict


class ErrorDetail(TypedDict):
    """Why a command ended."""

    code: str
    """A stable code of docs/operating.md, or USAGE, FILE or BUG."""
    found: str
    """A sentence that names what is wrong."""
    remedy: str
    """What to do; may be empty."""


class ErrorDocument(TypedDict):
    """What every verb prints instead of its result if it cannot give one."""

    schema: str
    error: ErrorDetail


class FunctionMode(TypedDict):
    """One function of the service."""

    name: str
    before: str
    """The mode before the command."""
    mode: str
    """The mode now."""


class ModeDocument(TypedDict):
    """The result of `mode`."""

    schema: str
    stack: str
    version: str | None
    """The version of the stack; null before 0.2.0."""
    functions: list[FunctionMode]


DOCUMENTS: dict[str, Any] = {
    "mode": ModeDocument,
}
"""By verb."""
