"""The record of an issuance in the secret's value."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from certrotation.core.issuance.issued import Issued, issued_in, replaced_by
from certrotation.core.issuance.renewal import Rule
from certrotation.core.material.secret_format import fields_left_out, parse_secret
from certrotation.core.material.secret_value import SecretValue
from tests.core.samples import LEAF

AT = datetime(2026, 6, 1, tzinfo=UTC)
ISSUED = Issued("ca", Rule.THIRD_LEFT, AT, "v", LEAF.certificate.not_valid_after_utc, "before")


def value(issued: Any, **more: Any) -> SecretValue:
    return SecretValue(version="v", text=json.dumps({"issued": issued, **more}))


def test_a_record_is_read_as_it_was_written() -> None:
    assert issued_in(value(ISSUED.record()), LEAF.certificate) == ISSUED
    assert ISSUED.to_json() == {
        "by": "ca",
        "because": "a third of the lifetime is left",
        "at": int(AT.timestamp()),
        "replaces": "before",
        "version": "v",
        "not_after": int(ISSUED.not_after.timestamp()),
    }


def test_a_value_names_the_version_that_it_is_to_replace() -> None:
    assert replaced_by(value(ISSUED.record())) == "before"
    assert replaced_by(value(ISSUED.record() | {"replaces": None})) is None
    assert replaced_by(value("ca")) is None
    assert replaced_by(SecretValue(version="v", text="-----BEGIN")) is None
    assert replaced_by(SecretValue(version="v", binary=b"x")) is None


@pytest.mark.parametrize(
    "record",
    [
        None,
        "ca",
        {},
        ISSUED.record() | {"because": "it was Tuesday"},
        ISSUED.record() | {"at": "soon"},
        ISSUED.record() | {"at": 10**30},
    ],
)
def test_what_a_person_wrote_is_no_record_and_no_error(record: object) -> None:
    assert issued_in(value(record), LEAF.certificate) is None
    assert issued_in(SecretValue(version="v", text="-----BEGIN"), LEAF.certificate) is None
    assert issued_in(SecretValue(version="v", binary=b"x"), LEAF.certificate) is None


def test_the_record_is_no_material_and_is_not_missed_in_a_new_value() -> None:
    material = {"certificate": LEAF.certificate_pem, "private_key": LEAF.key_pem()}
    issued = value(ISSUED.record(), **material)
    assert parse_secret(issued).certificates == (LEAF.certificate,)
    assert fields_left_out(issued, SecretValue(version="w", text=json.dumps(material))) == ()
