"""The alarms of issuances, under each reading of AWS's documents, with hourly looks."""

from __future__ import annotations

from datetime import timedelta
from random import Random
from typing import TYPE_CHECKING

import pytest

from certrotation.names import metrics
from infra.observability.alarm_texts import ISSUANCE_ALARM_TEXTS
from tests.infra.synthesis import synthesize
from tests.oncall.alarm_state import State
from tests.oncall.conftest import STACK
from tests.oncall.metric_store import Metric
from tests.oncall.test_every_reading import (
    EXTREMES,
    HOUR,
    NEVER,
    QUIET,
    RAN,
    READINGS,
    Reading,
    Stage,
    Trouble,
    in_a_row,
)
from tests.oncall.watch import MINUTE, Watch

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.infra.synthesis import Template

pytestmark = pytest.mark.infra

DAY = timedelta(days=1)
LOOK = 60
"""Minutes between two looks, however often scans run."""

TROUBLES: Mapping[str, Trouble] = {
    "IssuanceFailing": in_a_row(metrics.ISSUANCES_FAILING),
    "IssuanceStalled": in_a_row(metrics.ISSUANCES_STALLED),
    "IssuanceMissing": Trouble(
        scans=False,
        not_before=lambda interval: 2 * interval,
        raised_within=lambda interval: 2 * interval + 11 * MINUTE,
        cleared_within=lambda _: 2 * MINUTE,
    ),
}


@pytest.fixture(scope="session")
def issuing(tmp_path_factory: pytest.TempPathFactory) -> Template:
    """A stack with an issuer, whose scans come every five minutes."""
    issuer = {"kind": "acme", "directory": "https://ca.example/dir", "allow": {"*": ["a.example"]}}
    settings = {
        "stack_name": STACK,
        "target_regions": ["eu-west-1", "us-east-1"],
        "scan_interval_minutes": 5,
        "issuers": {"ca": issuer},
    }
    return synthesize(tmp_path_factory, settings)


@pytest.mark.parametrize("reading", READINGS, ids=str)
@pytest.mark.parametrize("alarm", TROUBLES)
def test_it_goes_off_once_and_in_time_stays_on_and_clears(
    issuing: Template, alarm: str, reading: Reading
) -> None:
    trouble, late = TROUBLES[alarm], reading.late * MINUTE
    stage = Stage(issuing, LOOK, reading, alarm)

    begin = stage.goes_on(3 * HOUR)
    latest = trouble.raised_within(HOUR) + late
    end = stage.goes_on(latest + 2 * HOUR, trouble)
    stage.goes_on(trouble.cleared_within(HOUR) + late + 2 * HOUR)

    changes = [
        each for each in stage.watch.board.changes if each.was is not State.INSUFFICIENT_DATA
    ]
    assert [each.now for each in changes] == [State.ALARM, State.OK], "once, and then no more"
    raised, cleared = changes
    assert trouble.not_before(HOUR) <= raised.at - begin <= latest
    assert NEVER < cleared.at - end <= trouble.cleared_within(HOUR) + late


@pytest.mark.parametrize("reading", EXTREMES, ids=str)
@pytest.mark.parametrize("alarm", TROUBLES)
def test_a_first_deployment_raises_nothing_whether_looks_begin_or_not(
    issuing: Template, alarm: str, reading: Reading
) -> None:
    stage = Stage(issuing, LOOK, reading, alarm)

    stage.watch.waits(6 * HOUR)
    before = stage.watch.board.raised()
    stage._next_run = stage.watch.now
    stage.goes_on(5 * HOUR)

    assert before == stage.watch.board.raised() == []


class Looks:
    """Hourly looks, as they come: a little late, reported after minutes, and some not at all."""

    def __init__(self, template: Template, further: int, seed: int) -> None:
        self._watch = Watch(template, HOUR, further_periods=further)
        board = self._watch.board
        board.alarms = {name: board.alarms[name] for name in TROUBLES}
        self._chance = Random(seed)  # noqa: S311  no secret
        self._was_bad = False

    def go_on(self, span: timedelta) -> list[str]:
        """Let that much time pass, and return the alarms that went off."""
        watch, chance = self._watch, self._chance
        for _ in range(span // HOUR):
            begin = timedelta(seconds=chance.randrange(120))
            watch.waits(begin)
            self._look()
            watch.waits(HOUR - begin)
        return watch.raised()

    def _look(self) -> None:
        """Let one look be missed, or find a failure that the next one does not."""
        chance, watch = self._chance, self._watch
        kind = (
            "well"
            if self._was_bad
            else chance.choices(["well", "missed", "failing"], [90, 5, 5])[0]
        )
        self._was_bad = kind != "well"
        if kind == "missed":
            return
        watch.late = chance.randrange(1, 11) * MINUTE
        found = {metrics.ISSUANCES_FAILING: 1} if kind == "failing" else {}
        for name, value in {**QUIET, **RAN, **found}.items():
            watch.emits(Metric.of("CertRotation", name, {"service": STACK}), value)


@pytest.mark.parametrize("further", [0, 1, 2, 5])
def test_a_healthy_month_of_hourly_looks_raises_nothing(issuing: Template, further: int) -> None:
    assert Looks(issuing, further, seed=further).go_on(30 * DAY) == []


@pytest.mark.slow
@pytest.mark.parametrize("further", [0, 5])
def test_a_healthy_year_of_hourly_looks_raises_nothing(issuing: Template, further: int) -> None:
    """One missed look, and one look that finds a failure, wake nobody, however late they report."""
    assert Looks(issuing, further, seed=100 + further).go_on(365 * DAY) == []


def test_two_looks_in_a_row_that_do_not_run_are_no_alarm_and_three_are(issuing: Template) -> None:
    reading = Reading(2, 4)
    stage = Stage(issuing, LOOK, reading, "IssuanceMissing")
    stage.goes_on(3 * HOUR)
    stage.goes_on(2 * HOUR, TROUBLES["IssuanceMissing"])
    stage.goes_on(3 * HOUR)
    assert stage.watch.board.raised() == []
    stage.goes_on(3 * HOUR, TROUBLES["IssuanceMissing"])
    assert stage.watch.board.raised() == ["IssuanceMissing"]


def test_the_table_has_every_alarm_of_issuances() -> None:
    assert TROUBLES.keys() == ISSUANCE_ALARM_TEXTS.keys()
