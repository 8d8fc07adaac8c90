"""What the stage's services raise, and the type of what answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.oncall.drill.stage import Stage

Params: TypeAlias = "Mapping[str, Any]"
Answer: TypeAlias = "Callable[[Stage, Params], dict[str, Any]]"


class RefusalError(Exception):
    """An error as AWS answers it."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.code, self.message, self.status = code, message, status


class NotModelledError(RefusalError):
    """The account would answer, and the drill cannot: somebody has to add it."""

    def __init__(self, what: str) -> None:
        super().__init__("NotModelled", f"drill: not modelled: {what}", 501)
