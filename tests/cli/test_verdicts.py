"""What an answer of an endpoint means, and what an endpoint is asked."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from certrotation.cli.verifying.verdicts import (
    MADE_UP,
    MINUTES,
    MOST_NAMES,
    Endpoint,
    Held,
    Question,
    Served,
    Verdict,
    judge,
    questions,
)

SHOP = "certrotation/shop"
NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
ARN = "arn:aws:acm:eu-west-1:123456789012:certificate/1"
OTHER = "arn:aws:acm:eu-west-1:123456789012:certificate/2"


def held(*names: str, arn: str = ARN, secret: str = SHOP, age: Any = None) -> Held:
    return Held(
        arn=arn,
        secret=secret,
        fingerprint=f"of {arn}",
        names=frozenset(names or {"shop.example.com"}),
        is_elliptic=True,
        imported_at=None if age is None else NOW - age,
    )


def endpoint(*attached: str, **more: Any) -> Endpoint:
    return Endpoint(
        kind="ALB listener", resource="listener", host="lb.amazonaws.com", port=443,
        attached=attached or (ARN,), grace=MINUTES, **more,
    )  # fmt: skip


def served(fingerprint: str, *names: str) -> Served:
    return Served(
        fingerprint=fingerprint, names=frozenset(names), issuer="CN=Example", not_after=NOW
    )


@pytest.mark.parametrize(
    ("age", "verdict"),
    [
        (timedelta(0), Verdict.OLDER),
        (MINUTES, Verdict.OLDER),
        (MINUTES + timedelta(seconds=1), Verdict.LATE),
        (None, Verdict.LATE),
    ],
)
def test_an_earlier_certificate_is_late_once_the_service_had_its_time(
    age: timedelta | None, verdict: Verdict
) -> None:
    question = Question(endpoint=endpoint(), name="shop.example.com", held=held(age=age))

    answer = judge(question, served("earlier", "shop.example.com"), {ARN: question.held}, NOW)

    assert answer.verdict is verdict


def test_without_a_name_only_the_default_will_do() -> None:
    """Another one that covers all names is still not the default."""
    own, other = held(), held("*.example.com", arn=OTHER)
    question = Question(endpoint=endpoint(ARN, OTHER), name=None, held=own)

    answer = judge(question, served(other.fingerprint, *other.names), {ARN: own, OTHER: other}, NOW)

    assert answer.verdict is Verdict.OTHER


def test_only_certificates_of_secrets_are_asked_for() -> None:
    own, strangers = held(), held("blog.example.com", arn=OTHER, secret="")
    known = {ARN: own, OTHER: strangers}

    asked = list(questions(endpoint(OTHER, ARN, default=OTHER), known))

    assert [each.name for each in asked] == ["shop.example.com"]


def test_addresses_are_not_asked_for_and_a_wildcard_gets_a_made_up_label() -> None:
    known = {ARN: held("192.0.2.1", "2001:db8::1", "*.example.com")}

    assert [each.name for each in questions(endpoint(), known)] == [f"{MADE_UP}.example.com"]


def test_a_domain_is_asked_only_for_what_it_answers_to_and_the_certificate_covers() -> None:
    known = {ARN: held("*.example.com", "shop.example.net")}
    answers_to = frozenset({"api.example.com", "api.example.org"})

    asked = list(questions(endpoint(answers_to=answers_to), known))

    assert [each.name for each in asked] == ["api.example.com"]


def test_of_many_names_some_are_asked_for_unless_somebody_wants_all() -> None:
    names = [f"{number}.example.com" for number in range(50)]
    known = {ARN: held(*names)}

    assert len(list(questions(endpoint(), known))) == MOST_NAMES
    assert len(list(questions(endpoint(), known, all_names=True))) == 50
