"""Decides, from lists alone, the state of every certificate and which secrets are due."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from certrotation.core.estate import HINT_SETTLES
from certrotation.core.findings import Code, Finding, warn
from certrotation.core.messages import RotationRequest, SeenCopy, Sighting
from certrotation.core.tags import Marks, own_tags
from certrotation.core.windows import WindowPolicy, Windows, windows_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import timedelta

    from certrotation.core.estate import ListedCertificate, ManagedSecret, RegionListing

INTERVALS_UNTIL_OVERDUE = 3


class State(StrEnum):
    """What a certificate is to this service."""

    CURRENT = "current"
    DUE = "due"
    AWAITING = "awaiting material"
    SUPERSEDED = "superseded"
    UNMANAGED = "unmanaged"
    IGNORED = "ignored"
    FOREIGN = "another deployment's"


_NOT_COUNTED = frozenset({State.IGNORED, State.FOREIGN, State.SUPERSEDED})


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanPolicy:
    """What the assessment goes by."""

    prefix: str
    """Of the names of managed secrets."""
    targets: tuple[str, ...]
    """The target Regions, canary first."""
    windows: WindowPolicy
    interval: timedelta
    """Between two scans."""
    retention: timedelta
    """How long a superseded copy is kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The state of one certificate, and why."""

    certificate: ListedCertificate
    marks: Marks
    state: State
    because: str
    windows: Windows

    @property
    def counts_as_used(self) -> bool:
        """Whether somebody would notice its expiry, and it is ours or nobody's to renew."""
        return self.certificate.in_use and self.state not in _NOT_COUNTED


@dataclass(frozen=True, slots=True, kw_only=True)
class DueSecret:
    """A secret that must be rotated: where, why, and whether that is overdue."""

    secret: ManagedSecret
    places: int
    """Copies that are due, and Regions that have none."""
    because: tuple[str, ...]
    is_overdue: bool
    sighting: Sighting

    @property
    def request(self) -> RotationRequest:
        """The message that asks for the rotation."""
        return RotationRequest(
            secret=self.secret.name,
            version=self.secret.current_version,
            sighting=self.sighting,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessment:
    """The whole estate, judged."""

    verdicts: tuple[Verdict, ...]
    due: tuple[DueSecret, ...]
    findings: tuple[Finding, ...]
    deletable: tuple[ListedCertificate, ...]
    """Superseded copies that nothing uses and whose retention has passed."""


def assess(
    secrets: Iterable[ManagedSecret],
    listings: Iterable[RegionListing],
    policy: ScanPolicy,
    now: datetime,
) -> Assessment:
    """Judge every certificate of the Regions that could be read.

    Args:
        secrets: all managed secrets; one that is missing here makes orphans of its copies.
        listings: the Regions that could be read, and no others.
        policy: what to go by.
        now: the present time.
    """
    by_name = {each.name: each for each in secrets}
    seen = tuple(listings)
    verdicts = tuple(
        _judge(certificate, listing.marks(certificate.arn), by_name, policy, now)
        for listing in seen
        for certificate in listing.certificates
    )
    due = (_due(secret, verdicts, seen, policy, now) for secret in by_name.values())
    return Assessment(
        verdicts=verdicts,
        due=tuple(each for each in due if each is not None),
        findings=tuple(_reverted(verdicts)),
        deletable=tuple(
            each.certificate for each in verdicts if _is_deletable(each, policy.retention, now)
        ),
    )


def _judge(
    certificate: ListedCertificate,
    marks: Marks,
    secrets: Mapping[str, ManagedSecret],
    policy: ScanPolicy,
    now: datetime,
) -> Verdict:
    windows = windows_of(certificate.not_before, certificate.not_after, policy.windows)
    state, because = _set_aside(certificate, marks, secrets, policy) or _standing(
        certificate, marks, secrets[marks.secret or ""], windows, now
    )
    return Verdict(
        certificate=certificate, marks=marks, state=state, because=because, windows=windows
    )


def _set_aside(
    certificate: ListedCertificate,
    marks: Marks,
    secrets: Mapping[str, ManagedSecret],
    policy: ScanPolicy,
) -> tuple[State, str] | None:
    """Return the state of a certificate that is no copy of a managed secret, or None."""
    if marks.ignored:
        return State.IGNORED, "it is tagged to be ignored"
    if marks.secret is None:
        return State.UNMANAGED, "no managed secret stands behind it"
    if not marks.secret.startswith(policy.prefix):
        return State.FOREIGN, f"{marks.secret} belongs to another deployment"
    secret = secrets.get(marks.secret)
    if secret is None:
        return State.UNMANAGED, f"its secret {marks.secret} is gone"
    if certificate.region not in secret.regions(policy.targets):
        return State.UNMANAGED, f"its secret {marks.secret} no longer names {certificate.region}"
    return None


def _standing(
    certificate: ListedCertificate,
    marks: Marks,
    secret: ManagedSecret,
    windows: Windows,
    now: datetime,
) -> tuple[State, str]:
    """Return the state of a copy."""
    if marks.is_superseded and not _is_reverted(certificate, marks, now):
        return State.SUPERSEDED, f"its dependents were moved to {marks.superseded_by}"
    because = _why_due(certificate, marks, secret)
    if because:
        return State.DUE, because
    if windows.is_warning(now):
        return State.AWAITING, f"it expires {certificate.not_after}, and its secret is not renewed"
    return State.CURRENT, "it carries what its secret holds"


def _is_reverted(certificate: ListedCertificate, marks: Marks, now: datetime) -> bool:
    """Say whether a superseded copy is in use again, beyond the lag of ACM's hint."""
    since = datetime.fromtimestamp(marks.superseded_at or 0, UTC)
    return certificate.in_use and now - since >= HINT_SETTLES


def _why_due(certificate: ListedCertificate, marks: Marks, secret: ManagedSecret) -> str | None:
    if secret.current_version is None:
        return None
    if marks.version != secret.current_version:
        return f"it carries version {marks.version}, AWSCURRENT is {secret.current_version}"
    if marks.not_after != int(certificate.not_after.timestamp()):
        return "somebody imported over it: its expiry is not the one recorded"
    return None


def _due(
    secret: ManagedSecret,
    verdicts: tuple[Verdict, ...],
    listings: tuple[RegionListing, ...],
    policy: ScanPolicy,
    now: datetime,
) -> DueSecret | None:
    """Return the secret as due, or None if there is nothing to do for it."""
    if secret.current_version is None:
        return None
    own = [each for each in verdicts if each.marks.secret == secret.name]
    because = (
        *(f"{each.certificate.arn}: {each.because}" for each in own if each.state is State.DUE),
        *(
            f"{region}: it has no copy"
            for region in _regions_without_copy(secret, own, listings, policy)
        ),
    )
    refused = tuple(each.found for each in secret.findings(policy.targets))
    if not because and not refused:
        return None
    return DueSecret(
        secret=secret,
        places=len(because),
        because=(*because, *refused),
        is_overdue=_is_overdue(secret, policy.interval, now),
        sighting=_sighting(own, listings, now),
    )


def _regions_without_copy(
    secret: ManagedSecret,
    own: list[Verdict],
    listings: tuple[RegionListing, ...],
    policy: ScanPolicy,
) -> Iterator[str]:
    """Yield the Regions that were read, should hold a copy, and hold none."""
    held = {each.certificate.region for each in own if each.state not in _NOT_COUNTED}
    readable = {each.region for each in listings}
    for region in secret.regions(policy.targets):
        if region in readable and region not in held:
            yield region


def _is_overdue(secret: ManagedSecret, interval: timedelta, now: datetime) -> bool:
    changed = secret.last_changed
    return changed is not None and now - changed > INTERVALS_UNTIL_OVERDUE * interval


def _sighting(own: list[Verdict], listings: tuple[RegionListing, ...], now: datetime) -> Sighting:
    tags = {arn: each for listing in listings for arn, each in listing.tags.items()}
    return Sighting(
        at=int(now.timestamp()),
        copies=tuple(
            SeenCopy(
                arn=each.certificate.arn,
                region=each.certificate.region,
                in_use=each.certificate.in_use,
                tags=own_tags(tags[each.certificate.arn]),
            )
            for each in own
            if each.state is not State.IGNORED
        ),
    )


def _reverted(verdicts: tuple[Verdict, ...]) -> Iterator[Finding]:
    for each in verdicts:
        if each.marks.is_superseded and each.state in {State.DUE, State.AWAITING, State.CURRENT}:
            found = f"{each.certificate.arn} was superseded and is in use again."
            yield warn(Code.DEPENDENT_REVERTED, found)


def _is_deletable(verdict: Verdict, retention: timedelta, now: datetime) -> bool:
    """Say whether retention has passed; without a time that can be read nothing is deleted."""
    at = verdict.marks.superseded_at
    return (
        verdict.state is State.SUPERSEDED
        and not verdict.certificate.in_use
        and at is not None
        and now >= datetime.fromtimestamp(at, UTC) + retention
    )
