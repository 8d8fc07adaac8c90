"""Which tags a copy gets, and what our tags say."""

from __future__ import annotations

import pytest

from certrotation.core.estate.tags import Marks, own_tags, tags_for_copy
from certrotation.core.findings import Code, Severity
from certrotation.names.tags import (
    IGNORE,
    MOVING_SINCE,
    NOT_AFTER,
    REVERTED,
    SECRET,
    SUPERSEDED_AT,
    SUPERSEDED_BY,
    VERSION,
)
from tests.core.samples import DAY, NOW

OWN = {SECRET: "certrotation/shop", VERSION: "v1", NOT_AFTER: "1700000000"}


def tags_with(**labels: str) -> dict[str, str]:
    got, _ = tags_for_copy("certrotation/shop", "v1", 1_700_000_000, labels)
    return got.all


def test_a_copy_gets_our_tags_and_those_of_its_secret() -> None:
    got, findings = tags_for_copy("certrotation/shop", "v1", 1_700_000_000, {"team": "shop"})

    assert got.own == OWN
    assert got.inherited == {"team": "shop"}
    assert list(got.all.items()) == [*OWN.items(), ("team", "shop")]
    assert findings == ()


@pytest.mark.parametrize("key", ["aws:cloudformation:stack-name", "certrotation:hold"])
def test_tags_of_awss_own_and_instructions_to_us_are_not_inherited(key: str) -> None:
    got, findings = tags_for_copy("certrotation/shop", "v1", 1_700_000_000, {key: "x"})

    assert got.all == OWN
    assert findings == ()


def test_as_many_of_the_secrets_tags_as_acm_takes_are_inherited_by_key() -> None:
    labels = {f"key-{number:02}": "" for number in reversed(range(46))}

    got, findings = tags_for_copy("certrotation/shop", "v1", 1_700_000_000, labels)

    assert len(got.for_import(NOW).all) == 50
    assert list(got.inherited) == sorted(labels)
    assert findings == ()


def test_what_is_over_acms_fifty_is_left_out_with_the_warning_tags_truncated() -> None:
    labels = {f"key-{number:02}": "" for number in range(48)}

    got, (finding,) = tags_for_copy("certrotation/shop", "v1", 1_700_000_000, labels)

    assert list(got.inherited) == [f"key-{number:02}" for number in range(46)]
    assert (finding.code, finding.severity) == (Code.TAGS_TRUNCATED, Severity.WARN)
    assert finding.found == "These tags do not fit into ACM's limits: key-46, key-47."


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("k" * 128, "v" * 256),
        ("Straße 1_a.b:c/d=e+f-g@h", "Straße 1_a.b:c/d=e+f-g@h"),
        ("empty", ""),
    ],
)
def test_what_acms_tags_can_hold_is_inherited(key: str, value: str) -> None:
    assert tags_with(**{key: value}) == {**OWN, key: value}


@pytest.mark.parametrize(
    ("key", "value"), [("k" * 129, ""), ("key", "v" * 257), ("k*", ""), ("key", "*.example.com")]
)
def test_what_acms_tags_cannot_hold_is_left_out_and_gives_its_place_to_the_next(
    key: str, value: str
) -> None:
    others = {f"z-{number:02}": "" for number in range(46)}

    got, (finding,) = tags_for_copy("s", "v1", 1, {key: value, **others})

    assert got.inherited == others
    assert finding.found.endswith(f"ACM's limits: {key}.")


def test_own_tags_are_those_with_our_prefix() -> None:
    assert own_tags({**OWN, "team": "shop", "aws:x": "y"}) == OWN


def test_marks_say_what_our_tags_say() -> None:
    tags = {
        **OWN,
        SUPERSEDED_BY: "arn:new",
        SUPERSEDED_AT: "1700000001",
        MOVING_SINCE: "1700000002",
        REVERTED: "1700000003",
        IGNORE: "",
    }

    assert Marks.from_tags(tags) == Marks(
        secret="certrotation/shop",
        version="v1",
        not_after=1_700_000_000,
        superseded_by="arn:new",
        superseded_at=1_700_000_001,
        moving_since=1_700_000_002,
        reverted=1_700_000_003,
        ignored=True,
    )


def test_a_certificate_without_our_tags_has_no_marks() -> None:
    assert Marks.from_tags({"team": "shop"}) == Marks()


def test_only_a_successor_makes_superseded() -> None:
    assert Marks(superseded_by="arn:new").is_superseded
    assert not Marks(superseded_at=1).is_superseded


@pytest.mark.parametrize("text", ["", "soon", "-1", "1.5", "\u0661", "\u00b2"])
def test_a_number_that_is_none_counts_as_absent(text: str) -> None:
    assert Marks.from_tags({NOT_AFTER: text, SUPERSEDED_AT: text}) == Marks()


# What is recorded of moves


AT = int(NOW.timestamp())
WEEK = 7 * 24 * 3600


def test_an_import_records_when_dependents_began_to_move_and_later_tags_do_not() -> None:
    got, _ = tags_for_copy("certrotation/shop", "v1", 1_700_000_000, {"team": "shop"})

    assert got.for_import(NOW).all == {**got.all, MOVING_SINCE: str(AT)}
    assert MOVING_SINCE not in got.all


@pytest.mark.parametrize(
    ("reverted", "superseded_at", "is_superseded", "was_moved_again"),
    [
        pytest.param(None, AT - 9, True, False, id="nothing is recorded"),
        pytest.param(None, None, True, False, id="every time was lost"),
        pytest.param(AT - 5, AT - 9, False, False, id="the move is not finished"),
        pytest.param(AT - 5, None, False, False, id="the time of the move was lost"),
        pytest.param(AT - 9, AT - 5, True, True, id="it was moved since"),
        pytest.param(AT - 5, AT - 5, True, True, id="it was moved in the same second"),
        pytest.param(AT - WEEK + 1, AT - 5, True, True, id="within a week"),
        pytest.param(AT - WEEK, AT - 5, True, False, id="after a week"),
        pytest.param(AT + 9, AT + 99, True, False, id="somebody wrote times in the future"),
    ],
)
def test_a_recorded_revert_makes_an_ordinary_copy_until_it_is_superseded_once_more(
    *, reverted: int | None, superseded_at: int | None, is_superseded: bool, was_moved_again: bool
) -> None:
    marks = Marks(superseded_by="arn:new", superseded_at=superseded_at, reverted=reverted)

    assert marks.is_superseded is is_superseded
    assert marks.was_moved_again(NOW) is was_moved_again


@pytest.mark.parametrize(
    ("superseded_at", "reverted"),
    [
        (None, None),
        (AT - 3600, None),
        (AT, None),
        (AT + 10**9, None),
        (AT - 3600, AT - 2 * WEEK),
        (AT, AT - 2 * WEEK),
        (AT + 10**9, AT + 10**9),
    ],
)
def test_a_revert_is_recorded_and_then_superseded_whatever_the_clock_says(
    superseded_at: int | None, reverted: int | None
) -> None:
    before = {SUPERSEDED_BY: "arn:new"} | {
        key: str(value)
        for key, value in ((SUPERSEDED_AT, superseded_at), (REVERTED, reverted))
        if value is not None
    }
    assert Marks.from_tags(before).is_superseded
    recorded = {**before, **Marks.from_tags(before).tags_before_moving(NOW)}
    done = {**recorded, **Marks.from_tags(recorded).tags_after_moving("arn:new", NOW)}

    assert not Marks.from_tags(recorded).is_superseded
    assert Marks.from_tags(done).was_moved_again(NOW)
    assert not Marks.from_tags(done).was_moved_again(NOW + 7 * DAY)


def test_a_time_of_a_revert_that_lies_in_the_future_is_corrected() -> None:
    marks = Marks(superseded_by="arn:old", reverted=10**30)

    done = Marks.from_tags(marks.tags_after_moving("arn:new", NOW))

    assert done.is_superseded
    assert done.was_moved_again(NOW)


@pytest.mark.parametrize(
    ("marks", "recorded"),
    [
        (Marks(version="v1"), {}),
        (Marks(version="v1", moving_since=AT - 9), {}),
        (Marks(secret="s"), {MOVING_SINCE: str(AT)}),
        (Marks(secret="s", moving_since=AT - 9), {}),
        (Marks(), {}),
    ],
    ids=[
        "a copy of ours",
        "a newer one",
        "tagged by a person",
        "tagged by a person, recorded",
        "adopted in this run",
    ],
)
def test_when_dependents_began_to_leave_is_recorded_where_no_import_says_it(
    marks: Marks, recorded: dict[str, str]
) -> None:
    assert marks.tags_before_moving(NOW) == recorded


def test_a_move_that_a_service_undid_is_remembered_on_the_copy() -> None:
    marks = Marks.from_tags(OWN)

    assert marks.tags_before_moving(NOW, is_undone=True) == {REVERTED: str(int(NOW.timestamp()))}
    assert marks.tags_before_moving(NOW) == {}
