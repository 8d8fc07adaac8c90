"""What is remembered of an issuance under way."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from certrotation.core.findings import Code, Finding, refuse
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
from certrotation.names.issuers import AcmeIssuer
from tests.core.samples import NOW, SECOND

WISH = Wish(("a.example",), KeyAlgorithm.EC_PRIME256V1, "classic")
KEY = "-----BEGIN PRIVATE KEY-----"
ORDER = Order("ca", WISH, KEY, "https://ca.example/order/1")
PLACE = Placement("Z1", "_acme-challenge.a.example.", "value")
LIMITED = refuse(Code.ISSUANCE_LIMITED, "Too many.", advice="Wait.")
REFUSED = refuse(Code.ISSUANCE_REFUSED, "No.", advice="Ask.")
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
    ],
)
def test_what_is_no_note_counts_as_an_empty_one(text: str | None) -> None:
    assert Note.from_json(text) == Note()


@pytest.mark.parametrize(
    ("finding", "wait", "pause"),
    [
        (LIMITED, timedelta(minutes=5), timedelta(minutes=5)),
        (LIMITED, None, RETRY),
        (REFUSED, None, RETRY_AFTER_REFUSAL),
        (refuse(Code.ISSUANCE_UNVALIDATED, "No."), None, RETRY),
    ],
)
def test_the_ca_is_not_asked_again_before_the_time(
    finding: Finding, wait: timedelta | None, pause: timedelta
) -> None:
    note = Note().failed(finding, ASKED, NOW, wait)
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
