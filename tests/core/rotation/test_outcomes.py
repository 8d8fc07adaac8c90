"""What a rotation came to, and what becomes of its message."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

import pytest

from certrotation.core.rotation.outcomes import (
    WAIT,
    Disposition,
    RegionOutcome,
    RotationOutcome,
    Status,
    Stranded,
    follow_up,
    status_of,
)
from certrotation.core.rotation.request import RotationRequest, ScanSnapshot
from certrotation.errors import NotYet, Unreachable
from tests.core.builders import HOME, SHOP, US
from tests.core.rotation_outcomes import (
    DENIED,
    EXPIRED,
    PLAN,
    failed,
    of_regions,
    outcome,
    throttled,
)
from tests.core.samples import NOW, SECOND

MINUTE = timedelta(minutes=1)
DARK = Unreachable("No answer.", "Later.")


# How grave it is


def test_what_a_retry_can_mend_failed_and_anything_else_is_refused() -> None:
    assert status_of(throttled()) is Status.FAILED
    assert status_of(DENIED) is Status.REFUSED


def test_a_rotation_that_never_came_to_a_plan_is_as_grave_as_its_error() -> None:
    for error, status in ((throttled(), Status.FAILED), (DENIED, Status.REFUSED)):
        got = RotationOutcome.of_error(SHOP, error)
        assert got == RotationOutcome(secret=SHOP, status=status, error=error)


def test_a_region_that_could_not_be_looked_at_is_as_grave_as_its_error() -> None:
    assert failed(DENIED) == RegionOutcome(region=HOME, status=Status.REFUSED, error=DENIED)


GRAVEST_FIRST = [
    Status.FAILED,
    Status.REFUSED,
    Status.STRANDED,
    Status.NOT_STARTED,
    Status.WAITING,
    Status.PLANNED,
    Status.AWAITING_ISSUANCE,
    Status.DONE,
]


@pytest.mark.parametrize(("graver", "lighter"), list(pairwise(GRAVEST_FIRST)))
def test_a_rotation_is_as_grave_as_its_gravest_region(graver: Status, lighter: Status) -> None:
    assert outcome(lighter, graver).status is graver
    assert outcome(graver, lighter).status is graver


def test_every_status_has_a_gravity() -> None:
    assert set(GRAVEST_FIRST) == set(Status)
    assert [outcome(each).status for each in Status] == list(Status)


def test_a_rotation_without_regions_is_done() -> None:
    assert of_regions().status is Status.DONE


def test_an_applied_plan_is_reported_with_its_findings() -> None:
    got = outcome(Status.DONE)

    assert (got.secret, got.plan, got.findings) == (SHOP, PLAN, (EXPIRED,))


# Whether the Regions after the canary follow


@pytest.mark.parametrize(
    ("objects", "follow"),
    [((False,), True), ((True,), False), ((False, True), False)],
    ids=["busy", "it may not take the material", "one of both"],
)
def test_others_follow_a_canary_unless_a_dependent_may_object_to_the_material(
    *, objects: tuple[bool, ...], follow: bool
) -> None:
    left = [
        Stranded(dependent="listener/1", because="why", is_settled=True, objects=each)
        for each in objects
    ]
    canary = RegionOutcome(region=HOME, status=Status.STRANDED, stranded=tuple(left))
    assert canary.lets_others_follow is follow


# What becomes of the message


@pytest.mark.parametrize(
    ("statuses", "disposition"),
    [
        ([Status.DONE], Disposition.ACKNOWLEDGE),
        ([Status.PLANNED], Disposition.ACKNOWLEDGE),
        ([Status.REFUSED, Status.NOT_STARTED], Disposition.ACKNOWLEDGE),
        ([Status.STRANDED], Disposition.ACKNOWLEDGE),
        ([Status.FAILED], Disposition.RETURN),
        ([Status.FAILED, Status.WAITING], Disposition.RETURN),
        ([Status.WAITING], Disposition.REQUEUE),
        ([Status.WAITING, Status.REFUSED], Disposition.REQUEUE),
    ],
)
def test_a_message_is_returned_for_a_retry_queued_anew_to_wait_or_acknowledged(
    statuses: list[Status], disposition: Disposition
) -> None:
    assert outcome(*statuses).disposition is disposition


@pytest.mark.parametrize(
    ("receives", "minutes"), [(0, 1), (1, 1), (2, 2), (3, 4), (4, 8), (5, 15), (6, 15), (99, 15)]
)
def test_a_returned_message_stays_unseen_for_a_doubling_time_up_to_fifteen_minutes(
    receives: int, minutes: int
) -> None:
    assert of_regions(failed(throttled())).delay(receives) == minutes * MINUTE


def test_a_returned_message_stays_unseen_for_as_long_as_was_asked_at_most() -> None:
    asked = [failed(throttled(3 * MINUTE)), failed(throttled(2 * MINUTE), US)]

    assert of_regions(*asked, failed(throttled()), failed(DENIED)).delay(1) == 3 * MINUTE


@pytest.mark.parametrize(("receives", "seconds"), [(1, 90), (2, 120), (3, 240), (5, 900)])
def test_what_was_asked_for_too_shortly_burns_no_receives(receives: int, seconds: int) -> None:
    not_yet = NotYet("Not yet.", "Later.", retry_after=90 * SECOND)

    assert RotationOutcome.of_error(SHOP, not_yet).delay(receives) == seconds * SECOND


@pytest.mark.parametrize(
    ("receives", "minutes"), [(0, 1), (1, 1), (2, 2), (3, 30), (4, 8 * 60), (5, 15)]
)
def test_an_outage_of_hours_does_not_use_up_all_receives(receives: int, minutes: int) -> None:
    dark = [RegionOutcome(region=HOME, status=Status.DONE), failed(DARK, US)]

    assert of_regions(*dark).delay(receives) == minutes * MINUTE


def test_a_whole_rotation_that_gets_no_answer_is_an_outage_too() -> None:
    assert RotationOutcome.of_error(SHOP, DARK).delay(3) == 30 * MINUTE


def test_what_fails_for_another_reason_beside_an_outage_is_tried_again_soon() -> None:
    assert of_regions(failed(DARK), failed(throttled(), US)).delay(4) == 8 * MINUTE


@pytest.mark.parametrize("status", [Status.REFUSED, Status.STRANDED, Status.WAITING])
def test_what_is_left_to_do_or_to_tell_does_not_wait_for_the_end_of_an_outage(
    status: Status,
) -> None:
    other = RegionOutcome(region=HOME, status=status)

    assert of_regions(other, failed(DARK, US)).delay(4) == 8 * MINUTE


def test_no_more_than_fifteen_minutes_are_granted() -> None:
    assert of_regions(failed(throttled(16 * MINUTE))).delay(1) == 15 * MINUTE


# Waiting


def test_work_that_must_wait_is_asked_for_anew_whatever_is_current_then() -> None:
    request = RotationRequest(secret=SHOP, version="v1", snapshot=ScanSnapshot(at=1, copies=()))

    again = follow_up(request, outcome(Status.WAITING), NOW)

    assert again == replace(request, version=None, waiting_since=int(NOW.timestamp()))
    assert again is not None
    assert again.snapshot is None


@pytest.mark.parametrize(
    ("waited", "goes_on"), [(timedelta(hours=1) - SECOND, True), (timedelta(hours=1), False)]
)
def test_waiting_messages_follow_one_another_for_an_hour(
    *, waited: timedelta, goes_on: bool
) -> None:
    since = int((NOW - waited).timestamp())
    request = RotationRequest(secret=SHOP, waiting_since=since)

    again = follow_up(request, outcome(Status.WAITING), NOW)

    assert again == (request if goes_on else None)


def test_no_chain_of_messages_is_long_enough_to_be_taken_for_a_loop() -> None:
    request, now, sent = RotationRequest(secret=SHOP), NOW, 0

    while again := follow_up(request, outcome(Status.WAITING), now):
        request, now, sent = again, now + WAIT, sent + 1

    assert sent == 12


@pytest.mark.parametrize("status", sorted(set(Status) - {Status.WAITING}))
def test_nothing_else_is_asked_for_anew(status: Status) -> None:
    assert follow_up(RotationRequest(secret=SHOP), outcome(status), NOW) is None


def test_a_waiting_time_that_has_yet_to_come_begins_now() -> None:
    request = RotationRequest(secret=SHOP, waiting_since=10**400)

    again = follow_up(request, outcome(Status.WAITING), NOW)

    assert again is not None
    assert again.waiting_since == int(NOW.timestamp())
