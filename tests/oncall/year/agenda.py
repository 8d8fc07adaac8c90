"""Time, and what is to happen when."""

from __future__ import annotations

import heapq
import time
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable

    import time_machine

    Doing: TypeAlias = Callable[[], object]


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
