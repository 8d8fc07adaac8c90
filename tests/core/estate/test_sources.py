"""References: what is refused before a source is asked for, and what its description changes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from certrotation.core.estate.inventory import ManagedSecret, Origin
from certrotation.core.estate.sources import (
    finding_of,
    problem_of,
    with_source,
    without_source,
)
from certrotation.core.findings import Code
from certrotation.errors import SourceGone
from certrotation.names.sources import SourceArn, SourcePattern
from certrotation.values import replace

NOW = datetime(2026, 5, 1, tzinfo=UTC)
BEGIN = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:"
SOURCE = f"{BEGIN}shared/shop-AbCdEf"
PATTERNS = (SourcePattern.parse(f"{BEGIN}shared/*"),)
REFERENCE = ManagedSecret(
    name="certrotation/shop",
    arn="arn:aws:secretsmanager:eu-west-1:123456789012:secret:certrotation/shop-GhIjKl",
    current_version=None,
    last_changed=NOW,
    tags={"certrotation:source": f" {SOURCE} ", "team": "web"},
)
THERE = ManagedSecret(
    name="shared/shop",
    arn=SOURCE,
    current_version="2",
    previous_version="1",
    last_changed=NOW + timedelta(days=1),
    tags={"certrotation:hold": ""},
)


def code_of(secret: ManagedSecret) -> Code | None:
    found = problem_of(secret, PATTERNS)
    return found.code if found else None


def named(source: str, **more: str) -> ManagedSecret:
    return replace(REFERENCE, tags={"certrotation:source": source, **more})


def test_a_reference_to_a_secret_of_the_setting_is_asked_for() -> None:
    assert code_of(REFERENCE) is None


@pytest.mark.parametrize(
    ("secret", "code", "sentence"),
    [
        (named("shop"), Code.SOURCE_MALFORMED, "not the ARN of a secret."),
        (named(""), Code.SOURCE_MALFORMED, "not the ARN of a secret."),
        (named(f"{BEGIN}shared/shop"), Code.SOURCE_MALFORMED, "not a full ARN"),
        (named(f"{BEGIN}shared/*"), Code.SOURCE_MALFORMED, "a pattern"),
        (named(f"{BEGIN}shop-??????"), Code.SOURCE_MALFORMED, "a pattern"),
        (replace(REFERENCE, current_version="1"), Code.SOURCE_MALFORMED, "a value of its own"),
        (
            named(SOURCE, **{"certrotation:issuer": "inside"}),
            Code.SOURCE_MALFORMED,
            "both tags certrotation:issuer and certrotation:source",
        ),
        (named(REFERENCE.arn), Code.SOURCE_MALFORMED, "in this account"),
        (named(f"{BEGIN}other/shop-AbCdEf"), Code.SOURCE_DENIED, "names arn:aws:"),
    ],
)
def test_what_cannot_be_a_source_is_refused(
    secret: ManagedSecret, code: Code, sentence: str
) -> None:
    found = problem_of(secret, PATTERNS)

    assert found is not None
    assert found.code is code
    assert sentence in found.found
    assert found.remedy


def test_of_a_reference_that_is_known_by_its_name_alone_the_account_is_not_compared() -> None:
    assert code_of(replace(REFERENCE, arn="certrotation/shop")) is None


def test_a_reference_has_the_versions_of_its_source_and_its_own_tags() -> None:
    found = with_source(REFERENCE, THERE)

    assert (found.current_version, found.previous_version) == ("2", "1")
    assert found.last_changed == THERE.last_changed
    assert found.tags == REFERENCE.tags
    assert found.origin == Origin(SOURCE)
    assert found.findings(()) == ()
    assert not found.is_held


def test_a_reference_was_changed_last_when_either_of_the_two_was() -> None:
    earlier = replace(THERE, last_changed=NOW - timedelta(days=1))
    unknown = replace(THERE, last_changed=None)

    assert with_source(REFERENCE, earlier).last_changed == NOW
    assert with_source(REFERENCE, unknown).last_changed == NOW
    assert with_source(replace(REFERENCE, last_changed=None), unknown).last_changed is None


def test_a_source_without_a_value_that_names_another_source_is_refused() -> None:
    chained = replace(THERE, current_version=None, tags={"certrotation:source": "elsewhere"})

    found = with_source(REFERENCE, chained)

    assert found.current_version is None
    assert found.source_problem is not None
    assert found.source_problem.code is Code.SOURCE_MALFORMED
    assert "is a reference to elsewhere" in found.source_unknown_because
    assert found.findings(()) == (found.source_problem,)


def test_a_source_without_a_value_is_no_problem_before_its_value_is_read() -> None:
    assert with_source(REFERENCE, replace(THERE, current_version=None)).source_problem is None


def test_a_source_that_cannot_be_described_now_leaves_the_version_unknown() -> None:
    found = without_source(with_source(REFERENCE, THERE), SOURCE, None, "UNREACHABLE: no answer")

    assert (found.current_version, found.previous_version) == (None, None)
    assert found.source_problem is None
    assert found.source_unknown_because == "UNREACHABLE: no answer"


def test_a_reference_whose_source_nobody_asked_for_is_denied_by_the_setting() -> None:
    assert REFERENCE.source_problem is not None
    assert REFERENCE.source_problem.code is Code.SOURCE_DENIED
    assert replace(REFERENCE, tags={}).source_problem is None
    assert replace(REFERENCE, tags={}).source_unknown_because == ""


def test_a_finding_says_what_the_error_said() -> None:
    found = finding_of(SourceGone("There is none.", "Restore it."))

    assert (found.code, found.found, found.remedy) == (
        Code.SOURCE_GONE,
        "There is none.",
        "Restore it.",
    )


@pytest.mark.parametrize(
    "text",
    [
        f"{BEGIN}shared/*",
        f"{BEGIN}*",
        f"{BEGIN}shop-??????",
        f"{BEGIN}shop-AbCdEf",
        "arn:aws-us-gov:secretsmanager:us-gov-west-1:111122223333:secret:a?c/*",
    ],
)
def test_a_pattern_has_a_region_and_an_account(text: str) -> None:
    found = SourcePattern.parse(text)

    assert found.text == text
    assert found.account == "111122223333"


@pytest.mark.parametrize(
    "text",
    [
        "*",
        "arn:aws:secretsmanager:*:111122223333:secret:*",
        "arn:aws:secretsmanager:eu-west-1:*:secret:*",
        "arn:aws:secretsmanager:eu-west-1:11112222333:secret:*",
        "arn:aws:ssm:eu-west-1:111122223333:secret:*",
        f"{BEGIN}shared/shop",
        f"{BEGIN}a b*",
        f"{BEGIN}",
    ],
)
def test_what_could_match_everywhere_or_nowhere_is_no_pattern(text: str) -> None:
    with pytest.raises(ValueError, match="is not a pattern of ARNs"):
        SourcePattern.parse(text)


@pytest.mark.parametrize(
    ("pattern", "arn", "matches"),
    [
        (f"{BEGIN}shared/*", SOURCE, True),
        (f"{BEGIN}shared/sh?p-??????", SOURCE, True),
        (f"{BEGIN}shared/shop-AbCdEf", SOURCE, True),
        (f"{BEGIN}shared/shop-abcdef", SOURCE, False),
        (f"{BEGIN}share*", f"{BEGIN}shared/a/b.c-AbCdEf", True),
        (f"{BEGIN}shared/*", f"{BEGIN}share/shop-AbCdEf", False),
        (f"{BEGIN}a.c-??????", f"{BEGIN}abc-AbCdEf", False),
    ],
)
def test_a_pattern_matches_as_iams_do(pattern: str, arn: str, *, matches: bool) -> None:
    assert SourcePattern.parse(pattern).matches(arn) is matches


def test_a_full_arn_has_parts() -> None:
    assert SourceArn.parse(SOURCE) == SourceArn(
        SOURCE, "aws", "eu-west-1", "111122223333", "shared/shop"
    )
