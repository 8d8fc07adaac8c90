"""What goes over the socket between the commands and the stage: JSON, one line each way.

AWS's answers hold times, bytes and streams, which JSON has not.
"""

from __future__ import annotations

import base64
import io
import json
import socket
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

SOCKET = "DRILL_SOCKET"
"""The environment variable that tells the commands where the stage is."""

_TIME, _BYTES, _STREAM = "$time", "$bytes", "$stream"


def encode(value: Any) -> str:
    """Return a value as a line of JSON."""
    return json.dumps(value, default=_special)


def decode(line: str | bytes) -> Any:
    """Return what `encode` was given; a stream can be read once."""
    return json.loads(line, object_hook=_restored)


def ask(path: str, request: Mapping[str, Any]) -> Any:
    """Send a request to the stage, and return its answer.

    Raises:
        OSError: the stage is not there.
    """
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as there:
        there.connect(path)
        there.sendall(encode(request).encode() + b"\n")
        with there.makefile("rb") as answer:
            return decode(answer.readline())


def _special(value: Any) -> dict[str, str]:
    if isinstance(value, datetime):
        return {_TIME: value.isoformat()}
    if isinstance(value, bytes):
        return {_BYTES: base64.b64encode(value).decode()}
    if isinstance(value, bytearray):
        return {_BYTES: base64.b64encode(bytes(value)).decode()}
    if isinstance(value, io.BytesIO):
        return {_STREAM: base64.b64encode(value.getvalue()).decode()}
    raise TypeError(f"{type(value).__name__} cannot go over the wire")


def _restored(value: dict[str, Any]) -> Any:
    match value:
        case {"$time": str(text)} if len(value) == 1:
            return datetime.fromisoformat(text)
        case {"$bytes": str(text)} if len(value) == 1:
            return base64.b64decode(text)
        case {"$stream": str(text)} if len(value) == 1:
            return io.BytesIO(base64.b64decode(text))
        case _:
            return value
