"""One version: what the package says is what its metadata, the changelog and the stack say."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

from certrotation import __version__

ROOT = Path(__file__).parents[2]
CHANGELOG = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_the_package_takes_its_version_from_the_code() -> None:
    pyproject = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))

    assert "version" not in pyproject["project"]
    assert pyproject["project"]["dynamic"] == ["version"]
    assert pyproject["tool"]["setuptools"]["dynamic"]["version"] == {
        "attr": "certrotation.__version__"
    }


def test_the_newest_entry_of_the_changelog_is_this_version() -> None:
    versions = re.findall(r"^## \[([0-9.]+)\] - \d{4}-\d\d-\d\d$", CHANGELOG, flags=re.MULTILINE)

    assert versions[0] == __version__


def test_asking_for_the_version_imports_nothing_else() -> None:
    """Each cold start of a function pays for what the package imports."""
    asked = (
        "import sys; before = set(sys.modules); import certrotation;"
        "print(certrotation.__version__, *sorted(set(sys.modules) - before))"
    )
    finished = subprocess.run(  # noqa: S603  no shell; every word is ours
        [sys.executable, "-c", asked],
        cwd=ROOT / "lambdas",
        capture_output=True,
        text=True,
        check=True,
    )

    assert finished.stdout.split() == [__version__, "certrotation"]
