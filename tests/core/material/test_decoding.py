import base64

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    pkcs12,
)

from certrotation.core.findings import Code
from certrotation.core.material.decoding import (
    UnreadableSecretError,
    decode_certificates,
    decode_pkcs12,
    decode_private_key,
)
from tests.core.samples import DAY, ISSUING_CA, LEAF, NOW, RSA_LEAF

PASSPHRASE = "correct horse battery staple"
BAG = "Bag Attributes\n    friendlyName: www\n    localKeyID: 01 02\nsubject=CN = www\n\n"
TEXT_DUMP = "Certificate:\n    Data:\n        Version: 3 (0x2)\n        Serial Number: 4660\n"
EC_PARAMETERS = "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n"


def revocation_list() -> str:
    builder = x509.CertificateRevocationListBuilder(
        issuer_name=ISSUING_CA.certificate.subject, last_update=NOW, next_update=NOW + DAY
    )
    return builder.sign(ISSUING_CA.key, hashes.SHA256()).public_bytes(Encoding.PEM).decode()


def refusal(caught: pytest.ExceptionInfo[UnreadableSecretError]) -> tuple[Code, str]:
    return caught.value.finding.code, caught.value.finding.found


@pytest.mark.parametrize(
    "text",
    [
        LEAF.fullchain_pem,
        BAG + LEAF.certificate_pem + BAG + LEAF.chain_pem,
        TEXT_DUMP + LEAF.fullchain_pem,
        LEAF.certificate_pem + revocation_list() + LEAF.chain_pem,
        LEAF.key_pem() + LEAF.fullchain_pem,
        LEAF.fullchain_pem.replace("\n", "\r\n"),
        LEAF.fullchain_pem.replace("\n", " \n"),
        LEAF.fullchain_pem.replace("\n", "\n    "),
        LEAF.fullchain_pem.replace("\n", " "),
        LEAF.fullchain_pem.strip(),
    ],
    ids=[
        "plain",
        "bag attributes",
        "text dump",
        "revocation list",
        "key first",
        "windows lines",
        "trailing blanks",
        "indented",
        "pasted into one line",
        "no last line end",
    ],
)
def test_certificates_are_found_in_what_tools_write_around_them(text: str) -> None:
    assert decode_certificates("chain", text.encode()) == [LEAF.certificate, ISSUING_CA.certificate]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (revocation_list(), "chain contains no readable PEM certificate."),
        (
            LEAF.fullchain_pem.replace("\n", "\\n"),
            "chain contains no readable PEM certificate.",
        ),
        ("", "chain contains no readable PEM certificate."),
    ],
    ids=["revocation list alone", "escaped twice", "nothing"],
)
def test_what_holds_no_certificate_is_named(text: str, found: str) -> None:
    with pytest.raises(UnreadableSecretError) as caught:
        decode_certificates("chain", text.encode())
    assert refusal(caught) == (Code.SECRET_MALFORMED, found)


def with_extension(oid: str, value: bytes) -> str:
    extension = x509.UnrecognizedExtension(x509.ObjectIdentifier(oid), value)
    leaf = ISSUING_CA.issue(common_name="a.example", extensions=[extension])
    return leaf.certificate_pem


@pytest.mark.parametrize(
    "oid",
    ["2.5.29.17", "2.5.29.14", "2.5.29.35", "1.3.6.1.5.5.7.1.1"],
    ids=["names", "key identifier", "authority key identifier", "authority information"],
)
def test_a_certificate_that_cannot_be_decoded_is_refused_at_once(oid: str) -> None:
    with pytest.raises(UnreadableSecretError) as caught:
        decode_certificates("chain", with_extension(oid, b"\x30\x03\x02\x01").encode())
    expected = "chain contains a certificate that cannot be decoded."
    assert refusal(caught) == (Code.SECRET_MALFORMED, expected)


@pytest.mark.parametrize(
    "second",
    [
        LEAF.chain_pem[: len(LEAF.chain_pem) // 2],
        LEAF.chain_pem[:-27],
        LEAF.chain_pem.replace("CERTIFICATE", "TRUSTED CERTIFICATE"),
        LEAF.chain_pem[:-27].replace("CERTIFICATE", "X509 CERTIFICATE"),
    ],
)
def test_a_certificate_that_would_be_left_out_unseen_is_refused(second: str) -> None:
    with pytest.raises(UnreadableSecretError) as caught:
        decode_certificates("chain", (LEAF.certificate_pem + second).encode())
    assert refusal(caught) == (
        Code.SECRET_MALFORMED,
        "chain contains a certificate that is cut off or not plain PEM.",
    )


def test_an_extension_that_nobody_here_knows_does_no_harm() -> None:
    assert decode_certificates("chain", with_extension("1.3.6.1.4.1.99999.1", b"x").encode())


def unknown_curve(data: bytes) -> bytes:
    """Replace the identifier of P-256 by one of the same length that names no curve."""
    return data.replace(
        bytes.fromhex("06082a8648ce3d030107"), bytes.fromhex("06082b8104000000001a")
    )


def test_a_certificate_with_a_key_of_an_unknown_type_is_refused() -> None:
    der = unknown_curve(LEAF.certificate.public_bytes(Encoding.DER))
    strange = x509.load_der_x509_certificate(der).public_bytes(Encoding.PEM)
    with pytest.raises(UnreadableSecretError) as caught:
        decode_certificates("chain", strange)
    expected = "The key of CN=www.example.com has an unknown type."
    assert refusal(caught) == (Code.KEY_UNSUPPORTED, expected)


def to_pem(label: str, der: bytes) -> str:
    body = base64.encodebytes(der).decode()
    return f"-----BEGIN {label}-----\n{body}-----END {label}-----\n"


def key_of(text: str, passphrase: str | None = None) -> object:
    secret = passphrase.encode() if passphrase else None
    return decode_private_key("private_key", text.encode(), secret).public_key()


@pytest.mark.parametrize(
    "text",
    [
        LEAF.key_pem(),
        LEAF.key_pem(form=PrivateFormat.TraditionalOpenSSL),
        EC_PARAMETERS + LEAF.key_pem(form=PrivateFormat.TraditionalOpenSSL),
        BAG + LEAF.key_pem(),
        LEAF.fullchain_pem + LEAF.key_pem(),
    ],
    ids=["pkcs8", "sec1", "ec parameters", "bag attributes", "certificates first"],
)
@pytest.mark.parametrize("passphrase", [None, PASSPHRASE], ids=["no passphrase", "needless one"])
def test_a_plain_key_is_read_in_every_form(text: str, passphrase: str | None) -> None:
    assert key_of(text, passphrase) == LEAF.key.public_key()


ENCRYPTED = {
    "pkcs8": RSA_LEAF.key_pem(passphrase=PASSPHRASE),
    "pkcs1": RSA_LEAF.key_pem(form=PrivateFormat.TraditionalOpenSSL, passphrase=PASSPHRASE),
}


def test_the_traditional_form_says_that_it_is_encrypted() -> None:
    assert "Proc-Type: 4,ENCRYPTED" in ENCRYPTED["pkcs1"]
    assert "BEGIN ENCRYPTED PRIVATE KEY" in ENCRYPTED["pkcs8"]
    assert "BEGIN RSA PRIVATE KEY" in RSA_LEAF.key_pem(form=PrivateFormat.TraditionalOpenSSL)
    assert key_of(RSA_LEAF.key_pem(form=PrivateFormat.TraditionalOpenSSL))


@pytest.mark.parametrize("form", ENCRYPTED)
def test_an_encrypted_key_is_opened_by_its_passphrase_alone(form: str) -> None:
    assert key_of(ENCRYPTED[form], PASSPHRASE) == RSA_LEAF.key.public_key()
    with pytest.raises(UnreadableSecretError) as caught:
        key_of(ENCRYPTED[form], "wrong")
    assert refusal(caught) == (Code.KEY_ENCRYPTED, "The passphrase does not decrypt private_key.")
    with pytest.raises(UnreadableSecretError) as caught:
        key_of(ENCRYPTED[form])
    expected = "private_key is encrypted, and the secret has no passphrase."
    assert refusal(caught) == (Code.KEY_ENCRYPTED, expected)


def test_a_key_of_an_unknown_type_is_refused() -> None:
    der = LEAF.key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    strange = to_pem("PRIVATE KEY", unknown_curve(der))
    with pytest.raises(UnreadableSecretError) as caught:
        key_of(strange)
    expected = "private_key contains a key of an unknown type."
    assert refusal(caught) == (Code.KEY_UNSUPPORTED, expected)


def bundle(*, passphrase: str | None = None, key: bool = True, certificates: bool = True) -> bytes:
    encryption = BestAvailableEncryption(passphrase.encode()) if passphrase else NoEncryption()
    return pkcs12.serialize_key_and_certificates(
        b"www",
        LEAF.key if key else None,
        LEAF.certificate if certificates else None,
        LEAF.chain if certificates else None,
        encryption,
    )


@pytest.mark.parametrize(
    ("written", "given"),
    [(None, None), (PASSPHRASE, PASSPHRASE), (None, PASSPHRASE)],
    ids=["no passphrase", "its passphrase", "a passphrase that the tool did not use"],
)
def test_a_pkcs12_bundle_is_read(written: str | None, given: str | None) -> None:
    supplied = decode_pkcs12(bundle(passphrase=written), given.encode() if given else None)
    assert supplied.certificates == (LEAF.certificate, ISSUING_CA.certificate)
    assert supplied.private_key.public_key() == LEAF.key.public_key()


CLOSED = bundle(passphrase=PASSPHRASE)


@pytest.mark.parametrize(
    ("data", "given", "code", "found"),
    [
        (
            CLOSED,
            None,
            Code.KEY_ENCRYPTED,
            "The PKCS#12 bundle is encrypted, and the secret has no passphrase.",
        ),
        (
            CLOSED,
            b"wrong",
            Code.KEY_ENCRYPTED,
            "The passphrase does not decrypt the PKCS#12 bundle.",
        ),
        (
            bundle(key=False),
            None,
            Code.SECRET_MALFORMED,
            "The PKCS#12 bundle contains no private key.",
        ),
        (
            bundle(certificates=False),
            None,
            Code.LEAF_MISSING,
            "The PKCS#12 bundle contains no certificate.",
        ),
        (
            CLOSED,
            PASSPHRASE.encode() + b"\0",
            Code.KEY_ENCRYPTED,
            "The passphrase does not decrypt the PKCS#12 bundle.",
        ),
        (b"", None, Code.SECRET_MALFORMED, "The value is not a readable PKCS#12 bundle."),
        (b"x", b"y", Code.SECRET_MALFORMED, "The value is not a readable PKCS#12 bundle."),
        (
            CLOSED[:-9],
            PASSPHRASE.encode(),
            Code.SECRET_MALFORMED,
            "The value is not a readable PKCS#12 bundle.",
        ),
    ],
    ids=["closed", "wrong", "no key", "no certificate", "NUL", "empty", "garbage", "cut off"],
)
def test_a_pkcs12_bundle_that_cannot_be_used_is_told_apart(
    data: bytes, given: bytes | None, code: Code, found: str
) -> None:
    with pytest.raises(UnreadableSecretError) as caught:
        decode_pkcs12(data, given)
    assert refusal(caught) == (code, found)


def test_a_pkcs12_bundle_with_a_certificate_that_cannot_be_decoded_is_refused() -> None:
    broken = x509.load_pem_x509_certificate(
        with_extension("2.5.29.17", b"\x30\x03\x02\x01").encode()
    )
    data = pkcs12.serialize_key_and_certificates(b"w", LEAF.key, None, [broken], NoEncryption())
    with pytest.raises(UnreadableSecretError) as caught:
        decode_pkcs12(data, None)
    expected = "The PKCS#12 bundle contains a certificate that cannot be decoded."
    assert refusal(caught) == (Code.SECRET_MALFORMED, expected)
