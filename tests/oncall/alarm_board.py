"""The alarms of a synthesized template, evaluated over stored metrics as time goes on."""

from __future__ import annotations

import json
import operator
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.oncall.alarm_state import Missing, Rule, State
from tests.oncall.metric_math import Math, Series
from tests.oncall.metric_store import Metric, MetricStore, minute_of, moment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from datetime import datetime

DAY = 24 * 60
"""In minutes."""

_COMPARISONS: Mapping[str, Callable[[float, float], bool]] = {
    "GreaterThanThreshold": operator.gt,
    "GreaterThanOrEqualToThreshold": operator.ge,
    "LessThanThreshold": operator.lt,
    "LessThanOrEqualToThreshold": operator.le,
}
_SINGLE = "single"


@dataclass(frozen=True, slots=True)
class Statistic:
    """A metric and how a period of it is summed up."""

    metric: Metric
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """One alarm as the template defines it."""

    name: str
    period: int
    """In minutes."""
    statistics: Mapping[str, Statistic]
    expression: str
    comparison: str
    threshold: float
    rule: Rule
    topics: tuple[str, ...]
    """Logical ids of the topics that hear of ALARM."""
    description: str

    @property
    def evaluated_every(self) -> int:
        """Minutes between two evaluations.

        CloudWatch User Guide, Alarm evaluation: hourly if the periods are longer than a day.
        """
        return 60 if self.period * self.rule.periods > DAY else 1

    def breaches(self, value: float | None) -> bool | None:
        """Say whether a value breaches the threshold; None if there is no value."""
        return None if value is None else _COMPARISONS[self.comparison](value, self.threshold)


@dataclass(frozen=True, slots=True)
class Change:
    """An alarm went from one state to another."""

    at: datetime
    alarm: str
    was: State
    now: State
    told: tuple[str, ...]
    """The topics that hear of it."""


def alarms_of(template: str) -> dict[str, Alarm]:
    """Return the alarms of a template by name, but for those made of other alarms.

    Names of functions and queues are their logical ids here.

    Raises:
        ValueError: the template has a kind of metric that is not modelled.
    """
    found = [
        _alarm(name_of(logical_id), resource["Properties"])
        for logical_id, resource in json.loads(template)["Resources"].items()
        if resource["Type"] == "AWS::CloudWatch::Alarm"
    ]
    return {each.name: each for each in found}


def name_of(logical_id: str) -> str:
    """Return an alarm's construct id: the CDK puts its parent's before it and a hash behind it."""
    found = re.fullmatch(r"Alarms([A-Za-z]+)[0-9A-F]{8}", logical_id)
    if found is None:
        raise ValueError(f"{logical_id} is not one of the construct's alarms")
    return found[1]


def _alarm(name: str, properties: Mapping[str, Any]) -> Alarm:
    queries = properties.get("Metrics") or [_single(properties)]
    stats = {each["Id"]: each["MetricStat"] for each in queries if "MetricStat" in each}
    (period,) = {each["Period"] for each in stats.values()}
    (result,) = [each for each in queries if each.get("ReturnData", True)]
    return Alarm(
        name=name,
        period=period // 60,
        statistics={
            key: Statistic(_metric(each["Metric"]), each["Stat"]) for key, each in stats.items()
        },
        expression=result.get("Expression", result["Id"]),
        comparison=properties["ComparisonOperator"],
        threshold=properties["Threshold"],
        rule=Rule(
            periods=properties["EvaluationPeriods"],
            datapoints=properties.get("DatapointsToAlarm", properties["EvaluationPeriods"]),
            missing=Missing(properties.get("TreatMissingData", "missing")),
        ),
        topics=tuple(each["Ref"] for each in properties["AlarmActions"]),
        description=properties["AlarmDescription"],
    )


def _single(properties: Mapping[str, Any]) -> dict[str, Any]:
    """Return an alarm on one metric in the form of one on several."""
    stat = {
        "Metric": properties,
        "Stat": properties["Statistic"],
        "Period": properties["Period"],
    }
    return {"Id": _SINGLE, "MetricStat": stat}


def _metric(described: Mapping[str, Any]) -> Metric:
    dimensions = {
        each["Name"]: _resolved(each["Value"]) for each in described.get("Dimensions", ())
    }
    return Metric.of(described["Namespace"], described["MetricName"], dimensions)


def _resolved(value: Any) -> str:
    match value:
        case str():
            return value
        case {"Ref": logical_id} | {"Fn::GetAtt": [logical_id, _]}:
            return str(logical_id)
        case _:
            raise ValueError(f"{value} is not modelled")


class AlarmBoard:
    """Alarms that were created at some moment, and what became of them since."""

    def __init__(
        self,
        alarms: Mapping[str, Alarm],
        store: MetricStore,
        created: datetime,
        *,
        further_periods: int = 2,
        fills_empty: bool = True,
    ) -> None:
        """Create the alarms, without data.

        Args:
            alarms: what to evaluate.
            store: what is measured; values may be put as time goes on, late ones too.
            created: when the alarms come to be.
            further_periods: how many more periods are retrieved than evaluated. AWS's tables show
                two; no document gives the number for other periods.
            fills_empty: see `Math`.
        """
        self.alarms = alarms
        self.states = dict.fromkeys(alarms, State.INSUFFICIENT_DATA)
        self.changes: list[Change] = []
        self._store = store
        self._created = self._now = minute_of(created)
        self._further = further_periods
        self._math = {
            name: Math(expression=each.expression, fills_empty=fills_empty)
            for name, each in alarms.items()
        }
        self._quiet: dict[str, tuple[int, int]] = {}
        """Up to which minute nothing new can be seen, given so many values."""

    def advance(self, until: datetime) -> list[Change]:
        """Evaluate every minute up to `until`, and return what changed, in order."""
        end = minute_of(until)
        made = [
            change
            for name, alarm in self.alarms.items()
            for change in self._changes_of(name, alarm, end)
        ]
        made.sort(key=lambda each: each.at)
        self.changes += made
        self._now = max(self._now, end)
        return made

    def on(self) -> set[str]:
        """Return the alarms that are in ALARM."""
        return {name for name, state in self.states.items() if state is State.ALARM}

    def raised(self) -> list[str]:
        """Return the alarms that went off so far, in order, once for each time."""
        return [each.alarm for each in self.changes if each.now is State.ALARM]

    def _changes_of(self, name: str, alarm: Alarm, end: int) -> Iterator[Change]:
        """Evaluate one alarm up to a minute, and pass over the minutes that bring nothing new."""
        size = self._store.size(each.metric for each in alarm.statistics.values())
        quiet_until, known = self._quiet.get(name, (0, size))
        minute = self._due(alarm, max(self._now + 1, quiet_until if size == known else 0))
        while minute <= end:
            bounds = self._bounds(alarm, minute)
            values = self._math[name].evaluate(self._series(alarm, bounds), bounds)
            was, points = self.states[name], [alarm.breaches(each) for each in values]
            self.states[name] = now = alarm.rule.state(points, was)
            if now is not was:
                told = alarm.topics if now is State.ALARM else ()
                yield Change(moment(minute), name, was, now, told)
            quiet_until = self._next_change(alarm, minute)
            minute = self._due(alarm, max(minute + 1, quiet_until))
        self._quiet[name] = (quiet_until, size)

    def _due(self, alarm: Alarm, minute: int) -> int:
        """Return the first minute from `minute` on in which the alarm is evaluated."""
        return minute + (self._created - minute) % alarm.evaluated_every

    def _series(self, alarm: Alarm, bounds: range) -> dict[str, Series]:
        """Return the newest periods of each metric, in a window that ends now.

        CloudWatch User Guide, Alarm evaluation window: it slides with each evaluation.
        """
        return {
            key: [
                self._store.statistic(each.metric, each.name, begin, begin + alarm.period)
                for begin in bounds
            ]
            for key, each in alarm.statistics.items()
        }

    def _bounds(self, alarm: Alarm, minute: int) -> range:
        number = alarm.rule.periods + self._further
        return range(minute - number * alarm.period, minute, alarm.period)

    def _next_change(self, alarm: Alarm, minute: int) -> int:
        """Return when the next known value passes from one period into another.

        Between, and without new values, every evaluation sees the same: a year has half a million
        minutes. An alarm that keeps its state by itself (`ignore`) does so as well.
        """
        crossings = [
            minute + found - begin + 1
            for begin in (*self._bounds(alarm, minute), minute)
            for each in alarm.statistics.values()
            if (found := self._store.first_from(each.metric, begin)) is not None
        ]
        return min(crossings, default=minute + DAY)
