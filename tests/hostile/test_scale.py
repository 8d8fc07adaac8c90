"""The measurements of `make scale`, small; and that a broken promise is told."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from tests.hostile.scale.__main__ import broken_by_rotating, broken_by_scanning
from tests.hostile.scale.rotating import BURSTS, REGIONS, Rotated, rotate_many
from tests.hostile.scale.scanning import Scanned, scan_many

ROTATED = Rotated(
    secrets=101,
    burst=4,
    seconds=109.9,
    requests=Counter(),
    throttled=Counter(),
    lost=0,
    doubled=0,
    stray=0,
    dead_letters=0,
    returned=0,
    longest=1,
)
SCANNED = Scanned(
    copies=150,
    regions=2,
    seen=300,
    queued=0,
    calls=Counter({"ListCertificates": 2, "GetResources": 4, "ListSecrets": 2}),
    seconds=60,
    megabytes=256,
)


@pytest.mark.slow
@pytest.mark.parametrize("burst", BURSTS)
def test_secrets_due_at_once_are_each_renewed_once_though_acm_throttles(burst: int) -> None:
    found = rotate_many(24, burst)

    # The last message's own work weighs more with few secrets than with many.
    assert broken_by_rotating([replace(found, seconds=found.seconds - 5)]) == []
    assert (found.lost, found.doubled, found.stray, found.dead_letters) == (0, 0, 0, 0)
    imports = "ImportCertificate"
    assert found.requests[imports] - found.throttled[imports] == 24 * len(REGIONS)
    assert found.throttled[imports] > 0, "else the quotas were none"


@pytest.mark.slow
def test_the_figures_are_the_same_each_time() -> None:
    assert rotate_many(8, 1) == rotate_many(8, 1)


@pytest.mark.slow
def test_a_scan_over_http_keeps_to_its_budget() -> None:
    found = scan_many(120, 3)

    assert broken_by_scanning([found]) == []
    assert found.seen == 360


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({}, None),
        ({"seconds": 110.1}, "110 s, and the quota allows 100 s"),
        ({"lost": 1}, "1 lost"),
        ({"doubled": 1}, "1 imported twice"),
        ({"stray": 1}, "1 stray"),
        ({"dead_letters": 1}, "1 given up"),
    ],
)
def test_what_rotating_breaks_is_told(changed: dict[str, float], words: str | None) -> None:
    found = broken_by_rotating([replace(ROTATED, **changed)])  # type: ignore[arg-type]  # any field

    assert [words in each for each in found if words] == ([True] if words else [])


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({}, None),
        ({"seconds": 60.1}, "the scan takes 60 s"),
        ({"megabytes": 257}, "257 MiB"),
        ({"seen": 299}, "299 seen as current"),
        ({"queued": 1}, "1 due"),
        ({"calls": Counter({"ListSecrets": 3})}, "the budget is"),
    ],
)
def test_what_scanning_breaks_is_told(changed: dict[str, object], words: str | None) -> None:
    found = broken_by_scanning([replace(SCANNED, **changed)])  # type: ignore[arg-type]  # any field

    assert [words in each for each in found if words] == ([True] if words else [])
