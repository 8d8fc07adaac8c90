"""Both functions in a process of their own, as Lambda has them, watched while they run.

Reads one request a line; writes what the functions log, every logger at DEBUG, then one line with
what was seen. Nothing here belongs to the double or to a test, and no file can grow: the operating
system refuses each byte, whoever writes it. With the argument `unprotected` the redaction of
boto3's logs is switched off.
"""

from __future__ import annotations

import gc
import json
import logging
import os
import resource
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3

# As somebody might who looks for a fault: before anything of the functions is imported.
boto3.set_stream_logger("", logging.DEBUG)

from aws_lambda_powertools.logging.utils import copy_config_to_registered_loggers  # noqa: E402

from certrotation import composition  # noqa: E402
from certrotation.handlers import rotate, scan  # noqa: E402
from certrotation.handlers.reporting import logger  # noqa: E402
from certrotation.settings import Settings  # noqa: E402
from tests.support.heap import traces_of  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import TracebackType

HANDLERS: dict[str, Any] = {"rotate": rotate.handler, "scan": scan.handler}
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


class FileAudit:
    """What a function does to files while it runs; an audit hook can never be removed."""

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
    """Answer each request until there are no more; what is retried is retried at once."""
    time.sleep = lambda _: None
    if "unprotected" in sys.argv:
        logging.setLogRecordFactory(logging.LogRecord)
    audit = FileAudit()
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    for line in sys.stdin:
        print("\nwatched", json.dumps(_answer(json.loads(line), audit)), flush=True)  # noqa: T201  its output


def _answer(request: Mapping[str, Any], audit: FileAudit) -> dict[str, Any]:
    """Run a function once, and tell what was seen."""
    os.environ.update(request["environment"])
    _set_all_loggers_to_debug()
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
    with audit:
        ending, kept_by_runtime = _run(HANDLERS[request["handler"]], request["event"])
    left = traces_of(request["masks"])
    gc.enable()
    del kept_by_runtime
    return {
        "ending": ending,
        "left": sorted(left),
        "during": sorted(during),
        "files": audit.seen,
    }


def _run(handler: Any, event: Mapping[str, Any]) -> tuple[str, TracebackType | None]:
    """Run a function; of a crash the traceback is logged and kept, as by Lambda's runtime."""
    try:
        handler(event, None)
    except Exception as crash:
        logging.getLogger().exception("the handler failed")
        return repr(crash), crash.__traceback__
    return "returned", None


def _set_all_loggers_to_debug() -> None:
    """Set levels and handlers by each way that there is: also of what was imported just now."""
    copy_config_to_registered_loggers(source_logger=logger, log_level=logging.DEBUG)
    boto3.set_stream_logger("", logging.DEBUG)
    for name, each in [*logging.Logger.manager.loggerDict.items()]:
        if isinstance(each, logging.Logger):
            each.disabled = False
            each.filters.clear()
            boto3.set_stream_logger(name, logging.DEBUG)


def _at_import(region: str, doing: Callable[[Any], object]) -> None:
    """Do something whenever this Region's client is about to send an ImportCertificate."""
    certificates: Any = (
        composition.composed(Settings.from_env(os.environ)).account.regions[region].certificates
    )

    def act(request: Any, **_: object) -> None:
        doing(request)

    certificates._importing.meta.events.register("before-send.acm.ImportCertificate", act)


def _crash(_request: object) -> None:
    raise RuntimeError("a bug")


if __name__ == "__main__":
    main()
