"""The process dies while one dependent of each kind moves; the next runs finish what it began."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Literal

import pytest

from certrotation.aws.dependents.registry import NAMES
from certrotation.names import tags
from tests.double.fakes import fakes
from tests.simulation.estate import PREFIX, account, client
from tests.simulation.faults import DeathError, dying, nth
from tests.simulation.runner import one_after_the_other
from tests.support.authority import shared_key

if TYPE_CHECKING:
    from tests.simulation.estate import Estate
    from tests.support.authorities import Authorities

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

EDGE, NAME = "us-east-1", "shop.example.com"
SHOP = PREFIX + "shop"
DEATHS = 8
"""How many of the calls of the rotation the process dies at, from first to last."""


def present_everywhere(estate: Estate, authorities: Authorities) -> tuple[str, dict[str, str]]:
    """Make a copy on RSA that a dependent of each kind presents, and write EC material."""
    estate.environment["CERTROTATION_DEPENDENTS"] = ",".join(NAMES)
    estate.aws.api_gateway.rules.seconds_between_updates = 0
    issue = authorities.public.issue
    estate.secret("shop", issue(NAME, key=shared_key("rsa2048")), {tags.REGIONS: EDGE})
    estate.run()
    (old,) = estate.certificates(EDGE)
    made = {name: fake.present(estate.aws, client, EDGE, old) for name, fake in fakes().items()}
    estate.renew("shop", issue(NAME))
    return old, made


def presented(made: dict[str, str]) -> dict[str, set[str]]:
    return {name: set(fakes()[name].presented(client, each)) for name, each in made.items()}


def test_whenever_it_dies_each_dependent_comes_to_the_one_new_copy(
    authorities: Authorities,
) -> None:
    roots = [authorities.public_root.certificate]
    with account(roots=roots) as estate, one_after_the_other():
        present_everywhere(estate, authorities)
        estate.scan()
        estate.aws.calls.clear()
        assert estate.rotate("shop").rotation(SHOP)["status"] == "done"
        calls = len(estate.aws.calls)

    for number, call in enumerate(range(1, calls + 1, calls // DEATHS)):
        when: Literal["before", "after"] = "after" if number % 2 else "before"
        with account(roots=roots) as estate, one_after_the_other():
            old, made = present_everywhere(estate, authorities)
            with dying(estate.aws, when, nth(call)), suppress(DeathError):
                estate.rotate("shop")
            estate.run()
            (new,) = set(estate.certificates(EDGE)) - {old}
            assert presented(made) == {name: {new} for name in made}, f"{when} call {call}"
            assert estate.tags(old)[tags.SUPERSEDED_BY] == new
            assert estate.rotate("shop").rotation(SHOP)["status"] == "done"
