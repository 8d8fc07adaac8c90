"""Which tags a copy gets, and what our tags say."""

from __future__ import annotations

import pytest

from certrotation.core.estate.tags import Marks, own_tags, tags_for_copy
from certrotation.core.findings import Code, Severity
from certrotation.names.tags import IGNORE, NOT_AFTER, SECRET, SUPERSEDED_AT, SUPERSEDED_BY, VERSION

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
    labels = {f"key-{number:02}": "" for number in reversed(range(47))}

    got, findings = tags_for_copy("certrotation/shop", "v1", 1_700_000_000, labels)

    assert len(got.all) == 50
    assert list(got.inherited) == sorted(labels)
    assert findings == ()


def test_what_is_over_acms_fifty_is_left_out_with_the_warning_tags_truncated() -> None:
    labels = {f"key-{number:02}": "" for number in range(49)}

    got, (finding,) = tags_for_copy("certrotation/shop", "v1", 1_700_000_000, labels)

    assert list(got.inherited) == [f"key-{number:02}" for number in range(47)]
    assert (finding.code, finding.severity) == (Code.TAGS_TRUNCATED, Severity.WARN)
    assert finding.found == "These tags do not fit into ACM's limits: key-47, key-48."


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
    others = {f"z-{number:02}": "" for number in range(47)}

    got, (finding,) = tags_for_copy("s", "v1", 1, {key: value, **others})

    assert got.inherited == others
    assert finding.found.endswith(f"ACM's limits: {key}.")


def test_own_tags_are_those_with_our_prefix() -> None:
    assert own_tags({**OWN, "team": "shop", "aws:x": "y"}) == OWN


def test_marks_say_what_our_tags_say() -> None:
    tags = {**OWN, SUPERSEDED_BY: "arn:new", SUPERSEDED_AT: "1700000001", IGNORE: ""}

    assert Marks.from_tags(tags) == Marks(
        secret="certrotation/shop",
        version="v1",
        not_after=1_700_000_000,
        superseded_by="arn:new",
        superseded_at=1_700_000_001,
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
