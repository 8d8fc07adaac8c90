"""The alarms in the template: which there are, whom they tell, and what they say."""

import re
from typing import Any

import pytest

from infra.observability.alarm_texts import ALARM_TEXTS
from tests.infra.conftest import SETTINGS
from tests.infra.synthesis import Template

pytestmark = pytest.mark.infra

# design.md's table, and RegionDark, the second half of "warning after 2 intervals, critical after
# 24 h".
CRITICAL = {
    "CertificateCritical",
    "CertificateTurnedCritical",
    "DependentsStranded",
    "RegionDark",
    "RotationDeadLetters",
    "RotationStalled",
    "ScanMissing",
}
WARNING = {
    "AwaitingMaterial",
    "DeadLettersUnread",
    "FunctionErrors",
    "FunctionThrottled",
    "LiveCertificateLeft",
    "MaterialRefused",
    "QueueStuck",
    "RegionUnreachable",
    "ScheduleFailing",
    "UnmanagedExpiring",
}


def alarms(template: Template) -> dict[str, dict[str, Any]]:
    """Properties by the construct's id, which the CDK puts between its parent's and a hash."""
    found = {}
    for logical_id, properties in template.of_type("AWS::CloudWatch::Alarm").items():
        name = re.fullmatch("Alarms([A-Za-z]+)[0-9A-F]{8}", logical_id)
        assert name, logical_id
        found[name[1]] = properties
    return found


def test_each_alarm_tells_the_topic_of_its_severity_and_only_when_it_goes_off(
    template: Template,
) -> None:
    topics = {
        logical_id: properties["DisplayName"].removeprefix("tls-rotation ")
        for logical_id, properties in template.of_type("AWS::SNS::Topic").items()
    }
    told = {
        name: [topics[each["Ref"]] for each in properties["AlarmActions"]]
        for name, properties in alarms(template).items()
    }

    assert {name for name, heard in told.items() if heard == ["critical"]} == CRITICAL
    assert {name for name, heard in told.items() if heard == ["warning"]} == WARNING
    for properties in alarms(template).values():
        assert properties.keys().isdisjoint({"OKActions", "InsufficientDataActions"})
        assert properties.get("ActionsEnabled", True)


def test_no_alarm_has_a_name_of_its_own_or_the_topics_would_not_take_its_messages(
    template: Template,
) -> None:
    assert not [name for name, each in alarms(template).items() if "AlarmName" in each]


def test_each_alarm_says_what_its_text_says(template: Template) -> None:
    assert {name: each["AlarmDescription"] for name, each in alarms(template).items()} == {
        name: text.description_with(runbook_url=SETTINGS["runbook_url"])
        for name, text in ALARM_TEXTS.items()
    }


def test_the_severity_in_the_texts_is_that_of_the_topics() -> None:
    assert {text.name for text in ALARM_TEXTS.values() if text.severity == "critical"} == CRITICAL


def test_all_metrics_of_an_alarm_have_one_period_and_ten_at_most(template: Template) -> None:
    """CloudWatch User Guide, Alarms on math expressions."""
    for properties in alarms(template).values():
        stats = [
            each["MetricStat"] for each in properties.get("Metrics", ()) if "MetricStat" in each
        ]
        assert len(stats) <= 10
        assert len({each["Period"] for each in stats}) <= 1


@pytest.mark.parametrize(
    ("name", "seconds", "periods", "datapoints"),
    [
        # Scans come every ninety minutes; the window that holds one is twelve minutes longer.
        ("ScanMissing", 70 * 60, 5, 1),
        ("RegionUnreachable", 102 * 60, 2, 2),
        ("LiveCertificateLeft", 102 * 60, 2, 2),
        ("RotationStalled", 120 * 60, 4, 4),
        ("RegionDark", 103 * 60, 15, 15),
        ("MaterialRefused", 96 * 60, 2, 1),
        ("RotationDeadLetters", 5 * 60, 40, 1),
        ("DeadLettersUnread", 5 * 60, 5, 1),
        ("CertificateCritical", 2 * 60, 7, 1),
    ],
)
def test_how_long_an_alarm_looks_follows_from_the_interval(
    template: Template, name: str, seconds: int, periods: int, datapoints: int
) -> None:
    properties = alarms(template)[name]
    stats = [each["MetricStat"] for each in properties.get("Metrics", ()) if "MetricStat" in each]

    assert {each["Period"] for each in (stats or [properties])} == {seconds}
    assert properties["EvaluationPeriods"] == periods
    assert properties["DatapointsToAlarm"] == datapoints


def test_what_the_texts_say_of_how_long_something_lasts_is_how_long_the_alarm_looks(
    template: Template,
) -> None:
    looks = {
        name: (each["Period"] * (each["EvaluationPeriods"] - 1) // 3600, each["EvaluationPeriods"])
        for name, each in alarms(template).items()
        if ALARM_TEXTS[name].lasting
    }

    assert {name: f"{hours} hours" for name, (hours, _) in looks.items() if hours > 1} == {
        text.name: text.lasting for text in ALARM_TEXTS.values() if "hours" in (text.lasting or "")
    }
    assert looks["RegionUnreachable"][1] == 2
    assert ALARM_TEXTS["RegionUnreachable"].lasting == "2 scan intervals"
