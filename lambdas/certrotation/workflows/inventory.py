"""Lists the whole estate and judges it; changes nothing and sends nothing."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, NamedTuple

from certrotation.core.estate.inventory import RegionListing
from certrotation.core.scan.assessment import assess
from certrotation.errors import CertRotationError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from certrotation.core.estate.inventory import ManagedSecret
    from certrotation.core.scan.assessment import Assessment, ScanPolicy
    from certrotation.workflows.ports import Account, Region


class Inventory(NamedTuple):
    """The estate as the lists show it."""

    assessment: Assessment
    unreachable: Mapping[str, str]
    """Region to reason, for the Regions that could not be read."""
    secrets: Sequence[ManagedSecret]
    """All managed secrets."""


def inventory(account: Account, policy: ScanPolicy, now: datetime) -> Inventory:
    """List the managed secrets and every target Region, and assess what is there.

    A Region that cannot be read is reported, and the others are assessed. Without the list of
    secrets every copy would look orphaned, so that failure is raised.

    Args:
        account: where to look.
        policy: the rules of the assessment.
        now: the present time.

    Raises:
        CertRotationError: the secrets cannot be listed.
    """
    secrets = account.secrets.list_managed()
    listings, unreachable = _list_regions(tuple(account.regions.values()))
    return Inventory(assess(secrets, listings, policy, now), unreachable, secrets)


def _list_regions(regions: Sequence[Region]) -> tuple[list[RegionListing], dict[str, str]]:
    """Read all Regions at once; return the listings, and why the other Regions have none."""
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
