"""Virtual time: the clock moves only when every thread waits, and nothing waits for real.

The threads of a simulation take turns. The thread that has the turn runs alone until it sleeps,
waits for a condition or waits for another thread. The next turn goes to the thread that is due
first; of several, to the one that began to wait first. Computing therefore takes no time, and one
program has one course of events, on a slow machine and on a fast one.
"""

from __future__ import annotations

import heapq
import importlib
import pkgutil
import random
import threading
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from itertools import count
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar
from unittest.mock import patch

import time_machine

from certrotation import workflows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

_T = TypeVar("_T")

_MICROSECONDS = 1_000_000


class DeadlockError(RuntimeError):
    """Every thread waits for another one."""


class _AbandonedError(BaseException):
    """Ends a thread that still waits when the simulation is over."""


@dataclass(eq=False)
class Task(Generic[_T]):
    """A thread that takes turns."""

    work: Callable[[], _T]
    gate: threading.Lock = field(default_factory=threading.Lock)
    """Released when the task gets the turn."""
    place: int | None = None
    """The number of its valid entry in the agenda."""
    was_woken: bool = False
    """Whether another task ended its last wait, rather than the clock."""
    is_done: bool = False
    outcome: list[_T] = field(default_factory=list)
    error: BaseException | None = None
    joining: list[Task[Any]] = field(default_factory=list)
    """The tasks that wait for its end."""
    thread: threading.Thread | None = None

    def __post_init__(self) -> None:
        self.gate.acquire()


class VirtualTime:
    """A clock, and the threads that live by it."""

    def __init__(self, begin: datetime) -> None:
        self.begin = begin
        self._elapsed = 0
        """Microseconds: with whole numbers, rounding is the same on every machine."""
        self._numbers = count()
        self._agenda: list[tuple[int, int, Task[Any]]] = []
        self._current = threading.local()
        self._unfinished: set[Task[Any]] = set()
        self._main: Task[None] | None = None
        self._is_over = False
        self._traveller: time_machine.Traveller | None = None

    def seconds(self) -> float:
        """Return the seconds since the beginning."""
        return self._elapsed / _MICROSECONDS

    def now(self) -> datetime:
        """Return the time."""
        return self.begin + timedelta(microseconds=self._elapsed)

    def sleep(self, seconds: float) -> None:
        """Let the other threads run until `seconds` have passed."""
        self._wait(seconds)

    def start(self, work: Callable[[], _T]) -> Task[_T]:
        """Start a thread; it gets its first turn when this thread waits."""
        task = Task(work)
        task.thread = threading.Thread(target=self._run, args=(task,), daemon=True)
        self._unfinished.add(task)
        task.thread.start()
        self._schedule(task, self._elapsed)
        return task

    def results(self, tasks: Sequence[Task[_T]]) -> list[_T]:
        """Wait for the end of threads, and return their results or raise the first exception."""
        for task in tasks:
            if not task.is_done:
                task.joining.append(self._here())
                self._wait(None)
        for task in tasks:
            if task.error is not None:
                raise task.error
        return [task.outcome[0] for task in tasks]

    @contextmanager
    def in_force(self, seed: int = 0) -> Iterator[Self]:
        """Make this the time of the process, and this thread the first that has the turn.

        All clocks of Python show this time. `time.sleep`, the rate limits of botocore's clients
        that are made meanwhile, and the threads of the functions live by this time. The back-off
        of botocore's retries is random; `seed` makes it the same each time.
        """
        self._main = self._current.task = Task(lambda: None)
        was_random = random.getstate()
        with ExitStack() as stack:
            stack.callback(random.setstate, was_random)
            random.seed(seed)
            self._traveller = stack.enter_context(time_machine.travel(self.begin, tick=False))
            locks = SimpleNamespace(Condition=partial(Condition, self), Lock=threading.Lock)
            stack.enter_context(patch("time.sleep", self.sleep))
            stack.enter_context(patch("botocore.retries.bucket.threading", locks))
            for module in _modules_with_threads():
                pool = partial(_Pool, self)
                stack.enter_context(patch.object(module, "ThreadPoolExecutor", pool))
            stack.callback(self._abandon)
            yield self

    def _here(self) -> Task[Any]:
        task: Task[Any] | None = getattr(self._current, "task", None)
        if task is None:
            raise RuntimeError("A thread that virtual time does not know tried to wait.")
        return task

    def _wait(self, seconds: float | None) -> bool:
        """Give the turn away; return whether a task ended the wait before its time was up."""
        task = self._here()
        task.was_woken = False
        if seconds is not None:
            # Less than a microsecond would be no time at all, and whoever waits on, waits for ever.
            wait = max(1, round(seconds * _MICROSECONDS)) if seconds > 0 else 0
            self._schedule(task, self._elapsed + wait)
        self._pass_turn()
        task.gate.acquire()
        if self._is_over:
            raise DeadlockError if task is self._main else _AbandonedError
        return task.was_woken

    def _wake(self, task: Task[Any]) -> None:
        """End a task's wait; its turn comes after those that are due by now."""
        task.was_woken = True
        self._schedule(task, self._elapsed)

    def _schedule(self, task: Task[Any], at: int) -> None:
        task.place = next(self._numbers)
        heapq.heappush(self._agenda, (at, task.place, task))

    def _pass_turn(self) -> None:
        while self._agenda:
            at, place, task = heapq.heappop(self._agenda)
            if task.place == place:
                break
        else:
            if self._main is None:
                return
            self._is_over, task, at = True, self._main, self._elapsed
        task.place = None
        if at > self._elapsed and self._traveller is not None:
            self._traveller.shift(timedelta(microseconds=at - self._elapsed))
            self._elapsed = at
        task.gate.release()

    def _run(self, task: Task[Any]) -> None:
        self._current.task = task
        task.gate.acquire()
        try:
            if not self._is_over:
                task.outcome.append(task.work())
        except BaseException as error:  # noqa: BLE001  whoever waits for the result gets it
            task.error = error
        task.is_done = True
        self._unfinished.discard(task)
        if not self._is_over:
            for each in task.joining:
                self._wake(each)
            self._pass_turn()

    def _abandon(self) -> None:
        """End the threads that still wait, one after the other."""
        self._is_over = True
        for task in tuple(self._unfinished):
            task.gate.release()
            if task.thread is not None:
                task.thread.join()


class Condition:
    """A `threading.Condition` that waits in virtual time."""

    def __init__(self, time: VirtualTime, lock: Any = None) -> None:
        self._time = time
        self._lock = lock or threading.RLock()
        self._waiting: list[Task[Any]] = []

    def __enter__(self) -> bool:
        return self._take()

    def __exit__(self, *_: object) -> None:
        self._lock.release()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until notified, or until the timeout."""
        task = self._time._here()
        self._waiting.append(task)
        self._lock.release()
        try:
            return self._time._wait(timeout)
        finally:
            if task in self._waiting:
                self._waiting.remove(task)
            self._take()

    def notify(self, n: int = 1) -> None:
        """Wake the threads that have waited longest."""
        for task in self._waiting[:n]:
            self._time._wake(task)
        del self._waiting[:n]

    def _take(self) -> bool:
        """Take the lock: it is free, as only a thread with the turn may hold it."""
        if not self._lock.acquire(blocking=False):
            raise RuntimeError("A thread waited while it held a lock that others need.")
        return True


class _Pool:
    """A ThreadPoolExecutor whose threads take turns."""

    def __init__(self, time: VirtualTime, max_workers: int) -> None:
        self._time = time
        self._free = max_workers
        self._changed = Condition(time)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def map(self, work: Callable[[Any], _T], items: Iterable[Any]) -> list[_T]:
        """Do `work` for each item, as many at once as there are workers."""
        return self._time.results(
            [self._time.start(partial(self._when_free, work, each)) for each in items]
        )

    def _when_free(self, work: Callable[[Any], _T], item: Any) -> _T:
        with self._changed:
            while self._free == 0:
                self._changed.wait()
            self._free -= 1
        try:
            return work(item)
        finally:
            with self._changed:
                self._free += 1
                self._changed.notify()


def _modules_with_threads() -> list[Any]:
    found = pkgutil.iter_modules(workflows.__path__, "certrotation.workflows.")
    modules = [importlib.import_module(each.name) for each in found]
    return [each for each in modules if hasattr(each, "ThreadPoolExecutor")]
