"""Finds the PEM blocks (RFC 7468) in a text, even if its line breaks were escaped or lost."""

from __future__ import annotations

import base64
import codecs
import re
from typing import TYPE_CHECKING
from urllib.parse import unquote

from certrotation.values import dataclass, field, replace

if TYPE_CHECKING:
    from collections.abc import Iterator

_MARKER = re.compile(r"-----(BEGIN|END) ([A-Z0-9][A-Z0-9 ]{0,40})-----")
_BASE64 = re.compile(r"(?:[A-Za-z0-9+/]{4})*+(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?")
# The other patterns are rare, so they are compiled on first use.
_ESCAPED_BREAK = r"(?<!\\)\\++[nrt]"
_ESCAPED_LETTER = r"(?<!\\)\\++u00([0-7][0-9A-Fa-f])"
"""Encoders for web pages write + and line breaks so, in JSON inside JSON."""
_ESCAPED_SLASH = r"(?<!\\)\\++/"
_ENCRYPTED = (
    r"\s*Proc-Type:\s*4,ENCRYPTED\s+DEK-Info:\s*"
    r"(?:(AES-(?:128|256)-CBC),([0-9A-F]{32})|(DES-EDE3-CBC),([0-9A-F]{16}))\s*"
)
"""The ciphers that cryptography decrypts. With others a correct passphrase would seem wrong."""
_HEADERS = r"\s*(?:[A-Za-z][A-Za-z-]{0,40}:[^\n]*\n)+"

CUT_OFF = "cut off"
"""The fault of a block without an END line."""
DAMAGED = "damaged base64"
"""The fault of a block whose base64 is invalid."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """One PEM block; the repr shows only the label."""

    label: str
    data: bytes = field(default=b"", repr=False)
    """The decoded content; a block with a fault has none."""
    fault: str = ""
    """Why the content cannot be decoded: one of CUT_OFF and DAMAGED, or an empty string."""
    encryption: tuple[str, str] | None = field(default=None, repr=False)
    """Cipher and initialization vector of a key in OpenSSL's old form (RFC 1421, 4.6.1.3)."""
    is_unknown_encryption: bool = False
    """Whether the key has that form with another cipher."""

    def to_pem(self) -> bytes:
        """Return the block in the form that OpenSSL writes."""
        lines = [f"-----BEGIN {self.label}-----\n".encode()]
        if self.encryption:
            lines.append(
                f"Proc-Type: 4,ENCRYPTED\nDEK-Info: {','.join(self.encryption)}\n\n".encode()
            )
        lines += [base64.encodebytes(self.data), f"-----END {self.label}-----\n".encode()]
        return b"".join(lines)


def blocks_of(text: str) -> Iterator[Block]:
    """Yield the blocks in `text`, in order; text around them is ignored."""
    if "\\" in text:
        text = re.sub(_ESCAPED_SLASH, "/", re.sub(_ESCAPED_BREAK, "\n", text))
        text = re.sub(_ESCAPED_LETTER, lambda found: chr(int(found[1], 16)), text)
    if "%" in text:
        text = unquote(text)
    begin: re.Match[str] | None = None
    for marker in _MARKER.finditer(text):
        if marker[1] == "END" and begin is not None and begin[2] == marker[2]:
            yield _block(marker[2], text[begin.end() : marker.start()])
            begin = None
            continue
        if begin is not None:
            yield Block(label=begin[2], fault=CUT_OFF)
        begin = marker if marker[1] == "BEGIN" else None
    if begin is not None:
        yield Block(label=begin[2], fault=CUT_OFF)


def _block(label: str, body: str) -> Block:
    if ":" not in body:
        return _decoded(Block(label=label), body)
    encrypted = re.match(_ENCRYPTED, body)
    if encrypted:
        cipher, vector = (each for each in encrypted.groups() if each)
        return _decoded(Block(label=label, encryption=(cipher, vector)), body[encrypted.end() :])
    headers = re.match(_HEADERS, body)
    if headers is None:
        return Block(label=label, fault=DAMAGED)
    is_unknown = "Proc-Type" in headers[0]
    return _decoded(Block(label=label, is_unknown_encryption=is_unknown), body[headers.end() :])


def _decoded(block: Block, text: str) -> Block:
    """Return the block with its content, or with its fault if the content is not base64."""
    data = decoded_base64(text)
    return replace(block, fault=DAMAGED) if data is None else replace(block, data=data)


def decoded_base64(text: str) -> bytes | None:
    """Return decoded base64, ignoring white space, or None if it is invalid."""
    dense = "".join(text.split())
    return base64.b64decode(dense) if _BASE64.fullmatch(dense) else None


def decoded_text(data: bytes) -> str:
    """Return bytes as text: UTF-16 with its byte order mark, as Windows writes it, else UTF-8."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return data.decode("utf-16", "replace")
    return data.decode(errors="replace")
