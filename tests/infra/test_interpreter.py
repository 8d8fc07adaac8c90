"""Which Python compiles the asset: what the machine has comes before what uv downloads."""

import os
import pwd
import sys
from pathlib import Path
from typing import NoReturn

import pytest

from infra.packaging import interpreter
from infra.packaging.interpreter import PackagingError, find_python

VERSION = "3.99"
"""Of no Python there is, so that nothing of this machine is found."""

UV = """
downloaded={folder}/downloaded
echo "$*" >> {folder}/asked
case "$1 $2" in
  "python find") test -e "$downloaded" && echo /of/uv/python ;;
  "python install") {install} ;;
esac
"""


class Machine:
    """A machine whose programs are shell scripts."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def has(self, program: str, script: str) -> None:
        path = self.folder / program
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
        path.chmod(0o755)

    def has_python(self, program: str, version: str = VERSION) -> str:
        """Add an interpreter, and return the path that the interpreter gives as its own."""
        executable = f"/really/{program}"
        self.has(program, f"echo cpython {version} {executable}")
        return executable

    def has_uv(self, install: str) -> None:
        self.has("venv/uv", UV.format(folder=self.folder, install=install))

    def asked_of_uv(self) -> list[str]:
        asked = self.folder / "asked"
        lines = asked.read_text(encoding="utf-8").splitlines() if asked.exists() else []
        return [line.split()[1] for line in lines]


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    """A machine with uv beside the Python that runs, two folders on PATH, and no network."""
    found = Machine(tmp_path)
    found.has_uv(install="exit 1")
    monkeypatch.setattr(interpreter, "PYTHON_VERSION", VERSION)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "venv" / "python"))
    monkeypatch.setenv("PATH", os.pathsep.join([str(tmp_path / "a"), str(tmp_path / "b"), "/bin"]))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("PYENV_ROOT", raising=False)
    return found


def test_a_python_on_the_path_is_taken_and_uv_is_not_asked(machine: Machine) -> None:
    expected = machine.has_python(f"b/python{VERSION}")
    machine.has_python(f"home/.pyenv/versions/{VERSION}.1/bin/python{VERSION}")

    assert find_python() == expected
    assert machine.asked_of_uv() == []


def test_a_shim_that_starts_nothing_or_another_version_is_passed_over(machine: Machine) -> None:
    """pyenv's shim of a version that is not selected ends with 127."""
    machine.has(f"a/python{VERSION}", "echo pyenv: command not found >&2; exit 127")
    machine.has_python(f"b/python{VERSION}", version="3.98")
    expected = machine.has_python(f"home/.pyenv/versions/{VERSION}.0/bin/python{VERSION}")

    assert find_python() == expected


def test_a_candidate_that_cannot_be_started_is_passed_over(machine: Machine) -> None:
    """A binary for another machine, what a broken installation left, and a link to nothing."""
    foreign = machine.folder / "a" / f"python{VERSION}"
    foreign.parent.mkdir()
    foreign.write_bytes(b"\x7fELF of another machine")
    foreign.chmod(0o755)
    versions = machine.folder / "home" / ".pyenv" / "versions"
    for release in (f"{VERSION}.3", f"{VERSION}.2"):
        (versions / release / "bin").mkdir(parents=True)
    (versions / f"{VERSION}.3" / "bin" / f"python{VERSION}").symlink_to("/no/such/python")
    (versions / f"{VERSION}.2" / "bin" / f"python{VERSION}").touch(0o644)
    expected = machine.has_python(f"home/.pyenv/versions/{VERSION}.0/bin/python{VERSION}")

    assert find_python() == expected


def test_a_candidate_that_answers_with_garbage_is_passed_over(machine: Machine) -> None:
    machine.has(f"a/python{VERSION}", "printf '\\377\\376'")
    expected = machine.has_python(f"b/python{VERSION}")

    assert find_python() == expected


def test_an_account_without_a_home_folder_has_no_pyenv(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unknown(_: int) -> NoReturn:
        raise KeyError

    monkeypatch.delenv("HOME")
    monkeypatch.setattr(pwd, "getpwuid", unknown)
    machine.has_uv(install='touch "$downloaded"')

    assert find_python() == "/of/uv/python"


def test_a_uv_that_cannot_be_started_is_named(machine: Machine) -> None:
    uv = machine.folder / "venv" / "uv"
    uv.write_bytes(b"\x7fELF of another machine")

    with pytest.raises(PackagingError, match=rf"^{uv} cannot be started: .*make setup"):
        find_python()


def test_of_pyenvs_releases_the_newest_is_taken(machine: Machine) -> None:
    machine.has_python(f"home/.pyenv/versions/{VERSION}.9/bin/python{VERSION}")
    expected = machine.has_python(f"home/.pyenv/versions/{VERSION}.10/bin/python{VERSION}")

    assert find_python() == expected


def test_pyenvs_folder_may_be_elsewhere(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYENV_ROOT", str(machine.folder / "opt"))
    expected = machine.has_python(f"opt/versions/{VERSION}.0/bin/python{VERSION}")

    assert find_python() == expected


def test_where_the_machine_has_none_uv_downloads_one_and_says_so(
    machine: Machine, capfd: pytest.CaptureFixture[str]
) -> None:
    machine.has_uv(install='touch "$downloaded"')

    assert find_python() == "/of/uv/python"
    assert capfd.readouterr().err.startswith(f"Python {VERSION} was not found on this machine.")
    assert machine.asked_of_uv() == ["find", "install", "find"]


def test_what_uv_installed_before_is_not_downloaded_again(machine: Machine) -> None:
    (machine.folder / "downloaded").touch()

    assert find_python() == "/of/uv/python"
    assert machine.asked_of_uv() == ["find"]


def test_where_none_is_found_and_none_can_be_downloaded_a_sentence_says_so(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(PackagingError, match=r"^Python 3\.99 was not found .* run the command aga"):
        find_python()

    monkeypatch.setattr(sys, "argv", ["interpreter"])
    with pytest.raises(SystemExit, match="was not found on PATH, in pyenv or in uv"):
        interpreter.main()
    assert machine.asked_of_uv().count("install") == 2
