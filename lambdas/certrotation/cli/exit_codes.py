"""The exit codes of every verb."""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


class ExitCode(IntEnum):
    """What a command came to, in the order in which one code hides another."""

    DONE = 0
    """Nothing is wrong; there may be warnings and repairs."""
    ERROR = 1
    USAGE = 2
    FINDING = 3
    """A finding of severity refuse, something else is served, or a hit of `--fail-on`."""
    CHANGES = 4
    """Changes are pending."""


def first_of(codes: Iterable[ExitCode]) -> ExitCode:
    """Return the code of a command that came to several."""
    return min((each for each in codes if each is not ExitCode.DONE), default=ExitCode.DONE)
