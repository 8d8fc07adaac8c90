"""Three weeks of the year; and that a broken promise is told."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from certrotation.handlers import rotate
from tests.double.builders import material
from tests.double.fakes import fakes
from tests.oncall.alarm_board import Change
from tests.oncall.alarm_state import State
from tests.oncall.year.at_any_time import AT_ANY_TIME
from tests.oncall.year.at_renewal import AT_RENEWAL, FITS
from tests.oncall.year.expected_alarms import SETTLES, ExpectedAlarms, Injected
from tests.oncall.year.faults import FAULTS
from tests.oncall.year.play import TURNED, Played, excused_of, play
from tests.oncall.year.population import EDGE
from tests.oncall.year.recorder import ROTATE, SCAN
from tests.oncall.year.report import broken_by
from tests.simulation.estate import account, client
from tests.simulation.oracle import EDGE_TAKES, Expired, Presented, Timeline

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.infra.synthesis import Template
    from tests.support.authorities import Authorities

NOON = datetime(2027, 3, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)

FEW = {6: 6, 47: 6, 90: 3}
THREE_WEEKS = 21
INJECTED = (
    "late",
    "never",
    "wrong key",
    "trigger off",
    "an API's domain moves",
    "imported by hand",
    "without a secret",
    "a Region dark for hours",
    "a throttling storm",
    "stale reads",
    "every scan dies",
    "schedule off",
)


@pytest.mark.slow
@pytest.mark.infra
def test_each_fault_raises_its_alarms_and_nothing_else_does(
    stack_at: Callable[[int], Template],
) -> None:
    played = play(stack_at(60), numbers=FEW, days=THREE_WEEKS, faults=dict.fromkeys(INJECTED, 1))

    assert broken_by(played) == []
    assert {each.fault.name for each in played.expected.injected} == set(INJECTED)
    assert sum(played.runs[each] for each in ("a scan dies", "a rotation dies")) > 0
    assert played.runs[SCAN] > 24 * THREE_WEEKS


@pytest.mark.slow
@pytest.mark.infra
def test_a_service_that_does_nothing_breaks_every_promise(
    stack_at: Callable[[int], Template], monkeypatch: pytest.MonkeyPatch
) -> None:
    right, calls = rotate.handler, Counter[str]()

    def first_imports_only(event: Any, context: Any) -> dict[str, Any]:
        calls["rotate"] += 1
        return right(event, context) if calls["rotate"] <= 4 else {"batchItemFailures": []}

    monkeypatch.setattr(rotate, "handler", first_imports_only)

    played = play(stack_at(60), numbers={6: 3}, days=8, faults={})

    assert any("though material was there in time" in each for each in broken_by(played))
    assert any("RotationStalled went off" in each for each in broken_by(played))


# What is told

NOTHING = Played(
    days=365,
    sites=1,
    copies=1,
    dependents={},
    expected=ExpectedAlarms(),
    expired=[],
    broken=[],
    waiting=[],
    went_off=Counter(),
    still_on=frozenset(),
    calls=Counter(),
    runs=Counter({SCAN: 1, ROTATE: 1}),
    bugs=[],
    messages=0,
    logged=Counter(),
    alarmed=0,
)


def _late(begin: datetime) -> Injected:
    return Injected(
        fault=FAULTS["late"], begin=begin, subject="shop", expires=begin + timedelta(days=9)
    )


def _goes_off(at: datetime) -> Change:
    return Change(at, "AwaitingMaterial", State.OK, State.ALARM, ())


def test_an_alarm_that_a_fault_explains_is_not_false() -> None:
    expected, late = ExpectedAlarms(), _late(NOON)
    expected.inject(late)

    assert list(expected.hear(_goes_off(NOON + HOUR))) == [late]

    assert broken_by(replace(NOTHING, expected=expected)) == []


@pytest.mark.parametrize(
    ("scanned", "excused"),
    [
        pytest.param(NOON + TURNED, frozenset(), id="a scan came in time"),
        pytest.param(NOON - HOUR, {"CertificateTurnedCritical"}, id="the last one came before"),
        pytest.param(NOON + TURNED + HOUR, {"CertificateTurnedCritical"}, id="one came too late"),
    ],
)
def test_that_a_certificate_turned_critical_is_told_only_if_somebody_looked_in_time(
    scanned: datetime, excused: frozenset[str]
) -> None:
    never = replace(_late(NOON), fault=FAULTS["never"])
    never.since["CertificateTurnedCritical"] = NOON

    never.excused = excused_of(never, [scanned])

    assert never.missed == never.fault.raises - excused
    assert excused_of(_late(NOON), []) == frozenset()


@pytest.mark.parametrize(
    "at",
    [
        pytest.param(NOON - HOUR, id="before it begins"),
        pytest.param(NOON + 2 * HOUR + SETTLES, id="long after it is over"),
    ],
)
def test_an_alarm_at_another_time_is_false_and_the_fault_without_its_own(at: datetime) -> None:
    expected, late = ExpectedAlarms(), _late(NOON)
    expected.inject(late)
    late.over = NOON + HOUR

    assert list(expected.hear(_goes_off(at))) == []

    told = broken_by(replace(NOTHING, expected=expected))
    assert ["raised no AwaitingMaterial" in each for each in told] == [True, False]
    assert "nothing explains it" in told[1]


def test_whatever_else_went_wrong_is_told() -> None:
    expired = Expired("shop", "arn:web", frozenset({"eu-west-1"}), NOON, NOON + HOUR)

    told = broken_by(
        replace(
            NOTHING,
            broken=[expired],
            still_on=frozenset({"QueueStuck"}),
            bugs=["KeyError"],
            waiting=["late"],
        )
    )

    assert "arn:web presented an expired shop for 1.0 hours from 2027-03-01 12:00" in told[0]
    assert told[1:] == [
        "QueueStuck never cleared",
        "a bug: KeyError",
        "late was never injected",
    ]


def test_alarms_are_kept_for_one_fault_at_a_time() -> None:
    expected = ExpectedAlarms()

    kept = [
        expected.keep({alarm}, NOON + begin * HOUR, NOON + (begin + 2) * HOUR)
        for alarm, begin in (("A", 0), ("A", 1), ("B", 1), ("A", 3))
    ]

    assert kept == [True, False, True, True]


@pytest.mark.parametrize(
    ("shown", "hours"),
    [
        pytest.param([(0, 5), (4, 9)], [(9, 10)], id="renewed, then not"),
        pytest.param([(0, 2), (4, 20)], [(2, 4)], id="renewed late"),
        pytest.param([(0, 20)], [], id="valid"),
        pytest.param([(0, -1)], [(0, 10)], id="never valid"),
    ],
)
def test_when_nothing_valid_was_presented_is_known(
    shown: list[tuple[int, int]], hours: list[tuple[int, int]]
) -> None:
    timeline = Timeline()
    for at, ends in shown:
        timeline.show(NOON + at * HOUR, NOON + ends * HOUR, instead=True)

    found = timeline.expired(NOON + 10 * HOUR)

    assert [tuple((each - NOON) // HOUR for each in span) for span in found] == hours


def test_a_new_arn_is_there_before_a_reimport_has_reached_the_edge() -> None:
    timeline = Timeline()
    timeline.show(NOON, NOON + 3 * HOUR, instead=True)
    timeline.show(NOON + 25 * HOUR, NOON + 40 * HOUR, instead=False)
    timeline.show(NOON + 2 * HOUR, NOON + 30 * HOUR, instead=True)

    assert list(timeline.expired(NOON + 29 * HOUR)) == []


def test_custom_domains_present_a_move_at_once_and_on_the_edge_a_reimport_a_day_later(
    authorities: Authorities,
) -> None:
    host, kinds = "shop.example.com", ("apigateway", "cognito")
    with account(EDGE, roots=[authorities.public_root.certificate]) as estate:
        old = estate.certificate(authorities.public.issue(host, lifetime=10 * HOUR), EDGE)
        new = authorities.public.issue(host)
        regional, on_edge = (fakes()[e].present(estate.aws, client, EDGE, old) for e in kinds)
        presented, ends = Presented(estate), estate.presents(old).not_valid_after_utc
        until = ends + 20 * HOUR
        for each in (regional, on_edge):
            presented.follow(each, {"shop": host})

        client("acm", EDGE).import_certificate(CertificateArn=old, **material(new))
        (expired,) = presented.expired(until)
        later = datetime.now(UTC) + EDGE_TAKES

        moved_to = estate.certificate(new, EDGE)
        pool = next(iter(estate.aws.user_pools()))
        client("cognito-idp", EDGE).update_user_pool_domain(
            Domain=host, UserPoolId=pool, CustomDomainConfig={"CertificateArn": moved_to}
        )

    assert (expired.dependent, expired.regions) == (on_edge, frozenset({EDGE}))
    assert expired.since == ends
    assert abs(expired.until - later) < HOUR
    assert presented.expired(until) == []


def test_every_fault_of_the_table_has_its_script() -> None:
    begins = {each.name: each.begins for each in FAULTS.values()}

    assert AT_RENEWAL.keys() == {name for name, at in begins.items() if at == "at a renewal"}
    assert AT_ANY_TIME.keys() == {name for name, at in begins.items() if at == "at any time"}
    assert FITS.keys() <= AT_RENEWAL.keys()
