"""Checks the estate: unreadable Regions, unused secrets, live certificates left, expiry."""

from __future__ import annotations

from typing import TYPE_CHECKING

from certrotation.cli.diagnosis.results import Result, named, ok, unknown, warning, wrong
from certrotation.cli.unseen import unseen_because

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime

    from certrotation.core.estate.inventory import ManagedSecret
    from certrotation.core.scan.assessment import CertificateStatus
    from certrotation.workflows.inventory import Inventory


def check_estate(
    seen: Inventory, secrets: Sequence[ManagedSecret], now: datetime
) -> Iterator[Result]:
    """Check what the lists of all target Regions show.

    Args:
        seen: the estate.
        secrets: all managed secrets.
        now: the present time.
    """
    for region, why in seen.unreachable.items():
        yield wrong(
            check="Regions",
            found=f"{region} cannot be read: {why}",
            remedy="Follow the runbook's heading RegionUnreachable.",
            link="docs/runbook.md#regionunreachable-a-region-cannot-be-read",
        )
    statuses = seen.assessment.statuses
    yield from _unused(statuses, secrets, is_complete=not seen.unreachable)
    yield from _left(seen.assessment.left)
    yield from _overdue(seen)
    yield from _expiring(statuses, now)
    for finding in seen.assessment.findings:
        yield warning(
            check=finding.code.value,
            found=finding.found,
            remedy=finding.remedy,
            link="docs/operating.md#findings",
        )


def _unused(
    statuses: Iterable[CertificateStatus], secrets: Sequence[ManagedSecret], *, is_complete: bool
) -> Iterator[Result]:
    used = {each.marks.secret for each in statuses if each.certificate.in_use}
    unused = [each.name for each in secrets if each.name not in used]
    if unused and is_complete:
        yield warning(
            check="secrets",
            found=f"Nothing presents the certificates of {named(unused)}.",
            remedy="Attach the certificates, or delete the secrets and their certificates.",
            link="docs/operating.md#tags-on-copies",
        )
    else:
        yield ok("secrets", f"{len(secrets) - len(unused)} of {len(secrets)} are in use")


def _left(left: Sequence[CertificateStatus]) -> Iterator[Result]:
    if left:
        arns = [each.certificate.arn for each in left]
        yield wrong(
            check="left certificates",
            found=f"In use, with a name of a copy, but not renewed: {named(arns)}.",
            remedy="Follow the runbook's heading LiveCertificateLeft.",
            link="docs/runbook.md"
            "#livecertificateleft-a-certificate-with-the-name-of-a-copy-is-not-renewed",
        )
    else:
        yield ok("left certificates", "None is left")


def _overdue(seen: Inventory) -> Iterator[Result]:
    unseen = [each.secret for each in seen.assessment.due if unseen_because(each.secret)]
    due = [each for each in seen.assessment.due if each.secret not in unseen]
    overdue = [each.secret.name for each in due if each.is_overdue]
    if unseen:
        yield unknown(
            check="rotations",
            found=f"Whether {named([each.name for each in unseen])} is due is not known:"
            f" {unseen_because(unseen[0])}",
            link="docs/accounts.md#secrets-of-another-account",
        )
    if overdue:
        yield wrong(
            check="rotations",
            found=f"The secret changed long ago, but its material is not live: {named(overdue)}.",
            remedy="Run `certrotation plan` with the name of the secret.",
            link="docs/runbook.md#rotationstalled-new-material-is-not-going-live",
        )
    else:
        yield ok("rotations", f"{len(due)} due, none overdue")


def _expiring(statuses: Iterable[CertificateStatus], now: datetime) -> Iterator[Result]:
    critical = [
        each.certificate.arn
        for each in statuses
        if each.counts_as_used and each.windows.is_critical(now)
    ]
    if critical:
        yield wrong(
            check="expiry",
            found=f"In use and about to expire: {named(critical)}.",
            remedy="Run `certrotation inventory --fail-on critical`.",
            link="docs/runbook.md#certificatecritical-a-certificate-in-use-is-about-to-expire",
        )
    else:
        yield ok("expiry", "No certificate in use is in its critical window")
