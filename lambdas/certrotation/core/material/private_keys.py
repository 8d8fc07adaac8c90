"""Decodes private keys at a bounded cost, and reports why decoding fails.

The cost of loading a key is known before the key is loaded: its size, and the parameters of its
encryption. An RSA key above ACM's largest is loaded without validation, which would take minutes;
other checks refuse the key for its size.
"""

from __future__ import annotations

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
from certrotation.core.material.der import MalformedDerError, only_element
from certrotation.core.material.loading import Failure, attempt
from certrotation.core.material.pbe import (
    Cost,
    Encryption,
    Passphrase,
    UnsupportedEncryptionError,
    read_encryption,
    sequence,
    total,
)
from certrotation.core.material.pem import Block, blocks_of
from certrotation.core.material.x509_facts import public_bytes_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

_ENCRYPTED = "ENCRYPTED PRIVATE KEY"
_RSA_LABEL = "RSA PRIVATE KEY"
_PLAIN = "PRIVATE KEY"
_LABELS = (_PLAIN, _ENCRYPTED, _RSA_LABEL, "EC PRIVATE KEY", "DSA PRIVATE KEY")
_RSA_ALGORITHMS = ("2a864886f70d010101", "2a864886f70d01010a")

LARGEST_RSA = 4_096
"""The largest RSA key that ACM imports, in bits; a larger one is refused without validation."""
LARGEST_OTHER = 1_600
"""The largest key of another kind, in bytes of DER; a DSA key of 3,072 bits has 1,300."""
LARGEST_ENCRYPTED = 3_840
"""The largest encrypted key, in bytes of DER: 5,120 bytes of PEM, the limit of ACM."""


def load_private_keys(where: str, pem: str, passphrase: Passphrase) -> tuple[PrivateKeyTypes, ...]:
    """Return the distinct private keys in `pem`, in the order found, not yet `validated`.

    A passphrase for an unencrypted key is ignored.

    Raises:
        UnreadableSecretError: SECRET_MALFORMED, KEY_ENCRYPTED, KEY_UNSUPPORTED.
    """
    blocks = dict.fromkeys(each for each in blocks_of(pem) if each.label in _LABELS)
    if not blocks or any(each.data is None for each in blocks):
        raise _unreadable(where)
    encryptions = {
        each: _read_encryption(where, each) for each in blocks if each.label == _ENCRYPTED
    }
    require_bearable(where, (each.cost for each, _ in encryptions.values()))
    found: dict[bytes, PrivateKeyTypes] = {}
    for each in blocks:
        if each in encryptions:
            encryption, data = encryptions[each]
            key = load_plain(where, _decrypted(where, encryption, data, passphrase))
        else:
            key = _load(where, each, passphrase)
        found.setdefault(public_bytes_of(key.public_key()), key)
    return tuple(found.values())


def load_plain(where: str, der: bytes) -> PrivateKeyTypes:
    """Return the key of a PrivateKeyInfo (RFC 5958); raises as above."""
    return _load(where, Block(label=_PLAIN, data=der), Passphrase(None))


def validated(where: str, key: PrivateKeyTypes) -> PrivateKeyTypes:
    """Return `key` after a check that its numbers are consistent and prime.

    Raises:
        UnreadableSecretError: SECRET_MALFORMED, KEY_UNSUPPORTED.
    """
    if not isinstance(key, rsa.RSAPrivateKey) or key.key_size > LARGEST_RSA:
        return key
    numbers = key.private_numbers()
    if max(numbers.p.bit_length(), numbers.q.bit_length()) > LARGEST_RSA // 2:
        found = f"The primes of the RSA key in {where} are not of equal length."
        raise UnreadableSecretError(refuse(Code.KEY_UNSUPPORTED, found))
    der = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    if len(der) > LARGEST_ENCRYPTED:
        return key
    loaded = attempt(lambda: load_der_private_key(der, None))
    if isinstance(loaded, Failure):
        raise _unreadable(where)
    return loaded


def require_bearable(where: str, costs: Iterable[Cost]) -> None:
    """Refuse what would take too long, or too much memory, to decrypt.

    Raises:
        UnreadableSecretError: KEY_UNSUPPORTED.
    """
    if not total(costs).is_bearable:
        found = f"Opening {where} takes more rounds or memory of key derivation than tools write."
        raise UnreadableSecretError(refuse(Code.KEY_UNSUPPORTED, found))


def unsupported_encryption(where: str) -> UnreadableSecretError:
    """Return the error for an unknown cipher or key derivation."""
    found = f"{where} is encrypted with a cipher or a key derivation that is not supported."
    return UnreadableSecretError(refuse(Code.KEY_UNSUPPORTED, found))


def _unreadable(where: str) -> UnreadableSecretError:
    return malformed(f"{where} contains no readable PEM private key.")


def _closed(where: str, passphrase: Passphrase) -> UnreadableSecretError:
    if passphrase.text:
        found = f"The passphrase does not decrypt {where}."
    else:
        found = f"{where} is encrypted, and the secret has no passphrase."
    return UnreadableSecretError(refuse(Code.KEY_ENCRYPTED, found))


def _read_encryption(where: str, block: Block) -> tuple[Encryption, bytes]:
    """Read an EncryptedPrivateKeyInfo (RFC 5958, section 3)."""
    try:
        algorithm, data = sequence(only_element(block.data or b""), 2)[:2]
        return read_encryption(algorithm), data.octets()
    except MalformedDerError:
        raise _unreadable(where) from None
    except UnsupportedEncryptionError:
        raise unsupported_encryption(where) from None


def _decrypted(where: str, encryption: Encryption, data: bytes, passphrase: Passphrase) -> bytes:
    if not passphrase.text:
        raise _closed(where, passphrase)
    plain = encryption.decrypt(passphrase, data)
    if plain is None or not is_element(plain):
        raise _closed(where, passphrase)
    return plain


def is_element(data: bytes) -> bool:
    """Return whether bytes are one element of DER; the result of a wrong passphrase is not."""
    try:
        only_element(data)
    except MalformedDerError:
        return False
    return True


def _load(where: str, block: Block, passphrase: Passphrase) -> PrivateKeyTypes:
    data = block.data or b""
    is_encrypted = block.encryption is not None
    if block.is_unknown_encryption:
        raise unsupported_encryption(where)
    if len(data) > _largest(block):
        found = f"{where} contains a key that is larger than any that ACM imports."
        raise UnreadableSecretError(refuse(Code.KEY_UNSUPPORTED, found))
    if is_encrypted and not passphrase.text:
        raise _closed(where, passphrase)
    key = attempt(
        lambda: load_pem_private_key(
            block.to_pem(),
            passphrase.utf8 if is_encrypted else None,
            unsafe_skip_rsa_key_validation=True,
        )
    )
    if key is Failure.UNSUPPORTED:
        found = f"{where} contains a key of an unknown type."
        raise UnreadableSecretError(refuse(Code.KEY_UNSUPPORTED, found))
    if isinstance(key, Failure):
        raise _closed(where, passphrase) if is_encrypted else _unreadable(where)
    return key


def _largest(block: Block) -> int:
    """Return the largest size to load in bytes; loading an RSA key without validation is cheap."""
    if block.encryption:
        return LARGEST_ENCRYPTED
    data = block.data or b""
    return len(data) if _is_rsa(block.label, data) else LARGEST_OTHER


def _is_rsa(label: str, data: bytes) -> bool:
    """Return whether an unencrypted key is an RSA key."""
    if label != _PLAIN:
        return label == _RSA_LABEL
    try:
        _, algorithm, *_ = sequence(only_element(data), 2)
        return sequence(algorithm, 1)[0].identifier() in _RSA_ALGORITHMS
    except MalformedDerError:
        return False
