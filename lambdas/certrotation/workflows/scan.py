"""Takes the inventory, queues the due secrets, and deletes old superseded copies."""

from __future__ import annotations

from typing import TYPE_CHECKING

from certrotation.core.scan.report import ScanReport
from certrotation.errors import CertRotationError
from certrotation.workflows.inventory import inventory

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from certrotation.core.scan.assessment import Deletion, ScanPolicy
    from certrotation.workflows.ports import Account


def scan(account: Account, policy: ScanPolicy, now: datetime) -> ScanReport:
    """Take the inventory, queue a message per due secret, delete what was kept long enough.

    Args:
        account: where to look.
        policy: the rules of the assessment, and whether copies may be deleted.
        now: the present time.

    Raises:
        CertRotationError: the secrets cannot be listed, so that nothing is done; or the queue
            accepts no messages.
    """
    assessment, unreachable, _ = inventory(account, policy, now)
    account.queue.send([each.request for each in assessment.due])
    deleted, kept = _delete(account, assessment.deletions if policy.applies else ())
    return ScanReport(
        assessment=assessment,
        unreachable=unreachable,
        deleted=tuple(deleted),
        not_deleted=kept,
        interval=policy.interval,
        now=now,
    )


def _delete(account: Account, steps: Sequence[Deletion]) -> tuple[list[Deletion], dict[str, str]]:
    """Delete superseded copies; one that cannot be deleted now is left for a later scan.

    The lists lag, and a person or a rollback may want the copy kept since: before a deletion the
    copy's tags and the secret are read.
    """
    done: list[Deletion] = []
    kept: dict[str, str] = {}
    for step in steps:
        certificates = account.regions[step.region].certificates
        try:
            because = step.kept_because(
                certificates.tags(step.arn), account.secrets.describe(step.secret)
            )
            if because:
                kept[step.arn] = because
                continue
            certificates.delete(step.arn)
        except CertRotationError as error:
            kept[step.arn] = str(error)
        else:
            done.append(step)
    return done, kept
