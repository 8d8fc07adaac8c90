"""What lies in the queues that a person empties, in the words of who put it there."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.oncall.drill.names import ACCOUNT
from tests.support.estate import HOME

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(kw_only=True)
class Letter:
    """A message as `receive-message` shows it."""

    body: str
    at: datetime
    attributes: dict[str, str] = field(default_factory=dict)
    handle: str = ""
    visible_at: float = 0.0
    received: int = 0


def failed_scan(
    at: datetime, function: str, *, condition: str, tries: int, error: dict[str, str] | None
) -> Letter:
    """Return the record of an invocation that failed for good.

    Lambda Developer Guide, Capturing records of Lambda asynchronous invocations.
    """
    body: dict[str, Any] = {
        "version": "1.0",
        "timestamp": _milliseconds(at),
        "requestContext": {
            "requestId": str(uuid.uuid4()),
            "functionArn": f"{function}:$LATEST",
            "condition": condition,
            "approximateInvokeCount": tries,
        },
        "requestPayload": {},
    }
    if error is not None:
        body["responseContext"] = {
            "statusCode": 200,
            "executedVersion": "$LATEST",
            "functionError": "Unhandled",
        }
        body["responsePayload"] = error
    return Letter(body=json.dumps(body), at=at)


def event_not_queued(at: datetime, *, about: str, rule: str, target: str) -> Letter:
    """Return an event that a rule could not deliver.

    EventBridge User Guide, Using dead-letter queues to process undelivered events.
    """
    request = json.loads(about)
    name, version = request["secret"], request.get("version")
    event = {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": "Secret Label Updated",
        "source": "aws.secretsmanager",
        "account": ACCOUNT,
        "time": f"{at:%Y-%m-%dT%H:%M:%SZ}",
        "region": HOME,
        "resources": [f"arn:aws:secretsmanager:{HOME}:{ACCOUNT}:secret:{name}"],
        "detail": {"name": name, "versionId": version, "labelUpdated": "AWSCURRENT"},
    }
    attributes = {
        "RULE_ARN": rule,
        "TARGET_ARN": target,
        "ERROR_CODE": "NO_PERMISSIONS",
        "ERROR_MESSAGE": f"Access to the resource {target} is denied.",
        "EXHAUSTED_RETRY_CONDITION": "MaximumEventAgeInSeconds",
        "RETRY_ATTEMPTS": "38",
    }
    return Letter(body=json.dumps(event), at=at, attributes=attributes)


def _milliseconds(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
