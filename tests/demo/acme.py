"""The optional act: a team tags a secret, and a real ACME server issues its certificates."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import time_machine

from certrotation.core.material.host_names import names_of
from certrotation.names import tags
from tests.acme.issuance import Issuance
from tests.acme.local_ca import NAMES, SECRET, real_ca
from tests.demo.expectations import Expectation
from tests.demo.inventory import take_inventory
from tests.simulation.estate import PREFIX
from tests.support.authority import now

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cryptography import x509

    from tests.acme.local_ca import Ca
    from tests.demo.screen import Screen
    from tests.simulation.estate import Estate

NAME = NAMES[-1]
TITLE = "A team asks a CA"
MISSING = (
    "This act was left out: Pebble, a real ACME server for tests, is not on this machine. To"
    " download it into the folder .pebble, which installs nothing: make pebble (Debian). Then run"
    " make demo ACME=1 again."
)
_REVOKED = {
    "suggestedWindow": {"start": "2026-01-01T00:00:00Z", "end": "2026-01-02T00:00:00Z"},
    "explanationURL": "https://ca.example/why-we-revoke",
}
_LOOKS = 6
"""Hourly looks, among which the CA is asked for the renewal window of every certificate."""


def ask_a_ca(estate: Estate, screen: Screen, roots: list[x509.Certificate]) -> list[Expectation]:
    """Perform the act; returns what must hold, which is nothing without an ACME server.

    Args:
        estate: the account.
        screen: where to write.
        roots: the public roots of the account, to which the CA's are added.
    """
    screen.act(
        TITLE,
        "Pebble, a real ACME server, runs on this machine and validates names by DNS, out of the"
        " account's Route 53. A team tags a secret with the name of the issuer. The secret has a"
        " request, and no certificate.",
    )
    with TemporaryDirectory() as folder, real_ca(estate.aws, Path(folder) / "ca") as ca:
        if ca is None:
            screen.say(MISSING)
            return []
        usual = dict(estate.environment)
        estate.trust(Path(folder), *roots, *(ca.server.root(each) for each in (0, 1)))
        try:
            return list(_perform(estate, screen, ca))
        finally:
            estate.environment.clear()
            estate.environment.update(usual)


def _perform(estate: Estate, screen: Screen, ca: Ca) -> Iterator[Expectation]:
    issuance = Issuance(estate, ca.server, ca.zone, allow={PREFIX + SECRET: [NAME]})
    issuance.request(SECRET, NAME)
    issuance.look()
    failures = issuance.rotate()
    estate.run()
    screen.say(
        f"The hourly look found {PREFIX}{SECRET}, and Secrets Manager ran the four steps of a"
        f" rotation: {_words(issuance.leaf(SECRET))} Rotate put the certificate live:"
    )
    screen.inventory([each for each in take_inventory(estate) if each.secret == PREFIX + SECRET])
    copies = _copies(estate)
    yield Expectation(
        sentence="a certificate of a real ACME server is live in three Regions",
        holds=not failures
        and {each.split(":")[3] for each in copies} == {*estate.regions}
        and set(copies.values()) == {issuance.leaf(SECRET)}
        and names_of(issuance.leaf(SECRET)) == {NAME},
    )
    first = issuance.leaf(SECRET)
    ca.server.set_window(first, _REVOKED)
    hours = _look_until_started(issuance)
    failures += issuance.rotate()
    estate.run()
    screen.say(
        f"Then the CA announced that it revokes the certificate. The look of hour {hours} asked"
        f" for the renewal window, and began the renewal: {_words(issuance.leaf(SECRET))} The"
        " ARNs stay as they were."
    )
    yield Expectation(
        sentence="what the CA revokes is replaced within six looks, under the same ARNs",
        holds=not failures
        and issuance.leaf(SECRET) != first
        and _copies(estate) == dict.fromkeys(copies, issuance.leaf(SECRET)),
    )
    yield Expectation(
        sentence="no DNS record, no note and nothing pending is left of both issuances",
        holds="TXT" not in ca.records() and issuance.is_clean(SECRET),
    )


def _look_until_started(issuance: Issuance) -> int:
    """Look once an hour until a rotation begins; returns in which hour that was."""
    for hour in range(1, _LOOKS + 1):
        with time_machine.travel(now() + timedelta(hours=hour), tick=True):
            summary = issuance.look().summary  # type: ignore[attr-defined]  # of look
        if any(each["state"] == "started" for each in summary["secrets"]):
            return hour
    return 0


def _copies(estate: Estate) -> dict[str, x509.Certificate]:
    """Return what each copy of the secret presents, by its ARN."""
    return {
        arn: estate.presents(arn)
        for region in estate.regions
        for arn in estate.certificates(region)
        if estate.tags(arn).get(tags.SECRET) == PREFIX + SECRET
    }


def _words(leaf: x509.Certificate) -> str:
    issuer = leaf.issuer.rfc4514_string()
    return f"{issuer} issued a certificate for {', '.join(sorted(names_of(leaf)))}."
