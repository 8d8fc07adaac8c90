"""The record of a drill, from which steps are counted. It holds no key and no secret value."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

_KEY = re.compile(
    r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----.*?(?:-----END (?:[A-Z]+ )*PRIVATE KEY-----|\Z)",
    re.DOTALL,
)
_SECRET_OPTIONS = {"--secret-string", "--secret-binary", "--private-key", "--passphrase"}
_SECRET_MEMBERS = {"SecretString", "SecretBinary", "PrivateKey", "Passphrase"}
_LONGEST = 20_000
"""Characters of an answer."""

HIDDEN = "***"


class Transcript:
    """Lines of JSON, written at once."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def add(self, kind: str, **what: Any) -> None:
        """Write an entry."""
        entry = {"kind": kind} | {key: without_keys(value) for key, value in what.items()}
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(entry, default=str) + "\n")


def without_keys(value: Any) -> Any:
    """Return a value without private keys and secret values."""
    match value:
        case str():
            return _KEY.sub(HIDDEN, value)[:_LONGEST]
        case bytes() | bytearray():
            return HIDDEN
        case dict():
            return {
                key: HIDDEN if key in _SECRET_MEMBERS else without_keys(each)
                for key, each in value.items()
            }
        case list() | tuple():
            return [
                HIDDEN if number and value[number - 1] in _SECRET_OPTIONS else _word(each)
                for number, each in enumerate(value)
            ]
        case _:
            return value


def _word(word: Any) -> Any:
    """Return a word of a command without the value that may stand in it."""
    if isinstance(word, str) and word.partition("=")[0] in _SECRET_OPTIONS:
        return f"{word.partition('=')[0]}={HIDDEN}"
    return without_keys(word)
