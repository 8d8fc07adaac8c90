"""EventBridge: what PutEvents takes, and what a test sees of it.

Moto keeps no event that no rule wants.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tests.double.world import Answer, Event, Refusal, Request

if TYPE_CHECKING:
    from collections.abc import Mapping


MOST_BYTES = 256 * 1024
"""Of the entries of a request (EventBridge User Guide, Calculating PutEvents event entry size)."""


def put_events(request: Request) -> Mapping[str, Any]:
    """EventBridge API Reference, PutEvents: a refused entry is an answer, not an error."""
    sizes = [
        len(text.encode())
        for entry in request.params["Entries"]
        for text in (entry.get("Source", ""), entry.get("DetailType", ""), entry.get("Detail", ""))
    ]
    if sum(sizes) >= MOST_BYTES:
        raise Refusal(
            "ValidationException", "Total size of the entries in the request is over the limit."
        )
    answers = [_put(request, each) for each in request.params["Entries"]]
    return {
        "FailedEntryCount": sum("ErrorCode" in each for each in answers),
        "Entries": answers,
    }


def _put(request: Request, entry: Mapping[str, Any]) -> Mapping[str, str]:
    """EventBridge API Reference, PutEventsResultEntry: InvalidArgument, MalformedDetail."""
    if not entry.get("Source") or not entry.get("DetailType"):
        return {"ErrorCode": "InvalidArgument", "ErrorMessage": "Parameter is not valid."}
    try:
        detail = json.loads(entry.get("Detail", ""))
    except ValueError:
        return {"ErrorCode": "MalformedDetail", "ErrorMessage": "Detail is malformed."}
    events = request.world.events
    events.append(Event(request.region, entry["Source"], entry["DetailType"], detail))
    return {"EventId": f"{len(events):08}"}


ANSWERS: dict[str, Answer] = {"PutEvents": put_events}
