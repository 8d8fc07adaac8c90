"""What stays live, as it was seen or as tags record it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from certrotation.core.estate.current_copies import (
    CurrentCopy,
    current_copies_by_tags,
    current_copies_in,
)
from certrotation.core.estate.inventory import RegionLook
from certrotation.names.tags import IGNORE, NOT_AFTER, SECRET
from tests.core.builders import HOME, SHOP, arn, copy, superseded
from tests.core.samples import DAY, NOW


def test_copies_that_were_seen_are_live_until_they_expire_but_those_superseded() -> None:
    look = RegionLook(region=HOME, copies=(copy(1), copy(2, more_tags=superseded(NOW))))

    assert current_copies_in(look) == (CurrentCopy(arn(1), NOW + 20 * DAY),)


@pytest.mark.parametrize(
    ("recorded", "ends"),
    [
        ({NOT_AFTER: "0"}, datetime(1970, 1, 1, tzinfo=UTC)),
        ({NOT_AFTER: "1780315200"}, NOW),
        ({NOT_AFTER: "soon"}, None),
        ({NOT_AFTER: "9" * 30}, None),
        ({}, None),
    ],
)
def test_the_expiry_of_a_tagged_copy_is_the_one_recorded_if_it_is_a_time(
    recorded: dict[str, str], ends: datetime | None
) -> None:
    assert current_copies_by_tags({arn(1): {SECRET: SHOP, **recorded}}) == (
        CurrentCopy(arn(1), ends),
    )


@pytest.mark.parametrize("mark", [superseded(NOW), {IGNORE: ""}])
def test_a_copy_that_is_superseded_or_ignored_is_not_told(mark: dict[str, str]) -> None:
    assert current_copies_by_tags({arn(1): {SECRET: SHOP, **mark}}) == ()
