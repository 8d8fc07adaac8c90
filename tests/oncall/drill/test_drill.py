"""One drill, in a shell, by the runbook's own commands."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest

from tests.infra.synthesis import ROOT
from tests.oncall.drill.directory import PYTHON
from tests.support.estate import HOME

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.infra.synthesis import Template

pytestmark = [
    pytest.mark.slow,
    pytest.mark.infra,
    pytest.mark.skipif(not PYTHON.exists(), reason="make .venv-drill/.installed"),
]

_PATIENCE = 60


@pytest.fixture(scope="module")
def drill(
    stack_at: Callable[[int], Template], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Path]:
    """The folder of a drill in which somebody has disabled rotate's event source."""
    there = tmp_path_factory.mktemp("drill")
    (there / "template.json").write_text(stack_at(60).text)
    folder = there / "d"
    command = ["-m", "tests.oncall.drill", "--template", str(there / "template.json")]
    environment = os.environ | {"PYTHONPATH": f"{ROOT / 'lambdas'}:{ROOT}"}
    with subprocess.Popen(  # noqa: S603  no shell; every word is ours
        [sys.executable, *command, "trigger off", str(folder)], cwd=ROOT, env=environment
    ) as stage:
        deadline = time.monotonic() + _PATIENCE
        while not (folder / "mail.txt").exists():
            assert stage.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.1)
        yield folder
        stage.terminate()


def _typed(folder: Path, text: str) -> str:
    """Return what bash prints for what a person types."""
    typed = (
        f". {folder}/env.sh\n{_block('Before you begin')}\n"
        f"export STACK=certrotation-test AWS_REGION={HOME}\n{text}"
    )
    finished = subprocess.run(
        ["bash", "-s"],  # noqa: S607  whichever there is
        input=typed,
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=_PATIENCE,
    )
    assert finished.returncode == 0, finished.stderr
    return finished.stdout


def _block(heading: str) -> str:
    """Return the first block of commands under a heading of the runbook."""
    text = (ROOT / "docs" / "runbook.md").read_text(encoding="utf-8")
    found = re.search(rf"^## {heading}.*?^```sh\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    assert found is not None
    return found[1]


def _result(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "result.json").read_text())
    return found


def test_a_drill_is_found_and_mended_by_the_runbooks_own_commands(drill: Path) -> None:
    mail = (drill / "mail.txt").read_text()
    assert 'docs/runbook.md, "QueueStuck: rotations wait in the queue"' in mail

    shown = _typed(drill, _block("QueueStuck"))
    (mapping,) = re.findall(r"^(\S+)\tDisabled\t", shown, re.MULTILINE)
    assert not (drill / "result.json").exists()

    _typed(
        drill,
        f"aws lambda update-event-source-mapping --uuid {mapping} --enabled\nsleep 3600\nlook",
    )
    renewed = json.loads((drill / "result.json").read_text())["subject"]
    assert "rotation.status: done" in _typed(drill, f"last certrotation/{renewed}")

    assert json.loads((drill / "scan.json").read_text())["overdue"] == []
    result = _result(drill)
    assert result["mended at command"] < result["clear at command"]
    assert result["still on"] == result["not modelled"] == []


def test_a_secret_that_was_looked_at_is_not_in_the_transcript(drill: Path) -> None:
    shown = _typed(drill, "aws secretsmanager get-secret-value --secret-id certrotation/d47-0")

    assert "PRIVATE KEY" in shown
    transcript = (drill / "transcript.jsonl").read_text()
    assert "GetSecretValue" in transcript
    assert "PRIVATE KEY" not in transcript
