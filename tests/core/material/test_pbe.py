"""Against openssl's own commands this is held in the corpus, outputs of tools."""

import hashlib

import pytest
from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    pkcs12,
)

from certrotation.core.material.der import MalformedDerError, only_element
from certrotation.core.material.pbe import (
    MOST_MEMORY,
    MOST_ROUNDS,
    Cost,
    Passphrase,
    UnsupportedEncryptionError,
    derive_pkcs12,
    read_derivation,
    read_encryption,
    total,
)
from tests.core.samples import LEAF
from tests.support.bundles import (
    HMAC_SHA1,
    SALT,
    VECTOR,
    algorithm,
    integer,
    octets,
    pbes1,
    pbes2,
    pbkdf2,
    plain_key,
    scrypt,
    sequence,
)

PKCS12_PBE = "1.2.840.113549.1.12.1."
PASSPHRASE = "Schlüssel 鍵 🔑"
HMAC_SHA512 = "1.2.840.113549.2.11"


def cost_of(scheme: bytes) -> Cost:
    return read_encryption(only_element(scheme)).cost


@pytest.mark.parametrize(
    ("scheme", "rounds", "memory"),
    [
        (pbes2(pbkdf2(2048)), 2048, 0),
        (pbes2(pbkdf2(2048, prf=HMAC_SHA1)), 2 * 2048, 0),
        (pbes2(pbkdf2(2048, prf=None)), 2 * 2048, 0),
        (pbes2(pbkdf2(2048, prf=HMAC_SHA512)), 2048, 0),
        (pbes2(pbkdf2(2**31 - 1)), 2**31 - 1, 0),
        (pbes2(pbkdf2(2**63 - 1)), 2**63 - 1, 0),
        (pbes2(scrypt(16_384)), 131_072, 16_778_240),
        (pbes2(scrypt(262_144)), 2_097_152, 268_436_480),
        (pbes2(scrypt(2, 1_000_000, 3)), 6_000_000, 640_000_000),
        (pbes1(PKCS12_PBE + "3", 2048), 3 * 2048, 0),
        (pbes1("1.2.840.113549.1.5.3", 2048), 2 * 2048, 0),
    ],
)
def test_the_cost_is_read_before_anything_is_derived(
    scheme: bytes, rounds: int, memory: int
) -> None:
    assert cost_of(scheme) == Cost(rounds, memory)


def test_a_key_of_a_mac_may_be_long_and_costs_more() -> None:
    derivation = read_derivation(only_element(pbkdf2(100, length=64)))
    assert derivation.cost == Cost(200)
    assert len(derivation.derive(Passphrase("x"), 32)) == 64


@pytest.mark.parametrize(
    ("cost", "is_bearable"),
    [
        (Cost(MOST_ROUNDS), True),
        (Cost(MOST_ROUNDS + 1), False),
        (Cost(1, MOST_MEMORY), True),
        (Cost(1, MOST_MEMORY + 1), False),
        (total([Cost(400_000), Cost(200_000, 9)]), True),
        (total([Cost(400_000), Cost(200_001)]), False),
        (total([]), True),
    ],
)
def test_what_takes_a_second_and_64_mib_is_bearable(cost: Cost, is_bearable: bool) -> None:  # noqa: FBT001
    assert cost.is_bearable is is_bearable


def test_what_tools_write_is_bearable_by_far() -> None:
    for scheme in (
        pbes2(pbkdf2(600_000)),
        pbes2(scrypt(65_536)),
        pbes1(PKCS12_PBE + "3", 50_000),
    ):
        assert cost_of(scheme).is_bearable


@pytest.mark.parametrize(
    "scheme",
    [
        sequence(),
        octets(b""),
        algorithm("1.2.3"),
        pbes2(pbkdf2(0)),
        pbes2(pbkdf2(-1)),
        pbes2(pbkdf2(1, length=65)),
        pbes2(scrypt(0)),
        pbes2(scrypt(15)),
        pbes1(PKCS12_PBE + "3", 0),
        pbes2(pbkdf2(1), vector=b""),
        pbes2(algorithm("1.2.840.113549.1.5.12", sequence(octets(b"")))),
        pbes2(algorithm("1.3.6.1.4.1.11591.4.11", sequence(octets(b""), integer(2)))),
    ],
)
def test_parameters_that_are_none_are_malformed(scheme: bytes) -> None:
    with pytest.raises(MalformedDerError):
        read_encryption(only_element(scheme))


@pytest.mark.parametrize(
    "scheme",
    [
        pbes1("1.2.840.113549.1.5.1", 1),
        pbes2(pbkdf2(1, prf="1.2.3")),
        pbes2(pbkdf2(1), cipher="1.2.392.200011.61.1.1.1.4"),
        pbes2(algorithm("1.2.3", sequence())),
        pbes2(pbkdf2(1), "1.2.840.113549.3.2", sequence(integer(160), octets(bytes(8)))),
    ],
    ids=["MD2", "another PRF", "Camellia", "another derivation", "RC2 of 40 bits in PBES2"],
)
def test_a_scheme_that_is_not_known_is_told_apart(scheme: bytes) -> None:
    with pytest.raises(UnsupportedEncryptionError):
        read_encryption(only_element(scheme))


def aes(key: bytes, plain: bytes) -> bytes:
    encryptor = Cipher(AES(key), CBC(VECTOR)).encryptor()
    return encryptor.update(plain) + encryptor.finalize()


def test_scrypt_derives_what_another_implementation_derives() -> None:
    key = Scrypt(salt=SALT, length=32, n=16, r=8, p=2).derive(PASSPHRASE.encode())
    encryption = read_encryption(only_element(pbes2(scrypt(16, 8, 2))))
    padded = b"twelve bytes" + b"\4" * 4
    assert encryption.decrypt(Passphrase(PASSPHRASE), aes(key, padded)) == b"twelve bytes"


@pytest.mark.parametrize(
    "padded",
    [b"", bytes(16), b"x" * 15 + b"\x11", b"x" * 14 + b"\1\2", bytes(15)],
    ids=["nothing", "no padding", "more than a block", "uneven padding", "half a block"],
)
def test_what_is_not_padded_well_was_not_opened(padded: bytes) -> None:
    derivation = read_derivation(only_element(pbkdf2(1)))
    key = derivation.derive(Passphrase("x"), 32)
    encryption = read_encryption(only_element(pbes2(pbkdf2(1))))
    data = aes(key, padded) if len(padded) % 16 == 0 else padded
    assert encryption.decrypt(Passphrase("x"), data) is None


@pytest.mark.parametrize("cipher", ["1", "2", "3", "4", "5", "6"])
@pytest.mark.parametrize("size", [0, 7])
def test_half_a_block_is_no_block_for_any_cipher(cipher: str, size: int) -> None:
    encryption = read_encryption(only_element(pbes1(PKCS12_PBE + cipher, 1)))
    opened = encryption.decrypt(Passphrase("x"), bytes(size))
    is_stream = cipher in {"1", "2"}
    assert (opened is not None and len(opened) == size) if is_stream else opened is None


def test_a_vector_of_another_length_opens_nothing() -> None:
    for scheme in (
        pbes2(pbkdf2(1), vector=octets(b"short")),
        pbes2(pbkdf2(1), "1.2.840.113549.3.2", sequence(integer(58), octets(b"short"))),
    ):
        assert read_encryption(only_element(scheme)).decrypt(Passphrase("x"), bytes(16)) is None


def test_the_triple_des_of_pkcs12_is_read_as_another_implementation_wrote_it() -> None:
    encryption = (
        PrivateFormat.PKCS12.encryption_builder()
        .kdf_rounds(3)
        .key_cert_algorithm(pkcs12.PBES.PBESv1SHA1And3KeyTripleDESCBC)
        .hmac_hash(hashes.SHA1())  # noqa: S303  what old tools write
        .build(PASSPHRASE.encode())
    )
    written = pkcs12.serialize_key_and_certificates(None, LEAF.key, None, None, encryption)
    _, safe, _ = only_element(written).children()
    contents = only_element(safe.children()[1].children()[0].octets())
    bags = only_element(contents.children()[0].children()[1].children()[0].octets())
    shrouded = bags.children()[0].children()[1].children()[0]
    scheme, data = shrouded.children()

    opened = read_encryption(scheme).decrypt(Passphrase(PASSPHRASE), data.octets())

    assert opened == plain_key(LEAF.key)


@pytest.mark.parametrize(("scheme", "digest"), [("3", "md5"), ("10", "sha1")])
def test_the_des_of_the_first_scheme_is_opened(scheme: str, digest: str) -> None:
    """RFC 8018, section 6.1: the digest is repeated; key and vector are its halves."""
    derived = b"x" + SALT
    for _ in range(3):
        derived = hashlib.new(digest, derived).digest()
    encryptor = Cipher(TripleDES(derived[:8] * 3), CBC(derived[8:16])).encryptor()
    data = encryptor.update(b"twelve bytes" + b"\4" * 4) + encryptor.finalize()

    encryption = read_encryption(only_element(pbes1(f"1.2.840.113549.1.5.{scheme}", 3)))

    assert encryption.decrypt(Passphrase("x"), data) == b"twelve bytes"
    assert encryption.decrypt(Passphrase("y"), data) is None


def test_pkcs12_derives_also_more_than_a_digest_and_from_no_passphrase() -> None:
    long = derive_pkcs12("sha1", SALT, 2, Passphrase(None), 1, 50)
    assert long[:20] == derive_pkcs12("sha1", SALT, 2, Passphrase(None), 1, 20)
    assert long[20:40] != long[:20]
    assert long[:20] != derive_pkcs12("sha1", SALT, 2, Passphrase(""), 1, 20)


def test_no_repr_shows_a_passphrase() -> None:
    assert "hunter2" not in repr(Passphrase("hunter2"))


def test_the_key_that_cryptography_encrypts_is_opened() -> None:
    written = LEAF.key.private_bytes(
        Encoding.DER, PrivateFormat.PKCS8, BestAvailableEncryption(PASSPHRASE.encode())
    )
    scheme, data = only_element(written).children()
    encryption = read_encryption(scheme)
    assert encryption.decrypt(Passphrase(PASSPHRASE), data.octets()) == plain_key(LEAF.key)
    assert encryption.decrypt(Passphrase("another"), data.octets()) != plain_key(LEAF.key)
