"""One run: what its acts have in common, what must hold in each, and how long each took."""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from rich.table import Table

from tests.demo.expectations import Expectation
from tests.demo.labels import Labels
from tests.demo.screen import Screen

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from concurrent.futures import Future
    from pathlib import Path

    from rich.console import Console

    from tests.acme.local_ca import Ca
    from tests.e2e.account import Account
    from tests.e2e.deployed import Cloud, Stack
    from tests.e2e.places import Folder
    from tests.e2e.servers import Servers
    from tests.e2e.toolkit import Toolkit


@dataclass(kw_only=True)
class Run:
    """One run."""

    tell: Teller
    folder: Folder
    account: Account
    servers: Servers
    toolkit: Toolkit
    cloud: Cloud
    ca: Ca | None
    """None if the machine has none: then the stack has no issuers, and no CA is asked."""
    assemblies: dict[str, Future[Path]] = field(default_factory=dict)
    """What is being synthesized, or is, by name."""
    _stack: list[Any] = field(default_factory=list)

    @property
    def functions(self) -> tuple[str, ...]:
        """The deployed functions."""
        provider = ["CustomResource"] if "CustomResourceFunction" in self.stack.outputs else []
        return ("Scan", "Rotate", *(["Issue"] if self.ca else []), *provider)

    def look_at_the_stack_again(self) -> None:
        """Forget the outputs of the stack: it was updated."""
        self._stack.clear()

    @property
    def stack(self) -> Stack:
        """The deployed stack."""
        if not self._stack:
            self._stack.append(self.cloud.stack())
        found: Stack = self._stack[0]
        return found


@dataclass(kw_only=True)
class Teller:
    """Writes to a console, and keeps book."""

    console: Console
    labels: Labels = field(default_factory=lambda: Labels({}))
    expectations: list[Expectation] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)
    _shown: int = 0

    def __post_init__(self) -> None:
        self._screen = Screen(self.console, self.labels)

    @contextmanager
    def act(self, title: str, happening: str) -> Iterator[None]:
        """Open an act, and close it with what must hold in it and the seconds it took."""
        self._screen.act(title, happening)
        begin = time.monotonic()
        try:
            yield
        finally:
            self.seconds[title] = time.monotonic() - begin
            new = self.expectations[self._shown :]
            self._shown = len(self.expectations)
            if new:
                self.console.print()
                self._screen.expectations(new)

    def say(self, text: str) -> None:
        """Write a paragraph."""
        self._screen.say(text)

    def expect(self, sentence: str, *, holds: bool) -> None:
        """Note an expectation, and whether it holds."""
        self.expectations.append(Expectation(sentence=sentence, holds=holds))

    @property
    def holds(self) -> bool:
        """Whether everything held so far."""
        return all(each.holds for each in self.expectations)

    def table(self, headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """Show a table."""
        table = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False, header_style="bold underline")
        for heading in headings:
            table.add_column(heading, overflow="fold")
        for row in rows:
            table.add_row(*(self.labels.shorten(each) for each in row))
        self.console.print(table)

    def conclude(self) -> bool:
        """Show the seconds of each act and the sum; say whether everything held."""
        rows = [(title, f"{seconds:.1f}") for title, seconds in self.seconds.items()]
        self.table(("act", "seconds"), [*rows, ("all", f"{sum(self.seconds.values()):.1f}")])
        failed = [each for each in self.expectations if not each.holds]
        self.console.print()
        self.say(f"{len(self.expectations) - len(failed)} held, {len(failed)} failed.")
        for each in failed:
            self.say(f"FAIL: {each.sentence}")
        return not failed
