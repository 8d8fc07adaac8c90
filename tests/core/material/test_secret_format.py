import base64

import pytest
from cryptography.hazmat.primitives.serialization import (
    NoEncryption,
    pkcs12,
)

from certrotation.core.findings import Code, Severity
from certrotation.core.material.certificate_request import CertificateRequest
from certrotation.core.material.decoding import AwaitingIssuanceError, UnreadableSecretError
from certrotation.core.material.secret_format import parse_secret, request_in
from certrotation.core.material.secret_value import SecretValue
from tests.core.samples import (
    ISSUING_CA,
    LEAF,
    PRIVATE_LEAF,
    VERSION,
    secret,
)
from tests.support.authority import Issued, pem

CERTIFICATE, CHAIN, KEY = LEAF.certificate_pem, LEAF.chain_pem, LEAF.key_pem()
LEAF_AND_CA = (LEAF.certificate, ISSUING_CA.certificate)


NO_KEY = (
    "The secret contains no private key (private_key, privkey, privateKey, tls.key,"
    " private_key_pem)."
)


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
    ("fields", "code", "found"),
    [
        (
            {"request": {"names": ["a.example"]}, "certificate": CERTIFICATE},
            Code.SECRET_MALFORMED,
            f"{NO_KEY} The field request is for an issuer and is not material.",
        ),
        (
            {"request": {"names": [KEY]}, "certificate": " "},
            Code.SECRET_MALFORMED,
            (
                "The secret contains no certificate, and request.names contains 1 values that are"
                " not fully qualified host names."
                " The field request is for an issuer and is not material."
            ),
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
    ],
)
def test_a_field_that_is_missing_or_contradicts_is_named(
    fields: dict[str, object], code: Code, found: str
) -> None:
    assert refusal_of(secret(**fields)) == (code, found)


@pytest.mark.parametrize("field", ["certificate", "fullchain", "tls.crt", "chain", "ca.crt"])
@pytest.mark.parametrize("text", ["nonsense", "nonsens", "=", "\ud800"])
def test_a_field_without_certificate_is_named(field: str, text: str) -> None:
    fields = {"certificate": CERTIFICATE, "private_key": KEY, field: text}
    if field == "certificate":
        (found,) = [refusal_of(secret(**fields))[1]]
    else:
        (found,) = [each.found for each in parse_secret(secret(**fields)).without_certificate]
    assert found == f"{field} contains no readable PEM certificate."


@pytest.mark.parametrize("label", ["PKCS7", "PRIVATE KEY", "CERTIFICATE REQUEST"])
def test_what_is_in_the_place_of_a_certificate_is_named(label: str) -> None:
    text = f"-----BEGIN {label}-----\nMAA=\n-----END {label}-----\n"
    unknown = text.replace(label, "SECRET PASSPHRASE")
    assert refusal_of(secret(certificate=text + unknown, private_key=KEY)) == (
        Code.SECRET_MALFORMED,
        f"certificate contains no readable PEM certificate. The field contains: {label}.",
    )


def test_all_that_is_in_the_place_of_a_certificate_is_named() -> None:
    labels = ("PRIVATE KEY", "CERTIFICATE REQUEST", "PRIVATE KEY")
    text = "".join(f"-----BEGIN {each}-----\nMAA=\n-----END {each}-----\n" for each in labels)
    assert refusal_of(secret(certificate=text, private_key=KEY))[1] == (
        "certificate contains no readable PEM certificate."
        " The field contains: CERTIFICATE REQUEST, PRIVATE KEY."
    )


@pytest.mark.parametrize("field", ["private_key", "privkey", "privateKey", "tls.key"])
@pytest.mark.parametrize("text", ["nonsense", "nonsens", CERTIFICATE, KEY[:-40], KEY[:60]])
def test_a_field_without_key_is_named(field: str, text: str) -> None:
    expected = f"{field} contains no readable PEM private key."
    assert refusal_of(secret(**{"certificate": CERTIFICATE, field: text})) == (
        Code.SECRET_MALFORMED,
        expected,
    )


def test_two_fields_with_different_keys_are_named_in_the_order_of_the_documents() -> None:
    fields = {"private_key": KEY, "privateKey": PRIVATE_LEAF.key_pem(), "privkey": f"{KEY}\n"}
    assert refusal_of(secret(certificate=CERTIFICATE, **fields)) == (
        Code.SECRET_MALFORMED,
        "private_key and privateKey contain different private keys.",
    )
    del fields["private_key"]
    assert refusal_of(secret(certificate=CERTIFICATE, **fields)) == (
        Code.SECRET_MALFORMED,
        "privkey and privateKey contain different private keys.",
    )


def wrapped(text: str) -> str:
    """PEM in base64, as Kubernetes keeps it."""
    return base64.b64encode(text.encode()).decode()


def test_a_chain_may_be_a_list_of_pem_texts_that_kubernetes_encoded() -> None:
    """Padding ends a text in base64, so that such texts cannot be decoded as one."""
    chain = [wrapped(CHAIN + "\n" * extra) for extra in range(3)]
    assert any(each.endswith("=") for each in chain[:-1])
    supplied = parse_secret(secret(certificate=CERTIFICATE, private_key=KEY, chain=chain))
    assert supplied.certificates == (LEAF.certificate, *[ISSUING_CA.certificate] * 3)


def test_pem_is_read_even_if_its_dashes_were_escaped_too() -> None:
    fields = {"certificate": CERTIFICATE, "private_key": KEY, "chain": CHAIN}
    escaped = {name: text.replace("-", "%2D") for name, text in fields.items()}
    assert parse_secret(secret(**escaped)).certificates == LEAF_AND_CA


def test_a_letter_before_the_object_is_no_json() -> None:
    assert refusal_of(SecretValue(version=VERSION, text="X{}")) == (
        Code.SECRET_MALFORMED,
        (
            "Invalid JSON at line 1, column 1. If the value is PEM, wrap it in JSON as the README"
            " shows."
        ),
    )
    assert refusal_of(SecretValue(version=VERSION, binary=b"X{}")) == (
        Code.SECRET_MALFORMED,
        "The value is not a readable PKCS#12 bundle.",
    )


@pytest.mark.parametrize("mark", [b"", b"\xff\xfe", b"\xfe\xff"])
def test_bytes_that_are_no_text_are_no_bundle_either(mark: bytes) -> None:
    """UTF-16 begins with a mark; the bytes of a lone surrogate are text in no encoding."""
    assert refusal_of(SecretValue(version=VERSION, binary=mark + b"\xd8\xd8\xd8")) == (
        Code.SECRET_MALFORMED,
        "The value is not a readable PKCS#12 bundle.",
    )


def test_nothing_shows_the_value() -> None:
    value = SecretValue(version=VERSION, text=KEY, binary=KEY.encode())
    supplied = parse_secret(secret(certificate=CERTIFICATE, private_key=KEY))
    assert repr(value) == f"SecretValue(version='{VERSION}')"
    assert "private_key" not in repr(supplied)


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


def test_a_field_that_may_hold_the_passphrase_is_named() -> None:
    key = LEAF.key_pem(passphrase="hunter2")
    found = refusal_of(secret(certificate=CERTIFICATE, private_key=key, password="hunter2"))[1]
    assert found == (
        "private_key is encrypted, and the secret has no passphrase. Fields not read: password."
    )


def test_a_refusal_of_another_kind_says_nothing_of_fields() -> None:
    key = "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\n-----END RSA PRIVATE KEY-----"
    found = refusal_of(secret(certificate=CERTIFICATE, private_key=key, password="hunter2"))[1]
    assert found.endswith("that is not supported.")


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


@pytest.mark.parametrize("more", [{}, {"issuing_ca": CHAIN}])
def test_a_field_beside_a_bundle_need_not_contain_a_certificate(more: dict[str, str]) -> None:
    beside = parse_secret(secret(pkcs12=bundle(), chain="nonsense", **more))
    assert beside.certificates[:2] == LEAF_AND_CA
    assert [each.found for each in beside.without_certificate] == [
        "chain contains no readable PEM certificate."
    ]


def test_two_fields_that_hold_the_same_certificate_in_any_order_are_read() -> None:
    shuffled = pem(*LEAF.chain, LEAF.certificate)
    value = secret(cert=LEAF.certificate_pem, fullchain=shuffled, privkey=LEAF.key_pem())

    assert LEAF.certificate in parse_secret(value).certificates


def test_a_value_with_a_request_and_no_certificate_awaits_issuance() -> None:
    for rest in ({}, {"certificate": "", "passphrase": "x"}):
        with pytest.raises(AwaitingIssuanceError) as caught:
            parse_secret(secret(request={"names": ["A.Example.", "*.a.example"]}, **rest))
        assert caught.value.request.names == ("*.a.example", "a.example")
        assert str(caught.value) == "The value has a request to an issuer, and no material yet."


def test_a_request_beside_material_is_read_and_a_malformed_one_stops_nothing() -> None:
    material = {"certificate": CERTIFICATE, "private_key": KEY, "chain": CHAIN}
    asked = {"names": ["shop.example.com"], "key": "RSA_2048", "profile": "tlsserver"}
    request = parse_secret(secret(**material, request=asked)).request
    assert request is not None
    assert request.to_json() == asked
    assert parse_secret(secret(**material, request=[])).request is None
    assert parse_secret(secret(**material)).request is None


def test_a_request_is_found_in_text_and_in_binary_and_not_in_other_forms() -> None:
    text = '{"request": {"names": ["a.example"]}}'
    for value in (
        SecretValue(version=VERSION, text=text),
        SecretValue(version=VERSION, binary=text.encode()),
    ):
        assert request_in(value) == CertificateRequest(names=("a.example",))
    assert request_in(secret(request=1)) == "request is not a JSON object."
    assert request_in(SecretValue(version=VERSION, binary=b"\x30\x80")) is None
    assert request_in(SecretValue(version=VERSION)) is None
    assert request_in(SecretValue(version=VERSION, text=f"X{text}")) is None
    with pytest.raises(UnreadableSecretError):
        request_in(SecretValue(version=VERSION, text="{"))
