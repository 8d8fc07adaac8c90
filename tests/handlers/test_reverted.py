"""A dependent that somebody puts back is moved again once; then a person is told who does it."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

import pytest

from certrotation.core.estate.tags import MOST_TAGS
from certrotation.names import tags
from tests.simulation.estate import HOME, PREFIX, client
from tests.simulation.faults import DeathError, dying, nth
from tests.simulation.mailbox import Mailbox
from tests.support.authority import now, shared_key

if TYPE_CHECKING:
    from typing import Literal

    import time_machine

    from tests.double import Call
    from tests.simulation.estate import Estate, Run
    from tests.support.authorities import Authorities

pytestmark = pytest.mark.slow

SHOP = PREFIX + "shop"
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


class Replaced(NamedTuple):
    """A shop whose RSA copy was replaced by an EC one."""

    old: str
    new: str
    listener: str


@pytest.fixture
def replaced(estate: Estate, authorities: Authorities, clock: time_machine.Traveller) -> Replaced:
    found = replace_shop(estate, authorities)
    clock.shift(2 * HOUR)
    return found


def replace_shop(
    estate: Estate, authorities: Authorities, owned_by: dict[str, str] | None = None
) -> Replaced:
    lasting = timedelta(days=200)
    rsa = authorities.public.issue("shop.example.com", key=shared_key("rsa2048"), lifetime=lasting)
    estate.secret("shop", rsa, {tags.REGIONS: HOME})
    estate.run()
    (old,) = estate.certificates(HOME)
    listener = estate.listener("web", HOME, old, tags=owned_by)
    estate.renew("shop", authorities.public.issue("shop.example.com", lifetime=lasting))
    estate.run()
    return Replaced(old, estate.default_of(listener), listener)


def put_back(estate: Estate, shop: Replaced, clock: time_machine.Traveller) -> Run:
    """Point the listener back at the old copy, and run when ACM's hint has settled."""
    estate.point(shop.listener, shop.old)
    clock.shift(2 * HOUR)
    return estate.run()


def test_it_is_moved_again_once_and_the_second_time_within_a_week_it_stays(
    estate: Estate, replaced: Replaced, clock: time_machine.Traveller
) -> None:
    mailbox = Mailbox(estate)

    first = put_back(estate, replaced, clock)
    assert first.rotation(SHOP)["status"] == "done"
    assert first.metric("DependentsMoved") == 1
    assert estate.default_of(replaced.listener) == replaced.new
    assert tags.REVERTED in estate.tags(replaced.old)
    assert mailbox.letters() == []

    clock.shift(3 * DAY)
    second = put_back(estate, replaced, clock)
    assert second.rotation(SHOP)["status"] == "stranded"
    assert second.metric("DependentsMoved") == 0
    assert second.metric("DependentsStranded") == 1
    assert "DEPENDENT_REVERTED" in second.codes(SHOP)
    assert estate.default_of(replaced.listener) == replaced.old

    third = estate.run()
    assert third.rotation(SHOP)["status"] == "stranded", "it is not moved at the next scan either"


def test_who_does_it_is_told_at_the_first_scan_that_can_see_it(
    estate: Estate, authorities: Authorities, clock: time_machine.Traveller
) -> None:
    """A controller puts it back within minutes: nobody waits a day for the mail."""
    mailbox = Mailbox(estate)
    shop = replace_shop(estate, authorities, {"aws:cloudformation:stack-name": "web-stack"})
    letters = []
    for _ in range(6):
        estate.point(shop.listener, shop.old)
        clock.shift(HOUR)
        estate.run()
        letters.append(mailbox.letters())

    told = [len(each) for each in letters]
    assert sum(told) == 1, "and then once a day"
    (letter,) = next(each for each in letters if each)
    assert letter.subject == f"certrotation-test: stranded {SHOP}"
    assert "it belongs to the CloudFormation stack web-stack" in letter.body
    assert shop.listener in letter.body


def test_after_a_week_it_is_tried_again(
    estate: Estate, replaced: Replaced, clock: time_machine.Traveller
) -> None:
    put_back(estate, replaced, clock)
    assert put_back(estate, replaced, clock).rotation(SHOP)["status"] == "stranded"

    clock.shift(7 * DAY)
    assert estate.run().rotation(SHOP)["status"] == "done"
    assert estate.default_of(replaced.listener) == replaced.new


@pytest.mark.parametrize(
    ("lost", "second"),
    [
        pytest.param((tags.REVERTED,), "done", id="the revert is forgotten: moved once more"),
        pytest.param((tags.SUPERSEDED_AT,), "done", id="perhaps not moved yet: moved once more"),
        pytest.param((tags.SUPERSEDED_BY,), "done", id="an ordinary copy"),
        pytest.param((tags.VERSION, tags.NOT_AFTER), "stranded", id="nothing to do with it"),
    ],
)
def test_lost_tags_cost_one_more_move_and_no_promise(
    estate: Estate,
    replaced: Replaced,
    clock: time_machine.Traveller,
    lost: tuple[str, ...],
    second: str,
) -> None:
    put_back(estate, replaced, clock)
    client("acm", HOME).remove_tags_from_certificate(
        CertificateArn=replaced.old, Tags=[{"Key": each} for each in lost]
    )

    assert put_back(estate, replaced, clock).rotation(SHOP)["status"] == second

    if second == "done":
        put_back(estate, replaced, clock)
        assert put_back(estate, replaced, clock).rotation(SHOP)["status"] == "stranded"


def test_an_index_of_tags_that_lags_does_not_make_it_forget(
    estate: Estate, replaced: Replaced, clock: time_machine.Traveller
) -> None:
    with estate.aws.stale("tagging"):
        assert put_back(estate, replaced, clock).rotation(SHOP)["status"] == "done"
        assert put_back(estate, replaced, clock).rotation(SHOP)["status"] == "stranded"


def test_answers_of_acm_without_tags_do_not_make_it_forget(
    estate: Estate, replaced: Replaced, clock: time_machine.Traveller
) -> None:
    def leave_out(_client: object, call: Call, answer: dict[str, object]) -> None:
        if call.operation == "ListTagsForCertificate":
            del answer["Tags"]

    with estate.aws.changing(leave_out):
        assert put_back(estate, replaced, clock).rotation(SHOP)["status"] == "done"
        assert put_back(estate, replaced, clock).rotation(SHOP)["status"] == "stranded"


def test_it_is_remembered_on_a_copy_that_has_all_the_tags_that_acm_allows(
    estate: Estate, replaced: Replaced, clock: time_machine.Traveller
) -> None:
    room = MOST_TAGS - len(estate.tags(replaced.old))
    more = [{"Key": f"z-{number}", "Value": "by hand"} for number in range(room)]
    client("acm", HOME).add_tags_to_certificate(CertificateArn=replaced.old, Tags=more)

    assert put_back(estate, replaced, clock).rotation(SHOP)["status"] == "done"

    assert tags.REVERTED in estate.tags(replaced.old)
    assert len(estate.tags(replaced.old)) == MOST_TAGS


def test_a_rollback_forgets_it(
    estate: Estate, replaced: Replaced, clock: time_machine.Traveller
) -> None:
    put_back(estate, replaced, clock)

    estate.roll_back("shop")
    estate.run()

    assert estate.default_of(replaced.listener) == replaced.old
    assert {tags.REVERTED, tags.SUPERSEDED_BY}.isdisjoint(estate.tags(replaced.old))
    assert estate.tags(replaced.old)[tags.MOVING_SINCE] == str(int(now().timestamp()))


def test_two_dependents_of_one_copy_count_together(
    estate: Estate, replaced: Replaced, clock: time_machine.Traveller
) -> None:
    """Which of them was put back is not recorded; a person is told rather earlier than later."""
    put_back(estate, replaced, clock)
    other = estate.listener("other", HOME, replaced.old)
    clock.shift(2 * HOUR)

    assert estate.run().rotation(SHOP)["status"] == "stranded"
    assert estate.default_of(other) == replaced.old


def test_one_that_is_put_back_in_the_canary_region_keeps_no_other_region_from_new_material(
    estate: Estate, authorities: Authorities, clock: time_machine.Traveller
) -> None:
    shop = replace_shop(estate, authorities)
    put_back(estate, shop, clock)
    assert put_back(estate, shop, clock).rotation(SHOP)["status"] == "stranded"
    estate.tag_secret("shop", regions=f"{HOME} us-east-1")
    renewed = authorities.public.issue("shop.example.com", lifetime=timedelta(days=300))
    estate.renew("shop", renewed)

    run = estate.run()

    assert run.rotation(SHOP)["status"] == "stranded"
    assert estate.presents(shop.new) == renewed.certificate
    (other,) = estate.certificates("us-east-1")
    assert estate.presents(other) == renewed.certificate


def put_back_for_the_first_time(estate: Estate, shop: Replaced) -> None:
    """Let the old copy look as if it had been superseded two hours ago, and be in use again."""
    acm = client("acm", HOME)
    acm.remove_tags_from_certificate(CertificateArn=shop.old, Tags=[{"Key": tags.REVERTED}])
    at = str(int((now() - 2 * HOUR).timestamp()))
    marks = {tags.SUPERSEDED_BY: shop.new, tags.SUPERSEDED_AT: at}
    given = [{"Key": key, "Value": value} for key, value in marks.items()]
    acm.add_tags_to_certificate(CertificateArn=shop.old, Tags=given)
    estate.point(shop.listener, shop.old)


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_death_at_any_call_neither_forgets_a_revert_nor_makes_one_up(
    estate: Estate, replaced: Replaced, clock: time_machine.Traveller, when: Literal["before"]
) -> None:
    """The first revert is moved again though the process dies; the next one always stays."""
    deaths, died = 0, True
    while died:
        died = False
        put_back_for_the_first_time(estate, replaced)
        with dying(estate.aws, when, nth(deaths + 1)):
            for work in (estate.scan, estate.drain):
                try:
                    work()
                except DeathError:
                    died = True
        clock.shift(2 * HOUR)
        with suppress(DeathError):
            estate.run()
        assert estate.default_of(replaced.listener) == replaced.new, f"death {deaths + 1}"
        assert tags.REVERTED in estate.tags(replaced.old), f"death {deaths + 1}"
        assert put_back(estate, replaced, clock).rotation(SHOP)["status"] == "stranded"
        deaths += died
    assert deaths > 10, "else not every call was tried"
