"""The subject and body of a mail, cut to the limits of SNS.

Source: SNS API Reference, Publish: a subject has less than 100 characters, without line breaks or
control characters; a message has at most 262,144 bytes of UTF-8. Subjects are ASCII, which older
versions of that page required and every mail program shows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from certrotation.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

LONGEST_SUBJECT = 99
MOST_BYTES = 255 * 1024
"""The largest body; the limit of SNS less a kibibyte for the subject."""

LONGEST_LINE = 2_000
"""The most characters in a line: an AWS error or a list of names may be far longer."""

_LONGEST_STACK = 32
_GAP = "..."


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """A subject and a body within the limits of SNS."""

    subject: str
    body: str

    @classmethod
    def of(cls, *, stack: str, says: str, about: str = "", lines: Sequence[str]) -> Notice:
        """Return a notice with the subject `stack: says about`.

        Args:
            stack: the stack's name; several stacks may write to one mailbox.
            says: what happened, in one to three words.
            about: a name, which is shortened in the middle if the subject is too long.
            lines: the body; if it is too long, a line that says so replaces the last lines.
        """
        head = f"{shortened(stack, _LONGEST_STACK)}: {says}{' ' if about else ''}"
        subject = head + shortened(about, LONGEST_SUBJECT - len(head))
        return cls(
            subject="".join(each if " " <= each <= "~" else "?" for each in subject),
            body=_body([on_one_line(each) for each in lines]),
        )


def shortened(text: str, most: int) -> str:
    """Return the beginning and the end of the text, in at most `most` characters."""
    if len(text) <= most:
        return text
    kept = most - len(_GAP)
    return f"{text[: kept - kept // 2]}{_GAP}{text[len(text) - kept // 2 :]}"


def on_one_line(text: str) -> str:
    """Return the text without line breaks and control characters; the indentation is kept.

    Parts of a notice are untrusted: whoever can queue a message chooses the name of a secret.
    """
    indented = len(text) - len(text.lstrip(" "))
    words = " ".join(text.split())
    return " " * indented + shortened(
        "".join(each if each.isprintable() else "?" for each in words), LONGEST_LINE
    )


def at(moment: datetime) -> str:
    """Return a time in UTC, to the minute, for a person to read."""
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
    return f"{number:,} more lines exceed the size limit of SNS. See the log of the function."
