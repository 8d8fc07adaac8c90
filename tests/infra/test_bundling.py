import hashlib
import os
import re
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import boto3
import pytest

from infra.config import Arch
from infra.packaging.bundling import bundle
from infra.packaging.interpreter import PackagingError, find_python
from tests.infra.synthesis import ROOT
from tests.packaged.asset import HERE

# What ships beside the package. A new name here is a new dependency in production.
DEPENDENCIES = {
    "__pycache__",  # of typing_extensions, which is a single module
    "_cffi_backend",
    "aws_lambda_powertools",
    "certifi",
    "cffi",
    "cryptography",
    "jmespath",
    "pycparser",
    "typing_extensions",
}
# What ships of the package: the two functions, and nothing that only a person would run.
PACKAGE = {
    "__init__.py",
    "__pycache__",
    "aws",
    "core",
    "errors.py",
    "handlers",
    "settings.py",
    "composition.py",
    "names",
    "workflows",
}
DEVELOPMENT = {"bin", "conftest.py", "docs", "examples", "test", "testing", "tests"}
# System V ABI, e_machine.
ELF_MACHINES = {62: "x86_64", 183: "arm64"}
# How wheels and file names call the two.
PLATFORMS: dict[Arch, str] = {"arm64": "aarch64", "x86_64": "x86_64"}
# Of every release of Python 3.13 (CPython, Include/internal/pycore_magic_number.h).
MAGIC_NUMBER = (3571).to_bytes(2, "little") + b"\r\n"
# PEP 552: by hash, and the source is not looked at.
UNCHECKED_HASH = (0b01).to_bytes(4, "little")

FINGERPRINTS = """
import sys
import aws_cdk
print(*(aws_cdk.FileSystem.fingerprint(each) for each in sys.argv[1:]))
"""
# Audit events: Python documentation, "Audit events table".
IMPORT = """
import importlib, os, sys
asset, *modules = sys.argv[1:]
seen = []
def hear(event, arguments):
    if event == "compile" and str(arguments[1]).startswith(asset):
        seen.append(arguments[1])
    if event == "open" and arguments[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
        seen.append(arguments[0])
sys.addaudithook(hear)
for each in modules:
    importlib.import_module(each)
print(*seen)
"""


@contextmanager
def umask(mask: int) -> Iterator[None]:
    before = os.umask(mask)
    try:
        yield
    finally:
        os.umask(before)


@pytest.fixture(scope="session")
def lambda_python() -> str:
    """Lambda's Python; `make test` says which tests it leaves out without one."""
    try:
        return find_python()
    except PackagingError as error:
        pytest.skip(str(error))


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


def hashes(*assets: Path) -> list[str]:
    """What the CDK names each asset by; in a process of its own, as Node stays out of this one."""
    command = [sys.executable, "-c", FINGERPRINTS, *map(str, assets)]
    finished = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603  no shell; every word is ours
    return finished.stdout.split()


@pytest.mark.infra
@pytest.mark.usefixtures("lambda_python")
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
    one, other = hashes(ours, theirs)
    assert one == other


@pytest.mark.infra
@pytest.mark.usefixtures("lambda_python")
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
    assert not [path for path in files if path.name.startswith(".")]
    assert not {path.name for path in files} & {"RECORD", "INSTALLER", "REQUESTED"}
    assert not {part for path in files for part in path.parts[len(asset.parts) :]} & DEVELOPMENT
    package = asset / "certrotation"
    assert {path.name for path in package.iterdir()} == PACKAGE
    shipped = {path.relative_to(asset) for path in files if package in path.parents}
    assert {path for path in shipped if path.suffix != ".pyc"} == modules


@pytest.mark.infra
@pytest.mark.usefixtures("lambda_python")
@pytest.mark.parametrize("arch", ["arm64", "x86_64"])
def test_what_is_compiled_is_for_lambdas_python(tmp_path: Path, arch: Arch) -> None:
    asset = built(checkout(tmp_path), arch)
    platform = PLATFORMS[arch]
    libraries = [path.name for path in asset.rglob("*.so")]
    assert len(libraries) == 2
    for name in libraries:
        assert name.endswith((".abi3.so", f".cpython-313-{platform}-linux-gnu.so"))

    compiled = dict[str, set[str]]()
    for wheel in asset.glob("*.dist-info/WHEEL"):
        tags = set(re.findall(r"^Tag: (\S+)$", wheel.read_text(encoding="utf-8"), re.MULTILINE))
        if not all(tag.endswith("-none-any") for tag in tags):
            compiled[wheel.parent.name.partition("-")[0]] = tags
    assert compiled.keys() == {"cffi", "cryptography"}
    for tag in set[str]().union(*compiled.values()):
        python, abi, made_for = tag.split("-")
        assert (python, abi) == ("cp313", "cp313") or abi == "abi3"
        assert made_for.endswith(f"_{platform}")


@pytest.mark.infra
@pytest.mark.usefixtures("lambda_python")
def test_a_file_of_public_roots_goes_into_the_asset(tmp_path: Path) -> None:
    roots, output = tmp_path / "corp.pem", tmp_path / "asset"
    roots.write_text("-----BEGIN CERTIFICATE-----")
    output.mkdir()
    bundle(checkout(tmp_path), output, "x86_64", roots)
    assert (output / "public-roots.pem").read_bytes() == roots.read_bytes()


@pytest.mark.infra
@pytest.mark.usefixtures("lambda_python")
def test_every_module_ships_with_bytecode_that_lambda_takes_as_it_is(tmp_path: Path) -> None:
    asset = built(checkout(tmp_path), "arm64")
    sources = {
        path.parent / "__pycache__" / f"{path.stem}.cpython-313.pyc": path
        for path in asset.rglob("*.py")
    }

    assert sources.keys() == set(asset.rglob("*.pyc"))
    for bytecode, source in sources.items():
        data = bytecode.read_bytes()
        assert (data[:4], data[4:8]) == (MAGIC_NUMBER, UNCHECKED_HASH)
        assert f"/var/task/{source.relative_to(asset)}".encode() in data
        assert str(tmp_path).encode() not in data


@pytest.mark.infra
@pytest.mark.skipif(HERE is None, reason="Lambda's platform is Linux")
def test_both_handlers_are_imported_without_compiling_or_writing_anything(
    tmp_path: Path, lambda_python: str
) -> None:
    assert HERE is not None
    asset = built(checkout(tmp_path), HERE)
    before = contents(asset)
    # boto3 is pure Python, so that of another Python's folder does.
    runtime = Path(boto3.__file__).parents[1]
    modules = ["certrotation.handlers.scan", "certrotation.handlers.rotate"]
    imported = subprocess.run(  # noqa: S603  as above
        [lambda_python, "-c", IMPORT, str(asset), *modules],
        env={"PYTHONPATH": f"{asset}{os.pathsep}{runtime}", "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=True,
    )

    assert imported.stdout.split() == []
    assert contents(asset) == before


def test_a_missing_uv_is_named_with_the_way_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    with pytest.raises(PackagingError, match=r"uv.* is neither on PATH .*make setup"):
        bundle(ROOT / "lambdas", tmp_path, "arm64")


def test_source_that_does_not_compile_stops_the_bundling(tmp_path: Path) -> None:
    source = checkout(tmp_path)
    (source / "certrotation" / "broken.py").write_text("def", encoding="utf-8")
    with pytest.raises(PackagingError, match="could not compile the Lambda asset"):
        built(source, "arm64")


def test_a_dependency_without_a_hash_stops_the_bundling(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text("jmespath==1.1.0\n", encoding="utf-8")
    output = tmp_path / "asset"
    output.mkdir()
    with pytest.raises(PackagingError, match=r"uv could not install .*requirements\.txt"):
        bundle(tmp_path, output, "arm64")
