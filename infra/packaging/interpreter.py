"""Finds the Python of Lambda's version, which compiles the asset.

In this order: the Python that runs, `python3.13` in any folder of PATH, pyenv's versions, what uv
installed before; if there is none of them, uv downloads one. The command
`python -m infra.packaging.interpreter` prints the path.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

PYTHON_VERSION = "3.13"

_WHICH = (
    "import sys; print(sys.implementation.name, '%d.%d' % sys.version_info[:2], sys.executable)"
)


class PackagingError(RuntimeError):
    """The asset cannot be built; the message says why and what to do."""


class PythonMissingError(PackagingError):
    """There is no Python of Lambda's version, and uv could not download one."""


def main() -> None:
    """Print the path of the interpreter, or exit with a sentence."""
    try:
        print(find_python())  # noqa: T201  its output
    except PackagingError as error:
        sys.exit(str(error))


def run(command: Sequence[str], **how: Any) -> subprocess.CompletedProcess[str]:
    """Run a program to its end, without a shell.

    Args:
        command: the program and its arguments.
        how: further arguments of `subprocess.run`.

    Raises:
        PackagingError: the program cannot be started.
    """
    try:
        # What a program of another machine prints may be in any encoding.
        return subprocess.run(command, check=False, text=True, errors="replace", **how)  # noqa: S603  no shell
    except OSError as error:
        raise PackagingError(
            f"{command[0]} cannot be started: {error.strerror}. Run `make setup`."
        ) from error


def find_python() -> str:
    """Return a Python of Lambda's version: Lambda ignores the bytecode of any other.

    Raises:
        PythonMissingError: none was found, and uv could not download one.
        PackagingError: uv is not installed, or cannot be started.
    """
    running = sys.version_info
    if f"{running.major}.{running.minor}" == PYTHON_VERSION:
        return sys.executable
    for candidate in _installed():
        found = _executable_of(candidate)
        if found:
            return found
    downloaded = _of_uv() or _download()
    if downloaded is None:
        raise PythonMissingError(
            f"Python {PYTHON_VERSION} was not found on PATH, in pyenv or in uv, and uv could not"
            f" download it. It compiles the Lambda asset: install Python {PYTHON_VERSION}, then run"
            " the command again."
        )
    return downloaded


def find_uv() -> str:
    """Return the path of uv.

    Raises:
        PackagingError: uv is not installed.
    """
    beside_python = str(Path(sys.executable).parent)
    uv = shutil.which("uv", path=os.pathsep.join([beside_python, os.environ.get("PATH", "")]))
    if uv is None:
        raise PackagingError(
            "uv, which bundles the Lambda asset, is neither on PATH nor beside "
            f"{sys.executable}. Run `make setup`."
        )
    return uv


def _installed() -> Iterator[str]:
    """Yield interpreters by their names; one of pyenv's shims may start nothing."""
    name = f"python{PYTHON_VERSION}"
    for folder in os.get_exec_path():
        found = shutil.which(name, path=folder)
        if found:
            yield found
    # Path.home() fails for an account without a home folder.
    pyenv = Path(os.environ.get("PYENV_ROOT") or os.path.expanduser("~/.pyenv"))  # noqa: PTH111  see above
    releases = pyenv.glob(f"versions/{PYTHON_VERSION}.*/bin/{name}")
    yield from map(str, sorted(releases, key=_release, reverse=True))


def _release(python: Path) -> tuple[int, ...]:
    """Return the numbers in the name of a version's folder."""
    return tuple(int(each) for each in python.parents[1].name.split(".") if each.isdecimal())


def _executable_of(candidate: str) -> str | None:
    """Return what a candidate starts, which for a shim is another file, if the version is right."""
    try:
        finished = run([candidate, "-I", "-c", _WHICH], capture_output=True)
    except PackagingError:
        return None
    version, _, executable = finished.stdout.strip().rpartition(" ")
    return executable if version == f"cpython {PYTHON_VERSION}" else None


def _of_uv() -> str | None:
    """Return the Python that uv has installed, if any."""
    command = [find_uv(), "python", "find", "--no-project", "--no-python-downloads"]
    finished = run([*command, "--managed-python", PYTHON_VERSION], capture_output=True)
    return finished.stdout.strip() if finished.returncode == 0 else None


def _download() -> str | None:
    """Let uv install a Python, which takes seconds; uv's own words go to the terminal."""
    print(  # noqa: T201  a person waits
        f"Python {PYTHON_VERSION} was not found on this machine. uv downloads it.",
        file=sys.stderr,
        flush=True,
    )
    command = [find_uv(), "python", "install", "--no-bin", PYTHON_VERSION]
    finished = run(command, stdout=sys.stderr)
    return _of_uv() if finished.returncode == 0 else None


if __name__ == "__main__":
    main()
