"""The widgets of the dashboard."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from aws_cdk import aws_cloudwatch as cloudwatch

from infra.observability.metrics import in_cdk

COLUMNS = 24
"""The width of a dashboard (CloudWatch API Reference, Dashboard body structure and syntax)."""


@dataclass(frozen=True, slots=True)
class Scale:
    """A vertical axis and its metrics."""

    label: str
    metrics: list[cloudwatch.IMetric]
    limit: tuple[float, str] | None = None
    """The value and the label of a horizontal line, such as an alarm's threshold."""

    @property
    def axis(self) -> cloudwatch.YAxisProps:
        """The axis, which begins at 0 so that small changes look small."""
        return cloudwatch.YAxisProps(label=self.label, min=0, show_units=False)

    @property
    def annotations(self) -> list[cloudwatch.HorizontalAnnotation]:
        """The horizontal line, if there is one."""
        if self.limit is None:
            return []
        value, label = self.limit
        color = cloudwatch.Color.GREY
        return [cloudwatch.HorizontalAnnotation(value=value, label=label, color=color)]


def graph(
    title: str, left: Scale, right: Scale | None = None, *, period: timedelta, height: int
) -> cloudwatch.IWidget:
    """Show lines over time, in a quarter of the width."""
    other = right or Scale("", [])
    return cloudwatch.GraphWidget(
        title=title,
        left=left.metrics,
        left_y_axis=left.axis,
        left_annotations=left.annotations,
        right=other.metrics,
        right_y_axis=other.axis if right else None,
        right_annotations=other.annotations,
        period=in_cdk(period),
        width=COLUMNS // 4,
        height=height,
    )


def number(  # noqa: PLR0913  all that a number is
    title: str,
    metric: cloudwatch.IMetric,
    *,
    period: timedelta,
    width: int,
    height: int,
    history: bool = True,
) -> cloudwatch.IWidget:
    """Show the last value, with a sparkline below if `history`."""
    return cloudwatch.SingleValueWidget(
        title=title,
        metrics=[metric],
        sparkline=history,
        period=in_cdk(period),
        width=width,
        height=height,
    )


def states(
    title: str, alarms: Sequence[cloudwatch.Alarm], *, width: int, height: int
) -> cloudwatch.IWidget:
    """Show the states of alarms; alarms that are on come first."""
    return cloudwatch.AlarmStatusWidget(
        title=title,
        alarms=alarms,
        sort_by=cloudwatch.AlarmStatusWidgetSortBy.STATE_UPDATED_TIMESTAMP,
        width=width,
        height=height,
    )


def named(
    metric: cloudwatch.Metric, label: str, color: str, *, shows: Literal["LAST", "MAX", "SUM"]
) -> cloudwatch.Metric:
    """Return the metric with a colour and a label that shows a number."""
    return metric.with_(label=with_number(label, shows), color=color)


def with_number(label: str, shows: Literal["LAST", "MAX", "SUM"]) -> str:
    """Return a label with a number of the graph (User Guide, Using dynamic labels)."""
    return f"{label}: ${{{shows}}}"
