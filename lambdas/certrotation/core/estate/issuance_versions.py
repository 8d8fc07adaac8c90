"""The ids of the versions that an issuance makes, and what they say of the secret's last change.

Secrets Manager sets LastChangedDate at every change, also when an issuance begins, is noted or is
noted again each hour. How long a secret has been due, and when people are notified, must not depend
on that. So the id of each version that an issuance makes names the moment at which the secret was
last changed by somebody else. Lists of secrets show the ids, and no value needs to be read.
"""

from __future__ import annotations

from datetime import UTC, datetime
from hashlib import sha256
from re import fullmatch
from typing import TYPE_CHECKING, NamedTuple

from certrotation.names.service import CURRENT_LABEL, PREVIOUS_LABEL

if TYPE_CHECKING:
    from collections.abc import Mapping

_FORMAT = r"certrotation-(\d{10})-(\d{10})-([0-9a-f]{8})-[0-9a-f]{12}"
_DIGEST = 8


class IssuanceVersion(NamedTuple):
    """What the id of a version says that an issuance has made."""

    changed: datetime
    """When the secret was last changed before the issuance began."""
    made: datetime
    """When the version was made."""
    digest: str
    """Of the id of the version that was AWSCURRENT."""

    def is_based_on(self, current: str | None) -> bool:
        """Return whether the issuance began when this version was AWSCURRENT."""
        return self.digest == _digest_of(current)


def issuance_version(
    changed: datetime | None, current: str | None, now: datetime, unique: str
) -> str:
    """Return the id of a version that an issuance makes.

    Args:
        changed: when the secret was last changed by somebody else.
        current: the version that is AWSCURRENT.
        now: the present time.
        unique: twelve random hexadecimal digits or more.
    """
    moments = [int(each.timestamp()) for each in (changed or now, now)]
    dates = "-".join(f"{each:010d}" for each in moments)
    return f"certrotation-{dates}-{_digest_of(current)}-{unique[:12]}"


def made_by_issuance(version: str) -> IssuanceVersion | None:
    """Return what the id of a version says; None if no issuance has made the version."""
    found = fullmatch(_FORMAT, version)
    if found is None:
        return None
    changed, made = (datetime.fromtimestamp(int(each), UTC) for each in found.group(1, 2))
    return IssuanceVersion(changed, made, found[3])


def last_change(touched: datetime | None, labels: Mapping[str, str]) -> datetime | None:
    """Return when a secret was last changed by anybody but an issuance that is under way.

    Args:
        touched: when the secret was last changed in any way.
        labels: label to version id.
    """
    current = labels.get(CURRENT_LABEL)
    moments = [touched] if touched else []
    for label, version in labels.items():
        if label in {CURRENT_LABEL, PREVIOUS_LABEL} or version == current:
            continue
        made = made_by_issuance(version)
        if made is not None and made.is_based_on(current):
            moments.append(made.changed)
    return min(moments, default=None)


def _digest_of(version: str | None) -> str:
    return sha256((version or "").encode()).hexdigest()[:_DIGEST]
