import base64

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import (
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
from tests.core.samples import DAY, ISSUING_CA, LEAF, NOW

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


def test_certificates_are_found_around_what_is_none() -> None:
    text = LEAF.certificate_pem + revocation_list() + LEAF.chain_pem
    assert decode_certificates("chain", text.encode()) == [LEAF.certificate, ISSUING_CA.certificate]


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


def test_a_key_of_an_unknown_type_is_refused() -> None:
    der = LEAF.key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    strange = to_pem("PRIVATE KEY", unknown_curve(der))
    with pytest.raises(UnreadableSecretError) as caught:
        key_of(strange)
    expected = "private_key contains a key of an unknown type."
    assert refusal(caught) == (Code.KEY_UNSUPPORTED, expected)


def test_a_pkcs12_bundle_with_a_certificate_that_cannot_be_decoded_is_refused() -> None:
    broken = x509.load_pem_x509_certificate(
        with_extension("2.5.29.17", b"\x30\x03\x02\x01").encode()
    )
    data = pkcs12.serialize_key_and_certificates(b"w", LEAF.key, None, [broken], NoEncryption())
    with pytest.raises(UnreadableSecretError) as caught:
        decode_pkcs12(data, None)
    expected = "The PKCS#12 bundle contains a certificate that cannot be decoded."
    assert refusal(caught) == (Code.SECRET_MALFORMED, expected)
