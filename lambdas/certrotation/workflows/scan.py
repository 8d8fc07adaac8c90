"""Looks at the whole estate through lists alone, queues what is due, clears what is superseded."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from certrotation.core.estate.inventory import RegionListing
from certrotation.core.estate.tags import Marks
from certrotation.core.scan.assessment import assess
from certrotation.core.scan.report import ScanReport
from certrotation.errors import CertRotationError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from certrotation.core.rotation.plan import Delete
    from certrotation.core.scan.assessment import ScanPolicy
    from certrotation.workflows.ports import Account, Region


def scan(account: Account, policy: ScanPolicy, *, applies: bool, now: datetime) -> ScanReport:
    """Assess every target Region, queue a message per due secret, delete what has been kept enough.

    A Region that cannot be read is reported, and the scan goes on with the others. Without the
    list of secrets every copy would look orphaned, so then the scan fails and does nothing.

    Args:
        account: where to look.
        policy: what to go by.
        applies: whether superseded copies may be deleted.
        now: the present time.

    Raises:
        CertRotationError: the secrets cannot be listed, or the queue takes no messages.
    """
    secrets = account.secrets.list_managed()
    listings, unreachable = _list_regions(tuple(account.regions.values()))
    assessment = assess(secrets, listings, policy, now)
    account.queue.send([each.request for each in assessment.due])
    deleted, kept = _delete(account, assessment.deletions if applies else ())
    return ScanReport(
        assessment=assessment,
        unreachable=unreachable,
        deleted=tuple(deleted),
        not_deleted=kept,
        interval=policy.interval,
        now=now,
    )


def _list_regions(regions: Sequence[Region]) -> tuple[list[RegionListing], dict[str, str]]:
    """Read all Regions at once; return those that answered, and why the others did not."""
    with ThreadPoolExecutor(max_workers=len(regions)) as pool:
        results = list(pool.map(_try_to_list, regions))
    listings = [each for each in results if isinstance(each, RegionListing)]
    failures = {
        region.name: str(result)
        for region, result in zip(regions, results, strict=True)
        if isinstance(result, CertRotationError)
    }
    return listings, failures


def _try_to_list(region: Region) -> RegionListing | CertRotationError:
    try:
        return RegionListing(
            region=region.name,
            certificates=tuple(region.certificates.list_imported()),
            tags=region.tag_index.all(),
        )
    except CertRotationError as error:
        return error


def _delete(account: Account, steps: Sequence[Delete]) -> tuple[list[Delete], dict[str, str]]:
    """Delete superseded copies; one that cannot be deleted now is left for a later scan.

    The list of tags lags, and a person or a rollback may want the copy kept: its tags are read.
    """
    done: list[Delete] = []
    kept: dict[str, str] = {}
    for step in steps:
        certificates = account.regions[step.region].certificates
        try:
            if Marks.from_tags(certificates.tags(step.arn)) != step.marks:
                kept[step.arn] = "its tags were changed meanwhile"
                continue
            certificates.delete(step.arn)
        except CertRotationError as error:
            kept[step.arn] = str(error)
        else:
            done.append(step)
    return done, kept
