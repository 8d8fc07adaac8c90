"""When mails are sent. No state records what was sent: each rule uses only the time.

Both rules check whether a scan is the first one after a recurring moment. A span as long as the
interval between two scans contains exactly one scan, so each mail is sent once.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from certrotation.names.environment import Weekday
from certrotation.names.service import RECEIVES_UNTIL_GIVEN_UP

if TYPE_CHECKING:
    from collections.abc import Iterator

    from certrotation.core.rotation.outcomes import RotationOutcome
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
    changed = outcome.described.last_changed if outcome.described else None
    # Integers, because the sender of a message may write any number into it.
    at, known = request.snapshot.at, int(changed.timestamp()) if changed else 0
    latest = max([known, *(each for each in _stranded_since(outcome) if each <= at)])
    return (at - latest) % int(REMINDER.total_seconds()) < interval.total_seconds()


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
