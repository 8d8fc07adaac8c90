"""What `cdk synth` says of a configuration, before anything is deployed."""

import json
from pathlib import Path

import pytest

from tests.infra.synthesis import run_app

pytestmark = pytest.mark.infra

ALONE = {"target_regions": ["us-east-1"]}


def test_nobody_deletes_the_stack_by_mistake_and_nothing_is_warned_of(tmp_path: Path) -> None:
    finished = run_app(tmp_path / "cdk.out", ALONE)

    assert finished.returncode == 0
    assert is_protected(tmp_path / "cdk.out")
    assert warnings(tmp_path / "cdk.out") == []


def test_scans_that_come_too_rarely_for_the_critical_window_are_warned_of(tmp_path: Path) -> None:
    """Three days of critical window see four scans at 18 hours, and fewer at 20."""
    settings = {**ALONE, "scan_interval_minutes": 20 * 60, "termination_protection": "off"}

    finished = run_app(tmp_path / "cdk.out", settings)

    assert finished.returncode == 0
    assert not is_protected(tmp_path / "cdk.out")
    (warning,) = warnings(tmp_path / "cdk.out")
    assert "The shortest is 3 days, 0:00:00." in warning
    assert "SCAN_TOO_RARE" in warning


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ({"scan_interval_minutes": 4}, "certrotation.scan_interval_minutes is 4; give a whole"),
        (
            {"critical_fraction": 0.5, "warning_fraction": 0.25},
            "The critical window would be longer than the warning window",
        ),
    ],
)
def test_what_cannot_work_is_refused_with_a_sentence_and_no_traceback(
    tmp_path: Path, setting: dict[str, object], said: str
) -> None:
    finished = run_app(tmp_path / "cdk.out", {**ALONE, **setting})

    assert finished.returncode == 1
    assert finished.stderr.strip().splitlines()[-1].startswith("cdk.json or -c: ")
    assert said in finished.stderr
    assert "Traceback" not in finished.stderr


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
