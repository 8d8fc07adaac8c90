"""Which alarm a metric above zero raises, and how loudly."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.support.estate import Run


@dataclass(frozen=True, kw_only=True)
class Alarm:
    """What people meet: a page wakes somebody, a ticket waits for the morning."""

    name: str
    severity: str
    meaning: str


ALARMS = {
    "CertificatesCritical": Alarm(
        name="CertificateCritical",
        severity="page",
        meaning="in use and inside the last tenth of the lifetime, or expired",
    ),
    "CertificatesTurnedCritical": Alarm(
        name="CertificateTurnedCritical",
        severity="page",
        meaning="of these, the ones that became so within three scan intervals",
    ),
    "CopiesAwaitingMaterial": Alarm(
        name="AwaitingMaterial",
        severity="ticket",
        meaning="expiring or expired, and the secret holds nothing newer",
    ),
    "CopiesOverdue": Alarm(
        name="RotationStalled",
        severity="page after 6 hours",
        meaning="renewed long ago, and still not rotated: here, the hold",
    ),
    "UnmanagedExpiring": Alarm(
        name="UnmanagedExpiring",
        severity="ticket",
        meaning="in use and expiring, with no managed secret behind it",
    ),
    "RotationRefused": Alarm(
        name="MaterialRefused", severity="ticket", meaning="a person must look at the material"
    ),
    "DependentsStranded": Alarm(
        name="DependentsStranded",
        severity="page",
        meaning="still names the old certificate after a move",
    ),
    "RegionsUnreachable": Alarm(
        name="RegionUnreachable",
        severity="ticket, page after 24 hours",
        meaning="could not be read at this scan",
    ),
}
"""The alarm of each metric that has one; the other metrics are for the dashboard."""


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
    """Return the alarms that a run raises, each with its metric's value."""
    return {
        ALARMS[name].name: value
        for name, value in metrics_above_zero(run).items()
        if name in ALARMS
    }
