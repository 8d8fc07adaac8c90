"""What the year would have cost: the formulas and prices of docs/costs.md."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.oncall.year.recorder import ROTATE, SCAN

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.oncall.year.play import Played

GB, KB = 1e9, 1e3
MEMORY = 0.5
"""GB of each function."""

SECONDS_OF_A_SCAN = 3.5 * 0.7
"""Of 100 copies in each of 17 Regions: more than here."""

SECONDS_OF_A_ROTATION = 64
"""The longest that was ever measured."""

POLLS = 657_000
KMS_REQUESTS = 61_320
"""A month, whatever is done."""

METRICS = 17
MONTHS = 12
DAYS_OF_A_YEAR = 365


@dataclass(frozen=True, slots=True)
class Item:
    """One line of the bill."""

    what: str
    quantity: str
    dollars: float


def bill(played: Played) -> Iterator[Item]:
    """Yield what the service's year would have cost, list prices of us-east-1, nothing free."""
    scans, rotations = played.runs[SCAN], played.runs[ROTATE]
    runs, months = scans + rotations, MONTHS * played.days / DAYS_OF_A_YEAR
    seconds = MEMORY * (scans * SECONDS_OF_A_SCAN + rotations * SECONDS_OF_A_ROTATION)
    logs = (sum(played.logged.values()) + runs * KB) / GB
    asked = sum(n for (service, _), n in played.calls.items() if service == "secretsmanager")
    polls, keys = POLLS * months + 3 * rotations, KMS_REQUESTS * months + rotations
    told = sum(played.went_off.values())
    yield Item("Lambda", f"{seconds:,.0f} GB-seconds", seconds * 0.0000133334)
    yield Item("Lambda requests", f"{runs:,}", runs * 0.20 / 1e6)
    yield Item("SQS requests", f"{polls:,.0f}", polls * 0.40 / 1e6)
    yield Item("EventBridge Scheduler", f"{scans:,}", scans * 1.00 / 1e6)
    yield Item("custom metrics", f"{METRICS} a month", METRICS * months * 0.30)
    yield Item("alarms, by metric", f"{played.alarmed} a month", played.alarmed * months * 0.10)
    yield Item("composite alarm", "1 a month", months * 0.50)
    yield Item("logs, ingested", f"{logs:.3f} GB", logs * 0.50)
    yield Item("logs, kept for a year", f"{logs:.3f} GB", logs * MONTHS * 0.03)
    yield Item("KMS key", "1", months * 1.00)
    yield Item("KMS requests", f"{keys:,.0f}", keys * 0.03 / 1e4)
    yield Item("X-Ray traces", f"{runs:,}", runs * 5.00 / 1e6)
    yield Item("Secrets Manager, calls", f"{asked:,}", asked * 0.05 / 1e4)
    yield Item("SNS, one mail an alarm", f"{told:,}", told * 2.00 / 1e5)


def store(played: Played) -> Item:
    """Return what Secrets Manager takes for keeping the secrets, whoever renews them."""
    months = MONTHS * played.days / DAYS_OF_A_YEAR
    return Item("the store of secrets", f"{played.sites} a month", played.sites * months * 0.40)
