"""The inventory as a table, as CSV, as JSON, and the proposal as a file."""

from __future__ import annotations

import csv
from collections import Counter
from typing import IO, TYPE_CHECKING, Any, Literal

from certrotation.cli.checking import details_of
from certrotation.cli.documents import (
    PROPOSAL,
    CertificateItem,
    GroupItem,
    InventoryDocument,
    ProposalDocument,
)
from certrotation.cli.inventory.rows import UNKNOWN, Row, Window
from certrotation.cli.output import Styled
from certrotation.cli.untrusted import for_csv
from certrotation.core.scan.classification import State
from certrotation.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from certrotation.cli.inventory.proposal import Group
    from certrotation.cli.output import Output
    from certrotation.core.findings import Finding

_MOST_NAMES = 3
_STYLES = {
    Window.EXPIRED: "bold red",
    Window.CRITICAL: "red",
    Window.WARNING: "yellow",
    Window.OPEN: "",
}
_STATE_STYLES: Mapping[str, str] = {
    State.CURRENT: "green",
    State.DUE: "yellow",
    State.AWAITING: "red",
    State.UNMANAGED: "magenta",
    UNKNOWN: "magenta",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """What one look at the estate found."""

    at: datetime
    home_region: str
    target_regions: tuple[str, ...]
    stack: str | None
    mode: Literal["apply", "report"]
    unreachable: Mapping[str, str]
    findings: Sequence[Finding]
    every: Sequence[Row]
    """All certificates."""
    shown: Sequence[Row]
    """Those that the filters leave, in the order that was asked for."""
    groups: Sequence[Group]
    hits: Sequence[Row]
    """Those that `--fail-on` hits."""
    unread: int
    """Certificates in use whose users were not read."""
    unknown_sources: Mapping[str, str]
    """By name, why the version of a reference is not known."""

    @property
    def states(self) -> dict[str, int]:
        """How many certificates have each state."""
        counted = Counter(each.state for each in self.every)
        return {state: counted[state] for state in (*map(str, State), UNKNOWN)}


def show(view: View, output: Output) -> None:
    """Print the inventory for a person."""
    if output.is_json:
        return
    if view.shown:
        output.table(
            ["names", "Region", "days", "key, issuer", "state", "secret", "used by", "next"],
            [_cells(row) for row in view.shown],
        )
        output.say()
    output.say(_summary(view))
    if view.groups:
        output.say()
        _show_groups(view.groups, output)
    for each in view.findings:
        output.say([Styled(f"{each.code} ({each.severity}): "), f"{each.found} {each.remedy}"])


def write_csv(view: View, file: IO[str]) -> None:
    """Write every column; a spreadsheet takes none for a formula."""
    writer = csv.writer(file, lineterminator="\n")
    items = [_item(row) for row in view.shown]
    columns = list(CertificateItem.__annotations__)
    writer.writerow(columns)
    for item in items:
        values: Mapping[str, Any] = item
        writer.writerow([_csv_cell(values[column]) for column in columns])


def document(view: View, schema: str) -> InventoryDocument:
    """Return the JSON object."""
    return {
        "schema": schema,
        "at": int(view.at.timestamp()),
        "home_region": view.home_region,
        "target_regions": list(view.target_regions),
        "stack": view.stack,
        "mode": view.mode,
        "unreachable": dict(view.unreachable),
        "unknown_sources": dict(view.unknown_sources),
        "states": view.states,
        "findings": details_of(view.findings),
        "certificates": [_item(row) for row in view.shown],
        "groups": [_group_item(each) for each in view.groups],
        "hits": [row.arn for row in view.hits],
    }


def proposal(groups: Sequence[Group]) -> ProposalDocument:
    """Return the file that a person fills in and `import --from` reads."""
    return {
        "schema": PROPOSAL,
        "secrets": [
            {
                "secret": group.secret,
                "tags": dict(group.tags),
                "names": list(group.names),
                "key": group.key or None,
                "certificates": [
                    {
                        "arn": row.arn,
                        "region": row.status.certificate.region,
                        "not_after": int(row.status.certificate.not_after.timestamp()),
                        "in_use": row.status.certificate.in_use,
                        "tags": group.certificate_tags(row),
                    }
                    for row in group.rows
                ],
                "certificate": "",
                "private_key": "",
                "certificate_chain": "",
            }
            for group in groups
        ],
    }


def _cells(row: Row) -> list[str | Styled]:
    status = row.status
    version = f" ({status.marks.version[:8]})" if status.marks.version else ""
    window = f" {row.window}" if row.window is not Window.OPEN else ""
    return [
        _some(row.names),
        status.certificate.region,
        Styled(f"{row.days}{window}", _STYLES[row.window] if row.is_hit else ""),
        ", ".join(each for each in row.facts[::-1] if each) or "-",
        Styled(row.state, _STATE_STYLES.get(row.state, "dim")),
        f"{status.marks.secret}{version}" if status.marks.secret else "-",
        row.used_by,
        row.next,
    ]


def _some(names: Sequence[str]) -> str:
    if not names:
        return "(no names)"
    further = len(names) - _MOST_NAMES
    return ", ".join(names[:_MOST_NAMES]) + (f" and {further} more" if further > 0 else "")


def _summary(view: View) -> str:
    counted = [f"{count:,} {state}" for state, count in view.states.items() if count]
    shown = "" if len(view.shown) == len(view.every) else f" {len(view.shown):,} are shown."
    noun = "certificate" if len(view.every) == 1 else "certificates"
    total = f"{len(view.every):,} {noun}: {', '.join(counted)}." if counted else ""
    return f"{total}{shown}" or "There are no imported certificates in these Regions."


def _show_groups(groups: Sequence[Group], output: Output) -> None:
    output.say("Certificates without a secret, by site, and a proposed secret for each:")
    output.table(
        ["proposed secret", "names", "key", "certificates", "Regions", "tags of the secret"],
        [
            [
                group.secret,
                _some(group.names),
                group.key or "-",
                f"{len(group.rows)}, {len(group.used)} in use",
                ", ".join(group.regions) + _twice(group),
                ", ".join(f"{key}={value}" for key, value in group.tags.items()) or "-",
            ]
            for group in groups
        ],
    )


def _twice(group: Group) -> str:
    return f" (twice in {', '.join(group.twice)})" if group.twice else ""


def _item(row: Row) -> CertificateItem:
    status, certificate = row.status, row.status.certificate
    return {
        "arn": row.arn,
        "region": certificate.region,
        "names": list(row.names),
        "more_names": certificate.has_further_names,
        "key": row.facts.key or None,
        "issuer": row.facts.issuer or None,
        "not_before": int(certificate.not_before.timestamp()),
        "not_after": int(certificate.not_after.timestamp()),
        "days": row.days,
        "window": row.window.value,
        "warning_opens": int(status.windows.warning_opens.timestamp()),
        "critical_opens": int(status.windows.critical_opens.timestamp()),
        "state": row.state,
        "because": row.because,
        "next": row.next,
        "in_use": certificate.in_use,
        "users": None if row.users is None else list(row.users),
        "used_by": row.used_by,
        "secret": status.marks.secret,
        "version": status.marks.version,
    }


def _group_item(group: Group) -> GroupItem:
    return {
        "secret": group.secret,
        "tags": dict(group.tags),
        "names": list(group.names),
        "key": group.key or None,
        "certificates": [row.arn for row in group.rows],
        "used": len(group.used),
    }


def _csv_cell(value: Any) -> str | int:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return value
    if isinstance(value, list):
        return for_csv(" ".join(value))
    return for_csv(value or "")
