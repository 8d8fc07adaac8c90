"""The alarms of a synthesized template that are made of other alarms."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.oncall.alarm_board import name_of
from tests.oncall.alarm_state import State

if TYPE_CHECKING:
    from collections.abc import Mapping

_OF_ONE = r'ALARM\("(\w+)"\)'
_RULE = re.compile(rf"\({_OF_ONE}(?: OR {_OF_ONE})*\)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Composite:
    """An alarm that is on while one of others is."""

    any_of: frozenset[str]
    properties: Mapping[str, Any]
    """As the template has them."""

    def state(self, states: Mapping[str, State]) -> State:
        """Return its state, given those of the others.

        CloudWatch API Reference, PutCompositeAlarm, AlarmRule: ALARM(name) is true if that alarm is
        in ALARM, so one without data does not count. After it has been evaluated once, a composite
        alarm is never without data itself.
        """
        is_on = any(states[each] is State.ALARM for each in self.any_of)
        return State.ALARM if is_on else State.OK


def composites_of(template: str) -> dict[str, Composite]:
    """Return the composite alarms of a template by the construct's id.

    Raises:
        ValueError: a rule is of a kind that is not modelled.
    """
    return {
        name_of(logical_id): _composite(resource["Properties"])
        for logical_id, resource in json.loads(template)["Resources"].items()
        if resource["Type"] == "AWS::CloudWatch::CompositeAlarm"
    }


def _composite(properties: Mapping[str, Any]) -> Composite:
    rule = "".join(_text(each) for each in properties["AlarmRule"]["Fn::Join"][1])
    if not _RULE.fullmatch(rule):
        raise ValueError(f"the rule {rule} is not modelled")
    return Composite(any_of=frozenset(re.findall(_OF_ONE, rule)), properties=properties)


def _text(part: Any) -> str:
    match part:
        case {"Fn::GetAtt": [logical_id, "Arn"]}:
            return name_of(logical_id)
        case _:
            return str(part)
