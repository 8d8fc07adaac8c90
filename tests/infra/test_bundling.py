import hashlib
import os
import re
import shutil
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, NoReturn

import boto3
import pytest

from infra.config import Arch
from infra.packaging import bundling
from infra.packaging.bundling import bundle
from infra.packaging.interpreter import PackagingError, PythonMissingError, find_python
from infra.packaging.sdk import SERVICES
from tests.infra.synthesis import ROOT
from tests.packaged.asset import HERE, runtimes_own

# What ships beside the package. A new name here is a new dependency in production.
DEPENDENCIES = {
    "OpenSSL",
    "__pycache__",  # of typing_extensions and six, which are single modules
    "_cffi_backend",
    "acme",
    "aws_lambda_powertools",
    "boto3",
    "botocore",
    "certifi",
    "cffi",
    "charset_normalizer",
    "cryptography",
    "dateutil",
    "idna",
    "jmespath",
    "josepy",
    "pycparser",
    "pyopenssl",
    "pyrfc3339",
    "python_dateutil",
    "requests",
    "s3transfer",
    "six",
    "typing_extensions",
    "urllib3",
}
# What ships of the package: the functions, and nothing that only a person would run.
PACKAGE = {
    "__init__.py",
    "__pycache__",
    "aws",
    "core",
    "errors.py",
    "handlers",
    "issuers",
    "settings.py",
    "composition.py",
    "issuing_composition.py",
    "names",
    "roots.py",
    "values.py",
    "workflows",
}
DEVELOPMENT = {"bin", "conftest.py", "examples", "examples-1.json", "test", "testing", "tests"}
# System V ABI, e_machine.
ELF_MACHINES = {62: "x86_64", 183: "arm64"}
# How wheels and file names call the two.
PLATFORMS: dict[Arch, str] = {"arm64": "aarch64", "x86_64": "x86_64"}
# Of every release of Python 3.13 (CPython, Include/internal/pycore_magic_number.h).
MAGIC_NUMBER = (3571).to_bytes(2, "little") + b"\r\n"
# PEP 552: by hash, and the source is not looked at.
UNCHECKED_HASH = (0b01).to_bytes(4, "little")

Assets = Callable[[Arch], Path]

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
PACKAGES = """
import importlib, sys
asset, *modules = sys.argv[1:]
sys.path.insert(0, asset)
for each in modules:
    importlib.import_module(each)
print(*{name.partition(".")[0] for name in sys.modules})
"""
OF_ACME = {"OpenSSL", "acme", "charset_normalizer", "idna", "josepy", "pyrfc3339", "requests"}
"""What only the issue function imports, when it asks a CA."""
CLIENTS = """
import sys
asset, *services = sys.argv[1:]
sys.path.insert(0, asset)
import boto3
for region in ("eu-west-1", "cn-north-1", "us-gov-west-1"):
    for each in services:
        print(region, each, boto3.client(each, region_name=region).meta.endpoint_url)
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


@pytest.fixture(scope="session")
def assets(tmp_path_factory: pytest.TempPathFactory, lambda_python: str) -> Assets:
    """The asset for each architecture, from a tidy checkout; built once, and only read."""
    del lambda_python

    @cache
    def asset(arch: Arch) -> Path:
        with umask(0o022):
            return built(checkout(tmp_path_factory.mktemp(arch)), arch)

    return asset


@pytest.fixture
def without_dependencies(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bundle the package alone, where the dependencies do not matter."""
    monkeypatch.setattr(bundling, "_install_dependencies", lambda *_: None)
    monkeypatch.setattr(bundling, "keep_services", lambda *_: None)


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
@pytest.mark.parametrize("arch", ["arm64", "x86_64"])
def test_the_asset_is_the_same_wherever_it_is_built(
    tmp_path: Path, assets: Assets, arch: Arch
) -> None:
    elsewhere = checkout(tmp_path / "some" / "where" / "else")
    litter(elsewhere)
    ours = assets(arch)
    with umask(0o077):
        theirs = built(elsewhere, arch)
    assert contents(ours) == contents(theirs)
    assert {mode for mode, _ in contents(theirs).values()} == {0o755, 0o644}
    one, other = hashes(ours, theirs)
    assert one == other


@pytest.mark.infra
@pytest.mark.parametrize("arch", ["arm64", "x86_64"])
def test_the_asset_holds_only_what_runs_on_its_architecture(assets: Assets, arch: Arch) -> None:
    source = ROOT / "lambdas"
    modules = {path.relative_to(source) for path in source.rglob("*.py")}
    asset = assets(arch)
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
    command_line = {path for path in modules if Path("certrotation/cli") in path.parents}
    assert command_line
    for_people = command_line | {Path("certrotation/cdk.py")}
    assert {path for path in shipped if path.suffix != ".pyc"} == modules - for_people
    for package in asset.glob("*.dist-info"):
        texts = [
            path for path in package.rglob("*") if path.name.startswith(("LICENSE", "COPYING"))
        ]
        assert texts, f"{package.name} has no licence"
    described = {path for path in (asset / "botocore" / "data").iterdir() if path.is_dir()}
    assert {path.name for path in described} == SERVICES
    assert not (asset / "boto3" / "data").exists()


@pytest.mark.infra
@pytest.mark.parametrize("arch", ["arm64", "x86_64"])
def test_what_is_compiled_is_for_lambdas_python(assets: Assets, arch: Arch) -> None:
    asset = assets(arch)
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
    # Of charset_normalizer the compiled parts do not ship.
    assert compiled.keys() == {"cffi", "charset_normalizer", "cryptography"}
    for tag in set[str]().union(*compiled.values()):
        python, abi, made_for = tag.split("-")
        assert (python, abi) == ("cp313", "cp313") or abi == "abi3"
        assert made_for.endswith(f"_{platform}")


@pytest.mark.infra
@pytest.mark.usefixtures("lambda_python", "without_dependencies")
def test_a_file_of_public_roots_goes_into_the_asset(tmp_path: Path) -> None:
    roots, output = tmp_path / "corp.pem", tmp_path / "asset"
    roots.write_text("-----BEGIN CERTIFICATE-----")
    output.mkdir()
    bundle(checkout(tmp_path), output, "x86_64", {"public-roots.pem": roots})
    assert (output / "public-roots.pem").read_bytes() == roots.read_bytes()


@pytest.mark.infra
def test_every_module_ships_with_bytecode_that_lambda_takes_as_it_is(assets: Assets) -> None:
    asset = assets("arm64")
    sources = {
        path.parent / "__pycache__" / f"{path.stem}.cpython-313.pyc": path
        for path in asset.rglob("*.py")
    }

    assert sources.keys() == set(asset.rglob("*.pyc"))
    for bytecode, source in sources.items():
        data = bytecode.read_bytes()
        assert (data[:4], data[4:8]) == (MAGIC_NUMBER, UNCHECKED_HASH)
        assert f"/var/task/{source.relative_to(asset)}".encode() in data
        assert str(asset).encode() not in data


@pytest.mark.infra
@pytest.mark.skipif(HERE is None, reason="Lambda's platform is Linux")
def test_both_handlers_are_imported_without_compiling_or_writing_anything(
    tmp_path: Path, assets: Assets, lambda_python: str
) -> None:
    assert HERE is not None
    asset = assets(HERE)
    before = contents(asset)
    modules = ["certrotation.handlers.scan", "certrotation.handlers.rotate"]
    runtime = runtimes_own(tmp_path / "runtime")
    # -S: what a machine has its Python do at every start is none of the asset's.
    imported = subprocess.run(  # noqa: S603  as above
        [lambda_python, "-S", "-c", IMPORT, str(asset), *modules],
        env={"PYTHONPATH": f"{asset}{os.pathsep}{runtime}", "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=True,
    )

    assert imported.stdout.split() == []
    assert contents(asset) == before


@pytest.mark.infra
@pytest.mark.skipif(HERE is None, reason="Lambda's platform is Linux")
@pytest.mark.parametrize(
    ("modules", "expected"),
    [
        (["certrotation.handlers.scan", "certrotation.handlers.rotate"], set[str]()),
        (["certrotation.handlers.issue"], set[str]()),
        (["certrotation.handlers.issue", "certrotation.issuers.acme"], OF_ACME),
    ],
)
def test_the_library_of_acme_is_imported_where_a_ca_is_asked_and_nowhere_else(
    assets: Assets, lambda_python: str, modules: list[str], expected: set[str]
) -> None:
    assert HERE is not None
    imported = subprocess.run(  # noqa: S603  as above
        [lambda_python, "-I", "-W", "error", "-c", PACKAGES, str(assets(HERE)), *modules],
        capture_output=True,
        text=True,
        check=True,
    )

    assert set(imported.stdout.split()) & OF_ACME == expected


@pytest.mark.infra
@pytest.mark.skipif(HERE is None, reason="Lambda's platform is Linux")
def test_the_asset_alone_makes_a_client_of_every_service(
    assets: Assets, lambda_python: str
) -> None:
    assert HERE is not None
    made = subprocess.run(  # noqa: S603  as above
        [lambda_python, "-I", "-c", CLIENTS, str(assets(HERE)), *SERVICES],
        capture_output=True,
        text=True,
        check=True,
    )

    hosts = [line.split() for line in made.stdout.splitlines()]
    assert len(hosts) == len(SERVICES) * 3
    for region, name, host in hosts:
        client: Any = boto3.client(name, region_name=region)  # type: ignore[call-overload]  # any
        assert host == client.meta.endpoint_url


def test_a_missing_uv_is_named_with_the_way_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    with pytest.raises(PackagingError, match=r"uv.* is neither on PATH .*make setup"):
        bundle(ROOT / "lambdas", tmp_path, "arm64")


@pytest.mark.usefixtures("without_dependencies")
def test_without_lambdas_python_the_asset_has_no_bytecode_and_a_warning_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def missing() -> NoReturn:
        raise PythonMissingError("Python 3.13 was not found.")

    monkeypatch.setattr(bundling, "find_python", missing)
    asset = built(checkout(tmp_path), "arm64")

    assert (asset / "certrotation" / "handlers" / "scan.py").exists()
    assert not [*asset.rglob("*.pyc")]
    assert {mode for mode, _ in contents(asset).values()} == {0o755, 0o644}
    warning = capfd.readouterr().err
    assert warning.startswith("Warning: Python 3.13 was not found.")
    assert "has no bytecode" in warning


@pytest.mark.usefixtures("lambda_python", "without_dependencies")
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
