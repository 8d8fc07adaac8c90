"""What Lambda itself writes beside what a function says.

Lambda Developer Guide, Configuring JSON and plain text log formats: with the JSON format system
logs are written too, in the form of the Telemetry API. Lambda Telemetry API Event schema reference:
`platform.start`, and `platform.report` whose record has `status` (success, failure, error or
timeout) and, if it did not succeed, `errorType`. An error that the handler raised is a line of the
runtime client's (`errorType`, `errorMessage`, `stackTrace`: Lambda Developer Guide, Lambda function
logging in Python); a process that ended leaves only the report.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from certrotation.errors import CertRotationError

if TYPE_CHECKING:
    from datetime import datetime

CRASH = "Runtime.ExitError"
"""The process ended before the handler returned."""


def error_type(error: BaseException | None) -> str:
    """Return what Lambda calls an error; None is a process that ended."""
    return type(error).__name__ if isinstance(error, Exception) else CRASH


def error_message(error: BaseException | None, request: str) -> str:
    """Return what Lambda says of an error."""
    if isinstance(error, Exception):
        return str(error)
    return f"RequestId: {request} Error: Runtime exited with error: exit status 1"


def start(at: datetime, request: str) -> str:
    """Return the line at a run's beginning."""
    return _platform(at, "platform.start", {"requestId": request, "version": "$LATEST"})


def report(at: datetime, request: str, seconds: float, error_type: str | None) -> str:
    """Return the line at a run's end; without an error it went well."""
    milliseconds = round(1000 * seconds, 2)
    record: dict[str, Any] = {
        "requestId": request,
        "metrics": {
            "durationMs": milliseconds,
            "billedDurationMs": int(milliseconds) + 1,
            "memorySizeMB": 512,
            "maxMemoryUsedMB": 121,
        },
        "status": "error" if error_type else "success",
    }
    return _platform(
        at, "platform.report", record | ({"errorType": error_type} if error_type else {})
    )


def raised(at: datetime, request: str, error: Exception) -> str:
    """Return the runtime client's line for what a handler raised."""
    where = "certrotation/handlers/scan.py" if isinstance(error, CertRotationError) else "handler"
    return json.dumps(
        {
            "timestamp": f"{at:%Y-%m-%dT%H:%M:%SZ}",
            "level": "ERROR",
            "errorMessage": str(error),
            "errorType": type(error).__name__,
            "requestId": request,
            "stackTrace": [f'  File "/var/task/{where}", line 38, in handler\n'],
        }
    )


def _platform(at: datetime, kind: str, record: dict[str, Any]) -> str:
    time = at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return json.dumps({"time": time, "type": kind, "record": record}, separators=(",", ":"))
