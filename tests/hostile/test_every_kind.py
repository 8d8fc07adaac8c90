"""One dependent of each kind moves at once, while the process dies or AWS fails."""

from __future__ import annotations

from functools import cache

import pytest

from tests.double.fakes import fakes
from tests.hostile.crash import single_deaths
from tests.hostile.fault_injection import ROUNDS, THROTTLED, Lasting
from tests.hostile.plays import play
from tests.simulation.estate import HOME

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

STORY = "every kind"
DEATHS = 4
"""How many of the calls of the first run the process dies at, from first to last."""

undisturbed = cache(play)


def test_the_story_has_a_dependent_of_each_kind() -> None:
    services = {each.service for each in fakes().values()}

    assert services <= undisturbed(STORY).calls_by_service.keys()
    assert undisturbed(STORY).wrongs(undisturbed(STORY)) == []


def test_whenever_it_dies_each_dependent_comes_to_the_one_new_copy() -> None:
    right = undisturbed(STORY)
    every = single_deaths(right)
    # An even distance would hit deaths before calls alone.
    deaths = every[:: len(every) // DEATHS | 1]

    assert [play(STORY, each).wrongs(right) for each in deaths] == [[]] * len(deaths)


def test_services_that_throttle_most_requests_cost_time_and_nothing_else() -> None:
    storm = Lasting("throttled", rounds=ROUNDS + 1, **THROTTLED)

    assert play(STORY, storm).wrongs(undisturbed(STORY)) == []


def test_a_kind_that_could_not_be_asked_moves_when_its_copy_is_found_in_use() -> None:
    right = undisturbed(STORY)

    denied = play(STORY, Lasting("denied", "cognito-idp", HOME))

    assert denied.end_state["dependents"] == right.end_state["dependents"]
    assert "scan DEPENDENT_REVERTED" in denied.reports
    assert denied.wrongs(denied) == []
