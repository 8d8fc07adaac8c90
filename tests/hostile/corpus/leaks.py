"""Looks for pieces of secrets in what was said."""

from __future__ import annotations

import base64
import json
import re
from functools import cache
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from certrotation.core.material.decoding import UnreadableSecretError
from certrotation.core.material.pkcs12 import decode_pkcs12
from certrotation.core.material.private_keys import load_private_keys

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from certrotation.core.material.secret_value import SecretValue

_KEY = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----(.*?)(?:-----END|\Z)", re.DOTALL)

PIECE = 16
"""So many letters of a secret in a row are a leak."""


def pieces_of(value: SecretValue) -> set[str]:
    """Return every piece of what the value holds, and of its keys however they are spelled."""
    spelled = [*_strings(value), *_keys(value)]
    return {piece for each in spelled for piece in _pieces(each)}


def leaks(said: str, secrets: set[str], whole: Iterable[str] = ()) -> list[str]:
    """Return the secret pieces and whole secrets that stand in what was said."""
    found = set(_pieces(said.replace("\\n", ""))) & secrets
    return [*sorted(found)[:3], *(each for each in whole if each in said)]


def passphrase_of(value: SecretValue) -> str | None:
    """Return the passphrase, if the value has one long enough to be recognised."""
    fields = _fields(value)
    found = fields.get("passphrase") if isinstance(fields, dict) else None
    return found if isinstance(found, str) and len(found) > 7 else None


def _pieces(spelled: str) -> Iterator[str]:
    plain = "".join(spelled.split())
    return (plain[at : at + PIECE] for at in range(len(plain) - PIECE + 1))


def _strings(value: SecretValue) -> Iterator[str]:
    """Yield every string in the value, or the value itself."""
    if value.binary is not None:
        yield from _spellings(value.binary)
    if value.text is not None:
        fields = _fields(value)
        for each in _texts(fields) if fields is not None else (value.text,):
            # A certificate is public, and so are the words around it: they hold its names.
            yield from _KEY.findall(each) if "BEGIN CERTIFICATE" in each else (each,)


def _fields(value: SecretValue) -> Any:
    try:
        return json.loads((value.text or "").lstrip("\ufeff"))
    except (ValueError, RecursionError):
        return None


def _texts(document: Any) -> Iterator[str]:
    """Yield every string in a JSON document."""
    if isinstance(document, str):
        yield document
    elif isinstance(document, dict | list):
        for each in document.values() if isinstance(document, dict) else document:
            yield from _texts(each)


def _keys(value: SecretValue) -> Iterator[str]:
    """Yield the keys that can be read, in each spelling."""
    fields = _fields(value)
    passphrase = passphrase_of(value)
    secret = passphrase.encode("utf-8", "replace").decode() if passphrase else None
    strings = list(_texts(fields)) if fields is not None else [value.text or ""]
    for each in strings:
        if "PRIVATE KEY" in each:
            yield from _key_spellings(each, secret)
    if isinstance(fields, dict) and isinstance(fields.get("pkcs12"), str):
        yield from _bundle_spellings(fields["pkcs12"], secret)


def _key_spellings(pem: str, passphrase: str | None) -> Iterator[str]:
    """Yield the spellings of keys that the product reads: what it cannot read it cannot tell."""
    try:
        for key in load_private_keys("", [pem], passphrase):
            yield from _spelled_key(key)
    except UnreadableSecretError:
        return


def _bundle_spellings(text: str, passphrase: str | None) -> Iterator[str]:
    try:
        yield from _spelled_key(decode_pkcs12(base64.b64decode(text), passphrase).private_key)
    except (UnreadableSecretError, ValueError):
        return


def _spelled_key(key: Any) -> Iterator[str]:
    der = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    return iter(_spellings(der))


@cache
def _spellings(data: bytes) -> tuple[str, ...]:
    """Return bytes in hexadecimal, and in base64 wherever in a group of three they begin."""
    return (
        data.hex(),
        data.hex().upper(),
        data.hex(":"),
        *(base64.b64encode(bytes(shift) + data)[shift and 4 :].decode() for shift in range(3)),
        base64.b64encode(base64.b64encode(data)).decode(),
    )
