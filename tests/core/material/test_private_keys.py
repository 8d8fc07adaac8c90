import base64
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from certrotation.core.findings import Code
from certrotation.core.material.decoding import UnreadableSecretError
from certrotation.core.material.private_keys import load_plain, load_private_keys, validated
from tests.core.samples import LEAF, PRIVATE_LEAF, RSA_LEAF
from tests.support.bundles import (
    algorithm,
    encrypted,
    encrypted_key,
    integer,
    octets,
    pbes1,
    pbes2,
    pbkdf2,
    plain_key,
    scrypt,
    sequence,
)

PASSPHRASE = "correct horse battery staple"


def refusal(caught: pytest.ExceptionInfo[UnreadableSecretError]) -> tuple[Code, str]:
    return caught.value.finding.code, caught.value.finding.found


def unknown_curve(data: bytes) -> bytes:
    """Replace the identifier of P-256 by one of the same length that names no curve."""
    return data.replace(
        bytes.fromhex("06082a8648ce3d030107"), bytes.fromhex("06082b8104000000001a")
    )


def to_pem(label: str, der: bytes) -> str:
    body = base64.encodebytes(der).decode()
    return f"-----BEGIN {label}-----\n{body}-----END {label}-----\n"


def keys_of(text: str, passphrase: str | None = None) -> list[Any]:
    loaded = load_private_keys("private_key", [text], passphrase)
    return [validated("private_key", each) for each in loaded]


ENCRYPTED = {
    "pkcs8": RSA_LEAF.key_pem(passphrase=PASSPHRASE),
    "pkcs1": RSA_LEAF.key_pem(form=PrivateFormat.TraditionalOpenSSL, passphrase=PASSPHRASE),
}


def test_an_encrypted_key_needs_a_passphrase_even_if_it_is_encrypted_with_an_empty_one() -> None:
    der = encrypted_key(data=encrypted(plain_key(LEAF.key), ""))
    for passphrase in ("", None):
        with pytest.raises(UnreadableSecretError) as caught:
            keys_of(to_pem("ENCRYPTED PRIVATE KEY", der), passphrase)
        expected = "private_key is encrypted, and the secret has no passphrase."
        assert refusal(caught) == (Code.KEY_ENCRYPTED, expected)


def test_an_encrypted_key_that_is_none_is_told_with_its_field() -> None:
    with pytest.raises(UnreadableSecretError) as caught:
        keys_of(to_pem("ENCRYPTED PRIVATE KEY", sequence()), PASSPHRASE)
    code, found = refusal(caught)
    assert code is Code.SECRET_MALFORMED
    assert "private_key" in found


def test_a_key_of_an_unknown_type_is_refused() -> None:
    der = LEAF.key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    strange = to_pem("PRIVATE KEY", unknown_curve(der))
    with pytest.raises(UnreadableSecretError) as caught:
        keys_of(strange)
    expected = "private_key contains a key of an unknown type."
    assert refusal(caught) == (Code.KEY_UNSUPPORTED, expected)


# Bombs: what is counted is asked for before anything is worked on


def never(*_arguments: object, **_named: object) -> None:
    raise AssertionError("this is work that was to be refused")


@pytest.fixture
def no_work(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every derivation, cipher and loader fail the test."""
    monkeypatch.setattr("hashlib.pbkdf2_hmac", never)
    monkeypatch.setattr("hashlib.scrypt", never)
    monkeypatch.setattr("certrotation.core.material.pbe.derive_pkcs12", never)
    monkeypatch.setattr("certrotation.core.material.private_keys.load_pem_private_key", never)
    monkeypatch.setattr("certrotation.core.material.private_keys.load_der_private_key", never)


def sealed_key(scheme: bytes, data: bytes = bytes(160)) -> str:
    return to_pem("ENCRYPTED PRIVATE KEY", encrypted_key(scheme, data))


COSTLY = {
    "2^31 rounds": pbes2(pbkdf2(2**31 - 1)),
    "2^63 rounds": pbes2(pbkdf2(2**63 - 1)),
    "a round too many": pbes2(pbkdf2(600_001)),
    "rounds of SHA-1, two for each": pbes2(pbkdf2(300_001, prf=None)),
    "scrypt of 256 MiB": pbes2(scrypt(262_144)),
    "scrypt of many lanes": pbes2(scrypt(1_024, 8, 1_000)),
    "scrypt of wide blocks": pbes2(scrypt(2, 1_000_000)),
    "PKCS#12 with 2^31 rounds": pbes1("1.2.840.113549.1.12.1.3", 2**31),
    "PBES1 with 2^31 rounds": pbes1("1.2.840.113549.1.5.3", 2**31),
}


@pytest.mark.usefixtures("no_work")
@pytest.mark.parametrize("passphrase", [PASSPHRASE, None])
@pytest.mark.parametrize("kind", COSTLY)
def test_a_key_that_takes_long_to_open_is_refused_before_the_work(
    kind: str, passphrase: str | None
) -> None:
    with pytest.raises(UnreadableSecretError) as caught:
        keys_of(sealed_key(COSTLY[kind]), passphrase)
    code, found = refusal(caught)
    assert code is Code.KEY_UNSUPPORTED
    assert found.startswith("Opening private_key takes more")


@pytest.mark.usefixtures("no_work")
def test_many_keys_are_refused_for_what_they_take_together() -> None:
    text = "".join(sealed_key(pbes2(pbkdf2(200_000)), bytes([each]) * 160) for each in range(4))
    with pytest.raises(UnreadableSecretError) as caught:
        keys_of(text, PASSPHRASE)
    assert refusal(caught)[0] is Code.KEY_UNSUPPORTED


def numbers_of(p: int, q: int, *, exponent: int = 65_537, private: int = 3) -> str:
    """An RSA key of numbers that nobody proved to be primes, as PKCS#1."""
    numbers = (p * q, exponent, private, p, q, private % (p - 1), private % (q - 1), 1)
    return to_pem("RSA PRIVATE KEY", sequence(integer(0), *map(integer, numbers)))


@pytest.mark.parametrize("bits", [4_104, 8_676, 20_000, 130_000])
def test_a_large_rsa_key_is_loaded_for_its_size_alone(
    bits: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("certrotation.core.material.private_keys.load_der_private_key", never)
    (key,) = keys_of(numbers_of(2 ** (bits // 2) - 1, 2 ** (bits // 2) - 3))
    assert key.key_size == bits


@pytest.mark.parametrize("label", ["private_key", "the PKCS#12 bundle"])
def test_primes_of_unequal_length_are_not_validated(
    label: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (key,) = load_private_keys(label, [numbers_of(2**3000 - 1, 2**1000 - 3)], None)
    monkeypatch.setattr("certrotation.core.material.private_keys.load_der_private_key", never)
    with pytest.raises(UnreadableSecretError) as caught:
        validated(label, key)
    expected = f"The primes of the RSA key in {label} are not of equal length."
    assert refusal(caught) == (Code.KEY_UNSUPPORTED, expected)


def test_a_private_exponent_without_end_is_left_to_the_limit_of_the_size(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("certrotation.core.material.private_keys.load_der_private_key", never)
    (key,) = keys_of(numbers_of(2**1024 - 1, 2**1024 - 3, private=2**40_000 + 1))
    assert key.key_size == 2_048


def test_a_key_is_validated_up_to_the_largest_that_acm_imports() -> None:
    """5,120 bytes of PEM are 3,840 bytes of DER; other checks refuse a larger key for its size."""
    exponents = {3_840: 2**25_744 + 1, 3_841: 2**25_064 + 1}
    largest, larger = (
        key
        for each in exponents.values()
        for key in load_private_keys(
            "x", [numbers_of(2**1024 - 1, 2**1024 - 3, private=each)], None
        )
    )
    assert [len(plain_key(each)) for each in (largest, larger)] == [*exponents]
    assert validated("x", larger) is larger
    with pytest.raises(UnreadableSecretError):
        validated("x", largest)


@pytest.mark.parametrize("size", [2_048, 4_096])
def test_an_rsa_key_whose_numbers_make_up_no_key_is_not_one(size: int) -> None:
    """Up to the largest key that ACM imports, the numbers are checked."""
    with pytest.raises(UnreadableSecretError) as caught:
        keys_of(numbers_of(2 ** (size // 2) - 1, 2 ** (size // 2) - 3))
    expected = "private_key contains no readable PEM private key."
    assert refusal(caught) == (Code.SECRET_MALFORMED, expected)


DSA = "1.2.840.10040.4.1"
LARGE = "private_key contains a key that is larger than any that ACM imports."


def dsa_of(bits: int) -> bytes:
    parameters = sequence(*map(integer, (2**bits - 1, 2**bits - 3, 2)))
    number = octets(integer(2**bits - 5))
    return sequence(integer(0), algorithm(DSA, parameters), number)


@pytest.mark.usefixtures("no_work")
@pytest.mark.parametrize(
    "text",
    [
        to_pem("PRIVATE KEY", dsa_of(20_000)),
        to_pem("DSA PRIVATE KEY", bytes(2_000)),
        to_pem("EC PRIVATE KEY", bytes(2_000)),
        to_pem("PRIVATE KEY", bytes(2_000)),
        to_pem("PRIVATE KEY", sequence(integer(0), sequence(), octets(bytes(2_000)))),
    ],
)
def test_a_large_key_of_another_kind_is_not_loaded(text: str) -> None:
    with pytest.raises(UnreadableSecretError) as caught:
        keys_of(text)
    assert refusal(caught) == (Code.KEY_UNSUPPORTED, LARGE)


def test_a_large_key_that_is_encrypted_is_not_loaded() -> None:
    dek = "Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,0123456789ABCDEF0123456789ABCDEF\n\n"
    old = to_pem("RSA PRIVATE KEY", bytes(4_000)).replace("KEY-----\n", f"KEY-----\n{dek}", 1)
    with pytest.raises(UnreadableSecretError) as caught:
        keys_of(old, PASSPHRASE)
    assert refusal(caught) == (Code.KEY_UNSUPPORTED, LARGE)
    data = encrypted(dsa_of(20_000), PASSPHRASE)
    with pytest.raises(UnreadableSecretError) as caught:
        keys_of(sealed_key(pbes2(pbkdf2(2)), data), PASSPHRASE)
    assert refusal(caught) == (Code.KEY_UNSUPPORTED, LARGE)


# What is encrypted in a way that nobody knows


UNKNOWN = {
    "cipher": sealed_key(pbes2(pbkdf2(2), cipher="1.2.392.200011.61.1.1.1.4")),
    "derivation": sealed_key(pbes2(algorithm("1.2.3", sequence()))),
    "scheme": sealed_key(pbes1("1.2.840.113549.1.5.1", 2)),
    "cipher of an old key": ENCRYPTED["pkcs1"].replace("AES-256-CBC", "IDEA-CBC"),
}


@pytest.mark.parametrize("passphrase", [PASSPHRASE, None])
@pytest.mark.parametrize("kind", UNKNOWN)
def test_an_unknown_cipher_or_derivation_is_not_a_wrong_passphrase(
    kind: str, passphrase: str | None
) -> None:
    with pytest.raises(UnreadableSecretError) as caught:
        keys_of(UNKNOWN[kind], passphrase)
    expected = "private_key is encrypted with a cipher or a key derivation that is not supported."
    assert refusal(caught) == (Code.KEY_UNSUPPORTED, expected)


@pytest.mark.parametrize(
    "der",
    [sequence(), sequence(octets(b""), octets(b"")), bytes(40), encrypted_key(pbes2(pbkdf2(0)))],
)
def test_what_only_calls_itself_an_encrypted_key_is_malformed(der: bytes) -> None:
    with pytest.raises(UnreadableSecretError) as caught:
        keys_of(to_pem("ENCRYPTED PRIVATE KEY", der), PASSPHRASE)
    assert refusal(caught)[0] is Code.SECRET_MALFORMED


def test_what_opens_and_is_nothing_was_not_opened() -> None:
    scheme = pbes2(pbkdf2(2))
    with pytest.raises(UnreadableSecretError) as caught:
        keys_of(sealed_key(scheme, encrypted(b"no structure", PASSPHRASE)), PASSPHRASE)
    assert refusal(caught) == (Code.KEY_ENCRYPTED, "The passphrase does not decrypt private_key.")
    with pytest.raises(UnreadableSecretError) as caught:
        keys_of(sealed_key(scheme, encrypted(sequence(), PASSPHRASE)), PASSPHRASE)
    assert refusal(caught)[0] is Code.SECRET_MALFORMED


# Several keys


def test_an_encrypted_key_beside_a_plain_one_is_decrypted_in_its_place() -> None:
    """A renewal tool appends the new key, encrypted, to an old one that was not."""
    plain = PRIVATE_LEAF.key_pem()
    found = keys_of(plain + ENCRYPTED["pkcs8"] + plain, PASSPHRASE)
    expected = [PRIVATE_LEAF.key.public_key(), RSA_LEAF.key.public_key()]
    assert [each.public_key() for each in found] == expected


def test_each_key_is_loaded_once_in_the_order_found() -> None:
    other = PRIVATE_LEAF.key_pem()
    twice = LEAF.key_pem() + other + LEAF.key_pem(form=PrivateFormat.TraditionalOpenSSL)
    found = [each.public_key() for each in keys_of(twice)]
    assert found == [LEAF.key.public_key(), PRIVATE_LEAF.key.public_key()]


def test_a_panic_in_a_loader_is_a_key_that_cannot_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    class PanicException(BaseException):
        pass

    def panic(data: bytes, *_: object, **__: object) -> None:
        raise PanicException(data)

    monkeypatch.setattr("certrotation.core.material.private_keys.load_pem_private_key", panic)
    with pytest.raises(UnreadableSecretError) as caught:
        keys_of(LEAF.key_pem())
    expected = "private_key contains no readable PEM private key."
    assert refusal(caught) == (Code.SECRET_MALFORMED, expected)


def test_a_key_without_pem_around_it_is_loaded_the_same_way() -> None:
    assert load_plain("x", plain_key(RSA_LEAF.key)).public_key() == RSA_LEAF.key.public_key()


def test_a_restricted_rsa_key_is_an_rsa_key_however_large() -> None:
    pkcs1 = RSA_LEAF.key.private_bytes(
        Encoding.DER, PrivateFormat.TraditionalOpenSSL, NoEncryption()
    )
    restricted = algorithm("1.2.840.113549.1.1.10", sequence())
    der = sequence(integer(0), restricted, octets(pkcs1))
    (key,) = keys_of(to_pem("PRIVATE KEY", der))
    assert isinstance(key, rsa.RSAPrivateKey)
