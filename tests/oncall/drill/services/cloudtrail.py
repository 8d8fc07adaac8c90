"""CloudTrail: who turned the switch, and what the person on call has changed since."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING, Any

from tests.oncall.drill.names import ACCOUNT, SOMEBODY
from tests.support.estate import HOME

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from tests.oncall.drill.answers import Answer, Params
    from tests.oncall.drill.stage import Stage

_TURNED: Mapping[str, str] = {
    "schedule off": "UpdateSchedule",
    "trigger off": "UpdateEventSourceMapping20150331",
    "trigger off, ticket unread": "UpdateEventSourceMapping20150331",
    "scan throttled": "PutFunctionConcurrency20171031",
    "rotate throttled": "PutFunctionConcurrency20171031",
    "report mode forgotten": "UpdateFunctionConfiguration20150331v2",
    "events not queued": "SetQueueAttributes",
    "every scan dies": "UpdateStack",
    "every rotation dies": "UpdateStack",
    "imports denied": "AttachPolicy",
    "a hold forgotten": "TagResource",
}
"""The call behind each fault that somebody made."""

_YOU = "oncall"


def _lookup(stage: Stage, params: Params) -> dict[str, Any]:
    injected = stage.scene.injected
    events = [_event(when, what, with_, _YOU) for when, what, with_ in stage.deeds]
    turned = _TURNED.get(injected.fault.name)
    if turned:
        events.append(_event(injected.begin, turned, _turned_with(stage), SOMEBODY))
    begin, end = params.get("StartTime"), params.get("EndTime")
    asked = {e["AttributeKey"]: e["AttributeValue"] for e in params.get("LookupAttributes", ())}
    found = [
        each
        for each in events
        if (begin is None or each["EventTime"] >= begin)
        and (end is None or each["EventTime"] <= end)
        and asked.get("EventName", each["EventName"]) == each["EventName"]
        and asked.get("Username", each["Username"]) == each["Username"]
    ]
    return {"Events": sorted(found, key=lambda each: each["EventTime"], reverse=True)}


def _turned_with(stage: Stage) -> dict[str, Any]:
    """Return what the call was made for."""
    names, fault = stage.names, stage.scene.injected.fault.name
    function = "ScanFunction" if fault.startswith("scan") else "RotateFunction"
    if fault.startswith("trigger"):
        mapping = names.of(names.one("AWS::Lambda::EventSourceMapping"))
        return {"uUID": mapping, "enabled": False}
    if fault.endswith("throttled"):
        return {"functionName": names.of(names.behind(function)), "reservedConcurrentExecutions": 0}
    if fault == "events not queued":
        return {"queueUrl": names.outputs["RotationQueue"]}
    return {}


def _event(when: datetime, what: str, params: dict[str, Any], who: str) -> dict[str, Any]:
    document = {
        "eventTime": f"{when:%Y-%m-%dT%H:%M:%SZ}",
        "eventName": what,
        "awsRegion": HOME,
        "userIdentity": {"arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/Operator/{who}"},
        "requestParameters": params,
    }
    return {
        "EventId": str(uuid.uuid5(uuid.NAMESPACE_OID, f"{when} {what}")),
        "EventName": what,
        "EventTime": when,
        "Username": who,
        "CloudTrailEvent": json.dumps(document, default=str),
    }


ANSWERS: Mapping[str, Answer] = {"LookupEvents": _lookup}
