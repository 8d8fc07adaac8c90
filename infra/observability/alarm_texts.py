"""The texts of the alarms: one table for the alarms, the runbook and the demo.

An alarm's description and its heading in docs/runbook.md come from the same row, so they cannot
differ.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from certrotation.names import metrics
from certrotation.names.runbook import place_of

Severity = Literal["critical", "warning"]

SHOWN_IN_FULL = 1024
"""The longest description, in characters (CloudWatch API Reference, PutMetricAlarm)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmText:
    """The texts of one alarm."""

    name: str
    severity: Severity
    title: str
    """What happened, as a heading."""
    happened: str
    """What happened, in a sentence."""
    otherwise: str
    """What happens if nobody acts, and by when."""
    metric: str | None = None
    """The metric of this service that the alarm watches; None if it watches metrics of AWS."""
    lasting: str | None = None
    """How long the metric must be above zero, if one scan or rotation is not enough."""

    @property
    def heading(self) -> str:
        """The heading in the runbook."""
        return f"{self.name}: {self.title}"

    @property
    def description(self) -> str:
        """The description of the alarm where the team has no runbook of its own."""
        return self.description_with(runbook_url=None)

    def description_with(self, *, runbook_url: str | None) -> str:
        """Return the description of the alarm, which its mail contains."""
        # A mail program would make a full stop after a link a part of the link.
        place = f"{place_of(self.heading, runbook_url)}{'' if runbook_url else '.'}"
        return f"{self.happened} If nobody acts: {self.otherwise} Follow {place}"


ON_FIRE = AlarmText(
    name="OnFire",
    severity="critical",
    title="at least one paging alarm is on",
    happened="At least one paging alarm of this stack is on.",
    otherwise="see the description of the alarm that is on.",
)
"""The alarm that sums up the critical ones."""

_TEXTS = (
    AlarmText(
        name="CertificateCritical",
        severity="critical",
        title="a certificate in use is about to expire",
        happened=(
            "A certificate in use is in the last tenth of its lifetime, or has already expired."
        ),
        otherwise=(
            "clients reject the certificate as soon as it expires: within 21 days by default, "
            "within 3 days for 30-day certificates, within hours for shorter ones."
        ),
        metric=metrics.CERTIFICATES_CRITICAL,
    ),
    AlarmText(
        name="CertificateTurnedCritical",
        severity="critical",
        title="another certificate is about to expire",
        happened=(
            "A certificate in use entered the last tenth of its lifetime within the last three "
            "scan intervals. Other certificates may have been critical before."
        ),
        otherwise=(
            "clients reject the certificate as soon as it expires. This alarm clears after three "
            "scan intervals, even if nobody has renewed the certificate."
        ),
        metric=metrics.CERTIFICATES_TURNED_CRITICAL,
    ),
    AlarmText(
        name="ScanMissing",
        severity="critical",
        title="scans have stopped",
        happened="No scan has finished for three scan intervals.",
        otherwise=(
            "a certificate is renewed only when its secret changes, no other alarm about "
            "certificates can go off, and the next certificate expires without an alarm."
        ),
        metric=metrics.SCAN_COMPLETED,
    ),
    AlarmText(
        name="RotationStalled",
        severity="critical",
        title="new material is not going live",
        happened=(
            "For six hours, the copies of a secret have not had the secret's current material, "
            "although the secret changed more than three scan intervals ago."
        ),
        otherwise=(
            "the old certificates stay in use and expire: within a third of their lifetime if they "
            "were renewed on time, sooner if they were renewed late."
        ),
        metric=metrics.COPIES_OVERDUE,
        lasting="6 hours",
    ),
    AlarmText(
        name="RegionDark",
        severity="critical",
        title="a Region could not be read for a day",
        happened="For 24 hours, no scan could read a target Region.",
        otherwise=(
            "the certificates of the Region are neither renewed nor watched, and expire without "
            "an alarm; the alarms about certificates keep their last state."
        ),
        metric=metrics.REGIONS_UNREACHABLE,
        lasting="24 hours",
    ),
    AlarmText(
        name="DependentsStranded",
        severity="critical",
        title="a listener or distribution uses the old certificate",
        happened=(
            "A listener or distribution still uses the old certificate: an hour after the new one "
            "was imported, after six hours in which it took no change, or because somebody put it "
            "back twice within a week."
        ),
        otherwise=(
            "clients of this listener or distribution reject the old certificate when it expires, "
            "although everything else is renewed."
        ),
        metric=metrics.DEPENDENTS_STRANDED,
    ),
    AlarmText(
        name="RotationDeadLetters",
        severity="critical",
        title="a rotation failed five times",
        happened="A rotation failed five times, and SQS moved it to the dead-letter queue.",
        otherwise=(
            "every scan queues the rotation again, and it fails again, until the certificate "
            "expires."
        ),
    ),
    AlarmText(
        name="AwaitingMaterial",
        severity="warning",
        title="a certificate is about to expire and nobody has renewed it",
        happened=(
            "A copy is in the last fifth of its lifetime, and its secret contains no newer "
            "material: nobody has delivered a renewed certificate."
        ),
        otherwise=(
            "CertificateCritical pages when half of the remaining time has passed, and then the "
            "certificate expires."
        ),
        metric=metrics.COPIES_AWAITING_MATERIAL,
    ),
    AlarmText(
        name="UnmanagedExpiring",
        severity="warning",
        title="a certificate without a secret is about to expire",
        happened=(
            "An imported certificate in use is in the last fifth of its lifetime, and no managed "
            "secret belongs to it."
        ),
        otherwise=(
            "nothing renews the certificate: CertificateCritical pages when half of the remaining "
            "time has passed, and then the certificate expires."
        ),
        metric=metrics.UNMANAGED_EXPIRING,
    ),
    AlarmText(
        name="LiveCertificateLeft",
        severity="warning",
        title="a certificate with the name of a copy is not renewed",
        happened=(
            "Two scans in a row found an imported certificate in use that shares a name with a "
            "copy and has no tag of this service."
        ),
        otherwise=(
            "its clients do not get the material of the secret: when the certificate expires, they "
            "reject it, although the copy is renewed. UnmanagedExpiring opens a ticket before that."
        ),
        metric=metrics.LIVE_CERTIFICATES_LEFT,
        lasting="2 scan intervals",
    ),
    AlarmText(
        name="MaterialRefused",
        severity="warning",
        title="new material was refused",
        happened=(
            "Within the last two scan intervals, the service or AWS refused the new material of a "
            "secret."
        ),
        otherwise=(
            "every scan retries and the material is refused again, the old certificate stays in "
            "use, and CertificateCritical pages in the last tenth of its lifetime."
        ),
        metric=metrics.ROTATION_REFUSED,
    ),
    AlarmText(
        name="RegionUnreachable",
        severity="warning",
        title="a Region cannot be read",
        happened="For two scan intervals, no scan could read a target Region.",
        otherwise=(
            "the certificates of the Region are neither renewed nor watched; RegionDark pages "
            "after 24 hours."
        ),
        metric=metrics.REGIONS_UNREACHABLE,
        lasting="2 scan intervals",
    ),
    AlarmText(
        name="DeadLettersUnread",
        severity="warning",
        title="the dead-letter queue of rotations is not empty",
        happened="The dead-letter queue of rotations is not empty.",
        otherwise=(
            "SQS deletes the messages 14 days after they were first sent, and with them the "
            "record of what failed."
        ),
    ),
    AlarmText(
        name="QueueStuck",
        severity="warning",
        title="rotations wait in the queue",
        happened="A rotation has waited in the queue for more than two hours.",
        otherwise=(
            "nothing is renewed until the queue is processed; RotationStalled pages three scan "
            "intervals and six hours after a secret changed."
        ),
    ),
    AlarmText(
        name="FunctionErrors",
        severity="warning",
        title="a function fails more often than it succeeds",
        happened=(
            "In three of the last four hours, more than half of the runs of scan, or of rotate, "
            "failed or timed out."
        ),
        otherwise=(
            "if rotate fails, RotationDeadLetters pages after five attempts, two and a half hours; "
            "if scan fails, ScanMissing pages after three scan intervals."
        ),
    ),
    AlarmText(
        name="FunctionThrottled",
        severity="warning",
        title="a function is throttled",
        happened=(
            "In three of the last four hours, Lambda throttled scan, or rotate, more often than "
            "the function ran: its concurrency is used up, or set to 0."
        ),
        otherwise=(
            "if rotate is throttled, rotations are late, then fail for good, and "
            "RotationDeadLetters pages; if scan is throttled, ScanMissing pages after three scan "
            "intervals."
        ),
    ),
    AlarmText(
        name="ScheduleFailing",
        severity="warning",
        title="a scan or an event was lost",
        happened=(
            "A queue contains scans that could not be started, scans that failed three times, or "
            "events about new material that could not be queued."
        ),
        otherwise=(
            "the next scan makes up for the loss; if scans go on failing, ScanMissing pages after "
            "three scan intervals. SQS deletes the messages after 14 days."
        ),
    ),
)

ALARM_TEXTS: Mapping[str, AlarmText] = {text.name: text for text in _TEXTS}
"""Every alarm by name, critical ones first, in the order of the runbook."""

_ISSUANCE_TEXTS = (
    AlarmText(
        name="IssuanceMissing",
        severity="critical",
        title="nobody looks whether certificates need renewal",
        happened="The issue function has not looked at the secrets with an issuer for three hours.",
        otherwise=(
            "no issuer renews a certificate; AwaitingMaterial and CertificateCritical go off "
            "before the certificates expire."
        ),
        metric=metrics.ISSUANCE_CHECKED,
    ),
    AlarmText(
        name="IssuanceStalled",
        severity="critical",
        title="a renewal is late",
        happened=(
            "The renewal of a secret with an issuer has been due for longer than a third of what "
            "was left of its certificate, or a first certificate has not come for 24 hours."
        ),
        otherwise="the certificate expires: two thirds of that time are left.",
        metric=metrics.ISSUANCES_STALLED,
        lasting="2 looks",
    ),
    AlarmText(
        name="IssuanceFailing",
        severity="warning",
        title="an issuer does not issue certificates",
        happened="Two looks in a row found a secret whose issuer does not issue its certificate.",
        otherwise=(
            "the issuer is asked again and fails again, and IssuanceStalled pages when a third of "
            "the remaining time has passed."
        ),
        metric=metrics.ISSUANCES_FAILING,
        lasting="2 looks",
    ),
)

ISSUANCE_ALARM_TEXTS: Mapping[str, AlarmText] = {text.name: text for text in _ISSUANCE_TEXTS}
"""The alarms that exist only if the stack has issuers."""
