"""Old copies are kept for a rollback, then deleted; one in use again is an ordinary copy again."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
import time_machine

from certrotation.core.estate.tags import MOST_TAGS
from certrotation.names import tags
from tests.simulation.estate import HOME, PREFIX, client
from tests.support.authority import now, shared_key

if TYPE_CHECKING:
    from tests.simulation.estate import Estate
    from tests.support.authorities import Authorities

pytestmark = pytest.mark.slow

SHOP = PREFIX + "shop"
MONTH = timedelta(days=30)


@pytest.fixture
def replaced(estate: Estate, authorities: Authorities) -> tuple[str, str, str]:
    """A shop whose RSA copy was replaced by an EC one: old ARN, new ARN, listener."""
    issue = authorities.public.issue
    lasting = timedelta(days=200)
    rsa = issue("shop.example.com", key=shared_key("rsa2048"), lifetime=lasting)
    estate.secret("shop", rsa, {tags.REGIONS: HOME})
    estate.run()
    (old,) = estate.certificates(HOME)
    listener = estate.listener("web", HOME, old)
    estate.renew("shop", issue("shop.example.com", lifetime=lasting))
    estate.run()
    (new,) = [arn for arn in estate.certificates(HOME) if arn != old]
    return old, new, listener


@pytest.mark.parametrize(
    ("age", "left"),
    [
        pytest.param(MONTH - timedelta(minutes=1), 2, id="a minute before retention ends"),
        pytest.param(MONTH + timedelta(minutes=1), 1, id="a minute after"),
    ],
)
def test_a_superseded_copy_is_deleted_when_retention_has_passed(
    estate: Estate, replaced: tuple[str, str, str], age: timedelta, left: int
) -> None:
    _, new, _ = replaced
    with time_machine.travel(now() + age, tick=False):
        run = estate.scan()

    assert len(estate.certificates(HOME)) == left
    assert new in estate.certificates(HOME)
    assert run.metric("SupersededDeleted") == 2 - left


def test_report_mode_deletes_nothing(estate: Estate, replaced: tuple[str, str, str]) -> None:
    estate.environment["CERTROTATION_MODE"] = "report"
    with time_machine.travel(now() + 2 * MONTH, tick=False):
        estate.scan()

    assert sorted(estate.certificates(HOME)) == sorted(replaced[:2])


def test_a_copy_that_came_into_use_before_it_could_be_deleted_is_left_for_later(
    estate: Estate, replaced: tuple[str, str, str]
) -> None:
    old, _, listener = replaced
    with time_machine.travel(now() + 2 * MONTH, tick=False), estate.aws.stale("list_certificates"):
        client("elbv2", HOME).add_listener_certificates(
            ListenerArn=listener, Certificates=[{"CertificateArn": old}]
        )
        run = estate.scan()

    assert old in estate.certificates(HOME)
    assert "CERTIFICATE_IN_USE" in run.scans[0]["not_deleted"][old]


def test_moving_awscurrent_back_rolls_back_to_the_superseded_copy(
    estate: Estate, replaced: tuple[str, str, str]
) -> None:
    old, new, listener = replaced
    estate.roll_back("shop")

    run = estate.run()

    assert run.rotation(SHOP)["status"] == "done"
    assert estate.default_of(listener) == old
    assert tags.SUPERSEDED_BY not in estate.tags(old)
    assert estate.tags(new)[tags.SUPERSEDED_BY] == old
    assert len(estate.certificates(HOME)) == 2, "nothing was imported anew"


def test_a_dependent_that_was_put_back_is_moved_again_and_a_person_is_told(
    estate: Estate, replaced: tuple[str, str, str]
) -> None:
    old, new, listener = replaced
    client("elbv2", HOME).modify_listener(
        ListenerArn=listener, Certificates=[{"CertificateArn": old}]
    )
    with time_machine.travel(now() + timedelta(hours=2), tick=False):
        run = estate.run()

    assert [each["code"] for each in run.scans[0]["findings"]] == ["DEPENDENT_REVERTED"]
    assert "DEPENDENT_REVERTED" in run.codes(SHOP)
    assert estate.default_of(listener) == new


def test_an_orphan_is_never_deleted(estate: Estate, replaced: tuple[str, str, str]) -> None:
    client("secretsmanager", HOME).delete_secret(SecretId=SHOP)
    with time_machine.travel(now() + 2 * MONTH, tick=False):
        run = estate.scan()

    assert sorted(estate.certificates(HOME)) == sorted(replaced[:2])
    assert run.scans[0]["states"]["unmanaged"] == 2


def test_a_copy_with_all_the_tags_that_acm_allows_can_still_be_marked(
    estate: Estate, authorities: Authorities
) -> None:
    issue = authorities.public.issue
    many = {f"team-{number:02}": "shop" for number in range(40)}
    rsa = issue("shop.example.com", key=shared_key("rsa2048"))
    estate.secret("shop", rsa, {tags.REGIONS: HOME, **many})
    estate.run()
    (old,) = estate.certificates(HOME)
    room = MOST_TAGS - len(estate.tags(old))
    more = [{"Key": f"z-{number}", "Value": "by hand"} for number in range(room)]
    client("acm", HOME).add_tags_to_certificate(CertificateArn=old, Tags=more)
    estate.listener("web", HOME, old)
    estate.renew("shop", issue("shop.example.com"))

    run = estate.run()

    assert run.rotation(SHOP)["status"] == "done"
    assert len(estate.tags(old)) == MOST_TAGS
    assert {tags.SUPERSEDED_BY, tags.SUPERSEDED_AT} <= estate.tags(old).keys()


def test_on_hold_nothing_is_deleted(estate: Estate, replaced: tuple[str, str, str]) -> None:
    estate.tag_secret("shop", hold="")
    with time_machine.travel(now() + 2 * MONTH, tick=False):
        estate.scan()

    assert sorted(estate.certificates(HOME)) == sorted(replaced[:2])


def test_a_copy_that_was_set_aside_a_moment_ago_is_kept_though_the_list_of_tags_lags(
    estate: Estate, replaced: tuple[str, str, str]
) -> None:
    old, _, _ = replaced
    with time_machine.travel(now() + 2 * MONTH, tick=False), estate.aws.stale("tagging"):
        mark = [{"Key": tags.IGNORE, "Value": ""}]
        client("acm", HOME).add_tags_to_certificate(CertificateArn=old, Tags=mark)
        run = estate.scan()

    assert old in estate.certificates(HOME)
    assert "changed meanwhile" in run.scans[0]["not_deleted"][old]


def test_a_hold_that_was_set_a_moment_ago_keeps_a_copy_though_the_list_of_secrets_lags(
    estate: Estate, replaced: tuple[str, str, str]
) -> None:
    old, _, _ = replaced
    with time_machine.travel(now() + 2 * MONTH, tick=False), estate.aws.stale("list_secrets"):
        estate.tag_secret("shop", hold="")
        run = estate.scan()

    assert old in estate.certificates(HOME)
    assert run.scans[0]["not_deleted"][old] == f"{SHOP} is on hold"


def test_a_rollback_at_the_last_moment_finds_its_copy(
    estate: Estate, replaced: tuple[str, str, str]
) -> None:
    old, _, listener = replaced
    with time_machine.travel(now() + 2 * MONTH, tick=False):
        estate.roll_back("shop")
        run = estate.run()

    assert run.scans[0]["deleted"] == {}
    assert estate.default_of(listener) == old
