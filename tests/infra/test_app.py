"""What `cdk synth` says of a configuration, before anything is deployed."""

import json
import os
import subprocess
import venv
from pathlib import Path

import pytest

from certrotation import __version__
from infra.assembly import summary
from tests.infra.synthesis import ROOT, assemble, run_app

pytestmark = pytest.mark.infra

ALONE = {"target_regions": ["us-east-1"]}


def test_nobody_deletes_the_stack_by_mistake_and_nothing_is_warned_of(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    assembly = assemble(tmp_path_factory, ALONE)

    assert is_protected(assembly)
    assert warnings(assembly) == []


def test_scans_that_come_too_rarely_for_the_critical_window_are_warned_of(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """Three days of critical window see four scans at 18 hours, and fewer at 20."""
    settings = {**ALONE, "scan_interval_minutes": 20 * 60, "termination_protection": "off"}

    assembly = assemble(tmp_path_factory, settings)

    assert not is_protected(assembly)
    (warning,) = warnings(assembly)
    assert "The shortest is 3 days, 0:00:00." in warning
    assert "SCAN_TOO_RARE" in warning


def test_a_prefix_without_a_slash_is_warned_of(tmp_path_factory: pytest.TempPathFactory) -> None:
    assembly = assemble(tmp_path_factory, {**ALONE, "secret_prefix": "certrotation"})

    (warning,) = warnings(assembly)
    assert "rotate can read it: for example certrotationX" in warning


def test_the_summary_says_what_was_made_and_what_was_warned_of(tmp_path: Path) -> None:
    settings = {
        "target_regions": ["eu-west-1", "us-east-1"],
        "mode": "report",
        "secret_prefix": "tls-",
    }
    run_app(tmp_path / "cdk.out", settings)

    lines = [*summary(tmp_path / "cdk.out")]

    assert lines[:4] == [
        f"Stack:     certrotation, version {__version__}",
        "Mode:      report",
        "Regions:   eu-west-1, us-east-1",
        "Secrets:   tls-*",
    ]
    assert lines[4].endswith(" resources")
    assert lines[-2].startswith("Nothing was deployed.")
    assert lines[-1].startswith("Warning: cdk.json: certrotation.secret_prefix 'tls-' does not end")


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ({"scan_interval_minutes": 4}, "certrotation.scan_interval_minutes is 4. Give a whole"),
        (
            {"critical_fraction": 0.5, "warning_fraction": 0.25},
            "critical_fraction (0.5) is larger than certrotation.warning_fraction (0.25).",
        ),
    ],
)
def test_what_cannot_work_is_refused_with_a_sentence_and_no_traceback(
    tmp_path: Path, setting: dict[str, object], said: str
) -> None:
    finished = run_app(tmp_path / "cdk.out", {**ALONE, **setting})

    assert finished.returncode == 1
    assert finished.stderr.strip().splitlines()[-1].startswith("cdk.json: certrotation.")
    assert said in finished.stderr
    assert "Traceback" not in finished.stderr


def test_the_virtual_environment_finds_the_package_without_a_variable(tmp_path: Path) -> None:
    """The CDK's command line runs app.py, and make's variables do not reach it."""
    venv.create(tmp_path / ".venv", symlinks=True)
    for folder in ("infra", "lambdas"):
        (tmp_path / folder).symlink_to(ROOT / folder)

    run(tmp_path, "make", "-f", str(ROOT / "Makefile"), "-o", ".venv/.installed", ".venv/.on-path")
    imported = "import certrotation.names, certrotation.names.outputs; print(certrotation.__file__)"
    found = run(tmp_path, ".venv/bin/python", "-c", imported)

    assert found.strip() == str(tmp_path / "lambdas" / "certrotation" / "__init__.py")


def run(folder: Path, *command: str) -> str:
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    return subprocess.run(  # noqa: S603  no shell; every word is ours
        command, cwd=folder, env=environment, capture_output=True, text=True, check=True
    ).stdout


def is_protected(assembly: Path) -> bool:
    manifest = json.loads((assembly / "manifest.json").read_text(encoding="utf-8"))
    properties = manifest["artifacts"]["certrotation"]["properties"]
    return bool(properties.get("terminationProtection"))


def warnings(assembly: Path) -> list[str]:
    metadata = json.loads((assembly / "certrotation.metadata.json").read_text(encoding="utf-8"))
    return [
        entry["data"]
        for entries in metadata.values()
        for entry in entries
        if entry["type"] == "aws:cdk:warning"
    ]
