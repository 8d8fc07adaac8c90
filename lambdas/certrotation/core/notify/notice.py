"""A text that is mailed to people, cut to what SNS takes.

Sources: SNS API Reference, Publish: a subject is less than 100 characters long, without line breaks
or control characters; a message is at most 262,144 bytes of UTF-8. Subjects are kept to ASCII,
which SNS asked for until lately and every mail program shows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

LONGEST_SUBJECT = 99
MOST_BYTES = 255 * 1024
"""Of a body; a kibibyte of what SNS takes is left for the subject."""

LONGEST_LINE = 2_000
"""Characters of one line: an error of AWS, or a list of names, may be far longer."""

_LONGEST_STACK = 32
_GAP = "..."


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """A subject and a body, fit to be published."""

    subject: str
    body: str

    @classmethod
    def of(cls, *, stack: str, says: str, about: str = "", lines: Sequence[str]) -> Notice:
        """Return a notice whose subject names the stack and what it is about, if anything.

        Args:
            stack: the stack's name; several may write to one mailbox.
            says: what happened, in a word or two.
            about: a name, which is shortened in its midst if there is no room for it.
            lines: the body; where there are too many the last ones give way to one that says so.
        """
        head = f"{shortened(stack, _LONGEST_STACK)}: {says}{' ' if about else ''}"
        subject = head + shortened(about, LONGEST_SUBJECT - len(head))
        return cls(
            subject="".join(each if " " <= each <= "~" else "?" for each in subject),
            body=_body([on_one_line(each) for each in lines]),
        )


def shortened(text: str, most: int) -> str:
    """Return the text in at most so many characters: its beginning and its end."""
    if len(text) <= most:
        return text
    kept = most - len(_GAP)
    return f"{text[: kept - kept // 2]}{_GAP}{text[len(text) - kept // 2 :]}"


def on_one_line(text: str) -> str:
    """Return the text without line breaks and control characters; its indentation stays.

    Parts of a notice come from outside: whoever can queue a message chooses a secret's name.
    """
    indented = len(text) - len(text.lstrip(" "))
    words = " ".join(text.split())
    return " " * indented + shortened(
        "".join(each if each.isprintable() else "?" for each in words), LONGEST_LINE
    )


def at(moment: datetime) -> str:
    """Return a time for a person, in UTC and to the minute."""
    return f"{moment:%Y-%m-%d %H:%M} UTC"


def _body(lines: Sequence[str]) -> str:
    weights = [len(each.encode()) + 1 for each in lines]
    if sum(weights) <= MOST_BYTES:
        return "\n".join(lines)
    kept, weight = 0, len(_cut(len(lines)).encode())
    while weight + weights[kept] <= MOST_BYTES:
        weight += weights[kept]
        kept += 1
    return "\n".join((*lines[:kept], _cut(len(lines) - kept)))


def _cut(number: int) -> str:
    return f"Cut here: {number:,} more lines are over what SNS takes. The function's log has all."
