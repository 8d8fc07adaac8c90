"""The one runner of the functions in this process: an event in, what they said out.

Also what stands between them: Lambda's events, and a model of the queue for clocks that moto's
queue does not live by.
"""

from __future__ import annotations

import io
import json
import logging
import os
import threading
from contextlib import ExitStack, contextmanager, redirect_stdout
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, Self
from unittest.mock import patch

from certrotation.handlers import custom_resource, issue, rotate, scan
from certrotation.handlers.reporting import logger
from certrotation.names.service import RECEIVES_UNTIL_GIVEN_UP

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from certrotation.core.rotation.request import RotationRequest

HOME = "eu-west-1"
PREFIX = "certrotation/"


@dataclass(kw_only=True)
class Run:
    """What the functions said while they ran."""

    scans: list[dict[str, Any]] = field(default_factory=list)
    rotations: list[dict[str, Any]] = field(default_factory=list)
    metrics: list[dict[str, Any]] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    """Every log line and metric, as CloudWatch would get it."""

    def rotation(self, secret: str) -> dict[str, Any]:
        """Return the last outcome for a secret."""
        return [each for each in self.rotations if each["secret"] == secret][-1]

    def codes(self, secret: str) -> set[str]:
        """Return the codes found in the last outcome for a secret, Regions included."""
        outcome = self.rotation(secret)
        regional = [each for region in outcome["regions"] for each in region["findings"]]
        return {each["code"] for each in (*outcome["findings"], *regional)}

    def metric(self, name: str) -> int:
        """Return the sum of a metric over the run."""
        return sum(int(each[name][0]) for each in self.metrics if name in each)

    def followed_by(self, later: Run) -> Run:
        """Return this run and a later one as one."""
        return Run(
            scans=self.scans + later.scans,
            rotations=self.rotations + later.rotations,
            metrics=self.metrics + later.metrics,
            lines=self.lines + later.lines,
        )


class _Listener(logging.Handler):
    """Collects what the functions log."""

    def __init__(self, run: Run) -> None:
        super().__init__()
        self._run = run

    def emit(self, record: logging.LogRecord) -> None:
        self._run.scans.extend([record.scan] if hasattr(record, "scan") else [])
        self._run.rotations.extend([record.rotation] if hasattr(record, "rotation") else [])


def run_scan() -> dict[str, Any]:
    """Run the scan function, as its schedule does."""
    return scan.handler({}, None)


def run_rotate(record: Mapping[str, Any]) -> dict[str, Any]:
    """Run the rotate function for one message."""
    return rotate.handler({"Records": [record]}, None)


def run_custom_resource(event: Mapping[str, Any]) -> dict[str, Any] | None:
    """Run the provider of custom resources: for a request, or for messages of those that wait."""
    return custom_resource.handler(event, None)


ISSUE_FUNCTION = f"arn:aws:lambda:{HOME}:123456789012:function:certrotation-test-issue"


class IssueContext(NamedTuple):
    """What Lambda hands to the issue function, as far as the function uses that."""

    invoked_function_arn: str = ISSUE_FUNCTION

    def get_remaining_time_in_millis(self) -> int:
        return 120_000


def run_issue(event: Mapping[str, str]) -> Any:
    """Run the issue function: for a step of a rotation, or for a look."""
    return issue.handler(event, IssueContext())  # type: ignore[arg-type]  # what is used of it


def record_of(
    body: str, received: int = 1, *, message_id: str = "m-1", handle: str = "r-1"
) -> dict[str, Any]:
    """Return a message as Lambda hands it to the function."""
    return {
        "messageId": message_id,
        "receiptHandle": handle,
        "body": body,
        "attributes": {"ApproximateReceiveCount": str(received)},
        "eventSource": "aws:sqs",
    }


@contextmanager
def listening(environment: Mapping[str, str]) -> Iterator[Run]:
    """Give the functions their environment, and collect what they say until exit."""
    run, printed = Run(), io.StringIO()
    listener = _Listener(run)
    (console,) = logger.handlers
    logged = io.StringIO()
    previous = console.setStream(logged)  # type: ignore[attr-defined]  # a StreamHandler
    logger.addHandler(listener)
    try:
        with patch.dict(os.environ, environment), redirect_stdout(printed):
            yield run
    finally:
        logger.handlers.remove(listener)
        console.setStream(previous)  # type: ignore[attr-defined]  # as above
        run.lines = [*logged.getvalue().splitlines(), *printed.getvalue().splitlines()]
        run.metrics = [json.loads(line) for line in printed.getvalue().splitlines()]


class _OneAfterTheOther:
    """A ThreadPoolExecutor without threads."""

    def __init__(self, max_workers: int) -> None:
        del max_workers

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def map(self, work: Callable[[Any], Any], items: Iterable[Any]) -> list[Any]:
        return [work(each) for each in items]


@contextmanager
def one_after_the_other() -> Iterator[None]:
    """Let both functions work on their Regions one after the other until exit."""
    with ExitStack() as stack:
        for workflow in ("inventory", "references", "rotate"):
            stack.enter_context(
                patch(f"certrotation.workflows.{workflow}.ThreadPoolExecutor", _OneAfterTheOther)
            )
        yield


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
        return record_of(self.body, self.received, message_id=handle, handle=handle)


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
