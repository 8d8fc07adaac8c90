"""Scans many copies in many Regions, in a process of its own, over HTTP."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_SCAN = """
import json, resource, sys, time
from collections import Counter
from botocore.client import BaseClient
calls, call = Counter(), BaseClient._make_api_call
def counted(self, operation, parameters):
    calls[operation] += 1
    return call(self, operation, parameters)
BaseClient._make_api_call = counted
begin = time.perf_counter()
from certrotation.handlers import scan
summary = scan.handler({}, None)
seconds = time.perf_counter() - begin
try:  # resource would count what the parent was when it forked
    status = open("/proc/self/status").read()
    memory = int(status.partition("VmHWM:")[2].split()[0]) / 1024
except FileNotFoundError:
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps([summary["states"]["current"], summary["queued"], calls, seconds, memory]),
    file=sys.stderr)
"""


@dataclass(frozen=True, kw_only=True)
class Scanned:
    """What one cold scan of so many copies in each of so many Regions took."""

    copies: int
    regions: int
    seen: int
    queued: int
    calls: Counter[str]
    seconds: float
    """Imports included."""
    megabytes: float
    """The largest that the process became, in MiB."""


def scan_many(copies: int, regions: int) -> Scanned:
    """Scan once to have the answers ready, and once more to measure."""
    with _serving(copies, regions) as environment:
        for _ in range(2):
            done = subprocess.run(  # noqa: S603  our own interpreter, our own program
                [sys.executable, "-c", _SCAN],
                env=environment,
                capture_output=True,
                text=True,
                check=True,
            )
    seen, queued, calls, seconds, memory = json.loads(done.stderr.splitlines()[-1])
    return Scanned(
        copies=copies,
        regions=regions,
        seen=seen,
        queued=len(queued),
        calls=Counter(calls),
        seconds=seconds,
        megabytes=memory,
    )


@contextmanager
def _serving(copies: int, regions: int) -> Iterator[dict[str, str]]:
    """Serve an account in another process, and return the scan's environment."""
    command = [sys.executable, "-m", "tests.hostile.scale.serving", str(copies), str(regions)]
    with subprocess.Popen(  # noqa: S603  as above
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as server:
        try:
            address, queue, *names = (server.stdout.readline() if server.stdout else "").split()
            yield {
                "PATH": os.environ["PATH"],
                "PYTHONPATH": "lambdas:.",
                "AWS_ENDPOINT_URL": address,
                "AWS_REGION": names[0],
                "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
                "AWS_SECRET_ACCESS_KEY": "not-a-secret",
                "CERTROTATION_TARGET_REGIONS": ",".join(names),
                "CERTROTATION_QUEUE_URL": queue,
            }
        finally:
            server.terminate()
