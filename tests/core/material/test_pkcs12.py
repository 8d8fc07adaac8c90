"""What a PKCS#12 bundle contains, and why it cannot be read."""

import hashlib
import hmac
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import (
    Encoding,
)

from certrotation.core.findings import Code
from certrotation.core.material.decoding import UnreadableSecretError
from certrotation.core.material.pkcs12 import decode_pkcs12
from tests.core.samples import ISSUING_CA, LEAF, RSA_LEAF
from tests.support import bundles
from tests.support.bundles import (
    CERTIFICATE_BAG,
    ENVELOPED_DATA,
    NESTED_BAG,
    SHROUDED_BAG,
    algorithm,
    bag,
    certificate_bag,
    element,
    encrypted_key,
    explicit,
    identifier,
    integer,
    key_bag,
    mac,
    octets,
    pbes1,
    pbes2,
    pbkdf2,
    pbmac1,
    plain,
    sealed,
    sequence,
    shrouded_bag,
)

if TYPE_CHECKING:
    from certrotation.core.material.pbe import Passphrase

PASSPHRASE = "correct horse battery staple"
FILES = Path(__file__).parent / "files"


def refusal(caught: pytest.ExceptionInfo[UnreadableSecretError]) -> tuple[Code, str]:
    return caught.value.finding.code, caught.value.finding.found


def refused(data: bytes, passphrase: str | None = PASSPHRASE) -> tuple[Code, str]:
    with pytest.raises(UnreadableSecretError) as caught:
        decode_pkcs12(data, passphrase)
    return refusal(caught)


BROKEN = x509.load_pem_x509_certificate(
    ISSUING_CA.issue(
        common_name="a.example",
        extensions=[
            x509.UnrecognizedExtension(x509.ObjectIdentifier("2.5.29.17"), b"\x30\x03\x02\x01")
        ],
    ).certificate_pem.encode()
)


@pytest.mark.parametrize(
    ("broken", "told"),
    [
        (
            BROKEN.public_bytes(Encoding.DER),
            "certificate 2 in the PKCS#12 bundle, CN=a.example (its extensions cannot be decoded)",
        ),
        (
            sequence(),
            "certificate 2 in the PKCS#12 bundle (not a certificate that can be decoded)",
        ),
    ],
    ids=["an extension", "everything"],
)
def test_a_certificate_that_cannot_be_decoded_does_no_harm_to_the_others(
    broken: bytes, told: str
) -> None:
    bags = (certificate_bag(LEAF.certificate), certificate_bag(broken))

    supplied = decode_pkcs12(bundles.bundle(plain(*bags, key_bag(LEAF.key))), None)

    assert supplied.certificates == (LEAF.certificate,)
    assert [str(each) for each in supplied.set_aside] == [told]


# Bag by bag


CERTIFICATES = (certificate_bag(ISSUING_CA.certificate), certificate_bag(LEAF.certificate))


def usual(**changes: Any) -> bytes:
    """Certificates encrypted, the key's bag beside them, as openssl and keytool write it."""
    contents = (
        sealed(*CERTIFICATES, passphrase=PASSPHRASE),
        plain(shrouded_bag(LEAF.key, PASSPHRASE)),
    )
    return bundles.bundle(*contents, mac=mac(*contents, passphrase=PASSPHRASE, **changes))


def test_the_keys_own_certificate_comes_first_wherever_its_bag_stands() -> None:
    supplied = decode_pkcs12(usual(), PASSPHRASE)
    assert supplied.certificates == (LEAF.certificate, ISSUING_CA.certificate)
    assert supplied.private_key.public_key() == LEAF.key.public_key()


def within_bags(inner: bytes, depth: int) -> bytes:
    for _ in range(depth):
        inner = bag(NESTED_BAG, sequence(inner))
    return inner


KEY_BAG = shrouded_bag(LEAF.key, PASSPHRASE)
LAYOUTS = {
    "everything in one encrypted part": (sealed(*CERTIFICATES, KEY_BAG, passphrase=PASSPHRASE),),
    "a plain key in an encrypted part": (
        sealed(*CERTIFICATES, key_bag(LEAF.key), passphrase=PASSPHRASE),
    ),
    "nothing encrypted": (plain(*CERTIFICATES, key_bag(LEAF.key)),),
    "bags in bags": (plain(bag(NESTED_BAG, sequence(*CERTIFICATES, KEY_BAG))),),
    "an empty part": (plain(), plain(*CERTIFICATES, KEY_BAG)),
    "four bags in bags": (plain(*CERTIFICATES, within_bags(KEY_BAG, 4)),),
    "a revocation list among them": (
        plain(bag("1.2.840.113549.1.12.10.1.4", sequence()), *CERTIFICATES, KEY_BAG),
    ),
    "a certificate of another form": (
        plain(
            bag(CERTIFICATE_BAG, sequence(identifier("1.2.3"), explicit(octets(b"x")))),
            *CERTIFICATES,
            KEY_BAG,
        ),
    ),
}


@pytest.mark.parametrize("has_mac", [True, False])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_bundle_is_read_however_its_parts_are_arranged(layout: str, has_mac: bool) -> None:  # noqa: FBT001
    contents = LAYOUTS[layout]
    seal = mac(*contents, passphrase=PASSPHRASE) if has_mac else None
    supplied = decode_pkcs12(bundles.bundle(*contents, mac=seal), PASSPHRASE)
    assert supplied.certificates == (LEAF.certificate, ISSUING_CA.certificate)


def test_the_mac_of_rfc_9579_is_verified() -> None:
    contents = (plain(*CERTIFICATES, key_bag(LEAF.key)),)
    data = bundles.bundle(*contents, mac=pbmac1(*contents, passphrase=PASSPHRASE))
    assert decode_pkcs12(data, PASSPHRASE).certificates[0] == LEAF.certificate
    assert refused(data, "wrong")[0] is Code.KEY_ENCRYPTED


def test_the_key_of_a_mac_without_a_length_is_as_long_as_the_digest() -> None:
    key = hashlib.pbkdf2_hmac("sha256", PASSPHRASE.encode(), bundles.SALT, 2, 64)
    parameters = sequence(pbkdf2(2), algorithm("1.2.840.113549.2.11"))
    digest = hmac.digest(key, sequence(*ONE), "sha512")
    seal = sequence(
        sequence(algorithm(bundles.PBMAC1, parameters), octets(digest)), octets(b""), integer(1)
    )
    assert decode_pkcs12(bundles.bundle(*ONE, mac=seal), PASSPHRASE).certificates


@pytest.mark.parametrize("written", ["", None])
@pytest.mark.parametrize("given", ["", None, "needless"])
def test_a_bundle_for_no_passphrase_is_read_whichever_way_that_was_written(
    written: str | None, given: str | None
) -> None:
    contents = (plain(*CERTIFICATES, key_bag(LEAF.key)),)
    data = bundles.bundle(*contents, mac=mac(*contents, passphrase=written))
    assert decode_pkcs12(data, given).certificates[0] == LEAF.certificate


def test_a_bundle_of_old_tools_with_rc2_and_an_empty_passphrase_is_read() -> None:
    supplied = decode_pkcs12((FILES / "rc2-empty.p12").read_bytes(), None)
    subjects = [each.subject.rfc4514_string() for each in supplied.certificates]
    assert subjects == ["CN=shop.example.com", "CN=Example Public CA 1"]


@pytest.mark.parametrize(
    ("data", "given"),
    [
        (bundles.bundle(sealed(*CERTIFICATES, passphrase="x"), plain(KEY_BAG)), PASSPHRASE),
        (bundles.bundle(plain(*CERTIFICATES, shrouded_bag(LEAF.key, "x"))), PASSPHRASE),
        (bundles.bundle(plain(*CERTIFICATES, KEY_BAG)), None),
    ],
    ids=["certificates", "key", "no passphrase"],
)
def test_without_a_mac_it_is_told_by_what_does_not_open(data: bytes, given: str | None) -> None:
    expected = "The passphrase does not decrypt the PKCS#12 bundle."
    if not given:
        expected = "The PKCS#12 bundle is encrypted, and the secret has no passphrase."
    assert refused(data, given) == (Code.KEY_ENCRYPTED, expected)


def test_what_decrypts_to_no_element_of_der_is_a_wrong_passphrase() -> None:
    data = bytes.fromhex("ffff")
    scheme = pbes2(pbkdf2(2))
    what = sequence(
        identifier(bundles.DATA), scheme, element(0x80, bundles.encrypted(data, PASSPHRASE))
    )
    part = sequence(identifier(bundles.ENCRYPTED_DATA), explicit(sequence(integer(0), what)))
    assert refused(bundles.bundle(part))[0] is Code.KEY_ENCRYPTED


# More than one identity


@pytest.mark.parametrize("name", ["old-new", "new-old", "a-blog-shop"])
def test_a_keystore_with_two_keys_is_refused_in_either_order(name: str) -> None:
    data = (FILES / f"two-keys-{name}.p12").read_bytes()
    expected = "The PKCS#12 bundle contains 2 private keys, and nothing says which one is meant."
    assert refused(data, "changeit") == (Code.IDENTITY_AMBIGUOUS, expected)


# Bombs


@pytest.fixture
def no_work(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_arguments: object, **_named: object) -> None:
        raise AssertionError("this is work that was to be refused")

    monkeypatch.setattr("hashlib.pbkdf2_hmac", never)
    monkeypatch.setattr("hashlib.scrypt", never)
    monkeypatch.setattr("certrotation.core.material.pkcs12.derive_pkcs12", never)
    monkeypatch.setattr("certrotation.core.material.pbe.derive_pkcs12", never)


ONE = (plain(*CERTIFICATES, key_bag(LEAF.key)),)
BOMBS = {
    "the MAC": bundles.bundle(*ONE, mac=mac(*ONE, passphrase="", claims=2**31 - 1)),
    "the MAC of RFC 9579": bundles.bundle(*ONE, mac=pbmac1(*ONE, passphrase="", claims=2**63 - 1)),
    "the key": bundles.bundle(
        plain(*CERTIFICATES, bag(SHROUDED_BAG, encrypted_key(rounds=600_001)))
    ),
    "the certificates": bundles.bundle(
        sealed(passphrase="", scheme=pbes1("1.2.840.113549.1.12.1.6", 200_001)),
        plain(key_bag(LEAF.key)),
    ),
    "all parts together": bundles.bundle(
        *(sealed(passphrase="", scheme=pbes2(pbkdf2(60_001))) for _ in range(10))
    ),
}


TOO_COSTLY = (
    "Opening the PKCS#12 bundle takes more rounds or memory of key derivation than tools write."
)


@pytest.mark.usefixtures("no_work")
@pytest.mark.parametrize("part", BOMBS)
def test_a_bundle_that_takes_long_to_open_is_refused_before_the_work(part: str) -> None:
    assert refused(BOMBS[part]) == (Code.KEY_UNSUPPORTED, TOO_COSTLY)


def test_a_key_that_takes_long_is_refused_also_where_it_shows_only_later() -> None:
    bomb = bag(SHROUDED_BAG, encrypted_key(rounds=2**31))
    data = bundles.bundle(sealed(*CERTIFICATES, bomb, passphrase=PASSPHRASE))
    assert refused(data) == (Code.KEY_UNSUPPORTED, TOO_COSTLY)


def test_where_a_try_is_costly_only_the_passphrase_given_is_tried(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tried: list[Passphrase] = []

    def derive(*arguments: Any) -> bytes:
        tried.append(arguments[3])
        return bytes(32)

    monkeypatch.setattr("certrotation.core.material.pkcs12.derive_pkcs12", derive)

    def tries(rounds: int, given: str | None = PASSPHRASE) -> list[str | None]:
        tried.clear()
        data = bundles.bundle(*ONE, mac=mac(*ONE, passphrase="x", claims=rounds))
        assert refused(data, given)[0] is Code.KEY_ENCRYPTED
        return [each.text for each in tried]

    assert tries(200_000) == [PASSPHRASE, "", None]
    assert tries(200_001) == [PASSPHRASE]
    assert tries(300_000, given=None) == ["", None]
    assert tries(300_001, given=None) == [""]


def test_an_rsa_key_in_a_bundle_is_validated_like_any_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    contents = plain(certificate_bag(RSA_LEAF.certificate), key_bag(RSA_LEAF.key))
    seen: list[str] = []

    def validated(where: str, key: object) -> object:
        seen.append(where)
        return key

    monkeypatch.setattr("certrotation.core.material.pkcs12.validated", validated)
    decode_pkcs12(bundles.bundle(contents), None)
    assert seen == ["the PKCS#12 bundle"]


# What is not known, and what is none


@pytest.mark.parametrize(
    "data",
    [
        bundles.bundle(
            sealed(passphrase="", scheme=pbes2(pbkdf2(2), cipher="1.2.392.200011.61.1.1.1.4"))
        ),
        bundles.bundle(plain(bag(SHROUDED_BAG, encrypted_key(pbes1("1.2.3", 1))))),
        bundles.bundle(sequence(identifier(ENVELOPED_DATA), explicit(sequence()))),
        bundles.bundle(
            mac=sequence(sequence(algorithm("1.2.3"), octets(b"")), octets(b""), integer(1))
        ),
    ],
    ids=["cipher", "scheme of the key", "for a public key", "digest of the MAC"],
)
def test_an_unknown_cipher_is_not_a_wrong_passphrase(data: bytes) -> None:
    expected = (
        "The PKCS#12 bundle is encrypted with a cipher or a key derivation that is not supported."
    )
    assert refused(data) == (Code.KEY_UNSUPPORTED, expected)


@pytest.mark.parametrize(
    "data",
    [
        sequence(),
        sequence(integer(3), sequence(identifier("1.2.840.113549.1.7.2"), explicit(sequence()))),
        sequence(integer(3), sequence(identifier(bundles.DATA), explicit(b""))),
        bundles.bundle(mac=sequence()),
        bundles.bundle(mac=sequence(sequence(algorithm(bundles.PBMAC1), octets(b"")), octets(b""))),
        bundles.bundle(sequence(identifier(bundles.DATA), explicit(octets(b"x")))),
        bundles.bundle(plain(within_bags(KEY_BAG, 5))),
        bundles.bundle(plain(within_bags(b"", 1_000))),
        sequence(
            integer(3), sequence(identifier(bundles.DATA), element(0xA1, octets(sequence(*ONE))))
        ),
    ],
)
def test_what_is_no_bundle_is_malformed(data: bytes) -> None:
    expected = "The value is not a readable PKCS#12 bundle."
    assert refused(data) == (Code.SECRET_MALFORMED, expected)


@pytest.mark.parametrize(
    ("data", "instead"),
    [
        *(
            (
                bytes.fromhex(first) + bytes(20),
                (
                    " The value is a Java keystore (JKS or JCEKS). Convert the keystore with"
                    " `keytool -importkeystore -deststoretype PKCS12`."
                ),
            )
            for first in ("feedfeed", "cececece")
        ),
        (
            LEAF.certificate_pem.encode(),
            " The value is PEM. Write JSON with the PEM in the fields certificate and private_key.",
        ),
    ],
    ids=["JKS", "JCEKS", "PEM"],
)
def test_another_form_that_people_confuse_with_pkcs12_is_named(data: bytes, instead: str) -> None:
    expected = f"The value is not a readable PKCS#12 bundle.{instead}"
    assert refused(data) == (Code.SECRET_MALFORMED, expected)


def test_a_key_that_is_none_is_told_to_be_in_the_bundle() -> None:
    data = bundles.bundle(plain(*CERTIFICATES, bag(bundles.KEY_BAG, sequence())))
    code, found = refused(data)
    assert code is Code.SECRET_MALFORMED
    assert "the PKCS#12 bundle" in found


def test_a_mac_without_a_count_is_made_with_one_round() -> None:
    whole = mac(*ONE, passphrase=PASSPHRASE)
    uncounted = sequence(whole[2:].removesuffix(integer(1)))
    assert decode_pkcs12(bundles.bundle(*ONE, mac=uncounted), PASSPHRASE)


def test_a_bundle_whose_lengths_are_left_open_is_read() -> None:
    """BER, as older tools write it: each constructed element ends where two zeros stand."""
    safe = b"\x24\x80" + octets(sequence(*ONE)) + b"\0\0"
    contents = b"\x30\x80" + identifier(bundles.DATA) + b"\xa0\x80" + safe + b"\0\0\0\0"
    data = b"\x30\x80" + integer(3) + contents + b"\0\0"
    assert decode_pkcs12(data, None).certificates[0] == LEAF.certificate


def test_nothing_of_a_bundle_is_in_any_repr() -> None:
    supplied = decode_pkcs12(usual(), PASSPHRASE)
    assert "private_key" not in repr(supplied)
