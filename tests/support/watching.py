"""Drives the watched rotate function, a process of its own that a world is served to."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from tests.support.estate import PREFIX
from tests.support.heap import masked

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tests.support.estate import Estate

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, kw_only=True)
class Watched:
    """What was seen of one invocation."""

    ending: str
    """`returned`, or the exception's repr."""
    left: list[str]
    """Traces of the secrets when it had ended, before any garbage collection."""
    during: list[str]
    """Traces at the last import, if one was looked at."""
    files: list[str]
    """What it opened for writing, made or renamed."""
    said: list[dict[str, Any]]
    """What it logged."""

    @property
    def status(self) -> str | None:
        """The status that the rotation was reported with."""
        reported = [each["rotation"]["status"] for each in self.said if "rotation" in each]
        return reported[-1] if reported else None


class WatchedRotate:
    """A warm rotate function; `folder` is its working folder, its home and its temporary folder."""

    def __init__(self, folder: Path, requests: IO[str], answers: IO[str]) -> None:
        self.folder = folder
        self._requests = requests
        self._answers = answers

    def rotate(
        self,
        estate: Estate,
        endpoint: str,
        name: str,
        secrets: Iterable[bytes],
        *,
        at_import: str | None = None,
        at_import_in: str | None = None,
        **more: object,
    ) -> Watched:
        """Rotate one secret, and look for traces of `secrets`.

        Args:
            estate: whose environment the function gets.
            endpoint: where its world is served.
            name: of the secret, without the prefix.
            secrets: what must leave no trace.
            at_import: `look` for traces; `crash`, `keep` the request or `write` a file, as a bug
                might.
            at_import_in: the Region whose imports that happens at.
            more: what else the message says.
        """
        record = {
            "messageId": "m-1",
            "receiptHandle": "r-1",
            "body": json.dumps({"secret": PREFIX + name, **more}),
        }
        request = {
            "environment": {**estate.environment, "AWS_ENDPOINT_URL": endpoint},
            "event": {"Records": [record]},
            "masks": masked(secrets),
            "at_import": at_import,
            "at_import_in": at_import_in or estate.regions[0],
        }
        print(json.dumps(request), file=self._requests, flush=True)
        said: list[dict[str, Any]] = []
        for line in self._answers:
            word, _, answer = line.partition(" ")
            if word == "watched":
                return Watched(**json.loads(answer), said=said)
            said.append(json.loads(line))
        raise AssertionError("the watched function has died; its stderr says why")


@contextmanager
def watched_rotate(folder: Path) -> Iterator[WatchedRotate]:
    """Start the function in an empty folder; it ends with the context."""
    environment = {
        "HOME": str(folder),
        "PATH": os.environ["PATH"],
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONPATH": f"{ROOT / 'lambdas'}{os.pathsep}{ROOT}",
        "TMPDIR": str(folder),
    }
    with subprocess.Popen(
        [sys.executable, "-m", "tests.support.watched"],
        cwd=folder,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        yield WatchedRotate(folder, process.stdin, process.stdout)
        process.stdin.close()
