import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from certrotation.core.rotation.reimport_rules import reasons_against_reimport
from tests.core.samples import ISSUING_CA, PRIVATE_CA
from tests.support.authority import CLIENT_AUTH, SERVER_AUTH, shared_key

CODE_SIGNING = ExtendedKeyUsageOID.CODE_SIGNING
EMAIL = ExtendedKeyUsageOID.EMAIL_PROTECTION
SIGNING, ENCIPHERMENT, AGREEMENT = "digital_signature", "key_encipherment", "key_agreement"


def leaf(
    *names: str,
    key: str = "p256",
    usages: tuple[str, ...] | None = (SIGNING,),
    extended: tuple[x509.ObjectIdentifier, ...] | None = (SERVER_AUTH,),
) -> x509.Certificate:
    issued = ISSUING_CA.issue(
        *(names or ("a.example", "b.example")),
        key=shared_key(key),
        usages=usages,
        extended=extended,
    )
    return issued.certificate


@pytest.mark.parametrize(
    ("present", "new"),
    [
        (leaf(), leaf()),
        (leaf("a.example"), leaf("a.example", "b.example")),
        (leaf("a.example", "b.example"), leaf("b.example", "c.example")),
        (leaf(usages=(SIGNING,)), leaf(usages=(SIGNING, AGREEMENT))),
        (leaf(usages=None), leaf(usages=(SIGNING,))),
        (leaf(usages=None), leaf(usages=None)),
        (leaf(usages=(SIGNING, ENCIPHERMENT)), leaf(usages=(SIGNING,))),
        (leaf(usages=(ENCIPHERMENT,)), leaf(usages=None)),
        (leaf(extended=(SERVER_AUTH,)), leaf(extended=(SERVER_AUTH, CODE_SIGNING))),
        (leaf(extended=(SERVER_AUTH, CLIENT_AUTH)), leaf(extended=(SERVER_AUTH,))),
        (leaf(extended=(CLIENT_AUTH,)), leaf(extended=None)),
        (leaf(extended=None), leaf(extended=(SERVER_AUTH,))),
        (leaf(), PRIVATE_CA.issue("a.example", usages=(SIGNING,)).certificate),
        (
            ISSUING_CA.issue(common_name="Example Ltd", usages=(SIGNING,)).certificate,
            leaf(),
        ),
    ],
    ids=[
        "renewed",
        "name added",
        "some names removed",
        "key usage added",
        "first key usages",
        "no key usages",
        "keyEncipherment dropped from ECDSA",
        "the only key usage dropped from ECDSA",
        "extended key usage added",
        "clientAuth dropped",
        "only clientAuth dropped",
        "first extended key usages",
        "other CA",
        "no name to lose",
    ],
)
def test_acm_allows(present: x509.Certificate, new: x509.Certificate) -> None:
    assert reasons_against_reimport(present, new) == ()


RSA = ("rsa2048", (SIGNING, ENCIPHERMENT))


@pytest.mark.parametrize(
    ("present", "new", "reason"),
    [
        (
            leaf(key="rsa2048"),
            leaf(key="p256"),
            "the key changes from RSA_2048 to EC_prime256v1",
        ),
        (leaf(key="rsa1024"), leaf(key="rsa2048"), "the key changes from RSA_1024 to RSA_2048"),
        (
            leaf(key="p256"),
            leaf(key="p384"),
            "the key changes from EC_prime256v1 to EC_secp384r1",
        ),
        (leaf(key="p256"), leaf(key="p224"), "the key changes from EC_prime256v1 to None"),
        (leaf("a.example"), leaf("b.example"), "none of the present names is left"),
        (
            leaf("a.example"),
            ISSUING_CA.issue(common_name="Example Ltd", usages=(SIGNING,)).certificate,
            "none of the present names is left",
        ),
        (
            leaf(key=RSA[0], usages=RSA[1]),
            leaf(key=RSA[0], usages=(SIGNING,)),
            "key usages would be lost: key_encipherment",
        ),
        (
            leaf(usages=(SIGNING, ENCIPHERMENT, AGREEMENT)),
            leaf(usages=(ENCIPHERMENT,)),
            "key usages would be lost: digital_signature, key_agreement",
        ),
        (leaf(), leaf(usages=None), "key usages would be lost: digital_signature"),
        (
            leaf(key="p224", usages=(SIGNING, ENCIPHERMENT)),
            leaf(key="p224"),
            "key usages would be lost: key_encipherment",
        ),
        (
            leaf(extended=(SERVER_AUTH, CLIENT_AUTH, EMAIL, CODE_SIGNING)),
            leaf(extended=(SERVER_AUTH,)),
            "extended key usages would be lost: 1.3.6.1.5.5.7.3.3, 1.3.6.1.5.5.7.3.4",
        ),
        (
            leaf(),
            leaf(extended=None),
            "extended key usages would be lost: 1.3.6.1.5.5.7.3.1",
        ),
    ],
    ids=[
        "RSA to ECDSA",
        "size",
        "curve",
        "no key of ACM's",
        "every name replaced",
        "every name removed",
        "keyEncipherment dropped from RSA",
        "key usages removed",
        "key usage extension removed",
        "keyEncipherment dropped from a key that is not ACM's",
        "extended key usages removed",
        "extended key usage extension removed",
    ],
)
def test_acm_forbids(present: x509.Certificate, new: x509.Certificate, reason: str) -> None:
    assert reasons_against_reimport(present, new) == (reason,)


def test_every_reason_is_given() -> None:
    present = leaf("a.example", key="rsa2048", usages=(SIGNING, ENCIPHERMENT))
    new = leaf("b.example", usages=(), extended=(CODE_SIGNING,))
    assert reasons_against_reimport(present, new) == (
        "the key changes from RSA_2048 to EC_prime256v1",
        "none of the present names is left",
        "key usages would be lost: digital_signature",
        "extended key usages would be lost: 1.3.6.1.5.5.7.3.1",
    )
