"""The functions without threads: what they do at once is done one after the other."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any, Self
from unittest.mock import patch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator


class _OneAfterTheOther:
    """A ThreadPoolExecutor without threads."""

    def __init__(self, max_workers: int) -> None:
        del max_workers

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def map(self, work: Callable[[Any], Any], items: Iterable[Any]) -> list[Any]:
        return [work(each) for each in items]


@contextmanager
def one_after_the_other() -> Iterator[None]:
    """Let both functions work on their Regions one after the other until exit."""
    with ExitStack() as stack:
        for workflow in ("rotate", "scan"):
            stack.enter_context(
                patch(f"certrotation.workflows.{workflow}.ThreadPoolExecutor", _OneAfterTheOther)
            )
        yield
