"""What a new version of a secret takes over from the one before, and what it leaves out."""

from __future__ import annotations

import json

import pytest

from certrotation.core.material.secret_format import fields_left_out, with_request_of
from certrotation.core.material.secret_value import SecretValue

REQUEST = {"names": ["shop.example.com"], "key": "EC_prime256v1"}
BEFORE = {"certificate": "PEM", "private_key": "PEM", "request": REQUEST, "owner": "web"}


def value(document: object, version: str = "new") -> SecretValue:
    return SecretValue(version=version, text=json.dumps(document))


@pytest.mark.parametrize(
    "before",
    [
        value(BEFORE),
        value({"data": {"data": BEFORE}}),
        SecretValue(version="old", binary=json.dumps(BEFORE).encode()),
    ],
    ids=["as it is", "in the answer of a key-value store", "in bytes"],
)
def test_the_request_is_in_the_new_version_too(before: SecretValue) -> None:
    new = with_request_of(before, value({"pkcs12": "MII", "passphrase": "x"}))

    assert new.version == "new"
    assert json.loads(new.text or "") == {
        "pkcs12": "MII", "passphrase": "x", "request": REQUEST,
    }  # fmt: skip


def test_a_new_version_in_bytes_becomes_text_with_the_request() -> None:
    """Secrets Manager takes one of both."""
    new = SecretValue(version="new", binary=b'{"certificate": "PEM"}')

    assert with_request_of(value(BEFORE), new) == value({"certificate": "PEM", "request": REQUEST})


def test_a_value_whose_fields_are_wrapped_is_unwrapped() -> None:
    new = with_request_of(value(BEFORE), value({"data": {"certificate": "PEM"}}))

    assert json.loads(new.text or "") == {"certificate": "PEM", "request": REQUEST}


@pytest.mark.parametrize(
    ("before", "new"),
    [
        (value(BEFORE), value({"certificate": "PEM", "request": {"names": ["other"]}})),
        (value({"certificate": "PEM"}), value({"certificate": "PEM"})),
        (SecretValue(version="old", binary=b"\x30\x82"), value({"certificate": "PEM"})),
        (SecretValue(version="old"), value({"certificate": "PEM"})),
        (value(BEFORE), SecretValue(version="new", text="no JSON")),
    ],
    ids=["a request of its own", "no request", "a bundle", "no value", "a value that is refused"],
)
def test_a_value_stays_as_it_is(before: SecretValue, new: SecretValue) -> None:
    assert with_request_of(before, new) is new


def test_fields_that_are_left_out_are_named_unless_their_name_may_be_a_secret() -> None:
    before = value({**BEFORE, "note": 1, "hunter2!": "x", "chain": "PEM", "passphrase": "x"})

    assert fields_left_out(before, value({"certificate": "PEM", "note": 2})) == ("owner",)
