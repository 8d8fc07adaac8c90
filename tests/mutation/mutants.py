"""Lets mutmut change the core line by line, and says which changes no test noticed."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection

REPOSITORY = Path(__file__).parents[2]
MODULES = (
    "findings",
    "estate.expiry_windows",
    "material.secret_format",
    "material.pem",
    "material.decoding",
    "material.private_keys",
    "material.encrypted_keys",
    "material.pkcs12",
    "material.identity",
    "material.host_names",
    "material.checks",
    "material.leaf_checks",
    "material.chain",
    "material.chain_checks",
    "material.path_rules",
    "material.name_constraints",
    "rotation.reimport_rules",
    "rotation.regression_checks",
    "rotation.dependent_checks",
    "rotation.objections",
    "rotation.left_certificates",
)
"""The modules of `certrotation.core` that read a secret, and check it and its dependents."""

CORPUS = "tests/hostile/test_corpus.py::test_every_secret_of_the_family_gets_its_verdict"
"""The table of verdicts: it tests the checks of material."""

CHILDREN = 2
"""Processes that test mutants at the same time."""

_DETECTED = frozenset({"killed", "timeout", "segfault"})
_RESULT = re.compile(r"^ +(?P<name>\S+): (?P<status>.+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """One change to the core, known by what it does, so that edits elsewhere do not rename it.

    `function` is qualified by its class; `line` and `becomes` are what the change takes out and
    puts in, without indentation.
    """

    module: str
    function: str
    line: str
    becomes: str

    def __str__(self) -> str:
        """Return the place, and the change below it."""
        return f"{self.module}.{self.function}\n  - {self.line}\n  + {self.becomes}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How many mutants each module had, and those that no test noticed."""

    mutants: Counter[str]
    survivors: tuple[Mutant, ...]


def run_mutants(modules: Collection[str] = MODULES) -> Outcome:
    """Return what became of every mutant of `modules` under `tests/core` and the quick corpus.

    mutmut takes a module's name from its path, and of source roots it knows `src`, not `lambdas`.
    So it works in a temporary copy where the one stands for the other.

    Raises:
        SystemExit: mutmut could not do its work; the message is what it printed.
    """
    with TemporaryDirectory(prefix="mutants-") as folder:
        copy = Path(folder)
        _copy_into(copy, modules)
        _mutmut(copy, "run", "--max-children", str(CHILDREN))
        status_by_name = read_results(_mutmut(copy, "results", "--all", "true"))
        return Outcome(
            mutants=Counter(_place(name)[0] for name in status_by_name),
            survivors=tuple(
                read_mutant(name, _mutmut(copy, "show", name))
                for name, status in status_by_name.items()
                if status not in _DETECTED
            ),
        )


def read_results(text: str) -> dict[str, str]:
    """Return each mutant's status by mutmut's name for it, from `mutmut results --all true`."""
    return {match["name"]: match["status"] for match in _RESULT.finditer(text)}


def read_mutant(name: str, text: str) -> Mutant:
    """Return the mutant that mutmut calls `name`, from the diff that `mutmut show` prints."""
    module, function = _place(name)
    _, _, hunks = text.partition("@@")
    return Mutant(
        module=module,
        function=function,
        line=_side(hunks, "-"),
        becomes=_side(hunks, "+"),
    )


def _side(hunks: str, sign: str) -> str:
    lines = [line for line in hunks.splitlines() if line.startswith(sign)]
    return "\n".join(line.removeprefix(sign).strip() for line in lines)


def _place(name: str) -> tuple[str, str]:
    """Split `package.module.x_function__mutmut_1`, or `...xǁClassǁmethod__mutmut_1`."""
    path, _, mangled = name.rpartition(".")
    function = mangled.partition("__mutmut_")[0].removeprefix("x_").removeprefix("xǁ")
    return path.partition(".core.")[2], function.replace("ǁ", ".")


def _copy_into(folder: Path, modules: Collection[str]) -> None:
    """Copy the package, the tests, and a configuration that names what to change and to run."""
    unwanted = shutil.ignore_patterns("__pycache__")
    shutil.copytree(
        REPOSITORY / "lambdas/certrotation", folder / "src/certrotation", ignore=unwanted
    )
    shutil.copytree(REPOSITORY / "tests", folder / "tests", ignore=unwanted)
    configuration = (REPOSITORY / "pyproject.toml").read_text().replace('"lambdas"', '"src"')
    mutated = [f"src/certrotation/core/{module.replace('.', '/')}.py" for module in modules]
    (folder / "pyproject.toml").write_text(
        f"{configuration}\n"
        "[tool.mutmut]\n"
        'source_paths = ["src"]\n'
        f"only_mutate = {mutated}\n"
        'pytest_add_cli_args = ["-m", "not slow", "-p", "tests.mutation.forgetful"]\n'
        f'pytest_add_cli_args_test_selection = ["tests/core", "{CORPUS}"]\n'
    )


def _mutmut(folder: Path, *arguments: str) -> str:
    """Return what mutmut prints. Under `CI` Hypothesis draws the same examples at every run."""
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    done = subprocess.run(  # noqa: S603  mutmut and its own names for mutants
        [Path(sys.executable).with_name("mutmut"), *arguments],
        cwd=folder,
        env={**environment, "CI": "true"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise SystemExit(done.stdout)
    return done.stdout
