"""Time that goes on only when somebody sleeps."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from types import SimpleNamespace
from typing import TYPE_CHECKING
from unittest.mock import patch

import time_machine

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime


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
