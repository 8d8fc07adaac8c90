"""Compares distinguished names as clients do, whatever string type and case they are written in."""

from __future__ import annotations

import string
from functools import lru_cache
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from cryptography import x509

CanonicalName: TypeAlias = tuple[frozenset[tuple[str, str | bytes]], ...]
"""The relative distinguished names of a name, in order; equal values mean the same name."""

_TO_LOWER = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)


@lru_cache(maxsize=1024)
def canonical_name(name: x509.Name) -> CanonicalName:
    """Return `name` in the form in which OpenSSL compares names (RFC 5280, section 7.1).

    String types, ASCII case, and leading, trailing and repeated blanks make no difference.
    """
    return tuple(
        frozenset((each.oid.dotted_string, _canonical(each.value)) for each in relative)
        for relative in name.rdns
    )


def _canonical(value: str | bytes) -> str | bytes:
    if isinstance(value, bytes):
        return value
    words = (word for word in value.translate(_TO_LOWER).replace("\t", " ").split(" ") if word)
    return " ".join(words)
