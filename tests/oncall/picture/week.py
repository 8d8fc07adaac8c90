"""A week in the life of a small estate, for the dashboard to show.

The functions are the real ones, on the double; what Lambda and SQS tell of them is made up here.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import time_machine

from tests.oncall.metric_store import Metric
from tests.oncall.watch import ROTATE, SCAN, Watch
from tests.simulation.estate import HOME, account, fields_of
from tests.support.authorities import Authorities
from tests.support.authority import now, shared_key

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.infra.synthesis import Template
    from tests.simulation.estate import Estate, Run

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
US = "us-east-1"

HOURS = 7 * 24 + 2
"""The first scans, which take everything over, are out of sight at the end."""

SINCE_THE_LAST_SCAN = timedelta(minutes=17)

SITES = {
    # The lifetime, and what is left of it when the week begins.
    "shop": (200 * DAY, 70 * DAY),
    "api": (90 * DAY, 32 * DAY),
    "www": (398 * DAY, 301 * DAY),
    "pay": (47 * DAY, 19 * DAY),
    "mail": (90 * DAY, 33 * DAY),
    "blog": (47 * DAY, 18 * DAY),
    "docs": (46 * DAY, 18 * DAY),
    "status": (90 * DAY, 58 * DAY),
    "cdn": (200 * DAY, 151 * DAY),
    # Nobody renews it: its last tenth begins an hour and a half before the end.
    "vpn": (90 * DAY, 9 * DAY + HOURS * HOUR - 1.5 * HOUR),
}
FORGOTTEN = (100 * DAY, 23 * DAY)
"""Somebody imported it by hand; its last fifth begins in the week."""

EMPTY = ("RotationDeadLetters", "ScanFailures", "ScheduleDeadLetters", "NewMaterialDeadLetters")
"""Queues, by the outputs that name them, in which nothing lies all week."""

DEPTH, AGE = "ApproximateNumberOfMessagesVisible", "ApproximateAgeOfOldestMessage"


@dataclass(kw_only=True)
class Week:
    """What there is to see at its end."""

    watch: Watch
    lines: list[str] = field(default_factory=list)
    """What the functions logged."""
    logged_at: list[datetime] = field(default_factory=list)


def live(template: Template, stack_name: str) -> Week:
    """Live through the week, scan by scan."""
    week = Week(watch=Watch(template, HOUR))
    authorities = Authorities.make()
    roots = [authorities.public_root.certificate]
    settings = {"POWERTOOLS_SERVICE_NAME": stack_name}
    with (
        time_machine.travel(week.watch.now, tick=False) as clock,
        account(roots=roots, settings=settings) as estate,
    ):
        _take_over(estate, authorities)
        happenings = _happenings(estate, authorities)
        for hour in range(HOURS + 1):
            clock.move_to(week.watch.now)
            happenings.get(hour, _nothing)()
            _scan(week, estate.run(), hour)
            week.watch.waits(HOUR if hour < HOURS else SINCE_THE_LAST_SCAN)
    return week


def _take_over(estate: Estate, authorities: Authorities) -> None:
    for site, (lifetime, left) in SITES.items():
        issued = authorities.public.issue(
            f"{site}.example.com",
            key=shared_key("rsa2048", site),
            not_before=now() + left - lifetime,
            lifetime=lifetime,
        )
        estate.secret(site, issued)
    estate.run()
    for region in (HOME, US):
        for arn in estate.certificates(region):
            estate.listener(f"lb-{arn[-12:]}", region, arn)
    lifetime, left = FORGOTTEN
    wiki = authorities.public.issue(
        "wiki.example.com", not_before=now() + left - lifetime, lifetime=lifetime
    )
    estate.listener("wiki", US, estate.certificate(wiki, US))


def _happenings(estate: Estate, authorities: Authorities) -> Mapping[int, Callable[[], object]]:
    """Return what happens before the scan of an hour."""
    behaviour = estate.aws.behaviour

    def renew(*sites: str, kind: str = "rsa2048") -> None:
        for site in sites:
            lifetime, _ = SITES[site]
            renewed = authorities.public.issue(
                f"{site}.example.com", key=shared_key(kind, site), lifetime=lifetime
            )
            estate.renew(site, renewed)

    def mistake(site: str) -> None:
        issue = authorities.public.issue
        good, other = (issue(f"{site}.example.com") for _ in range(2))
        estate.renew(site, fields_of(good) | {"private_key": other.key_pem()})

    return {
        20: lambda: renew("shop"),
        44: lambda: renew("api", kind="p256"),
        66: lambda: setattr(behaviour, "dark_regions", {US}),
        69: lambda: setattr(behaviour, "dark_regions", set()),
        92: lambda: renew("mail", "blog", "docs"),
        131: lambda: renew("status"),
        HOURS - 3: lambda: mistake("pay"),
    }


def _nothing() -> None:
    pass


def _scan(week: Week, run: Run, hour: int) -> None:
    """Keep what the functions said, and make up what AWS says of them."""
    watch = week.watch
    watch.says(run)
    week.lines += run.lines
    week.logged_at += [watch.now] * len(run.lines)
    died = hour == 92
    _ran(watch, SCAN, 1, 4_000 + 311 * (hour * 7 % 5))
    if run.rotations:
        _ran(
            watch, ROTATE, len(run.rotations) + died, 6_500 + 2_300 * len(run.rotations), int(died)
        )
    queued = len(run.scans[0]["queued"])
    for minute in range(0, 60, 5):
        at = watch.now + timedelta(minutes=minute)
        waiting = queued if minute == 0 else 0
        _tell(watch, "RotationQueue", DEPTH, at, waiting)
        _tell(watch, "RotationQueue", AGE, at, 40 * waiting)
        for queue in EMPTY:
            _tell(watch, queue, DEPTH, at, 0)


def _ran(watch: Watch, handler: str, times: int, milliseconds: int, errors: int = 0) -> None:
    watch.ran(handler, times=times, errors=errors)
    dimensions = {"FunctionName": watch.template.function(handler)[0]}
    for name, value in (("Duration", milliseconds), ("Throttles", 0)):
        watch.store.put(Metric.of("AWS/Lambda", name, dimensions), watch.now, value)


def _tell(watch: Watch, output: str, metric: str, at: datetime, value: float) -> None:
    dimensions = {"QueueName": watch.queue(output)}
    watch.store.put(Metric.of("AWS/SQS", metric, dimensions), at, value)
