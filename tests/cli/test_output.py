"""What a command prints is harmless, whoever chose the names, and fits where it is shown."""

from __future__ import annotations

import csv
import io
import json
import re
import time

import pytest

from certrotation.cli.output import Output, Styled
from certrotation.cli.untrusted import for_csv, for_shell, for_terminal

HOSTILE = (
    "\x1b]0;owned\x07\x1b[2J",  # a title, and an empty screen
    "\x9b31m red",  # the eight-bit begin of a sequence
    "a\r\nb\tc\x00\x7f",
    "\u202egro.elpmaxe",  # shown from right to left
    "shop\u200b.example.com\u2066",  # invisible
    '=HYPERLINK("http://evil")',
    "+1+1",
    " -1",
    "@SUM(A1)",
    "\uff1d1",
    "</script><script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "\"'&<>`",
    "\u2028\u2029",
    "\ud800",
    "$(rm -rf ~); 'x'",
    "[red]markup[/red] :boom:",
)


class Stream(io.StringIO):
    """A stream that says whether it is a terminal."""

    def __init__(self, *, is_terminal: bool = False) -> None:
        super().__init__()
        self._is_terminal = is_terminal

    def isatty(self) -> bool:
        return self._is_terminal


def output(*, is_terminal: bool = False, is_json: bool = False, colour: bool = True) -> Output:
    return Output(
        out=Stream(is_terminal=is_terminal),
        err=Stream(is_terminal=is_terminal),
        is_json=is_json,
        colour=colour,
    )


def shown(printed: Output) -> str:
    assert isinstance(printed.out, Stream)
    return printed.out.getvalue()


def without_styles(text: str) -> str:
    """Take off the only sequences that the output itself writes: colours."""
    return re.sub(r"\x1b\[[0-9;]*m", "", text)


@pytest.mark.parametrize("is_terminal", [True, False], ids=["terminal", "pipe"])
@pytest.mark.parametrize("name", HOSTILE)
def test_no_name_controls_a_terminal(name: str, is_terminal: bool) -> None:  # noqa: FBT001  a case
    printed = output(is_terminal=is_terminal)

    printed.say(name)
    printed.say([Styled(name, "bold"), name])
    printed.table(["name", "other"], [[name, Styled(name, "red")]])
    for each in (printed.note, printed.warn, printed.fail, printed.ask):
        each(name)

    assert isinstance(printed.err, Stream)
    for text in (shown(printed), printed.err.getvalue()):
        visible = without_styles(text).replace("\n", "")
        assert for_terminal(visible) == visible
        visible.encode()  # no half of a pair


def test_text_is_shown_as_it_is_and_controls_as_their_numbers() -> None:
    assert for_terminal("münchen.example [red] :boom:") == "münchen.example [red] :boom:"
    assert for_terminal("a\x1b[2Jb\r\n\u202e") == "a\\x1b[2Jb\\r\\n\\u202e"


@pytest.mark.parametrize("name", HOSTILE)
def test_no_cell_is_a_formula(name: str) -> None:
    file = io.StringIO()
    csv.writer(file).writerow([for_csv(name), "next"])

    (row,) = csv.reader(io.StringIO(file.getvalue()))
    assert row[1] == "next"
    assert row[0].lstrip()[0] not in "=+-@\uff1d\uff0b\uff0d\uff20\t\r"


def test_a_word_for_a_shell_is_one_word() -> None:
    assert for_shell("$(rm -rf ~); 'x'") == "'$(rm -rf ~); '\"'\"'x'\"'\"''"
    assert for_shell("certrotation/shop") == "certrotation/shop"


def test_a_pipe_gets_aligned_columns_without_colours_and_nothing_is_cut() -> None:
    printed = output()
    long = "x" * 300

    printed.table(["name", "days"], [[Styled(long, "red"), "1"], ["b", ""]])

    assert shown(printed).splitlines() == [f"name{' ' * 298}days", f"{long}  1", "b"]


@pytest.mark.parametrize("columns", [20, 40, 80, 200])
def test_a_narrow_terminal_wraps_and_loses_no_column(
    columns: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setenv("TERM", "xterm")
    printed = output(is_terminal=True)
    headings = ["names", "Region", "key", "issuer", "days", "state"]
    row = ["shop.example.com, www.shop.example.com", "eu-west-1", "RSA_2048", "R11", "12", "due"]

    printed.table(headings, [row, row])

    lines = without_styles(shown(printed)).splitlines()
    assert max(len(each.rstrip()) for each in lines) <= columns
    together = "".join("".join(lines).split())
    for cell in (*headings, *row):
        assert all(part in together for part in cell.split(", "))


def test_no_color_is_obeyed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    for colour, expected in ((True, True), (False, False)):
        printed = output(is_terminal=True, colour=colour)
        printed.say(Styled("due", "red"))
        assert ("\x1b[31m" in shown(printed)) is expected
    assert not Output.standard({"NO_COLOR": "1"}, is_json=False).colour
    assert Output.standard({}, is_json=False).colour


def test_json_is_one_object_and_nothing_else() -> None:
    printed = output(is_json=True)

    printed.say("text")
    printed.table(["a"], [["b"]])
    printed.document({"name": "\x1b[2J\u202e"})

    assert json.loads(shown(printed)) == {"name": "\x1b[2J\u202e"}
    assert shown(printed).isascii()
    assert "\x1b" not in shown(printed)


def test_progress_is_for_a_terminal_that_waits_longer_than_a_second(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr("certrotation.cli.output.PROGRESS_AFTER", 0.05)
    for is_terminal in (True, False):
        printed = output(is_terminal=is_terminal)
        assert isinstance(printed.err, Stream)
        with printed.progress("Reading", 2) as step:
            step()
            deadline = time.monotonic() + 5
            while is_terminal and "Reading" not in printed.err.getvalue():
                assert time.monotonic() < deadline
        assert ("Reading" in printed.err.getvalue()) is is_terminal
        assert shown(printed) == ""
    fast = output(is_terminal=True)
    monkeypatch.setattr("certrotation.cli.output.PROGRESS_AFTER", 60)
    with fast.progress("Reading", 1) as step:
        step()
    assert isinstance(fast.err, Stream)
    assert "Reading" not in fast.err.getvalue()
