"""Processes that the run starts, and that never outlive it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

_PATIENCE = 2
"""Seconds that a process has to end after it was asked to."""


class ProcessError(RuntimeError):
    """A process did not start, or ended by itself; the message holds the end of what it said."""


class Process:
    """A process with its children, writing to a file."""

    def __init__(
        self, command: Sequence[str], *, cwd: Path, environment: Mapping[str, str], log: Path
    ) -> None:
        self._log = log
        with log.open("wb") as output:
            self._process = subprocess.Popen(  # noqa: S603  no shell; every word is ours
                command,
                cwd=cwd,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # so that its children can be ended with it
            )

    @property
    def said(self) -> str:
        """What it has written so far."""
        return self._log.read_text(encoding="utf-8", errors="replace")

    def wait(self) -> int:
        """Wait until it ends by itself; returns its exit code."""
        return self._process.wait()

    def wait_until(self, is_ready: Callable[[], bool], *, seconds: float = 30) -> None:
        """Wait until it is ready.

        Raises:
            ProcessError: it ended, or took too long.
        """
        deadline = time.monotonic() + seconds
        while not is_ready():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise ProcessError(f"{self._log.stem} did not start:\n{self.said[-2000:]}")
            time.sleep(0.05)

    def end(self) -> None:
        """End it and what it started."""
        for way in (signal.SIGTERM, signal.SIGKILL):
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, way)
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(timeout=_PATIENCE)
                if way is signal.SIGTERM and _group_is_gone(self._process.pid):
                    return


def _group_is_gone(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return True
    return False


@contextmanager
def running(process: Process) -> Iterator[Process]:
    """Have a process run, and end it whatever happens."""
    try:
        yield process
    finally:
        process.end()


def free_port() -> int:
    """Return a port of the loopback address that nobody listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def listens(port: int) -> bool:
    """Say whether somebody listens at a port of the loopback address."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
