"""Plays the year: teams renew, faults begin, alarms go off, people act; and what became of it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from tests.oncall.year.at_issuance import BEFORE
from tests.oncall.year.fault_schedule import FaultSchedule
from tests.oncall.year.faults import FAULTS, SEED
from tests.oncall.year.functions import INTERVAL
from tests.oncall.year.issuance import unfit, window_opens
from tests.oncall.year.operator_model import OperatorModel
from tests.oncall.year.population import RENEWED_AT
from tests.oncall.year.recorder import EVERY
from tests.oncall.year.world import DEPLOYED, FIRST_IMPORTS, world

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from tests.infra.synthesis import Template
    from tests.oncall.year.expected_alarms import ExpectedAlarms, Injected
    from tests.oncall.year.issuance import Issuance
    from tests.oncall.year.population import Site
    from tests.oncall.year.world import World
    from tests.simulation.oracle import Expired

YEAR = {6: 6, 47: 60, 90: 60, 200: 50, 398: 34}
"""Sites by the lifetime of their certificates, in days."""

ISSUED = {6: 2, 47: 5, 90: 5}
"""Of these, sites whose secrets have an issuer, beside the others."""

TURNED = 3 * INTERVAL
"""After the critical window has opened: how long scans count that."""

IN_TIME = timedelta(hours=24) + 3 * INTERVAL
"""Before the end of what is presented: how early material must come, its Region reachable."""

_JITTER = 0.02
"""Of the lifetime: renewals are not on the dot."""


@dataclass(frozen=True, kw_only=True)
class Played:
    """What became of the year."""

    days: int
    sites: int
    copies: int
    dependents: Mapping[str, int]
    """By what they are."""
    expected: ExpectedAlarms
    expired: list[Expired]
    broken: list[Expired]
    """Of these, the ones for which material had been delivered in time."""
    waiting: list[str]
    """Faults that found no time of their own."""
    went_off: Counter[str]
    """How often each alarm did."""
    still_on: frozenset[str]
    """Alarms that had not cleared at the end, days after the last fault."""
    calls: Counter[tuple[str, str]]
    runs: Counter[str]
    bugs: list[str]
    messages: int
    logged: Counter[str]
    """Bytes that each function wrote."""
    alarmed: int
    """Metrics that the alarms look at: CloudWatch charges for each."""
    issuance: Counter[str] = field(default_factory=Counter)
    """Secrets with an issuer, orders that were sent, and certificates that were issued."""


class Teams:
    """They renew what is theirs, with a third of the lifetime left."""

    def __init__(self, world: World, schedule: FaultSchedule) -> None:
        self._world, self._schedule = world, schedule
        world.delivered = self._plan
        for site in world.sites:
            self._plan(site)

    def _plan(self, site: Site) -> None:
        """Plan a site's next renewal."""
        if site.issuer:
            deal = partial(self._deal, site, site.ends)
            self._world.agenda.at(window_opens(site) - BEFORE, deal)
            return
        jitter = self._world.chance.random() * _JITTER
        begin = site.ends - site.lifetime
        self._world.agenda.at(
            begin + (RENEWED_AT + jitter) * site.lifetime, lambda: self._renew(site)
        )
        site.is_busy = False

    def _deal(self, site: Site, ends: datetime) -> None:
        """Let a fault happen, unless the certificate was renewed earlier, as after a revocation."""
        if site.ends == ends:
            self._schedule.deal(site)

    def _renew(self, site: Site) -> None:
        site.is_busy = True
        if not self._schedule.deal(site):
            self._world.deliver(site)


def play(
    template: Template,
    *,
    numbers: Mapping[int, int] | None = None,
    days: int = 365,
    faults: Mapping[str, int] | None = None,
    seed: int = SEED,
    issued: Mapping[int, int] | None = None,
) -> Played:
    """Play so many days, and return what became of them.

    Args:
        template: whose alarms are evaluated.
        numbers: how many sites, by the lifetime of their certificates in days.
        days: how long.
        faults: how often each kind of fault is injected; all of them as in the table, if not given.
        seed: of everything that is left to chance.
        issued: how many sites have an issuer, by the lifetime in days; the template has issuers
            then. Those of the whole year, if neither these nor `numbers` are given.
    """
    if issued is None:
        issued = {} if numbers else ISSUED
    if faults is None:
        faults = {each.name: each.times for each in FAULTS.values()}
    with world(template, numbers or YEAR, seed, issued) as there:
        end = DEPLOYED + FIRST_IMPORTS + timedelta(days=days)
        schedule = FaultSchedule(there, end, faults)
        Teams(there, schedule)
        there.agenda.every(EVERY, OperatorModel(there).look)
        there.agenda.run_until(end)
        copies = sum(len(each.regions) for each in there.sites)
        expired = there.presented.expired(end)
        functions, issuance = there.functions, there.issuance
        if issuance is not None:
            with there.estate.aws.unobserved():
                functions.bugs.extend(unfit(issuance))
        for each in there.expected.injected:
            each.excused = excused_of(each, functions.scans)
        return Played(
            days=days,
            sites=len(there.sites),
            copies=copies,
            dependents=_counted(there.sites),
            expected=there.expected,
            expired=expired,
            broken=[each for each in expired if _was_in_time(there, each)],
            waiting=schedule.waiting,
            went_off=Counter(there.recorder.board.raised()),
            still_on=frozenset(there.recorder.board.on()),
            calls=functions.calls,
            runs=functions.runs,
            bugs=functions.bugs,
            messages=functions.queue.sent,
            logged=functions.logged,
            issuance=_issued(issuance) if issuance else Counter(),
            alarmed=sum(len(e.statistics) for e in there.recorder.board.alarms.values()),
        )


def _issued(issuance: Issuance) -> Counter[str]:
    return Counter(
        {
            "secrets with an issuer": len(issuance.sites),
            "orders": sum(each.asked for each in issuance.cas.values()),
            "certificates issued": sum(each.issued for each in issuance.cas.values()),
        }
    )


def excused_of(injected: Injected, scans: Sequence[datetime]) -> frozenset[str]:
    """Return what could not be told, because no scan came to its end while it was to be counted.

    A certificate that turns critical while the service itself is down for longer than three
    intervals is never counted as having just turned (docs/decisions/0010); ScanMissing has paged,
    and CertificateCritical pages when scans come again.
    """
    alarm = "CertificateTurnedCritical"
    opened = injected.since.get(alarm)
    is_seen = opened is None or any(opened <= each <= opened + TURNED for each in scans)
    return frozenset() if is_seen else frozenset({alarm})


def _counted(sites: Sequence[Site]) -> Mapping[str, int]:
    every = {each for site in sites for each in site.dependents}
    of_apis = {each for site in sites for each in site.api_domains}
    of_pools = {each for site in sites for each in site.user_pools}
    return {
        "listeners and distributions": len(every - of_apis - of_pools),
        "custom domain names of API Gateway": len(of_apis),
        "custom domains of Cognito user pools": len(of_pools),
    }


def _was_in_time(world: World, expired: Expired) -> bool:
    """Say whether the site's secret had held right material long enough before.

    Hours in which a Region of the dependent, or of its certificate, was dark do not count.
    """
    (site,) = [each for each in world.sites if each.name == expired.site]

    def reachable_since(at: datetime) -> timedelta:
        nights = (
            min(end, expired.since) - max(begin, at)
            for region, begin, end in world.nights
            if region in expired.regions and begin < expired.since and end > at
        )
        return expired.since - at - sum(nights, timedelta())

    return any(
        each.ends > expired.since and reachable_since(each.at) >= IN_TIME for each in site.delivered
    )
