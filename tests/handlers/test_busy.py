"""A dependent that takes no change is waited for, for six hours; then a person is told."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from certrotation.aws.acm import AcmCertificates
from certrotation.names import tags
from tests.simulation.estate import HOME, PREFIX, client
from tests.simulation.mailbox import Mailbox
from tests.support.authority import now, shared_key

if TYPE_CHECKING:
    from collections.abc import Iterator

    import time_machine

    from tests.double import Call
    from tests.simulation.estate import Estate
    from tests.support.authorities import Authorities

pytestmark = pytest.mark.slow

US = "us-east-1"
SHOP = PREFIX + "shop"
NAME = "shop.example.com"
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
SIX_HOURS = 6 * HOUR
LASTING = timedelta(days=200)


@pytest.fixture
def shop(
    estate: Estate, authorities: Authorities, clock: time_machine.Traveller
) -> tuple[str, str]:
    """An RSA copy that a distribution presents, and the distribution's id."""
    del clock
    rsa = authorities.public.issue(NAME, key=shared_key("rsa2048"), lifetime=LASTING)
    estate.secret("shop", rsa, {tags.REGIONS: US})
    estate.run()
    (old,) = estate.certificates(US)
    return old, estate.distribution(old, NAME)


@contextmanager
def busy(estate: Estate) -> Iterator[None]:
    """Let CloudFront take no change of a viewer certificate."""

    def refuse(call: Call) -> None:
        if call.operation == "UpdateDistribution":
            words = "Only one viewer certificate change may be in progress at a time."
            raise estate.aws.error("IllegalUpdate", call.operation, words)

    with estate.aws.before(refuse):
        yield


def new_copy(estate: Estate, old: str) -> str:
    (new,) = [arn for arn in estate.certificates(US) if arn != old]
    return new


def tag(arn: str, **given: str) -> None:
    made = [{"Key": f"certrotation:{key}", "Value": value} for key, value in given.items()]
    client("acm", US).add_tags_to_certificate(CertificateArn=arn, Tags=made)


def test_it_is_waited_for_and_stranded_six_hours_after_the_import(
    estate: Estate,
    authorities: Authorities,
    shop: tuple[str, str],
    clock: time_machine.Traveller,
) -> None:
    mailbox = Mailbox(estate)
    estate.renew("shop", authorities.public.issue(NAME, lifetime=LASTING))

    with busy(estate):
        waited = [estate.run().rotation(SHOP)["status"]]
        for _ in range(5):
            clock.shift(HOUR)
            waited.append(estate.run().rotation(SHOP)["status"])
        assert set(waited) == {"waiting"}
        assert mailbox.letters() == []

        clock.shift(HOUR)
        run = estate.run()

    (region,) = run.rotation(SHOP)["regions"]
    assert run.rotation(SHOP)["status"] == "stranded"
    assert region["stranded"][0].endswith("It has not become free for six hours.")
    assert run.metric("DependentsStranded") >= 1
    (letter,) = mailbox.letters()
    assert shop[1] in letter.body
    assert estate.viewer_certificate(shop[1])["ACMCertificateArn"] == shop[0]
    assert tags.SUPERSEDED_BY not in estate.tags(shop[0]), "and so it is not deleted"


def test_it_is_moved_once_it_is_free(
    estate: Estate,
    authorities: Authorities,
    shop: tuple[str, str],
    clock: time_machine.Traveller,
) -> None:
    estate.renew("shop", authorities.public.issue(NAME, lifetime=LASTING))
    with busy(estate):
        estate.run()
        clock.shift(7 * HOUR)
        assert estate.run().rotation(SHOP)["status"] == "stranded"

    clock.shift(HOUR)
    assert estate.run().rotation(SHOP)["status"] == "done"
    assert estate.viewer_certificate(shop[1])["ACMCertificateArn"] != shop[0]


def test_newer_material_and_its_tags_do_not_start_the_six_hours_again(
    estate: Estate,
    authorities: Authorities,
    shop: tuple[str, str],
    clock: time_machine.Traveller,
) -> None:
    estate.renew("shop", authorities.public.issue(NAME, lifetime=LASTING))
    with busy(estate):
        estate.run()
        since = estate.tags(new_copy(estate, shop[0]))[tags.MOVING_SINCE]
        clock.shift(5 * HOUR)
        version = estate.renew("shop", authorities.public.issue(NAME, lifetime=LASTING))
        estate.run()
        clock.shift(HOUR)
        run = estate.run()

    made = estate.tags(new_copy(estate, shop[0]))
    assert (made[tags.VERSION], made[tags.MOVING_SINCE]) == (version, since)
    assert run.rotation(SHOP)["status"] == "stranded"


@pytest.mark.parametrize(
    ("written", "status"),
    [
        (SIX_HOURS - MINUTE, "waiting"),
        (SIX_HOURS, "stranded"),
        (-HOUR, "waiting"),
    ],
    ids=["almost six hours", "six hours", "a time in the future counts as absent"],
)
def test_the_tag_says_since_when(
    estate: Estate,
    authorities: Authorities,
    shop: tuple[str, str],
    written: timedelta,
    status: str,
) -> None:
    estate.renew("shop", authorities.public.issue(NAME, lifetime=LASTING))
    with busy(estate):
        estate.run()
        since = str(int((now() - written).timestamp()))
        tag(new_copy(estate, shop[0]), **{"moving-since": since})

        assert estate.run().rotation(SHOP)["status"] == status


@pytest.mark.parametrize(
    ("created", "status"),
    [(5 * HOUR, "waiting"), (7 * HOUR, "stranded"), (None, "stranded")],
    ids=["created five hours ago", "created seven hours ago", "ACM does not say when"],
)
def test_without_the_tag_the_time_of_the_creation_counts(
    *,
    estate: Estate,
    authorities: Authorities,
    shop: tuple[str, str],
    monkeypatch: pytest.MonkeyPatch,
    created: timedelta | None,
    status: str,
) -> None:
    """Nobody waits for ever for a copy of an earlier version of which nothing says how old."""
    estate.renew("shop", authorities.public.issue(NAME, lifetime=LASTING))
    with busy(estate):
        estate.run()
        new = new_copy(estate, shop[0])
        client("acm", US).remove_tags_from_certificate(
            CertificateArn=new, Tags=[{"Key": tags.MOVING_SINCE}]
        )
        at = None if created is None else datetime.now(UTC) - created
        ask = AcmCertificates.detail
        monkeypatch.setattr(AcmCertificates, "detail", lambda *of: ask(*of)._replace(created_at=at))

        assert estate.run().rotation(SHOP)["status"] == status


def test_a_canary_that_is_busy_for_hours_keeps_no_other_region_from_new_material(
    estate: Estate,
    authorities: Authorities,
    shop: tuple[str, str],
    clock: time_machine.Traveller,
) -> None:
    del shop
    estate.tag_secret("shop", regions=f"{US} {HOME}")
    estate.renew("shop", authorities.public.issue(NAME, lifetime=LASTING))
    with busy(estate):
        estate.run()
        clock.shift(SIX_HOURS)
        renewed = authorities.public.issue(NAME, lifetime=2 * LASTING)
        estate.renew("shop", renewed)
        run = estate.run()

    assert run.rotation(SHOP)["status"] == "stranded"
    (other,) = estate.certificates(HOME)
    assert estate.presents(other) == renewed.certificate


def test_near_its_end_the_copy_is_reimported_in_place_after_six_hours(
    estate: Estate, authorities: Authorities, clock: time_machine.Traveller
) -> None:
    day = timedelta(days=1)
    estate.secret("shop", authorities.public.issue(NAME, lifetime=day), {tags.REGIONS: US})
    estate.run()
    (old,) = estate.certificates(US)
    estate.distribution(old, NAME)
    renewed = authorities.public.issue(NAME, lifetime=LASTING)
    estate.renew("shop", renewed)

    with busy(estate):
        assert estate.run().rotation(SHOP)["status"] == "waiting"
        clock.shift(SIX_HOURS)
        run = estate.run()

    assert run.rotation(SHOP)["status"] == "done"
    found = [each["code"] for one in run.rotations for each in one["regions"][0]["findings"]]
    assert "EDGE_LATE" in found
    assert estate.presents(old) == renewed.certificate


def test_a_copy_that_is_used_again_by_a_rollback_is_as_new(
    estate: Estate,
    authorities: Authorities,
    shop: tuple[str, str],
    clock: time_machine.Traveller,
) -> None:
    """It was made long ago, and the distribution has been busy only since the rollback."""
    estate.renew("shop", authorities.public.issue(NAME, lifetime=LASTING))
    estate.run()
    clock.shift(10 * HOUR)
    estate.roll_back("shop")

    with busy(estate):
        assert estate.run().rotation(SHOP)["status"] == "waiting"
        clock.shift(SIX_HOURS)
        assert estate.run().rotation(SHOP)["status"] == "stranded"
    assert estate.viewer_certificate(shop[1])["ACMCertificateArn"] != shop[0]


def test_one_that_was_put_back_is_busy_since_then(
    estate: Estate,
    authorities: Authorities,
    shop: tuple[str, str],
    clock: time_machine.Traveller,
) -> None:
    """Whoever puts a distribution back deploys it, so that it is busy at that very moment."""
    estate.renew("shop", authorities.public.issue(NAME, lifetime=LASTING))
    estate.run()
    clock.shift(10 * HOUR)
    estate.point(shop[1], shop[0])

    with busy(estate):
        assert estate.run().rotation(SHOP)["status"] == "waiting"
        clock.shift(HOUR)
        assert estate.run().rotation(SHOP)["status"] == "waiting"
        clock.shift(SIX_HOURS)
        assert estate.run().rotation(SHOP)["status"] == "stranded"


def test_one_on_a_certificate_that_a_person_tagged_is_busy_since_it_was_found(
    estate: Estate,
    authorities: Authorities,
    shop: tuple[str, str],
    clock: time_machine.Traveller,
) -> None:
    del shop
    names = (NAME, f"www.{NAME}")
    estate.renew("shop", authorities.public.issue(*names, lifetime=LASTING))
    estate.run()
    clock.shift(10 * HOUR)
    rsa = authorities.public.issue(*names, key=shared_key("rsa2048"), lifetime=LASTING)
    by_hand = estate.certificate(rsa, US)
    distribution = estate.distribution(by_hand, names[1])
    tag(by_hand, secret=SHOP)

    with busy(estate):
        assert estate.run().rotation(SHOP)["status"] == "waiting"
        clock.shift(SIX_HOURS)
        assert estate.run().rotation(SHOP)["status"] == "stranded"
    assert estate.viewer_certificate(distribution)["ACMCertificateArn"] == by_hand
