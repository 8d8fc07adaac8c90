import base64
import json
import textwrap

import pytest
from cryptography.hazmat.primitives.serialization import NoEncryption, pkcs12

from certrotation.core.findings import Code, Severity
from certrotation.core.material.decoding import UnreadableSecretError
from certrotation.core.material.secret_format import SecretValue, parse_secret
from tests.core.samples import (
    DAY,
    ISSUING_CA,
    LEAF,
    NOW,
    PRIVATE_LEAF,
    PRIVATE_ROOT,
    VERSION,
    secret,
)
from tests.support.authority import Issued, pem, shared_key

CERTIFICATE, CHAIN, KEY = LEAF.certificate_pem, LEAF.chain_pem, LEAF.key_pem()
LEAF_AND_CA = (LEAF.certificate, ISSUING_CA.certificate)


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def bundle(issued: Issued = LEAF, chain: bool = True) -> str:  # noqa: FBT001, FBT002  a sample's one switch
    data = pkcs12.serialize_key_and_certificates(
        b"www", issued.key, issued.certificate, issued.chain if chain else None, NoEncryption()
    )
    return base64.b64encode(data).decode()


def refusal_of(value: SecretValue) -> tuple[Code, str]:
    with pytest.raises(UnreadableSecretError) as caught:
        parse_secret(value)
    assert caught.value.finding.severity is Severity.REFUSE
    assert str(caught.value) == str(caught.value.finding)
    return caught.value.finding.code, caught.value.finding.found


WRAP = "If the value is PEM, wrap it in JSON as the README shows."


@pytest.mark.parametrize(
    "fields",
    [
        {"certificate": CERTIFICATE, "private_key": KEY, "chain": CHAIN},
        {"certificate": CERTIFICATE + CHAIN, "private_key": KEY},
        {"fullchain": CERTIFICATE + CHAIN, "privkey": KEY},
        {"cert": CERTIFICATE, "chain": CHAIN, "privkey": KEY},
        {"tls.crt": CERTIFICATE + CHAIN, "tls.key": KEY},
        {"tls.crt": CERTIFICATE, "tls.key": KEY, "ca.crt": CHAIN},
        {"tls.crt": encoded(CERTIFICATE), "tls.key": encoded(KEY), "ca.crt": encoded(CHAIN)},
        {"certificate": CERTIFICATE, "privateKey": KEY, "certificateChain": CHAIN},
        {"certificate": CERTIFICATE, "private_key": KEY, "privkey": KEY, "chain": CHAIN},
        {"certificate": CERTIFICATE, "private_key": KEY, "chain": CHAIN, "owner": ["team", 1]},
        {"certificate": CERTIFICATE + CHAIN, "private_key": KEY, "chain": "", "passphrase": None},
        {"pkcs12": bundle()},
        {"pkcs12": textwrap.fill(bundle(), 64)},
        {"pkcs12": bundle(), "chain": "", "passphrase": ""},
        {"pkcs12": bundle(chain=False), "chain": CHAIN},
    ],
    ids=[
        "documented",
        "chain after the leaf",
        "certbot, bundle",
        "certbot, parts",
        "kubernetes",
        "cert-manager",
        "kubernetes, base64",
        "camel case",
        "one key twice",
        "fields of other tools",
        "empty fields",
        "pkcs12",
        "pkcs12 in lines",
        "pkcs12 and empty fields",
        "pkcs12 and chain",
    ],
)
def test_the_forms_that_tools_write_are_read(fields: dict[str, object]) -> None:
    supplied = parse_secret(secret(**fields))
    assert supplied.certificates == LEAF_AND_CA
    assert supplied.private_key.public_key() == LEAF.key.public_key()


def test_the_four_files_of_certbot_may_all_be_there() -> None:
    supplied = parse_secret(
        secret(cert=CERTIFICATE, chain=CHAIN, fullchain=CERTIFICATE + CHAIN, privkey=KEY)
    )
    assert supplied.certificates == (*LEAF_AND_CA, *LEAF_AND_CA)


def test_a_byte_order_mark_does_no_harm() -> None:
    text = json.dumps({"certificate": CERTIFICATE, "private_key": KEY})
    marked = SecretValue(version=VERSION, text="\ufeff" + text)
    assert parse_secret(marked).certificates == (LEAF.certificate,)


def test_a_binary_secret_is_a_pkcs12_bundle() -> None:
    value = SecretValue(version=VERSION, binary=base64.b64decode(bundle()))
    assert parse_secret(value).certificates == LEAF_AND_CA


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (None, "The secret has no value."),
        (
            "",
            f"Invalid JSON at line 1, column 1. {WRAP}",
        ),
        (
            '{"certificate":\n nonsense}',
            f"Invalid JSON at line 2, column 2. {WRAP}",
        ),
        (
            "[" * 100_000,
            "Invalid JSON: it is nested too deeply, or contains a number that is too long.",
        ),
        ('{"a": ' + "1" * 5000 + "}", "Invalid JSON: it is nested too deeply, or"),
        ("[]", "The secret's JSON is not an object."),
        ('"text"', "The secret's JSON is not an object."),
        ("null", "The secret's JSON is not an object."),
        ('{"chain": "a", "chain": "b"}', "The secret's JSON contains the same key twice."),
        ("{}", "The secret contains no private key (private_key, privkey, privateKey, tls.key)."),
    ],
)
def test_what_is_no_json_object_of_ours_is_malformed(text: str | None, found: str) -> None:
    code, sentence = refusal_of(SecretValue(version=VERSION, text=text))
    assert code is Code.SECRET_MALFORMED
    assert sentence.startswith(found)


OTHER_KEY = PRIVATE_LEAF.key_pem()


@pytest.mark.parametrize(
    ("fields", "code", "found"),
    [
        (
            {"certificate": CERTIFICATE},
            Code.SECRET_MALFORMED,
            "The secret contains no private key (private_key, privkey, privateKey, tls.key).",
        ),
        (
            {"certificate": CERTIFICATE, "private_key": KEY, "tls.key": OTHER_KEY},
            Code.SECRET_MALFORMED,
            "private_key and tls.key contain different private keys.",
        ),
        (
            {"certificate": 1, "private_key": KEY},
            Code.SECRET_MALFORMED,
            "The value of certificate is not a string.",
        ),
        (
            {"certificate": CERTIFICATE, "private_key": KEY, "passphrase": 1234},
            Code.SECRET_MALFORMED,
            "The value of passphrase is not a string.",
        ),
        ({"private_key": KEY}, Code.LEAF_MISSING, "The secret contains no certificate."),
        (
            {"private_key": KEY, "chain": CHAIN},
            Code.LEAF_MISSING,
            "The secret contains no certificate.",
        ),
        (
            {"pkcs12": bundle(), "private_key": KEY},
            Code.SECRET_MALFORMED,
            "The secret contains pkcs12 and private_key. Use one form.",
        ),
        (
            {"pkcs12": bundle(), "certificate": CERTIFICATE, "privkey": KEY},
            Code.SECRET_MALFORMED,
            "The secret contains pkcs12 and certificate and privkey. Use one form.",
        ),
        ({"pkcs12": "@@@"}, Code.SECRET_MALFORMED, "pkcs12 is not valid base64."),
        ({"pkcs12": "bücher"}, Code.SECRET_MALFORMED, "pkcs12 is not valid base64."),
        (
            {"pkcs12": encoded("nonsense")},
            Code.SECRET_MALFORMED,
            "The value is not a readable PKCS#12 bundle.",
        ),
    ],
)
def test_a_field_that_is_missing_or_contradicts_is_named(
    fields: dict[str, object], code: Code, found: str
) -> None:
    assert refusal_of(secret(**fields)) == (code, found)


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


def test_two_fields_that_hold_different_certificates_of_the_key_are_malformed() -> None:
    renewed = ISSUING_CA.issue("a.example", key=LEAF.key, not_before=NOW - DAY)
    value = secret(
        cert=LEAF.certificate_pem, fullchain=renewed.fullchain_pem, privkey=LEAF.key_pem()
    )

    code, found = refusal_of(value)

    assert code is Code.SECRET_MALFORMED
    assert found.startswith("fullchain and cert contain different certificates for the key.")


def test_two_fields_that_hold_the_same_certificate_in_any_order_are_read() -> None:
    shuffled = pem(*LEAF.chain, LEAF.certificate)
    value = secret(cert=LEAF.certificate_pem, fullchain=shuffled, privkey=LEAF.key_pem())

    assert LEAF.certificate in parse_secret(value).certificates


def test_blank_fields_are_absent_and_keys_may_differ_by_white_space() -> None:
    value = secret(
        certificate=LEAF.certificate_pem,
        private_key=LEAF.key_pem(),
        privkey=LEAF.key_pem().rstrip(),
        chain="\n",
        **{"ca.crt": "  "},
    )

    assert parse_secret(value).certificates == (LEAF.certificate,)
