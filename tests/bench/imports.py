"""Times how long a fresh interpreter takes to import each handler."""

from __future__ import annotations

import re
import shutil
import statistics
import subprocess
import sys
from importlib.metadata import files
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.table import Table

RUNS = 25
LAMBDAS = Path("lambdas")
ALONE = "boto3 and cryptography alone"
STATEMENTS = {
    ALONE: (
        "import boto3; from cryptography import x509; "
        "from cryptography.hazmat.primitives.serialization import load_pem_private_key, pkcs12"
    ),
    "scan handler": "import certrotation.handlers.scan",
    "rotate handler": "import certrotation.handlers.rotate",
}


def import_table() -> Table:
    """Time the imports with all bytecode at hand, and as they are in the asset: from source.

    boto3 has its bytecode in both: Lambda's runtime brings it.
    """
    table = Table(
        *("import", "with bytecode, ms", "times", "as shipped, ms", "times"),
        title=f"import times, medians of {RUNS}",
        title_justify="left",
    )
    with TemporaryDirectory() as shipped:
        _copy_sources(Path(shipped))
        compiled = _medians({"PYTHONPATH": str(LAMBDAS)})
        source = _medians({"PYTHONPATH": shipped, "PYTHONDONTWRITEBYTECODE": "1"})
    for name in STATEMENTS:
        table.add_row(name, *_cells(compiled, name), *_cells(source, name))
    return table


def _cells(medians: dict[str, float], name: str) -> tuple[str, str]:
    return f"{medians[name] * 1000:.0f}", f"{medians[name] / medians[ALONE]:.2f}"


def _copy_sources(target: Path) -> None:
    """Put what the asset holds into a folder, without bytecode: Lambda could not write it."""
    shutil.copytree(LAMBDAS, target, dirs_exist_ok=True, ignore=shutil.ignore_patterns("*.pyc"))
    lock = (LAMBDAS / "requirements.txt").read_text(encoding="utf-8")
    for distribution in re.findall(r"^([\w-]+)==", lock, re.MULTILINE):
        for file in files(distribution) or ():
            if file.suffix != ".pyc" and ".." not in file.parts:
                (target / file).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(file.locate(), target / file)


def _medians(environment: dict[str, str]) -> dict[str, float]:
    """Let the statements take turns, so that a busy machine slows all alike."""
    measured: dict[str, list[float]] = {name: [] for name in STATEMENTS}
    for _ in range(RUNS):
        for name, statement in STATEMENTS.items():
            measured[name].append(_seconds_to_import(statement, environment))
    return {name: statistics.median(times) for name, times in measured.items()}


def _seconds_to_import(statement: str, environment: dict[str, str]) -> float:
    program = f"import time; t = time.perf_counter(); {statement}; print(time.perf_counter() - t)"
    done = subprocess.run(  # noqa: S603  our own interpreter, our own statement
        [sys.executable, "-c", program],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return float(done.stdout)
