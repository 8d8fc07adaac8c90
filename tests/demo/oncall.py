"""Which alarms the metrics of a run lead to, by the table that the stack is made of."""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.observability.alarm_texts import ALARM_TEXTS, AlarmText

if TYPE_CHECKING:
    from tests.simulation.estate import Run

_HEARD = {"critical": "page", "warning": "ticket"}
"""A page wakes somebody, a ticket waits for the morning."""

ALARMS = {
    text.metric: text
    for text in ALARM_TEXTS.values()
    # Of two alarms on a metric the one that waits less comes last, and stays.
    if text.metric and text.name != "ScanMissing"  # which goes off where there is no scan
}
"""The alarm of each metric that has one; the other metrics are for the dashboard."""


def loudness(alarm: AlarmText) -> str:
    """Say who is told, and after how long."""
    heard = _HEARD[alarm.severity]
    return f"{heard} after {alarm.lasting}" if alarm.lasting else heard


def metrics_above_zero(run: Run) -> dict[str, int]:
    """Return the metrics that a run emitted, summed, without those that came to nothing."""
    names = dict.fromkeys(
        metric["Name"]
        for line in run.metrics
        for directive in line["_aws"]["CloudWatchMetrics"]
        for metric in directive["Metrics"]
    )
    return {name: value for name in names if (value := run.metric(name))}


def raised(run: Run) -> dict[str, int]:
    """Return the alarms that a run raises, or would in time, each with its metric's value."""
    return {
        ALARMS[name].name: value
        for name, value in metrics_above_zero(run).items()
        if name in ALARMS
    }
