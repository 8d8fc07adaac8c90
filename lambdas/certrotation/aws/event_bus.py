"""Events of this service, on the default event bus of the home Region.

Action: events:PutEvents.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from certrotation.aws.errors import NOT_YET, failure, incomplete, meaning, translated
from certrotation.names.events import SOURCE

if TYPE_CHECKING:
    from collections.abc import Mapping

_CALL = "events:PutEvents"

MEANINGS = (meaning(NOT_YET, "InternalException"),)
"""What the error codes of EventBridge mean, of the call as of an entry (its API Reference,
PutEvents, PutEventsResultEntry)."""


class EventBridgeEvents:
    """The default event bus."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def put(self, kind: str, detail: Mapping[str, object]) -> None:
        """Put one event.

        Args:
            kind: the detail type.
            detail: its JSON members.

        Raises:
            CertRotationError: EventBridge has not taken the event.
        """
        # EventBridge counts bytes of UTF-8, of which an escape would take up to twelve.
        text = json.dumps(detail, ensure_ascii=False)
        entry = {"Source": SOURCE, "DetailType": kind, "Detail": text}
        with translated(_CALL, kind, MEANINGS):
            answer = self._client.put_events(Entries=[entry])
        # A refused entry is an answer, not an error (EventBridge API Reference, PutEvents).
        for each in answer.get("Entries", []):
            if each.get("ErrorCode"):
                raise failure(
                    each["ErrorCode"], each.get("ErrorMessage", ""), f"{_CALL} for {kind}", MEANINGS
                )
        if answer.get("FailedEntryCount", 0):
            raise incomplete(f"{_CALL} for {kind}", "the reason for which it took no event")
