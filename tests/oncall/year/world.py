"""The account in which the year is played, and what everybody in it can do."""

from __future__ import annotations

import random
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import TYPE_CHECKING

from certrotation.core.estate.expiry_windows import WindowPolicy, windows_of
from certrotation.core.rotation.request import RotationRequest
from certrotation.names.environment import LOOK_INTERVAL_MINUTES
from tests.oncall.year.expected_alarms import ExpectedAlarms
from tests.oncall.year.faults import BACKGROUND
from tests.oncall.year.functions import Functions
from tests.oncall.year.issuance import Issuance, cas_of
from tests.oncall.year.list_cache import caching_lists
from tests.oncall.year.population import (
    REGIONS,
    CertificateAuthorities,
    Delivery,
    Site,
    build,
    issued_sites_of,
    put_to_use,
    sites_of,
)
from tests.oncall.year.recorder import MetricRecorder
from tests.simulation.clock import Agenda, virtual_time
from tests.simulation.estate import HOME, PREFIX, account, client
from tests.simulation.faults import FaultInjector
from tests.simulation.oracle import Presented
from tests.simulation.runner import one_after_the_other
from tests.support.authorities import Authorities

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from certrotation.core.estate.expiry_windows import Windows
    from tests.infra.synthesis import Template
    from tests.oncall.year.expected_alarms import Injected
    from tests.simulation.estate import Estate
    from tests.support.authority import Issued

DEPLOYED = datetime(2027, 1, 1, 0, 17, 23, tzinfo=UTC)
"""No full hour, so that nothing is aligned by chance."""

STACK = "certrotation-test"
"""As the estate calls itself in `POWERTOOLS_SERVICE_NAME`."""

ISSUERS = {
    "ca90": {
        "kind": "acme",
        "directory": "https://ca90.example/directory",
        "allow": {"certrotation/*": ["shop.example.com"]},
    }
}
"""For the template, whose alarms depend on whether there are any."""

FIRST_IMPORTS = timedelta(hours=3)
"""When every copy is there, deaths mended, and dependents are made."""

LOOK_INTERVAL = timedelta(minutes=LOOK_INTERVAL_MINUTES)
_FIRST_LOOK = timedelta(minutes=4)
_EVENT = timedelta(seconds=2)
_EVENT_GIVEN_UP = timedelta(hours=2)
"""The rule's `maximum_event_age_in_seconds` (infra/service/secret_event_rule.py)."""


@dataclass(kw_only=True)
class World:
    """One account, its service, its people's book."""

    estate: Estate
    agenda: Agenda
    functions: Functions
    recorder: MetricRecorder
    faults: FaultInjector
    issuer: CertificateAuthorities
    presented: Presented
    chance: Random
    sites: list[Site]
    expected: ExpectedAlarms = field(default_factory=ExpectedAlarms)
    nights: list[tuple[str, datetime, datetime]] = field(default_factory=list)
    """Region, from and to: when it could not be reached."""
    delivered: Callable[[Site], object] = lambda _: None
    """Told of each delivery of right material."""
    issuance: Issuance | None = None
    """None if no secret has an issuer."""

    @property
    def now(self) -> datetime:
        """The present time."""
        return self.agenda.now

    def hours(self, low: float, high: float) -> timedelta:
        """Return some hours, by chance."""
        return timedelta(hours=self.chance.uniform(low, high))

    def windows(self, site: Site) -> Windows:
        """Return the windows of what a site should present now."""
        return windows_of(site.ends - site.lifetime, site.ends, WindowPolicy())

    def deliver(self, site: Site, issued: Issued | Mapping[str, str] | None = None) -> None:
        """Put material into a secret: what is right, if nothing else is given."""
        right = self.issuer.issue(site) if issued is None else None
        with self.estate.aws.unobserved():
            site.version = self.estate.renew(site.name, right or issued or {})
        if right:
            self.accept(site, right.certificate.not_valid_after_utc)
        self.tell_of(site)

    def accept(self, site: Site, ends: datetime) -> None:
        """Note that a secret holds right material from now on."""
        site.ends = ends
        site.delivered.append(Delivery(self.now, ends))
        self.delivered(site)

    def move_back(self, site: Site) -> None:
        """Move AWSCURRENT to the version before."""
        with self.estate.aws.unobserved():
            self.estate.roll_back(site.name)
        self.tell_of(site, names_version=False)

    def tell_of(self, site: Site, *, names_version: bool = True) -> None:
        """Let Secrets Manager tell the rule that a label was moved."""
        version = site.version if names_version else None
        request = RotationRequest(secret=PREFIX + site.name, version=version)
        runs = self.functions.runs
        if not self.functions.switches.rule_sends:
            self.agenda.after(
                _EVENT_GIVEN_UP,
                lambda: self.recorder.failed_into(
                    "NewMaterialDeadLetters", self.now, about=request.to_json()
                ),
            )
        elif self.chance.random() < BACKGROUND["an event is lost"]:
            runs["an event is lost"] += 1
        else:
            self.agenda.after(_EVENT, lambda: self.functions.send(request))

    def begin(self, injected: Injected, span: timedelta | None = None) -> None:
        """Let a fault begin; after `span` it is over by itself."""
        self.expected.inject(injected)
        if span is not None:
            self.agenda.after(span, lambda: self.end(injected))

    def end(self, injected: Injected) -> None:
        """Let a fault be over, once."""
        if injected.over is None:
            if injected.mend is not None:
                injected.mend()
            injected.over = self.now

    def turn(self, injected: Injected, switch: str, *, wrong: bool) -> None:
        """Turn a switch of the functions the wrong way until somebody mends that."""
        switches = self.functions.switches

        def turn_back() -> None:
            setattr(switches, switch, not wrong)
            self.functions.plan_poll()

        setattr(switches, switch, wrong)
        injected.mend = turn_back

    def first_end(self) -> datetime:
        """Return when the first certificate of all ends."""
        return min(each.ends for each in self.sites)


@contextmanager
def world(
    template: Template,
    numbers: Mapping[int, int],
    seed: int,
    issued: Mapping[int, int],
) -> Iterator[World]:
    """Make the account, deploy, import every copy and put it to use.

    Args:
        template: whose alarms are evaluated.
        numbers: how many sites, by the lifetime of their certificates in days.
        seed: of everything that is left to chance.
        issued: how many sites have an issuer, by the lifetime in days.
    """
    with ExitStack() as stack:
        traveller = stack.enter_context(virtual_time(DEPLOYED))
        authorities = Authorities.make()
        cache = stack.enter_context(caching_lists())
        roots = [authorities.public_root.certificate]
        estate = stack.enter_context(account(*REGIONS, roots=roots))
        aws = cache.aws = estate.aws
        stack.enter_context(one_after_the_other())
        random.seed(seed)  # botocore's back-off
        chances = [Random(f"{seed} {each}") for each in ("sites", "faults", "functions", "people")]  # noqa: S311  to be repeated, not to be secret
        agenda = Agenda(traveller)
        recorder = MetricRecorder(template, agenda.now)
        functions = Functions(estate, agenda, recorder, chances[2])
        stack.enter_context(functions.in_force())
        issuer = CertificateAuthorities(authorities, chances[0])
        sites = [*sites_of(numbers, chances[0]), *issued_sites_of(issued)]
        build(estate, sites, issuer, chances[0], agenda.now)
        agenda.every(timedelta(hours=1), functions.start_scan)
        agenda.run_until(DEPLOYED + FIRST_IMPORTS)
        with aws.unobserved():
            used = put_to_use(estate, sites, issuer, chances[0])
            presented = Presented(estate)
        for dependent, served in used.items():
            presented.follow(dependent, {each.name: each.domain for each in served})
        there = World(
            estate=estate,
            agenda=agenda,
            functions=functions,
            recorder=recorder,
            faults=FaultInjector(aws, chances[1]),
            issuer=issuer,
            presented=presented,
            chance=chances[3],
            sites=sites,
        )
        if issued:
            there.issuance = stack.enter_context(_issuing(there))
        yield there


@contextmanager
def _issuing(there: World) -> Iterator[Issuance]:
    """Let the hourly look run, and CAs answer, until exit."""
    with there.estate.aws.unobserved():
        made = client("route53", HOME).create_hosted_zone(Name="example.com", CallerReference="-")
    issuance = Issuance(there, cas_of(there), made["HostedZone"]["Id"].removeprefix("/hostedzone/"))
    for site in issuance.sites:
        issuance.ca_of(site).learn(issuance.leaf_of(site))
    with issuance.in_force():
        there.agenda.after(_FIRST_LOOK, lambda: there.agenda.every(LOOK_INTERVAL, issuance.look))
        yield issuance
