import pytest

from certrotation.core.findings import Code, Severity
from certrotation.core.material.decoding import UnreadableSecretError
from certrotation.core.material.secret_format import SecretValue, parse_secret
from tests.core.samples import (
    ISSUING_CA,
    LEAF,
    PRIVATE_ROOT,
    VERSION,
    secret,
)
from tests.support.authority import pem, shared_key

CERTIFICATE, CHAIN, KEY = LEAF.certificate_pem, LEAF.chain_pem, LEAF.key_pem()
LEAF_AND_CA = (LEAF.certificate, ISSUING_CA.certificate)


def refusal_of(value: SecretValue) -> tuple[Code, str]:
    with pytest.raises(UnreadableSecretError) as caught:
        parse_secret(value)
    assert caught.value.finding.severity is Severity.REFUSE
    assert str(caught.value) == str(caught.value.finding)
    return caught.value.finding.code, caught.value.finding.found


WRAP = "If the value is PEM, wrap it in JSON as the README shows."


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("", "line 1, column 1"),
        ('{"certificate":\n nonsense}', "line 2, column 2"),
        ("[" * 100_000, "nested too deep"),
    ],
)
def test_the_place_where_json_breaks_off_is_named(text: str, place: str) -> None:
    code, sentence = refusal_of(SecretValue(version=VERSION, text=text))
    assert code is Code.SECRET_MALFORMED
    assert place in sentence


@pytest.mark.parametrize("field", ["certificate", "fullchain", "tls.crt", "chain", "ca.crt"])
@pytest.mark.parametrize("text", ["nonsense", "nonsens", "=", "\ud800", KEY, CERTIFICATE[:-40]])
def test_a_field_without_certificate_is_named(field: str, text: str) -> None:
    fields = {"certificate": CERTIFICATE, "private_key": KEY, field: text}
    expected = f"{field} contains no readable PEM certificate."
    assert refusal_of(secret(**fields)) == (Code.SECRET_MALFORMED, expected)


@pytest.mark.parametrize("field", ["private_key", "privkey", "privateKey", "tls.key"])
@pytest.mark.parametrize("text", ["nonsense", "nonsens", CERTIFICATE, KEY[:-40], KEY[:60]])
def test_a_field_without_key_is_named(field: str, text: str) -> None:
    expected = f"{field} contains no readable PEM private key."
    assert refusal_of(secret(**{"certificate": CERTIFICATE, field: text})) == (
        Code.SECRET_MALFORMED,
        expected,
    )


def test_nothing_shows_the_value() -> None:
    value = SecretValue(version=VERSION, text=KEY, binary=KEY.encode())
    supplied = parse_secret(secret(certificate=CERTIFICATE, private_key=KEY))
    assert repr(value) == f"SecretValue(version='{VERSION}')"
    assert "private_key" not in repr(supplied)


def test_a_public_root_or_a_key_of_another_kind_is_read_all_the_same() -> None:
    """Whether the material is good is asked later."""
    key = shared_key("ed25519")
    leaf = PRIVATE_ROOT.issue("a.example", key=key)
    supplied = parse_secret(
        secret(certificate=pem(PRIVATE_ROOT.certificate), private_key=leaf.key_pem())
    )
    assert supplied.certificates == (PRIVATE_ROOT.certificate,)


def test_two_fields_that_hold_the_same_certificate_in_any_order_are_read() -> None:
    shuffled = pem(*LEAF.chain, LEAF.certificate)
    value = secret(cert=LEAF.certificate_pem, fullchain=shuffled, privkey=LEAF.key_pem())

    assert LEAF.certificate in parse_secret(value).certificates
