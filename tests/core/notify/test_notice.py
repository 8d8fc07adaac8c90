"""What is mailed fits into what SNS takes."""

from __future__ import annotations

import re

import pytest

from certrotation.core.notify import notice
from certrotation.core.notify.notice import LONGEST_LINE, LONGEST_SUBJECT, MOST_BYTES, Notice, at
from tests.core.samples import NOW

SNS_TAKES = 256 * 1024


def of(*lines: str, stack: str = "tls", says: str = "refused", about: str = "tls/shop") -> Notice:
    return Notice.of(stack=stack, says=says, about=about, lines=lines)


@pytest.mark.parametrize(
    ("stack", "about", "subject"),
    [
        ("tls", "tls/shop", "tls: refused tls/shop"),
        ("tls", "", "tls: refused"),
        ("tls", "tls/sh\u00f6p\n\x7f", "tls: refused tls/sh?p??"),
        ("tls", "a" * 60 + "b" * 60, "tls: refused " + "a" * 42 + "..." + "b" * 41),
        ("s" * 128, "tls/shop", "s" * 15 + "..." + "s" * 14 + ": refused tls/shop"),
    ],
)
def test_a_subject_names_the_stack_and_what_it_is_about(
    stack: str, about: str, subject: str
) -> None:
    assert of(stack=stack, about=about).subject == subject


@pytest.mark.parametrize("length", range(80, 90))
def test_a_subject_is_shorter_than_a_hundred_printable_characters(length: int) -> None:
    subject = of(about="\u2028" * length).subject

    assert len(subject) <= LONGEST_SUBJECT < 100
    assert re.fullmatch(r"[ -~]+", subject)


def test_a_line_is_one_line_and_keeps_its_indentation() -> None:
    line = "  a\r\nSubject: b\u2029c\x00\x1bd  e\ud800"

    assert of(line).body == "  a Subject: b c??d e?"
    of(line).body.encode()


@pytest.mark.parametrize("length", [LONGEST_LINE, LONGEST_LINE + 1])
def test_a_line_is_shortened_in_its_midst(length: int) -> None:
    body = of("a" * (length - 1) + "z").body

    assert len(body) == LONGEST_LINE
    assert body.endswith("z")
    assert ("..." in body) is (length > LONGEST_LINE)


def test_what_fits_to_the_byte_is_not_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notice, "MOST_BYTES", 12)

    assert of("\u00e4\u00e4", "\u00e4\u00e4.").body == "\u00e4\u00e4\n\u00e4\u00e4."


@pytest.mark.parametrize("letter", ["x", "\u20ac"])
def test_what_is_too_much_is_cut_with_a_line_that_says_so(letter: str) -> None:
    lines = [f"{number}{letter * 90}" for number in range(3_000)]

    body = of(*lines).body

    *kept, last = body.split("\n")
    assert kept == lines[: len(kept)]
    left = len(lines) - len(kept)
    assert last.startswith(f"{left:,} more lines")
    assert MOST_BYTES - 400 < len(body.encode()) <= MOST_BYTES < SNS_TAKES


def test_a_time_is_told_in_utc_to_the_minute() -> None:
    assert at(NOW) == "2026-06-01 12:00 UTC"
