"""What CloudWatch gets to know: lines in EMF, and what AWS measures by itself. And its alarms."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from tests.oncall.alarm_board import AlarmBoard, alarms_of
from tests.oncall.metric_store import Metric, MetricStore

if TYPE_CHECKING:
    from tests.infra.synthesis import Template
    from tests.oncall.alarm_board import Change
    from tests.simulation.estate import Run

SCAN, ROTATE = "certrotation.handlers.scan.handler", "certrotation.handlers.rotate.handler"

EVERY = timedelta(minutes=5)
"""How often SQS's metrics are put here. SQS does so each minute; the alarms' periods are five."""

ACTIVE = timedelta(hours=6)
"""How long SQS tells of a queue that nobody touches (SQS Developer Guide, Monitoring)."""

_QUEUES = ("ScanFailures", "ScheduleDeadLetters", "NewMaterialDeadLetters", "RotationDeadLetters")
"""The stack's outputs for what a person empties."""


@dataclass
class Depth:
    """A queue that collects what failed."""

    messages: int = 0
    touched: datetime | None = None

    def is_active(self, now: datetime) -> bool:
        """Say whether SQS tells of it."""
        return self.touched is not None and now - self.touched <= ACTIVE


class MetricRecorder:
    """The metrics of one stack, and its alarms."""

    def __init__(self, template: Template, now: datetime) -> None:
        self.store = MetricStore()
        self.board = AlarmBoard(alarms_of(template.text), self.store, now)
        self.queues = {name: Depth() for name in _QUEUES}
        self._names = {name: template.output(name)["Ref"] for name in (*_QUEUES, "RotationQueue")}
        self._functions = {each: template.function(each)[0] for each in (SCAN, ROTATE)}

    def said(self, run: Run) -> None:
        """Take in what a function said."""
        for line in run.metrics:
            self.store.put_emf(line)

    def invoked(self, handler: str, now: datetime, *, failed: bool) -> None:
        """Count a run (Lambda Developer Guide, Types of metrics)."""
        self._count(handler, "Invocations", now, 1)
        self._count(handler, "Errors", now, int(failed))

    def throttled(self, handler: str, now: datetime) -> None:
        """Count a run that was not allowed."""
        self._count(handler, "Throttles", now, 1)

    def _count(self, handler: str, name: str, now: datetime, value: int) -> None:
        dimensions = {"FunctionName": self._functions[handler]}
        self.store.put(Metric.of("AWS/Lambda", name, dimensions), now, value)

    def failed_into(
        self, queue: str, now: datetime, depth: int | None = None, *, about: str = ""
    ) -> None:
        """Let a queue get one more message, or hold so many; only who keeps messages asks about."""
        del about
        there = self.queues[queue]
        there.messages = there.messages + 1 if depth is None else depth
        there.touched = now

    def look(self, now: datetime, oldest: float) -> list[Change]:
        """Put what SQS tells now, evaluate the alarms up to now, and return what changed.

        Args:
            now: the present time.
            oldest: the age of the oldest rotation in the queue, in seconds.
        """
        self._tell("RotationQueue", "ApproximateAgeOfOldestMessage", now, oldest)
        for name, each in self.queues.items():
            if each.is_active(now):
                self._tell(name, "ApproximateNumberOfMessagesVisible", now, each.messages)
        return self.board.advance(now)

    def _tell(self, queue: str, name: str, now: datetime, value: float) -> None:
        dimensions = {"QueueName": self._names[queue]}
        self.store.put(Metric.of("AWS/SQS", name, dimensions), now, value)
