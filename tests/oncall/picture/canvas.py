"""Draws a dashboard as CloudWatch would lay it out: each widget at its place of the grid."""

from __future__ import annotations

import math
import textwrap
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import TYPE_CHECKING, Any

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch
from matplotlib.ticker import MaxNLocator
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from tests.oncall.alarm_state import State

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from matplotlib.axes import Axes
    from matplotlib.lines import Line2D

    from tests.infra.dashboard_body import Widget
    from tests.oncall.picture.reader import Curve

COLUMN, ROW, MARGIN, HEAD = 72, 50, 4, 34
"""In pixels."""
DPI = 100
DAY = timedelta(days=1)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
COLUMNS = 24

_INK, _FAINT, _GROUND = "#16191f", "#5f6b7a", "#eceff1"
_FILL = {State.ALARM: "#d13212", State.OK: "#ffffff", State.INSUFFICIENT_DATA: "#d5dbdb"}
_EDGE = {State.ALARM: "#d13212", State.OK: "#1d8102", State.INSUFFICIENT_DATA: "#879596"}
_TEXT = {State.ALARM: "#ffffff", State.OK: "#1d8102", State.INSUFFICIENT_DATA: _INK}


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Rows of texts under their headings."""

    headings: Sequence[str]
    shares: Sequence[float]
    """How much of the width each column takes."""
    rows: Sequence[Sequence[str]]


class Drawing:
    """A sheet of so many rows."""

    def __init__(self, heading: str, rows: int) -> None:
        self._width, self._height = COLUMNS * COLUMN, rows * ROW + HEAD
        self._figure = Figure(
            figsize=(self._width / DPI, self._height / DPI), dpi=DPI, facecolor=_GROUND
        )
        FigureCanvasAgg(self._figure)
        self._figure.text(
            0.006, 1 - HEAD / 2 / self._height, heading, size=12, color=_INK, va="center"
        )

    def save(self, path: Path, **notes: str) -> None:
        """Write a PNG that is the same whenever it is drawn, with notes that nobody sees."""
        drawn = BytesIO()
        self._figure.savefig(drawn, dpi=DPI)
        told = PngInfo()
        for name, note in notes.items():
            told.add_text(name, note)
        # A palette makes it a third as large.
        picture = Image.open(drawn).convert("RGB")
        reduced = picture.quantize(256, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
        reduced.save(path, optimize=True, pnginfo=told)

    # Kinds of widgets

    def states(self, widget: Widget, alarms: Sequence[tuple[str, State]]) -> None:
        """Draw a tile for each alarm."""
        axes = self._card(widget)
        across = 3
        down = math.ceil(len(alarms) / across)
        for place, (name, state) in enumerate(alarms):
            row, column = divmod(place, across)
            x, y = column / across, 1 - (row + 1) / down
            axes.add_patch(
                FancyBboxPatch(
                    (x + 0.01, y + 0.03),
                    1 / across - 0.02,
                    1 / down - 0.06,
                    boxstyle="round,pad=0,rounding_size=0.012",
                    mutation_aspect=2,
                    facecolor=_FILL[state],
                    edgecolor=_EDGE[state],
                    linewidth=1.2,
                )
            )
            axes.text(
                x + 0.5 / across,
                y + 0.5 / down,
                _in_lines(name),
                size=9.5,
                weight="bold" if state is State.ALARM else "normal",
                color=_TEXT[state],
                ha="center",
                va="center",
            )

    def number(self, widget: Widget, curve: Curve) -> None:
        """Draw the last value, and below it how it came to that."""
        axes = self._card(widget)
        shown = "--" if curve.last is None else f"{curve.last:,.0f}"
        axes.text(
            0.5, 0.74, shown, size=40, weight="bold", color=curve.color, ha="center", va="center"
        )
        label = textwrap.fill(curve.label, 24)
        axes.text(0.5, 0.46, label, size=9.5, color=_FAINT, ha="center", va="center")
        if not widget.properties["sparkline"]:
            return
        spark = axes.inset_axes((0.0, 0.0, 1.0, 0.3))
        spark.set_axis_off()
        times, values = _drawn(curve)
        spark.plot(times, values, color=curve.color, linewidth=1.2)
        spark.set_ylim(bottom=0)
        spark.margins(x=0)

    def graph(self, widget: Widget, curves: Sequence[Curve]) -> None:
        """Draw lines over time with their legend."""
        legend = 6 + 16 * math.ceil(len(curves) / 2)
        left = self._card(widget, inset=(34, legend + 22, 34, 50))
        axes = {"left": left}
        if any(each.on_the_right for each in curves):
            axes["right"] = left.twinx()
        for curve in curves:
            times, values = _drawn(curve)
            axes["right" if curve.on_the_right else "left"].plot(
                times, values, color=curve.color, linewidth=1.6, label=curve.label
            )
        for side, each in axes.items():
            self._dress(each, widget, side)
        _by_days(left, curves[0].times[0], curves[0].times[-1])
        x, y = self._corner(widget)
        left.legend(
            handles=[line for each in axes.values() for line in _curves(each)],
            loc="lower left",
            bbox_to_anchor=((x + 8) / self._width, (y + 4) / self._height),
            bbox_transform=self._figure.transFigure,
            ncols=2,
            fontsize=8.5,
            frameon=False,
            handlelength=0.9,
            columnspacing=1.2,
            borderaxespad=0,
            borderpad=0,
            labelspacing=0.25,
        )

    def _dress(self, axes: Axes, widget: Widget, side: str) -> None:
        """Give an axis its name, its lines across, and a scale that begins where it should."""
        settings: dict[str, Any] = widget.properties["yAxis"][side]
        x = -22 if side == "left" else 22
        axes.annotate(
            settings["label"],
            (float(side == "right"), 1),
            (x, 7),
            xycoords="axes fraction",
            textcoords="offset pixels",
            size=8.5,
            color=_FAINT,
            ha=side,
        )
        for each in widget.properties.get("annotations", {}).get("horizontal", ()):
            if each.get("yAxis", "left") == side:
                _across(axes, each)
        axes.set_ylim(settings["min"], max(axes.get_ylim()[1], 1) * 1.15)
        axes.yaxis.set_major_locator(MaxNLocator(nbins=4, integer=True))
        axes.tick_params(labelsize=8.5, colors=_FAINT, length=0)
        if side == "left":
            axes.grid(color="#e3e6e8", linewidth=0.7)
        axes.set_axisbelow(True)
        for name, spine in axes.spines.items():
            spine.set_visible(name == "bottom")
            spine.set_color("#aab7b8")

    def table(self, widget: Widget, table: Table) -> None:
        """Draw as many rows as there is room for."""
        axes = self._card(widget)
        pitch = 24 / (widget.height * ROW - 2 * MARGIN - 44)
        starts = [sum(table.shares[:place]) for place in range(len(table.shares))]
        room = int(1 / pitch)
        for place, row in enumerate([table.headings, *table.rows][:room]):
            y = 1 - (place + 0.5) * pitch
            for text, start, share in zip(row, starts, table.shares, strict=True):
                axes.text(
                    start,
                    y,
                    _cut(text, int((share * widget.width * COLUMN - 8) / 6.9)),
                    size=8.5,
                    weight="bold" if place == 0 else "normal",
                    color=_FAINT if place == 0 else _INK,
                    va="center",
                )
            axes.axhline(y - pitch / 2, color="#e3e6e8", linewidth=0.7)

    def _corner(self, widget: Widget) -> tuple[float, float]:
        """Return where a widget's lower left corner is, in pixels from the sheet's."""
        below = HEAD + (widget.y + widget.height) * ROW
        return widget.x * COLUMN + MARGIN, self._height - below + MARGIN

    def _card(self, widget: Widget, inset: tuple[int, int, int, int] = (14, 12, 14, 32)) -> Axes:
        """Draw the widget's frame and title, and return axes for what is within.

        Args:
            widget: which.
            inset: pixels at the left, bottom, right and top.
        """
        x, y = self._corner(widget)
        width, height = widget.width * COLUMN - 2 * MARGIN, widget.height * ROW - 2 * MARGIN
        frame = self._axes(x, y, width, height)
        frame.set_facecolor("#ffffff")
        frame.set_xticks([])
        frame.set_yticks([])
        for spine in frame.spines.values():
            spine.set_color("#d5dbdb")
        frame.text(
            10 / width,
            1 - 17 / height,
            widget.title,
            size=10.5,
            weight="bold",
            color=_INK,
            va="center",
        )
        left, bottom, right, top = inset
        axes = self._axes(x + left, y + bottom, width - left - right, height - bottom - top)
        if widget.kind != "metric" or widget.properties["view"] == "singleValue":
            axes.set_axis_off()
            axes.set_xlim(0, 1)
            axes.set_ylim(0, 1)
        return axes

    def _axes(self, x: float, y: float, width: float, height: float) -> Axes:
        whole, high = self._width, self._height
        return self._figure.add_axes((x / whole, y / high, width / whole, height / high))


def _drawn(curve: Curve) -> tuple[list[float], list[float]]:
    """Return the points, in days, with a gap where there is no value."""
    days = [_days(each) for each in curve.times]
    return days, [math.nan if each is None else each for each in curve.values]


def _days(at: datetime) -> float:
    """Return a time in days since 1970."""
    return at.timestamp() / DAY.total_seconds()


def _by_days(axes: Axes, first: datetime, last: datetime) -> None:
    """Let an axis reach from one time to another, with a mark at each midnight."""
    axes.set_xlim(_days(first), _days(last))
    midnights = range(math.ceil(_days(first)), math.ceil(_days(last)))
    axes.set_xticks(midnights, [f"{EPOCH + each * DAY:%m-%d}" for each in midnights])


def _curves(axes: Axes) -> list[Line2D]:
    """Return the lines that have a label; matplotlib's own for the others begins so."""
    return [each for each in axes.get_lines() if not str(each.get_label()).startswith("_")]


def _across(axes: Axes, annotation: Mapping[str, Any]) -> None:
    color = annotation["color"]
    axes.axhline(annotation["value"], color=color, linewidth=1, linestyle="--")
    axes.annotate(
        annotation["label"],
        (0.02, annotation["value"]),
        xycoords=("axes fraction", "data"),
        size=8.5,
        color=color,
        va="bottom",
    )


def _in_lines(name: str) -> str:
    """Break a name before its capitals where it is long."""
    words = "".join(f" {each}" if each.isupper() else each for each in name).split()
    lines = textwrap.wrap(" ".join(words), 13)
    return "\n".join(line.replace(" ", "") for line in lines)


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"
