"""Decrypts RC2 (RFC 2268): OpenSSL before 3 and Windows encrypt certificates in PKCS#12 with it.

These tools use keys of 40 bits; cryptography supports RC2 only with keys of 128 bits.
"""

from __future__ import annotations

import struct

BLOCK = 8

_PI = bytes.fromhex(
    "d978f9c419ddb5ed28e9fd794aa0d89dc67e37832b76538e624c6488448bfba2"
    "179a59f587b34f1361456d8d09817d32bd8f40eb86b77b0bf09521225c6b4e82"
    "54d66593ce60b21c7356c014a78cf1dc1275ca1f3bbee4d1423dd430a33cb626"
    "6fbf0eda4669075727f21d9bbc944303f811c7f690ef3ee706c3d52fc8661ed7"
    "08e8eade8052eef784aa72ac354d6a2a961ad2715a1549744b9fd05e0418a4ec"
    "c2e0416e0f51cbcc2491af50a1f47039997c3a8523b8b47afc02365b25559731"
    "2d5dfa98e38a92ae05df2910676cbac9d300e6cfe19ea82c6316013f58e289a9"
    "0d38341bab33ffb0bb480c5fb9b1cd2ec5f3db47e5a59c770aa62068fe7fc1ad"
)
_ROUNDS = ("mix",) * 5 + ("mash",) + ("mix",) * 6 + ("mash",) + ("mix",) * 5
_SHIFTS = (1, 2, 3, 5)
_WORD = 0xFFFF


def decrypt_cbc(key: bytes, vector: bytes, data: bytes) -> bytes:
    """Decrypt whole blocks in CBC mode; all bits of `key` are effective, as in PKCS#12."""
    words = _expand(key)
    plain = bytearray()
    for at in range(0, len(data), BLOCK):
        block = data[at : at + BLOCK]
        plain += bytes(a ^ b for a, b in zip(_decrypt(words, block), vector, strict=True))
        vector = block
    return bytes(plain)


def _expand(key: bytes) -> tuple[int, ...]:
    """Expand the key (section 2); all of its bits are effective."""
    size = len(key)
    table = bytearray(key)
    while len(table) < 128:  # noqa: PLR2004  bytes of the expanded key
        table.append(_PI[(table[-1] + table[-size]) & 0xFF])
    table[128 - size] = _PI[table[128 - size]]
    for at in range(127 - size, -1, -1):
        table[at] = _PI[table[at + 1] ^ table[at + size]]
    return struct.unpack("<64H", table)


def _decrypt(words: tuple[int, ...], block: bytes) -> bytes:
    """Decrypt one block (section 4)."""
    state = list(struct.unpack("<4H", block))
    at = len(words) - 1
    for kind in _ROUNDS:
        for place in (3, 2, 1, 0):
            one, two, three = state[place - 1], state[place - 2], state[place - 3]
            if kind == "mash":
                state[place] = (state[place] - words[one & 63]) & _WORD
                continue
            shift = _SHIFTS[place]
            turned = (state[place] >> shift) | (state[place] << (16 - shift)) & _WORD
            mixed = words[at] + (one & two) + (~one & three)
            state[place] = (turned - mixed) & _WORD
            at -= 1
    return struct.pack("<4H", *state)
