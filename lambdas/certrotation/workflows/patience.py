"""Waits until the function must end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from certrotation.errors import NotYet
from certrotation.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True, slots=True, kw_only=True)
class UntilDeadline:
    """Waits as long as time remains; `sleep` and `remaining` are those of the function."""

    remaining: Callable[[], float]
    """The seconds that are left for the work."""
    sleep: Callable[[float], None]

    def wait(self, for_what: str, seconds: float) -> None:
        """Wait.

        Raises:
            NotYet: the function would have to end first; what is awaited goes on meanwhile.
        """
        if seconds >= self.remaining():
            raise NotYet(
                f"The time is up before {for_what}.", "The next attempt goes on from here."
            )
        self.sleep(seconds)
