"""The message on the queue, there and back."""

from __future__ import annotations

import json
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from certrotation.core.rotation.request import (
    RotationRequest,
    ScanSnapshot,
    SnapshotCopy,
    SourceAnnouncement,
)
from certrotation.errors import MessageMalformed
from certrotation.names.sources import SourcePattern, source_message
from certrotation.names.tags import SECRET, VERSION

SEEN = SnapshotCopy(
    arn="arn:1", region="eu-west-1", in_use=True, tags={SECRET: "certrotation/shop", VERSION: "v1"}
)
SIGHTING = ScanSnapshot(at=1_700_000_000, copies=(SEEN,), lookalikes=("us-east-1",))


def test_a_request_becomes_json_that_a_person_could_have_written() -> None:
    assert RotationRequest(secret="certrotation/shop").to_json() == '{"secret":"certrotation/shop"}'


def test_a_request_says_everything_it_knows() -> None:
    request = RotationRequest(
        secret="certrotation/shop", version="v2", snapshot=SIGHTING, waiting_since=0
    )

    assert json.loads(request.to_json()) == {
        "secret": "certrotation/shop",
        "version": "v2",
        "waiting_since": 0,
        "seen": {
            "at": 1_700_000_000,
            "copies": [
                {
                    "arn": "arn:1",
                    "region": "eu-west-1",
                    "in_use": True,
                    "tags": {SECRET: "certrotation/shop", VERSION: "v1"},
                }
            ],
            "lookalikes": ["us-east-1"],
        },
    }


@pytest.mark.parametrize("snapshot", [None, ScanSnapshot(at=1, copies=()), SIGHTING])
def test_what_is_read_is_what_was_written(snapshot: ScanSnapshot | None) -> None:
    request = RotationRequest(secret="s", version="v2", snapshot=snapshot, waiting_since=7)

    read = RotationRequest.from_json(request.to_json())

    assert read == request
    assert read.snapshot == snapshot


def test_keys_that_are_unknown_are_passed_over() -> None:
    read = RotationRequest.from_json('{"secret": "s", "colour": {"is": "red"}}')

    assert (read, read.snapshot) == (RotationRequest(secret="s"), None)


@pytest.mark.parametrize("version", ["", None, 5, ["v"], {}])
def test_a_version_that_is_no_word_is_passed_over(version: object) -> None:
    body = json.dumps({"secret": "s", "version": version})

    assert RotationRequest.from_json(body).version is None


@pytest.mark.parametrize("since", ["5", None, 1.5])
def test_a_time_that_is_no_whole_number_is_passed_over(since: object) -> None:
    body = json.dumps({"secret": "s", "waiting_since": since})

    assert RotationRequest.from_json(body).waiting_since is None


@pytest.mark.parametrize(
    "seen",
    [
        "null",
        "5",
        '"text"',
        "[]",
        "{}",
        '{"at": 1}',
        '{"at": "soon", "copies": []}',
        '{"at": Infinity, "copies": []}',
        '{"at": 1, "copies": 5}',
        '{"at": 1, "copies": ["arn"]}',
        '{"at": 1, "copies": [{"arn": "a", "region": "r", "in_use": true}]}',
        '{"at": 1, "copies": [{"arn": "a", "region": "r", "in_use": true, "tags": []}]}',
    ],
)
def test_a_snapshot_of_another_form_is_passed_over(seen: str) -> None:
    assert RotationRequest.from_json(f'{{"secret": "s", "seen": {seen}}}').snapshot is None


@pytest.mark.parametrize(
    "body",
    [
        "",
        "certrotation/shop",
        "[]",
        "null",
        '"s"',
        "{}",
        '{"secret": ""}',
        '{"secret": null}',
        '{"secret": ["s"]}',
        '{"secret": 5}',
        pytest.param('{"secret": "s", "n": ' + "1" * 5000 + "}", id="a number of 5000 digits"),
        pytest.param("[" * 100_000, id="nested too deep"),
    ],
)
def test_a_body_that_names_no_secret_is_rejected_with_what_to_send(body: str) -> None:
    with pytest.raises(MessageMalformed) as caught:
        RotationRequest.from_json(body)

    assert caught.value.found == "The message is not a JSON object with the name of a secret."
    assert caught.value.remedy == 'Send {"secret": "<name or ARN>"}.'


@settings(deadline=None)
@given(st.text())
def test_no_body_is_worse_than_rejected(body: str) -> None:
    with suppress(MessageMalformed):
        RotationRequest.from_json(body)


def test_a_snapshot_tells_the_copies_of_a_region() -> None:
    there = SnapshotCopy(arn="arn:2", region="us-east-1", in_use=False, tags={})
    snapshot = ScanSnapshot(at=1, copies=(SEEN, there))

    assert snapshot.copies_in("us-east-1") == (there,)
    assert snapshot.copies_in("eu-central-1") == ()


def test_a_copy_seen_has_the_marks_of_its_tags() -> None:
    assert (SEEN.marks.secret, SEEN.marks.version) == ("certrotation/shop", "v1")


def test_requests_are_equal_whatever_was_seen() -> None:
    assert RotationRequest(secret="s", snapshot=SIGHTING) == RotationRequest(secret="s")


def test_a_message_about_a_source_names_its_arn_and_a_version() -> None:
    found = SourceAnnouncement.from_json(json.dumps(source_message("arn:x", "v2")))

    assert found == SourceAnnouncement(source="arn:x", version="v2")
    assert found.request_for("certrotation/shop") == RotationRequest(
        secret="certrotation/shop", version="v2"
    )
    assert SourceAnnouncement.from_json('{"source": "arn:x", "version": 1}') == SourceAnnouncement(
        source="arn:x", version=None
    )


def test_a_topic_delivers_the_message_within_a_notification() -> None:
    body = json.dumps({"Type": "Notification", "Message": json.dumps(source_message("arn:x", "v"))})

    assert SourceAnnouncement.from_json(body) == SourceAnnouncement(source="arn:x", version="v")


@pytest.mark.parametrize(
    "body",
    [
        "",
        "[]",
        "[" * 100_000,
        '{"Type": "Notification"}',
        '{"Type": "Notification", "Message": "news"}',
        '{"Type": "Notification", "Message": 1, "source": "arn:x"}',
        json.dumps({"Type": "Notification", "Message": '{"secret": "s", "source": "arn:x"}'}),
        '{"source": ""}',
        '{"source": 1}',
        '{"version": "v2"}',
        '{"secret": "certrotation/shop", "source": "arn:x"}',
    ],
)
def test_any_other_message_is_none_about_a_source(body: str) -> None:
    assert SourceAnnouncement.from_json(body) is None


SHOP = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:shared/shop-AbCdEf"


@pytest.mark.parametrize(
    ("source", "is_one"),
    [
        (SHOP, True),
        (SHOP.replace("shared/", "private/"), False),
        ("shared/shop", False),
        # No tag has room for it, so no reference names it.
        (SHOP.replace("shop", 300 * "s"), False),
    ],
)
def test_only_sources_that_the_setting_names_are_asked_about(
    source: str,
    is_one: bool,  # noqa: FBT001  a column of the table
) -> None:
    patterns = [SourcePattern.parse(SHOP.replace("shop-AbCdEf", "*"))]

    about = SourceAnnouncement(source=source, version="v2")

    assert about.is_about_one_of(patterns) is is_one
