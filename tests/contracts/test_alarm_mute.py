"""The command that silences warnings silences these alone, in a form that CloudWatch takes."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import botocore.session
import jmespath  # type: ignore[import-untyped]  # it has no types
from botocore.validate import validate_parameters

from infra.observability.alarm_texts import ALARM_TEXTS

OPERATING = (Path(__file__).parents[2] / "docs" / "operating.md").read_text(encoding="utf-8")
(COMMAND,) = re.findall(
    r"^(aws cloudwatch put-alarm-mute-rule .*?)^```", OPERATING, re.MULTILINE | re.DOTALL
)

TOPICS = {"critical": "arn:critical", "warning": "arn:warning"}


def alarms() -> dict[str, Any]:
    """As DescribeAlarms answers."""
    return {
        "MetricAlarms": [
            {"AlarmName": f"certrotation-{text.name}", "AlarmActions": [TOPICS[text.severity]]}
            for text in ALARM_TEXTS.values()
        ]
    }


def muted() -> list[str]:
    """What the query in the command finds."""
    (query,) = re.findall(r'--query "(.*?)" \|', COMMAND)
    found: list[str] = jmespath.search(
        query.replace("$(out WarningTopic)", TOPICS["warning"]), alarms()
    )
    return found


def test_it_mutes_every_warning_and_nothing_that_pages() -> None:
    assert muted() == [
        f"certrotation-{text.name}" for text in ALARM_TEXTS.values() if text.severity == "warning"
    ]


def test_cloudwatch_takes_the_rule() -> None:
    ((expression, duration),) = re.findall(
        r"\{Expression=at\(\$\((.*?)\)\),Duration=(\w+)\}", COMMAND
    )
    assert expression == "date -u +%Y-%m-%dT%H:%M"
    parameters = {
        "Name": "certrotation-maintenance",
        "Rule": {"Schedule": {"Expression": "at(2027-03-01T09:17)", "Duration": duration}},
        "MuteTargets": {"AlarmNames": muted()},
    }

    model = botocore.session.get_session().get_service_model("cloudwatch")
    shape = model.operation_model("PutAlarmMuteRule").input_shape
    assert shape is not None
    validate_parameters(parameters, shape)
    assert len(muted()) <= 100
