"""Keeps what the year only counts: log lines with their times, and what lies in the queues."""

from __future__ import annotations

import json
import uuid
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from certrotation.handlers import rotate, scan
from tests.oncall.drill import letters, platform_lines
from tests.oncall.drill.names import Names, queue_url
from tests.oncall.year.metering import ROTATE, SCAN, Metering

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.infra.synthesis import Template
    from tests.oncall.drill.letters import Letter
    from tests.support.estate import Run

_TAKES = {SCAN: 2.4, ROTATE: 3.1}
"""Seconds that a run reports: here it takes none."""

_TRIES = 3
"""Of a scan: one, and two repetitions (infra/service/scan_function.py)."""


@dataclass(frozen=True, slots=True)
class Line:
    """One event of a log group."""

    at: int
    """Milliseconds of the epoch."""
    text: str
    stream: str


class Witness(Metering):
    """Sees everything that CloudWatch and SQS would keep."""

    def __init__(self, template: Template, now: datetime) -> None:
        super().__init__(template, now)
        self.names = Names(template)
        self.lines: dict[str, list[Line]] = {SCAN: [], ROTATE: []}
        self.letters: dict[str, list[Letter]] = {
            "ScanFailures": [],
            "ScheduleDeadLetters": [],
            "NewMaterialDeadLetters": [],
        }
        self.caught: BaseException | None = None
        """What the last run ended with."""
        self.answered: dict[str, Any] | None = None
        """What the last run of scan returned."""
        self.request = ""
        """The id of the last run's request."""
        self._run: Run | None = None
        self._was_turned_away = False

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Hear what the handlers raise, until exit."""
        with ExitStack() as stack:
            for module in (scan, rotate):
                heard = self._heard(module.handler)
                stack.enter_context(patch.object(module, "handler", heard))
            yield

    def _heard(self, handler: Callable[[Any, Any], dict[str, Any]]) -> Any:
        def run(event: Any, context: Any) -> dict[str, Any]:
            self.caught, self.answered = None, None
            try:
                self.answered = handler(event, context)
            except BaseException as error:
                self.caught = error
                raise
            return self.answered

        return run

    def said(self, run: Run) -> None:
        """Take in what a function said, and wait for how it ended."""
        super().said(run)
        self._run = run

    def invoked(self, handler: str, now: datetime, *, failed: bool) -> None:
        """Count a run, and write what its log group gets."""
        super().invoked(handler, now, failed=failed)
        self._was_turned_away = False
        self.request = str(uuid.uuid5(uuid.NAMESPACE_OID, f"{handler} {now} {len(self.lines)}"))
        error = self.caught if failed else None
        kind = platform_lines.error_type(error) if failed else None
        lines = self._run.lines if self._run else []
        end = now + timedelta(seconds=_TAKES[handler])
        texts = [platform_lines.start(now, self.request), *lines]
        if isinstance(error, Exception):
            texts.append(platform_lines.raised(end, self.request, error))
        texts.append(platform_lines.report(end, self.request, _TAKES[handler], kind))
        stream = f"{now:%Y/%m/%d}/[$LATEST]{uuid.uuid5(uuid.NAMESPACE_OID, f'{now:%F}').hex}"
        step = (end - now) / len(texts)
        for number, text in enumerate(texts):
            at = int(1000 * (now + number * step).timestamp())
            self.lines[handler].append(Line(at, text, stream))

    def throttled(self, handler: str, now: datetime) -> None:
        """Count a run that was not allowed: it leaves no line."""
        super().throttled(handler, now)
        self._was_turned_away = handler == SCAN or self._was_turned_away

    def failed_into(
        self, queue: str, now: datetime, depth: int | None = None, *, about: str = ""
    ) -> None:
        """Let a queue get one more message, and keep what it says."""
        super().failed_into(queue, now, depth)
        if depth is not None:
            return
        letter = self._failed_scan(now) if queue == "ScanFailures" else self._not_queued(now, about)
        letter.handle = str(uuid.uuid4())
        self.letters[queue].append(letter)

    def _failed_scan(self, now: datetime) -> Letter:
        function = self.names.arn(self.names.behind("ScanFunction"))
        if self._was_turned_away:
            return letters.failed_scan(
                now, function, condition="ZeroReservedConcurrency", tries=0, error=None
            )
        error = {
            "errorMessage": platform_lines.error_message(self.caught, self.request),
            "errorType": platform_lines.error_type(self.caught),
        }
        return letters.failed_scan(
            now, function, condition="RetriesExhausted", tries=_TRIES, error=error
        )

    def _not_queued(self, now: datetime, about: str) -> Letter:
        rule = self.names.arn(self.names.one("AWS::Events::Rule"))
        target = self.names.arn(self.names.behind("RotationQueue"))
        return letters.event_not_queued(now, about=about, rule=rule, target=target)

    def url(self, queue: str) -> str:
        """Return a queue's URL by the stack's output for it."""
        return queue_url(self.names.of(self.names.behind(queue)))


def scanned(line: Line) -> dict[str, Any] | None:
    """Return a line as JSON, if it is an object."""
    try:
        document = json.loads(line.text)
    except ValueError:
        return None
    return document if isinstance(document, dict) else None


def moment(milliseconds: int) -> datetime:
    """Return a line's time."""
    return datetime.fromtimestamp(milliseconds / 1000, UTC)
