"""The events that other programs get about a rotation: which, when, and what they contain.

Every text is safe between the quotes of an input template: EventBridge inserts a value as it is
(EventBridge User Guide, Input transformation, Common issues), so no text contains a double quote, a
backslash or a control character. Lists are cut, so that an event stays below the limit of 256 KB
(EventBridge User Guide, Calculating PutEvents event entry size).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple, TypedDict

from certrotation.core.findings import refusals
from certrotation.core.material.x509_facts import fingerprint_of
from certrotation.core.notify.notice import on_one_line, shortened
from certrotation.core.notify.schedule import is_notification_due
from certrotation.core.rotation.outcomes import Status
from certrotation.names.events import REFUSED, ROTATED
from certrotation.names.runbook import MATERIAL_REFUSED, place_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime, timedelta

    from cryptography import x509

    from certrotation.core.findings import Finding
    from certrotation.core.rotation.outcomes import RegionOutcome, RotationOutcome
    from certrotation.core.rotation.request import RotationRequest
    from certrotation.errors import CertRotationError

MOST_REASONS = 25
"""And as many findings."""
MOST_ARNS = 20
"""Of each kind, in one Region."""
LONGEST_TEXT = 500
"""In characters, of which one takes up to four bytes."""

_UNSAFE = {ord('"'): "'", ord("\\"): "/"}


class Announcement(NamedTuple):
    """An event for the event bus."""

    kind: str
    """The detail type."""
    detail: Mapping[str, object]


class RotatedRegion(TypedDict):
    """A Region in which the version is live."""

    region: str
    arns: list[str]
    """The copies that have the version; one, as a rule. At most 20 are listed."""
    replaced: list[str]
    """The copies that were superseded by these, because the ARN had to change. At most 20 are
    listed."""
    moved: int
    """The dependents that the last run moved."""


class Remark(TypedDict):
    """A warning, or a repair of the material."""

    region: str | None
    """null: on the material or the secret."""
    code: str
    severity: Literal["repair", "warn"]
    found: str
    remedy: str


class Reason(TypedDict):
    """What was refused, and what a person must do."""

    region: str | None
    """null: in all Regions."""
    code: str
    """A finding, or an error."""
    found: str
    remedy: str


class RegionStatus(TypedDict):
    """A Region, and how the rotation ended there."""

    region: str
    status: Literal["done", "planned", "waiting", "held_back", "stranded", "refused", "failed"]
    """As in the log of rotate."""


class Rotated(TypedDict):
    """The detail of the event Certificate Rotated: a version of a secret is live everywhere."""

    schema: str
    """The name and the version of this schema."""
    stack: str
    """The name of the stack that put the event."""
    secret: str
    """The name of the secret."""
    version: str
    """The version id of the secret."""
    summary: str
    """One sentence for a person."""
    not_after: str
    """The expiry of the certificate, in UTC: 2027-03-01T12:00:00Z."""
    serial: str
    """The serial number of the certificate, in hexadecimal."""
    fingerprint: str
    """The SHA-256 fingerprint of the certificate, in hexadecimal."""
    regions: list[RotatedRegion]
    """The target Regions of the secret."""
    findings: list[Remark]
    """At most 25."""
    findings_omitted: int
    """How many findings are not listed."""


class Refused(TypedDict):
    """The detail of the event Certificate Refused: nothing changes there until a person acts."""

    schema: str
    """The name and the version of this schema."""
    stack: str
    """The name of the stack that put the event."""
    secret: str
    """The name of the secret; or what the message named, if there is no such secret."""
    version: str | None
    """The version id of the secret; null if it could not be read."""
    summary: str
    """One sentence for a person."""
    codes: list[str]
    """The codes of the reasons, each once."""
    reasons: list[Reason]
    """At most 25."""
    reasons_omitted: int
    """How many reasons are not listed."""
    regions: list[RegionStatus]
    """The target Regions of the secret; none if it was refused before a Region was read."""
    runbook: str
    """Where to read on: a URL if the setting runbook_url is given."""


DETAILS: dict[str, type[Rotated | Refused]] = {"rotated": Rotated, "refused": Refused}
"""The types of the details, by the names of their schemas."""


def announcement(  # noqa: PLR0913  all that is known of one rotation
    stack: str,
    request: RotationRequest,
    outcome: RotationOutcome,
    *,
    interval: timedelta,
    receives: int,
    runbook_url: str | None = None,
) -> Announcement | None:
    """Return the event that is put now about the outcome of a rotation, or None.

    A refusal is announced whenever people are notified of it: at once, and once a day as long as it
    lasts (see `is_notification_due`).

    A version is announced by the run that finishes it in the last Region. No state records that: a
    run that finds everything done announces the version only if its message was received before,
    because an earlier run may have died between the last step and the event. So an event may come
    twice, and none is lost.

    Args:
        stack: the stack's name.
        request: the message.
        outcome: the outcome of its rotation.
        interval: the time between two scans.
        receives: how often the message was received, this time included.
        runbook_url: the page of the team's own runbook, if there is one.
    """
    statuses = {outcome.status, *(each.status for each in outcome.regions)}
    if Status.REFUSED in statuses:
        is_due = is_notification_due(request, outcome, interval, receives)
        return Announcement(REFUSED, _refused(stack, outcome, runbook_url)) if is_due else None
    if outcome.leaf is None or not _is_finished(outcome, receives):
        return None
    return Announcement(ROTATED, _rotated(stack, outcome, outcome.leaf))


def _is_finished(outcome: RotationOutcome, receives: int) -> bool:
    """Return whether the version is live everywhere, and this run or one before it did that."""
    if outcome.status is not Status.DONE or not all(each.live for each in outcome.regions):
        return False
    return receives > 1 or any(each.completes_version for each in outcome.regions)


def _rotated(stack: str, outcome: RotationOutcome, leaf: x509.Certificate) -> Rotated:
    findings = [
        *((None, each) for each in outcome.findings),
        *((region.region, each) for region in outcome.regions for each in region.findings),
    ]
    version = outcome.plan.version if outcome.plan else ""
    regions = ", ".join(each.region for each in outcome.regions)
    return {
        "schema": "certrotation/rotated/1",
        "stack": _safe(stack),
        "secret": _safe(outcome.secret),
        "version": _safe(version),
        "summary": _safe(
            f"{outcome.secret}: version {version} is live in {regions}. It expires on"
            f" {leaf.not_valid_after_utc:%Y-%m-%d}."
        ),
        "not_after": _at(leaf.not_valid_after_utc),
        "serial": f"{leaf.serial_number:x}",
        "fingerprint": fingerprint_of(leaf),
        "regions": [
            {
                "region": each.region,
                "arns": [*each.live[:MOST_ARNS]],
                "replaced": [*each.replaced[:MOST_ARNS]],
                "moved": each.moved,
            }
            for each in outcome.regions
        ],
        "findings": [_remark(*each) for each in findings[:MOST_REASONS]],
        "findings_omitted": max(len(findings) - MOST_REASONS, 0),
    }


def _refused(stack: str, outcome: RotationOutcome, runbook_url: str | None) -> Refused:
    reasons = list(_reasons(outcome))
    codes = list(dict.fromkeys(each.code for each in reasons))
    version = _version(outcome)
    where = ", ".join(dict.fromkeys(each.region or "all Regions" for each in reasons))
    return {
        "schema": "certrotation/refused/1",
        "stack": _safe(stack),
        "secret": _safe(outcome.secret),
        "version": _safe(version) if version else None,
        "summary": _safe(
            f"{outcome.secret}: version {version or 'unknown'} is refused in {where}:"
            f" {', '.join(codes)}. Nothing changes there until a person acts."
        ),
        "codes": codes,
        "reasons": [each.to_json() for each in reasons[:MOST_REASONS]],
        "reasons_omitted": max(len(reasons) - MOST_REASONS, 0),
        "regions": [
            {"region": each.region, "status": each.status.value}  # type: ignore[typeddict-item]
            for each in outcome.regions
        ],
        "runbook": _safe(place_of(MATERIAL_REFUSED, runbook_url)),
    }


def _version(outcome: RotationOutcome) -> str | None:
    if outcome.plan is not None:
        return outcome.plan.version
    return outcome.described.current_version if outcome.described else None


class _Said(NamedTuple):
    """A reason, and where it holds."""

    region: str | None
    code: str
    why: Finding | CertRotationError

    def to_json(self) -> Reason:
        return {
            "region": self.region,
            "code": self.code,
            "found": _safe(self.why.found),
            "remedy": _safe(self.why.remedy),
        }


def _reasons(outcome: RotationOutcome) -> Iterator[_Said]:
    yield from _reasons_of(None, outcome)
    for region in outcome.regions:
        yield from _reasons_of(region.region, region)


def _reasons_of(region: str | None, outcome: RegionOutcome | RotationOutcome) -> Iterator[_Said]:
    for each in refusals(outcome.findings):
        yield _Said(region, each.code.value, each)
    if outcome.error is not None and outcome.status is Status.REFUSED:
        yield _Said(region, outcome.error.code, outcome.error)


def _remark(region: str | None, finding: Finding) -> Remark:
    return {
        "region": region,
        "code": finding.code.value,
        "severity": finding.severity.value,  # type: ignore[typeddict-item]  # nothing is refused
        "found": _safe(finding.found),
        "remedy": _safe(finding.remedy),
    }


def _safe(text: str) -> str:
    """Return the text as it may stand between quotes in JSON, shortened in the middle."""
    return shortened(on_one_line(text.translate(_UNSAFE)), LONGEST_TEXT)


def _at(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"
