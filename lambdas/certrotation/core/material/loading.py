"""Calls a loader of cryptography's, and survives whatever that raises.

Its errors can quote what was read, a key or a passphrase among it, and a fault in its Rust code
raises PanicException, which is no Exception. So nothing that a loader raises leaves this module.
"""

from __future__ import annotations

from enum import Enum, auto
from typing import TYPE_CHECKING, TypeVar

from cryptography.exceptions import UnsupportedAlgorithm

if TYPE_CHECKING:
    from collections.abc import Callable

_T = TypeVar("_T")


class Failure(Enum):
    """Why nothing was loaded."""

    UNSUPPORTED = auto()
    UNREADABLE = auto()


def attempt(load: Callable[[], _T]) -> _T | Failure:
    """Return what `load` returns, or how it failed."""
    try:
        return load()
    except UnsupportedAlgorithm:
        return Failure.UNSUPPORTED
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException:  # noqa: BLE001  PanicException is one of these
        return Failure.UNREADABLE
