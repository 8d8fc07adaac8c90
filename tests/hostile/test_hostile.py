"""A part of what the hostile suites play, and that they can fail."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import pytest

from certrotation.aws.acm import AcmCertificates
from certrotation.aws.dependents.elbv2.adapter import LoadBalancerListeners
from certrotation.core.estate.inventory import CertificateDetail
from tests.hostile import members
from tests.hostile.concurrency import ACTIONS, Amidst
from tests.hostile.crash import Deaths, double_deaths, single_deaths
from tests.hostile.fault_injection import schedules
from tests.hostile.members import play_variation
from tests.hostile.plays import play
from tests.hostile.stories import STORIES

if TYPE_CHECKING:
    from certrotation.core.estate.inventory import Dependent
    from certrotation.core.material.bundle import Material

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

SINGLE, EVERY_NTH, EVERY_MEMBER = 2, 67, 121
"""How many single deaths of each story, which of the fault schedules, and which of the members of
AWS's answers."""

SAMPLED = tuple(each for each in STORIES if each != "every kind")
"""API Gateway takes one update in thirty seconds, so one dependent of each kind needs several runs;
`test_every_kind` plays it."""

undisturbed = cache(play)
recorded = cache(members.undisturbed)


def spread(plays: list[Deaths], count: int) -> list[Deaths]:
    """Return so many plays from all over the list."""
    return plays[len(plays) // (2 * count) :: len(plays) // count][:count]


@pytest.mark.parametrize("name", SAMPLED)
def test_an_undisturbed_run_needs_no_second_one(name: str) -> None:
    ending = undisturbed(name)

    assert ending.wrongs(ending) == []
    assert ending.strays == 0
    later = 6 if name == "referenced" else 5  # the source is described, too
    assert ending.calls[1:] == (later,) * 5, "each later scan lists, and that is all"


@pytest.mark.parametrize("name", SAMPLED)
def test_a_process_that_dies_is_finished_by_the_next_ones(name: str) -> None:
    right = undisturbed(name)
    deaths = [*spread(single_deaths(right), SINGLE), *double_deaths(name, right, 1)]

    assert [play(name, each).wrongs(right) for each in deaths] == [[]] * len(deaths)


@pytest.mark.parametrize("name", SAMPLED)
def test_faults_of_aws_cost_time_and_nothing_else(name: str) -> None:
    right = undisturbed(name)
    every = [each for group in schedules(right.calls_by_service).values() for each in group]

    found = {str(each): play(name, each).wrongs(right) for each in every[::EVERY_NTH]}

    assert {schedule: wrong for schedule, wrong in found.items() if wrong} == {}


@pytest.mark.parametrize("name", SAMPLED)
def test_a_member_that_aws_leaves_out_or_changes_ends_in_no_bug_and_not_in_silence(
    name: str,
) -> None:
    right, nothing = recorded(name)
    first = [*STORIES].index(name)

    results = [
        play_variation(name, each, right, nothing.deletions)
        for each in sorted(nothing.found)[first::EVERY_MEMBER]
    ]

    assert len(results) > 0
    assert [each for each in results if each.wrongs] == []


@pytest.mark.parametrize("action", ACTIONS)
def test_who_acts_meanwhile_acts_before_or_after(action: str) -> None:
    name = "replacement"
    last = undisturbed(name).calls[0] + 1
    orders = [play(name, Amidst(action=action, call=each)) for each in (1, last)]

    amidst = play(name, Amidst(action=action, call=last // 2))
    assert amidst.wrongs(*orders, counts_doubled=False) == []


# That all this can fail


def test_a_listener_without_its_certificate_for_a_moment_is_seen(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    right, move = undisturbed("replacement"), LoadBalancerListeners.move

    def detach_first(self: LoadBalancerListeners, dependent: Dependent, to_arn: str) -> None:
        if dependent.certificate_arn in self._attached(dependent.arn).sni:
            self._remove(dependent.arn, dependent.certificate_arn)
        move(self, dependent, to_arn)

    monkeypatch.setattr(LoadBalancerListeners, "move", detach_first)

    assert any("gap" in each for each in play("replacement").wrongs(right))


def test_an_end_that_is_another_one_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    right = undisturbed("rollback")
    monkeypatch.setattr(AcmCertificates, "remove_tags", lambda *_: None)

    assert any("another end" in each for each in play("rollback").wrongs(right))


def test_what_is_imported_twice_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    right, reimport = undisturbed("reimport"), AcmCertificates.reimport

    def twice(self: AcmCertificates, arn: str, material: Material) -> None:
        reimport(self, arn, material)
        reimport(self, arn, material)

    monkeypatch.setattr(AcmCertificates, "reimport", twice)

    assert any("imported twice" in each for each in play("reimport").wrongs(right))


def test_an_adapter_that_needs_an_optional_member_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    right, nothing = recorded("first import")
    (left_out,) = [
        each
        for each in nothing.found
        if (each.operation, each.path[-1], each.kind)
        == ("DescribeCertificate", "CreatedAt", "left out")
    ]

    def needy(self: AcmCertificates, arn: str) -> CertificateDetail:
        answer = self._client.describe_certificate(CertificateArn=arn)["Certificate"]
        return CertificateDetail(answer["CreatedAt"], tuple(answer["InUseBy"]))

    monkeypatch.setattr(AcmCertificates, "detail", needy)

    (wrong,) = play_variation("first import", left_out, right, nothing.deletions).wrongs[:1]
    assert "CreatedAt" in wrong
