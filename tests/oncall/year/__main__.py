"""A year in minutes: what happened, which alarms went off, and whether a promise was broken.

python -m tests.oncall.year
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console

from tests.infra.synthesis import Template, run_app
from tests.oncall.year.faults import SEED
from tests.oncall.year.play import play
from tests.oncall.year.population import REGIONS
from tests.oncall.year.report import broken_by, tables
from tests.oncall.year.world import ISSUERS, STACK

WIDTH = 130
"""Of the tables, in characters, wherever they are printed."""


def main(seed: int) -> int:
    """Play the year; print tables; return 1 if a promise was broken."""
    console = Console(width=WIDTH)
    begin = time.perf_counter()
    played = play(_template(), seed=seed)
    for table in tables(played, time.perf_counter() - begin):
        console.print(table)
    broken = broken_by(played)
    for each in broken:
        console.print(each, style="red")
    return int(bool(broken))


def _template() -> Template:
    settings = {"stack_name": STACK, "target_regions": REGIONS, "issuers": ISSUERS}
    with TemporaryDirectory() as folder:
        finished = run_app(Path(folder) / "cdk.out", settings)
        finished.check_returncode()
        (template,) = Path(folder).glob("cdk.out/*.template.json")
        return Template(template.read_text(encoding="utf-8"))


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if sys.argv[1:] else SEED))
