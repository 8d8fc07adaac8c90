"""Writes PKCS#12 bundles and encrypted keys bag by bag, as no library would: two keys, bombs.

The encryption is PBES2 with AES-256 or with what a test asks for (RFC 8018, RFC 7292).
"""

from __future__ import annotations

import hashlib
import hmac
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC
from cryptography.hazmat.primitives.padding import PKCS7
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from certrotation.core.material.pbe import MAC_ID, Passphrase, derive_pkcs12

if TYPE_CHECKING:
    from cryptography import x509

SALT = b"12345678"
VECTOR = b"0123456789abcdef"

PBES2, PBKDF2, PBMAC1 = (f"1.2.840.113549.1.5.{number}" for number in (13, 12, 14))
SCRYPT = "1.3.6.1.4.1.11591.4.11"
AES_256 = "2.16.840.1.101.3.4.1.42"
HMAC_SHA1, HMAC_SHA256 = "1.2.840.113549.2.7", "1.2.840.113549.2.9"
SHA256 = "2.16.840.1.101.3.4.2.1"
DATA, ENCRYPTED_DATA, ENVELOPED_DATA = (f"1.2.840.113549.1.7.{number}" for number in (1, 6, 3))
KEY_BAG, SHROUDED_BAG, CERTIFICATE_BAG = (f"1.2.840.113549.1.12.10.1.{each}" for each in (1, 2, 3))
NESTED_BAG = "1.2.840.113549.1.12.10.1.6"
X509 = "1.2.840.113549.1.9.22.1"


# DER


def element(tag: int, *contents: bytes) -> bytes:
    content = b"".join(contents)
    size = len(content)
    if size < 0x80:
        return bytes([tag, size]) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 + len(length)]) + length + content


def sequence(*contents: bytes) -> bytes:
    return element(0x30, *contents)


def octets(content: bytes) -> bytes:
    return element(0x04, content)


def integer(number: int) -> bytes:
    return element(0x02, number.to_bytes(number.bit_length() // 8 + 1, "big", signed=True))


def identifier(dotted: str) -> bytes:
    first, second, *others = map(int, dotted.split("."))
    content = bytes([40 * first + second])
    for number in others:
        septets = [number & 0x7F]
        while number := number >> 7:
            septets.insert(0, number & 0x7F | 0x80)
        content += bytes(septets)
    return element(0x06, content)


def explicit(content: bytes) -> bytes:
    return element(0xA0, content)


def algorithm(dotted: str, *parameters: bytes) -> bytes:
    return sequence(identifier(dotted), *parameters)


# Encryption


def pbkdf2(rounds: int, *, prf: str | None = HMAC_SHA256, length: int | None = None) -> bytes:
    optional = [integer(length)] if length is not None else []
    optional += [algorithm(prf, element(0x05))] if prf else []
    return algorithm(PBKDF2, sequence(octets(SALT), integer(rounds), *optional))


def scrypt(cost: int, block_size: int = 8, parallelism: int = 1) -> bytes:
    numbers = map(integer, (cost, block_size, parallelism))
    return algorithm(SCRYPT, sequence(octets(SALT), *numbers))


def pbes2(derivation: bytes, cipher: str = AES_256, vector: bytes | None = None) -> bytes:
    parameters = octets(VECTOR) if vector is None else vector
    return algorithm(PBES2, sequence(derivation, algorithm(cipher, parameters)))


def pbes1(dotted: str, rounds: int) -> bytes:
    return algorithm(dotted, sequence(octets(SALT), integer(rounds)))


def encrypted(plain: bytes, passphrase: str, rounds: int = 2) -> bytes:
    """Encrypt with AES-256 under PBKDF2 with HMAC-SHA-256."""
    key = hashlib.pbkdf2_hmac("sha256", passphrase.encode(), SALT, rounds, 32)
    padder, cipher = PKCS7(128).padder(), Cipher(AES(key), CBC(VECTOR)).encryptor()
    padded = padder.update(plain) + padder.finalize()
    return cipher.update(padded) + cipher.finalize()


def encrypted_key(
    scheme: bytes | None = None, data: bytes = bytes(160), *, rounds: int = 2
) -> bytes:
    """An EncryptedPrivateKeyInfo; without real data it is never to be opened."""
    return sequence(scheme or pbes2(pbkdf2(rounds)), octets(data))


# PKCS#12


def plain_key(key: Any) -> bytes:
    encoded: bytes = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    return encoded


def bag(kind: str, content: bytes) -> bytes:
    return sequence(identifier(kind), explicit(content))


def key_bag(key: Any) -> bytes:
    return bag(KEY_BAG, plain_key(key))


def shrouded_bag(key: Any, passphrase: str, rounds: int = 2) -> bytes:
    return bag(
        SHROUDED_BAG,
        encrypted_key(data=encrypted(plain_key(key), passphrase, rounds), rounds=rounds),
    )


def certificate_bag(certificate: x509.Certificate | bytes) -> bytes:
    der = certificate if isinstance(certificate, bytes) else certificate.public_bytes(Encoding.DER)
    return bag(CERTIFICATE_BAG, sequence(identifier(X509), explicit(octets(der))))


def plain(*bags: bytes) -> bytes:
    """Contents in plain sight."""
    return sequence(identifier(DATA), explicit(octets(sequence(*bags))))


def sealed(*bags: bytes, passphrase: str, rounds: int = 2, scheme: bytes | None = None) -> bytes:
    """Contents that are encrypted."""
    data = encrypted(sequence(*bags), passphrase, rounds)
    what = sequence(identifier(DATA), scheme or pbes2(pbkdf2(rounds)), element(0x80, data))
    return sequence(identifier(ENCRYPTED_DATA), explicit(sequence(integer(0), what)))


def bundle(*contents: bytes, mac: bytes | None = None) -> bytes:
    safe = sequence(identifier(DATA), explicit(octets(sequence(*contents))))
    return sequence(integer(3), safe, *([mac] if mac else []))


def mac(*contents: bytes, passphrase: str | None, rounds: int = 1, claims: int = 0) -> bytes:
    """The MAC over contents; with `claims` it says that it took so many rounds."""
    key = derive_pkcs12("sha256", SALT, rounds, Passphrase(passphrase), MAC_ID, 32)
    digest = hmac.digest(key, sequence(*contents), "sha256")
    info = sequence(algorithm(SHA256), octets(digest))
    return sequence(info, octets(SALT), integer(claims or rounds))


def pbmac1(
    *contents: bytes, passphrase: str, rounds: int = 2, length: int = 32, claims: int = 0
) -> bytes:
    """The MAC of RFC 9579."""
    key = hashlib.pbkdf2_hmac("sha256", passphrase.encode(), SALT, rounds, 32)
    digest = hmac.digest(key, sequence(*contents), "sha256")
    parameters = sequence(pbkdf2(claims or rounds, length=length), algorithm(HMAC_SHA256))
    info = sequence(algorithm(PBMAC1, parameters), octets(digest))
    return sequence(info, octets(b"unused"), integer(1))
