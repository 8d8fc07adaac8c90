"""The issue function dies at each of its calls, of AWS and of the CA, and goes on."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Literal
from unittest.mock import patch

import pytest
import time_machine

from certrotation.issuers.acme_client import Network
from tests.acme.conftest import zone
from tests.acme.issuance import Issuance
from tests.simulation.estate import HOME
from tests.simulation.faults import DeathError
from tests.support.authority import now

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.acme.pebble import Pebble
    from tests.double import Call
    from tests.simulation.estate import Estate

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

When = Literal["before", "after"]


class Calls:
    """Counts every call, of AWS and of the CA, and kills at one of them."""

    def __init__(self, when: When, number: int) -> None:
        self.count = 0
        self.is_dead = False
        self._when, self._number = when, number

    @contextmanager
    def counted(self, estate: Estate) -> Iterator[None]:
        """Count, and kill, until exit."""
        send = Network._send_request  # the one place every request passes

        def sending(network: Network, *request: Any, **more: Any) -> Any:
            self._before()
            answer = send(network, *request, **more)
            self._after()
            return answer

        def before(_: Call) -> None:
            self._before()

        def after(_: Call) -> None:
            self._after()

        with (
            patch.object(Network, "_send_request", sending),
            estate.aws.before(before),
            estate.aws.after(after),
        ):
            yield

    def _before(self) -> None:
        self.count += not self.is_dead
        self._die_if(self._when == "before" and self.count == self._number)

    def _after(self) -> None:
        self._die_if(self._when == "after" and self.count == self._number)

    def _die_if(self, dies: bool) -> None:  # noqa: FBT001  one condition
        self.is_dead = self.is_dead or dies
        if self.is_dead:
            raise DeathError


@pytest.fixture
def issuance(estate: Estate, trusted_server: Pebble) -> Issuance:
    allow = {"certrotation/*": ["*.example.com"]}
    return Issuance(estate, trusted_server, zone("example.com"), allow=allow)


def play(issuance: Issuance, name: str, calls: Calls) -> None:
    """Begin a rotation for a new secret, and let the function die in it."""
    issuance.request(name, f"{name}.example.com")
    issuance.start(name)
    (rotation,) = issuance.estate.aws.rotations(HOME)
    with calls.counted(issuance.estate):
        try:
            assert issuance.run(rotation) == []
        except DeathError:
            assert calls.is_dead
    issuance.pending = rotation  # type: ignore[attr-defined]  # of this story


@pytest.mark.parametrize(
    ("when", "mended_by"),
    [("before", "Secrets Manager"), ("after", "Secrets Manager"), ("after", "the look")],
)
def test_a_death_at_any_call_costs_no_second_certificate_and_leaves_no_record(
    issuance: Issuance, when: When, mended_by: str
) -> None:
    undisturbed = Calls(when, 0)
    play(issuance, "shop", undisturbed)
    assert issuance.is_clean("shop")
    assert undisturbed.count > 25
    wrong = []
    for number in range(1, undisturbed.count + 1):
        name, before = f"n{number}", issuance.server.issued()
        play(issuance, name, Calls(when, number))
        if mended_by == "Secrets Manager":
            failures = issuance.run(issuance.pending, tries=2)  # type: ignore[attr-defined]  # as above
        else:
            with time_machine.travel(now() + timedelta(hours=2), tick=True):
                issuance.look()
                failures = issuance.rotate()
                issuance.look()
        issued = issuance.server.issued() - before
        has_one = "certificate" in issuance.value(name)
        if failures or issued != 1 or not has_one or not issuance.is_clean(name):
            wrong.append((number, failures, issued, has_one, issuance.labels(name)))
    assert wrong == []
