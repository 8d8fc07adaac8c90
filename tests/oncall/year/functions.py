"""The two functions as Lambda runs them: started, tried again, thrown away, killed."""

from __future__ import annotations

from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import boto3

from certrotation import composition
from certrotation.errors import CertRotationError
from tests.oncall.year.faults import BACKGROUND
from tests.oncall.year.recorder import ROTATE, SCAN
from tests.simulation.faults import TIMEOUT, DeathError, dying, nth
from tests.simulation.runner import ModelQueue, run_rotate, run_scan

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime
    from random import Random

    from certrotation.core.rotation.request import RotationRequest
    from certrotation.settings import Settings
    from tests.double import Call
    from tests.oncall.year.recorder import MetricRecorder
    from tests.simulation.clock import Agenda
    from tests.simulation.estate import Estate

INTERVAL = timedelta(hours=1)
"""Between two scans."""

_AGAIN = {1: timedelta(minutes=1), 2: timedelta(minutes=2)}
"""When a failed scan is tried again (Lambda Developer Guide, Asynchronous invocation)."""

_TURNED_AWAY_FOR = timedelta(minutes=5)
"""When an event that was throttled is tried again, at the latest (the same)."""

_PICKED_UP = timedelta(seconds=2)
"""How long a message lies until a poller has it."""


@dataclass
class Switches:
    """What an operator, or a deployment, may have turned the wrong way."""

    schedule_on: bool = True
    trigger_on: bool = True
    scan_allowed: bool = True
    rotate_allowed: bool = True
    scan_dies: bool = False
    rotate_dies: bool = False
    rule_sends: bool = True


class Functions:
    """scan and rotate, the schedule, and the queue between them."""

    def __init__(
        self, estate: Estate, agenda: Agenda, recorder: MetricRecorder, chance: Random
    ) -> None:
        self.switches = Switches()
        self.queue = ModelQueue(clock=agenda)
        self.calls: Counter[tuple[str, str]] = Counter()
        """By service and operation."""
        self.runs: Counter[str] = Counter()
        """Of each function, and what went wrong in the background."""
        self.logged: Counter[str] = Counter()
        """Bytes that each function wrote, logs and metrics."""
        self.scans: list[datetime] = []
        """When each began that came to its end."""
        self.bugs: list[str] = []
        """What no handler translated."""
        self._estate, self._agenda = estate, agenda
        self._recorder, self._chance = recorder, chance
        self._killed_at = agenda.now
        estate.aws.before(self._kill_what_takes_too_long)

    def may_run_for(self, span: timedelta) -> None:
        """Kill a function that begins now and still calls AWS after `span`."""
        self._killed_at = self._agenda.now + span

    def in_force(self) -> Any:
        """Give the functions clients of their own, and this queue, until exit."""

        @cache
        def composed(settings: Settings) -> composition.Composition:
            made = composition.compose(settings, boto3.Session())
            return made._replace(account=replace(made.account, queue=self.queue))

        return patch("certrotation.composition.composed", composed)

    # scan

    def start_scan(self) -> None:
        """Let the schedule fire."""
        if self.switches.schedule_on:
            self._try_scan(1, self._agenda.now)

    def _try_scan(self, tries: int, fired: datetime) -> None:
        now = self._agenda.now
        if not self.switches.scan_allowed:
            self._recorder.throttled(SCAN, now)
            if now - fired < INTERVAL:
                self._agenda.after(_TURNED_AWAY_FOR, lambda: self._try_scan(tries, fired))
            else:
                self._recorder.failed_into("ScanFailures", now)
            return
        dies = self.switches.scan_dies or self._happens("a scan dies")
        if self._run(SCAN, run_scan, dies=dies) is not None:
            self.scans.append(now)
        elif tries in _AGAIN:
            self._agenda.after(_AGAIN[tries], lambda: self._try_scan(tries + 1, fired))
        else:
            self._recorder.failed_into("ScanFailures", self._agenda.now)
        self.plan_poll()

    # rotate

    def send(self, request: RotationRequest) -> None:
        """Let the rule queue an event's message."""
        self.queue.send([request])
        self.plan_poll()

    def plan_poll(self) -> None:
        """Have the queue polled when its next message is seen."""
        visible = self.queue.next_visible()
        if visible is not None:
            wait = timedelta(seconds=max(0, visible - self._agenda.seconds()))
            self._agenda.after(wait + _PICKED_UP, self._poll)

    def _poll(self) -> None:
        """Work on what is visible; without a trigger nobody asks."""
        worked = False
        given_up = self.queue.dead_letters
        while self.switches.trigger_on and (got := self.queue.receive()):
            worked = True
            handle, message = got
            if self.switches.rotate_allowed:
                self._rotate(handle, message.record(handle))
            else:
                self._recorder.throttled(ROTATE, self._agenda.now)
        if self.queue.dead_letters != given_up:
            self._recorder.failed_into(
                "RotationDeadLetters", self._agenda.now, self.queue.dead_letters
            )
        if worked:
            self.plan_poll()

    def _rotate(self, handle: str, record: Mapping[str, Any]) -> None:
        dies = self.switches.rotate_dies or self._happens("a rotation dies")
        answer = self._run(ROTATE, lambda: run_rotate(record), dies=dies)
        if answer is None or answer["batchItemFailures"]:
            return
        self.queue.delete(handle)
        if self._happens("a message is delivered twice"):
            self._run(ROTATE, lambda: run_rotate(record), dies=False)

    # Both

    def _run(
        self, handler: str, work: Callable[[], dict[str, Any]], *, dies: bool
    ) -> dict[str, Any] | None:
        """Run a function, and return its answer, or None if it failed or was killed."""
        aws, begin, answer = self._estate.aws, self._agenda.now, None
        self.may_run_for(TIMEOUT)
        with ExitStack() as stack:
            run = stack.enter_context(self._estate.listening())
            if dies:
                when = self._chance.choice(("before", "after"))
                stack.enter_context(dying(aws, when, nth(self._chance.randint(1, 6))))  # type: ignore[arg-type]  # one of the two
            try:
                answer = work()
            except (DeathError, CertRotationError):
                answer = None
            except Exception as bug:  # noqa: BLE001  whatever it is, it is a finding
                self.bugs.append(f"{begin:%Y-%m-%d %H:%M} {handler}: {bug!r}")
        if dies:
            answer = None  # at its very end, if it made fewer calls than it was given
        self._recorder.said(run)
        self._recorder.invoked(handler, begin, failed=answer is None)
        self.runs[handler] += 1
        self.logged[handler] += sum(len(each) + 1 for each in run.lines)
        self.calls.update((each.service, each.operation) for each in aws.calls)
        aws.calls.clear()
        return answer

    def _kill_what_takes_too_long(self, call: Call) -> None:
        del call
        if self._agenda.now > self._killed_at:
            raise DeathError

    def _happens(self, what: str) -> bool:
        happens = self._chance.random() < BACKGROUND[what]
        self.runs[what] += happens
        return happens
