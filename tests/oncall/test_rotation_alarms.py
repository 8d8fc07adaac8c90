"""What becomes of rotations raises an alarm where a person must act, and nothing elsewhere."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
import time_machine

from certrotation.names import tags
from tests.oncall.watch import MINUTE, ROTATE, SCAN, Watch
from tests.simulation.estate import HOME, fields_of
from tests.support.authority import now, shared_key

if TYPE_CHECKING:
    from tests.simulation.estate import Estate, Run
    from tests.support.authorities import Authorities

pytestmark = pytest.mark.infra

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
DEPTH = "ApproximateNumberOfMessagesVisible"
AGE = "ApproximateAgeOfOldestMessage"


@pytest.fixture
def healthy(estate: Estate, authorities: Authorities) -> Run:
    """A scan in which all is well."""
    estate.secret("shop", authorities.public.issue("shop.example.com"))
    estate.run()
    return estate.run()


@pytest.fixture
def refused(estate: Estate, authorities: Authorities, healthy: Run) -> Run:
    """A scan and a rotation after somebody put the wrong key into a secret."""
    assert healthy.rotations == []
    good, other = (authorities.public.issue("shop.example.com") for _ in range(2))
    estate.renew("shop", fields_of(good) | {"private_key": other.key_pem()})
    return estate.run()


@pytest.fixture
def renewed(estate: Estate, authorities: Authorities, refused: Run) -> Run:
    """A scan and a rotation after that was put right."""
    assert refused.metric("RotationRefused") == 1
    estate.renew("shop", authorities.public.issue("shop.example.com"))
    return estate.run()


@pytest.fixture
def stranded(estate: Estate, authorities: Authorities) -> tuple[Run, Run, Run]:
    """A full listener keeps the old certificate: at once, an hour later, and with room again."""
    issue, others_before = authorities.public.issue, set(estate.certificates(HOME))
    estate.secret(
        "mail", issue("mail.example.com", key=shared_key("rsa2048")), {tags.REGIONS: HOME}
    )
    estate.run()
    (copy,) = set(estate.certificates(HOME)) - others_before
    others = [
        estate.certificate(issue(f"team-{number}.example.com"), HOME, {tags.IGNORE: ""})
        for number in range(2)
    ]
    estate.listener("web", HOME, others[0], [copy, others[1]])
    estate.aws.behaviour.alb_certificate_limit = 2
    estate.renew("mail", issue("mail.example.com"))
    at_once = estate.run()
    with time_machine.travel(now() + HOUR + MINUTE):
        an_hour_later = estate.run()
        estate.aws.behaviour.alb_certificate_limit = 25
        return at_once, an_hour_later, estate.run()


def test_refused_material_is_one_ticket_until_two_intervals_have_passed_without(
    watch: Watch, healthy: Run, refused: Run, renewed: Run
) -> None:
    watch.scans(healthy, refused, refused, refused)
    up = watch.on
    watch.scans(renewed, healthy, healthy, healthy)

    assert up == {"MaterialRefused"}
    assert watch.raised() == ["MaterialRefused"]
    assert watch.paged() == []
    assert watch.on == set()


def test_a_stranded_dependent_pages_once_the_new_copy_is_an_hour_old(
    watch: Watch, healthy: Run, stranded: tuple[Run, Run, Run]
) -> None:
    at_once, an_hour_later, with_room = stranded
    watch.scans(healthy, at_once)
    early = watch.on
    watch.scans(an_hour_later, an_hour_later)
    up = watch.on
    watch.scans(with_room, healthy, healthy, healthy)

    assert early == set()
    assert up == {"DependentsStranded"}
    assert watch.paged() == watch.raised() == ["DependentsStranded"]
    assert watch.on == set()


# Dead letters


def test_the_first_rotation_that_is_given_up_pages_although_its_queue_was_never_used(
    watch: Watch,
) -> None:
    queue = watch.queue("RotationDeadLetters")
    watch.waits(3 * HOUR)
    watch.holds(queue, DEPTH, 1, 3 * watch.interval + 2 * HOUR)
    later = watch.on
    watch.holds(queue, DEPTH, 0, 10 * MINUTE)

    assert watch.paged() == ["RotationDeadLetters"]
    assert sorted(watch.raised()) == ["DeadLettersUnread", "RotationDeadLetters"]
    assert later == {"DeadLettersUnread"}, "the page is over, the message still lies there"
    assert watch.on == set()


def test_what_is_given_up_at_each_scan_again_is_one_page(watch: Watch) -> None:
    queue = watch.queue("RotationDeadLetters")
    watch.holds(queue, DEPTH, 0, 20 * MINUTE)
    for depth in range(1, 6):
        watch.holds(queue, DEPTH, depth, watch.interval)

    assert watch.paged() == ["RotationDeadLetters"]


def test_one_that_nobody_read_does_not_hide_the_next(watch: Watch) -> None:
    queue = watch.queue("RotationDeadLetters")
    for depth in (0, 1, 2):
        watch.holds(queue, DEPTH, depth, 3 * watch.interval + 2 * HOUR)

    assert watch.paged() == ["RotationDeadLetters"] * 2
    assert watch.raised().count("DeadLettersUnread") == 1


def test_nor_does_a_queue_that_was_emptied_a_moment_ago(hourly: Watch) -> None:
    queue = hourly.queue("RotationDeadLetters")
    hourly.holds(queue, DEPTH, 3, 3 * HOUR)
    hourly.holds(queue, DEPTH, 0, 10 * MINUTE)
    hourly.holds(queue, DEPTH, 1, 10 * MINUTE)

    assert hourly.on == {"RotationDeadLetters", "DeadLettersUnread"}


def test_to_look_at_dead_letters_changes_nothing(hourly: Watch) -> None:
    queue = hourly.queue("RotationDeadLetters")
    hourly.holds(queue, DEPTH, 2, 4 * HOUR)
    before = hourly.raised()
    hourly.holds(queue, DEPTH, 0, MINUTE)
    hourly.holds(queue, DEPTH, 2, HOUR)

    assert hourly.raised() == before
    assert hourly.on == {"DeadLettersUnread"}


def test_what_a_queue_tells_no_more_is_not_gone(hourly: Watch) -> None:
    """SQS falls silent on a queue that nothing touches, for whatever reason."""
    queue = hourly.queue("RotationDeadLetters")
    hourly.holds(queue, DEPTH, 2, 4 * HOUR)
    hourly.waits(12 * HOUR)

    assert hourly.on == {"DeadLettersUnread"}
    assert hourly.paged() == ["RotationDeadLetters"]


@pytest.mark.parametrize(
    "output", ["ScheduleDeadLetters", "ScanFailures", "NewMaterialDeadLetters"]
)
def test_a_lost_scan_or_event_is_a_ticket_until_its_queue_is_emptied(
    watch: Watch, output: str
) -> None:
    queue = watch.queue(output)
    watch.holds(queue, DEPTH, 0, 20 * MINUTE)
    watch.holds(queue, DEPTH, 1, 2 * HOUR)
    up = watch.on
    watch.holds(queue, DEPTH, 0, 10 * MINUTE)

    assert up == {"ScheduleFailing"}
    assert watch.raised() == ["ScheduleFailing"]
    assert watch.paged() == []
    assert watch.on == set()


# The queue


def test_a_queue_that_nobody_works_off_is_a_ticket_after_two_hours(watch: Watch) -> None:
    queue = watch.queue("RotationQueue")
    begin = watch.now
    while "QueueStuck" not in watch.on and watch.now - begin < 4 * HOUR:
        watch.holds(queue, AGE, (watch.now - begin).total_seconds(), MINUTE)
    took = watch.now - begin
    watch.waits(HOUR)

    assert watch.raised() == ["QueueStuck"]
    assert watch.paged() == []
    assert 2 * HOUR < took <= 2 * HOUR + 20 * MINUTE
    assert watch.on == set(), "an empty queue has no age"


def test_2500_due_secrets_and_a_death_on_the_last_of_them_are_no_stuck_queue(
    watch: Watch,
) -> None:
    queue = watch.queue("RotationQueue")
    for minutes in range(42 + 2 * 30 + 5):
        watch.holds(queue, AGE, 60.0 * minutes, MINUTE)
    watch.waits(HOUR)

    assert watch.raised() == []


# The functions


@pytest.mark.parametrize("handler", [SCAN, ROTATE])
@pytest.mark.parametrize(
    ("mishap", "alarm"),
    [
        pytest.param({"times": 1, "errors": 1}, "FunctionErrors", id="fails"),
        pytest.param({"times": 0, "throttles": 2}, "FunctionThrottled", id="is throttled"),
    ],
)
def test_a_function_that_goes_on_like_this_is_a_ticket_within_three_hours(
    hourly: Watch, handler: str, mishap: dict[str, int], alarm: str
) -> None:
    for _ in range(6):
        hourly.ran(handler, **mishap)
        hourly.waits(30 * MINUTE)
    up = hourly.on
    for _ in range(6):
        hourly.ran(handler)
        hourly.waits(30 * MINUTE)

    assert up == {alarm}
    assert hourly.raised() == [alarm]
    assert hourly.paged() == []
    assert hourly.on == set()


def test_a_message_that_always_kills_the_function_is_a_ticket_before_it_is_given_up(
    hourly: Watch,
) -> None:
    """It is received five times, half an hour apart; after the fifth death it is given up."""
    begin = hourly.now
    for _ in range(5):
        hourly.ran(ROTATE, times=1, errors=1)
        hourly.waits(30 * MINUTE)

    assert hourly.raised() == ["FunctionErrors"]
    (change,) = [each for each in hourly.board.changes if each.told]
    assert change.at - begin < 5 * 30 * MINUTE


def test_deaths_that_a_retry_mends_raise_nothing(watch: Watch, healthy: Run) -> None:
    """Each hour a scan dies once, and a rotation too; both are tried again and succeed."""
    for _ in range(12):
        watch.says(healthy)
        watch.ran(SCAN, times=2, errors=1)
        watch.ran(ROTATE, times=1, errors=1)
        watch.waits(30 * MINUTE)
        watch.says(healthy)
        watch.ran(SCAN)
        watch.ran(ROTATE)
        watch.waits(30 * MINUTE)

    assert not {"FunctionErrors", "FunctionThrottled"} & set(watch.raised())


def test_a_storm_of_throttles_that_passes_raises_nothing(hourly: Watch) -> None:
    for _ in range(40):
        hourly.ran(ROTATE, times=1, throttles=20)
        hourly.ran(SCAN, times=0, throttles=3)
        hourly.waits(MINUTE)
    hourly.ran(SCAN)
    hourly.waits(6 * HOUR)

    assert hourly.raised() == []


def test_one_in_a_hundred_runs_that_dies_raises_nothing_however_many_runs(hourly: Watch) -> None:
    for _ in range(8 * 12):
        hourly.ran(ROTATE, times=100, errors=1)
        hourly.waits(5 * MINUTE)

    assert hourly.raised() == []


# All is well


def test_nothing_is_raised_where_all_goes_as_it_should(
    watch: Watch, healthy: Run, renewed: Run, estate: Estate, authorities: Authorities
) -> None:
    """Scans, renewals, one that failed once and went through, and queues that fill and empty."""
    estate.renew("shop", authorities.public.issue("shop.example.com"))
    once_failed = _once_failed(estate)
    begin, number = watch.now, 0
    queues = {
        name: watch.queue(name)
        for name in ("RotationDeadLetters", "ScanFailures", "NewMaterialDeadLetters")
    }
    while watch.now - begin < 2 * DAY:
        watch.says((healthy, renewed, once_failed)[number % 3])
        watch.ran(SCAN)
        watch.ran(ROTATE, times=3)
        watch.holds(watch.queue("RotationQueue"), AGE, 900, 3 * MINUTE)
        watch.holds(queues["RotationDeadLetters"], DEPTH, 0, MINUTE)
        watch.holds(queues["ScanFailures"], DEPTH, 0, MINUTE)
        watch.waits(watch.interval - 5 * MINUTE)
        number += 1

    assert watch.raised() == []


def _once_failed(estate: Estate) -> Run:
    """A rotation that could not reach a Region, and went through when it came back."""
    with time_machine.travel(now(), tick=False) as clock:
        estate.scan()
        estate.aws.behaviour.dark_regions = {"us-east-1"}
        failed = estate.drain()
        estate.aws.behaviour.dark_regions = set()
        clock.shift(timedelta(minutes=2))
        done = estate.drain()
        scanned = estate.scan()
    assert failed.metric("RotationFailed") == 1
    return failed.followed_by(done).followed_by(scanned)
