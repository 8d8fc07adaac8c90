"""The year as tables, and what in it broke a promise."""

from __future__ import annotations

from datetime import timedelta
from statistics import median
from typing import TYPE_CHECKING

from rich.box import MARKDOWN
from rich.table import Table

from tests.oncall.year.cost import bill, store
from tests.oncall.year.faults import BACKGROUND, FAULTS
from tests.oncall.year.issuance import LOOK, STEP
from tests.oncall.year.recorder import ROTATE, SCAN

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.oncall.year.expected_alarms import Injected
    from tests.oncall.year.faults import Fault
    from tests.oncall.year.play import Played

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
_MOST_CALLED = 12


def broken_by(played: Played) -> list[str]:
    """Return, in words, every promise that the year broke."""
    return [
        *(
            f"{each.dependent} presented an expired {each.site} for {each.hours:.1f} hours from"
            f" {each.since:%Y-%m-%d %H:%M} on, though material was there in time"
            for each in played.broken
        ),
        *(
            f"{each.fault.name} ({each.subject}, {each.begin:%Y-%m-%d %H:%M}) raised no"
            f" {', '.join(sorted(each.missed))}"
            for each in played.expected.injected
            if each.missed
        ),
        *(
            f"{each.alarm} went off at {each.at:%Y-%m-%d %H:%M}, and nothing explains it"
            for each in played.expected.false
        ),
        *(f"{each} never cleared" for each in sorted(played.still_on)),
        *(f"a bug: {each}" for each in played.bugs),
        *(f"{each} was never injected" for each in played.waiting),
    ]


def tables(played: Played, seconds: float) -> Iterator[Table]:
    """Yield every table."""
    yield _summary(played, seconds)
    yield _faults(played)
    yield _background(played)
    yield _calls(played)
    yield _cost(played)


def _summary(played: Played, seconds: float) -> Table:
    table = _table("the year", "what", "number")
    expired = sum(each.hours for each in played.expired)
    rows: dict[str, int | str] = {
        "days": played.days,
        "secrets": played.sites,
        "copies": played.copies,
        **played.dependents,
        "scans": played.runs[SCAN],
        "rotations": played.runs[ROTATE],
        **played.issuance,
        LOOK: played.runs[LOOK],
        "looks carried out": played.runs["looks carried out"],
        STEP: played.runs[STEP],
        "imports": played.calls["acm", "ImportCertificate"],
        "faults injected": len(played.expected.injected),
        "alarms that went off": sum(played.went_off.values()),
        "hours with an expired certificate, nothing delivered in time": f"{expired:.1f}",
        "hours with an expired certificate, material delivered in time": f"{_hours(played):.1f}",
        "alarms that should have gone off and did not": sum(
            len(each.missed) for each in played.expected.injected
        ),
        "alarms excused: nobody could look": sum(
            len(each.excused) for each in played.expected.injected
        ),
        "false alarms": len(played.expected.false),
        "alarms that never cleared": len(played.still_on),
        "minutes that this took": f"{seconds / 60:.1f}",
    }
    for name, value in rows.items():
        table.add_row(name, f"{value:,}" if isinstance(value, int) else value)
    return table


def _hours(played: Played) -> float:
    return sum(each.hours for each in played.broken)


def _faults(played: Played) -> Table:
    table = _table(
        "faults, and the alarms that they raised",
        *("fault", "times", "alarm", "raised", "minutes to alarm", "hours left"),
    )
    for fault in FAULTS.values():
        injected = played.expected.of(fault)
        if not injected:
            continue
        rows = [*_rows(fault, injected)] or [("nothing", "", "", "")]
        for number, row in enumerate(rows):
            first = (fault.name, str(len(injected))) if number == 0 else ("", "")
            table.add_row(*first, *row)
    return table


def _rows(fault: Fault, injected: Sequence[Injected]) -> Iterator[tuple[str, str, str, str]]:
    for alarm in (*sorted(fault.raises), *sorted(fault.follows)):
        raised = [each for each in injected if alarm in each.went_off]
        asked = [each for each in injected if alarm not in each.excused or each in raised]
        must = alarm in fault.raises
        if not raised and not must:
            continue
        waits = [_wait(each, alarm) / MINUTE for each in raised]
        left = [(each.expires - each.went_off[alarm]) / HOUR for each in raised]
        yield (
            alarm if must else f"({alarm})",
            f"{len(raised)} of {len(asked)}",
            _spread(waits),
            f"{min(left):,.0f}" if left else "",
        )


def _wait(injected: Injected, alarm: str) -> timedelta:
    due = injected.since.get(alarm, injected.begin)
    return injected.went_off[alarm] - due


def _spread(values: Sequence[float]) -> str:
    if not values:
        return ""
    low, middle, high = min(values), median(values), max(values)
    return f"{low:,.0f} / {middle:,.0f} / {high:,.0f}"


def _background(played: Played) -> Table:
    table = _table("what a retry fixes; it raised nothing", "what", "times")
    for name in BACKGROUND:
        table.add_row(name, f"{played.runs[name]:,}")
    return table


def _calls(played: Played) -> Table:
    table = _table("calls of AWS", "call", "times")
    for (service, operation), times in played.calls.most_common(_MOST_CALLED):
        table.add_row(f"{service}:{operation}", f"{times:,}")
    table.add_row("all", f"{played.calls.total():,}")
    table.add_row("messages sent", f"{played.messages:,}")
    return table


def _cost(played: Played) -> Table:
    table = _table("what it would have cost", "what", "quantity", "dollars")
    items = [*bill(played)]
    for each in items:
        table.add_row(each.what, each.quantity, f"{each.dollars:.2f}")
    table.add_row("the service", "", f"{sum(each.dollars for each in items):.2f}", style="bold")
    kept = store(played)
    table.add_row(kept.what, kept.quantity, f"{kept.dollars:.2f}")
    return table


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left", box=MARKDOWN)  # as docs/figures.md has it
    for number, each in enumerate(columns):
        table.add_column(each, justify="left" if number == 0 or each == "alarm" else "right")
    return table
