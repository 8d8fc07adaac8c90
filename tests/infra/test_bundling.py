import hashlib
import os
import shutil
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from infra.bundling import BundlingError, bundle
from infra.config import Arch
from tests.infra.synthesis import ROOT

# What ships beside the package. A new name here is a new dependency in production.
DEPENDENCIES = {
    "_cffi_backend",
    "aws_lambda_powertools",
    "cffi",
    "cryptography",
    "jmespath",
    "pycparser",
    "typing_extensions",
}
# System V ABI, e_machine.
ELF_MACHINES = {62: "x86_64", 183: "arm64"}


@contextmanager
def umask(mask: int) -> Iterator[None]:
    before = os.umask(mask)
    try:
        yield
    finally:
        os.umask(before)


def checkout(folder: Path) -> Path:
    # Other tests' processes write bytecode there at this moment.
    without_bytecode = shutil.ignore_patterns("__pycache__")
    return Path(shutil.copytree(ROOT / "lambdas", folder / "lambdas", ignore=without_bytecode))


def litter(source: Path) -> None:
    """Leave behind what a developer's tools do, and change every time stamp."""
    package = source / "certrotation"
    for name in [".env", ".#settings.py", "core/.cache/x.py", "aws/__pycache__/acm.pyc", "a.orig"]:
        stray = package / name
        stray.parent.mkdir(exist_ok=True)
        stray.write_text("stray", encoding="utf-8")
    for module in package.rglob("*.py"):
        os.utime(module, (0, 0))


def built(source: Path, arch: Arch) -> Path:
    output = source.parent / "asset"
    output.mkdir()
    bundle(source, output, arch)
    return output


def contents(asset: Path) -> dict[str, tuple[int, str]]:
    """Mode and digest of every file and folder, by path."""
    return {
        path.relative_to(asset).as_posix(): (
            stat.S_IMODE(path.stat().st_mode),
            "" if path.is_dir() else hashlib.sha256(path.read_bytes()).hexdigest(),
        )
        for path in asset.rglob("*")
    }


def machine(library: Path) -> str:
    return ELF_MACHINES[int.from_bytes(library.read_bytes()[18:20], "little")]


@pytest.mark.infra
@pytest.mark.parametrize("arch", ["arm64", "x86_64"])
def test_the_asset_is_the_same_wherever_it_is_built(tmp_path: Path, arch: Arch) -> None:
    here = checkout(tmp_path / "here")
    elsewhere = Path(shutil.copytree(here, tmp_path / "some" / "where" / "else" / "lambdas"))
    litter(elsewhere)
    with umask(0o022):
        ours = built(here, arch)
    with umask(0o077):
        theirs = built(elsewhere, arch)
    assert contents(ours) == contents(theirs)
    assert {mode for mode, _ in contents(theirs).values()} == {0o755, 0o644}


@pytest.mark.infra
@pytest.mark.parametrize("arch", ["arm64", "x86_64"])
def test_the_asset_holds_only_what_runs_on_its_architecture(tmp_path: Path, arch: Arch) -> None:
    source = checkout(tmp_path)
    modules = {path.relative_to(source) for path in source.rglob("*.py")}
    litter(source)
    asset = built(source, arch)
    files = [path for path in asset.rglob("*") if path.is_file()]

    assert {path.name.split(".")[0].split("-")[0] for path in asset.iterdir()} == {
        "certrotation",
        *DEPENDENCIES,
    }
    assert {machine(path) for path in files if path.suffix == ".so"} == {arch}
    assert not [path for path in files if path.suffix == ".pyc" or path.name.startswith(".")]
    assert not {path.name for path in files} & {"RECORD", "INSTALLER", "REQUESTED"}
    package = asset / "certrotation"
    assert {path.relative_to(asset) for path in files if package in path.parents} == modules


def test_a_missing_uv_is_named_with_the_way_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    with pytest.raises(BundlingError, match=r"uv.* is neither on PATH .*make setup"):
        bundle(ROOT / "lambdas", tmp_path, "arm64")


def test_a_dependency_without_a_hash_stops_the_bundling(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text("jmespath==1.1.0\n", encoding="utf-8")
    output = tmp_path / "asset"
    output.mkdir()
    with pytest.raises(BundlingError, match=r"uv could not install .*requirements\.txt"):
        bundle(tmp_path, output, "arm64")
