"""Book of the faults that were injected, and of the alarms that each explains."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from tests.oncall.alarm_state import State

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from datetime import datetime

    from tests.oncall.alarm_board import Change
    from tests.oncall.year.faults import Fault

SETTLES = timedelta(hours=4)
"""How long after its end a fault may still explain an alarm: alarms look back for three hours."""


@dataclass(kw_only=True)
class Injected:
    """One fault at work."""

    fault: Fault
    begin: datetime
    subject: str
    expires: datetime
    """When the certificate that it concerns ends; if it concerns many, the first of them."""
    since: dict[str, datetime] = field(default_factory=dict)
    """From when on an alarm is due, where that is not from the beginning on."""
    over: datetime | None = None
    mend: Callable[[], object] | None = None
    """What ends it, whoever does that."""
    is_answered: bool = False
    went_off: dict[str, datetime] = field(default_factory=dict)
    """When each alarm went off first."""
    excused: frozenset[str] = frozenset()
    """Alarms that could not go off, because nobody looked while they were due."""

    def is_in_force(self, at: datetime) -> bool:
        """Say whether it explains what goes off at a moment."""
        return self.begin <= at and (self.over is None or at <= self.over + SETTLES)

    def explains(self, alarm: str, at: datetime) -> bool:
        """Say whether it explains that an alarm went off."""
        expected = self.fault.raises | self.fault.follows
        return alarm in expected and self.is_in_force(at)

    @property
    def missed(self) -> frozenset[str]:
        """The alarms that it should have raised and did not."""
        return self.fault.raises - self.went_off.keys() - self.excused


class ExpectedAlarms:
    """What was injected, what went off, and what is kept free for what is to come."""

    def __init__(self) -> None:
        self.injected: list[Injected] = []
        self.false: list[Change] = []
        """Alarms that nothing explains."""
        self._kept: defaultdict[str, list[tuple[datetime, datetime]]] = defaultdict(list)

    def keep(self, alarms: Iterable[str], begin: datetime, end: datetime) -> bool:
        """Keep alarms for one fault alone, so that each can be seen to raise its own.

        Returns whether they are free.
        """
        wanted = tuple(alarms)
        if any(begin <= e and b <= end for each in wanted for b, e in self._kept[each]):
            return False
        for each in wanted:
            self._kept[each].append((begin, end))
        return True

    def inject(self, injected: Injected) -> Injected:
        """Note that a fault begins."""
        self.injected.append(injected)
        return injected

    def hear(self, change: Change) -> Iterator[Injected]:
        """Note a change, and yield the faults that explain an alarm."""
        if change.now is not State.ALARM:
            return
        explaining = [e for e in self.injected if e.explains(change.alarm, change.at)]
        if not explaining:
            self.false.append(change)
        for each in explaining:
            each.went_off.setdefault(change.alarm, change.at)
            yield each

    def of(self, fault: Fault) -> Sequence[Injected]:
        """Return each time that a fault was injected."""
        return [each for each in self.injected if each.fault is fault]
