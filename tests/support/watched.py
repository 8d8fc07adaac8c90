"""The rotate function in a process of its own, as Lambda has it, watched while it runs.

Reads one request a line, answers with one line. Nothing here belongs to the double or to a test,
and no file can grow: the operating system refuses each byte, whoever writes it.
"""

from __future__ import annotations

import gc
import json
import os
import resource
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from certrotation import composition
from certrotation.handlers import rotate
from certrotation.settings import Settings
from tests.support.heap import traces_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import TracebackType

WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_TRUNC
CHANGING = (
    "os.exec",
    "os.fork",
    "os.link",
    "os.mkdir",
    "os.mkfifo",
    "os.posix_spawn",
    "os.rename",
    "os.symlink",
    "os.system",
    "os.truncate",
    "shutil.",
    "sqlite3.",
    "subprocess.",
    "tempfile.",
)
"""How else than by opening it something gets onto a disk (Python documentation, Audit events)."""


class Watch:
    """What the function does to files while it runs; an audit hook can never be removed."""

    def __init__(self) -> None:
        self._is_on = False
        self.seen: list[str] = []
        sys.addaudithook(self._hear)

    def __enter__(self) -> None:
        self.seen, self._is_on = [], True

    def __exit__(self, *_: object) -> None:
        self._is_on = False

    def _hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        if not self._is_on:
            return
        if event.startswith(CHANGING) or (event == "open" and arguments[2] & WRITING):
            self.seen.append(f"{event} {arguments[0]}")


def main() -> None:
    """Answer each request until there are no more."""
    watch = Watch()
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    for line in sys.stdin:
        print("watched", json.dumps(_answer(json.loads(line), watch)), flush=True)  # noqa: T201  its output


def _answer(request: Mapping[str, Any], watch: Watch) -> dict[str, Any]:
    """Run the function once, and tell what was seen."""
    os.environ.update(request["environment"])
    kept: list[Any] = []
    during: set[str] = set()
    at_import: dict[str | None, Callable[[Any], object]] = {
        "crash": _crash,
        "keep": kept.append,
        "look": lambda _: during.update(traces_of(request["masks"])),
        "write": lambda _: Path("made").touch(),
    }
    doing = at_import.get(request["at_import"])
    if doing is not None:
        _at_import(request["at_import_in"], doing)
    gc.collect()
    gc.disable()  # what the collector would have to find is left for the look that follows
    with watch:
        ending, kept_by_runtime = _run(request["event"])
    left = traces_of(request["masks"])
    gc.enable()
    del kept_by_runtime
    return {
        "ending": ending,
        "left": sorted(left),
        "during": sorted(during),
        "files": watch.seen,
    }


def _run(event: Mapping[str, Any]) -> tuple[str, TracebackType | None]:
    """Run the function; of a crash the traceback stays, as with Lambda's runtime."""
    try:
        rotate.handler(event, None)
    except Exception as crash:  # noqa: BLE001  whatever it is, the runtime catches it
        return repr(crash), crash.__traceback__
    return "returned", None


def _at_import(region: str, doing: Callable[[Any], object]) -> None:
    """Do something whenever this Region's client is about to send an ImportCertificate."""
    certificates: Any = (
        composition.account(Settings.from_env(os.environ)).regions[region].certificates
    )

    def act(request: Any, **_: object) -> None:
        doing(request)

    certificates._importing.meta.events.register("before-send.acm.ImportCertificate", act)


def crash_at_import(region: str) -> None:
    """Let a bug strike from now on whenever this Region's client is about to import."""
    _at_import(region, _crash)


def _crash(_request: object) -> None:
    raise RuntimeError("a bug")


if __name__ == "__main__":
    main()
