"""The alarms, in the states that they are in, and the metrics behind them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from tests.oncall.drill import mail
from tests.oncall.metric_store import Metric, minute_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.oncall.alarm_board import Alarm
    from tests.oncall.drill.answers import Answer, Params
    from tests.oncall.drill.stage import Stage


def _alarms(stage: Stage, params: Params) -> dict[str, Any]:
    board = stage.world.metering.board
    found = [_alarm(stage, name, each) for name, each in board.alarms.items()]
    names, prefix = params.get("AlarmNames"), params.get("AlarmNamePrefix", "")
    state = params.get("StateValue")
    shown = [
        each
        for each in found
        if (names is None or each["AlarmName"] in names)
        and each["AlarmName"].startswith(prefix)
        and state in {None, each["StateValue"]}
    ]
    return {"MetricAlarms": shown, "CompositeAlarms": []}


def _alarm(stage: Stage, name: str, alarm: Alarm) -> dict[str, Any]:
    board, logical_id = stage.world.metering.board, stage.names.alarm(name)
    changed = [each.at for each in board.changes if each.alarm == name]
    since = changed[-1] if changed else stage.began
    properties = stage.names.resolve(stage.names.resources[logical_id]["Properties"])
    shown = ("MetricName", "Namespace", "Statistic", "Dimensions", "Period", "TreatMissingData")
    return {
        "AlarmName": stage.names.of(logical_id),
        "AlarmArn": stage.names.arn(logical_id),
        "AlarmDescription": alarm.description,
        "ActionsEnabled": True,
        "AlarmActions": [stage.names.arn(each) for each in alarm.topics],
        "StateValue": str(board.states[name]),
        "StateReason": mail.reason(stage, name, since),
        "StateUpdatedTimestamp": since,
        "StateTransitionedTimestamp": since,
        "EvaluationPeriods": alarm.rule.periods,
        "DatapointsToAlarm": alarm.rule.datapoints,
        "Threshold": float(alarm.threshold),
        "ComparisonOperator": alarm.comparison,
        **{key: properties[key] for key in shown if key in properties},
    }


def _history(stage: Stage, params: Params) -> dict[str, Any]:
    named = params.get("AlarmName")
    items = [
        {
            "AlarmName": name,
            "AlarmType": "MetricAlarm",
            "Timestamp": each.at,
            "HistoryItemType": "StateUpdate",
            "HistorySummary": f"Alarm updated from {each.was} to {each.now}",
        }
        for each in reversed(stage.world.metering.board.changes)
        if named in {None, name := stage.names.of(stage.names.alarm(each.alarm))}
    ]
    return {"AlarmHistoryItems": items[: params.get("MaxRecords", 100)]}


def _statistics(stage: Stage, params: Params) -> dict[str, Any]:
    logical = {stage.names.of(key): key for key in stage.names.resources}
    dimensions = {
        each["Name"]: logical.get(each["Value"], each["Value"])
        for each in params.get("Dimensions", ())
    }
    metric = Metric.of(params["Namespace"], params["MetricName"], dimensions)
    store, minutes = stage.world.metering.store, max(1, params["Period"] // 60)
    begin, end = minute_of(_time(params["StartTime"])), minute_of(_time(params["EndTime"]))
    points = []
    for each in range(begin, end, minutes):
        values = {
            name: store.statistic(metric, name, each, each + minutes)
            for name in params.get("Statistics", ("Sum",))
        }
        if any(value is not None for value in values.values()):
            at = stage.began.fromtimestamp(60 * each, stage.began.tzinfo)
            points.append({"Timestamp": at, "Unit": "Count", **values})
    return {"Label": params["MetricName"], "Datapoints": points}


def _time(given: Any) -> datetime:
    when = given if isinstance(given, datetime) else datetime.fromisoformat(str(given))
    return when + timedelta()


ANSWERS: Mapping[str, Answer] = {
    "DescribeAlarmHistory": _history,
    "DescribeAlarms": _alarms,
    "GetMetricStatistics": _statistics,
}
