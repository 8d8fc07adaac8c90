"""When people are told by mail. Nothing remembers what was said: each rule goes by the clock.

Both rules ask of a scan whether it is the first one since a moment that recurs: of any span as long
as the interval between two scans exactly one scan is part, so that people are told once.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from certrotation.names.environment import Weekday
from certrotation.names.service import RECEIVES_UNTIL_GIVEN_UP

if TYPE_CHECKING:
    from certrotation.core.rotation.outcomes import RotationOutcome
    from certrotation.core.rotation.request import RotationRequest

REMINDER = timedelta(days=1)
"""How often people are told of a refusal that lasts."""

DIGEST_HOUR = 8
"""Of the day, in UTC."""

_WEEK = timedelta(weeks=1)


def is_notification_due(
    request: RotationRequest, outcome: RotationOutcome, interval: timedelta, receives: int
) -> bool:
    """Say whether people are told now of what a rotation came to.

    They are if it was refused, in whole or in a Region, or stranded, and

    - the message is done with: one that comes back is tried again, and told when it is done with,
      or at its last receive. So one message is told once, however often it was received;
    - the message does not merely go on with another one's work: that one was told, and a dependent
      that is waited for brings a dozen;
    - and an event or a person asked, which happens once for each change; or a scan did, and it is
      the first within a day counted from the secret's last change. A refused secret is queued by
      every scan: so people hear at once, and are reminded once a day for as long as it lasts. Of a
      new version they may hear twice at first: a scan cannot know that the event was not lost.

    The scan's own time counts, not the rotation's, so that neither a wait in the queue nor a second
    receive makes a difference. Where scans come once a day or rarer, each tells. A hold changes
    nothing: it says to apply nothing, not to say nothing. If the last change is unknown, because
    the secret could not be described, days begin at midnight UTC.

    Args:
        request: the message.
        outcome: what came of it.
        interval: between two scans.
        receives: how often the message was received, this time included.
    """
    if not outcome.concerns_people or request.waiting_since is not None:
        return False
    if outcome.comes_back and receives < RECEIVES_UNTIL_GIVEN_UP:
        return False
    if request.snapshot is None:
        return True
    changed = outcome.described.last_changed if outcome.described else None
    # In whole numbers, because anybody may write a message with any number in it.
    since = request.snapshot.at - (int(changed.timestamp()) if changed else 0)
    return since % int(REMINDER.total_seconds()) < interval.total_seconds()


def is_digest_due(day: Weekday | None, now: datetime, interval: timedelta) -> bool:
    """Say whether a scan at `now` is the first one after this day's digest hour.

    Args:
        day: of the week; None if no digest is wanted.
        now: the time of the scan, in UTC.
        interval: between two scans.
    """
    if day is None:
        return False
    # A Monday at the digest's hour.
    first = datetime(2024, 1, 1, DIGEST_HOUR, tzinfo=UTC)
    moment = first + timedelta(days=list(Weekday).index(day))
    return (now - moment) % _WEEK < interval
