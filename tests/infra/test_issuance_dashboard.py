"""With issuers, the dashboard has a row for them, and their queries are saved; else neither."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

import pytest

from infra.observability.alarm_texts import ALARM_TEXTS, ISSUANCE_ALARM_TEXTS
from infra.observability.queries import ISSUANCES
from tests.infra.dashboard_body import widgets_of
from tests.infra.synthesis import synthesize
from tests.infra.test_issue_function import SETTINGS

if TYPE_CHECKING:
    from tests.infra.synthesis import Template

pytestmark = pytest.mark.infra

HOUR = 60 * 60


@pytest.fixture(scope="session")
def issuing(tmp_path_factory: pytest.TempPathFactory) -> Template:
    return synthesize(tmp_path_factory, SETTINGS)


def saved(template: Template) -> set[str]:
    names = (each["Name"] for each in template.of_type("AWS::Logs::QueryDefinition").values())
    return {name.split("/")[1].split(" - ")[0] for name in names}


def test_the_row_shows_every_metric_of_the_look_and_the_functions_runs(issuing: Template) -> None:
    renewals, function, table = widgets_of(issuing)[-3:]

    shown = {line.metric for each in (renewals, function) for line in each.lines if line.metric}
    assert shown == {
        "RenewalsWanted",
        "IssuancesFailing",
        "IssuancesStalled",
        "IssuanceChecked",
        "Invocations",
        "Errors",
        "Throttles",
        "Duration",
    }
    (name,) = {
        value
        for line in function.lines
        if line.namespace == "AWS/Lambda"
        for value in line.dimensions.values()
    }
    assert issuing.of_type("AWS::Lambda::Function")[name]["Handler"].endswith("issue.handler")
    assert table.query == (issuing.output("IssueLogs")["Ref"], ISSUANCES)


def test_its_periods_contain_a_look(issuing: Template) -> None:
    renewals, function, _ = widgets_of(issuing)[-3:]
    periods = {line.period for each in (renewals, function) for line in each.lines}
    assert min(periods) >= HOUR


def test_the_row_lies_below_the_others_and_leaves_no_hole(issuing: Template) -> None:
    widgets = widgets_of(issuing)
    covered = {cell for each in widgets for cell in each.cells}
    assert not [(a.title, b.title) for a, b in combinations(widgets, 2) if a.cells & b.cells]
    assert len(covered) == 24 * (1 + max(row for _, row in covered))


def test_the_alarms_of_issuances_are_among_the_states(issuing: Template) -> None:
    shown = [alarm for each in widgets_of(issuing) for alarm in each.alarms]
    assert sorted(shown) == sorted(issuing.of_type("AWS::CloudWatch::Alarm"))
    assert len(shown) == len(ALARM_TEXTS) + len(ISSUANCE_ALARM_TEXTS)


def test_every_line_has_a_label_and_a_colour_of_its_own(issuing: Template) -> None:
    for widget in widgets_of(issuing):
        lines = [line for line in widget.lines if line.is_shown]
        assert len({line.label for line in lines}) == len(lines), widget.title
        assert len({line.color for line in lines} - {""}) == len(lines), widget.title


def test_the_queries_of_the_headings_are_saved_for_the_log_of_issuances(issuing: Template) -> None:
    assert saved(issuing) == {*ALARM_TEXTS, *ISSUANCE_ALARM_TEXTS}
    group = issuing.output("IssueLogs")
    found = [
        each
        for each in issuing.of_type("AWS::Logs::QueryDefinition").values()
        if each["Name"].split("/")[1].startswith("Issuance")
    ]
    assert [each["LogGroupNames"] for each in found] == [[group]] * 3


def test_without_issuers_there_is_neither(template: Template) -> None:
    assert saved(template) == set(ALARM_TEXTS)
    titles = {each.title for each in widgets_of(template)}
    assert not titles & {"Renewals by issuers", "The issue function", "Issued last"}
