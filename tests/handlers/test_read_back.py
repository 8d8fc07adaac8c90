"""What was done is looked at: AWS, or somebody else, may show something different."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
import time_machine

from certrotation.names import tags
from tests.double.builders import import_issued
from tests.simulation.estate import HOME, PREFIX, client
from tests.support.authority import now, shared_key

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.double import Call
    from tests.simulation.estate import Estate
    from tests.support.authorities import Authorities
    from tests.support.authority import Issued

pytestmark = pytest.mark.slow

SHOP = PREFIX + "shop"


@contextmanager
def once_after(estate: Estate, operation: str, meddle: Callable[[], object]) -> Iterator[list[str]]:
    """Let somebody else do something right after the first call of an operation, until exit."""
    done: list[str] = []

    def look(call: Call) -> None:
        if call.operation != operation or done:
            return
        done.append(operation)
        with estate.aws.unobserved():
            meddle()

    with estate.aws.after(look):
        yield done


def overwrite(estate: Estate, issued: Issued) -> None:
    """Import over the only certificate at home."""
    (arn,) = estate.certificates(HOME)
    import_issued(client("acm", HOME), issued, CertificateArn=arn)


def delete(estate: Estate) -> None:
    """Delete the only certificate at home."""
    (arn,) = estate.certificates(HOME)
    client("acm", HOME).delete_certificate(CertificateArn=arn)


@pytest.fixture
def rsa_listener(estate: Estate, authorities: Authorities) -> tuple[str, str]:
    """An RSA copy at home that a listener presents, and the listener; the secret now holds EC."""
    rsa = authorities.public.issue("shop.example.com", key=shared_key("rsa2048"))
    estate.secret("shop", rsa, {tags.REGIONS: HOME})
    estate.run()
    (old,) = estate.certificates(HOME)
    listener = estate.listener("web", HOME, old)
    estate.renew("shop", authorities.public.issue("shop.example.com"))
    estate.aws.calls.clear()
    return old, listener


def test_an_import_that_acm_does_not_show_is_not_trusted_and_comes_back(
    estate: Estate, authorities: Authorities
) -> None:
    wanted, other = (authorities.public.issue("shop.example.com") for _ in range(2))
    estate.secret("shop", wanted, {tags.REGIONS: HOME})

    with time_machine.travel(now(), tick=False) as clock:
        with once_after(estate, "ImportCertificate", lambda: overwrite(estate, other)) as meddled:
            first = estate.run()
        waiting = estate.waiting_messages()
        clock.shift(timedelta(minutes=1, seconds=1))
        second = estate.drain()

    (region,) = first.rotation(SHOP)["regions"]
    (arn,) = estate.certificates(HOME)
    assert meddled
    assert region["status"] == "failed"
    assert "does not show what was imported" in region["error"]
    assert waiting["ApproximateNumberOfMessagesNotVisible"] == 1
    assert second.rotation(SHOP)["status"] == "done"
    assert estate.presents(arn) == wanted.certificate


def test_a_reimport_that_acm_does_not_show_is_not_tagged_and_comes_back(
    estate: Estate, authorities: Authorities
) -> None:
    before, renewed = (authorities.public.issue("shop.example.com") for _ in range(2))
    version = estate.secret("shop", before, {tags.REGIONS: HOME})
    estate.run()
    (arn,) = estate.certificates(HOME)
    estate.renew("shop", renewed)

    with time_machine.travel(now(), tick=False) as clock:
        with once_after(estate, "ImportCertificate", lambda: overwrite(estate, before)) as meddled:
            first = estate.run()
        tagged, waiting = estate.tags(arn), estate.waiting_messages()
        clock.shift(timedelta(minutes=1, seconds=1))
        second = estate.drain()

    (region,) = first.rotation(SHOP)["regions"]
    assert meddled
    assert region["status"] == "failed"
    assert "does not show what was imported" in region["error"]
    assert tagged[tags.VERSION] == version, "it carries what it did"
    assert waiting["ApproximateNumberOfMessagesNotVisible"] == 1
    assert second.rotation(SHOP)["status"] == "done"
    assert estate.presents(arn) == renewed.certificate


def test_a_copy_that_is_deleted_before_it_is_read_back_comes_back(
    estate: Estate, authorities: Authorities
) -> None:
    estate.secret("shop", authorities.public.issue("shop.example.com"), {tags.REGIONS: HOME})

    with once_after(estate, "ImportCertificate", lambda: delete(estate)) as meddled:
        run = estate.run()

    assert meddled
    assert run.rotation(SHOP)["status"] == "failed"
    assert estate.waiting_messages()["ApproximateNumberOfMessagesNotVisible"] == 1


def test_a_new_copy_is_known_before_any_list_shows_it(
    estate: Estate, rsa_listener: tuple[str, str]
) -> None:
    old, listener = rsa_listener

    with estate.aws.stale("list_certificates"), estate.aws.stale("tagging"):
        run = estate.run()

    assert run.rotation(SHOP)["status"] == "done"
    assert estate.default_of(listener) != old
    assert len(estate.aws.calls_of("acm", "ImportCertificate")) == 1


def test_one_run_imports_once_even_if_the_new_copy_is_gone_a_moment_later(
    estate: Estate, authorities: Authorities
) -> None:
    estate.secret("shop", authorities.public.issue("shop.example.com"), {tags.REGIONS: HOME})

    with time_machine.travel(now(), tick=False) as clock:
        # The first GetCertificate of this story is the read-back of the import.
        with once_after(estate, "GetCertificate", lambda: delete(estate)) as meddled:
            first = estate.run()
        imported = len(estate.aws.calls_of("acm", "ImportCertificate"))
        clock.shift(timedelta(minutes=1, seconds=1))
        second = estate.drain()

    (region,) = first.rotation(SHOP)["regions"]
    assert meddled
    assert region["status"] == "failed"
    assert "not visible yet" in region["error"]
    assert imported == 1
    assert second.rotation(SHOP)["status"] == "done"
    assert len(estate.certificates(HOME)) == 1


def test_a_listener_that_names_the_old_copy_again_after_its_move_is_stranded(
    estate: Estate, rsa_listener: tuple[str, str]
) -> None:
    old, listener = rsa_listener

    def put_back() -> None:
        client("elbv2", HOME).modify_listener(
            ListenerArn=listener, Certificates=[{"CertificateArn": old}]
        )

    with once_after(estate, "ModifyListener", put_back) as meddled:
        run = estate.run()

    (region,) = run.rotation(SHOP)["regions"]
    assert meddled
    assert region["status"] == "stranded"
    assert "still names the old certificate" in region["stranded"][0]
    assert run.metric("DependentsMoved") == 0
    assert tags.SUPERSEDED_BY not in estate.tags(old)
