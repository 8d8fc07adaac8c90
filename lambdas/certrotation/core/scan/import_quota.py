"""Whether the copies will need more imports a year than ACM allows."""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta
from typing import TYPE_CHECKING

from certrotation.core.findings import Code, Finding, warn

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from certrotation.core.estate.inventory import ListedCertificate

YEARLY_QUOTA = 5_000
"""Imports in 365 days and Region that ACM allows by default (ACM User Guide, Quotas). Whether a
reimport counts is not documented: it is taken to."""

NEARLY = 0.8

_YEAR = timedelta(days=365)
_RENEWED_AFTER = 2 / 3
"""Of the lifetime: tools renew with a third left."""


def imports_a_year(lifetimes: Iterable[timedelta]) -> int:
    """Return how many imports a year certificates of these lifetimes need, rounded up."""
    shares = sum(_YEAR / (lifetime * _RENEWED_AFTER) for lifetime in lifetimes if lifetime)
    return -int(-shares // 1)


def check_import_quota(copies: Iterable[ListedCertificate], quota: int) -> Iterator[Finding]:
    """Warn of each Region whose copies need most of the quota, while there is time to raise it."""
    lifetimes: defaultdict[str, list[timedelta]] = defaultdict(list)
    for each in copies:
        lifetimes[each.region].append(each.not_after - each.not_before)
    for region, found in lifetimes.items():
        wanted = imports_a_year(found)
        if wanted >= NEARLY * quota:
            text = f"The copies in {region} need about {wanted:,} imports a year"
            yield warn(Code.IMPORT_QUOTA_NEAR, f"{text}; the quota is {quota:,}.")
