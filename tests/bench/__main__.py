"""Measures calls, seconds and import times, and prints them; it checks nothing by time.

python -m tests.bench
"""

from __future__ import annotations

import math
import time
from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from certrotation.aws.dependents.registry import ENTRIES, NAMES
from tests.bench.command_line import starts_table
from tests.bench.endpoints import endpoints_table
from tests.bench.imports import import_table, measure_imports, verdict
from tests.bench.large_inventory import inventory_table
from tests.double import EmbeddedAws, embedded_aws
from tests.double.fakes import fakes
from tests.simulation.estate import HOME, PREFIX, Estate, client, marks_of, region_of
from tests.support.authority import Authority, Issued, shared_key

if TYPE_CHECKING:
    from collections.abc import Collection

EDGE = "us-east-1"
REGIONS = (HOME, EDGE, "us-west-2", "ap-southeast-2")
OLD = timedelta(days=20)
SCANNED = 1_100
"""Certificates in each Region for the scan: more than one page of ListCertificates."""


@dataclass(frozen=True, kw_only=True)
class Renewal:
    """What renewing a number of certificates everywhere took."""

    calls: Counter[str]
    seconds: float
    renewed: int
    stray: int


def main() -> None:
    """Measure everything, and print a table for each part."""
    console = Console()
    for title, kind, count in (("RSA-2048", "rsa2048", 100), ("EC P-256", "p256", 10)):
        console.print(_renewal_table(f"{count} {title} certificates in 4 Regions", kind, count))
    console.print(_attached_table())
    console.print(_scan_table())
    console.print(starts_table())
    console.print(endpoints_table())
    console.print(inventory_table())
    imports = measure_imports()
    console.print(import_table(imports))
    console.print(verdict(imports["as shipped"]))


def renew(kind: str, count: int, attached: Collection[str] = ()) -> Renewal:
    """Renew `count` certificates of one key type in four Regions: scan, queue, rotate.

    Every kind of dependent is configured. A dependent of each kind in `attached`, by its name in
    the registry, presents each copy that such a dependent may present.
    """
    authority = Authority.root().intermediate(key="rsa2048")
    with embedded_aws() as aws:
        estate = Estate(aws, *REGIONS, settings={"CERTROTATION_DEPENDENTS": ",".join(NAMES)})
        arns = [_managed(estate, authority, kind, number) for number in range(count)]
        for arn in (each for of_one in arns for each in of_one):
            _attach(aws, arn, attached)
        fresh = [_issue(authority, kind, number) for number in range(count)]
        for number, issued in enumerate(fresh):
            estate.renew(f"shop-{number}", issued)
        aws.calls.clear()
        begin = time.perf_counter()
        estate.run()
        seconds = time.perf_counter() - begin
        calls = _counted(aws)
        renewed = [
            estate.presents(arn) == issued.certificate
            for of_one, issued in zip(arns, fresh, strict=True)
            for arn in of_one
        ]
        found = sum(len(estate.certificates(region)) for region in REGIONS)
    return Renewal(calls=calls, seconds=seconds, renewed=sum(renewed), stray=found - len(renewed))


def _counted(aws: EmbeddedAws) -> Counter[str]:
    """Count the calls of the two functions; the event source's polling is not theirs."""
    polling = {"ReceiveMessage", "DeleteMessage"}
    return Counter(
        f"{call.service}:{call.operation}" for call in aws.calls if call.operation not in polling
    )


def _issue(
    authority: Authority, kind: str, number: int, lifetime: timedelta = timedelta(days=90)
) -> Issued:
    name = f"shop-{number}.example.com"
    return authority.issue(name, key=shared_key(kind), lifetime=lifetime)


def _managed(estate: Estate, authority: Authority, kind: str, number: int) -> list[str]:
    """Create a secret with its copies in every Region, as an earlier rotation left them."""
    issued = _issue(authority, kind, number, lifetime=OLD)
    version = estate.secret(f"shop-{number}", issued)
    marks = marks_of(f"{PREFIX}shop-{number}", version, issued)
    return [estate.certificate(issued, region, marks) for region in REGIONS]


def _renewal_table(title: str, kind: str, count: int) -> Table:
    renewal = renew(kind, count)
    table = Table("call", "times", title=title, title_justify="left")
    for operation, times in renewal.calls.most_common():
        table.add_row(operation, f"{times:,}")
    table.add_section()
    table.add_row("all calls", f"{renewal.calls.total():,}")
    table.add_row("seconds", f"{renewal.seconds:.1f}")
    table.add_row("renewed in place", f"{renewal.renewed} of {count * len(REGIONS)}")
    table.add_row("stray ARNs", str(renewal.stray))
    return table


def _attach(aws: EmbeddedAws, arn: str, attached: Collection[str]) -> None:
    region = region_of(arn)
    for entry in ENTRIES:
        if entry.name in attached and (region == EDGE or not entry.at_edge_only):
            fakes()[entry.name].present(aws, client, region, arn)


def _attached_table() -> Table:
    """Compare renewals in place with and without dependents: nobody is asked who they are."""
    table = Table(
        *("10 RSA-2048 certificates in 4 Regions", "calls", "of dependents", "renewed in place"),
        title="who presents a copy costs nothing",
        title_justify="left",
    )
    asked = {each.service for each in fakes().values()}
    rows = {
        "presented by nothing": (),
        **{each: (each,) for each in NAMES},
        "by all of them": NAMES,
    }
    for name, attached in rows.items():
        renewal = renew("rsa2048", 10, attached)
        of_dependents = sum(
            n for call, n in renewal.calls.items() if call.partition(":")[0] in asked
        )
        calls = (f"{renewal.calls.total():,}", str(of_dependents))
        table.add_row(name, *calls, str(renewal.renewed))
    return table


def _scan_table() -> Table:
    """Scan more certificates than fit into one page, and compare the calls with the budget."""
    issued = Authority.root().intermediate().issue("idle.example.com")
    regions = REGIONS[:2]
    with embedded_aws() as aws:
        estate = Estate(aws, *regions)
        for region in regions:
            for _ in range(SCANNED):
                estate.certificate(issued, region, {"team": "idle"})
        aws.calls.clear()
        begin = time.perf_counter()
        estate.scan()
        seconds = time.perf_counter() - begin
        calls = _counted(aws)
    budget = {
        "acm:ListCertificates": math.ceil(SCANNED / 1000) * len(regions),
        "resourcegroupstaggingapi:GetResources": math.ceil(SCANNED / 100) * len(regions),
        "secretsmanager:ListSecrets": 1,
    }
    table = Table(
        "call",
        "times",
        "budget",
        title=f"scan of {SCANNED:,} tagged certificates in each of {len(regions)} Regions",
        title_justify="left",
    )
    for operation, times in calls.most_common():
        table.add_row(operation, str(times), str(budget.get(operation, 0)))
    table.add_section()
    table.add_row("seconds", f"{seconds:.1f}", "")
    return table


if __name__ == "__main__":
    main()
