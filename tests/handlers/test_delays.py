"""What cannot be done now is done later, and nothing is lost meanwhile."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
import time_machine

from certrotation.names import tags
from tests.simulation.estate import HOME, PREFIX, client
from tests.support.authority import now, shared_key

if TYPE_CHECKING:
    from tests.simulation.estate import Estate
    from tests.support.authorities import Authorities

pytestmark = pytest.mark.slow

US = "us-east-1"
SHOP = PREFIX + "shop"
ASK_FOR_SHOP = '{"secret": "' + SHOP + '"}'


@pytest.fixture
def deploying(estate: Estate, authorities: Authorities) -> tuple[str, str]:
    """A renewed shop's RSA copy, and a distribution that presents it and takes no change yet."""
    estate.secret("shop", authorities.public.issue("shop.example.com", key=shared_key("rsa2048")))
    estate.run()
    (old,) = estate.certificates(US)
    estate.aws.behaviour.deployments = "when_told"
    distribution = estate.distribution(old, "shop.example.com")
    estate.renew("shop", authorities.public.issue("shop.example.com"))
    return old, distribution


def test_a_distribution_that_is_being_deployed_is_waited_for_without_burning_retries(
    estate: Estate, deploying: tuple[str, str]
) -> None:
    old, distribution = deploying

    with time_machine.travel(now(), tick=False) as clock:
        first = estate.run()
        tagged_first, after_first = estate.tags(old), estate.waiting_messages()
        for _ in range(6):
            clock.shift(timedelta(minutes=5, seconds=1))
            estate.drain()
        estate.aws.finish_deployments()
        clock.shift(timedelta(minutes=5, seconds=1))
        last = estate.drain()

    assert first.rotation(SHOP)["status"] == "waiting"
    assert tags.SUPERSEDED_BY not in tagged_first
    assert after_first["ApproximateNumberOfMessagesDelayed"] == 1
    assert after_first["ApproximateNumberOfMessagesNotVisible"] == 0
    assert last.rotation(SHOP)["status"] == "done"
    assert estate.viewer_certificate(distribution)["ACMCertificateArn"] != old
    assert tags.SUPERSEDED_BY in estate.tags(old)
    assert len(estate.aws.calls_of("acm", "ImportCertificate")) == 4, "two Regions, twice"


@pytest.mark.usefixtures("deploying")
def test_waiting_messages_end_after_an_hour_because_the_next_scan_queues_anew(
    estate: Estate,
) -> None:
    with time_machine.travel(now(), tick=False) as clock:
        estate.run()
        rounds = 0
        while any(estate.waiting_messages().values()):
            clock.shift(timedelta(minutes=5, seconds=1))
            estate.drain()
            rounds += 1
        again = estate.scan()

    assert rounds == 12
    assert again.scans[0]["queued"] == [SHOP]


def test_material_that_becomes_valid_within_minutes_is_waited_for(
    estate: Estate, authorities: Authorities
) -> None:
    soon = now() + timedelta(minutes=4)
    issued = authorities.public.issue("shop.example.com", not_before=soon)
    estate.secret("shop", issued)

    with time_machine.travel(now(), tick=False) as clock:
        first = estate.run()
        clock.shift(timedelta(minutes=4, seconds=2))
        second = estate.drain()

    assert first.rotation(SHOP)["status"] == "failed"
    assert second.rotation(SHOP)["status"] == "done"


def test_a_message_about_an_earlier_version_applies_the_current_one(
    estate: Estate, authorities: Authorities
) -> None:
    earlier = estate.secret("shop", authorities.public.issue("shop.example.com"))
    estate.run()
    renewed = authorities.public.issue("shop.example.com")
    with time_machine.travel(now() + timedelta(minutes=1), tick=False):
        estate.renew("shop", renewed)
        run = estate.rotate("shop", version=earlier)

    assert run.rotation(SHOP)["status"] == "done"
    assert estate.presents(estate.certificates(HOME)[0]) == renewed.certificate


@pytest.mark.parametrize("body", ["", "[]", "{}", '{"secret": 7}', "not json", '{"secret": ""}'])
def test_a_message_that_names_no_secret_is_reported_and_not_seen_again(
    estate: Estate, body: str
) -> None:
    client("sqs", HOME).send_message(QueueUrl=estate.queue_url, MessageBody=body or " ")

    run = estate.drain()

    assert run.rotations[0]["status"] == "refused"
    assert not any(estate.waiting_messages().values())


def test_a_secret_that_is_gone_is_looked_for_twice_and_then_reported(estate: Estate) -> None:
    client("sqs", HOME).send_message(QueueUrl=estate.queue_url, MessageBody=ASK_FOR_SHOP)

    with time_machine.travel(now(), tick=False) as clock:
        first = estate.drain()
        clock.shift(timedelta(minutes=1, seconds=1))
        second = estate.drain()

    assert first.rotation(SHOP)["status"] == "failed"
    assert second.rotation(SHOP)["status"] == "refused"
    assert "RESOURCE_VANISHED" in second.rotation(SHOP)["error"]
    assert not any(estate.waiting_messages().values())


def test_a_secret_whose_event_is_faster_than_its_read_goes_live_a_minute_later(
    estate: Estate, authorities: Authorities
) -> None:
    """API reference, ListSecrets: all operations of Secrets Manager are eventually consistent."""
    client("sqs", HOME).send_message(QueueUrl=estate.queue_url, MessageBody=ASK_FOR_SHOP)

    with time_machine.travel(now(), tick=False) as clock:
        estate.drain()
        estate.secret("shop", authorities.public.issue("shop.example.com"))
        clock.shift(timedelta(minutes=1, seconds=1))
        second = estate.drain()

    assert second.rotation(SHOP)["status"] == "done"
