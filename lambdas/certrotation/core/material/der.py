"""Reads the structure of DER and BER (X.690): tags, lengths and contents.

The result decides what is loaded at all, so the reader is bounded and total: it reads each byte a
bounded number of times, and raises one error for every input that has no such structure.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

INTEGER = 0x02
OCTET_STRING = 0x04
OBJECT_IDENTIFIER = 0x06
SEQUENCE = 0x30
EXPLICIT_0 = 0xA0

_CONSTRUCTED = 0x20
_HIGH_TAG = 0x1F
_LONG_FORM = 0x80
_LONGEST_LENGTH = 4
_END_OF_CONTENTS = b"\0\0"
_DEEPEST = 12


class MalformedDerError(ValueError):
    """The bytes do not have the expected structure; the message is empty."""


class Element:
    """One element: its tag, its content and its whole encoding; the repr shows only the tag."""

    __slots__ = ("content", "encoded", "tag")

    def __init__(self, tag: int, content: bytes, encoded: bytes) -> None:
        self.tag = tag
        self.content = content
        self.encoded = encoded

    def __repr__(self) -> str:
        return f"Element(tag={self.tag:#04x})"

    def children(self, tag: int | None = None) -> list[Element]:
        """Return the elements inside, after a check of this element's tag if `tag` is given."""
        if tag is not None and self.tag != tag:
            raise MalformedDerError
        return list(elements(self.content))

    def integer(self) -> int:
        """Return the value of an INTEGER."""
        if self.tag != INTEGER or not self.content:
            raise MalformedDerError
        return int.from_bytes(self.content, "big", signed=True)

    def identifier(self) -> str:
        """Return the content of an OBJECT IDENTIFIER in hexadecimal."""
        if self.tag != OBJECT_IDENTIFIER:
            raise MalformedDerError
        return self.content.hex()

    def octets(self, tag: int = OCTET_STRING) -> bytes:
        """Return the value of an OCTET STRING; in BER it can consist of pieces."""
        if self.tag == tag:
            return self.content
        if self.tag != tag | _CONSTRUCTED:
            raise MalformedDerError
        pieces = self.children()
        if any(each.tag != OCTET_STRING for each in pieces):
            raise MalformedDerError
        return b"".join(each.content for each in pieces)


def only_element(data: bytes) -> Element:
    """Return the only element in `data`.

    Raises:
        MalformedDerError: `data` is not exactly one element.
    """
    found = list(elements(data))
    if len(found) != 1:
        raise MalformedDerError
    return found[0]


def elements(data: bytes) -> Iterator[Element]:
    """Yield the elements in `data`.

    Raises:
        MalformedDerError: `data` is not a series of elements.
    """
    at = 0
    while at < len(data):
        start, end, after = _bounds(data, at, 0)
        yield Element(data[at], data[start:end], data[at:after])
        at = after


def _bounds(data: bytes, at: int, depth: int) -> tuple[int, int, int]:
    """Return where an element's content starts and ends, and where the next element starts."""
    if data[at] & _HIGH_TAG == _HIGH_TAG or depth > _DEEPEST or at + 1 >= len(data):
        raise MalformedDerError
    length, start = data[at + 1], at + 2
    if length == _LONG_FORM:
        if not data[at] & _CONSTRUCTED:
            raise MalformedDerError
        return _indefinite(data, start, depth)
    if length > _LONG_FORM:
        size = length - _LONG_FORM
        if size > _LONGEST_LENGTH:
            raise MalformedDerError
        length, start = int.from_bytes(data[start : start + size], "big"), start + size
    if start + length > len(data):
        raise MalformedDerError
    return start, start + length, start + length


def _indefinite(data: bytes, start: int, depth: int) -> tuple[int, int, int]:
    """Return the same for an element of indefinite length, which ends with two zero bytes."""
    at = start
    while data[at : at + 2] != _END_OF_CONTENTS:
        if at >= len(data):
            raise MalformedDerError
        _, _, at = _bounds(data, at, depth + 1)
    return start, at, at + 2
