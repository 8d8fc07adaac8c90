"""Whether scans come often enough for the critical windows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from certrotation.core.findings import Code, Finding, warn

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import timedelta

SCANS_IN_A_WINDOW = 4
"""Three until a copy is overdue, and one for a person to act on."""


def check_scan_rate(critical: Iterable[timedelta], interval: timedelta) -> Iterator[Finding]:
    """Warn if a critical window is over before enough scans have seen it.

    Args:
        critical: the lengths of critical windows.
        interval: between two scans.
    """
    short = [length for length in critical if length < SCANS_IN_A_WINDOW * interval]
    if short:
        yield warn(
            Code.SCAN_TOO_RARE,
            f"{len(short):,} critical window{'s' if len(short) > 1 else ''}, the shortest of"
            f" {min(short)}, would see fewer than {SCANS_IN_A_WINDOW} scans: one comes every"
            f" {interval}.",
        )
