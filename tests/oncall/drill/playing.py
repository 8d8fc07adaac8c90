"""Plays a small world, nobody mending anything, until one fault has raised its alarm."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from infra.observability.alarm_texts import ALARM_TEXTS
from tests.oncall.alarm_state import State
from tests.oncall.drill.witness import Witness
from tests.oncall.year.deck import SETTLING_IN, Deck
from tests.oncall.year.faults import FAULTS, SEED
from tests.oncall.year.metering import EVERY
from tests.oncall.year.play import Teams
from tests.oncall.year.population import REGIONS, Site
from tests.oncall.year.world import world
from tests.support.estate import HOME, PREFIX, client, region_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from datetime import datetime

    from tests.infra.synthesis import Template
    from tests.oncall.alarm_board import Change
    from tests.oncall.year.faults import Fault
    from tests.oncall.year.ledger import Injected
    from tests.oncall.year.world import World

USUAL = 47
"""Days that a certificate of the drill lives, if the fault happens to such."""

_SITES = 6
_LONGEST = timedelta(days=80)
"""How long an alarm is waited for."""
_STEP = timedelta(minutes=5)
_SEEDS = 4
_RENEWED_MEANWHILE = timedelta(minutes=20)

TEAMS = ("Alder", "Birch", "Cedar", "Elm", "Hazel", "Maple")
"""Each site's, in turn."""


class NoAlarmError(RuntimeError):
    """The fault has not raised the alarm."""


@dataclass(kw_only=True)
class Scene:
    """A world in which an alarm has just gone off."""

    world: World
    witness: Witness
    injected: Injected
    change: Change
    heard: list[Callable[[Change], object]]
    """Who is told when an alarm changes."""
    spares: dict[str, str]
    """Certificates that nobody needs any more, by the listener that presents them."""

    @property
    def site(self) -> Site | None:
        """The site that the fault happens to, if it happens to one."""
        found = [each for each in self.world.sites if each.name == self.injected.subject]
        return found[0] if found else None


class OneCard(Deck):
    """A deck of one fault, dealt as early as it fits."""

    def __init__(self, there: World, fault: Fault, *, renews: bool) -> None:
        self._fault, self._renews = fault, renews
        self._days = lifetime_for(fault)
        super().__init__(there, there.now + timedelta(days=400), {fault.name: 1})

    def _deck(self, faults: Mapping[str, int]) -> list[tuple[datetime, Fault]]:
        del faults
        return [(self._began + SETTLING_IN, self._fault)]

    def _can_happen_to(self, fault: Fault, site: Site) -> bool:
        if fault.name == "a full listener" and len(site.sni) != 1:
            return False  # one is enough for a drill
        return site.days == self._days and super()._can_happen_to(fault, site)

    def _inject_at_any_time(self, fault: Fault) -> None:
        super()._inject_at_any_time(fault)
        if self._renews and self._world.ledger.injected:
            self._world.agenda.after(_RENEWED_MEANWHILE, self._renew_one)

    def _renew_one(self) -> None:
        """Renew a secret while a Region is dark: only then a rotation fails."""
        subject = self._world.ledger.injected[0].subject
        region = subject if subject in REGIONS else HOME
        site = next(each for each in self._world.sites if region in each.regions)
        self._world.deliver(site)


def lifetime_for(fault: Fault) -> int:
    """Return the lifetime, in days, of the certificates that a fault is drilled with."""
    return USUAL if USUAL in fault.lifetimes else min(fault.lifetimes)


def alarm_for(fault: Fault) -> str:
    """Return the alarm that a person acts on: what answers the fault, or what pages first."""
    if fault.answer is not None:
        return fault.answer.alarm
    return next(each for each in ALARM_TEXTS if each in fault.raises)


def drilled() -> list[tuple[str, str]]:
    """Return each fault that raises alarms, with each of these, and those that may follow."""
    return [
        (fault.name, alarm)
        for fault in FAULTS.values()
        for alarm in ALARM_TEXTS
        if fault.raises and alarm in fault.raises | fault.follows
    ]


@contextmanager
def played(template: Template, fault: Fault, alarm: str) -> Iterator[Scene]:
    """Play until `alarm` goes off because of `fault`.

    Raises:
        NoAlarmError: it did not, with any of the seeds.
    """
    first = SEED + _SEEDS * list(FAULTS).index(fault.name)
    for seed in range(first, first + _SEEDS):
        numbers = {lifetime_for(fault): _SITES}
        with world(template, numbers, seed, Witness) as there:
            assert isinstance(there.metering, Witness)
            with there.metering.listening():
                scene = _until(there, there.metering, fault, alarm)
                if scene is not None:
                    yield scene
                    return
    raise NoAlarmError(f"{fault.name} raised no {alarm}")


def _until(there: World, witness: Witness, fault: Fault, alarm: str) -> Scene | None:
    heard: list[Callable[[Change], object]] = []
    raised: list[Change] = []

    def look() -> None:
        for change in there.metering.look(there.now, there.functions.queue.oldest()):
            explains = list(there.ledger.hear(change))
            if explains and change.alarm == alarm and change.now is State.ALARM:
                raised.append(change)
            for each in heard:
                each(change)

    _describe(there)
    spares = _with_spares(there) if fault.name == "a full listener" else {}
    Teams(there, OneCard(there, fault, renews=alarm in fault.follows))
    there.agenda.every(EVERY, look)
    end = there.now + _LONGEST
    while not raised and there.now < end:
        there.agenda.run_until(there.now + _STEP)
    if not raised:
        return None
    return Scene(
        world=there,
        witness=witness,
        injected=there.ledger.injected[0],
        change=raised[0],
        heard=heard,
        spares=spares,
    )


def _describe(there: World) -> None:
    """Say of each secret who writes it."""
    secrets = client("secretsmanager", HOME)
    with there.estate.aws.unobserved():
        for number, site in enumerate(there.sites):
            team = TEAMS[number % len(TEAMS)]
            secrets.update_secret(
                SecretId=PREFIX + site.name,
                Description=f"Written by the renewal job of team {team} ({site.domain})",
            )


def _with_spares(there: World) -> dict[str, str]:
    """Put a certificate that nobody needs on each listener that presents some by SNI."""
    found: dict[str, str] = {}
    for number, listener in enumerate(sorted({e for site in there.sites for e in site.sni})):
        trial = Site(
            name=f"trial-{number}",
            days=398,
            regions=REGIONS[:1],
            key="p256",
            is_private=False,
            has_client_auth=False,
            names=(f"trial-{number}.example.com",),
        )
        region = region_of(listener)
        with there.estate.aws.unobserved():
            arn = there.estate.certificate(there.issuer.issue(trial), region)
            client("elbv2", region).add_listener_certificates(
                ListenerArn=listener, Certificates=[{"CertificateArn": arn}]
            )
        found[listener] = arn
    return found
