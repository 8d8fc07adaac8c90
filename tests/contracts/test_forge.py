"""What a forge and a commit run is what a person runs: the README's commands, the lock's tools."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
LOCK = (ROOT / "requirements" / "dev.txt").read_text(encoding="utf-8")
TEMPLATES = sorted((ROOT / ".github" / "ISSUE_TEMPLATE").glob("*.yml"))


def load(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def test_the_workflow_runs_the_two_commands_of_the_readme() -> None:
    jobs = load(ROOT / ".github" / "workflows" / "ci.yml")["jobs"]
    ran = {step["run"] for job in jobs.values() for step in job["steps"] if "run" in step}

    assert {"make demo", "make test"} <= ran
    assert re.findall(r"^(make (?:demo|test))\b", README, flags=re.MULTILINE)[:2] == [
        "make demo",
        "make test",
    ]


def test_each_hook_runs_a_tool_of_the_lock_and_downloads_nothing() -> None:
    config = ROOT / ".pre-commit-config.yaml"
    subprocess.run(  # noqa: S603  no shell; every word is ours
        [sys.executable, "-m", "pre_commit", "validate-config", str(config)], check=True
    )
    repos = load(config)["repos"]

    assert [each["repo"] for each in repos] == ["local"]
    for hook in repos[0]["hooks"]:
        assert hook["language"] in {"system", "pygrep"}
        for tool in re.findall(r"\.venv/bin/([a-z-]+)", hook["entry"]):
            package = {"lint-imports": "import-linter"}.get(tool, tool)
            assert re.search(rf"^{package}==", LOCK, flags=re.MULTILINE), tool


@pytest.mark.parametrize(
    "text",
    [
        "-----BEGIN PRIVATE KEY-----\n" + "M" * 64,
        "-----BEGIN RSA PRIVATE KEY-----\r\n" + "M" * 64,
    ],
)
def test_a_commit_with_a_private_key_is_refused(text: str) -> None:
    hooks = {
        each["id"]: each for each in load(ROOT / ".pre-commit-config.yaml")["repos"][0]["hooks"]
    }

    assert re.search(hooks["private-keys"]["entry"], text)


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.stem)
def test_each_issue_form_has_what_the_forge_requires(template: Path) -> None:
    form = load(template)
    if template.name == "config.yml":
        assert form == {"blank_issues_enabled": False}
        return
    assert {"name", "description", "body"} <= form.keys()
    ids = [each["id"] for each in form["body"] if each["type"] != "markdown"]
    assert len(set(ids)) == len(ids)
