"""When mails are sent. No state records what was sent: each rule uses only the time.

Both rules check whether a scan is the first one after a recurring moment. A span as long as the
interval between two scans contains exactly one scan, so each mail is sent once.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from certrotation.core.findings import Code, is_accepted
from certrotation.core.rotation.outcomes import Status
from certrotation.names.environment import Weekday
from certrotation.names.service import RECEIVES_UNTIL_GIVEN_UP

if TYPE_CHECKING:
    from collections.abc import Iterator

    from certrotation.core.rotation.outcomes import RegionOutcome, RotationOutcome
    from certrotation.core.rotation.request import RotationRequest

REMINDER = timedelta(days=1)
"""How often people are reminded of a refusal that lasts."""

DIGEST_HOUR = 8
"""The hour of the digest, in UTC."""

_WEEK = timedelta(weeks=1)


def is_notification_due(
    request: RotationRequest, outcome: RotationOutcome, interval: timedelta, receives: int
) -> bool:
    """Return whether a mail about the outcome of a rotation is sent now.

    A mail is sent if the rotation was refused or stranded, in every Region or in some, and

    - the message is finished. A message that returns to the queue is retried, and notified when it
      is finished or at its last receive, so one message leads to one mail;
    - the message does not continue another message's work: that message was notified already, and
      waiting for a dependent takes a dozen messages;
    - an event or a person sent the message, once for each change; or a scan sent the message, and
      the scan is the first one within a day, counted from the secret's last change. Every scan
      queues a refused secret, so people are notified at once and reminded once a day. A new version
      may lead to two mails at first: a scan cannot know whether the event was lost.

    The time of the scan counts, not the time of the rotation, so neither a wait in the queue nor a
    second receive makes a difference. If the interval is a day or longer, each scan leads to a
    mail. A secret on hold is notified too. A dependent may be stranded hours or days after the
    change: the days count from the moment from which on that was possible. If the last change is
    unknown because the secret could not be described, days begin at midnight UTC.

    Args:
        request: the message.
        outcome: the outcome of its rotation.
        interval: the time between two scans.
        receives: how often the message was received, this time included.
    """
    if not outcome.concerns_people or request.waiting_since is not None:
        return False
    if outcome.comes_back and receives < RECEIVES_UNTIL_GIVEN_UP:
        return False
    if request.snapshot is None:
        return True
    at = request.snapshot.at
    latest = max([_last_change(outcome), *(s for s in _stranded_since(outcome) if s <= at)])
    return (at - latest) % int(REMINDER.total_seconds()) < interval.total_seconds()


def regions_left_to_report(
    request: RotationRequest, outcome: RotationOutcome, interval: timedelta
) -> tuple[RegionOutcome, ...]:
    """Return the Regions whose findings LIVE_CERTIFICATE_LEFT are mailed now: once a version.

    The rotation reports a Region in which the material went live. Nothing went live in report mode,
    on hold, and in a Region that is refused; every scan then queues the secret again. So

    - of the scans the first one after the secret's last change reports such a Region;
    - a person's message reports such a Region. An event's message, which names the version, does
      not: a scan follows within an interval.

    A secret that accepts LIVE_CERTIFICATE_LEFT is not reported.

    Args:
        request: the message.
        outcome: the outcome of its rotation.
        interval: the time between two scans.
    """
    secret = outcome.described
    if secret is not None and is_accepted(Code.LIVE_CERTIFICATE_LEFT, secret.accepted):
        return ()
    is_first = _is_first(request, outcome, interval)
    return tuple(
        each
        for each in outcome.regions
        if each.left
        and (each.went_live or (is_first and each.status in {Status.PLANNED, Status.REFUSED}))
    )


def _is_first(request: RotationRequest, outcome: RotationOutcome, interval: timedelta) -> bool:
    """Return whether a person sent the message, or the first scan after the last change."""
    if outcome.comes_back or request.waiting_since is not None:
        return False
    if request.snapshot is None:
        return request.version is None
    return 0 <= request.snapshot.at - _last_change(outcome) < interval.total_seconds()


def _last_change(outcome: RotationOutcome) -> int:
    """Return when the secret was last changed, in epoch seconds; 0 if that is unknown.

    An integer, because the sender of a message may write any number into it as a time.
    """
    changed = outcome.described.last_changed if outcome.described else None
    return int(changed.timestamp()) if changed else 0


def _stranded_since(outcome: RotationOutcome) -> Iterator[int]:
    """Yield the moments before which a dependent cannot have been stranded."""
    for region in outcome.regions:
        yield from (each.since for each in region.stranded if each.since is not None)


def is_digest_due(day: Weekday | None, now: datetime, interval: timedelta) -> bool:
    """Return whether a scan at `now` is the first one after the digest hour of `day`.

    Args:
        day: the day of the week; None if the digest is off.
        now: the time of the scan, in UTC.
        interval: the time between two scans.
    """
    if day is None:
        return False
    # A Monday at the digest hour.
    first = datetime(2024, 1, 1, DIGEST_HOUR, tzinfo=UTC)
    moment = first + timedelta(days=list(Weekday).index(day))
    return (now - moment) % _WEEK < interval
