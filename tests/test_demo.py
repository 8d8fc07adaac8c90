"""The demo tells its story to the end, and can tell a bad one."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from tests.acme.pebble import find_pebble
from tests.cli.running import Ran, run_process
from tests.demo.__main__ import TRY, tell
from tests.demo.acme import TITLE
from tests.demo.expectations import CHECKS

ROOT = Path(__file__).parents[1]
WIDTH = 80
ACTS = (
    "1. The account before",
    "2. The scan",
    "3. The rotation",
    "4. The account after",
    "5. What was refused",
    "6. What on-call sees",
    "7. A second run",
    "8. What must hold",
)


@pytest.fixture(scope="module")
def shown() -> str:
    """What `make demo` writes into a pipe."""
    run = subprocess.run(
        [sys.executable, "-W", "error", "-m", "tests.demo"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": "lambdas:.", "COLUMNS": str(WIDTH)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert not run.stderr
    return run.stdout


@pytest.mark.slow
def test_the_acts_follow_one_another_and_every_expectation_holds(shown: str) -> None:
    lines = shown.splitlines()

    assert tuple(line.rstrip(" ─") for line in lines if line.endswith("─")) == ACTS
    assert lines[-2].startswith(f"{len(CHECKS)} expectations held, 0 failed, in ")
    assert lines[-1] == TRY


@pytest.mark.slow
def test_the_story_is_plain_text_that_fits_the_width(shown: str) -> None:
    assert "\x1b" not in shown
    assert max(map(len, shown.splitlines())) <= WIDTH
    assert "…" not in shown, "nothing is cut off"
    assert "arn:aws:" not in shown


@pytest.mark.slow
def test_a_service_that_changes_nothing_fails_the_demo() -> None:
    screen = StringIO()
    console = Console(file=screen, width=WIDTH, markup=False)

    held = tell(console, {"CERTROTATION_MODE": "report"})

    assert not held
    failed = [line for line in screen.getvalue().splitlines() if line.rstrip().endswith("FAIL")]
    assert any("every listener of shop" in line for line in failed)
    assert any("api presents" in line for line in failed)


@pytest.mark.slow
def test_the_account_stays_for_the_command_line_as_the_readme_uses_it() -> None:
    console = Console(file=StringIO(), width=200)
    seen: list[Ran] = []

    def use() -> None:
        assert isinstance(console.file, StringIO)
        printed = re.findall(r"^export (\w+)=(.*)$", console.file.getvalue(), re.MULTILINE)
        seen.extend(run_process(None, verb, **dict(printed)) for verb in ("inventory", "plan"))

    assert tell(console, until=use)

    inventory, plan = seen
    assert (inventory.code, plan.code) == (0, 3)
    rows = [each.split("  ")[0] for each in inventory.out.splitlines() if "  current  " in each]
    assert rows.count("shop.example") == 1
    assert "certrotation/pay: refused: nothing would be changed in any Region" in plan.out


@pytest.mark.slow
def test_with_an_acme_server_a_certificate_is_issued_and_renewed() -> None:
    find_pebble()
    screen = StringIO()

    held = tell(Console(file=screen, width=WIDTH, markup=False), asks_a_ca=True)

    shown = screen.getvalue()
    assert held
    assert f"8. {TITLE}" in shown
    assert f"{len(CHECKS) + 3} expectations held" in shown
    assert "arn:aws:" not in shown


@pytest.mark.slow
def test_without_an_acme_server_the_act_says_how_to_get_one(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("tests.acme.local_ca.PROGRAM", tmp_path / "pebble")
    screen = StringIO()

    held = tell(Console(file=screen, width=WIDTH, markup=False), asks_a_ca=True)

    assert held
    assert "make pebble" in " ".join(screen.getvalue().split())
    assert f"{len(CHECKS)} expectations held" in screen.getvalue()
