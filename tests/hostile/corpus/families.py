"""Judges the whole table, family by family."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from tests.hostile.corpus.judge import judge, judge_together
from tests.hostile.corpus.row import NotRun, Row
from tests.hostile.corpus.scenes import judge_scene, scenes
from tests.hostile.corpus.table import FAMILIES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.hostile.corpus.judge import Judgement

LIVE = "compared with the live"
HANDLERS = "refused, in handlers"


@dataclass(frozen=True, kw_only=True)
class Family:
    """What became of the rows of one family."""

    title: str
    judgements: list[Judgement]
    not_run: Sequence[NotRun] = ()
    counts: bool = True
    """Whether its rows are not those of the other families once more."""

    @property
    def broken(self) -> list[Judgement]:
        """The rows for which a promise broke."""
        return [each for each in self.judgements if each.is_broken]


@cache
def rows_of(title: str) -> tuple[tuple[Row, ...], tuple[NotRun, ...]]:
    """Make the rows of a family, once: those that there are, and those that were not made."""
    made = FAMILIES[title]()
    return (
        tuple(each for each in made if isinstance(each, Row)),
        tuple(each for each in made if isinstance(each, NotRun)),
    )


def all_rows() -> list[Row]:
    """Return all rows that are judged by themselves."""
    return [each for title in FAMILIES for each in rows_of(title)[0]]


def judge_all() -> Iterator[Family]:
    """Judge every row by itself, the refused together as well, and every scene."""
    for title in FAMILIES:
        rows, not_run = rows_of(title)
        yield Family(title=title, judgements=[judge(each) for each in rows], not_run=not_run)
    yield Family(title=LIVE, judgements=[judge_scene(each) for each in scenes()])
    yield Family(title=HANDLERS, judgements=judge_together(all_rows()), counts=False)
