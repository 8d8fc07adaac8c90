"""Reads the current copies, which the mail about a refusal shows."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from certrotation.core.estate.current_copies import current_copies_by_tags
from certrotation.errors import CertRotationError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from certrotation.core.estate.current_copies import CurrentCopy
    from certrotation.core.rotation.outcomes import RotationOutcome
    from certrotation.workflows.ports import Account, Region


def current_copies_meanwhile(
    account: Account, outcome: RotationOutcome
) -> Mapping[str, tuple[CurrentCopy, ...]]:
    """Return what stays live in each Region, as the rotation saw it, or else as tags record it.

    Material that is refused by itself is refused before any Region is looked at. Then one list of
    tags is read for each of the secret's Regions; one that cannot be read now is left out.
    """
    if outcome.current_copies or outcome.described is None:
        return outcome.current_copies
    name = outcome.described.name
    regions = [account.regions[each] for each in outcome.described.regions([*account.regions])]
    if not regions:
        return {}
    with ThreadPoolExecutor(max_workers=len(regions)) as pool:
        found = list(pool.map(lambda region: _by_tags(region, name), regions))
    return {
        region.name: copies
        for region, copies in zip(regions, found, strict=True)
        if copies is not None
    }


def _by_tags(region: Region, secret: str) -> tuple[CurrentCopy, ...] | None:
    try:
        return current_copies_by_tags(region.tag_index.copies_of(secret))
    except CertRotationError:
        return None
