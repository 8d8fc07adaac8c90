"""Deals the faults over the year, each at a time when it can be seen to raise its own alarms."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from tests.oncall.year import at_issuance, at_renewal
from tests.oncall.year.at_any_time import AT_ANY_TIME
from tests.oncall.year.at_issuance import AT_ISSUANCE
from tests.oncall.year.at_renewal import AT_RENEWAL
from tests.oncall.year.expected_alarms import Injected
from tests.oncall.year.faults import CRITICAL, FAULTS
from tests.oncall.year.functions import INTERVAL
from tests.oncall.year.world import DEPLOYED

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from tests.oncall.year.faults import Fault
    from tests.oncall.year.population import Site
    from tests.oncall.year.world import World

SETTLING_IN = timedelta(days=2)
"""Before the first fault; and so long before the end the last one is over."""

_TRIED_AGAIN = timedelta(hours=7)
"""When a fault is tried again that would have hidden another's alarms, or hit nothing."""

_ORDINARY = timedelta(hours=30)
"""How long a fault has its alarms for itself, unless it says otherwise."""

_OF_A_CA = timedelta(days=4)
"""How long a fault of a CA needs its alarms that is fixed soon: a refused order is sent again after
twelve hours."""

_AWAITED = frozenset({"AwaitingMaterial", "UnmanagedExpiring"}) | CRITICAL

_ALONE: Mapping[str, frozenset[str]] = {
    # They give one setting of the double another value.
    "key type changed": frozenset({"moves"}),
    "a full listener": frozenset({"moves"}),
    "a distribution in progress": frozenset({"moves"}),
    "a custom domain in progress": frozenset({"moves"}),
    "domain updates used up": frozenset({"moves"}),
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


class FaultSchedule:
    """Faults that wait for their time."""

    def __init__(self, world: World, end: datetime, faults: Mapping[str, int]) -> None:
        self._world, self._end = world, end
        self._began = world.now
        self._entries = self._entries_of(faults)
        for when, fault in self._entries:
            if fault.name in AT_ANY_TIME:
                self._plan(fault, when)

    @property
    def waiting(self) -> list[str]:
        """The faults that have not begun."""
        return [fault.name for _, fault in self._entries]

    def _entries_of(self, faults: Mapping[str, int]) -> list[tuple[datetime, Fault]]:
        """Deal each fault the earliest moment at which it may begin, evenly over the year."""
        chance, span = self._world.chance, self._end - self._began - 2 * SETTLING_IN
        entries = [
            (
                self._began + SETTLING_IN + span * 0.85 * (number + chance.random()) / times,
                FAULTS[name],
            )
            for name, times in faults.items()
            for number in range(times)
        ]
        return sorted(entries, key=lambda entry: entry[0])

    # At a renewal

    def deal(self, site: Site) -> bool:
        """Let a fault happen to a site that is about to be renewed, if one fits."""
        for entry in self._entries:
            when, fault = entry
            if when > self._world.now:
                break
            if self._can_happen_to(fault, site):
                self._entries.remove(entry)
                self._inject_at_renewal(fault, site)
                return True
        return False

    def _can_happen_to(self, fault: Fault, site: Site) -> bool:
        fits = {**at_renewal.FITS, **at_issuance.FITS}.get(fault.name)
        is_here = fault.begins == ("at an issuance" if site.issuer else "at a renewal")
        if not is_here or site.days not in fault.lifetimes:
            return False
        if fits is not None and not fits(site):
            return False
        begin, end = self._span(fault, site)
        wanted = fault.raises | fault.follows | _ALONE.get(fault.name, frozenset())
        # One fault at a time for each CA.
        wanted |= {site.issuer} if site.issuer else set()
        if end > self._end - SETTLING_IN or wanted & self._world.recorder.board.on():
            return False
        return self._world.expected.keep(wanted, begin, end)

    def _span(self, fault: Fault, site: Site) -> tuple[datetime, datetime]:
        """Return from when to when a fault that begins at a renewal needs its alarms."""
        if fault.begins == "at an issuance":
            return self._world.now, self._end_at_issuance(fault, site)
        if "AwaitingMaterial" not in fault.raises:
            return self._world.now, self._world.now + _ORDINARY
        windows = self._world.windows(site)
        end = site.ends if fault.raises & CRITICAL else windows.critical_opens
        return windows.warning_opens, end + timedelta(hours=12)

    def _end_at_issuance(self, fault: Fault, site: Site) -> datetime:
        """Return until when a fault of a CA needs its alarms."""
        if fault.raises & CRITICAL:
            return site.ends + timedelta(hours=12)
        if "IssuanceStalled" in fault.raises:
            return self._world.windows(site).warning_opens
        return self._world.now + _OF_A_CA

    def _inject_at_renewal(self, fault: Fault, site: Site) -> None:
        world = self._world
        injected = Injected(fault=fault, begin=world.now, subject=site.name, expires=site.ends)
        issuance = world.issuance
        if site.issuer and issuance is not None:
            # How long such a fault lasts counts from the first request that meets it.
            world.begin(injected)
            AT_ISSUANCE[fault.name](world, issuance, site, injected)
            return
        world.begin(injected, self._lasts(fault))
        AT_RENEWAL[fault.name](world, site, injected)

    # At any time

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
            and not wanted & world.recorder.board.on()
            and world.expected.keep(wanted, world.now, world.now + needed)
            and AT_ANY_TIME[fault.name](world, injected)
        )
        if is_possible:
            self._entries.remove(next(each for each in self._entries if each[1] is fault))
            world.begin(injected, lasts)
        elif world.now < self._end:
            self._plan(fault, world.now + _TRIED_AGAIN)

    def _lasts(self, fault: Fault) -> timedelta | None:
        """Return how long a fault lasts by itself; None if somebody or something ends it."""
        if fault.answer is not None or "AwaitingMaterial" in fault.raises:
            return None
        return self._world.hours(*fault.hours)
