"""Decrypts private keys of PKCS#8 at a bounded cost, and reports why decryption fails."""

from __future__ import annotations

from typing import TYPE_CHECKING

from certrotation.core.findings import Code, refuse
from certrotation.core.material.decoding import UnreadableSecretError
from certrotation.core.material.der import MalformedDerError, only_element
from certrotation.core.material.pbe import (
    Cost,
    Encryption,
    Passphrase,
    UnsupportedEncryptionError,
    read_encryption,
    sequence,
    total,
)
from certrotation.core.material.private_keys import closed, unreadable, unsupported_encryption

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


def decrypted_keys(where: str, found: Sequence[bytes], passphrase: str | None) -> list[bytes]:
    """Return the PrivateKeyInfo in each EncryptedPrivateKeyInfo (RFC 5958).

    Raises:
        UnreadableSecretError: SECRET_MALFORMED, KEY_ENCRYPTED, KEY_UNSUPPORTED.
    """
    encryptions = [_read_encryption(where, each) for each in found]
    require_bearable(where, (encryption.cost for encryption, _ in encryptions))
    return [_decrypted(where, *each, passphrase) for each in encryptions]


def require_bearable(where: str, costs: Iterable[Cost]) -> None:
    """Refuse what would take too long, or too much memory, to decrypt.

    Raises:
        UnreadableSecretError: KEY_UNSUPPORTED.
    """
    if not total(costs).is_bearable:
        found = f"Opening {where} takes more rounds or memory of key derivation than tools write."
        raise UnreadableSecretError(refuse(Code.KEY_UNSUPPORTED, found))


def is_element(data: bytes) -> bool:
    """Return whether bytes are one element of DER; the result of a wrong passphrase is not."""
    try:
        only_element(data)
    except MalformedDerError:
        return False
    return True


def _read_encryption(where: str, der: bytes) -> tuple[Encryption, bytes]:
    try:
        algorithm, data, *_ = sequence(only_element(der), 2)
        return read_encryption(algorithm), data.octets()
    except MalformedDerError:
        raise unreadable(where) from None
    except UnsupportedEncryptionError:
        raise unsupported_encryption(where) from None


def _decrypted(where: str, encryption: Encryption, data: bytes, passphrase: str | None) -> bytes:
    plain = encryption.decrypt(Passphrase(passphrase), data) if passphrase else None
    if plain is None or not is_element(plain):
        raise closed(where, passphrase)
    return plain
