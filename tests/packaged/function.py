"""A function as Lambda runs it: the asset under Lambda's own runtime client, in one process."""

from __future__ import annotations

import os
import re
import subprocess
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from tests.packaged.asset import ROOT, RUNTIME, bound_by_modes
from tests.packaged.runtime_api import runtime_api

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.packaged.runtime_api import RuntimeApi, Said

_FUNCTIONS = (ROOT / "infra" / "service" / "service_function.py").read_text(encoding="utf-8")
MEMORY = int(re.findall(r"memory_size=(\d+)", _FUNCTIONS)[0])
"""MB that the stack gives each function."""


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where functions run.

    Attributes:
        asset: the folder that stands for /var/task.
        runtime: the folder that stands for /var/runtime.
        scratch: the folder that stands for /tmp.
        logs: the folder that holds what they print.
        environment: what the stack gives them, and how they reach AWS.
    """

    asset: Path
    runtime: Path
    scratch: Path
    logs: Path
    environment: Mapping[str, str]


@dataclass(kw_only=True)
class Function:
    """A function that was started, and what was seen of it until now."""

    process: subprocess.Popen[bytes]
    started: Said
    """That it is ready, or why it could not be."""
    init_seconds: float
    api: RuntimeApi
    log: Path
    seconds: list[float] = field(default_factory=list)
    """How long each invocation took."""

    def invoke(self, event: object) -> Said:
        """Hand it an event, and return its answer."""
        if self.started.what != "ready":
            raise RuntimeError(f"the function did not come up: {self.started.document}")
        said, seconds = self.api.invoke(event)
        self.seconds.append(seconds)
        return said

    def peak_megabytes(self) -> float:
        """Return the most memory that it has held so far, in MiB, as Lambda reports it."""
        status = Path(f"/proc/{self.process.pid}/status").read_text(encoding="utf-8")
        return int(status.partition("VmHWM:")[2].split()[0]) / 1024

    def lines(self) -> list[str]:
        """Return what it has printed, as CloudWatch would get it."""
        return self.log.read_text(encoding="utf-8").splitlines()


@contextmanager
def started(place: Place, handler: str) -> Iterator[Function]:
    """Start a function, wait until it is ready or has failed to be, and end it on exit."""
    log = place.logs / f"{handler}-{time.monotonic_ns()}.log"
    with runtime_api() as api, log.open("wb") as output:
        begin = time.perf_counter()
        with subprocess.Popen(  # noqa: S603  no shell; every word is ours
            [*bound_by_modes(), str(RUNTIME), "-m", "awslambdaric", handler],
            cwd=place.asset,
            env=_environment(place, handler, api.address),
            stdout=output,
            stderr=subprocess.STDOUT,
        ) as process:
            try:
                said = api.listen()
                yield Function(
                    process=process,
                    started=said,
                    init_seconds=said.at - begin,
                    api=api,
                    log=log,
                )
            finally:
                process.terminate()


def _environment(place: Place, handler: str, address: str) -> dict[str, str]:
    """Return the variables that Lambda sets, and those of the place.

    Lambda Developer Guide, "Using Lambda environment variables".
    """
    return {
        "_HANDLER": handler,
        "AWS_EXECUTION_ENV": "AWS_Lambda_python3.13",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(MEMORY),
        "AWS_LAMBDA_FUNCTION_NAME": "certrotation",
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_FORMAT": "JSON",
        "AWS_LAMBDA_LOG_GROUP_NAME": "certrotation",
        "AWS_LAMBDA_LOG_STREAM_NAME": "certrotation",
        "AWS_LAMBDA_RUNTIME_API": address,
        "HOME": str(place.scratch),
        "LAMBDA_TASK_ROOT": str(place.asset),
        "LANG": "en_US.UTF-8",
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(place.runtime),
        "TMPDIR": str(place.scratch),
        "TZ": ":UTC",
        **place.environment,
    }
