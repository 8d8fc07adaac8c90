"""Secrets with an issuer: the hourly look, rotations as Secrets Manager runs them, and the CAs.

The issue function is the real one, with its adapters of AWS; the CAs behind its port are those of
the simulation. A year has 8,760 looks. One that can find nothing else than the look before is not
carried out: its metrics are put again. That is so if

- the last six looks, among which each certificate's window is asked for, found every secret
  current, and the earliest renewal that they name has not come,
- nothing has changed in Secrets Manager, or in what a CA would answer, since then,
- and no fault is in force but those of CAs, which count as such a change.
"""

from __future__ import annotations

import json
from contextlib import ExitStack
from datetime import datetime, timedelta
from functools import partial
from random import Random
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from cryptography import x509

from certrotation.core.issuance import renewal
from certrotation.core.issuance.report import State
from certrotation.core.issuance.signing_request import ari_identifier
from certrotation.errors import CertRotationError
from certrotation.workflows.look import Look
from tests.oncall.year.faults import BACKGROUND
from tests.simulation.certificate_authority import SimulatedCa, cas_in_force
from tests.simulation.estate import HOME, PREFIX, client
from tests.simulation.faults import DeathError, dying, nth
from tests.simulation.runner import run_issue

if TYPE_CHECKING:
    from collections.abc import Iterator

    from certrotation.core.issuance.report import LookReport
    from tests.double import Call
    from tests.double.embedded import PendingRotation
    from tests.oncall.year.population import Site
    from tests.oncall.year.world import World
    from tests.simulation.estate import Run

LOOK, STEP = "looks", "rotations by Secrets Manager"

_TIMEOUT = timedelta(minutes=10)
"""Of the issue function (infra/service/issue_function.py)."""

_ASKED_WITHIN = 6
"""Looks in which each certificate's window is asked for (core/issuance/renewal.py)."""

_STARTED = timedelta(seconds=3)
_TRIED_AGAIN = (timedelta(minutes=5), timedelta(minutes=15), timedelta(minutes=30))
"""When a rotation whose step failed is tried again. AWS says that it retries "multiple times", and
neither how often nor when (Secrets Manager User Guide, Rotation by Lambda function)."""

_MOST_CALLS = 30
"""About as many calls of AWS as the four steps make: a death is at one of them."""

_READS = ("Describe", "Get", "List")


class Issuance:
    """The issue function, its schedule, Secrets Manager's rotations, and the CAs."""

    def __init__(self, world: World, cas: dict[str, SimulatedCa], zone: str) -> None:
        self.cas = cas
        self.is_scheduled = True
        self.dies = False
        self.moods = 0
        """How often something about a CA has changed."""
        self._world = world
        self._chance: Random = world.chance
        self._hashes: dict[str, int] = {}
        self._draw = Random("hashes")  # noqa: S311  to be repeated, not to be secret
        self._changes = 0
        self._known = (-1, -1)
        """Changes and moods at the last look that was carried out."""
        self._looks: list[LookReport] = []
        """Those since something changed, an hour apart: each hour asks for other windows."""
        self._has_skipped = False
        self._said: list[dict[str, Any]] = []
        """The metrics of the last look."""
        issuers = {name: _setting(name, zone, self.sites_of(name)) for name in cas}
        world.estate.environment["CERTROTATION_ISSUERS"] = json.dumps(issuers)
        world.estate.aws.after(self._note_change)

    @property
    def sites(self) -> list[Site]:
        """The sites whose secrets have an issuer."""
        return [each for each in self._world.sites if each.issuer]

    def sites_of(self, issuer: str) -> list[Site]:
        """Return the sites of one CA."""
        return [each for each in self.sites if each.issuer == issuer]

    def ca_of(self, site: Site) -> SimulatedCa:
        """Return the CA of a site, about which something changes now."""
        self.moods += 1
        return self.cas[str(site.issuer)]

    def in_force(self) -> Any:
        """Give the function these CAs, until exit."""
        stack = ExitStack()
        stack.enter_context(cas_in_force(self.cas))
        # A hash of serial numbers, which differ from year to year, would make the seed useless.
        stack.enter_context(patch.object(renewal, "_hash_of", self._chosen))
        return stack

    def _chosen(self, identity: str) -> int:
        """Return what takes the place of a certificate's hash: always the same number for it."""
        if identity not in self._hashes:
            self._hashes[identity] = self._draw.getrandbits(64)
        return self._hashes[identity]

    # The look

    def look(self) -> None:
        """Let the schedule fire."""
        if not self.is_scheduled:
            self._looks.clear()
            return
        world = self._world
        world.functions.runs[LOOK] += 1
        if self._is_quiet():
            self._has_skipped = True
            for line in self._said:
                world.recorder.store.put_emf(line, world.now)
            return
        if self._has_skipped:
            self._has_skipped = False
            self._looks.clear()
        world.functions.runs["looks carried out"] += 1
        self._carry_out()
        for each in world.estate.aws.rotations(HOME):
            world.agenda.after(_STARTED, partial(self._rotate, each, 0))

    def _is_quiet(self) -> bool:
        looks = self._looks
        if self._known != (self._changes, self.moods):
            looks.clear()
        self._known = (self._changes, self.moods)
        return (
            len(looks) >= _ASKED_WITHIN
            and not self.dies
            and not any(map(_concerns_the_look, self._world.expected.injected))
            and all(found.state is State.CURRENT for each in looks for found in each.looked)
            and self._world.now
            < min(e.renewal.at for look in looks for e in look.looked if e.renewal)
        )

    def _carry_out(self) -> None:
        reports: list[LookReport] = []
        right = Look.run

        def run(look: Look) -> LookReport:
            reports.append(right(look))
            return reports[-1]

        with patch.object(Look, "run", run):
            said = self._run({}, dies=self.dies)
        if not reports or said is None:
            self._looks.clear()
            return
        self._looks = [*self._looks, *reports][-_ASKED_WITHIN:]
        self._said = said.metrics

    # Rotations

    def _rotate(self, rotation: PendingRotation, tried: int) -> None:
        """Let Secrets Manager run the four steps, and again later if one fails."""
        world = self._world
        world.functions.runs[STEP] += 1
        dies = self.dies or self._chance.random() < BACKGROUND["an issuance dies"]
        world.functions.runs["an issuance dies"] += dies
        world.functions.may_run_for(_TIMEOUT)
        before = self._current(rotation.arn)
        failures: list[str] = []
        with ExitStack() as stack:
            if dies:
                number = self._chance.randint(1, _MOST_CALLS)
                when = self._chance.choice(("before", "after"))
                stack.enter_context(dying(world.estate.aws, when, nth(number)))  # type: ignore[arg-type]  # one of the two
            stack.enter_context(world.estate.listening())
            try:
                failures = rotation.run(run_issue)
            except DeathError:
                failures = ["dead"]
        world.functions.calls.update((e.service, e.operation) for e in world.estate.aws.calls)
        world.estate.aws.calls.clear()
        if failures and tried < len(_TRIED_AGAIN):
            world.agenda.after(_TRIED_AGAIN[tried], partial(self._try_again, rotation, tried + 1))
        self._hand_over(rotation.arn, before)

    def _try_again(self, rotation: PendingRotation, tried: int) -> None:
        """Try again, unless the version is not pending any more."""
        with self._world.estate.aws.unobserved():
            described = client("secretsmanager", HOME).describe_secret(SecretId=rotation.arn)
        if "AWSPENDING" in described["VersionIdsToStages"].get(rotation.token, ()):
            self._rotate(rotation, tried)

    def _hand_over(self, arn: str, before: str) -> None:
        """Note the new material of a secret, and let the rule hear of the label that moved."""
        world, version = self._world, self._current(arn)
        if version == before:
            return
        (site,) = [
            each for each in self.sites if f":{PREFIX}{each.name}-" in f":{arn.split(':')[6]}"
        ]
        site.version = version
        world.accept(site, self.leaf_of(site).not_valid_after_utc)
        world.tell_of(site)

    def leaf_of(self, site: Site) -> x509.Certificate:
        """Return the certificate that a secret holds."""
        name = PREFIX + site.name
        version = self._current(name)
        with self._world.estate.aws.unobserved():
            secrets = client("secretsmanager", HOME)
            value = secrets.get_secret_value(SecretId=name, VersionId=version)
        return x509.load_pem_x509_certificate(
            json.loads(value["SecretString"])["certificate"].encode()
        )

    def identifier_of(self, site: Site) -> str:
        """Return ARI's identifier of what a secret holds."""
        return ari_identifier(self.leaf_of(site)) or ""

    def _current(self, secret: str) -> str:
        with self._world.estate.aws.unobserved():
            stages = client("secretsmanager", HOME).describe_secret(SecretId=secret)
        labels = stages["VersionIdsToStages"].items()
        return str(next(version for version, held in labels if "AWSCURRENT" in held))

    # Both

    def _run(self, event: dict[str, str], *, dies: bool) -> Run | None:
        """Run the function; None if it failed or was killed."""
        world = self._world
        world.functions.may_run_for(_TIMEOUT)
        aws, answered = world.estate.aws, False
        with ExitStack() as stack:
            run = stack.enter_context(world.estate.listening())
            if dies:
                stack.enter_context(dying(aws, "before", nth(1)))
            try:
                run_issue(event)
                answered = True
            except (DeathError, CertRotationError):
                pass
            except Exception as bug:  # noqa: BLE001  whatever it is, it is a finding
                world.functions.bugs.append(f"{world.now:%Y-%m-%d %H:%M} a look: {bug!r}")
        world.recorder.said(run)
        world.functions.calls.update((each.service, each.operation) for each in aws.calls)
        aws.calls.clear()
        return run if answered else None

    def _note_change(self, call: Call) -> None:
        is_write = call.service == "secretsmanager" and not call.operation.startswith(_READS)
        self._changes += is_write


def _concerns_the_look(injected: Any) -> bool:
    """Whether a fault may change what a look finds, without a change that is counted."""
    fault = injected.fault
    is_elsewhere = fault.begins != "at any time" and fault.name != "report mode forgotten"
    return injected.over is None and not is_elsewhere


def _setting(name: str, zone: str, sites: list[Site]) -> dict[str, Any]:
    return {
        "kind": "acme",
        "directory": f"https://{name}.example/directory",
        "zones": [zone],
        "allow": {PREFIX + each.name: [*each.names] for each in sites},
    }


def window_opens(site: Site) -> datetime:
    """Return when the renewal window of a site's certificate opens, at the earliest."""
    half_or_third = 2 if site.lifetime < timedelta(days=10) else 3
    return site.ends - site.lifetime / half_or_third - site.lifetime / 100


def cas_of(world: World) -> dict[str, SimulatedCa]:
    """Return the CAs of the sites that have one, each for one lifetime."""
    authority = world.issuer.public
    return {
        str(each.issuer): SimulatedCa(
            authority=authority, lifetime=each.lifetime, dns=world.estate.aws.text_values
        )
        for each in world.sites
        if each.issuer
    }


def unfit(issuance: Issuance) -> Iterator[str]:
    """Yield what the issuance left behind at the end of the year."""
    secrets = client("secretsmanager", HOME)
    for site in issuance.sites:
        described = secrets.describe_secret(SecretId=PREFIX + site.name)
        labels = {each for held in described["VersionIdsToStages"].values() for each in held}
        if not labels <= {"AWSCURRENT", "AWSPREVIOUS"}:
            yield f"{site.name} is left with {sorted(labels)}"
