"""Classifies the whole estate from lists only, and decides which secrets are due."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, TypeAlias

from certrotation.core.estate.expiry_windows import WindowPolicy, Windows, windows_of
from certrotation.core.estate.inventory import reverted
from certrotation.core.estate.tags import Marks, own_tags
from certrotation.core.findings import Code, is_accepted
from certrotation.core.rotation.request import RotationRequest, ScanSnapshot, SnapshotCopy
from certrotation.core.scan.classification import Classifier, State
from certrotation.core.scan.import_quota import YEARLY_QUOTA, check_import_quota
from certrotation.core.scan.scan_rate import check_scan_rate
from certrotation.names.tags import ISSUER
from certrotation.values import dataclass, replace

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import datetime, timedelta

    from certrotation.core.estate.arn_parameters import ArnParameters
    from certrotation.core.estate.inventory import ListedCertificate, ManagedSecret, RegionListing
    from certrotation.core.findings import Finding

ServedName: TypeAlias = tuple[str, str]
"""A Region, and a name of a certificate there."""

INTERVALS_UNTIL_OVERDUE = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanPolicy:
    """The settings of an assessment."""

    prefix: str
    """The prefix of the names of managed secrets."""
    targets: tuple[str, ...]
    """The target Regions, canary first."""
    windows: WindowPolicy
    interval: timedelta
    """The time between two scans."""
    retention: timedelta
    """How long a superseded copy is kept."""
    applies: bool = True
    """False in report mode: nothing outside the queue is changed."""
    yearly_import_quota: int = YEARLY_QUOTA
    """The quota of ACM: imports in a Region in 365 days."""
    arn_parameters: ArnParameters | None = None
    """How ARN parameters are named; None if there are none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateStatus:
    """The state of one certificate, and the reason."""

    certificate: ListedCertificate
    tags: Mapping[str, str]
    """All tags of the certificate."""
    marks: Marks
    """The content of this service's tags."""
    state: State
    because: str
    windows: Windows

    @property
    def counts_as_used(self) -> bool:
        """Whether the certificate is in use, and is a copy or unmanaged."""
        return self.certificate.in_use and self.state.is_watched

    @property
    def critical_window(self) -> timedelta:
        """The length of the critical window before expiry."""
        return self.certificate.not_after - self.windows.critical_opens

    @property
    def served_names(self) -> frozenset[ServedName]:
        """The Region with each name; a certificate without names in the list has an empty name."""
        certificate = self.certificate
        return frozenset((certificate.region, name) for name in certificate.names or {""})

    @property
    def is_untagged_in_use(self) -> bool:
        """Whether the certificate is in use without a tag of this service: it could be adopted."""
        return (
            self.certificate.in_use and self.state is State.UNMANAGED and self.marks.secret is None
        )

    @property
    def is_reverted(self) -> bool:
        """Whether the certificate was superseded and is in use again."""
        return self.marks.is_superseded and self.state.is_managed

    def is_deletable(self, secret: ManagedSecret, retention: timedelta, now: datetime) -> bool:
        """Return whether the copy's retention has passed; without a readable time it never does.

        A copy of the version that is AWSCURRENT is kept, because it will be used again; if that
        version is unknown, every copy is kept. While the secret is on hold, nothing is deleted.
        """
        return (
            self.state is State.SUPERSEDED
            and not self.certificate.in_use
            and self.marks.superseded_at is not None
            and self.marks.superseded_since(now) >= retention.total_seconds()
            and _keeps(secret, self.marks) is None
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Deletion:
    """A superseded copy that the scan deletes."""

    arn: str
    region: str
    secret: str
    """The name of the secret that the copy belongs to."""
    because: str
    marks: Marks
    """The content of the copy's tags."""

    def kept_because(self, tags: Mapping[str, str], secret: ManagedSecret) -> str | None:
        """Return why the copy is kept after all, or None if it may be deleted.

        Args:
            tags: the copy's tags, as read just before the deletion.
            secret: the secret, as read just before the deletion.
        """
        if Marks.from_tags(tags) != self.marks:
            return "its tags were changed meanwhile"
        return _keeps(secret, self.marks)


def _keeps(secret: ManagedSecret, marks: Marks) -> str | None:
    """Return why the state of its secret keeps a superseded copy, or None."""
    if secret.is_held:
        return f"{secret.name} is on hold"
    if secret.current_version is None:
        return f"the version of {secret.name} that is AWSCURRENT is unknown"
    if marks.version == secret.current_version:
        return f"the copy has the version of {secret.name} that is AWSCURRENT"
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class DueSecret:
    """A secret that must be rotated: where, why, and whether the rotation is overdue."""

    secret: ManagedSecret
    places: int
    """The number of copies that are due, and of target Regions without a copy."""
    because: tuple[str, ...]
    is_overdue: bool
    snapshot: ScanSnapshot

    @property
    def request(self) -> RotationRequest:
        """The message that requests the rotation."""
        return RotationRequest(
            secret=self.secret.name,
            version=self.secret.current_version,
            snapshot=self.snapshot,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessment:
    """The assessment of the whole estate."""

    statuses: tuple[CertificateStatus, ...]
    due: tuple[DueSecret, ...]
    findings: tuple[Finding, ...]
    deletions: tuple[Deletion, ...]
    """Deletions of superseded copies that nothing uses and whose retention has passed."""
    left: tuple[CertificateStatus, ...] = ()
    """The certificates in use without a tag of this service that share a name with a copy."""


def assess(
    secrets: Iterable[ManagedSecret],
    listings: Sequence[RegionListing],
    policy: ScanPolicy,
    now: datetime,
) -> Assessment:
    """Classify every certificate in the Regions that could be read.

    Args:
        secrets: all managed secrets; the copies of a missing secret would count as orphans.
        listings: the Regions that could be read, and no others.
        policy: the settings.
        now: the current time.
    """
    by_name = {each.name: each for each in secrets}
    classifier = Classifier(secrets=by_name, prefix=policy.prefix, targets=policy.targets, now=now)
    statuses = tuple(
        _status(certificate, listing.tags.get(certificate.arn, {}), classifier, policy)
        for listing in listings
        for certificate in listing.certificates
    )
    claimed: defaultdict[str | None, list[CertificateStatus]] = defaultdict(list)
    for each in statuses:
        claimed[each.marks.secret].append(each)
    dues = _Dues(
        readable=frozenset(each.region for each in listings),
        untagged=frozenset().union(
            *(each.served_names for each in statuses if each.is_untagged_in_use)
        ),
        policy=policy,
        now=now,
    )
    due = (dues.due(secret, claimed[secret.name]) for secret in by_name.values())
    return Assessment(
        statuses=statuses,
        due=tuple(each for each in due if each is not None),
        findings=(
            *(
                reverted(each.certificate.arn, each.marks, now)
                for each in statuses
                if each.is_reverted
            ),
            *check_import_quota(
                [each.certificate for each in statuses if each.state.is_managed],
                policy.yearly_import_quota,
            ),
            *check_scan_rate(
                [each.critical_window for each in statuses if each.counts_as_used],
                policy.interval,
            ),
        ),
        deletions=tuple(
            _deletion(each, secret.name, policy.retention)
            for each in statuses
            if (secret := by_name.get(each.marks.secret or ""))
            and each.is_deletable(secret, policy.retention, now)
        ),
        left=tuple(_left(statuses, by_name)),
    )


def _left(
    statuses: Sequence[CertificateStatus], secrets: Mapping[str, ManagedSecret]
) -> Iterator[CertificateStatus]:
    """Yield the certificates in use without a tag that share a listed name with a copy.

    The names are identical: a wildcard shares a name with the same wildcard only. A copy whose
    secret accepts LIVE_CERTIFICATE_LEFT does not count.
    """
    copies = {
        served: each.marks.secret
        for each in statuses
        if each.state.is_managed
        and (secret := secrets.get(each.marks.secret or ""))
        and not is_accepted(Code.LIVE_CERTIFICATE_LEFT, secret.accepted)
        for served in each.served_names
        if each.certificate.names
    }
    for each in statuses:
        shared = sorted(each.served_names & copies.keys()) if each.is_untagged_in_use else ()
        if shared:
            because = f"it shares {shared[0][1]} with a copy of {copies[shared[0]]}"
            yield replace(each, because=because)


def _deletion(status: CertificateStatus, secret: str, retention: timedelta) -> Deletion:
    because = f"{status.because} more than {retention.days} days ago, and nothing uses the copy"
    certificate = status.certificate
    return Deletion(
        arn=certificate.arn,
        region=certificate.region,
        secret=secret,
        because=because,
        marks=status.marks,
    )


def _status(
    certificate: ListedCertificate,
    tags: Mapping[str, str],
    classifier: Classifier,
    policy: ScanPolicy,
) -> CertificateStatus:
    marks = Marks.from_tags(tags)
    windows = windows_of(certificate.not_before, certificate.not_after, policy.windows)
    state, because = classifier.state_of(certificate, marks, windows)
    return CertificateStatus(
        certificate=certificate,
        tags=tags,
        marks=marks,
        state=state,
        because=because,
        windows=windows,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Dues:
    """Decides which secrets are due in the Regions that could be read."""

    readable: frozenset[str]
    untagged: frozenset[ServedName]
    """The names of certificates in use without a tag of this service."""
    policy: ScanPolicy
    now: datetime

    def due(self, secret: ManagedSecret, own: Sequence[CertificateStatus]) -> DueSecret | None:
        """Return the secret as due, or None if it needs no rotation."""
        targets = self.policy.targets
        covered = {each.certificate.region for each in own if each.state.is_managed}
        unknown = secret.source_unknown_because
        if secret.current_version is None and not covered and not unknown:
            return None
        because = (
            *(f"{each.certificate.arn}: {each.because}" for each in own if each.state is State.DUE),
            *(
                f"{region}: no copy"
                for region in secret.regions(targets)
                if region in self.readable and region not in covered
            ),
        )
        refused = tuple(each.found for each in secret.findings(targets))
        if unknown and secret.source_problem is None:
            refused = (*refused, unknown)
        unpublished = tuple(self._unpublished(secret, own))
        if not because and not refused and not unpublished:
            return None
        return DueSecret(
            secret=secret,
            places=len(because),
            because=(*because, *refused, *unpublished),
            is_overdue=bool(because or refused)
            and not (ISSUER in secret.tags and not covered)
            and _is_overdue(secret, self.policy.interval, self.now),
            snapshot=self._snapshot(own),
        )

    def _unpublished(
        self, secret: ManagedSecret, own: Sequence[CertificateStatus]
    ) -> Iterator[str]:
        """Yield the Regions of whose copies none is known to be in all its ARN parameters."""
        named = self.policy.arn_parameters
        if named is None:
            return
        for region in secret.regions(self.policy.targets):
            copies = [
                each for each in own if each.certificate.region == region and each.state.is_managed
            ]
            publication = named.of(secret.name, region)
            if copies and not any(publication.is_held_by(each.tags) for each in copies):
                yield f"{region}: an ARN parameter of the copy does not hold its ARN yet"

    def _snapshot(self, own: Sequence[CertificateStatus]) -> ScanSnapshot:
        like = {each.certificate.region for each in own if each.served_names & self.untagged}
        return ScanSnapshot(
            at=int(self.now.timestamp()),
            copies=tuple(_snapshot_copies(own)),
            lookalikes=tuple(sorted(like)),
        )


def _is_overdue(secret: ManagedSecret, interval: timedelta, now: datetime) -> bool:
    changed = secret.last_changed
    return changed is not None and now - changed > INTERVALS_UNTIL_OVERDUE * interval


def _snapshot_copies(own: Sequence[CertificateStatus]) -> Iterator[SnapshotCopy]:
    for each in own:
        if each.state is not State.IGNORED:
            yield SnapshotCopy(
                arn=each.certificate.arn,
                region=each.certificate.region,
                in_use=each.certificate.in_use,
                tags=own_tags(each.tags),
            )
