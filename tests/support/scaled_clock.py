"""A clock that goes faster than the real one, for what would take hours."""

from __future__ import annotations

import threading
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo
from types import SimpleNamespace
from typing import TYPE_CHECKING
from unittest.mock import patch

if TYPE_CHECKING:
    from collections.abc import Iterator

_really_sleep = time.sleep


@dataclass(frozen=True, kw_only=True)
class ScaledClock:
    """`speed` of its seconds pass in a real one."""

    speed: float
    begin: datetime = field(default_factory=lambda: datetime.now(UTC))
    real_begin: float = field(default_factory=time.perf_counter)

    def seconds(self) -> float:
        """Return how many of its seconds have passed since it was made."""
        return (time.perf_counter() - self.real_begin) * self.speed

    def now(self) -> datetime:
        """Return its time."""
        return self.begin + timedelta(seconds=self.seconds())

    def sleep(self, seconds: float) -> None:
        """Sleep so many of its seconds."""
        _really_sleep(seconds / self.speed)

    @contextmanager
    def in_force(self) -> Iterator[None]:
        """Have both functions, and botocore's retries and rate limits, live by it until exit.

        Only clients that are made meanwhile limit their rate by it.
        """
        clock = self

        class Condition(threading.Condition):
            def wait(self, timeout: float | None = None) -> bool:
                return super().wait(None if timeout is None else timeout / clock.speed)

        class Datetime(datetime):
            @classmethod
            def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]  # no subclass
                return clock.now().astimezone(tz)

        locks = SimpleNamespace(Condition=Condition, Lock=threading.Lock)
        with ExitStack() as stack:
            for name, replacement in {
                "time.sleep": self.sleep,
                "botocore.retries.bucket.threading": locks,
                "botocore.retries.bucket.Clock.current_time": lambda _: self.now().timestamp(),
                "certrotation.handlers.rotate.datetime": Datetime,
                "certrotation.handlers.scan.datetime": Datetime,
            }.items():
                stack.enter_context(patch(name, replacement))
            yield
