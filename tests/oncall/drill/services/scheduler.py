"""The schedule of scans."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.oncall.drill.answers import RefusalError
from tests.oncall.drill.checkout import deployed_at

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.oncall.drill.answers import Answer, Params
    from tests.oncall.drill.stage import Stage

_TYPE = "AWS::Scheduler::Schedule"


def _state(stage: Stage) -> str:
    return "ENABLED" if stage.world.functions.switches.schedule_on else "DISABLED"


def _list(stage: Stage, params: Params) -> dict[str, Any]:
    logical_id = stage.names.one(_TYPE)
    name, target = stage.names.of(logical_id), _properties(stage)["Target"]
    if not name.startswith(params.get("NamePrefix", "")):
        return {"Schedules": []}
    if params.get("State", _state(stage)) != _state(stage):
        return {"Schedules": []}
    schedule = {
        "Arn": stage.names.arn(logical_id),
        "Name": name,
        "GroupName": "default",
        "State": _state(stage),
        "Target": {"Arn": target["Arn"]},
    }
    return {"Schedules": [schedule]}


def _get(stage: Stage, params: Params) -> dict[str, Any]:
    _check(stage, params)
    return {
        **_properties(stage),
        "Arn": stage.names.arn(stage.names.one(_TYPE)),
        "Name": stage.names.of(stage.names.one(_TYPE)),
        "GroupName": "default",
        "State": _state(stage),
        "CreationDate": deployed_at(stage),
        "LastModificationDate": stage.scene.injected.begin,
    }


def _update(stage: Stage, params: Params) -> dict[str, Any]:
    _check(stage, params)
    stage.world.functions.switches.schedule_on = params.get("State", "ENABLED") == "ENABLED"
    stage.did("UpdateSchedule", {"name": params["Name"], "state": params.get("State")})
    return {"ScheduleArn": stage.names.arn(stage.names.one(_TYPE))}


def _check(stage: Stage, params: Params) -> None:
    name = params["Name"]
    if name != stage.names.of(stage.names.one(_TYPE)):
        raise RefusalError("ResourceNotFoundException", f"Schedule {name} does not exist.", 404)


def _properties(stage: Stage) -> dict[str, Any]:
    found = stage.names.resources[stage.names.one(_TYPE)]["Properties"]
    resolved: dict[str, Any] = stage.names.resolve(found)
    return resolved


ANSWERS: Mapping[str, Answer] = {
    "GetSchedule": _get,
    "ListSchedules": _list,
    "UpdateSchedule": _update,
}
