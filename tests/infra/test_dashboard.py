"""The dashboard in the template: where each widget stands, and what it shows."""

from __future__ import annotations

import re
from itertools import combinations
from typing import TYPE_CHECKING

import pytest

from infra.observability.alarm_texts import ALARM_TEXTS
from tests.infra.dashboard_body import lines_of, properties_of, widgets_of

if TYPE_CHECKING:
    from tests.infra.synthesis import Template

pytestmark = pytest.mark.infra

FITS_ON_A_SCREEN = 27
HOUR = 60 * 60


def test_its_name_is_the_stacks_in_that_region(template: Template) -> None:
    """Dashboards belong to the account: a stack of this name in another Region has its own."""
    name = properties_of(template)["name"]

    assert name == "tls-rotation-eu-west-1"
    assert re.fullmatch("[A-Za-z0-9_-]{1,255}", name)


def test_no_widget_lies_upon_another_or_beyond_the_screen(template: Template) -> None:
    widgets = widgets_of(template)

    assert not [(a.title, b.title) for a, b in combinations(widgets, 2) if a.cells & b.cells]
    assert {column for each in widgets for column, _ in each.cells} == set(range(24))
    assert max(row for each in widgets for _, row in each.cells) < FITS_ON_A_SCREEN


def test_it_leaves_no_hole(template: Template) -> None:
    covered = {cell for each in widgets_of(template) for cell in each.cells}

    assert len(covered) == 24 * (1 + max(row for _, row in covered))


def test_the_first_row_says_what_is_on_whether_it_runs_and_for_how_long_yet(
    template: Template,
) -> None:
    first = [each for each in widgets_of(template) if each.y == 0]

    assert [each.kind for each in first] == ["alarm", "alarm", "metric", "metric", "metric"]
    assert [line.metric for each in first for line in each.lines if line.metric] == [
        "ScanCompleted",
        "DaysToExpiryMin",
        "CertificatesCritical",
    ]
    assert {each.properties["view"] for each in first if each.lines} == {"singleValue"}


def test_every_alarm_is_on_it_those_that_page_first_and_of_these_those_that_are_on(
    template: Template,
) -> None:
    critical, warning = (each for each in widgets_of(template) if each.alarms)

    shown = [*critical.alarms, *warning.alarms]
    assert sorted(shown) == sorted(template.of_type("AWS::CloudWatch::Alarm"))
    assert [re.sub(r"^Alarms|[0-9A-F]{8}$", "", each) for each in shown] == [*ALARM_TEXTS]
    assert (critical.x, critical.y) == (0, 0)
    assert {each.properties["sortBy"] for each in (critical, warning)} == {"stateUpdatedTimestamp"}


def test_every_line_has_a_label_and_a_colour_of_its_own(template: Template) -> None:
    for widget in widgets_of(template):
        shown = [line for line in widget.lines if line.is_shown]
        assert len({line.label for line in shown}) == len(shown), widget.title
        assert len({line.color for line in shown} - {""}) == len(shown), widget.title


def test_a_graphs_period_holds_a_scan_and_is_kept_for_longer_than_63_days(
    template: Template,
) -> None:
    """Scans come every ninety minutes: a beat of 92 is two hours."""
    graphs = [each for each in widgets_of(template) if each.properties.get("view") == "timeSeries"]

    assert len(graphs) == 10
    assert {line.period for each in graphs for line in each.lines} == {2 * HOUR}
    body = properties_of(template)["body"]
    assert body["periodOverride"] == "inherit"
    assert body["start"] == "-P7D"


def test_what_is_true_now_is_looked_at_by_five_minutes(template: Template) -> None:
    numbers = [
        each for each in widgets_of(template) if each.properties.get("view") == "singleValue"
    ]

    assert {line.period for each in numbers for line in each.lines} == {300}


def test_every_expression_names_metrics_of_its_own_widget(template: Template) -> None:
    for widget in widgets_of(template):
        ids = {line.id for line in widget.lines if line.id}
        used = {
            name
            for line in widget.lines
            if line.expression
            for name in re.findall(r"\b[a-z]\w*", line.expression)
        }
        assert used == ids, widget.title
    assert any(line.expression for line in lines_of(template))
