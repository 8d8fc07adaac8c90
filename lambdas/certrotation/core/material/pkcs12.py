"""Decodes PKCS#12 bundles (RFC 7292).

The reader of cryptography returns one of several keys, derives keys at any cost, validates RSA keys
of any size, fails if one certificate cannot be decoded, and has one error for every fault.
"""

from __future__ import annotations

import hmac
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from certrotation.core.findings import Code, refuse
from certrotation.core.material.decoding import (
    Supplied,
    UnreadableSecretError,
    malformed,
    sort_out,
)
from certrotation.core.material.der import (
    EXPLICIT_0,
    Element,
    MalformedDerError,
    only_element,
)
from certrotation.core.material.encrypted_keys import is_element, require_bearable
from certrotation.core.material.pbe import (
    DIGESTS,
    HMACS,
    MAC_ID,
    MOST_ROUNDS,
    PBMAC1,
    Cost,
    Encryption,
    Passphrase,
    UnsupportedEncryptionError,
    derive_pkcs12,
    known,
    positive,
    read_derivation,
    read_encryption,
    sequence,
    total,
)
from certrotation.core.material.private_keys import (
    load_plain,
    unsupported_encryption,
    validated,
)
from certrotation.core.material.x509_facts import public_bytes_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

WHERE = "the PKCS#12 bundle"

_DATA = "2a864886f70d010701"
_ENCRYPTED_DATA = "2a864886f70d010706"
_BAG = "2a864886f70d010c0a01"
_KEY_BAG, _SHROUDED_BAG, _CERTIFICATE_BAG = f"{_BAG}01", f"{_BAG}02", f"{_BAG}03"
_NESTED_BAG = f"{_BAG}06"
_X509 = "2a864886f70d01091601"
_IMPLICIT_0 = 0x80
_DEEPEST = 4
_JAVA_KEYSTORES = (bytes.fromhex("feedfeed"), bytes.fromhex("cececece"))
"""The first bytes of a keystore of the types JKS and JCEKS."""
_NO_PASSPHRASE = (Passphrase(""), Passphrase(None))
"""Without a passphrase, some tools use an empty one and others none at all (RFC 7292, B.1)."""


class _Sealed(NamedTuple):
    """An encrypted part of a bundle."""

    encryption: Encryption
    data: bytes


class _Mac(NamedTuple):
    """The MAC over the contents of a bundle."""

    cost: Cost
    verifies: Callable[[Passphrase], bool]


class _Bundle(NamedTuple):
    """The structure of a bundle, with its encrypted parts still encrypted."""

    contents: tuple[bytes | _Sealed, ...]
    mac: _Mac | None


class _Bags(NamedTuple):
    """The keys and certificates in the contents of a bundle."""

    keys: tuple[bytes | _Sealed, ...]
    certificates: tuple[bytes, ...]


def decode_pkcs12(data: bytes, passphrase: str | None) -> Supplied:
    """Return the certificates and the private key of a bundle, the certificates of the key first.

    Raises:
        UnreadableSecretError: SECRET_MALFORMED, KEY_ENCRYPTED, KEY_UNSUPPORTED, LEAF_MISSING,
            IDENTITY_AMBIGUOUS.
    """
    try:
        return _decode(data, passphrase)
    except MalformedDerError:
        found = f"The value is not a readable PKCS#12 bundle.{_instead(data)}"
        raise malformed(found) from None
    except UnsupportedEncryptionError:
        raise unsupported_encryption("The PKCS#12 bundle") from None


def _instead(data: bytes) -> str:
    """Return a sentence that names another form that people confuse with PKCS#12."""
    if data.startswith(_JAVA_KEYSTORES):
        return (
            " The value is a Java keystore (JKS or JCEKS). Convert the keystore with `keytool"
            " -importkeystore -deststoretype PKCS12`."
        )
    if b"-----BEGIN" in data:
        return (
            " The value is PEM. Write JSON with the PEM in the fields certificate and private_key."
        )
    return ""


def _decode(data: bytes, given: str | None) -> Supplied:
    bundle = _read_bundle(data)
    plain = _bags(each for each in bundle.contents if isinstance(each, bytes))
    _require_one_key(plain)
    cost = total(_costs(bundle, plain))
    require_bearable(WHERE, [cost])
    passphrase, contents = _opened(bundle, cost, given)
    bags = _bags(contents)
    _require_one_key(bags)
    if not bags.keys:
        raise malformed("The PKCS#12 bundle contains no private key.")
    if not bags.certificates:
        found = "The PKCS#12 bundle contains no certificate."
        raise UnreadableSecretError(refuse(Code.LEAF_MISSING, found))
    key = validated(WHERE, load_plain(WHERE, _opened_key(bags.keys[0], passphrase, given)))
    return _supplied(key, bags.certificates)


def _supplied(key: PrivateKeyTypes, found: tuple[bytes, ...]) -> Supplied:
    """Put the certificates of the key first; the order of bags has no meaning."""
    certificates, set_aside, _ = sort_out(WHERE, found)
    public = public_bytes_of(key.public_key())
    return Supplied(
        certificates=tuple(
            sorted(certificates, key=lambda each: public_bytes_of(each.public_key()) != public)
        ),
        private_key=key,
        set_aside=set_aside,
    )


def _require_one_key(bags: _Bags) -> None:
    if len(bags.keys) > 1:
        found = (
            f"The PKCS#12 bundle contains {len(bags.keys)} private keys, and nothing says which one"
            " is meant."
        )
        raise UnreadableSecretError(refuse(Code.IDENTITY_AMBIGUOUS, found))


def _costs(bundle: _Bundle, plain: _Bags) -> Iterator[Cost]:
    """Yield the costs of the bundle, except those that only its decrypted contents reveal."""
    if bundle.mac:
        yield bundle.mac.cost
    for each in (*bundle.contents, *plain.keys):
        if isinstance(each, _Sealed):
            yield each.encryption.cost


def _opened(bundle: _Bundle, cost: Cost, given: str | None) -> tuple[Passphrase, tuple[bytes, ...]]:
    """Return the passphrase that decrypts the bundle, and the decrypted contents.

    Some tools ask for a passphrase and do not use it, so no passphrase is tried too.
    """
    candidates = (*((Passphrase(given),) if given else ()), *_NO_PASSPHRASE)
    if len(candidates) * cost.rounds > MOST_ROUNDS:
        candidates = candidates[:1]
    for passphrase in candidates:
        if bundle.mac and not bundle.mac.verifies(passphrase):
            continue
        contents = [_opened_content(each, passphrase) for each in bundle.contents]
        opened = tuple(each for each in contents if each is not None)
        if len(opened) == len(contents):
            return passphrase, opened
    raise _closed(given)


def _closed(given: str | None) -> UnreadableSecretError:
    found = "The passphrase does not decrypt the PKCS#12 bundle."
    if not given:
        found = "The PKCS#12 bundle is encrypted, and the secret has no passphrase."
    return UnreadableSecretError(refuse(Code.KEY_ENCRYPTED, found))


def _opened_content(content: bytes | _Sealed, passphrase: Passphrase) -> bytes | None:
    if isinstance(content, bytes):
        return content
    plain = content.encryption.decrypt(passphrase, content.data)
    return plain if plain is not None and is_element(plain) else None


def _opened_key(key: bytes | _Sealed, passphrase: Passphrase, given: str | None) -> bytes:
    if isinstance(key, _Sealed):
        require_bearable(WHERE, [key.encryption.cost])
    opened = _opened_content(key, passphrase)
    if opened is None:
        raise _closed(given)
    return opened


def _read_bundle(data: bytes) -> _Bundle:
    """Read a PFX (RFC 7292, section 4)."""
    _, safe, *rest = sequence(only_element(data), 2)
    kind, content, *_ = sequence(safe, 2)
    if kind.identifier() != _DATA:
        raise MalformedDerError  # signed with a public key instead of a MAC
    whole = _explicit(content).octets()
    contents = tuple(_read_content(each) for each in sequence(only_element(whole), 0))
    return _Bundle(contents, _read_mac(rest[0], whole) if rest else None)


def _read_content(info: Element) -> bytes | _Sealed:
    """Read a ContentInfo: unencrypted bags, or encrypted ones (RFC 5652, section 8)."""
    kind, content, *_ = sequence(info, 2)
    if kind.identifier() == _DATA:
        return _explicit(content).octets()
    if kind.identifier() != _ENCRYPTED_DATA:
        raise UnsupportedEncryptionError
    _, encrypted, *_ = sequence(_explicit(content), 2)
    _, algorithm, data, *_ = sequence(encrypted, 3)
    return _Sealed(read_encryption(algorithm), data.octets(_IMPLICIT_0))


def _read_mac(mac: Element, whole: bytes) -> _Mac:
    info, salt, *iterations = sequence(mac, 2)
    algorithm, digest, *_ = sequence(info, 2)
    name, *parameters = sequence(algorithm, 1)
    expected = digest.octets()
    if name.identifier() == PBMAC1:
        return _read_pbmac1(parameters, expected, whole)
    hashed = known(DIGESTS, name)
    rounds = positive(iterations[0]) if iterations else 1
    derive = partial(derive_pkcs12, hashed, salt.octets(), rounds)

    def verifies(passphrase: Passphrase) -> bool:
        key = derive(passphrase, MAC_ID, len(expected))
        return hmac.compare_digest(hmac.digest(key, whole, hashed), expected)

    return _Mac(Cost(rounds), verifies)


def _read_pbmac1(parameters: list[Element], expected: bytes, whole: bytes) -> _Mac:
    """RFC 9579."""
    if not parameters:
        raise MalformedDerError
    function, authentication, *_ = sequence(parameters[0], 2)
    derivation = read_derivation(function)
    hashed = known(HMACS, sequence(authentication, 1)[0])

    def verifies(passphrase: Passphrase) -> bool:
        key = derivation.derive(passphrase, len(expected))
        return hmac.compare_digest(hmac.digest(key, whole, hashed), expected)

    return _Mac(derivation.cost, verifies)


def _bags(contents: Iterable[bytes]) -> _Bags:
    """Return the keys and certificates in contents, including those in nested bags."""
    keys: list[bytes | _Sealed] = []
    certificates: list[bytes] = []
    for kind, value in _flattened(contents, 0):
        if kind == _KEY_BAG:
            keys.append(value.encoded)
        elif kind == _SHROUDED_BAG:
            algorithm, data, *_ = sequence(value, 2)
            keys.append(_Sealed(read_encryption(algorithm), data.octets()))
        elif kind == _CERTIFICATE_BAG:
            form, certificate, *_ = sequence(value, 2)
            if form.identifier() == _X509:
                certificates.append(_explicit(certificate).octets())
    return _Bags(tuple(keys), tuple(certificates))


def _flattened(contents: Iterable[bytes], depth: int) -> Iterator[tuple[str, Element]]:
    """Yield the kind and the value of each bag."""
    if depth > _DEEPEST:
        raise MalformedDerError
    for content in contents:
        for bag in sequence(only_element(content), 0):
            name, value, *_ = sequence(bag, 2)
            inner = _explicit(value)
            if name.identifier() == _NESTED_BAG:
                yield from _flattened([inner.encoded], depth + 1)
            else:
                yield name.identifier(), inner


def _explicit(element: Element) -> Element:
    """Return the element inside an element with the tag [0]."""
    inner = element.children(EXPLICIT_0)
    if len(inner) != 1:
        raise MalformedDerError
    return inner[0]
