"""Times how long a fresh interpreter takes to import each handler from the asset as shipped."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING
from zipfile import ZIP_DEFLATED, ZipFile

from rich.table import Table

from tests.packaged.asset import RUNTIME, bundle_here

if TYPE_CHECKING:
    from collections.abc import Mapping

RUNS = 40
LIMIT = 1.3
"""What a handler may take, in times of boto3 and cryptography alone."""

ALONE = "boto3 and cryptography alone"
HANDLERS = {
    "scan handler": "import certrotation.handlers.scan",
    "rotate handler": "import certrotation.handlers.rotate",
}
ISSUE = "issue handler, with ACME"
"""Shown only: it runs once an hour and in rotations, so no limit holds for it."""
STATEMENTS = HANDLERS | {
    ISSUE: (
        "import certrotation.handlers.issue, certrotation.issuers.acme, certrotation.aws.zones, "
        "certrotation.aws.issuing_secrets, certrotation.aws.account_secret"
    ),
    ALONE: (
        "import boto3; from cryptography import x509; "
        "from cryptography.hazmat.primitives.serialization import load_pem_private_key, pkcs12"
    ),
}


@dataclass(frozen=True, kw_only=True)
class Imports:
    """Sizes of an asset in bytes, and the fewest seconds that each import from it took."""

    unpacked: int
    zipped: int
    seconds: Mapping[str, float]

    def ratio(self, name: str) -> float:
        """Return how many times an import took what boto3 and cryptography alone take."""
        return self.seconds[name] / self.seconds[ALONE]


def measure_imports() -> dict[str, Imports]:
    """Measure the asset as shipped, and what it would be without bytecode, boto3's included."""
    with TemporaryDirectory() as folder:
        shipped = bundle_here(Path(folder) / "shipped")
        without_bytecode = shutil.ignore_patterns("__pycache__")
        bare = shutil.copytree(shipped, Path(folder) / "bare", ignore=without_bytecode)
        assets = {"as shipped": shipped, "without bytecode": bare}
        seconds = _fewest_seconds(assets)
        return {
            kind: Imports(
                unpacked=sum(each.stat().st_size for each in asset.rglob("*") if each.is_file()),
                zipped=_zipped(asset),
                seconds=seconds[kind],
            )
            for kind, asset in assets.items()
        }


def import_table(measured: Mapping[str, Imports]) -> Table:
    """Return the table of what was measured."""
    table = Table(
        "import",
        *(heading for kind in measured for heading in (f"{kind}, ms", "times")),
        title=f"cold start: import times, the best of {RUNS}",
        title_justify="left",
    )
    for name in (ALONE, *HANDLERS, ISSUE):
        cells = [(each.seconds[name] * 1000, each.ratio(name)) for each in measured.values()]
        table.add_row(
            name, *(text for ms, times in cells for text in (f"{ms:.0f}", f"{times:.2f}"))
        )
    table.add_section()
    for name, sizes in (
        ("asset, MB", [each.unpacked for each in measured.values()]),
        ("zip, MB", [each.zipped for each in measured.values()]),
    ):
        table.add_row(name, *(text for size in sizes for text in (f"{size / 1e6:.1f}", "")))
    return table


def verdict(shipped: Imports) -> str:
    """Say whether the limit holds for the asset as shipped."""
    above = [name for name in HANDLERS if shipped.ratio(name) > LIMIT]
    if not above:
        return f"The limit of {LIMIT} holds."
    return f"The limit of {LIMIT} does not hold: {' and '.join(above)}."


def _fewest_seconds(assets: Mapping[str, Path]) -> dict[str, dict[str, float]]:
    """Let the imports take turns, so that a busy machine slows all alike."""
    fewest = {kind: dict.fromkeys(STATEMENTS, float("inf")) for kind in assets}
    for _ in range(RUNS):
        for kind, asset in assets.items():
            for name, statement in STATEMENTS.items():
                taken = _seconds_to_import(statement, asset)
                fewest[kind][name] = min(fewest[kind][name], taken)
    return fewest


def _seconds_to_import(statement: str, asset: Path) -> float:
    program = f"import time; t = time.perf_counter(); {statement}; print(time.perf_counter() - t)"
    done = subprocess.run(  # noqa: S603  an interpreter of ours, a statement of ours
        [str(RUNTIME), "-c", program],
        env={
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(asset),
            "PYTHONDONTWRITEBYTECODE": "1",
        },
        capture_output=True,
        text=True,
        check=True,
    )
    return float(done.stdout)


def _zipped(asset: Path) -> int:
    """Return the size of the asset's zip."""
    packed = io.BytesIO()
    with ZipFile(packed, "w", ZIP_DEFLATED) as zipped:
        for path in sorted(asset.rglob("*")):
            zipped.write(path, path.relative_to(asset))
    return packed.tell()
