import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID

from certrotation.core.findings import Code
from certrotation.core.material.decoding import (
    SetAside,
    UnreadableSecretError,
    decode_certificates,
    read_certificates,
    sort_out,
)
from tests.core.samples import DAY, ISSUING_CA, LEAF, NOW, PRIVATE_LEAF
from tests.support.authority import pem


def refusal(caught: pytest.ExceptionInfo[UnreadableSecretError]) -> tuple[Code, str]:
    return caught.value.finding.code, caught.value.finding.found


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
        decode_certificates("chain", with_extension(oid, b"\x30\x03\x02\x01"))
    expected = (
        "Cannot read certificate 1 in chain, CN=a.example (its extensions cannot be decoded)."
    )
    assert refusal(caught) == (Code.SECRET_MALFORMED, expected)


UNREADABLE = {
    "cut in half": (LEAF.chain_pem[: len(LEAF.chain_pem) // 2], "cut off"),
    "without its end": (LEAF.chain_pem[:-27], "cut off"),
    "another end": (LEAF.chain_pem.replace("END C", "END X509 C"), "cut off"),
    "OpenSSL's form": (
        LEAF.chain_pem.replace("CERTIFICATE", "TRUSTED CERTIFICATE"),
        "OpenSSL's TRUSTED form, not plain PEM",
    ),
    "a letter that is none": (LEAF.chain_pem.replace("M", "!", 1), "damaged base64"),
    "not ASCII": (LEAF.chain_pem.replace("MII", "MÜÜ", 1), "damaged base64"),
    "not a certificate": (
        "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n",
        "not a certificate that can be decoded",
    ),
}


@pytest.mark.parametrize("kind", UNREADABLE)
def test_a_certificate_that_cannot_be_read_is_set_aside_by_place_and_reason(kind: str) -> None:
    text, why = UNREADABLE[kind]

    found = read_certificates("chain", LEAF.certificate_pem + text + PRIVATE_LEAF.certificate_pem)

    assert found.readable == (LEAF.certificate, PRIVATE_LEAF.certificate)
    assert [str(each) for each in found.set_aside] == [f"certificate 2 in chain ({why})"]


@pytest.mark.parametrize("kind", UNREADABLE)
def test_where_every_certificate_is_needed_none_is_set_aside(kind: str) -> None:
    text, why = UNREADABLE[kind]
    with pytest.raises(UnreadableSecretError) as caught:
        decode_certificates("CertificateChain", LEAF.certificate_pem + text)
    expected = f"Cannot read certificate 2 in CertificateChain ({why})."
    assert refusal(caught) == (Code.SECRET_MALFORMED, expected)


def test_where_a_certificate_is_needed_a_text_without_one_is_refused() -> None:
    with pytest.raises(UnreadableSecretError) as caught:
        decode_certificates("CertificateChain", "nonsense")
    expected = "CertificateChain contains no readable PEM certificate."
    assert refusal(caught) == (Code.SECRET_MALFORMED, expected)


def test_an_extension_that_nobody_here_knows_does_no_harm() -> None:
    assert decode_certificates("chain", with_extension("1.3.6.1.4.1.99999.1", b"x"))


DER = LEAF.certificate.public_bytes(Encoding.DER)
POINT = LEAF.key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def with_bytes(old: bytes, new: bytes) -> bytes:
    assert old in DER
    return DER.replace(old, new)


def unknown_curve(data: bytes) -> bytes:
    """Replace the identifier of P-256 by one of the same length that names no curve."""
    return data.replace(
        bytes.fromhex("06082a8648ce3d030107"), bytes.fromhex("06082b8104000000001a")
    )


def strange() -> str:
    der = unknown_curve(LEAF.certificate.public_bytes(Encoding.DER))
    return x509.load_der_x509_certificate(der).public_bytes(Encoding.PEM).decode()


def test_a_certificate_with_a_key_of_an_unknown_type_is_refused() -> None:
    with pytest.raises(UnreadableSecretError) as caught:
        decode_certificates("chain", strange())
    expected = (
        "Cannot read certificate 1 in chain, CN=www.example.com (its key has an unknown type)."
    )
    assert refusal(caught) == (Code.KEY_UNSUPPORTED, expected)


@pytest.mark.parametrize(
    ("broken", "told"),
    [
        (
            with_bytes(b"\x0c\x0fwww.example.com", b"\x0c\x0f\xff\xff\xff.example.com"),
            "certificate 1 in the PKCS#12 bundle (its subject cannot be decoded)",
        ),
        (
            with_bytes(b"260531120000Z", b"269931120000Z"),
            "certificate 1 in the PKCS#12 bundle (not a certificate that can be decoded)",
        ),
        (
            with_bytes(POINT, b"\x04" + bytes(64)),
            "certificate 1 in the PKCS#12 bundle, CN=www.example.com (its key cannot be decoded)",
        ),
    ],
    ids=["subject", "validity", "key"],
)
def test_each_part_that_cannot_be_decoded_is_named(broken: bytes, told: str) -> None:
    found = sort_out("the PKCS#12 bundle", [broken])

    assert found.readable == ()
    assert [str(each) for each in found.set_aside] == [told]


def with_large_key(bits: int, exponent: int) -> x509.Certificate:
    public = rsa.RSAPublicNumbers(exponent, 2**bits - 1).public_key()
    builder = x509.CertificateBuilder(
        issuer_name=ISSUING_CA.certificate.subject,
        subject_name=x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Large CA")]),
        public_key=public,
        serial_number=1,
        not_valid_before=NOW,
        not_valid_after=NOW + DAY,
    )
    return builder.sign(ISSUING_CA.key, hashes.SHA256())


@pytest.mark.parametrize(
    ("bits", "exponent", "is_used"),
    [
        (16_384, 65_537, True),
        (16_392, 65_537, False),
        (3_072, 2**63 + 1, True),
        (3_072, 2**64 + 1, False),
    ],
)
def test_a_key_that_makes_each_signature_check_slow_is_not_used(
    bits: int,
    exponent: int,
    is_used: bool,  # noqa: FBT001
) -> None:
    certificate = with_large_key(bits, exponent)

    found = read_certificates("chain", pem(certificate))

    assert found.readable == ((certificate,) if is_used else ())
    expected = SetAside(
        "certificate 1 in chain, CN=Large CA",
        "its key is larger than clients take",
        Code.KEY_UNSUPPORTED,
    )
    assert found.set_aside == (() if is_used else (expected,))
    assert decode_certificates("CertificateChain", pem(certificate)) == [certificate]


def test_a_subject_without_end_is_cut() -> None:
    name = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, "x" * 60)] * 4)
    issued = resigned_as(name)

    (each,) = read_certificates("chain", issued).set_aside

    assert len(each.which) < 140


def resigned_as(name: x509.Name) -> str:
    extension = x509.UnrecognizedExtension(x509.ObjectIdentifier("2.5.29.17"), b"\x30\x03")
    builder = x509.CertificateBuilder(
        issuer_name=ISSUING_CA.certificate.subject,
        subject_name=name,
        public_key=LEAF.key.public_key(),
        serial_number=1,
        not_valid_before=NOW,
        not_valid_after=NOW + DAY,
    )
    return pem(
        builder.add_extension(extension, critical=False).sign(ISSUING_CA.key, hashes.SHA256())
    )
