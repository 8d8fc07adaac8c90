"""Time goes on, functions run, and the alarms of a stack are evaluated."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from tests.oncall.alarm_board import AlarmBoard, alarms_of
from tests.oncall.metric_store import Metric, MetricStore

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from tests.infra.synthesis import Template
    from tests.simulation.estate import Run

DEPLOYED = datetime(2027, 3, 1, 9, 17, 23, tzinfo=UTC)
"""No full hour, so that nothing is aligned by chance."""

MINUTE = timedelta(minutes=1)
SCAN, ROTATE = "certrotation.handlers.scan.handler", "certrotation.handlers.rotate.handler"


class Watch:
    """A stack that was deployed at `DEPLOYED`, and what happens to it since."""

    def __init__(
        self,
        template: Template,
        interval: timedelta,
        *,
        further_periods: int = 2,
        fills_empty: bool = True,
        late: timedelta = timedelta(),
    ) -> None:
        self.template = template
        self.late = late
        """How long after their time values arrive at CloudWatch."""
        self._under_way: list[tuple[datetime, Callable[[], None]]] = []
        self.interval = interval
        self.now = DEPLOYED
        self.store = MetricStore()
        self.board = AlarmBoard(
            alarms_of(template.text),
            self.store,
            DEPLOYED,
            further_periods=further_periods,
            fills_empty=fills_empty,
        )

    # What happens

    def scans(self, *runs: Run) -> None:
        """Let functions say what they said in each run, and an interval pass after each."""
        for run in runs:
            self.says(run)
            self.waits(self.interval)

    def says(self, run: Run) -> None:
        """Let functions say now what they said in a run."""
        for line in run.metrics:
            self._arrives(partial(self.store.put_emf, line, self.now))

    def emits(self, metric: Metric, value: float) -> None:
        """Let a value of now be put."""
        self._arrives(partial(self.store.put, metric, self.now, value))

    def _arrives(self, put: Callable[[], None]) -> None:
        self._under_way.append((self.now + self.late, put))
        self._receive()

    def _receive(self) -> None:
        arrived = [put for at, put in self._under_way if at <= self.now]
        self._under_way = [each for each in self._under_way if each[0] > self.now]
        for put in arrived:
            put()

    def waits(self, span: timedelta) -> None:
        """Let time pass, and let arrive what is under way."""
        end = self.now + span
        while self.now < end:
            self.now = min([end, *(at for at, _ in self._under_way)])
            self.board.advance(self.now)
            self._receive()

    def until(self, alarm: str, *, at_most: timedelta) -> timedelta:
        """Let time pass until an alarm is on, and return how long that took."""
        begin = self.now
        while alarm not in self.board.on():
            assert self.now - begin < at_most, f"{alarm} is not on after {at_most}"
            self.waits(MINUTE)
        return self.now - begin

    def holds(self, queue: str, metric: str, value: float, span: timedelta) -> None:
        """Let SQS tell a value of a queue each minute, for a while."""
        self.tells({Metric.of("AWS/SQS", metric, {"QueueName": queue}): value}, span)

    def tells(self, values: dict[Metric, float], span: timedelta) -> None:
        """Let AWS tell these values each minute, for a while."""
        end = self.now + span
        while self.now < end:
            for metric, value in values.items():
                self.emits(metric, value)
            self.waits(MINUTE)

    def ran(self, handler: str, *, times: int = 1, errors: int = 0, throttles: int = 0) -> None:
        """Let Lambda count invocations of a function now, each by itself, as it does."""
        dimensions = {"FunctionName": self.template.function(handler)[0]}
        counted: Iterable[tuple[str, int, int]] = (
            ("Invocations", times, times),
            ("Errors", errors, times),
            ("Throttles", throttles, throttles),
        )
        for name, ones, all_of_them in counted:
            for number in range(all_of_them):
                metric = Metric.of("AWS/Lambda", name, dimensions)
                self.emits(metric, 1 if number < ones else 0)

    # What people hear

    @property
    def on(self) -> set[str]:
        """The alarms that are on."""
        return self.board.on()

    def raised(self) -> list[str]:
        """The alarms that went off so far, in order, once for each time."""
        return self.board.raised()

    def paged(self) -> list[str]:
        """Of these, the ones that the critical topic heard of."""
        return [each.alarm for each in self.board.changes if "Critical" in "".join(each.told)]

    # Where

    def queue(self, output: str) -> str:
        """Return the queue whose URL an output of the stack tells."""
        return str(self.template.output(output)["Ref"])
