"""Puts together what Lambda unpacks: the package and its pinned dependencies.

Two builds of the same commit give the same files wherever they run, so that a deployment without a
change is one without an upload. This module knows neither the CDK nor Docker.
"""

import os
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

from infra.config import Arch
from infra.packaging.interpreter import (
    PYTHON_VERSION,
    PackagingError,
    PythonMissingError,
    find_python,
    find_uv,
    run,
)
from infra.packaging.sdk import SERVICES, keep_services

PUBLIC_ROOTS = "public-roots.pem"
"""The file of public roots in the asset, if the setting gives one."""

_PACKAGE = "certrotation"
_NOT_SHIPPED = ("cdk.py", "cli")
"""The parts of the package that only people run: apps of other teams, and the command line."""
# Where Lambda puts the asset (Lambda Developer Guide, "Using Lambda environment variables").
TASK_ROOT = "/var/task"
# One platform tag, kept: another (manylinux_2_28) selects other wheels and so another asset.
_PLATFORMS: dict[Arch, str] = {
    "arm64": "aarch64-manylinux2014",
    "x86_64": "x86_64-manylinux2014",
}
# Files that must not ship: notes of the installer about this machine and this run, the tests of a
# dependency, what boto3 has for documents and for `boto3.resource`, and what nothing here runs.
_UNWANTED = (
    "bin",  # console scripts begin with the path of the interpreter that made them
    ".lock",
    "*.dist-info/RECORD",
    "*.dist-info/INSTALLER",
    "*.dist-info/REQUESTED",
    "*.dist-info/direct_url.json",
    "*.dist-info/uv_*.json",
    "**/__pycache__",
    "certifi/tests",
    "boto3/data",
    "boto3/examples",
    "botocore/data/*/*/examples-1.json",
    "acme/_internal",  # tests
    # botocore would import pyOpenSSL through this module, in every function, and never use it.
    "urllib3/contrib/pyopenssl.py",
    # requests imports this package and asks it nothing, because acme names each encoding. Without
    # the compiled parts it runs as Python.
    "charset_normalizer/*.so",
    "*__mypyc*.so",
    "charset_normalizer/cli",
)


def issuer_file(name: str) -> str:
    """Return the name, in the asset, of the file with the root of an issuer's server."""
    return f"issuer-{name}.pem"


def bundle(
    source: Path, output: Path, arch: Arch, certificates: Mapping[str, Path] | None = None
) -> None:
    """Fill the existing folder `output` with the asset for `arch`, from a checkout's `lambdas/`.

    Files of certificates are copied into it, under the names that they are given by.

    Raises:
        PackagingError: uv is missing, or uv or the compiler failed, or botocore lacks a service
            that the functions call.
    """
    compiler = _find_compiler()
    _install_dependencies(source / "requirements.txt", output, arch)
    _remove_unwanted(output)
    keep_services(SERVICES, output)
    _copy_package(source / _PACKAGE, output / _PACKAGE)
    for name, path in (certificates or {}).items():
        shutil.copyfile(path, output / name)
    if compiler is not None:
        _add_bytecode(compiler, output)
    _set_modes(output)


def _find_compiler() -> str | None:
    """Return a Python of Lambda's version, or warn and return None if there is none."""
    try:
        return find_python()
    except PythonMissingError as missing:
        print(  # noqa: T201  the CDK shows it
            f"Warning: {missing} Until then the Lambda asset has no bytecode: the functions work,"
            " but compile their modules at each cold start. With bytecode it will be another"
            " asset, which is uploaded again.",
            file=sys.stderr,
            flush=True,
        )
        return None


def _install_dependencies(requirements: Path, output: Path, arch: Arch) -> None:
    command = [
        find_uv(),
        *("pip", "install", "--quiet", "--python", sys.executable),
        *("--target", str(output), "--requirements", str(requirements), "--require-hashes"),
        *("--python-version", PYTHON_VERSION, "--python-platform", _PLATFORMS[arch]),
        *("--only-binary", ":all:"),
        *("--link-mode", "copy"),  # a hard link would let a later chmod reach uv's cache
    ]
    # uv's own words go to the terminal: the CDK shows only that bundling failed.
    finished = run(command)
    if finished.returncode != 0:
        raise PackagingError(
            f"uv could not install {requirements} (exit code {finished.returncode}); "
            "its message is above"
        )


def _remove_unwanted(output: Path) -> None:
    for pattern in _UNWANTED:
        for path in list(output.glob(pattern)):
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()


def _copy_package(package: Path, target: Path) -> None:
    """Copy Python sources only: bytecode, dotfiles and leftovers of editors must not ship."""
    for module in package.rglob("*.py"):
        relative = module.relative_to(package)
        is_hidden = any(part.startswith(".") for part in relative.parts)
        if is_hidden or relative.parts[0] in _NOT_SHIPPED:
            continue
        copied = target / relative
        copied.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(module, copied)


def _add_bytecode(python: str, output: Path) -> None:
    """Compile every module to what Lambda's Python loads without a look at the source."""
    command = [
        # The bytes may depend on what is loaded already, so nothing of the machine's own is (-S).
        *(python, "-S", "-m", "compileall", "-q"),
        # By time stamp Python would compare what the zip says, which is not what was compiled.
        *("--invalidation-mode", "unchecked-hash"),
        *("-s", str(output), "-p", TASK_ROOT, str(output)),
    ]
    finished = run(command, env=_compiling_environment())
    if finished.returncode != 0:
        raise PackagingError(
            f"{python} could not compile the Lambda asset (exit code {finished.returncode}); "
            "its message is above"
        )


def _compiling_environment() -> dict[str, str]:
    """Return this environment without what would change the bytes, or put them elsewhere."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    return kept | {"PYTHONHASHSEED": "0"}


def _set_modes(output: Path) -> None:
    """Let everyone read, whatever the umask: Lambda runs as a user of its own."""
    for path in output.rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)
