"""What a command prints: text for a person, or one JSON object for a program.

Results go to standard output, everything else to standard error. Colours and tables that fit the
width are for terminals; a pipe or a file gets plain lines. All text is made harmless here.
"""

from __future__ import annotations

import json
import os
import sys
from contextlib import contextmanager
from threading import Timer
from typing import TYPE_CHECKING, Any, NamedTuple, TextIO, TypeAlias

from certrotation.cli.untrusted import for_terminal
from certrotation.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from rich.console import Console
    from rich.text import Text

PROGRESS_AFTER = 1.0
"""Seconds; what takes less time shows no progress."""

_GAP = 2
_NARROW = 12
"""The fewest characters to which a longer column is wrapped; else each row becomes a paragraph."""


class Styled(NamedTuple):
    """Text with a style of rich's, which only a terminal shows."""

    text: str
    style: str = ""


Line: TypeAlias = "str | Styled | Sequence[str | Styled]"
"""One line: text, or parts with different styles."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """Where a command prints."""

    out: TextIO
    err: TextIO
    is_json: bool
    """Whether the one result is a JSON object."""
    colour: bool = True
    """Whether a terminal may show colours (https://no-color.org)."""

    @classmethod
    def standard(cls, environment: Mapping[str, str], *, is_json: bool) -> Output:
        """Return the output of this process."""
        return cls(
            out=sys.stdout,
            err=sys.stderr,
            is_json=is_json,
            colour=not environment.get("NO_COLOR"),
        )

    @property
    def is_terminal(self) -> bool:
        """Whether a person looks at the results as they appear."""
        return self.out.isatty() and not self.is_json

    def say(self, line: Line = "", *, indent: int = 0) -> None:
        """Print a line of the result, unless the result is JSON."""
        if not self.is_json:
            self._print(self.out, line, indent)

    def document(self, document: Mapping[str, Any]) -> None:
        """Print the result, if it is JSON; non-ASCII characters are escaped.

        It is indented for a terminal alone: of tens of thousands of certificates that takes long.
        """
        if self.is_json:
            indent = 2 if self.out.isatty() else None
            self.out.write(f"{json.dumps(document, indent=indent)}\n")
            self.out.flush()

    def note(self, text: str) -> None:
        """Print what the reader should know about the result."""
        self._print(self.err, [Styled("Note: ", "bold"), text], 0)

    def warn(self, text: str) -> None:
        """Print what the reader should change."""
        self._print(self.err, [Styled("Warning: ", "bold yellow"), text], 0)

    def fail(self, text: str) -> None:
        """Print why the command ends."""
        self._print(self.err, [Styled("Error: ", "bold red"), text], 0)

    def fail_detail(self, text: str) -> None:
        """Print a line that belongs to an error."""
        self._print(self.err, text, 0)

    def ask(self, question: str) -> None:
        """Print a question, and leave the cursor behind it."""
        self.err.write(f"{for_terminal(question)} [y/N] ")
        self.err.flush()

    def table(self, headings: Sequence[str], rows: Sequence[Sequence[str | Styled]]) -> None:
        """Print a table: wrapped to the width of a terminal, in plain columns elsewhere."""
        if self.is_json:
            return
        cells = [[_harmless(cell) for cell in row] for row in rows]
        if self.is_terminal:
            self._terminal_table(headings, cells)
            return
        for line in _plain_table([[Styled(each) for each in headings], *cells]):
            self.out.write(f"{line}\n")
        self.out.flush()

    def clear(self) -> None:
        """Clear a terminal, for a result that is shown anew."""
        if self.is_terminal:
            self._console(self.out).clear()

    @contextmanager
    def progress(self, doing: str, total: int | None = None) -> Iterator[Callable[[], None]]:
        """Show what goes on if it takes more than a second and a terminal listens.

        Args:
            doing: what goes on.
            total: how often the function that this gives will be called; None if nobody knows.
        """
        if not self.err.isatty():
            yield lambda: None
            return
        # Imported before the timer may need it: an import in two threads waits for itself.
        from rich import progress as bars

        shown = bars.Progress(
            bars.SpinnerColumn(),
            bars.TextColumn("{task.description}", markup=False),
            *([bars.MofNCompleteColumn()] if total else []),
            bars.TimeElapsedColumn(),
            console=self._console(self.err),
            transient=True,
        )
        task = shown.add_task(for_terminal(doing), total=total)
        timer = Timer(PROGRESS_AFTER, shown.start)
        timer.daemon = True
        timer.start()
        try:
            yield lambda: shown.advance(task)
        finally:
            timer.cancel()
            timer.join()
            shown.stop()

    def _print(self, stream: TextIO, line: Line, indent: int) -> None:
        parts = [line] if isinstance(line, str | Styled) else line
        harmless = [_harmless(each) for each in parts]
        if stream.isatty():
            from rich.padding import Padding

            self._console(stream).print(Padding(_joined(harmless), (0, 0, 0, indent)))
        else:
            stream.write(f"{' ' * indent}{''.join(each.text for each in harmless)}\n")
            stream.flush()

    def _console(self, stream: TextIO) -> Console:
        from rich.console import Console

        return Console(
            file=stream, no_color=not self.colour, highlight=False, markup=False, emoji=False
        )

    def _terminal_table(self, headings: Sequence[str], rows: Sequence[Sequence[Styled]]) -> None:
        from rich.table import Table

        console = self._console(self.out)
        widths = [
            max(len(heading), *(len(row[number].text) for row in rows), 1) if rows else len(heading)
            for number, heading in enumerate(headings)
        ]
        needed = sum(min(width, _NARROW) + _GAP for width in widths)
        if needed > console.width:
            self._paragraphs(headings, rows)
            return
        table = Table(box=None, padding=(0, _GAP, 0, 0), pad_edge=False, header_style="bold")
        for heading, width in zip(headings, widths, strict=True):
            table.add_column(heading, overflow="fold", min_width=min(width, _NARROW))
        for row in rows:
            table.add_row(*(_joined([cell]) for cell in row))
        console.print(table)

    def _paragraphs(self, headings: Sequence[str], rows: Sequence[Sequence[Styled]]) -> None:
        """Print each row as lines of a heading and a cell: nothing is lost on a narrow terminal."""
        for number, row in enumerate(rows):
            if number:
                self.say()
            for heading, cell in zip(headings, row, strict=True):
                if cell.text:
                    self.say([Styled(f"{heading}: ", "bold"), cell])


def use_utf8_or_escape() -> None:
    """Let a terminal or a file that cannot show a character get its number, and no error."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")


def discard() -> None:
    """Write to nowhere from now on: whoever read this process's output has gone."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())


def _harmless(part: str | Styled) -> Styled:
    if isinstance(part, str):
        return Styled(for_terminal(part))
    return Styled(for_terminal(part.text), part.style)


def _joined(parts: Sequence[Styled]) -> Text:
    from rich.text import Text

    return Text.assemble(*((each.text, each.style) for each in parts), overflow="fold")


def _plain_table(rows: Sequence[Sequence[Styled]]) -> Iterator[str]:
    widths = [max(len(cell.text) for cell in column) for column in zip(*rows, strict=True)]
    for row in rows:
        padded = (cell.text.ljust(width) for cell, width in zip(row, widths, strict=True))
        yield (" " * _GAP).join(padded).rstrip()
