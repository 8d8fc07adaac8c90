"""Messages on the queue: asked for by hand, received in vain, returned for a while."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING

from tests.simulation.estate import HOME, PREFIX, client

if TYPE_CHECKING:
    from tests.simulation.estate import Estate


def ask_for(estate: Estate, name: str, **more: object) -> None:
    """Queue a message for one secret, as a person would: the prefix is added."""
    body = json.dumps({"secret": PREFIX + name, **more})
    client("sqs", HOME).send_message(QueueUrl=estate.queue_url, MessageBody=body)


def receive_in_vain(estate: Estate, times: int) -> None:
    """Let workers receive the one message on the queue so often, and die of it."""
    for _ in range(times):
        got = client("sqs", HOME).receive_message(QueueUrl=estate.queue_url, VisibilityTimeout=0)
        assert len(got["Messages"]) == 1


def returned_for(estate: Estate) -> list[timedelta]:
    """Return how long each message that came back was to stay unseen, in order."""
    calls = estate.aws.calls_of("sqs", "ChangeMessageVisibility")
    return [timedelta(seconds=each.params["VisibilityTimeout"]) for each in calls]
