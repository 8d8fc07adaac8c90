"""Reads that lag behind: an answer that does not fit the others is not acted on."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
import time_machine

from tests.handlers.messages import ask_for, receive_in_vain, returned_for
from tests.simulation.estate import HOME, PREFIX, client, fields_of
from tests.support.authority import now

if TYPE_CHECKING:
    from tests.simulation.estate import Estate, Run
    from tests.support.authorities import Authorities

pytestmark = pytest.mark.slow

SHOP = PREFIX + "shop"
MINUTE = timedelta(minutes=1)
SECOND = timedelta(seconds=1)


@pytest.fixture
def shop(estate: Estate, authorities: Authorities) -> str:
    """The ARN of a shop's copy at home."""
    estate.secret("shop", authorities.public.issue("shop.example.com"))
    estate.run()
    estate.aws.calls.clear()
    return estate.certificates(HOME)[0]


def assert_came_back_after_twice_as_long_each_time(
    estate: Estate, clock: time_machine.Traveller
) -> Run:
    """Work off the queue thrice, and return the last run.

    A minute is enough mostly. Where it is not, five receives a minute apart would be over in five.
    """
    waits = [MINUTE, 2 * MINUTE, 4 * MINUTE]
    for wait in waits:
        run = estate.drain()
        assert run.rotation(SHOP)["status"] == "failed"
        clock.shift(wait - SECOND)
        assert estate.drain().rotations == [], "not before its time has passed"
        clock.shift(2 * SECOND)
    assert returned_for(estate) == waits
    assert estate.waiting_messages()["ApproximateNumberOfMessages"] == 1
    return run


def test_a_value_that_is_not_the_current_version_comes_back_a_minute_later(
    estate: Estate, authorities: Authorities, shop: str
) -> None:
    renewed = authorities.public.issue("shop.example.com")
    with time_machine.travel(now() + MINUTE, tick=False) as clock:
        with estate.aws.stale("secret_values"):
            version = estate.renew("shop", renewed)
            ask_for(estate, "shop")
            run = assert_came_back_after_twice_as_long_each_time(estate, clock)
        last = estate.drain()

    assert f"{version} is AWSCURRENT" in run.rotation(SHOP)["error"]
    assert last.rotation(SHOP)["status"] == "done"
    assert estate.presents(shop) == renewed.certificate


def test_a_value_older_than_the_message_names_comes_back_a_minute_later(
    estate: Estate, authorities: Authorities, shop: str
) -> None:
    """No read shows yet what the event that wrote the message was about."""
    renewed = authorities.public.issue("shop.example.com")
    secrets = client("secretsmanager", HOME)
    earlier = secrets.get_secret_value(SecretId=SHOP)["VersionId"]
    with time_machine.travel(now() + MINUTE, tick=False) as clock:
        version = secrets.put_secret_value(
            SecretId=SHOP,
            SecretString=json.dumps(fields_of(renewed)),
            VersionStages=["AWSPENDING"],
        )["VersionId"]
        ask_for(estate, "shop", version=version)
        run = assert_came_back_after_twice_as_long_each_time(estate, clock)
        secrets.update_secret_version_stage(
            SecretId=SHOP,
            VersionStage="AWSCURRENT",
            MoveToVersionId=version,
            RemoveFromVersionId=earlier,
        )
        last = estate.drain()

    assert f"names {version}, which is newer" in run.rotation(SHOP)["error"]
    assert last.rotation(SHOP)["status"] == "done"
    assert estate.presents(shop) == renewed.certificate


@pytest.mark.parametrize(
    ("age", "receives", "searches"),
    [
        (timedelta(0), 1, False),
        (15 * MINUTE, 1, False),
        (15 * MINUTE + SECOND, 1, True),
        (timedelta(0), 2, True),
    ],
)
@pytest.mark.usefixtures("shop")
def test_what_the_scan_saw_spares_a_search_at_the_first_receive_and_for_fifteen_minutes(
    estate: Estate, authorities: Authorities, *, age: timedelta, receives: int, searches: bool
) -> None:
    estate.renew("shop", authorities.public.issue("shop.example.com"))
    with time_machine.travel(now(), tick=False) as clock:
        estate.scan()
        receive_in_vain(estate, receives - 1)
        clock.shift(age)
        estate.aws.calls.clear()
        run = estate.drain()

    assert run.rotation(SHOP)["status"] == "done"
    assert bool(estate.aws.calls_of("resourcegroupstaggingapi")) is searches


def test_a_rollback_overtakes_the_message_that_names_the_newer_version(
    estate: Estate, authorities: Authorities, shop: str
) -> None:
    before = estate.presents(shop)
    version = estate.renew("shop", authorities.public.issue("shop.example.com"))
    estate.run()
    ask_for(estate, "shop", version=version)
    estate.roll_back("shop")

    run = estate.drain()

    assert run.rotation(SHOP)["status"] == "done"
    assert estate.presents(shop) == before
