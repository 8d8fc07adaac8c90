"""The report of a scan: the whole estate as metrics and as one structured summary."""

from __future__ import annotations

from collections import Counter
from itertools import islice
from typing import TYPE_CHECKING, Any

from certrotation.core.scan.assessment import INTERVALS_UNTIL_OVERDUE, Assessment
from certrotation.core.scan.classification import State
from certrotation.names import metrics
from certrotation.names.service import NEAREST_SHOWN
from certrotation.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime, timedelta

    from certrotation.core.scan.assessment import CertificateStatus, Deletion

COUNTED_SHOWN = 50
"""How many certificates the summary names for each metric that counts them, nearest expiry first.

If there are many short-lived certificates, they are always nearest to expiry, and a certificate
that raised an alarm would not be among the nearest.
"""

EXPLAINED = 200
"""How many due secrets, findings and deletions the summary explains.

CloudWatch Logs accepts a megabyte in one line (CloudWatch Logs quotas).
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanReport:
    """The result of one scan."""

    assessment: Assessment
    unreachable: Mapping[str, str]
    """Region to reason."""
    deleted: tuple[Deletion, ...]
    """The superseded copies that the scan deleted."""
    not_deleted: Mapping[str, str]
    """ARN to reason, for superseded copies that should have been deleted."""
    interval: timedelta
    """The time between two scans."""
    now: datetime

    def metrics(self) -> dict[str, int]:
        """Return the metrics; zeros of level metrics only if every Region was read.

        An unreachable Region must not clear an alarm that one of its certificates raised.
        """
        levels = self._levels()
        shown = levels if not self.unreachable else {k: v for k, v in levels.items() if v}
        used = [each for each in self.assessment.statuses if each.counts_as_used]
        days = [(each.certificate.not_after - self.now).days for each in used]
        return {
            metrics.SCAN_COMPLETED: 1,
            **shown,
            metrics.REGIONS_UNREACHABLE: len(self.unreachable),
            metrics.COPIES_MANAGED: sum(each.state.is_managed for each in self.assessment.statuses),
            metrics.COPIES_DUE: sum(each.places for each in self.assessment.due),
            metrics.SUPERSEDED_DELETED: len(self.deleted),
            **({metrics.DAYS_TO_EXPIRY_MIN: min(days)} if days else {}),
        }

    def _levels(self) -> dict[str, int]:
        counted = {name: len(statuses) for name, statuses in self._counted().items()}
        overdue = sum(each.places for each in self.assessment.due if each.is_overdue)
        return {**counted, metrics.COPIES_OVERDUE: overdue}

    def _counted(self) -> dict[str, list[CertificateStatus]]:
        """Return the certificates that each level metric counts."""
        statuses, now = self.assessment.statuses, self.now
        used = [each for each in statuses if each.counts_as_used]
        recent = INTERVALS_UNTIL_OVERDUE * self.interval
        return {
            metrics.CERTIFICATES_CRITICAL: [each for each in used if each.windows.is_critical(now)],
            metrics.CERTIFICATES_TURNED_CRITICAL: [
                each for each in used if each.windows.turned_critical_within(recent, now)
            ],
            metrics.COPIES_AWAITING_MATERIAL: [
                each for each in statuses if each.state is State.AWAITING
            ],
            metrics.UNMANAGED_EXPIRING: [
                each
                for each in used
                if each.state is State.UNMANAGED and each.windows.is_warning(now)
            ],
            metrics.LIVE_CERTIFICATES_LEFT: list(self.assessment.left),
        }

    def summary(self) -> dict[str, Any]:
        """Return the summary that is logged and returned, as JSON values."""
        assessment = self.assessment
        states = Counter(each.state for each in assessment.statuses)
        return {
            "at": int(self.now.timestamp()),
            "states": {state.value: states[state] for state in State},
            "queued": [each.secret.name for each in assessment.due],
            "due": {each.secret.name: list(each.because) for each in assessment.due[:EXPLAINED]},
            "due_unexplained": max(0, len(assessment.due) - EXPLAINED),
            "overdue": [each.secret.name for each in assessment.due if each.is_overdue],
            "unreachable": dict(self.unreachable),
            "findings": [each.to_json() for each in assessment.findings[:EXPLAINED]],
            "deleted": {each.arn: each.because for each in self.deleted[:EXPLAINED]},
            "not_deleted": dict(islice(self.not_deleted.items(), EXPLAINED)),
            "nearest": self._rows(
                (each for each in assessment.statuses if each.counts_as_used), NEAREST_SHOWN
            ),
            "counted": {
                name: self._rows(statuses, COUNTED_SHOWN)
                for name, statuses in self._counted().items()
            },
            "metrics": self.metrics(),
        }

    def _rows(self, statuses: Iterable[CertificateStatus], most: int) -> list[dict[str, Any]]:
        """Return the certificates nearest to expiry, as JSON values."""
        first = sorted(statuses, key=lambda each: each.certificate.not_after)[:most]
        return [_row(each, self.now) for each in first]


def _row(status: CertificateStatus, now: datetime) -> dict[str, Any]:
    certificate = status.certificate
    return {
        "arn": certificate.arn,
        "region": certificate.region,
        "names": sorted(certificate.names)[:3],
        "secret": status.marks.secret,
        "state": status.state.value,
        "because": status.because,
        "not_after": int(certificate.not_after.timestamp()),
        "critical": status.windows.is_critical(now),
    }
