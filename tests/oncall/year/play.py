"""Plays the year: teams renew, faults begin, alarms go off, people act."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from tests.oncall.alarm_state import State
from tests.oncall.year.faults import CRITICAL, FAULTS, SEED
from tests.oncall.year.functions import INTERVAL
from tests.oncall.year.ledger import Injected
from tests.oncall.year.metering import EVERY
from tests.oncall.year.population import RENEWED_AT
from tests.oncall.year.scripts import AT_ANY_TIME, AT_RENEWAL, FITS
from tests.oncall.year.world import DEPLOYED, FIRST_IMPORTS, world

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from tests.infra.synthesis import Template
    from tests.oncall.alarm_board import Change
    from tests.oncall.year.faults import Fault
    from tests.oncall.year.ledger import Ledger
    from tests.oncall.year.population import Site
    from tests.oncall.year.presenting import Expired
    from tests.oncall.year.world import World

YEAR = {6: 6, 47: 60, 90: 60, 200: 50, 398: 34}
"""Sites by the lifetime of their certificates, in days."""

SETTLING_IN = timedelta(days=2)
"""Before the first fault; and so long before the end the last one is over."""

IN_TIME = timedelta(hours=24) + 3 * INTERVAL
"""Before the end of what is presented: how early material must come, its Region reachable."""

_JITTER = 0.02
"""Of the lifetime: renewals are not on the dot."""

_TRIED_AGAIN = timedelta(hours=7)
"""When a fault is tried again that would have hidden another's alarms, or hit nothing."""

_FORGOTTEN = timedelta(days=4)
"""When a person comes by without having been called: the fault has then failed to raise an alarm,
and the year goes on."""

_ORDINARY = timedelta(hours=30)
"""How long a fault has its alarms for itself, unless it says otherwise."""

_AWAITED = frozenset({"AwaitingMaterial", "UnmanagedExpiring"}) | CRITICAL

_ALONE: Mapping[str, frozenset[str]] = {
    # They give one setting of the double another value.
    "key type changed": frozenset({"moves"}),
    "a full listener": frozenset({"moves"}),
    "a distribution in progress": frozenset({"moves"}),
    "stale reads": frozenset({"stale"}),
    # A Region that is not seen tells nothing of its certificates.
    "a Region dark for hours": _AWAITED,
    "a Region dark for a day": _AWAITED,
    "the canary's ACM dark": _AWAITED,
}
"""What else a fault must have for itself."""

_AROUND_A_SCAN: Mapping[str, timedelta] = {
    "a Region dark for minutes": timedelta(minutes=6),
    "stale reads": timedelta(minutes=10),
}
"""How long before the next scan a fault begins, where it is about one."""

_EMPTIED = {"DeadLettersUnread": ("RotationDeadLetters",)} | {
    "ScheduleFailing": ("ScanFailures", "ScheduleDeadLetters", "NewMaterialDeadLetters")
}
"""What a person empties when an alarm went off."""


@dataclass(frozen=True, kw_only=True)
class Played:
    """What became of the year."""

    days: int
    sites: int
    copies: int
    dependents: int
    ledger: Ledger
    expired: list[Expired]
    broken: list[Expired]
    """Of these, the ones for which material had been delivered in time."""
    waiting: list[str]
    """Faults that found no time of their own."""
    went_off: Counter[str]
    """How often each alarm did."""
    calls: Counter[tuple[str, str]]
    runs: Counter[str]
    bugs: list[str]
    messages: int
    logged: Counter[str]
    """Bytes that each function wrote."""
    alarmed: int
    """Metrics that the alarms look at: CloudWatch charges for each."""


class Play:
    """One year in one world."""

    def __init__(self, world: World, end: datetime, faults: Mapping[str, int]) -> None:
        self._world, self._end = world, end
        self._began = world.now
        self._cards = self._deck(faults)
        self._site_of: dict[int, Site] = {}
        world.delivered = self._renew_in_time
        for site in world.sites:
            self._renew_in_time(site)
        for when, fault in self._cards:
            if fault.name in AT_ANY_TIME:
                self._plan(fault, when)
        world.agenda.every(EVERY, self._look)

    def run(self) -> None:
        """Let the year pass."""
        self._world.agenda.run_until(self._end)

    @property
    def waiting(self) -> list[str]:
        """The faults that have not begun."""
        return [fault.name for _, fault in self._cards]

    def _deck(self, faults: Mapping[str, int]) -> list[tuple[datetime, Fault]]:
        """Deal each fault the earliest moment at which it may begin, evenly over the year."""
        chance, span = self._world.chance, self._end - self._began - 2 * SETTLING_IN
        cards = [
            (
                self._began + SETTLING_IN + span * 0.85 * (number + chance.random()) / times,
                FAULTS[name],
            )
            for name, times in faults.items()
            for number in range(times)
        ]
        return sorted(cards, key=lambda card: card[0])

    # Teams

    def _renew_in_time(self, site: Site) -> None:
        """Plan a site's next renewal, with a third of its lifetime left."""
        jitter = self._world.chance.random() * _JITTER
        begin = site.ends - site.lifetime
        self._world.agenda.at(
            begin + (RENEWED_AT + jitter) * site.lifetime, lambda: self._renew(site)
        )
        site.is_busy = False

    def _renew(self, site: Site) -> None:
        world = self._world
        site.is_busy = True
        for card in self._cards:
            when, fault = card
            if when > world.now:
                break
            if self._can_happen_to(fault, site):
                self._cards.remove(card)
                self._inject_at_renewal(fault, site)
                return
        world.deliver(site)

    def _can_happen_to(self, fault: Fault, site: Site) -> bool:
        fits = FITS.get(fault.name)
        if fault.name not in AT_RENEWAL or site.days not in fault.lifetimes:
            return False
        if fits is not None and not fits(site):
            return False
        begin, end = self._span(fault, site)
        wanted = fault.raises | fault.follows | _ALONE.get(fault.name, frozenset())
        if end > self._end - SETTLING_IN or wanted & self._world.metering.board.on():
            return False
        return self._world.ledger.keep(wanted, begin, end)

    def _span(self, fault: Fault, site: Site) -> tuple[datetime, datetime]:
        """Return from when to when a fault that begins at a renewal needs its alarms."""
        if "AwaitingMaterial" not in fault.raises:
            return self._world.now, self._world.now + _ORDINARY
        windows = self._world.windows(site)
        end = site.ends if fault.raises & CRITICAL else windows.critical_opens
        return windows.warning_opens, end + timedelta(hours=12)

    def _inject_at_renewal(self, fault: Fault, site: Site) -> None:
        world = self._world
        injected = Injected(fault=fault, begin=world.now, subject=site.name, expires=site.ends)
        world.begin(injected, self._lasts(fault))
        AT_RENEWAL[fault.name](world, site, injected)

    # Faults at any time

    def _plan(self, fault: Fault, when: datetime) -> None:
        if fault.name in _AROUND_A_SCAN:
            scans = (when - DEPLOYED) // INTERVAL + 1
            when = DEPLOYED + scans * INTERVAL - _AROUND_A_SCAN[fault.name]
        self._world.agenda.at(when, lambda: self._inject_at_any_time(fault))

    def _inject_at_any_time(self, fault: Fault) -> None:
        world = self._world
        injected = Injected(
            fault=fault, begin=world.now, subject="the service", expires=world.first_end()
        )
        wanted = fault.raises | fault.follows | _ALONE.get(fault.name, frozenset())
        lasts = self._lasts(fault)
        needed = max(_ORDINARY, (lasts or timedelta()) + timedelta(hours=12))
        if "CertificateCritical" in fault.raises:
            needed = timedelta(days=10)
        is_possible = (
            world.now + needed < self._end - SETTLING_IN
            and not wanted & world.metering.board.on()
            and world.ledger.keep(wanted, world.now, world.now + needed)
            and AT_ANY_TIME[fault.name](world, injected)
        )
        if is_possible:
            self._cards.remove(next(each for each in self._cards if each[1] is fault))
            world.begin(injected, lasts)
        elif world.now < self._end:
            self._plan(fault, world.now + _TRIED_AGAIN)

    def _lasts(self, fault: Fault) -> timedelta | None:
        """Return how long a fault lasts by itself; None if somebody or something ends it."""
        if fault.answer is not None or "AwaitingMaterial" in fault.raises:
            return None
        return self._world.hours(*fault.hours)

    # People

    def _look(self) -> None:
        """Let alarms be evaluated, and people hear of them."""
        world = self._world
        for change in world.metering.look(world.now, world.functions.queue.oldest()):
            for injected in world.ledger.hear(change):
                answer = injected.fault.answer
                if answer and answer.alarm == change.alarm and not injected.is_answered:
                    injected.is_answered = True
                    wait = world.hours(*answer.hours)
                    world.agenda.after(wait, lambda injected=injected: world.end(injected))  # type: ignore[misc]
            if change.now is State.ALARM and change.alarm in _EMPTIED:
                self._empty_later(change)
        self._come_by()

    def _empty_later(self, change: Change) -> None:
        """Have a person empty queues, some hours later and until the alarm is off."""
        world = self._world

        def empty() -> None:
            if change.alarm not in world.metering.board.on():
                return
            for queue in _EMPTIED[change.alarm]:
                if queue == "RotationDeadLetters":
                    world.functions.queue.dead_letters = 0
                world.metering.failed_into(queue, world.now, 0)
            world.agenda.after(timedelta(hours=3), empty)

        world.agenda.after(world.hours(2, 8), empty)

    def _come_by(self) -> None:
        """Mend what no alarm called anybody to, days later."""
        world = self._world
        for each in world.ledger.injected:
            if (
                each.over is None
                and each.fault.answer
                and not each.is_answered
                and world.now - max(each.begin, *each.since.values(), each.begin) > _FORGOTTEN
            ):
                world.end(each)


def play(
    template: Template,
    *,
    numbers: Mapping[int, int] | None = None,
    days: int = 365,
    faults: Mapping[str, int] | None = None,
    seed: int = SEED,
) -> Played:
    """Play so many days, and return what became of them.

    Args:
        template: whose alarms are evaluated.
        numbers: how many sites, by the lifetime of their certificates in days.
        days: how long.
        faults: how often each kind of fault is injected; all of them as in the table, if not given.
        seed: of everything that is left to chance.
    """
    if faults is None:
        faults = {each.name: each.times for each in FAULTS.values()}
    with world(template, numbers or YEAR, seed) as there:
        end = DEPLOYED + FIRST_IMPORTS + timedelta(days=days)
        year = Play(there, end, faults)
        year.run()
        copies = sum(len(each.regions) for each in there.sites)
        expired = there.presented.expired(end)
        functions = there.functions
        return Played(
            days=days,
            sites=len(there.sites),
            copies=copies,
            dependents=len({each for site in there.sites for each in site.dependents}),
            ledger=there.ledger,
            expired=expired,
            broken=[each for each in expired if _was_in_time(there, each)],
            waiting=year.waiting,
            went_off=Counter(there.metering.board.raised()),
            calls=functions.calls,
            runs=functions.runs,
            bugs=functions.bugs,
            messages=functions.queue.sent,
            logged=functions.logged,
            alarmed=sum(len(e.statistics) for e in there.metering.board.alarms.values()),
        )


def _was_in_time(world: World, expired: Expired) -> bool:
    """Say whether the site's secret had held right material long enough before.

    Hours in which its Region was dark do not count.
    """
    (site,) = [each for each in world.sites if each.name == expired.site]

    def reachable_since(at: datetime) -> timedelta:
        nights = (
            min(end, expired.since) - max(begin, at)
            for region, begin, end in world.skies.nights
            if region == expired.region and begin < expired.since and end > at
        )
        return expired.since - at - sum(nights, timedelta())

    return any(
        each.ends > expired.since and reachable_since(each.at) >= IN_TIME for each in site.delivered
    )
