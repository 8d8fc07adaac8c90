"""How the story looks: acts, tables and plans, at any width from 80 columns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from certrotation.core.findings import Severity
from certrotation.core.scan.classification import State
from tests.demo.oncall import ALARMS, loudness, metrics_above_zero

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from tests.demo.expectations import Expectation
    from tests.demo.inventory import Row
    from tests.demo.labels import Labels
    from tests.simulation.estate import Run

WIDEST = 120

_STATE_STYLES = {
    State.CURRENT: "green",
    State.DUE: "yellow",
    State.AWAITING: "red",
    State.SUPERSEDED: "dim",
    State.UNMANAGED: "magenta",
}
_STATUS_STYLES = {"done": "green", "refused": "red", "planned": "yellow"}
_SEVERITY_STYLES = {"refuse": "red", "repair": "green", "warn": "yellow"}
_URGENT_DAYS = 9
"""A tenth of ninety: the critical window of every certificate of the story."""


def make_console() -> Console:
    """Return a console as wide as the terminal, up to what is read with ease."""
    console = Console(highlight=False, markup=False, emoji=False)
    console.width = min(console.width, WIDEST)
    return console


class Screen:
    """Writes the story to a console; ARNs appear as labels."""

    def __init__(self, console: Console, labels: Labels) -> None:
        self._console = console
        self._labels = labels
        self._acts = 0

    def act(self, title: str, happening: str) -> None:
        """Open the next act: its title, and a line on what happens now."""
        self._acts += 1
        self._console.print()
        self._console.rule(Text(f"{self._acts}. {title}", "bold"), align="left", style="cyan")
        self.say(happening)
        self._console.print()

    def say(self, text: str) -> None:
        """Write a paragraph."""
        self._console.print(self._labels.shorten(text))

    def inventory(self, rows: Sequence[Row]) -> None:
        """Show what is there; certificates that are new get their labels."""
        self._labels.learn(rows)
        table = _table("ARN", "Region", "name", "key type", no_wrap=True)
        table.add_column("days left", justify="right", max_width=4)
        table.add_column("in use by", overflow="fold")
        table.add_column("secret", no_wrap=True)
        table.add_column("state", min_width=len(State.SUPERSEDED))
        for row in rows:
            table.add_row(
                self._labels.shorten(row.arn),
                row.region,
                row.name,
                row.key_type,
                Text(str(row.days_left), "red" if row.days_left < _URGENT_DAYS else ""),
                ", ".join(self._labels.shorten(each) for each in row.in_use_by) or "-",
                self._labels.shorten(row.secret or "-"),
                Text(
                    row.state + (", on hold" if row.is_held else ""),
                    _STATE_STYLES.get(row.state, ""),
                ),
            )
        self._console.print(table)

    def scan(self, summary: Mapping[str, Any]) -> None:
        """Show what a scan returns: counts, what is critical, what it queued and why."""
        counts = [f"{count} {state}" for state, count in summary["states"].items() if count]
        self.say(f"Certificates: {', '.join(counts)}.")
        for each in (row for row in summary["nearest"] if row["critical"]):
            self.say(f"Critical: {each['arn']} ({each['state']}): {each['because']}.")
        self._console.print()
        table = _table("queued", "why")
        for secret in summary["queued"]:
            reasons = "\n".join(summary["due"][secret])
            table.add_row(self._labels.shorten(secret), self._labels.shorten(reasons))
        self._console.print(table)

    def rotation(self, outcome: Mapping[str, Any]) -> None:
        """Show one secret's plan, each step with its reason, and what came of it."""
        self._status(outcome)
        self._findings(outcome["findings"])
        for failed in (outcome, *outcome["regions"]):
            if failed["error"]:
                self._indented(Text(self._labels.shorten(failed["error"])))
        for region in outcome["plan"]["regions"] if outcome["plan"] else ():
            self._region(region)

    def statuses(self, outcomes: Iterable[Mapping[str, Any]]) -> None:
        """Show what came of each secret, without its plan."""
        self._console.print()
        for each in outcomes:
            self._status(each)

    def _status(self, outcome: Mapping[str, Any]) -> None:
        status = outcome["status"]
        heading = Text(self._labels.shorten(outcome["secret"]), "bold")
        heading.append(": ").append(status, _STATUS_STYLES.get(status, "red"))
        self._console.print(heading)

    def _region(self, region: Mapping[str, Any]) -> None:
        table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
        table.add_column(min_width=10)
        table.add_column(ratio=2, overflow="fold")
        table.add_column(ratio=3, overflow="fold", style="dim")
        for number, step in enumerate(region["steps"]):
            because = self._labels.shorten(step["because"])
            table.add_row("" if number else region["region"], self._step(step), because)
        self._indented(table)

    def _step(self, step: Mapping[str, str]) -> str:
        subject = step.get("dependent", step["arn"])
        target = step.get("to") or step.get("by")
        text = f"{step['verb']} {subject}" + (f" -> {target}" if target else "")
        return self._labels.shorten(text)

    def _findings(self, findings: Iterable[Mapping[str, str]]) -> None:
        for each in findings:
            text = Text(
                f"{each['code']} ({each['severity']}): ", _SEVERITY_STYLES[each["severity"]]
            )
            self._indented(text.append(self._labels.shorten(each["found"]), "default"))

    def refusals(self, outcomes: Iterable[Mapping[str, Any]]) -> None:
        """Show what stopped which secret, and what a person does about it."""
        table = _table("secret", "finding", "why", "what to do")
        for outcome in outcomes:
            reasons: dict[tuple[str, str], list[str]] = {}
            for each in outcome["findings"]:
                if each["severity"] == Severity.REFUSE:
                    reasons.setdefault((each["code"], each["remedy"]), []).append(each["found"])
            for (code, remedy), found in reasons.items():
                cells = (outcome["secret"], code, "\n".join(found), remedy)
                table.add_row(*map(self._labels.shorten, cells))
        self._console.print(table)

    def metrics(self, run: Run) -> None:
        """Show the metrics above zero: those with an alarm, then the others."""
        table = _table("alarm", "severity", "raised by")
        values = metrics_above_zero(run)
        for metric in (each for each in ALARMS if each in values):
            alarm = ALARMS[metric]
            cause = f"{metric} {values[metric]}\n{alarm.title}"
            table.add_row(alarm.name, loudness(alarm), cause)
        self._console.print(table)
        quiet = [f"{name} {value}" for name, value in values.items() if name not in ALARMS]
        self._console.print()
        self.say(f"On the dashboard, without an alarm: {', '.join(quiet)}.")

    def expectations(self, expectations: Sequence[Expectation]) -> None:
        """Show each expectation and whether it holds."""
        table = _table("expectation", "")
        for each in expectations:
            verdict = Text("pass", "green") if each.holds else Text("FAIL", "bold red")
            table.add_row(each.sentence, verdict)
        self._console.print(table)

    def _indented(self, shown: Table | Text) -> None:
        self._console.print(Padding(shown, (0, 0, 0, 2)))


def _table(*headings: str, no_wrap: bool = False) -> Table:
    table = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False, header_style="bold underline")
    for heading in headings:
        table.add_column(heading, no_wrap=no_wrap, overflow="fold")
    return table
