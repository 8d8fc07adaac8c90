"""Report how many mutants of the core the tests kill: `python -m tests.mutation [MODULE ...]`.

Without names, every module of `MODULES` is changed. The exit code is 0 only if exactly the accepted
mutants of the modules survive.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from tests.mutation.acceptance import judge, load_accepted
from tests.mutation.mutants import CHILDREN, MODULES, run_mutants

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from tests.mutation.acceptance import Verdict
    from tests.mutation.mutants import Mutant, Outcome


def main(arguments: Sequence[str] | None = None) -> bool:
    """Run, print, and return whether exactly the accepted mutants survive."""
    modules = named_modules(arguments)
    # Plain text: code holds brackets and quotes that are not markup.
    console = Console(markup=False, highlight=False, soft_wrap=True)
    accepted = load_accepted(modules)
    console.print(f"Testing every mutant in {CHILDREN} processes; this takes minutes.")
    begin = time.perf_counter()
    outcome = run_mutants(modules)
    console.print(figures(outcome, modules))
    console.print(f"{time.perf_counter() - begin:.0f} seconds\n")
    verdict = judge(outcome.survivors, accepted)
    console.print("\n\n".join(told(outcome, verdict, accepted)))
    return verdict.holds


def named_modules(arguments: Sequence[str] | None) -> tuple[str, ...]:
    """Return the modules that the command line names, in the order of `MODULES`, or all of them."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.mutation",
        description="Change the core line by line and see that the tests notice.",
        epilog=f"The modules: {', '.join(MODULES)}.",
    )
    parser.add_argument(
        "modules",
        nargs="*",
        metavar="MODULE",
        help="a module of certrotation.core, such as material.pem (default: all)",
    )
    named = parser.parse_args(arguments).modules
    unknown = [each for each in named if each not in MODULES]
    if unknown:
        parser.error(f"not among the modules: {', '.join(unknown)}")
    return tuple(each for each in MODULES if each in named) or MODULES


def figures(outcome: Outcome, modules: Collection[str]) -> Table:
    """Return one row for each module, and their sum."""
    table = Table("module", "mutants", "killed", "survived")
    survived = Counter(each.module for each in outcome.survivors)
    for module in modules:
        total = outcome.mutants[module]
        table.add_row(module, *map(str, (total, total - survived[module], survived[module])))
    total = outcome.mutants.total()
    table.add_section()
    table.add_row("all", *map(str, (total, total - survived.total(), survived.total())))
    return table


def told(outcome: Outcome, verdict: Verdict, accepted: Mapping[Mutant, str]) -> list[str]:
    """Return what is to be said of each survivor, and of each entry that has become obsolete."""
    survived = [
        f"Survived: {each}\n  {accepted.get(each, 'Not accepted: kill it with a test.')}"
        for each in outcome.survivors
    ]
    obsolete = [
        f"Accepted, but does not survive: {each}\n  Take it off the list."
        for each in verdict.obsolete
    ]
    return [*survived, *obsolete]


if __name__ == "__main__":
    sys.exit(0 if main() else 1)
