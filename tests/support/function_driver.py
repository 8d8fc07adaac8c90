"""Drives the functions of `function_process`, to which a world is served."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from tests.support.heap import masked

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

ROOT = Path(__file__).parents[2]

EVERYTHING = {
    "AWS_LAMBDA_LOG_FORMAT": "JSON",
    "AWS_LAMBDA_LOG_LEVEL": "DEBUG",
    "POWERTOOLS_DEBUG": "true",
    "POWERTOOLS_LOG_LEVEL": "DEBUG",
    "POWERTOOLS_LOGGER_LOG_EVENT": "true",
    "POWERTOOLS_SERVICE_NAME": "certrotation-test",
}
"""By which Lambda and Powertools are told to log all they can."""


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What was seen of one invocation."""

    ending: str
    """`returned`, or the exception's repr."""
    left: list[str]
    """Traces of the secrets when it had ended, before any garbage collection."""
    during: list[str]
    """Traces at the last import, if one was looked at."""
    files: list[str]
    """What it opened for writing, made or renamed."""
    lines: list[str]
    """What it wrote."""

    @property
    def entries(self) -> list[dict[str, Any]]:
        """The lines that are JSON."""
        return [json.loads(each) for each in self.lines if each.startswith("{")]

    @property
    def status(self) -> str | None:
        """The status that the rotation was reported with."""
        reported = [each["rotation"]["status"] for each in self.entries if "rotation" in each]
        return reported[-1] if reported else None


class FunctionDriver:
    """Warm functions; `folder` is their working folder, home and temporary folder."""

    def __init__(self, folder: Path, requests: IO[str], answers: IO[str]) -> None:
        self.folder = folder
        self._requests = requests
        self._answers = answers

    def run(
        self,
        handler: str,
        event: Mapping[str, Any],
        environment: Mapping[str, str],
        secrets: Iterable[bytes] = (),
        *,
        at_import: str | None = None,
        at_import_in: str = "",
    ) -> Seen:
        """Run a function, and look for traces of `secrets`.

        Args:
            handler: `scan` or `rotate`.
            event: what it is given.
            environment: its settings, and where its world is served.
            secrets: what must leave no trace.
            at_import: `look` for traces; `crash`, `keep` the request or `write` a file, as a bug
                might.
            at_import_in: the Region whose imports that happens at.
        """
        request = {
            "handler": handler,
            "event": event,
            "environment": dict(environment),
            "masks": masked(secrets),
            "at_import": at_import,
            "at_import_in": at_import_in,
        }
        print(json.dumps(request), file=self._requests, flush=True)
        lines: list[str] = []
        for line in self._answers:
            word, _, answer = line.partition(" ")
            if word == "watched":
                return Seen(**json.loads(answer), lines=lines)
            lines.append(line)
        raise AssertionError("the functions have died: " + "".join(lines[-30:]))


@contextmanager
def functions_in_a_process(folder: Path, *arguments: str) -> Iterator[FunctionDriver]:
    """Start the functions in an empty folder; they end with the context."""
    environment = {
        "HOME": str(folder),
        "PATH": os.environ["PATH"],
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONPATH": f"{ROOT / 'lambdas'}{os.pathsep}{ROOT}",
        "PYTHONUNBUFFERED": "1",
        "TMPDIR": str(folder),
        **EVERYTHING,
    }
    with subprocess.Popen(  # noqa: S603  no shell; every word is ours
        [sys.executable, "-m", "tests.support.function_process", *arguments],
        cwd=folder,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        yield FunctionDriver(folder, process.stdin, process.stdout)
        process.stdin.close()
