"""What each alarm says: the one table behind alarms, runbook and demo.

An alarm's description and its heading in docs/runbook.md are made from the same row, so they cannot
drift apart.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from certrotation.names import metrics

Severity = Literal["critical", "warning"]

RUNBOOK = "docs/runbook.md"

SHOWN_IN_FULL = 1024
"""Characters of a description (CloudWatch API Reference, PutMetricAlarm, AlarmDescription)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmText:
    """One alarm in words."""

    name: str
    severity: Severity
    title: str
    """What happened, as a heading."""
    happened: str
    """What happened, in a sentence."""
    otherwise: str
    """What happens if nobody acts, and by when."""
    metric: str | None = None
    """Our own metric that it watches; None for those of AWS."""
    lasting: str | None = None
    """For how long the metric must be above zero, if one scan or rotation is not enough."""

    @property
    def heading(self) -> str:
        """The heading in the runbook."""
        return f"{self.name}: {self.title}"

    @property
    def description(self) -> str:
        """What the alarm's message says."""
        return (
            f'{self.happened} If nobody acts: {self.otherwise} Follow {RUNBOOK}, "{self.heading}".'
        )


ON_FIRE = AlarmText(
    name="OnFire",
    severity="critical",
    title="an alarm that pages is on",
    happened="At least one of the alarms of this stack that page is on.",
    otherwise="what happens, and by when, that alarm says.",
)
"""Of the one alarm that sums up others."""

_TEXTS = (
    AlarmText(
        name="CertificateCritical",
        severity="critical",
        title="a certificate in use is about to expire",
        happened=(
            "A certificate that something presents is in the last tenth of its life, or has "
            "expired."
        ),
        otherwise=(
            "clients refuse the site from the moment it expires: by default in 21 days at most, in "
            "3 for certificates of 30 days, in hours for shorter ones."
        ),
        metric=metrics.CERTIFICATES_CRITICAL,
    ),
    AlarmText(
        name="CertificateTurnedCritical",
        severity="critical",
        title="one more certificate is about to expire",
        happened=(
            "Within the last three scan intervals a certificate in use came into the last tenth of "
            "its life, perhaps beside others that are known."
        ),
        otherwise=(
            "clients refuse the site from the moment it expires. This alarm clears after three "
            "intervals by itself; the certificate does not renew by itself."
        ),
        metric=metrics.CERTIFICATES_TURNED_CRITICAL,
    ),
    AlarmText(
        name="ScanMissing",
        severity="critical",
        title="the service has stopped looking",
        happened="For three scan intervals no scan has come to its end.",
        otherwise=(
            "nothing is renewed unless its secret changes, no other alarm about certificates goes "
            "off, and the first certificate that was about to be renewed expires unseen."
        ),
        metric=metrics.SCAN_COMPLETED,
    ),
    AlarmText(
        name="RotationStalled",
        severity="critical",
        title="new material is not going live",
        happened=(
            "For six hours secrets have held material that their copies do not carry, although "
            "they changed more than three scan intervals ago."
        ),
        otherwise=(
            "the old certificates stay in use and expire: within a third of their life if they "
            "were renewed on time, sooner if late."
        ),
        metric=metrics.COPIES_OVERDUE,
        lasting="6 hours",
    ),
    AlarmText(
        name="RegionDark",
        severity="critical",
        title="a Region has not been read for a day",
        happened="For 24 hours a target Region could not be read at any scan.",
        otherwise=(
            "its certificates are neither renewed nor watched, and expire unseen; the alarms "
            "about certificates keep the state they had."
        ),
        metric=metrics.REGIONS_UNREACHABLE,
        lasting="24 hours",
    ),
    AlarmText(
        name="DependentsStranded",
        severity="critical",
        title="a listener or distribution kept the old certificate",
        happened=(
            "A listener or distribution still presents the old certificate, an hour after the new "
            "one was imported beside it."
        ),
        otherwise=(
            "clients of this one refuse the site when the old certificate expires, although "
            "everything else is renewed."
        ),
        metric=metrics.DEPENDENTS_STRANDED,
    ),
    AlarmText(
        name="RotationDeadLetters",
        severity="critical",
        title="a rotation was given up",
        happened="A rotation failed five times, and its message went to the dead-letter queue.",
        otherwise=(
            "the next scan queues it again, and it fails again, until its certificate expires."
        ),
    ),
    AlarmText(
        name="AwaitingMaterial",
        severity="warning",
        title="a certificate comes due and nobody has renewed it",
        happened=(
            "A copy is in the last fifth of its life, and its secret holds nothing newer: whoever "
            "delivers the material has not."
        ),
        otherwise=(
            "CertificateCritical pages when half of the time that is left has passed, and then it "
            "expires."
        ),
        metric=metrics.COPIES_AWAITING_MATERIAL,
    ),
    AlarmText(
        name="UnmanagedExpiring",
        severity="warning",
        title="a certificate without a secret comes due",
        happened=(
            "An imported certificate in use is in the last fifth of its life, and no managed "
            "secret stands behind it."
        ),
        otherwise=(
            "nobody renews it: CertificateCritical pages when half of the time that is left has "
            "passed, and then it expires."
        ),
        metric=metrics.UNMANAGED_EXPIRING,
    ),
    AlarmText(
        name="MaterialRefused",
        severity="warning",
        title="new material was refused",
        happened=(
            "Within two scan intervals the service refused to put a secret's material live, or "
            "AWS did."
        ),
        otherwise=(
            "it is refused at each scan again, the old certificate stays in use, and "
            "CertificateCritical pages in the last tenth of its life."
        ),
        metric=metrics.ROTATION_REFUSED,
    ),
    AlarmText(
        name="RegionUnreachable",
        severity="warning",
        title="a Region cannot be read",
        happened="For two scan intervals a target Region could not be read.",
        otherwise=(
            "its certificates are neither renewed nor watched; after 24 hours RegionDark pages."
        ),
        metric=metrics.REGIONS_UNREACHABLE,
        lasting="2 scan intervals",
    ),
    AlarmText(
        name="DeadLettersUnread",
        severity="warning",
        title="rotations that were given up lie in the dead-letter queue",
        happened="The dead-letter queue of rotations is not empty.",
        otherwise=(
            "the messages are deleted 14 days after they were first sent, and with them the "
            "record of what failed."
        ),
    ),
    AlarmText(
        name="QueueStuck",
        severity="warning",
        title="rotations wait in the queue",
        happened="A rotation has waited in the queue for more than two hours.",
        otherwise=(
            "nothing is renewed until the queue moves; RotationStalled pages three scan intervals "
            "and six hours after a secret has changed."
        ),
    ),
    AlarmText(
        name="FunctionErrors",
        severity="warning",
        title="a function fails more often than it succeeds",
        happened=(
            "In each of three hours more than half of the runs of scan, or of rotate, ended in an "
            "error or ran out of time."
        ),
        otherwise=(
            "rotations are given up after five attempts, two and a half hours, and then "
            "RotationDeadLetters pages; or ScanMissing, after three scan intervals."
        ),
    ),
    AlarmText(
        name="FunctionThrottled",
        severity="warning",
        title="a function is not allowed to run",
        happened=(
            "In each of three hours scan, or rotate, was turned away more often than it ran: its "
            "concurrency is used up, or set to nothing."
        ),
        otherwise=(
            "rotations are late, then given up, and RotationDeadLetters pages; or ScanMissing, "
            "after three scan intervals."
        ),
    ),
    AlarmText(
        name="ScheduleFailing",
        severity="warning",
        title="a scan or an event was lost",
        happened=(
            "Messages lie in the queue of scans that could not be started, of scans that failed "
            "three times, or of events about new material that could not be queued."
        ),
        otherwise=(
            "what was lost, the next scan makes up for; if scans go on failing, ScanMissing pages "
            "after three scan intervals. The messages are deleted after 14 days."
        ),
    ),
)

ALARM_TEXTS: Mapping[str, AlarmText] = {text.name: text for text in _TEXTS}
"""Every alarm by its name, those that page first, in the runbook's order."""
