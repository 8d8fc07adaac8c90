"""Judges every bad or awkward secret of the table, and says which verdicts were wrong.

python -m tests.hostile.corpus
"""

from __future__ import annotations

import sys
import time
import warnings
from typing import TYPE_CHECKING

from cryptography.utils import CryptographyDeprecationWarning
from rich.console import Console
from rich.table import Table

from tests.hostile.corpus.families import judge_all
from tests.hostile.corpus.row import Outcome

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.hostile.corpus.families import Family

FEWEST = 200
"""Distinct secrets that the table must hold."""


def report(families: Iterable[Family], console: Console) -> bool:
    """Print the table and every broken row; say whether all promises hold."""
    found = list(families)
    for family in found:
        for each in family.broken:
            console.print(f"[bold red]{family.title}: {each.name}[/]", markup=True)
            console.print(*each.wrong, *each.crashes, *each.leaks, sep="\n  ", markup=False)
        for missing in family.not_run:
            console.print(f"not run: {missing.name}: {missing.reason}", markup=False)
    console.print(_table(found))
    rows = len({row.subject for each in found if each.counts for row in each.judgements})
    not_run = sum(len(each.not_run) for each in found)
    console.print(f"{rows} distinct rows, {not_run} not run")
    if rows < FEWEST:
        console.print(f"fewer than {FEWEST} rows")
    return rows >= FEWEST and not any(each.broken for each in found)


def _table(families: list[Family]) -> Table:
    table = Table(title="bad and awkward secrets", title_justify="left", padding=(0, 0))
    for title in ("family", "rows", *Outcome, "not\nrun", "wrong", "crash", "leak"):
        table.add_column(title, justify="left" if title == "family" else "right", no_wrap=True)
    for family in families:
        outcomes = [each.expected.outcome for each in family.judgements]
        numbers = (
            len(outcomes),
            *(outcomes.count(each) for each in Outcome),
            len(family.not_run),
            sum(bool(each.wrong) for each in family.judgements),
            sum(bool(each.crashes) for each in family.judgements),
            sum(bool(each.leaks) for each in family.judgements),
        )
        table.add_row(family.title, *map(str, numbers))
    return table


def main() -> int:
    """Judge the table, print it, and return 0 if every promise holds."""
    # cryptography reads some encodings that RFC 5280 forbids, and warns of them.
    warnings.simplefilter("ignore", CryptographyDeprecationWarning)
    warnings.simplefilter("ignore", UserWarning)
    begin, console = time.perf_counter(), Console()
    holds = report(judge_all(), console)
    console.print(f"{time.perf_counter() - begin:.0f} seconds")
    return 0 if holds else 1


if __name__ == "__main__":
    sys.exit(main())
