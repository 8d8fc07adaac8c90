"""Hands the commands' requests to the stage, one after the other, until the drill is stopped."""

from __future__ import annotations

import select
import signal
import socket
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tests.oncall.drill.wire import decode, encode

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from types import FrameType

    from tests.oncall.drill.stage import Stage

_LOOKS_EACH = 0.5
"""Seconds, real ones, between two looks whether somebody wants it to stop."""


def serve(stage: Stage, path: Path, stop: Path) -> None:
    """Answer until the file `stop` is there, or this process is asked to end."""
    with _listening(path) as there, _until_told() as told:
        while not told and not stop.exists():
            ready, _, _ = select.select([there], [], [], _LOOKS_EACH)
            if ready:
                _answer(stage, there)


def _answer(stage: Stage, there: socket.socket) -> None:
    connection, _ = there.accept()
    with connection, connection.makefile("rwb") as stream:
        line = stream.readline()
        if not line:
            return
        stream.write(encode(stage.answer(decode(line))).encode() + b"\n")


@contextmanager
def _listening(path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as there:
        there.bind(str(path))
        there.listen()
        try:
            yield there
        finally:
            path.unlink(missing_ok=True)


@contextmanager
def _until_told() -> Iterator[list[int]]:
    """Give a list that gets the signal that asks this process to end."""
    told: list[int] = []

    def note(number: int, _: FrameType | None) -> None:
        told.append(number)

    before = {each: signal.signal(each, note) for each in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield told
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
