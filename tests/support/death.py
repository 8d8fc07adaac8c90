"""The end of the process in the middle of its work."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.double import Call, EmbeddedAws


class DeathError(BaseException):
    """The process is gone; nothing that the service catches."""


@contextmanager
def dying(
    aws: EmbeddedAws, when: Literal["before", "after"], kills: Callable[[Call], bool]
) -> Iterator[None]:
    """Let the process die before or after the first call that `kills` says, until exit.

    A dead process makes no more calls: those of its other threads die as well.
    """
    is_dead = False

    def die(call: Call) -> None:
        nonlocal is_dead
        is_dead = is_dead or kills(call)
        if is_dead:
            raise DeathError

    def stay_dead(call: Call) -> None:
        del call
        if is_dead:
            raise DeathError

    place = aws.before if when == "before" else aws.after
    with place(die), aws.before(stay_dead):
        yield
