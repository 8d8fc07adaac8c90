import base64
import json

import pytest
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    NoEncryption,
    pkcs12,
)

from certrotation.core.findings import Code, Severity
from certrotation.core.material.decoding import UnreadableSecretError
from certrotation.core.material.secret_format import parse_secret
from certrotation.core.material.secret_value import SecretValue
from tests.core.samples import (
    ISSUING_CA,
    LEAF,
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


WRAP = "If the value is PEM, wrap it in JSON as the README shows."
NO_KEY = (
    "The secret contains no private key (private_key, privkey, privateKey, tls.key,"
    " private_key_pem)."
)


def one_line(text: str) -> str:
    return text.replace("\n", " ")


def written_out(text: str) -> str:
    return text.replace("\n", "\\n")


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


@pytest.mark.parametrize(
    "fields",
    [
        {"cert_pem": CERTIFICATE, "private_key_pem": KEY, "certificate_chain": CHAIN},
        {"certificate": CERTIFICATE, "private_key": KEY, "ca_chain": [CHAIN], "expiration": 1},
        {"certificate": CERTIFICATE, "private_key": KEY, "issuing_ca": CHAIN},
        {"data": {"certificate": CERTIFICATE, "private_key": KEY, "ca_chain": [CHAIN]}},
        {"data": {"data": {"certificate": CERTIFICATE, "private_key": KEY, "chain": CHAIN}}},
        {"data": {"tls.crt": encoded(CERTIFICATE + CHAIN), "tls.key": encoded(KEY)}},
        {"certificate": CERTIFICATE, "private_key": KEY, "chain": CHAIN.splitlines()},
        {"certificate": CERTIFICATE, "private_key": KEY, "chain": CHAIN, "ca_chain": []},
        {"certificate": CERTIFICATE, "private_key": KEY, "chain": [encoded(CHAIN)]},
        {"certificate": CERTIFICATE, "private_key": KEY, "chain": CHAIN, "owner": ["team", 1]},
        {"certificate": CERTIFICATE, "private_key": KEY, "chain": CHAIN, "data": {"chain": "x"}},
        {"certificate": CERTIFICATE, "private_key": KEY, "chain": CHAIN, "request": {"names": []}},
        {"certificate": one_line(CERTIFICATE), "private_key": one_line(KEY), "chain": CHAIN},
        {"certificate": written_out(CERTIFICATE), "private_key": written_out(KEY), "chain": CHAIN},
        {"pkcs12": bundle()},
        {"pkcs12": bundle(chain=False), "chain": CHAIN},
    ],
    ids=[
        "terraform",
        "vault",
        "vault, the issuing CA alone",
        "vault's answer",
        "vault's key-value store",
        "kubernetes, the whole object",
        "chain as a list of lines",
        "an empty list",
        "chain as a list of base64",
        "fields of other tools",
        "other tools' data beside it",
        "what an issuer is asked for",
        "line breaks lost",
        "line breaks written out",
        "pkcs12",
        "pkcs12 and chain",
    ],
)
def test_the_forms_that_tools_write_are_read(fields: dict[str, object]) -> None:
    supplied = parse_secret(secret(**fields))
    assert supplied.certificates == LEAF_AND_CA
    assert supplied.private_key.public_key() == LEAF.key.public_key()


def test_a_byte_order_mark_does_no_harm() -> None:
    text = json.dumps({"certificate": CERTIFICATE, "private_key": KEY})
    marked = SecretValue(version=VERSION, text="\ufeff" + text)
    assert parse_secret(marked).certificates == (LEAF.certificate,)


def test_a_binary_secret_is_a_pkcs12_bundle() -> None:
    value = SecretValue(version=VERSION, binary=base64.b64decode(bundle()))
    assert parse_secret(value).certificates == LEAF_AND_CA


@pytest.mark.parametrize("mark", ["", "\ufeff", "\n "])
def test_a_binary_secret_may_be_json(mark: str) -> None:
    text = mark + json.dumps({"certificate": CERTIFICATE, "private_key": KEY, "chain": CHAIN})
    value = SecretValue(version=VERSION, binary=text.encode())
    assert parse_secret(value).certificates == LEAF_AND_CA


def test_a_binary_secret_that_only_begins_like_json_is_malformed() -> None:
    code, found = refusal_of(SecretValue(version=VERSION, binary=b'{"certificate": \xff'))
    assert (code, found.startswith("Invalid JSON at line 1")) == (Code.SECRET_MALFORMED, True)


def test_raw_line_breaks_in_the_strings_of_json_are_read() -> None:
    text = json.dumps({"certificate": CERTIFICATE, "private_key": KEY, "chain": CHAIN})
    raw = SecretValue(version=VERSION, text=text.replace("\\n", "\n"))
    assert parse_secret(raw).certificates == LEAF_AND_CA


def test_a_binary_bundle_with_a_passphrase_is_told_what_it_can_do() -> None:
    data = pkcs12.serialize_key_and_certificates(
        b"www", LEAF.key, LEAF.certificate, None, BestAvailableEncryption(b"hunter2")
    )
    assert refusal_of(SecretValue(version=VERSION, binary=data)) == (
        Code.KEY_ENCRYPTED,
        (
            "The binary value is a PKCS#12 bundle with a passphrase, which a binary value cannot"
            " hold. Write JSON with the bundle in base64 under pkcs12 and the passphrase under"
            " passphrase."
        ),
    )


def test_any_other_fault_of_a_binary_bundle_is_told_as_ever() -> None:
    assert refusal_of(SecretValue(version=VERSION, binary=b"0")) == (
        Code.SECRET_MALFORMED,
        "The value is not a readable PKCS#12 bundle.",
    )


@pytest.mark.parametrize(
    "value",
    [
        SecretValue(version=VERSION, text=" " * 65_537),
        SecretValue(version=VERSION, text="\ud800" + "ü" * 32_768),
        SecretValue(version=VERSION, binary=bytes(65_537)),
        SecretValue(version=VERSION, binary=b"{" + b" " * 65_537),
    ],
)
def test_a_value_larger_than_secrets_manager_holds_is_not_looked_at(value: SecretValue) -> None:
    assert refusal_of(value) == (
        Code.SECRET_MALFORMED,
        "The value is larger than 65,536 bytes.",
    )


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (None, "The secret has no value."),
        ("", f"Invalid JSON at line 1, column 1. {WRAP}"),
        (
            '{"certificate":\n nonsense}',
            f"Invalid JSON at line 2, column 2. {WRAP}",
        ),
        (
            "[" * 65_000,
            "Invalid JSON: it is nested too deeply, or contains a number that is too long.",
        ),
        ('{"a": ' + "1" * 5000 + "}", "Invalid JSON: it is nested too deeply, or"),
        ("[]", "The secret's JSON is not an object."),
        ('"text"', "The secret's JSON is not an object."),
        ("null", "The secret's JSON is not an object."),
        ('{"chain": "a", "chain": "b"}', "The secret's JSON contains the same key twice."),
        (
            "{}",
            NO_KEY,
        ),
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
            NO_KEY,
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
        (
            {"certificate": CERTIFICATE, "private_key": KEY, "chain": {"0": CHAIN}},
            Code.SECRET_MALFORMED,
            "The value of chain is neither a string nor a list of strings.",
        ),
        (
            {"certificate": CERTIFICATE, "private_key": KEY, "ca_chain": [CHAIN, 1]},
            Code.SECRET_MALFORMED,
            "The value of ca_chain is neither a string nor a list of strings.",
        ),
        ({"private_key": KEY}, Code.LEAF_MISSING, "The secret contains no certificate."),
        (
            {"request": {"names": ["a.example"]}},
            Code.SECRET_MALFORMED,
            f"{NO_KEY} The field request is for an issuer and is not material.",
        ),
        (
            {"private_key": KEY, "request": {}, "Certificate": CERTIFICATE},
            Code.LEAF_MISSING,
            (
                "The secret contains no certificate. Fields not read: Certificate."
                " The field request is for an issuer and is not material."
            ),
        ),
        (
            {"server.crt": CERTIFICATE, "key": KEY, "bundle-2": CHAIN},
            Code.SECRET_MALFORMED,
            f"{NO_KEY} Fields not read: server.crt, key, bundle-2.",
        ),
        (
            {"key": KEY, **{f"x{number}": "" for number in range(100, 199)}},
            Code.SECRET_MALFORMED,
            f"{NO_KEY} Fields not read: key and 99 more.",
        ),
        (
            {"certificate": 1, "private_key": KEY, "owner": "web"},
            Code.SECRET_MALFORMED,
            "The value of certificate is not a string. Fields not read: owner.",
        ),
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
@pytest.mark.parametrize("text", ["nonsense", "nonsens", "=", "\ud800", KEY])
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


def test_field_names_are_shown_only_if_they_look_like_names() -> None:
    names = ["hunter2-is-it", KEY, KEY[30:60], "x" * 41, "a\nb", "\u202ename", "", "<b>", "1st"]
    found = refusal_of(secret(**dict.fromkeys(names, "x")))[1]
    assert found.endswith("tls.key, private_key_pem). Fields not read: 9.")


def test_no_more_than_eight_field_names_are_shown() -> None:
    found = refusal_of(secret(**{each * 2: "x" for each in "abcdefghijkl"}))[1]
    assert found.endswith("Fields not read: aa, bb, cc, dd, ee, ff, gg, hh and 4 more.")


def test_the_fields_of_an_answer_are_told_by_the_names_inside() -> None:
    found = refusal_of(secret(lease_id="1", data={"certificate": CERTIFICATE, "note": "x"}))[1]
    assert found.endswith("Fields not read: note.")


def test_a_key_that_does_not_decode_is_told_with_the_fields_not_read() -> None:
    """One of these may be what was meant."""
    found = refusal_of(secret(certificate=CERTIFICATE, private_key="x", key_pem=KEY))[1]
    assert found.endswith("readable PEM private key. Fields not read: key_pem.")


def test_a_refusal_of_another_kind_says_nothing_of_fields() -> None:
    key = LEAF.key_pem(passphrase="hunter2")
    found = refusal_of(secret(certificate=CERTIFICATE, private_key=key, password="hunter2"))[1]
    assert found == "private_key is encrypted, and the secret has no passphrase."


def test_certificates_that_cannot_be_read_are_counted_in_their_fields() -> None:
    half = CERTIFICATE[:-40]
    supplied = parse_secret(
        secret(certificate=CERTIFICATE, private_key=KEY, chain=[CHAIN, half], issuing_ca=half)
    )
    assert supplied.certificates == LEAF_AND_CA
    assert [each.which for each in supplied.set_aside] == [
        "certificate 2 in chain",
        "certificate 1 in issuing_ca",
    ]
    beside = parse_secret(secret(pkcs12=bundle(), chain=half))
    assert [each.which for each in beside.set_aside] == ["certificate 1 in chain"]


def test_two_fields_that_hold_the_same_certificate_in_any_order_are_read() -> None:
    shuffled = pem(*LEAF.chain, LEAF.certificate)
    value = secret(cert=LEAF.certificate_pem, fullchain=shuffled, privkey=LEAF.key_pem())

    assert LEAF.certificate in parse_secret(value).certificates
