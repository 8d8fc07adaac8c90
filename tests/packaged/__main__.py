"""Runs the asset under Lambda's own runtime client, on this machine: `python -m tests.packaged`.

The exit code is 0 only if every expectation held.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from tests.packaged.asset import HERE, bundle_here
from tests.packaged.function import MEMORY
from tests.packaged.story import tell

if TYPE_CHECKING:
    from tests.packaged.story import Report


def main() -> int:
    """Bundle, run, print what was measured, and return how many expectations failed."""
    begin = time.perf_counter()
    console = Console(highlight=False)
    with TemporaryDirectory() as folder:
        asset = bundle_here(Path(folder) / "task")
        report = tell(asset, Path(folder))
    console.print(_figures_table(report))
    console.print(_expectations_table(report))
    failed = sum(not holds for holds in report.expectations.values())
    held = len(report.expectations) - failed
    seconds = time.perf_counter() - begin
    console.print(f"{held} expectations held, {failed} failed, in {seconds:.1f} seconds.")
    return failed


def _figures_table(report: Report) -> Table:
    table = Table(
        *("function", "init, ms", "first, ms", "warm, ms", "peak, MiB", "configured, MB"),
        title=f"the asset for {HERE} under awslambdaric; init and warm are the fastest of 5",
        title_justify="left",
    )
    for each in report.figures:
        seconds = (each.init_seconds, each.cold_seconds, each.warm_seconds)
        table.add_row(
            each.name,
            *(f"{time * 1000:.0f}" for time in seconds),
            f"{each.peak_megabytes:.0f}",
            str(MEMORY),
        )
    return table


def _expectations_table(report: Report) -> Table:
    table = Table("expectation", "")
    for sentence, holds in report.expectations.items():
        table.add_row(sentence, "pass" if holds else "FAIL")
    return table


if __name__ == "__main__":
    sys.exit(min(main(), 1))
