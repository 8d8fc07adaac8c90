"""Times how long commands take that ask nobody, start included."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

from rich.table import Table

RUNS = 20
LAMBDAS = Path(__file__).parents[2] / "lambdas"
LIMITS = {("--help",): 0.3, ("mode", "--help"): 0.3}
"""Seconds that each command may take."""


def starts_table() -> Table:
    """Return the fewest seconds that each command took, and the limit."""
    title = f"the command line: seconds, the best of {RUNS}"
    table = Table("command", "seconds", "limit", title=title, title_justify="left")
    for arguments, limit in LIMITS.items():
        taken = min(_seconds(arguments) for _ in range(RUNS))
        table.add_row(f"certrotation {' '.join(arguments)}", f"{taken:.2f}", f"{limit}")
    return table


def _seconds(arguments: tuple[str, ...]) -> float:
    begin = time.perf_counter()
    subprocess.run(  # noqa: S603  our own module
        [sys.executable, "-m", "certrotation.cli", *arguments],
        env={**os.environ, "PYTHONPATH": str(LAMBDAS)},
        stdout=subprocess.DEVNULL,
        check=True,
    )
    return time.perf_counter() - begin
