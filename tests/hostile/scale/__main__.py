"""Measures both functions at the size that ACM's quotas allow: `python -m tests.hostile.scale`.

The rotations run in virtual time: their figures are the same on every machine. The scan is a cold
start, which is computing: its seconds and its memory are the machine's, its calls are not.

The exit code is 0 only if the numbers that the service promises hold.
"""

from __future__ import annotations

import math
import sys

from rich.console import Console
from rich.table import Table

from tests.hostile.scale.rotating import REGIONS, Rotated, rotate_each
from tests.hostile.scale.scanning import Scanned, scan_many

WIDTH = 100
"""Characters of a line, so that a file shows the tables as a terminal does."""

SIZES = (10, 100, 500, 2_500)
SCANNED_REGIONS = 17
SLOWEST = 1.1
"""Times what ImportCertificate's quota allows, at the full size."""
LONGEST_SCAN, LARGEST_SCAN = 60, 256
"""Seconds and MiB of the scan at the full size."""


def main() -> int:
    """Measure every size, print two tables, and return how many promises broke."""
    console = Console(width=WIDTH)
    rotated = rotate_each(SIZES)
    console.print(_rotation_table(rotated))
    scanned = [scan_many(size, SCANNED_REGIONS) for size in SIZES]
    console.print(_scan_table(scanned))
    broken = [*broken_by_rotating(rotated), *broken_by_scanning(scanned)]
    for each in broken:
        console.print(f"Broken: {each}")
    return len(broken)


def broken_by_rotating(rotated: list[Rotated]) -> list[str]:
    """Return which promises did not hold."""
    found = [
        f"{each.secrets} secrets, a bucket of {each.burst} s: {each.lost} lost, {each.doubled}"
        f" imported twice, {each.stray} stray, {each.dead_letters} given up"
        for each in rotated
        if each.lost or each.doubled or each.stray or each.dead_letters
    ]
    most = max(each.secrets for each in rotated)
    found += [
        f"{most} secrets, a bucket of {each.burst} s: {each.seconds:.0f} s, and the quota allows"
        f" {each.fastest:.0f} s"
        for each in rotated
        if each.secrets == most and each.seconds > SLOWEST * each.fastest
    ]
    return found


def broken_by_scanning(scanned: list[Scanned]) -> list[str]:
    """Return which promises did not hold."""
    found = []
    for each in scanned:
        budget = {
            "ListCertificates": math.ceil(each.copies / 1000) * each.regions,
            "GetResources": math.ceil(each.copies / 100) * each.regions,
            "ListSecrets": math.ceil(each.copies / 100),
        }
        if dict(each.calls) != budget:
            found.append(f"{each.copies} copies: {dict(each.calls)}, and the budget is {budget}")
        if each.seen != each.copies * each.regions or each.queued:
            found.append(f"{each.copies} copies: {each.seen} seen as current, {each.queued} due")
    last = scanned[-1]
    if last.seconds > LONGEST_SCAN or last.megabytes > LARGEST_SCAN:
        found.append(f"the scan takes {last.seconds:.0f} s and {last.megabytes:.0f} MiB")
    return found


def _rotation_table(rotated: list[Rotated]) -> Table:
    table = Table(
        *("bucket", "secrets", "imports", "s", "quota", "times", "throttled", "back"),
        *("longest", "lost", "twice"),
        title=f"renewing all at once in {len(REGIONS)} Regions",
        title_justify="left",
    )
    for each in rotated:
        share = each.throttled.total() / each.requests.total()
        table.add_row(
            f"{each.burst} s",
            f"{each.secrets:,}",
            f"{each.secrets * len(REGIONS):,}",
            f"{each.seconds:,.0f}",
            f"{each.fastest:,.0f}",
            f"{each.seconds / each.fastest:.3f}",
            f"{share:.1%}",
            *map(str, (each.returned, round(each.longest), each.lost, each.doubled)),
        )
    return table


def _scan_table(scanned: list[Scanned]) -> Table:
    table = Table(
        *("copies", "calls", "seconds", "MiB"),
        title=f"a cold scan of so many copies in each of {SCANNED_REGIONS} Regions",
        title_justify="left",
    )
    for each in scanned:
        table.add_row(
            f"{each.copies:,}",
            f"{each.calls.total():,}",
            f"{each.seconds:.1f}",
            f"{each.megabytes:.0f}",
        )
    return table


if __name__ == "__main__":
    sys.exit(min(main(), 1))
