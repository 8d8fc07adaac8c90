"""Virtual time: it passes when somebody sleeps, and to the next entry of an agenda."""

from __future__ import annotations

import heapq
import threading
import time
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import count
from types import SimpleNamespace
from typing import TYPE_CHECKING, TypeAlias
from unittest.mock import patch

import time_machine

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Doing: TypeAlias = Callable[[], object]

_LOCKS = "botocore.retries.bucket.threading"


@contextmanager
def virtual_time(begin: datetime) -> Iterator[time_machine.Traveller]:
    """Let the clock stand at `begin`, and go on by what this process sleeps; nobody waits for real.

    botocore's retries sleep; the rate limit of a client made meanwhile waits for a condition.
    """
    with time_machine.travel(begin, tick=False) as traveller:

        class Condition(threading.Condition):
            def wait(self, timeout: float | None = None) -> bool:
                # The clock has microseconds: less would be no time at all, for ever.
                traveller.shift(max(timeout or 0, 0.001))
                return False

        locks = SimpleNamespace(Condition=Condition, Lock=threading.Lock)
        with (
            patch("time.sleep", traveller.shift),
            patch(_LOCKS, locks),
        ):
            yield traveller


class Agenda:
    """What is to happen, in order of time.

    Whoever does something may take his time: what comes next is then late, as on a busy machine.
    """

    def __init__(self, traveller: time_machine.Traveller) -> None:
        self._traveller = traveller
        self._entries: list[tuple[datetime, int, Doing]] = []
        self._numbers = count()

    @property
    def now(self) -> datetime:
        """The present time."""
        return datetime.now(UTC)

    def seconds(self) -> float:
        """Return the present time in seconds since the epoch."""
        return time.time()

    def at(self, when: datetime, do: Doing) -> None:
        """Have something done at a moment; what is past is done next."""
        heapq.heappush(self._entries, (when, next(self._numbers), do))

    def after(self, span: timedelta, do: Doing) -> None:
        """Have something done after a while."""
        self.at(self.now + span, do)

    def every(self, span: timedelta, do: Doing) -> None:
        """Have something done now, and again and again."""
        begin, numbers = self.now, count(1)

        def again() -> None:
            self.at(begin + next(numbers) * span, again)
            do()

        self.at(begin, again)

    def run_until(self, end: datetime) -> None:
        """Let time pass up to `end`."""
        while self._entries and self._entries[0][0] <= end:
            when, _, do = heapq.heappop(self._entries)
            self.forward(when)
            do()
        self.forward(end)

    def forward(self, when: datetime) -> None:
        """Set the clock forward, if it is not there already."""
        if when > self.now:
            self._traveller.move_to(when)
