"""The field `request`: what a team may ask its issuer for, and how mistakes are named."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from certrotation.core.material.certificate_request import (
    KEYS,
    CertificateRequest,
    is_requestable,
    parse_request,
)
from certrotation.core.material.x509_facts import KeyAlgorithm

LABELS = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,10}[a-z0-9])?", fullmatch=True)
NAMES = st.builds(
    lambda star, labels: ".".join([*(["*"] if star else []), *labels, "example"]),
    st.booleans(),
    st.lists(LABELS, min_size=1, max_size=4),
)


@pytest.mark.slow
@given(
    names=st.lists(NAMES, min_size=1, max_size=100),
    key=st.sampled_from([None, *KEYS]),
    profile=st.sampled_from([None, "tlsserver"]),
)
def test_what_is_written_is_read_again(
    names: list[str], key: KeyAlgorithm | None, profile: str | None
) -> None:
    document = {"names": [each.upper() for each in names], "key": key, "profile": profile}
    request = parse_request(json.loads(json.dumps(document)))
    assert isinstance(request, CertificateRequest)
    assert request.names == tuple(sorted(set(names)))
    assert (request.key, request.profile) == (key, profile)
    assert parse_request(json.loads(json.dumps(request.to_json()))) == request


def test_names_in_unicode_become_a_labels() -> None:
    request = parse_request({"names": ["münchen.example"]})
    assert request == CertificateRequest(names=("xn--mnchen-3ya.example",))


KEY_TEXT = "-----BEGIN PRIVATE KEY-----"


@pytest.mark.parametrize(
    ("document", "found"),
    [
        ([], "request is not a JSON object."),
        (
            {"names": ["a.example"], KEY_TEXT: ""},
            "request has 1 unknown fields; the fields are names, key and profile.",
        ),
        ({}, "request.names must be a list of one or more host names."),
        ({"names": "a.example"}, "request.names must be a list of one or more host names."),
        ({"names": []}, "request.names must be a list of one or more host names."),
        ({"names": [1]}, "request.names contains a value that is not a string."),
        (
            {"names": [f"{number}.example" for number in range(101)]},
            "request.names contains 101 names; the most is 100.",
        ),
        (
            {"names": ["a.example", KEY_TEXT, "10.0.0.1", "localhost"]},
            "request.names contains 3 values that are not fully qualified host names.",
        ),
        (
            {"names": ["a.example"], "key": "RSA_1024"},
            (
                "request.key must be one of RSA_2048, RSA_3072, RSA_4096, EC_prime256v1,"
                " EC_secp384r1, EC_secp521r1."
            ),
        ),
        (
            {"names": ["a.example"], "profile": ""},
            "request.profile must be 1 to 64 letters, digits and ._- characters.",
        ),
    ],
)
def test_a_mistake_is_named_and_never_quoted(document: object, found: str) -> None:
    assert parse_request(document) == found


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a.example", True),
        ("*.a.example", True),
        ("*.example", False),
        ("a.*.example", False),
        ("example", False),
        ("-a.example", False),
        ("a." * 130 + "example", False),
        ("192.0.2.1", False),
        ("2001:db8::1", False),
    ],
)
def test_which_names_a_ca_can_be_asked_for(name: str, expected: bool) -> None:  # noqa: FBT001  a table
    assert is_requestable(name) is expected
