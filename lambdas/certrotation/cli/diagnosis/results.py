"""The result of a check: what was found, what to do, and where the documents say more."""

from __future__ import annotations

from enum import StrEnum
from functools import partial
from typing import TYPE_CHECKING

from certrotation.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Sequence

_MOST_NAMED = 10


class Health(StrEnum):
    """What a check came to."""

    OK = "ok"
    WARNING = "warning"
    """Nothing fails now."""
    WRONG = "wrong"
    """Something fails, or nobody would notice if it did."""
    UNKNOWN = "unknown"
    """The check could not be made."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One line of a diagnosis."""

    check: str
    health: Health
    found: str
    remedy: str = ""
    link: str = ""
    """A file of the documents, with a heading."""


def ok(check: str, found: str) -> Result:
    """Return the result of a check that found nothing."""
    return Result(check=check, health=Health.OK, found=found)


warning = partial(Result, health=Health.WARNING)
wrong = partial(Result, health=Health.WRONG)
unknown = partial(Result, health=Health.UNKNOWN)


def named(names: Sequence[str]) -> str:
    """Return the first names, and how many more there are."""
    more = len(names) - _MOST_NAMED
    return f"{', '.join(names[:_MOST_NAMED])}{f' and {more} more' if more > 0 else ''}"
