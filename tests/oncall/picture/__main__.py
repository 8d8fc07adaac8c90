"""Draws docs/dashboard.png: `python -m tests.oncall.picture`.

From the synthesized dashboard alone, and what a simulated week leaves in CloudWatch.
"""

from __future__ import annotations

import hashlib
import json
import re
import sys
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from tests.contracts.logs_insights import ask
from tests.infra.dashboard_body import properties_of, widgets_of
from tests.infra.synthesis import ROOT, synthesize
from tests.oncall.alarm_state import State
from tests.oncall.picture.reader import Reader
from tests.oncall.picture.week import live

if TYPE_CHECKING:
    from tests.infra.dashboard_body import Widget
    from tests.infra.synthesis import Template
    from tests.oncall.picture.canvas import Drawing, Table
    from tests.oncall.picture.week import Week

PICTURE = ROOT / "docs" / "dashboard.png"

SETTINGS = {
    "stack_name": "certrotation",
    "target_regions": ["eu-west-1", "us-east-1"],
    "scan_interval_minutes": 60,
}
SHARES = {
    "days_left": 0.085,
    "certificate.names": 0.17,
    "certificate.region": 0.155,
    "certificate.state": 0.165,
    "certificate.secret": 0.155,
    "certificate.arn": 0.13,
    "@timestamp": 0.14,
}
"""How much of the table's width each field takes."""


def draw(template: Template, path: Path) -> None:
    """Live through a week, and draw what the dashboard shows at its end."""
    week = live(template, str(SETTINGS["stack_name"]))
    widgets = widgets_of(template)
    body = properties_of(template)["body"]
    days = re.fullmatch(r"-P(\d+)D", body["start"])
    if days is None:
        raise ValueError(f"{body['start']} is not modelled")
    reader = Reader(
        store=week.watch.store, until=week.watch.now, shown=timedelta(days=int(days[1]))
    )
    name = properties_of(template)["name"]
    # matplotlib takes a second to import, and most runs of the tests draw nothing.
    from tests.oncall.picture.canvas import Drawing  # noqa: PLC0415

    drawing = Drawing(
        f"{name}     {week.watch.now:%Y-%m-%d %H:%M} UTC, {days[1]} days",
        max(each.y + each.height for each in widgets),
    )
    for widget in widgets:
        _draw(drawing, widget, reader, week)
    drawing.save(path, dashboard=digest(template))


def digest(template: Template) -> str:
    """Return what tells one dashboard from another; the picture carries that of its own."""
    written = json.dumps(properties_of(template), sort_keys=True)
    return hashlib.sha256(written.encode()).hexdigest()


def _draw(drawing: Drawing, widget: Widget, reader: Reader, week: Week) -> None:
    match widget.kind, widget.properties.get("view"):
        case "alarm", _:
            drawing.states(widget, _states(widget, week))
        case "log", "table":
            drawing.table(widget, _table(widget, week))
        case "metric", "singleValue":
            (curve,) = reader.curves(widget)
            drawing.number(widget, curve)
        case "metric", "timeSeries":
            drawing.graph(widget, reader.curves(widget))
        case unknown:
            raise ValueError(f"{unknown} is not modelled")


def _states(widget: Widget, week: Week) -> list[tuple[str, State]]:
    """Return the alarms as `stateUpdatedTimestamp` sorts them."""
    order = [State.ALARM, State.INSUFFICIENT_DATA, State.OK]
    board = week.watch.board
    changed = {each.alarm: each.at for each in board.changes}
    names = [re.sub(r"^Alarms|[0-9A-F]{8}$", "", each) for each in widget.alarms]
    names.sort(key=lambda name: changed.get(name, week.logged_at[0]), reverse=True)
    names.sort(key=lambda name: order.index(board.states[name]))
    return [(name, board.states[name]) for name in names]


def _table(widget: Widget, week: Week) -> Table:
    _, query = widget.query
    rows = ask(query, week.lines)
    for row in rows:
        row["@timestamp"] = f"{week.logged_at[row['@timestamp']]:%m-%d %H:%M:%S}"
    from tests.oncall.picture.canvas import Table  # noqa: PLC0415  as above

    return Table(
        headings=[*SHARES],
        shares=[*SHARES.values()],
        rows=[[_text(row.get(field, "")) for field in SHARES] for row in rows],
    )


def _text(value: object) -> str:
    return json.dumps(value) if isinstance(value, list) else str(value)


def main() -> None:
    """Draw it where the documents show it."""
    with TemporaryDirectory() as folder:
        template = synthesize(Path(folder) / "cdk.out", SETTINGS)
    draw(template, PICTURE)
    sys.stdout.write(f"{PICTURE.relative_to(ROOT)}: {PICTURE.stat().st_size // 1000} kB\n")


if __name__ == "__main__":
    main()
