"""The week in one mail, for those who want it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest
import time_machine

from tests.simulation.estate import HOME, PREFIX
from tests.simulation.mailbox import Mailbox
from tests.support.authority import now

if TYPE_CHECKING:
    from tests.double import Call
    from tests.simulation.estate import Estate
    from tests.support.authorities import Authorities

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


@pytest.fixture
def mailbox(estate: Estate) -> Mailbox:
    estate.environment["CERTROTATION_DIGEST"] = "monday"
    return Mailbox(estate)


def next_monday(hour: int) -> datetime:
    midnight = now().replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight + timedelta(days=7 - midnight.weekday(), hours=hour)


@pytest.mark.slow
def test_what_was_renewed_and_what_is_about_to_expire_is_mailed_once_a_week(
    estate: Estate, authorities: Authorities, mailbox: Mailbox
) -> None:
    issue, midnight = authorities.public.issue, next_monday(0)
    begin = midnight - 9 * DAY
    with time_machine.travel(begin, tick=False) as clock:
        estate.secret("shop", issue("shop.example.com", not_before=begin - HOUR))
        estate.secret("wiki", issue("wiki.example.com", not_before=begin - HOUR))
        estate.run()
        clock.move_to(midnight - 2 * DAY)
        estate.renew("shop", issue("shop.example.com", not_before=begin, lifetime=40 * DAY))
        estate.run()
        stranger = estate.certificate(issue("old.example.com", lifetime=20 * DAY), HOME)
        estate.listener("old", HOME, stranger)
        told = []
        clock.move_to(midnight + timedelta(minutes=20))
        for _ in range(24):
            estate.run()
            told.append(mailbox.letters())
            clock.shift(HOUR)

    assert [len(each) for each in told] == [0] * 8 + [1] + [0] * 15
    ((letter,),) = [each for each in told if each]
    _, rotated, due, unmanaged = letter.body.split(":\n  ")
    assert letter.subject.startswith("certrotation-test: weekly digest of ")
    assert f"{PREFIX}shop" in rotated
    assert f"{PREFIX}wiki" not in rotated
    assert f"{PREFIX}shop" in due
    assert f"{PREFIX}wiki" not in due
    assert stranger in unmanaged


def test_it_is_off_by_default(estate: Estate, mailbox: Mailbox) -> None:
    del estate.environment["CERTROTATION_DIGEST"]

    with time_machine.travel(next_monday(8), tick=False):
        estate.run()

    assert mailbox.letters() == []


@pytest.mark.usefixtures("mailbox")
def test_a_digest_that_cannot_be_sent_is_a_warning_and_the_scan_is_done(estate: Estate) -> None:
    def refuse(call: Call) -> None:
        if call.operation == "Publish":
            raise estate.aws.error("AuthorizationError", call.operation)

    with time_machine.travel(next_monday(8), tick=False), estate.aws.before(refuse):
        run = estate.run()

    (line,) = [each for each in run.lines if '"NOTICE_NOT_SENT"' in each]
    assert "ACCESS_DENIED" in line
    assert run.metric("ScanCompleted") == 1
