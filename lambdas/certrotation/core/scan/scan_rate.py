"""Checks whether scans run often enough for the critical windows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from certrotation.core.findings import Code, Finding, warn

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import timedelta

SCANS_IN_A_WINDOW = 4
"""Three until a copy is overdue, and one for a person to act."""


def check_scan_rate(critical: Iterable[timedelta], interval: timedelta) -> Iterator[Finding]:
    """Warn if a critical window is too short for enough scans.

    Args:
        critical: the lengths of the critical windows.
        interval: the time between two scans.
    """
    short = [length for length in critical if length < SCANS_IN_A_WINDOW * interval]
    if short:
        yield warn(
            Code.SCAN_TOO_RARE,
            f"{len(short):,} critical window{'s are' if len(short) > 1 else ' is'} shorter than"
            f" {SCANS_IN_A_WINDOW} scan intervals of {interval}. The shortest is {min(short)}.",
        )
