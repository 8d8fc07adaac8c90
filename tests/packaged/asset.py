"""The asset for this machine: the twin of the one that is deployed, from the same lock."""

from __future__ import annotations

import hashlib
import os
import platform
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from infra.packaging.bundling import bundle

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from infra.config import Arch

ROOT = Path(__file__).parents[2]
RUNTIME = ROOT / ".venv-packaged" / "bin" / "python"
"""Lambda's runtime as far as it can be had: its Python and its runtime client."""

_ARCHES: Mapping[str, Arch] = {"aarch64": "arm64", "x86_64": "x86_64"}
HERE: Final = _ARCHES.get(platform.machine()) if sys.platform == "linux" else None
"""The architecture whose asset this machine can run, if any."""

RUNTIMES_OWN = ("boto3", "botocore", "dateutil", "jmespath", "s3transfer", "six", "urllib3")
"""What a Python function on Lambda could import without shipping it."""

BUNDLED = 0o755, 0o644
MOUNTED = 0o555, 0o444
"""Modes of folders and files: as they are in the zip, and without writing, as on Lambda."""


def bundle_here(folder: Path) -> Path:
    """Bundle the asset for this machine into a new `folder`, and return that."""
    if HERE is None:
        raise SystemExit("Lambda's platform is Linux on x86_64 or arm64; this machine is not.")
    folder.mkdir()
    bundle(ROOT / "lambdas", folder, HERE)
    return folder


def runtimes_own(folder: Path) -> Path:
    """Fill a new `folder` with what stands for the packages of /var/runtime, and return the folder.

    Lambda's Python has boto3 and the packages that boto3 needs, and looks for a module in /var/task
    before (Lambda Developer Guide, "Working with .zip file archives for Python Lambda functions":
    a package in the deployment package takes precedence). Here, importing one of them fails.
    """
    folder.mkdir()
    for name in RUNTIMES_OWN:
        package = folder / name
        package.mkdir()
        statement = f"raise ImportError('{name} is that of the runtime')"
        (package / "__init__.py").write_text(statement, encoding="utf-8")
    return folder


@contextmanager
def mounted(asset: Path) -> Iterator[None]:
    """Let nothing be written in the asset until exit."""
    _set_modes(asset, *MOUNTED)
    try:
        yield
    finally:
        _set_modes(asset, *BUNDLED)


def portrait(asset: Path) -> dict[str, tuple[int, str]]:
    """Return when each file and folder was changed, and a digest, by path."""
    return {
        path.relative_to(asset).as_posix(): (
            path.stat().st_mtime_ns,
            "" if path.is_dir() else hashlib.sha256(path.read_bytes()).hexdigest(),
        )
        for path in (asset, *asset.rglob("*"))
    }


def bound_by_modes() -> list[str]:
    """Return how a command begins that may write only what the modes allow, run by root or not."""
    return ["setpriv", "--bounding-set", "-dac_override"] if os.geteuid() == 0 else []


def can_be_written(asset: Path) -> bool:
    """Try to make a file in the asset, as the functions would have to."""
    command = [*bound_by_modes(), "touch", str(asset / "written")]
    tried = subprocess.run(command, stderr=subprocess.DEVNULL, check=False)  # noqa: S603  no shell; every word is ours
    return tried.returncode == 0


def _set_modes(asset: Path, folders: int, files: int) -> None:
    for path in (asset, *asset.rglob("*")):
        path.chmod(folders if path.is_dir() else files)
