"""The issue function dies at each of its calls, with a CA of AWS Private CA, and goes on.

A CA that has issued remembers the request for five minutes. So a death between the CA's answer and
the note of the certificate's ARN costs a second certificate only if the next attempt comes later.
"""

from __future__ import annotations

from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Literal

import pytest
import time_machine

from tests.handlers.private_issuance import PrivateIssuance
from tests.simulation.estate import HOME
from tests.simulation.faults import DeathError
from tests.support.authority import now

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.double import Call
    from tests.double.embedded import PendingRotation
    from tests.simulation.estate import Estate
    from tests.support.authorities import Authorities

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

When = Literal["before", "after"]


class Deaths:
    """Kills at one of the calls of AWS, and remembers which one that was."""

    def __init__(self, when: When, number: int) -> None:
        self.calls: list[str] = []
        self.is_dead = False
        self._when, self._number = when, number

    @contextmanager
    def counted(self, estate: Estate) -> Iterator[None]:
        """Count, and kill, until exit."""
        with estate.aws.before(self._before), estate.aws.after(self._after):
            yield

    def _before(self, call: Call) -> None:
        if not self.is_dead:
            self.calls.append(call.operation)
        self._die_at("before")

    def _after(self, _: Call) -> None:
        self._die_at("after")

    def _die_at(self, when: When) -> None:
        self.is_dead |= when == self._when and len(self.calls) == self._number
        if self.is_dead:
            raise DeathError


@pytest.fixture
def issuance(estate: Estate, authorities: Authorities) -> PrivateIssuance:
    allow = {"certrotation/*": ["*.example.com"]}
    return PrivateIssuance(
        estate, estate.aws.private_ca(authorities.private, region=HOME), allow=allow
    )


def play(issuance: PrivateIssuance, name: str, deaths: Deaths) -> PendingRotation:
    """Begin a rotation for a new secret, and let the function die in it."""
    issuance.request(name, f"{name}.example.com")
    issuance.start(name)
    (rotation,) = issuance.estate.aws.rotations(HOME)
    with deaths.counted(issuance.estate):
        try:
            assert issuance.run(rotation) == []
        except DeathError:
            assert deaths.is_dead
    return rotation


@pytest.mark.parametrize(
    ("when", "continued_by"),
    [("before", "Secrets Manager"), ("after", "Secrets Manager"), ("after", "the look")],
)
def test_a_death_at_any_call_ends_in_one_certificate_with_nothing_pending(
    issuance: PrivateIssuance, when: When, continued_by: str
) -> None:
    undisturbed = Deaths(when, 0)
    play(issuance, "shop", undisturbed)
    assert issuance.is_clean("shop")
    assert undisturbed.calls.count("IssueCertificate") == 1
    wrong, costs_two = [], []
    for number, operation in enumerate(undisturbed.calls, start=1):
        name, before = f"n{number}", len(issuance.ca.certificates)
        rotation = play(issuance, name, Deaths(when, number))
        if continued_by == "Secrets Manager":
            failures = issuance.run(rotation, tries=2)
        else:
            with time_machine.travel(now() + timedelta(hours=2), tick=True):
                issuance.look()
                failures = issuance.rotate()
                issuance.look()
        issued = len(issuance.ca.certificates) - before
        if issued == 2:
            costs_two.append(operation)
        if failures or "certificate" not in issuance.value(name) or not issuance.is_clean(name):
            wrong.append((number, operation, failures, issued, issuance.labels(name)))
    assert wrong == []
    # Two hours later the CA has forgotten the request, and the ARN was not noted yet.
    forgotten = ["IssueCertificate"] if continued_by == "the look" else []
    assert costs_two == forgotten
