"""The warning and critical windows before expiry, derived from the certificate's lifetime."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from certrotation.values import dataclass

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowPolicy:
    """How long before expiry the windows open.

    Renewal tools renew with a third of the lifetime left, and a window that long would warn at
    every normal renewal. Private CAs issue for ten years or for one day, so there are caps and a
    floor.
    """

    warning_fraction: float = 1 / 5
    warning_cap: timedelta = timedelta(days=60)
    critical_fraction: float = 1 / 10
    critical_cap: timedelta = timedelta(days=21)
    critical_floor: timedelta = timedelta(days=3)
    floor_from_lifetime: timedelta = timedelta(days=30)
    """The floor applies to lifetimes of at least this length."""

    def warning(self, lifetime: timedelta) -> timedelta:
        """Return the length of the warning window of a certificate with this lifetime."""
        return min(lifetime * self.warning_fraction, self.warning_cap)

    def critical(self, lifetime: timedelta) -> timedelta:
        """Return the length of the critical window of a certificate with this lifetime."""
        length = min(lifetime * self.critical_fraction, self.critical_cap)
        return length if lifetime < self.floor_from_lifetime else max(length, self.critical_floor)


@dataclass(frozen=True, slots=True, kw_only=True)
class Windows:
    """When the windows of one certificate open; both stay open after expiry."""

    warning_opens: datetime
    critical_opens: datetime

    def is_warning(self, now: datetime) -> bool:
        """Return whether `now` is inside the warning window."""
        return now >= self.warning_opens

    def is_critical(self, now: datetime) -> bool:
        """Return whether `now` is inside the critical window."""
        return now >= self.critical_opens

    def turned_critical_within(self, span: timedelta, now: datetime) -> bool:
        """Return whether the critical window opened within the last `span`."""
        return self.is_critical(now) and now - self.critical_opens < span


def windows_of(not_before: datetime, not_after: datetime, policy: WindowPolicy) -> Windows:
    """Return the windows of a certificate that is valid from `not_before` to `not_after`."""
    lifetime = not_after - not_before
    return Windows(
        warning_opens=not_after - policy.warning(lifetime),
        critical_opens=not_after - policy.critical(lifetime),
    )
