"""A model of the queue between scan and rotate, for clocks that moto's queue does not live by."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Protocol

from certrotation.names.service import RECEIVES_UNTIL_GIVEN_UP

if TYPE_CHECKING:
    from collections.abc import Sequence

    from certrotation.core.rotation.request import RotationRequest

VISIBILITY = timedelta(minutes=30)
"""The queue's visibility timeout (infra/service/queues.py)."""

_RECEIVES_THAT_COUNT = 2
"""From the third receive on a message is left out of the age of the oldest (SQS Developer Guide,
Available CloudWatch metrics, ApproximateAgeOfOldestMessage)."""


class Clock(Protocol):
    """What tells the queue the time."""

    def seconds(self) -> float:
        """Return how many seconds have passed since some moment."""


@dataclass(kw_only=True)
class Message:
    """A message on the model's queue."""

    body: str
    sent_at: float
    visible_at: float
    received: int = 0

    def record(self, handle: str) -> dict[str, Any]:
        """Return it as Lambda hands it to the function."""
        return {
            "messageId": handle,
            "receiptHandle": handle,
            "body": self.body,
            "attributes": {"ApproximateReceiveCount": str(self.received)},
        }


@dataclass(kw_only=True)
class ModelQueue:
    """SQS as far as the functions see it: visibility, receives, dead letters."""

    clock: Clock
    messages: dict[str, Message] = field(default_factory=dict)
    dead_letters: int = 0
    given_up: list[Message] = field(default_factory=list)
    """What was received too often, the newest last."""
    returned: int = 0
    sent: int = 0
    is_closed: bool = False
    lock: threading.Lock = field(default_factory=threading.Lock)

    def send(self, requests: Sequence[RotationRequest]) -> None:
        """Queue requests."""
        for each in requests:
            self.send_later(each, timedelta())

    def send_later(self, request: RotationRequest, delay: timedelta) -> None:
        """Queue a request that is seen after `delay`."""
        now = self.clock.seconds()
        with self.lock:
            self.sent += 1
            self.messages[str(self.sent)] = Message(
                body=request.to_json(), sent_at=now, visible_at=now + delay.total_seconds()
            )

    def return_later(self, receipt_handle: str, delay: timedelta) -> None:
        """Have a message seen again after `delay`; one that is gone is no error."""
        with self.lock:
            self.returned += 1
            at = self.clock.seconds() + delay.total_seconds()
            if receipt_handle in self.messages:
                self.messages[receipt_handle].visible_at = at

    def receive(self) -> tuple[str, Message] | None:
        """Return a message that is visible, and hide it; what comes too often is given up."""
        with self.lock:
            now = self.clock.seconds()
            for handle, message in list(self.messages.items()):
                if message.visible_at > now:
                    continue
                if message.received == RECEIVES_UNTIL_GIVEN_UP:
                    self.given_up.append(self.messages.pop(handle))
                    self.dead_letters += 1
                    continue
                message.received += 1
                message.visible_at = now + VISIBILITY.total_seconds()
                return handle, message
        return None

    def delete(self, handle: str) -> None:
        """Forget a message that was worked on."""
        with self.lock:
            del self.messages[handle]

    def next_visible(self) -> float | None:
        """Return when the next message is seen, which may be past, or None without messages."""
        return min((each.visible_at for each in self.messages.values()), default=None)

    def oldest(self) -> float:
        """Return the seconds that `ApproximateAgeOfOldestMessage` tells."""
        counted = (e for e in self.messages.values() if e.received <= _RECEIVES_THAT_COUNT)
        sent = min((each.sent_at for each in counted), default=None)
        return 0.0 if sent is None else self.clock.seconds() - sent
