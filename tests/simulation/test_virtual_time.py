"""Virtual time: one course of events, whatever the machine does."""

from __future__ import annotations

import random
import threading
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from certrotation.workflows import rotate
from tests.simulation.virtual_time import Condition, DeadlockError, VirtualTime

if TYPE_CHECKING:
    from collections.abc import Iterator

BEGIN = datetime(2026, 11, 25, 9, tzinfo=UTC)


@pytest.fixture
def virtual() -> Iterator[VirtualTime]:
    with VirtualTime(BEGIN).in_force() as virtual:
        yield virtual


def test_all_clocks_move_by_what_is_slept(virtual: VirtualTime) -> None:
    time.sleep(3600.25)

    assert virtual.seconds() == 3600.25
    assert datetime.now(UTC) == virtual.now() == BEGIN + timedelta(seconds=3600.25)
    assert time.time() == virtual.now().timestamp()


def test_threads_take_turns_by_time_and_then_by_who_waited_first(virtual: VirtualTime) -> None:
    events: list[tuple[str, float]] = []

    def sleeping(name: str, *naps: float) -> str:
        for each in naps:
            time.sleep(each)
            events.append((name, virtual.seconds()))
        return name

    tasks = [
        virtual.start(lambda: sleeping("a", 1, 1)),
        virtual.start(lambda: sleeping("b", 1.5, 0.5)),
    ]
    assert virtual.results(tasks) == ["a", "b"]
    assert events == [("a", 1), ("b", 1.5), ("a", 2), ("b", 2)]


def test_the_functions_threads_work_at_the_same_time(virtual: VirtualTime) -> None:
    def nap(seconds: int) -> int:
        time.sleep(seconds)
        return seconds

    with vars(rotate)["ThreadPoolExecutor"](max_workers=2) as pool:
        assert list(pool.map(nap, [3, 2, 1])) == [3, 2, 1]
    assert virtual.seconds() == 3, "the third began when the second had ended"


def test_an_exception_reaches_who_waits_for_the_result(virtual: VirtualTime) -> None:
    def failing() -> None:
        time.sleep(1)
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        virtual.results([virtual.start(failing)])


def test_a_condition_ends_by_notification_or_by_time(virtual: VirtualTime) -> None:
    condition = Condition(virtual)

    def waiting(timeout: float) -> tuple[bool, float]:
        with condition:
            return condition.wait(timeout), virtual.seconds()

    tasks = [virtual.start(lambda: waiting(10)), virtual.start(lambda: waiting(2))]
    time.sleep(1)
    with condition:
        condition.notify()
    assert virtual.results(tasks) == [(True, 1), (False, 2)]


def test_threads_that_wait_for_each_other_are_an_error() -> None:
    before = threading.active_count()
    with VirtualTime(BEGIN).in_force() as virtual:
        condition = Condition(virtual)

        def waiting() -> None:
            with condition:
                condition.wait()

        with pytest.raises(DeadlockError):
            virtual.results([virtual.start(waiting)])
    assert threading.active_count() == before


def test_a_thread_from_outside_may_not_wait(virtual: VirtualTime) -> None:
    del virtual
    found: list[RuntimeError] = []

    def stranger() -> None:
        try:
            time.sleep(1)
        except RuntimeError as error:
            found.append(error)

    thread = threading.Thread(target=stranger)
    thread.start()
    thread.join()
    assert len(found) == 1


def test_chance_is_the_same_each_time_and_as_before_afterwards() -> None:
    before = random.getstate()
    drawn = []
    for _ in range(2):
        with VirtualTime(BEGIN).in_force(seed=3):
            drawn.append(random.getrandbits(64))
    assert drawn[0] == drawn[1]
    assert random.getstate() == before
