"""Checks whether the copies need more imports a year than ACM allows."""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta
from typing import TYPE_CHECKING

from certrotation.core.findings import Code, Finding, warn

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from certrotation.core.estate.inventory import ListedCertificate

YEARLY_QUOTA = 5_000
"""The default quota of ACM: imports in 365 days in a Region (ACM User Guide, Quotas).

No document says whether a reimport counts. This check assumes that a reimport counts.
"""

NEARLY = 0.8
"""The share of the quota from which the check warns."""

_YEAR = timedelta(days=365)
_RENEWED_AFTER = 2 / 3
"""The share of the lifetime after which tools renew: a third is left."""


def imports_a_year(lifetimes: Iterable[timedelta]) -> int:
    """Return how many imports a year certificates of these lifetimes need, rounded up."""
    shares = sum(_YEAR / (lifetime * _RENEWED_AFTER) for lifetime in lifetimes if lifetime)
    return -int(-shares // 1)


def check_import_quota(copies: Iterable[ListedCertificate], quota: int) -> Iterator[Finding]:
    """Warn about each Region whose copies need most of the quota, in time to raise the quota."""
    lifetimes: defaultdict[str, list[timedelta]] = defaultdict(list)
    for each in copies:
        lifetimes[each.region].append(each.not_after - each.not_before)
    for region, found in lifetimes.items():
        wanted = imports_a_year(found)
        if wanted >= NEARLY * quota:
            text = f"The copies in {region} need about {wanted:,} imports a year"
            yield warn(Code.IMPORT_QUOTA_NEAR, f"{text}; the quota is {quota:,}.")
