"""Decodes private keys at a bounded cost, and reports why decoding fails.

The cost of loading a key is known before the key is loaded: its size, and the parameters of its
encryption. An RSA key above ACM's largest is loaded without validation, which would take minutes;
other checks refuse the key for its size.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_der_private_key,
    load_pem_private_key,
)

from certrotation.core.findings import Code, refuse
from certrotation.core.material.decoding import UnreadableSecretError, malformed
from certrotation.core.material.loading import Failure, attempt
from certrotation.core.material.pem import Block, blocks_of
from certrotation.core.material.x509_facts import public_bytes_of

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

_ENCRYPTED = "ENCRYPTED PRIVATE KEY"
_RSA_LABEL = "RSA PRIVATE KEY"
_PLAIN = "PRIVATE KEY"
_LABELS = (_PLAIN, _ENCRYPTED, _RSA_LABEL, "EC PRIVATE KEY", "DSA PRIVATE KEY")
_RSA_KEY_INFO = (
    rb"(?s)\x30(?:\x81.|\x82..|\x83...)\x02\x01\x00"
    rb"\x30(?:[\x00-\x7f]|\x81.|\x82..)\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01[\x01\x0a]"
)
"""The beginning of a PrivateKeyInfo (RFC 5958) of an RSA key, up to its algorithm."""

LARGEST_RSA = 4_096
"""The largest RSA key that ACM imports, in bits; a larger one is refused without validation."""
_LARGEST_PRIME = LARGEST_RSA // 2
"""The largest prime of a key that is validated, in bits."""
LARGEST_OTHER = 1_600
"""The largest key of another kind, in bytes of DER; a DSA key of 3,072 bits has 1,300."""
LARGEST_ENCRYPTED = 3_840
"""The largest encrypted key, in bytes of DER: 5,120 bytes of PEM, the limit of ACM."""


def load_private_keys(
    where: str, texts: list[str], passphrase: str | None
) -> tuple[PrivateKeyTypes, ...]:
    """Return the distinct private keys in PEM `texts`, in the order found, not yet `validated`.

    A passphrase for an unencrypted key is ignored.

    Raises:
        UnreadableSecretError: SECRET_MALFORMED, KEY_ENCRYPTED, KEY_UNSUPPORTED.
    """
    found_blocks = (each for text in texts for each in blocks_of(text))
    blocks = list(dict.fromkeys(each for each in found_blocks if each.label in _LABELS))
    if not blocks or any(each.fault for each in blocks):
        raise unreadable(where)
    found: dict[bytes, PrivateKeyTypes] = {}
    for each in _decrypted_blocks(where, blocks, passphrase):
        key = _load(where, each, passphrase)
        found.setdefault(public_bytes_of(key.public_key()), key)
    return tuple(found.values())


def load_plain(where: str, der: bytes) -> PrivateKeyTypes:
    """Return the key of a PrivateKeyInfo (RFC 5958); raises as above."""
    return _load(where, Block(label=_PLAIN, data=der), None)


def validated(where: str, key: PrivateKeyTypes) -> PrivateKeyTypes:
    """Return `key` after a check that its numbers are consistent and prime.

    Raises:
        UnreadableSecretError: SECRET_MALFORMED, KEY_UNSUPPORTED.
    """
    if not isinstance(key, rsa.RSAPrivateKey) or key.key_size > LARGEST_RSA:
        return key
    numbers = key.private_numbers()
    if max(numbers.p.bit_length(), numbers.q.bit_length()) > _LARGEST_PRIME:
        found = f"The primes of the RSA key in {where} are not of equal length."
        raise UnreadableSecretError(refuse(Code.KEY_UNSUPPORTED, found))
    der = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    if len(der) > LARGEST_ENCRYPTED:
        return key
    loaded = attempt(lambda: load_der_private_key(der, None))
    if isinstance(loaded, Failure):
        raise unreadable(where)
    return loaded


def unsupported_encryption(where: str) -> UnreadableSecretError:
    """Return the error for an unknown cipher or key derivation."""
    found = f"{where} is encrypted with a cipher or a key derivation that is not supported."
    return UnreadableSecretError(refuse(Code.KEY_UNSUPPORTED, found))


def unreadable(where: str) -> UnreadableSecretError:
    """Return the error for a text without a readable private key."""
    return malformed(f"{where} contains no readable PEM private key.")


def closed(where: str, passphrase: str | None) -> UnreadableSecretError:
    """Return the error for a passphrase that is wrong or missing."""
    if passphrase:
        found = f"The passphrase does not decrypt {where}."
    else:
        found = f"{where} is encrypted, and the secret has no passphrase."
    return UnreadableSecretError(refuse(Code.KEY_ENCRYPTED, found))


def _load(where: str, block: Block, passphrase: str | None) -> PrivateKeyTypes:
    is_encrypted = block.encryption is not None
    if block.is_unknown_encryption:
        raise unsupported_encryption(where)
    if len(block.data) > _largest(block):
        found = f"{where} contains a key that is larger than any that ACM imports."
        raise UnreadableSecretError(refuse(Code.KEY_UNSUPPORTED, found))
    if is_encrypted and not passphrase:
        raise closed(where, None)
    key = attempt(
        lambda: load_pem_private_key(
            block.to_pem(),
            passphrase.encode() if is_encrypted and passphrase else None,
            unsafe_skip_rsa_key_validation=True,
        )
    )
    if key is Failure.UNSUPPORTED:
        found = f"{where} contains a key of an unknown type."
        raise UnreadableSecretError(refuse(Code.KEY_UNSUPPORTED, found))
    if isinstance(key, Failure):
        raise closed(where, passphrase) if is_encrypted else unreadable(where)
    return key


def _largest(block: Block) -> int:
    """Return the largest size to load in bytes; loading an RSA key without validation is cheap."""
    if block.encryption:
        return LARGEST_ENCRYPTED
    return len(block.data) if _is_rsa(block.label, block.data) else LARGEST_OTHER


def _is_rsa(label: str, data: bytes) -> bool:
    """Return whether an unencrypted key is an RSA key."""
    return re.match(_RSA_KEY_INFO, data) is not None if label == _PLAIN else label == _RSA_LABEL


def _decrypted_blocks(where: str, blocks: list[Block], passphrase: str | None) -> list[Block]:
    """Replace encrypted blocks by plain ones."""
    found = [each.data for each in blocks if each.label == _ENCRYPTED]
    if not found:
        return blocks
    # Few secrets need this import, which takes milliseconds at each cold start.
    from certrotation.core.material.encrypted_keys import decrypted_keys  # noqa: PLC0415  see above

    plain = iter(decrypted_keys(where, found, passphrase))
    return [
        Block(label=_PLAIN, data=next(plain)) if each.label == _ENCRYPTED else each
        for each in blocks
    ]
