"""Calls a loader of cryptography and turns every error into a value.

The errors of cryptography can quote the input, including keys and passphrases, and a fault in its
Rust code raises PanicException, which is not an Exception. So no error of a loader is passed on.
"""

from __future__ import annotations

from enum import Enum, auto
from typing import TYPE_CHECKING, TypeVar

from cryptography.exceptions import UnsupportedAlgorithm

if TYPE_CHECKING:
    from collections.abc import Callable

_T = TypeVar("_T")


class Failure(Enum):
    """The reason why a loader failed."""

    UNSUPPORTED = auto()
    UNREADABLE = auto()


def attempt(load: Callable[[], _T]) -> _T | Failure:
    """Return the result of `load`, or why it failed."""
    try:
        return load()
    except UnsupportedAlgorithm:
        return Failure.UNSUPPORTED
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException:  # noqa: BLE001  PanicException is one of these
        return Failure.UNREADABLE
