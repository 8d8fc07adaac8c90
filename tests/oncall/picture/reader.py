"""What the dashboard's widgets would read out of CloudWatch at some moment."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.oncall.metric_math import Math, Series
from tests.oncall.metric_store import Metric, minute_of, moment

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from tests.infra.dashboard_body import Line, Widget
    from tests.oncall.metric_store import MetricStore


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """One line of a widget."""

    label: str
    """With the number that it tells."""
    color: str
    on_the_right: bool
    times: list[datetime]
    values: Series

    @property
    def last(self) -> float | None:
        """The newest value, if there is one."""
        return next((each for each in reversed(self.values) if each is not None), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """Reads stored metrics over the time that the dashboard shows."""

    store: MetricStore
    until: datetime
    shown: timedelta

    def curves(self, widget: Widget) -> list[Curve]:
        """Return what a widget shows."""
        return [self._curve(line, widget) for line in widget.lines if line.is_shown]

    def _curve(self, line: Line, widget: Widget) -> Curve:
        bounds = self._bounds(line.period)
        if line.expression is None:
            values = self._values(line, bounds)
        else:
            values = self._calculated(line.expression, widget, bounds)
        return Curve(
            label=_told(line.label, values),
            color=line.color,
            on_the_right=line.on_the_right,
            times=[moment(each) for each in bounds],
            values=values,
        )

    def _bounds(self, period: int) -> range:
        """Return where periods begin: at multiples of themselves, the newest not over yet."""
        step = period // 60
        first = minute_of(self.until - self.shown) // step * step
        return range(first, minute_of(self.until) + 1, step)

    def _values(self, line: Line, bounds: range) -> Series:
        metric = Metric.of(line.namespace, line.metric, line.dimensions)
        return [
            self.store.statistic(metric, line.statistic, begin, begin + bounds.step)
            for begin in bounds
        ]

    def _calculated(self, expression: str, widget: Widget, bounds: range) -> Series:
        """Calculate; EPOCH gives the time of each period, in seconds since 1970."""
        metrics = {each.id: self._values(each, bounds) for each in widget.lines if each.metric}
        metrics["epoch"] = [60.0 * each for each in bounds]
        named = re.sub(r"EPOCH\(\w+\)", "epoch", expression)
        return Math(expression=named, fills_empty=False).evaluate(metrics)


def _told(label: str, values: Series) -> str:
    """Fill in a dynamic label (CloudWatch User Guide, Using dynamic labels)."""
    real = [each for each in values if each is not None]

    def number(match: re.Match[str]) -> str:
        if not real:
            return "-"
        found = {"LAST": real[-1], "MAX": max(real), "SUM": sum(real)}[match[1]]
        return f"{found:,.3g}"

    return re.sub(r"\$\{(LAST|MAX|SUM)\}", number, label)
