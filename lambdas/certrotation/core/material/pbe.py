"""Password-based encryption: reads its cost, then decrypts (RFC 8018; RFC 7292, Appendix B).

cryptography derives the key as soon as it has read the parameters: 2^31 rounds would take half an
hour, and 2^63 rounds cause a panic. Here the caller sees the cost before any work starts.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, NamedTuple, TypeAlias, TypeVar

from cryptography.hazmat.decrepit.ciphers.algorithms import ARC4, TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC

from certrotation.core.material import rc2
from certrotation.core.material.der import (
    INTEGER,
    SEQUENCE,
    Element,
    MalformedDerError,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from cryptography.hazmat.primitives.ciphers import CipherAlgorithm

MOST_ROUNDS = 600_000
"""The most rounds of key derivation for one value, in total: the limit that .NET has for a PKCS#12
bundle (KB5025823). Common tools write 2,048 (OpenSSL) to 10,000 (keytool) for each derivation."""

MOST_MEMORY = 68_000_000
"""The most memory for one derivation, in bytes: scrypt with N = 65,536 and r = 8. OpenSSL writes
N = 16,384, which needs a quarter."""


class UnsupportedEncryptionError(ValueError):
    """The cipher or the key derivation is unknown; the message is empty."""


@dataclass(frozen=True, slots=True)
class Passphrase:
    """A passphrase, in the form of each scheme; None means no passphrase."""

    text: str | None = field(repr=False)

    @property
    def utf8(self) -> bytes:
        """The form of RFC 8018, section 3."""
        return (self.text or "").encode()

    @property
    def bmp(self) -> bytes:
        """The form of RFC 7292, Appendix B.1: it ends with two zero bytes if it exists."""
        return b"" if self.text is None else f"{self.text}\0".encode("utf-16-be")


class Cost(NamedTuple):
    """The cost of derivations: rounds in total, and the memory of the largest one in bytes."""

    rounds: int
    memory: int = 0

    @property
    def is_bearable(self) -> bool:
        """Whether the cost is within the limits."""
        return self.rounds <= MOST_ROUNDS and self.memory <= MOST_MEMORY


def total(costs: Iterable[Cost]) -> Cost:
    """Return the cost of several derivations, one after the other."""
    every = list(costs)
    return Cost(sum(each.rounds for each in every), max((each.memory for each in every), default=0))


class Derivation(NamedTuple):
    """A key derivation and its parameters."""

    cost: Cost
    derive: Callable[[Passphrase, int], bytes]
    """Returns a key of the given size in bytes."""


class Encryption(NamedTuple):
    """An encryption scheme and its parameters."""

    cost: Cost
    decrypt: Callable[[Passphrase, bytes], bytes | None]
    """Returns the plaintext, or None if the passphrase does not decrypt the data."""


_T = TypeVar("_T")
_Decrypt: TypeAlias = "Callable[[bytes, bytes, bytes], bytes]"
"""Decrypts data with a key and an initialization vector."""

_PKCS5 = "2a864886f70d0105"
_PBES2, _PBKDF2, PBMAC1 = f"{_PKCS5}0d", f"{_PKCS5}0c", f"{_PKCS5}0e"
_SCRYPT = "2b06010401da47040b"
HMACS = {
    "2a864886f70d0207": "sha1",
    "2a864886f70d0208": "sha224",
    "2a864886f70d0209": "sha256",
    "2a864886f70d020a": "sha384",
    "2a864886f70d020b": "sha512",
}
DIGESTS = {
    "2b0e03021a": "sha1",
    "608648016503040204": "sha224",
    "608648016503040201": "sha256",
    "608648016503040202": "sha384",
    "608648016503040203": "sha512",
}
"""Digests of the MAC of a bundle."""
_USUAL_KEY, _LONGEST_KEY = 32, 64
"""The longest key of a cipher, and the longest digest, in bytes."""
_RC2_OF_128_BITS = 58
"""RFC 8018, Appendix B.2.3."""
_KEY_ID, _VECTOR_ID, MAC_ID = 1, 2, 3
"""The purposes of a key derivation in PKCS#12 (RFC 7292, Appendix B.3)."""


def read_encryption(algorithm: Element) -> Encryption:
    """Return the encryption that an AlgorithmIdentifier describes.

    Raises:
        MalformedDerError: the parameters are malformed.
        UnsupportedEncryptionError: the scheme is unknown.
    """
    name, parameters = sequence(algorithm, 2)[:2]
    identifier = name.identifier()
    if identifier == _PBES2:
        return _read_pbes2(parameters)
    if identifier in _PBES1:
        return _read_pbes1(parameters, _PBES1[identifier])
    if identifier in _PKCS12:
        return _read_pkcs12(parameters, *_PKCS12[identifier])
    raise UnsupportedEncryptionError


def read_derivation(algorithm: Element) -> Derivation:
    """Return the key derivation that an AlgorithmIdentifier describes.

    Raises:
        MalformedDerError: the parameters are malformed.
        UnsupportedEncryptionError: the key derivation is unknown.
    """
    name, parameters = sequence(algorithm, 2)[:2]
    match name.identifier():
        case identifier if identifier == _PBKDF2:
            return _read_pbkdf2(parameters)
        case identifier if identifier == _SCRYPT:
            return _read_scrypt(parameters)
    raise UnsupportedEncryptionError


def sequence(element: Element, least: int) -> list[Element]:
    """Return the elements of a SEQUENCE, which must be at least `least`."""
    found = element.children(SEQUENCE)
    if len(found) < least:
        raise MalformedDerError
    return found


def positive(element: Element) -> int:
    """Return the value of a positive INTEGER."""
    number = element.integer()
    if number < 1:
        raise MalformedDerError
    return number


def _read_pbkdf2(parameters: Element) -> Derivation:
    """RFC 8018, Appendix A.2."""
    salt, iterations, *optional = sequence(parameters, 2)
    digest, length = "sha1", 0
    for each in optional:
        if each.tag == INTEGER:
            length = positive(each)
        else:
            digest = known(HMACS, sequence(each, 1)[0])
    if length > _LONGEST_KEY:
        raise MalformedDerError
    rounds = positive(iterations)

    def derive(passphrase: Passphrase, size: int) -> bytes:
        return hashlib.pbkdf2_hmac(digest, passphrase.utf8, salt.content, rounds, length or size)

    width = hashlib.new(digest, usedforsecurity=False).digest_size
    return Derivation(Cost(rounds * -(-max(length, _USUAL_KEY) // width)), derive)


def _read_scrypt(parameters: Element) -> Derivation:
    """RFC 7914, section 7; one unit of its work takes as long as one round of PBKDF2.

    The cost is a power of 2 above 1, and less than 2^(16 * block size) (section 2).
    """
    salt, *numbers = sequence(parameters, 4)
    cost, block_size, parallelism = (positive(each) for each in numbers[:3])
    if cost.bit_count() != 1 or not 1 < cost.bit_length() <= 16 * block_size:
        raise MalformedDerError
    memory = 128 * block_size * (cost + parallelism)

    def derive(passphrase: Passphrase, size: int) -> bytes:
        return hashlib.scrypt(
            passphrase.utf8,
            salt=salt.content,
            n=cost,
            r=block_size,
            p=parallelism,
            maxmem=2 * memory,
            dklen=size,
        )

    return Derivation(Cost(cost * block_size * parallelism, memory), derive)


def _read_pbes2(parameters: Element) -> Encryption:
    """RFC 8018, section 6.2."""
    function, scheme = sequence(parameters, 2)[:2]
    derivation = read_derivation(function)
    name, *given = sequence(scheme, 1)
    size, decrypt = known(_CIPHERS, name)
    if not given:
        raise MalformedDerError
    vector = given[0]
    if decrypt is _rc2:
        version, vector = sequence(given[0], 2)[:2]
        if version.integer() != _RC2_OF_128_BITS:
            raise UnsupportedEncryptionError
    initial = vector.octets()

    def open_with(passphrase: Passphrase, data: bytes) -> bytes | None:
        return _unpadded(decrypt, derivation.derive(passphrase, size), initial, data)

    return Encryption(derivation.cost, open_with)


def _read_pbes1(parameters: Element, digest: str) -> Encryption:
    """RFC 8018, section 6.1, with DES."""
    salt, iterations = sequence(parameters, 2)[:2]
    rounds = positive(iterations)

    def open_with(passphrase: Passphrase, data: bytes) -> bytes | None:
        derived = passphrase.utf8 + salt.content
        for _ in range(rounds):
            derived = hashlib.new(digest, derived, usedforsecurity=False).digest()
        return _unpadded(_triple_des, derived[:8] * 3, derived[8:16], data)

    return Encryption(Cost(2 * rounds), open_with)


def _read_pkcs12(parameters: Element, size: int, decrypt: _Decrypt) -> Encryption:
    """RFC 7292, Appendix C."""
    salt, iterations = sequence(parameters, 2)[:2]
    rounds = positive(iterations)
    derive = partial(derive_pkcs12, "sha1", salt.content, rounds)

    def open_with(passphrase: Passphrase, data: bytes) -> bytes | None:
        key = derive(passphrase, _KEY_ID, size)
        return _unpadded(decrypt, key, derive(passphrase, _VECTOR_ID, rc2.BLOCK), data)

    return Encryption(Cost(3 * rounds), open_with)


def derive_pkcs12(  # noqa: PLR0913, PLR0917  as many as the RFC has
    digest: str, salt: bytes, rounds: int, passphrase: Passphrase, purpose: int, size: int
) -> bytes:
    """Derive bytes as PKCS#12 does (RFC 7292, Appendix B.2)."""
    hashed = partial(hashlib.new, digest, usedforsecurity=False)
    width = hashed(b"").block_size
    whole = _filled(salt, width) + _filled(passphrase.bmp, width)
    derived = b""
    while len(derived) < size:
        block = hashed(bytes([purpose]) * width + whole).digest()
        for _ in range(rounds - 1):
            block = hashed(block).digest()
        derived += block
        addend = int.from_bytes(_filled(block, width)[:width], "big") + 1
        whole = b"".join(
            ((int.from_bytes(whole[at : at + width], "big") + addend) % 2 ** (8 * width)).to_bytes(
                width, "big"
            )
            for at in range(0, len(whole), width)
        )
    return derived[:size]


def _filled(data: bytes, width: int) -> bytes:
    """Return `data` repeated until it fills blocks of `width`."""
    size = -(-len(data) // width) * width
    return (data * (size // len(data) + 1))[:size] if data else b""


def _unpadded(decrypt: _Decrypt, key: bytes, vector: bytes, data: bytes) -> bytes | None:
    """Decrypt, and remove the padding (RFC 8018, section 6.1.1); RC4 has none."""
    try:
        plain = decrypt(key, vector, data)
    except ValueError:  # blocks that are not whole, or a vector of another length
        return None
    if decrypt is _rc4:
        return plain
    count = plain[-1] if plain else 0
    is_padded = 0 < count <= len(vector) and plain.endswith(bytes([count]) * count)
    return plain[:-count] if is_padded else None


def _run(algorithm: CipherAlgorithm, mode: CBC | None, data: bytes) -> bytes:
    worker = Cipher(algorithm, mode).decryptor()
    return worker.update(data) + worker.finalize()


def _aes(key: bytes, vector: bytes, data: bytes) -> bytes:
    return _run(AES(key), CBC(vector), data)


def _triple_des(key: bytes, vector: bytes, data: bytes) -> bytes:
    return _run(TripleDES(key), CBC(vector), data)


def _triple_des_of_two_keys(key: bytes, vector: bytes, data: bytes) -> bytes:
    return _triple_des(key + key[:8], vector, data)


def _rc2(key: bytes, vector: bytes, data: bytes) -> bytes:
    if len(data) % rc2.BLOCK or len(vector) != rc2.BLOCK:
        raise ValueError
    return rc2.decrypt_cbc(key, vector, data)


def _rc4(key: bytes, vector: bytes, data: bytes) -> bytes:
    del vector
    return _run(ARC4(key), None, data)


def known(table: Mapping[str, _T], name: Element) -> _T:
    """Return the entry of a table for an OBJECT IDENTIFIER.

    Raises:
        UnsupportedEncryptionError: the table has no such entry.
    """
    try:
        return table[name.identifier()]
    except KeyError:
        raise UnsupportedEncryptionError from None


_CIPHERS: dict[str, tuple[int, _Decrypt]] = {
    "608648016503040102": (16, _aes),
    "608648016503040116": (24, _aes),
    "60864801650304012a": (32, _aes),
    "2a864886f70d0307": (24, _triple_des),
    "2a864886f70d0302": (16, _rc2),
}
"""Ciphers of PBES2 with the bytes of their keys; all in CBC mode."""

_PBES1 = {f"{_PKCS5}03": "md5", f"{_PKCS5}0a": "sha1"}
"""Digests of PBES1 with DES."""

_PKCS12: dict[str, tuple[int, _Decrypt]] = {
    "2a864886f70d010c0101": (16, _rc4),
    "2a864886f70d010c0102": (5, _rc4),
    "2a864886f70d010c0103": (24, _triple_des),
    "2a864886f70d010c0104": (16, _triple_des_of_two_keys),
    "2a864886f70d010c0105": (16, _rc2),
    "2a864886f70d010c0106": (5, _rc2),
}
"""Ciphers of PKCS#12 with the bytes of their keys."""
