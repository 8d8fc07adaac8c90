"""The alarm that says in one word whether an alarm that pages is on."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from infra.observability.alarm_texts import ALARM_TEXTS, ON_FIRE, AlarmText
from tests.oncall.alarm_state import State
from tests.oncall.composite import Composite, composites_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.infra.synthesis import Template
    from tests.oncall.watch import Watch

pytestmark = pytest.mark.infra

QUIET = dict.fromkeys(ALARM_TEXTS, State.OK)


@pytest.fixture
def on_fire(stack_at: Callable[[int], Template]) -> Composite:
    (found,) = composites_of(stack_at(60).text).items()
    assert found[0] == ON_FIRE.name
    return found[1]


@pytest.mark.parametrize("text", ALARM_TEXTS.values(), ids=lambda text: text.name)
def test_it_is_on_while_one_that_pages_is_and_not_for_a_ticket(
    on_fire: Composite, text: AlarmText
) -> None:
    is_on = on_fire.state(QUIET | {text.name: State.ALARM}) is State.ALARM

    assert is_on == (text.severity == "critical")


def test_before_there_is_any_data_nothing_is_on_fire(on_fire: Composite) -> None:
    assert on_fire.state(dict.fromkeys(ALARM_TEXTS, State.INSUFFICIENT_DATA)) is State.OK


def test_it_is_over_when_what_paged_is_although_a_ticket_is_still_open(
    on_fire: Composite, hourly: Watch
) -> None:
    depth = ("RotationDeadLetters", "ApproximateNumberOfMessagesVisible")
    queue = hourly.queue(depth[0])
    seen = []

    for messages, span in ((0, 30), (1, 30), (1, 180)):
        hourly.holds(queue, depth[1], messages, timedelta(minutes=span))
        seen.append((on_fire.state(hourly.board.states), hourly.on))

    assert seen == [
        (State.OK, set()),
        (State.ALARM, {"RotationDeadLetters", "DeadLettersUnread"}),
        (State.OK, {"DeadLettersUnread"}),
    ]


def test_it_tells_nobody_and_has_a_name_that_others_can_rely_on(on_fire: Composite) -> None:
    assert on_fire.properties.keys().isdisjoint(
        {"AlarmActions", "OKActions", "InsufficientDataActions"}
    )
    assert on_fire.properties["AlarmName"] == "certrotation-test-OnFire"
    assert on_fire.properties["AlarmDescription"] == ON_FIRE.description


def test_a_rule_that_is_not_modelled_is_an_error() -> None:
    rule = {"Fn::Join": ["", ["NOT ALARM(", {"Fn::GetAtt": ["AlarmsQuiet0000000A", "Arn"]}, ")"]]}
    alarm = {"Type": "AWS::CloudWatch::CompositeAlarm", "Properties": {"AlarmRule": rule}}

    with pytest.raises(ValueError, match="is not modelled"):
        composites_of(json.dumps({"Resources": {"AlarmsBoth0000000A": alarm}}))
