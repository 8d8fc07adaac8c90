"""What is remembered of an issuance under way."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from certrotation.core.issuance.cause import Cause, cause_of
from certrotation.core.issuance.note import (
    RETRY,
    RETRY_AFTER_REFUSAL,
    Note,
    Order,
    Placement,
    asked_for,
    moment,
)
from certrotation.core.issuance.wish import Wish
from certrotation.core.material.x509_facts import KeyAlgorithm
from certrotation.errors import Unreachable
from certrotation.names.issuers import AcmeIssuer
from tests.core.samples import NOW, SECOND

WISH = Wish(("a.example",), KeyAlgorithm.EC_PRIME256V1, "classic")
KEY = "-----BEGIN PRIVATE KEY-----"
ORDER = Order("ca", WISH, KEY, "https://ca.example/order/1")
PLACE = Placement("Z1", "_acme-challenge.a.example.", "value")
LIMITED = Cause("ISSUANCE_LIMITED", "Too many.", "Wait.")
REFUSED = Cause("ISSUANCE_REFUSED", "No.", "Ask.")
DARK = cause_of(Unreachable("The CA does not answer.", "Wait."))
CA = AcmeIssuer(name="ca", directory="https://ca.example/directory", allow=())
ASKED = asked_for(CA, WISH)


def test_a_note_is_read_as_it_was_written_and_shows_no_key() -> None:
    note = Note(order=ORDER, placements=(PLACE,)).failed(LIMITED, ASKED, NOW, None)
    assert Note.from_json(note.to_json()) == note
    assert KEY not in f"{note!r} {note.order!r}"
    assert KEY in note.to_json()
    assert Note.from_json(Note().to_json()) == Note()


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "[]",
        "{}",
        '{"issuance": 1}',
        '{"issuance": {"placements": [1]}}',
        json.dumps({"issuance": {"placements": [], "order": {"issuer": "ca"}}}),
        json.dumps({"issuance": {"placements": [], "failure": {"code": "NO"}}}),
        json.dumps(
            {"issuance": {"placements": [], "failure": {"code": 1, "found": 1, "advice": 1}}}
        ),
    ],
)
def test_what_is_no_note_counts_as_an_empty_one(text: str | None) -> None:
    assert Note.from_json(text) == Note()


@pytest.mark.parametrize(
    ("cause", "wait", "pause"),
    [
        (LIMITED, timedelta(minutes=5), timedelta(minutes=5)),
        (LIMITED, None, RETRY),
        (REFUSED, None, RETRY_AFTER_REFUSAL),
        (Cause("ISSUANCE_UNVALIDATED", "No.", "Check."), None, RETRY),
        (DARK, timedelta(minutes=5), timedelta(minutes=5)),
    ],
)
def test_the_ca_is_not_asked_again_before_the_time(
    cause: Cause, wait: timedelta | None, pause: timedelta
) -> None:
    note = Note().failed(cause, ASKED, NOW, wait)
    assert note.failure is not None
    assert moment(note.failure.retry_at) == NOW + pause
    assert note.blocks(ASKED, NOW + pause - SECOND)
    assert not note.blocks(ASKED, NOW + pause)
    assert not note.blocks(asked_for(CA._replace(name="other"), WISH), NOW)
    assert not note.blocks(asked_for(CA._replace(zones=("Z1",)), WISH), NOW), "it was corrected"
    assert not Note().blocks(ASKED, NOW)


@pytest.mark.parametrize(
    ("left", "pause"),
    [
        (None, RETRY_AFTER_REFUSAL),
        (timedelta(days=30), RETRY_AFTER_REFUSAL),
        (timedelta(hours=12), timedelta(minutes=90)),
        (timedelta(hours=1), RETRY),
        (timedelta(hours=-1), RETRY),
    ],
)
def test_a_pause_after_a_refusal_is_short_if_little_is_left_of_the_certificate(
    left: timedelta | None, pause: timedelta
) -> None:
    note = Note().failed(REFUSED, ASKED, NOW, None, left)

    assert note.failure is not None
    assert moment(note.failure.retry_at) == NOW + pause


def test_a_cause_is_new_once_and_keeps_its_time() -> None:
    first = Note().failed(LIMITED, ASKED, NOW, None)
    again = first.failed(LIMITED, ASKED, NOW + RETRY, None)
    other = again.failed(REFUSED, ASKED, NOW + RETRY, None)
    assert first.is_new_cause(Note())
    assert not again.is_new_cause(first)
    assert other.is_new_cause(again)
    assert not Note().is_new_cause(first)
    assert [each.failure and moment(each.failure.since) for each in (first, again, other)] == [
        NOW,
        NOW,
        NOW + RETRY,
    ]


def test_what_may_pass_is_tried_again_when_secrets_manager_tries_again() -> None:
    note = Note().failed(DARK, ASKED, NOW, None)
    assert not note.blocks(ASKED, NOW)


def test_what_may_pass_is_noted_once_and_again_only_if_something_else_is_to_be_noted() -> None:
    first = Note().failed(DARK, ASKED, NOW, None)
    later = NOW + timedelta(minutes=5)

    assert first.says_more_than(Note(), NOW)
    assert not first.failed(DARK, ASKED, later, None).says_more_than(first, later)
    asks_to_wait = first.failed(DARK, ASKED, later, timedelta(hours=1))
    assert asks_to_wait.says_more_than(first, later)
    assert first.failed(REFUSED, ASKED, later, None).says_more_than(first, later)
    assert first.failed(DARK, "something else", later, None).says_more_than(first, later)
    ordered = Note(order=ORDER, failure=first.failure).failed(DARK, ASKED, later, None)
    assert ordered.says_more_than(first, later)


def test_an_order_is_gone_on_with_only_for_the_same_issuer_and_wish() -> None:
    note = Note(order=ORDER)
    assert note.is_of("ca", WISH)
    assert not note.is_of("other", WISH)
    assert not note.is_of("ca", WISH._replace(profile=None))
    assert not Note().is_of("ca", WISH)
