"""AWS's own tables of how missing data is evaluated, row by row.

CloudWatch User Guide, Configuring how CloudWatch alarms treat missing data. The newest point is on
the right: 0 is within the threshold, X breaches it, - is missing. Five periods are retrieved, three
are evaluated.
"""

from __future__ import annotations

import pytest

from tests.oncall.alarm_state import Missing, Rule, State

RETAIN = "retain current state"
TREATMENTS = (Missing.MISSING, Missing.IGNORE, Missing.BREACHING, Missing.NOT_BREACHING)
OK, ALARM, INSUFFICIENT = State.OK, State.ALARM, State.INSUFFICIENT_DATA

THREE_OF_THREE = [
    ("0 - X - X", (OK, OK, OK, OK)),
    ("0 - - - -", (OK, OK, OK, OK)),
    ("- - - - -", (INSUFFICIENT, RETAIN, ALARM, OK)),
    ("0 X X - X", (ALARM, ALARM, ALARM, ALARM)),
    ("- - X - -", (ALARM, RETAIN, ALARM, OK)),
]
TWO_OF_THREE = [
    ("0 - X - X", (ALARM, ALARM, ALARM, ALARM)),
    ("0 0 X 0 X", (ALARM, ALARM, ALARM, ALARM)),
    ("0 - X - -", (OK, OK, ALARM, OK)),
    ("- - - - 0", (OK, OK, ALARM, OK)),
    ("- - - X -", (ALARM, RETAIN, ALARM, OK)),
]
ROWS = [
    pytest.param(needed, points, treatment, state, id=f"{needed} of 3: {points}, {treatment.value}")
    for needed, table in ((3, THREE_OF_THREE), (2, TWO_OF_THREE))
    for points, states in table
    for treatment, state in zip(TREATMENTS, states, strict=True)
]


def points_of(text: str) -> list[bool | None]:
    return [{"0": False, "X": True, "-": None}[each] for each in text.split()]


@pytest.mark.parametrize("current", list(State))
@pytest.mark.parametrize(("needed", "points", "treatment", "state"), ROWS)
def test_each_row_of_the_tables(
    needed: int, points: str, treatment: Missing, state: State | str, current: State
) -> None:
    rule = Rule(periods=3, datapoints=needed, missing=treatment)

    assert rule.state(points_of(points), current) == (current if state == RETAIN else state)


@pytest.mark.parametrize("points", ["- - - - X", "- - - X -"])
def test_a_lone_breach_does_not_yet_raise_an_alarm_that_needs_three(points: str) -> None:
    """The same, Avoiding premature transitions to alarm state."""
    rule = Rule(periods=3, datapoints=3, missing=Missing.MISSING)

    assert rule.state(points_of(points), OK) is OK


@pytest.mark.parametrize("points", ["- - - X 0", "- - X - 0"])
def test_nor_does_it_when_the_next_point_is_within_the_threshold(points: str) -> None:
    rule = Rule(periods=3, datapoints=3, missing=Missing.MISSING)

    assert rule.state(points_of(points), ALARM) is OK
