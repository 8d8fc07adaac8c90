import pytest

from certrotation.core.material.der import MalformedDerError, elements, only_element
from tests.support.bundles import element, explicit, identifier, integer, octets, sequence


def test_a_structure_is_read_without_decoding_its_values() -> None:
    first, second = only_element(sequence(integer(-129), octets(b"x" * 300))).children(0x30)
    assert (first.tag, first.integer()) == (0x02, -129)
    assert (second.tag, second.octets()) == (0x04, b"x" * 300)
    assert second.encoded == octets(b"x" * 300)
    assert only_element(identifier("1.2.840.113549")).identifier() == "2a864886f70d"


def test_no_repr_shows_a_content() -> None:
    assert repr(only_element(octets(b"hunter2"))) == "Element(tag=0x04)"


def indefinite(tag: int, *contents: bytes) -> bytes:
    return bytes([tag, 0x80]) + b"".join(contents) + b"\0\0"


def test_ber_may_leave_lengths_open_and_cut_strings_into_pieces() -> None:
    pieces = indefinite(0x24, octets(b"ab"), octets(b"cd"))
    (string, number) = only_element(indefinite(0x30, pieces, integer(7))).children()
    assert string.octets() == b"abcd"
    assert string.encoded == pieces
    assert number.integer() == 7
    assert only_element(indefinite(0xA0, octets(b"x"))).octets(0x80) == b"x"


def nested(depth: int) -> bytes:
    return b"\x30\x80" * depth + b"\0\0" * depth


MALFORMED = {
    "nothing": b"",
    "a tag alone": b"\x30",
    "a long tag": b"\x1f\x81\x01\x00",
    "a length that breaks off": b"\x30\x82\x01",
    "a length of five bytes": b"\x30\x85\x01\x00\x00\x00\x00",
    "more length than bytes": b"\x30\x05\x02\x01\x01",
    "something behind": sequence() + b"\x05\x00",
    "no end": b"\x30\x80\x02\x01\x01",
    "half an end": b"\x30\x80\x00",
    "an open length of a primitive": b"\x04\x80\x00\x00",
    "open lengths without end": nested(14),
    "open lengths by the thousand": b"\x30\x80" * 32_000,
}


@pytest.mark.parametrize("kind", MALFORMED)
def test_what_is_no_structure_is_one_error(kind: str) -> None:
    with pytest.raises(MalformedDerError):
        only_element(MALFORMED[kind])


def test_lengths_may_be_left_open_as_deep_as_tools_do() -> None:
    assert only_element(nested(12)).tag == 0x30


@pytest.mark.parametrize(
    "read",
    [
        lambda: only_element(octets(b"x")).children(0x30),
        lambda: only_element(octets(b"x")).integer(),
        lambda: only_element(b"\x02\x00").integer(),
        lambda: only_element(octets(b"x")).identifier(),
        lambda: only_element(integer(1)).octets(),
        lambda: only_element(element(0x24, integer(1))).octets(),
        lambda: only_element(element(0x24, element(0x24, octets(b"x")))).octets(),
        lambda: only_element(explicit(b"\x30")).children(),
    ],
)
def test_another_kind_than_was_asked_for_is_the_same_error(read: object) -> None:
    assert callable(read)
    with pytest.raises(MalformedDerError):
        read()


def test_elements_stand_one_after_the_other() -> None:
    assert [each.tag for each in elements(integer(1) + octets(b""))] == [0x02, 0x04]
