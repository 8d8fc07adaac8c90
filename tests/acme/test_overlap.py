"""Several rotations at the same time: whole functions, and record sets that they share."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
import time_machine

from certrotation.core.material.host_names import names_of
from tests.acme.conftest import leftovers, zone
from tests.acme.issuance import Issuance
from tests.simulation.estate import HOME, PREFIX
from tests.simulation.runner import run_issue
from tests.support.authority import now

if TYPE_CHECKING:
    from tests.acme.pebble import Pebble
    from tests.double import Call
    from tests.simulation.estate import Estate

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

TARGET = "_acme-challenge.every.dns.net"
TOO_BUSY = "i/o timeout"
WANTED = {
    "apex": ("example.com", "*.example.com"),
    "apex-again": ("*.example.com", "example.com"),
    "wildcard": ("*.example.com",),
    "www": ("www.example.com",),
    "blog": ("blog.example.com", "www.example.com"),
    "all": ("example.com", "*.example.com", "www.example.com", "blog.example.com"),
}
"""The names of each secret: the first three share the record set of the apex, the next two that of
the target of two aliases, and the last secret shares both."""


@pytest.fixture
def zones() -> tuple[str, str]:
    aliases = {f"_acme-challenge.{each}.example.com": TARGET for each in ("www", "blog")}
    return zone("example.com", **aliases), zone("dns.net")


@pytest.fixture
def issuance(estate: Estate, trusted_server: Pebble, zones: tuple[str, str]) -> Issuance:
    allow = {f"{PREFIX}*": ["example.com", "*.example.com"]}
    issuance = Issuance(estate, trusted_server, zones[0], zones=[*zones], allow=allow)
    for name, names in WANTED.items():
        issuance.request(name, *names)
        issuance.start(name)
    return issuance


def expect_every_certificate(issuance: Issuance, zones: tuple[str, str]) -> None:
    """Each secret has its names from exactly one certificate, and nothing is left."""
    found = {name: names_of(issuance.leaf(name)) for name in WANTED}
    assert found == {name: set(names) for name, names in WANTED.items()}
    assert issuance.server.issued() == len(WANTED)
    assert leftovers(*zones) == []
    assert all(map(issuance.is_clean, WANTED))


def test_rotations_that_share_record_sets_run_at_once_and_each_gets_its_certificate(
    issuance: Issuance, estate: Estate, zones: tuple[str, str]
) -> None:
    # At first, several make the account: all but one are tried again, and all use that one.
    failures = issuance.run_together(estate.aws.rotations(HOME), tries=8)
    # On a busy machine, Pebble's two seconds for an answer by DNS may be over.
    for hours in (2, 4, 6):
        if any(TOO_BUSY in each for each in failures):
            with time_machine.travel(now() + timedelta(hours=hours), tick=True):
                issuance.look()
                failures += issuance.run_together(estate.aws.rotations(HOME))

    unvalidated = [each for each in failures if each.startswith("ISSUANCE_UNVALIDATED")]
    assert [each for each in unvalidated if TOO_BUSY not in each] == []
    expect_every_certificate(issuance, zones)
    assert issuance.server.accounts() == 1


def test_a_rotation_in_the_middle_of_anothers_changes_to_dns_disturbs_neither(
    issuance: Issuance, estate: Estate, zones: tuple[str, str]
) -> None:
    """Before every fourth call of Route 53, another whole rotation takes place, nested."""
    waiting = estate.aws.rotations(HOME)
    calls = 0
    failures: list[str] = []

    def begin_another(call: Call) -> None:
        nonlocal calls
        calls += call.service == "route53"
        if call.service == "route53" and waiting and calls % 4 == 0:
            failures.extend(waiting.pop().run(run_issue))

    with estate.aws.before(begin_another):
        while waiting:
            failures += issuance.run_together([waiting.pop()])

    assert [each for each in failures if TOO_BUSY not in each] == []
    assert issuance.server.orders() == len(WANTED)
    expect_every_certificate(issuance, zones)
