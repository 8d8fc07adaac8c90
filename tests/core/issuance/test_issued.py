"""The record of an issuance in the secret's value."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from certrotation.core.issuance.issued import Issued, issued_in
from certrotation.core.issuance.renewal import Rule
from certrotation.core.material.secret_format import fields_left_out, parse_secret
from certrotation.core.material.secret_value import SecretValue
from tests.core.samples import LEAF

AT = datetime(2026, 6, 1, tzinfo=UTC)
ISSUED = Issued("ca", Rule.THIRD_LEFT, AT, "v", LEAF.certificate.not_valid_after_utc)


def value(issued: Any, **more: Any) -> SecretValue:
    return SecretValue(version="v", text=json.dumps({"issued": issued, **more}))


def test_a_record_is_read_as_it_was_written() -> None:
    assert issued_in(value(ISSUED.record()), LEAF.certificate) == ISSUED
    assert ISSUED.to_json() == {
        "by": "ca",
        "because": "a third of the lifetime is left",
        "at": int(AT.timestamp()),
        "version": "v",
        "not_after": int(ISSUED.not_after.timestamp()),
    }


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
