"""Changes one member of AWS's answers at a time, in every story, and looks at the end.

    python -m tests.hostile.members

Botocore's models say which members an answer may have. Each member that a model does not require
is left out; each enumeration gets a value that no model knows; each list that was left out comes
as an empty one; each structure gets a member that no model knows. The change lasts for the whole
story. The story must then end in a documented way: never in a bug, never less safe than without
the change, and never differently without a word.
"""

from __future__ import annotations

import os
import sys
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from rich.console import Console
from rich.table import Table

from tests.hostile.plays import play
from tests.hostile.stories import STORIES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from botocore.client import BaseClient
    from botocore.model import OperationModel, Shape

    from tests.double import Call
    from tests.hostile.plays import Ending
    from tests.simulation.estate import Estate

    Path: TypeAlias = tuple[str, ...]

Kind: TypeAlias = Literal["left out", "unknown value", "empty list", "unknown member"]

EACH = "*"
"""Stands in a path for every element of a list."""
DEEPEST = 8
"""Levels of an answer that are walked through."""
NEW = "CERTROTATION_NEW"
"""A value, and the name of a member, that no model knows."""


@dataclass(frozen=True, slots=True, order=True, kw_only=True)
class Variation:
    """One member of the answers to one operation, and what becomes of it."""

    service: str
    operation: str
    path: Path
    kind: Kind

    def __str__(self) -> str:
        return f"{self.service} {self.operation} {'.'.join(self.path)}: {self.kind}"


@dataclass(kw_only=True)
class Varied:
    """A fault schedule: the variation in every round; it also notes what could be varied."""

    variation: Variation | None = None
    """None changes nothing."""
    found: set[Variation] = field(default_factory=set)
    deletions: int = 0

    @contextmanager
    def __call__(self, estate: Estate, number: int) -> Iterator[None]:
        """Change the answers until the round ends."""
        del number
        with estate.aws.changing(self._change):
            yield

    def _change(self, client: BaseClient, call: Call, answer: Any) -> None:
        if call.operation == "ReceiveMessage":
            return  # Lambda receives the messages, not the functions.
        self.deletions += call.operation == "DeleteCertificate"
        operation = client.meta.service_model.operation_model(call.operation)
        if self.variation is None:
            self.found.update(variations_of(call.service, operation, answer))
        elif (call.service, call.operation) == (self.variation.service, self.variation.operation):
            vary(answer, self.variation.path, self.variation.kind)


def variations_of(service: str, operation: OperationModel, answer: Any) -> Iterator[Variation]:
    """Yield every variation of one answer."""
    if operation.output_shape is not None:
        for path, kind in _walk(operation.output_shape, answer, ()):
            yield Variation(service=service, operation=operation.name, path=path, kind=kind)


def _walk(shape: Shape, value: Any, path: Path) -> Iterator[tuple[Path, Kind]]:
    match value:
        case dict() if shape.type_name == "structure" and len(path) < DEEPEST:
            yield (*path, NEW), "unknown member"
            for name, member in shape.members.items():  # type: ignore[attr-defined]
                yield from _of_member(shape, name, member, value, (*path, name))
        case list() if shape.type_name == "list":
            for each in value:
                yield from _walk(shape.member, each, (*path, EACH))  # type: ignore[attr-defined]


def _of_member(
    shape: Shape, name: str, member: Shape, value: Mapping[str, Any], path: Path
) -> Iterator[tuple[Path, Kind]]:
    if name not in value:
        if member.type_name == "list":
            yield path, "empty list"
        return
    if name not in shape.required_members:
        yield path, "left out"
    if getattr(member, "enum", None):
        yield path, "unknown value"
    yield from _walk(member, value[name], path)


def vary(answer: Any, path: Path, kind: Kind) -> None:
    """Change an answer in place; a path that an answer does not have changes nothing."""
    first, *rest = path
    if rest:
        inner = answer if first == EACH else [answer[first]] if first in answer else []
        for each in inner:
            vary(each, tuple(rest), kind)
    elif kind == "left out":
        answer.pop(first, None)
    elif kind == "empty list":
        answer.setdefault(first, [])
    elif kind == "unknown member" or first in answer:
        answer[first] = NEW


@dataclass(frozen=True, kw_only=True)
class Result:
    """What one variation did to one story."""

    story: str
    variation: Variation
    outcome: Literal["the same end", "another end, reported", "broken"]
    wrongs: tuple[str, ...] = ()


def undisturbed(story: str) -> tuple[Ending, Varied]:
    """Play a story without a change, and find every variation of its answers."""
    nothing = Varied()
    return play(story, nothing), nothing


def play_variation(story: str, variation: Variation, right: Ending, deletions: int) -> Result:
    """Play a story under one variation, and judge the end.

    Args:
        story: the story's name.
        variation: what is changed.
        right: how the undisturbed story ends.
        deletions: how many certificates the undisturbed story deletes.
    """
    varied = Varied(variation=variation)
    ending = play(story, varied)
    wrongs = [*ending.crashes, *(f"gap at {each}" for each in ending.gaps)]
    reports = ending.reports - right.reports
    if ending.doubled and not reports:
        wrongs.append("imported twice into one ARN, and nothing reported")
    if varied.deletions > deletions:
        wrongs.append(f"{varied.deletions} certificates deleted instead of {deletions}")
    is_same = ending.end_state == right.end_state and ending.strays == right.strays
    if not is_same and not reports and not ending.dead_letters:
        wrongs.append("another end, and nothing reported")
    outcome: Any = "broken" if wrongs else "the same end" if is_same else "another end, reported"
    return Result(story=story, variation=variation, outcome=outcome, wrongs=tuple(wrongs))


def play_variations(story: str, every: int = 1, first: int = 0) -> list[Result]:
    """Play the variations of a story on all processors: all, or every n-th from the first."""
    right, nothing = undisturbed(story)
    chosen: Sequence[Variation] = sorted(nothing.found)[first::every]
    count = len(chosen)
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        return [
            *pool.map(
                play_variation,
                [story] * count,
                chosen,
                [right] * count,
                [nothing.deletions] * count,
                chunksize=4,
            )
        ]


def main() -> int:
    """Play every variation of every story; print a table; return how many broke a promise."""
    console = Console()
    table = Table(
        *("story", "variations", "the same end", "another end, reported", "broken"),
        title="one member of AWS's answers is changed, for the whole story",
        title_justify="left",
    )
    broken = 0
    for story in sys.argv[1:] or STORIES:
        results = play_variations(story)
        for each in results:
            if each.wrongs:
                console.print(story, str(each.variation), *each.wrongs, sep="\n  ")
        counts = Counter(each.outcome for each in results)
        shown = (counts[each] for each in ("the same end", "another end, reported", "broken"))
        table.add_row(story, str(len(results)), *map(str, shown))
        broken += counts["broken"]
    console.print(table)
    return broken


if __name__ == "__main__":
    sys.exit(min(main(), 1))
