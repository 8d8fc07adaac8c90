"""What stays live while a rotation is refused: which copies, and until when they are good."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from certrotation.core.estate.tags import Marks

if TYPE_CHECKING:
    from collections.abc import Mapping

    from certrotation.core.estate.inventory import RegionLook

_EPOCH = datetime.fromtimestamp(0, UTC)


class CurrentCopy(NamedTuple):
    """A copy that is not superseded."""

    arn: str
    ends: datetime | None
    """Its expiry, if it is known."""


def current_copies_in(look: RegionLook) -> tuple[CurrentCopy, ...]:
    """Return the copies of a Region that was looked at."""
    return tuple(
        CurrentCopy(each.arn, each.presented.leaf.not_valid_after_utc)
        for each in look.copies
        if not each.marks.is_superseded
    )


def current_copies_by_tags(tags: Mapping[str, Mapping[str, str]]) -> tuple[CurrentCopy, ...]:
    """Return the copies with these tags, by ARN, and the expiry that was recorded of each."""
    marked = ((arn, Marks.from_tags(each)) for arn, each in tags.items())
    return tuple(
        CurrentCopy(arn, _moment(marks.not_after))
        for arn, marks in marked
        if not marks.is_superseded and not marks.ignored
    )


def _moment(seconds: int | None) -> datetime | None:
    """Return a time; a tag may hold any number, also one that is no time."""
    try:
        return None if seconds is None else _EPOCH + timedelta(seconds=seconds)
    except OverflowError:
        return None
