"""Lambda: the two functions, their concurrency, and the mapping between queue and rotate."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any

from certrotation.handlers import rotate, scan
from tests.oncall.drill import platform_lines
from tests.oncall.drill.answers import RefusalError
from tests.oncall.year.metering import ROTATE, SCAN

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.oncall.drill.answers import Answer, Params
    from tests.oncall.drill.stage import Stage

_OUTPUTS = {SCAN: "ScanFunction", ROTATE: "RotateFunction"}
_SWITCHES = {SCAN: "scan_allowed", ROTATE: "rotate_allowed"}
_A_SCAN_TAKES = 4
_MODE = "CERTROTATION_MODE"
_MAPPING = "AWS::Lambda::EventSourceMapping"


def _logical(stage: Stage, handler: str) -> str:
    return stage.names.behind(_OUTPUTS[handler])


def _handler(stage: Stage, params: Params) -> str:
    """Return which function is meant, by name or ARN."""
    named = params["FunctionName"].removesuffix(":$LATEST")
    for handler in _OUTPUTS:
        logical_id = _logical(stage, handler)
        if named in {stage.names.of(logical_id), stage.names.arn(logical_id)}:
            return handler
    raise RefusalError("ResourceNotFoundException", f"Function not found: {named}", 404)


def _properties(stage: Stage, handler: str) -> dict[str, Any]:
    found: dict[str, Any] = stage.names.resources[_logical(stage, handler)]["Properties"]
    return found


def _configuration(stage: Stage, params: Params) -> dict[str, Any]:
    return _configured(stage, _handler(stage, params))


def _configured(stage: Stage, handler: str) -> dict[str, Any]:
    logical_id, properties = _logical(stage, handler), _properties(stage, handler)
    resolved = stage.names.resolve(properties)
    variables = dict(resolved["Environment"]["Variables"])
    variables[_MODE] = stage.world.estate.environment.get(_MODE, "apply")
    return {
        "FunctionName": stage.names.of(logical_id),
        "FunctionArn": stage.names.arn(logical_id),
        "Runtime": properties["Runtime"],
        "Handler": properties["Handler"],
        "Description": properties["Description"],
        "Timeout": properties["Timeout"],
        "MemorySize": properties["MemorySize"],
        "Role": resolved["Role"],
        "Architectures": properties["Architectures"],
        "Environment": {"Variables": variables},
        "LoggingConfig": resolved["LoggingConfig"],
        "LastModified": stage.notes["deployed at"].isoformat(),
        "LastUpdateStatus": "Successful",
        "State": "Active",
        "Version": "$LATEST",
        "RevisionId": f"revision-of-{variables[_MODE]}",
    }


def _function(stage: Stage, params: Params) -> dict[str, Any]:
    handler = _handler(stage, params)
    return {"Configuration": _configured(stage, handler), **_reserved(stage, handler)}


def _functions(stage: Stage, params: Params) -> dict[str, Any]:
    del params
    return {"Functions": [_configured(stage, each) for each in _OUTPUTS]}


def _set_configuration(stage: Stage, params: Params) -> dict[str, Any]:
    handler = _handler(stage, params)
    mode = params.get("Environment", {}).get("Variables", {}).get(_MODE)
    if mode:
        stage.world.estate.environment[_MODE] = mode
    stage.did("UpdateFunctionConfiguration20150331v2", {"functionName": params["FunctionName"]})
    return _configured(stage, handler)


# Concurrency


def _reserved(stage: Stage, handler: str) -> dict[str, Any]:
    """Return what is reserved, under the key of GetFunction and of GetFunctionConcurrency."""
    return {"Concurrency": _concurrency_of(stage, handler)}


def _concurrency_of(stage: Stage, handler: str) -> dict[str, Any]:
    if not getattr(stage.world.functions.switches, _SWITCHES[handler]):
        return {"ReservedConcurrentExecutions": 0}
    usual = _properties(stage, handler)["ReservedConcurrentExecutions"]
    number = stage.notes.get(f"concurrency of {handler}", usual)
    return {} if number is None else {"ReservedConcurrentExecutions": number}


def _get_concurrency(stage: Stage, params: Params) -> dict[str, Any]:
    return _concurrency_of(stage, _handler(stage, params))


def _put_concurrency(stage: Stage, params: Params) -> dict[str, Any]:
    handler, number = _handler(stage, params), params["ReservedConcurrentExecutions"]
    _allow(stage, handler, number)
    stage.did("PutFunctionConcurrency20171031", params)
    return {"ReservedConcurrentExecutions": number}


def _delete_concurrency(stage: Stage, params: Params) -> dict[str, Any]:
    _allow(stage, _handler(stage, params), None)
    stage.did("DeleteFunctionConcurrency20171031", params)
    return {}


def _allow(stage: Stage, handler: str, number: int | None) -> None:
    stage.notes[f"concurrency of {handler}"] = number
    setattr(stage.world.functions.switches, _SWITCHES[handler], number != 0)
    stage.world.functions.plan_poll()


def _account(stage: Stage, params: Params) -> dict[str, Any]:
    del stage, params
    return {
        "AccountLimit": {
            "TotalCodeSize": 80530636800,
            "CodeSizeUnzipped": 262144000,
            "CodeSizeZipped": 52428800,
            "ConcurrentExecutions": 1000,
            "UnreservedConcurrentExecutions": 994,
        },
        "AccountUsage": {"TotalCodeSize": 41862144, "FunctionCount": 7},
    }


# The mapping


def _mapping(stage: Stage) -> dict[str, Any]:
    switches, names = stage.world.functions.switches, stage.names
    result = "OK"
    if not switches.rotate_allowed:
        result = "PROBLEM: Function call failed: throttled"
    elif switches.rotate_dies:
        result = "PROBLEM: Function call failed"
    return {
        "UUID": names.of(names.one(_MAPPING)),
        "BatchSize": 1,
        "EventSourceArn": names.arn(names.behind("RotationQueue")),
        "FunctionArn": names.arn(_logical(stage, ROTATE)),
        "LastModified": stage.scene.injected.begin,
        "LastProcessingResult": result,
        "State": "Enabled" if switches.trigger_on else "Disabled",
        "StateTransitionReason": "USER_INITIATED",
        "ScalingConfig": {"MaximumConcurrency": 4},
    }


def _mappings(stage: Stage, params: Params) -> dict[str, Any]:
    if "FunctionName" in params and _handler(stage, params) != ROTATE:
        return {"EventSourceMappings": []}
    return {"EventSourceMappings": [_mapping(stage)]}


def _one_mapping(stage: Stage, params: Params) -> dict[str, Any]:
    mapping = _mapping(stage)
    if params["UUID"] != mapping["UUID"]:
        raise RefusalError("ResourceNotFoundException", "The resource does not exist.", 404)
    return mapping


def _set_mapping(stage: Stage, params: Params) -> dict[str, Any]:
    _one_mapping(stage, params)
    if "Enabled" in params:
        stage.world.functions.switches.trigger_on = params["Enabled"]
        stage.world.functions.plan_poll()
    stage.did("UpdateEventSourceMapping20150331", params)
    state = "Enabling" if params.get("Enabled") else "Disabling"
    return _mapping(stage) | ({"State": state} if "Enabled" in params else {})


# Running


def _invoke(stage: Stage, params: Params) -> dict[str, Any]:
    handler = _handler(stage, params)
    functions = stage.world.functions
    if not getattr(functions.switches, _SWITCHES[handler]):
        stage.witness.throttled(handler, stage.world.now)
        raise RefusalError("TooManyRequestsException", "Rate Exceeded.", 429)
    if params.get("InvocationType") == "Event":
        functions._try_scan(1, stage.world.now)
        return {"StatusCode": 202, "Payload": io.BytesIO()}
    event = json.loads(params.get("Payload") or b"{}")
    module, dies = (
        (scan, functions.switches.scan_dies)
        if handler == SCAN
        else (rotate, functions.switches.rotate_dies)
    )
    answer = functions._run(handler, lambda: module.handler(event, None), dies=dies)
    functions.plan_poll()
    failed, document = answer is None, answer or _error(stage)
    stage.pass_time(_A_SCAN_TAKES)
    payload = io.BytesIO(json.dumps(document).encode())
    told = {"FunctionError": "Unhandled"} if failed else {}
    return {"StatusCode": 200, "ExecutedVersion": "$LATEST", "Payload": payload, **told}


def _error(stage: Stage) -> dict[str, Any]:
    witness = stage.witness
    return {
        "errorMessage": platform_lines.error_message(witness.caught, witness.request),
        "errorType": platform_lines.error_type(witness.caught),
    }


ANSWERS: Mapping[str, Answer] = {
    "DeleteFunctionConcurrency": _delete_concurrency,
    "GetAccountSettings": _account,
    "GetEventSourceMapping": _one_mapping,
    "GetFunction": _function,
    "GetFunctionConcurrency": _get_concurrency,
    "GetFunctionConfiguration": _configuration,
    "Invoke": _invoke,
    "ListEventSourceMappings": _mappings,
    "ListFunctions": _functions,
    "PutFunctionConcurrency": _put_concurrency,
    "UpdateEventSourceMapping": _set_mapping,
    "UpdateFunctionConfiguration": _set_configuration,
}
