"""Times how long commands take that ask nobody, start included."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.table import Table

from certrotation.names.environment import PUBLIC_ROOTS_FILE
from tests.cli.files import certbot, write
from tests.support.authority import Authority, Issued, pem

RUNS = 20
LAMBDAS = Path(__file__).parents[2] / "lambdas"
LIVE = "live/shop"
"""A directory of certbot, below the directory in which the commands run."""
LIMITS = {("--help",): 0.3, ("mode", "--help"): 0.3, ("check", LIVE): 1.0}
"""Seconds that each command may take."""


def starts_table() -> Table:
    """Return the fewest seconds that each command took, and the limit."""
    title = f"the command line: seconds, the best of {RUNS}"
    table = Table("command", "seconds", "limit", title=title, title_justify="left")
    with TemporaryDirectory() as folder:
        certbot(Path(folder), "shop", _issued(Path(folder)))
        for arguments, limit in LIMITS.items():
            taken = min(_seconds(arguments, folder) for _ in range(RUNS))
            table.add_row(f"certrotation {' '.join(arguments)}", f"{taken:.2f}", f"{limit}")
    return table


def _issued(folder: Path) -> Issued:
    root = Authority.root(key="rsa2048")
    write(folder / "roots.pem", pem(root.certificate))
    return root.intermediate(key="rsa2048").issue("shop.example.com", key="rsa2048")


def _seconds(arguments: tuple[str, ...], folder: str) -> float:
    begin = time.perf_counter()
    subprocess.run(  # noqa: S603  our own module
        [sys.executable, "-m", "certrotation.cli", *arguments],
        env={**os.environ, "PYTHONPATH": str(LAMBDAS), PUBLIC_ROOTS_FILE: "roots.pem"},
        cwd=folder,
        stdout=subprocess.DEVNULL,
        check=True,
    )
    return time.perf_counter() - begin
