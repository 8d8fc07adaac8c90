"""The people on call: they hear of alarms, and act some hours later."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from tests.oncall.alarm_state import State

if TYPE_CHECKING:
    from tests.oncall.alarm_board import Change
    from tests.oncall.year.expected_alarms import Injected
    from tests.oncall.year.world import World

_FORGOTTEN = timedelta(days=4)
"""When a person comes by without having been called: the fault has then failed to raise an alarm,
and the year goes on."""

_LOOKS_AGAIN = timedelta(hours=3)
"""When who emptied a queue sees whether its alarm is off."""

_EMPTIED = {
    "DeadLettersUnread": ("RotationDeadLetters",),
    "ScheduleFailing": ("ScanFailures", "ScheduleDeadLetters", "NewMaterialDeadLetters"),
}
"""What a person empties when an alarm went off."""


class OperatorModel:
    """Who is on call."""

    def __init__(self, world: World) -> None:
        self._world = world

    def look(self) -> None:
        """Let alarms be evaluated, and people hear of them."""
        world = self._world
        for change in world.recorder.look(world.now, world.functions.queue.oldest()):
            for injected in world.expected.hear(change):
                self._answer(injected, change)
            if change.now is State.ALARM and change.alarm in _EMPTIED:
                self._empty_later(change)
        self._come_by()

    def _answer(self, injected: Injected, change: Change) -> None:
        """Have a fault mended some hours later, if this is the alarm that a person acts on."""
        answer = injected.fault.answer
        if answer and answer.alarm == change.alarm and not injected.is_answered:
            injected.is_answered = True
            world = self._world
            world.agenda.after(world.hours(*answer.hours), lambda: world.end(injected))

    def _empty_later(self, change: Change) -> None:
        """Have a person empty queues, some hours later and until the alarm is off."""
        world = self._world

        def empty() -> None:
            if change.alarm not in world.recorder.board.on():
                return
            for queue in _EMPTIED[change.alarm]:
                if queue == "RotationDeadLetters":
                    world.functions.queue.dead_letters = 0
                world.recorder.failed_into(queue, world.now, 0)
            world.agenda.after(_LOOKS_AGAIN, empty)

        world.agenda.after(world.hours(2, 8), empty)

    def _come_by(self) -> None:
        """Mend what no alarm called anybody to, days later."""
        world = self._world
        for each in world.expected.injected:
            is_waiting = each.over is None and each.fault.answer and not each.is_answered
            if is_waiting and world.now - max([each.begin, *each.since.values()]) > _FORGOTTEN:
                world.end(each)
