"""The numbers that a widget of the dashboard would read from CloudWatch at a given time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.oncall.metric_math import Math, Series
from tests.oncall.metric_store import Metric, minute_of

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from tests.infra.dashboard_body import Line, Widget
    from tests.oncall.metric_store import MetricStore


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """Reads stored metrics over the time that the dashboard shows."""

    store: MetricStore
    until: datetime
    shown: timedelta

    def number(self, widget: Widget) -> Series:
        """Return the values, period by period, of the one line that a number widget shows."""
        (line,) = [each for each in widget.lines if each.is_shown]
        bounds = self._bounds(line.period)
        if line.expression is None:
            return self._values(line, bounds)
        return self._calculated(line.expression, widget, bounds)

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
        metrics = {each.id: self._values(each, bounds) for each in widget.lines if each.metric}
        return Math(expression=expression, fills_empty=False).evaluate(metrics, bounds)
