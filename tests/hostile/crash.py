"""Kills the service at each of its AWS calls, lets it run again, and compares the ends.

    python -m tests.hostile.crash

For each story the process dies once before and once after every single call, and at random pairs
of calls: the second time while the first death is being mended.
"""

from __future__ import annotations

import random
import sys
from contextlib import nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from rich.console import Console
from rich.table import Table

from tests.hostile.plays import play, play_all
from tests.hostile.stories import STORIES
from tests.simulation.faults import dying, nth

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from tests.hostile.plays import Ending
    from tests.simulation.estate import Estate

PAIRS = 40
"""Double deaths for each story."""
SEED = 20261125


@dataclass(frozen=True, kw_only=True)
class Death:
    """The process dies at the n-th call (from 1) of a round."""

    when: Literal["before", "after"]
    call: int


@dataclass(frozen=True, kw_only=True)
class Deaths:
    """A fault schedule: one death in each of the first rounds."""

    deaths: tuple[Death, ...]

    def __call__(self, estate: Estate, number: int) -> AbstractContextManager[object]:
        if number >= len(self.deaths):
            return nullcontext()
        death = self.deaths[number]
        return dying(estate.aws, death.when, nth(death.call))


def single_deaths(undisturbed: Ending) -> list[Deaths]:
    """Return one death before and one after each call of an undisturbed first round."""
    numbers = range(1, undisturbed.calls[0] + 1)
    return [
        Deaths(deaths=(Death(when=when, call=each),))
        for each in numbers
        for when in ("before", "after")
    ]


def double_deaths(name: str, undisturbed: Ending, count: int = PAIRS) -> list[Deaths]:
    """Return random pairs: a death in the first round, and one in the round that mends it."""
    chance = random.Random(f"{SEED} {name}")  # noqa: S311  to be repeated, not to be secret

    def one() -> Death:
        call = chance.randint(1, undisturbed.calls[0])
        return Death(when=chance.choice(("before", "after")), call=call)

    return [Deaths(deaths=(one(), one())) for _ in range(count)]


def main() -> int:
    """Play each story, or those named, with every death; return how many broke a promise."""
    console = Console()
    table = Table(
        *("story", "calls", "deaths", "pairs", "gaps", "imported twice", "strays", "broken"),
        title="the process dies at every AWS call, and runs again",
        title_justify="left",
    )
    broken = 0
    for name in sys.argv[1:] or STORIES:
        undisturbed = play(name)
        singles = single_deaths(undisturbed)
        pairs = double_deaths(name, undisturbed)
        schedules = [*singles, *pairs]
        endings = play_all([(name, each) for each in schedules])
        wrongs = [each.wrongs(undisturbed) for each in endings]
        for schedule, wrong in zip(schedules, wrongs, strict=True):
            if wrong:
                console.print(name, schedule, *wrong, sep="\n  ")
        table.add_row(
            name,
            *map(str, (undisturbed.calls[0], len(singles), len(pairs))),
            str(sum(len(each.gaps) for each in endings)),
            str(sum(each.doubled for each in endings)),
            str(sum(each.strays for each in endings)),
            str(sum(map(bool, wrongs))),
        )
        broken += sum(map(bool, wrongs))
    console.print(table)
    return broken


if __name__ == "__main__":
    sys.exit(min(main(), 1))
