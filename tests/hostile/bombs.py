"""Reads each bomb of the corpus in a process of its own, and prints its seconds and megabytes.

    python -m tests.hostile.bombs

A value may take two seconds of one core and 100 MB. The seconds depend on the machine: this command
measures them, and a test checks the memory and that the processor's time ends in `_LIMIT_SECONDS`.
A process that needs more is stopped, so that a bomb that goes off does no harm here.
"""

from __future__ import annotations

import resource
import sys
from dataclasses import dataclass
from multiprocessing import get_context
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from certrotation.core.material.checks import inspect_secret
from tests.hostile.corpus import bombs
from tests.hostile.corpus.material import ROOTS

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

    from tests.hostile.corpus.row import Row

MOST_SECONDS, MOST_MEGABYTES = 2.0, 100.0
_LIMIT_SECONDS, _LIMIT_BYTES = 20, 2 * 1024**3


@dataclass(frozen=True, kw_only=True)
class Blast:
    """What reading one value took; nothing if the process was stopped."""

    name: str
    seconds: float | None
    megabytes: float | None

    @property
    def is_small(self) -> bool:
        """Whether the process was not stopped, and kept to the limit of memory."""
        return self.megabytes is not None and self.megabytes <= MOST_MEGABYTES

    @property
    def is_bearable(self) -> bool:
        """Whether it kept to both limits."""
        return self.is_small and self.seconds is not None and self.seconds <= MOST_SECONDS


def measure(row: Row) -> Blast:
    """Read one value in a process of its own."""
    receiver, sender = get_context("fork").Pipe(duplex=False)
    process = get_context("fork").Process(target=_read, args=(row, sender))
    process.start()
    sender.close()
    try:
        seconds, megabytes = receiver.recv()
    except EOFError:
        seconds = megabytes = None
    process.join()
    return Blast(name=row.name, seconds=seconds, megabytes=megabytes)


def _read(row: Row, answer: Connection) -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (_LIMIT_SECONDS, _LIMIT_SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (_LIMIT_BYTES, _LIMIT_BYTES))
    before = resource.getrusage(resource.RUSAGE_SELF)
    inspect_secret(row.value, ROOTS, row.at)
    after = resource.getrusage(resource.RUSAGE_SELF)
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    answer.send((seconds, (after.ru_maxrss - before.ru_maxrss) / 1024))


def main() -> None:
    """Measure every bomb, print the table, and end with 1 if one goes off."""
    table = Table("value", "seconds", "MB", title="Values that would be costly to read")
    blasts = [measure(each) for each in bombs.rows()]
    for each in blasts:
        stopped = each.seconds is None or each.megabytes is None
        table.add_row(
            each.name,
            "stopped" if stopped else f"{each.seconds:.2f}",
            "" if stopped else f"{each.megabytes:.0f}",
        )
    Console().print(table)
    broken = [each.name for each in blasts if not each.is_bearable]
    sys.exit(f"beyond the limits: {', '.join(broken)}" if broken else 0)


if __name__ == "__main__":
    main()
