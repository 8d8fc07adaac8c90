"""The verb `inventory`: every imported certificate, and what happens next."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from certrotation.cli.commands import Example, verb
from certrotation.cli.exit_codes import ExitCode, first_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from certrotation.cli.inventory.rendering import View
    from certrotation.cli.inventory.rows import Row
    from certrotation.cli.shell import Shell

_STATES = (
    "current",
    "due",
    "awaiting material",
    "superseded",
    "unmanaged",
    "ignored",
    "another deployment's",
    "unknown",
)
_ORDERS = ("urgency", "days", "name", "region", "state", "secret")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wanted:
    """What of the estate is wanted, and how."""

    names: tuple[str, ...]
    regions: tuple[str, ...]
    states: tuple[str, ...]
    days: int | None
    order: str
    details: int
    fail_on: str | None


@verb(
    "inventory",
    examples=(
        Example("certrotation inventory", "Show everything, the most urgent first"),
        Example(
            "certrotation inventory --name 'shop*' --in-region us-east-1 --days 30",
            "Show what expires within 30 days",
        ),
        Example("certrotation inventory --html certificates.html", "Write a page to look at"),
        Example("certrotation inventory --fail-on critical --json", "Let a pipeline fail"),
        Example(
            "certrotation inventory --region eu-west-1 --propose proposal.json",
            "Before anything is deployed: propose secrets for all that is there",
        ),
    ),
)
@click.option(
    "--name",
    "names",
    metavar="PATTERN",
    multiple=True,
    help="Names, secrets or ARNs; * fits anything.",
)
@click.option(
    "--in-region", "regions", metavar="REGION", multiple=True, help="Certificates of this Region."
)
@click.option(
    "--state",
    "states",
    type=click.Choice(_STATES),
    multiple=True,
    help="Certificates in this state.",
)
@click.option("--days", type=int, metavar="N", help="Certificates that expire within N days.")
@click.option(
    "--sort",
    "order",
    type=click.Choice(_ORDERS),
    default="urgency",
    show_default=True,
    help="Order of the rows.",
)
@click.option(
    "--details",
    type=click.IntRange(0),
    metavar="N",
    default=500,
    show_default=True,
    help="Of at most N certificates ACM is asked who uses them, the most urgent first.",
)
@click.option(
    "--fail-on",
    type=click.Choice(["warning", "critical"]),
    help="Exit with 3 if one in use is in this window.",
)
@click.option(
    "--watch",
    metavar="SECONDS",
    type=click.IntRange(5),
    help="Show it again and again, until Ctrl-C.",
)
@click.option("--csv", "csv_file", metavar="FILE", help="Write CSV; - is standard output.")
@click.option("--html", "html_file", metavar="FILE", help="Write a page with a timeline.")
@click.option(
    "--propose",
    metavar="FILE",
    help="Write proposed secrets, for `certrotation import --from FILE`.",
)
def command(
    shell: Shell,
    *,
    names: tuple[str, ...],
    regions: tuple[str, ...],
    states: tuple[str, ...],
    days: int | None,
    order: str,
    details: int,
    fail_on: str | None,
    watch: int | None,
    csv_file: str | None,
    html_file: str | None,
    propose: str | None,
) -> ExitCode:
    """Show every imported certificate of the target Regions.

    Each with its Region, key type, issuer, days left, state, secret, who uses it, and what happens
    next. Nothing is changed. It works where nothing is deployed: then the target Regions are those
    that the account has enabled, and certificates of the same site are grouped, with a secret and
    its tags proposed for each group.
    """
    wanted = _Wanted(
        names=names,
        regions=regions,
        states=states,
        days=days,
        order=order,
        details=details,
        fail_on=fail_on,
    )
    files = (csv_file, html_file, propose)
    if watch and (any(files) or shell.output.is_json):
        raise click.UsageError("--watch shows a table: it goes with neither a file nor --json.")
    view = _view(shell, wanted, shell.now)
    while watch:
        shell.output.clear()
        _show(shell, view)
        shell.output.say(f"{view.at:%Y-%m-%d %H:%M:%S} UTC, again in {watch} seconds.")
        time.sleep(watch)
        view = _view(shell, wanted, datetime.now(UTC))
    _write(shell, view, *files)
    return _code(view)


def _write(
    shell: Shell, view: View, csv_file: str | None, html_file: str | None, propose: str | None
) -> None:
    """Write the files that options name, and print what is not on standard output by then."""
    from certrotation.cli.files import STANDARD, written
    from certrotation.cli.inventory import rendering

    if csv_file is not None:
        with written(csv_file) as file:
            rendering.write_csv(view, file)
    if html_file is not None:
        from certrotation.cli.inventory.page import inventory_page

        with written(html_file) as file:
            file.write(inventory_page(view))
    if propose is not None:
        with written(propose) as file:
            json.dump(rendering.proposal(view.groups), file, indent=2)
            file.write("\n")
    if STANDARD in {csv_file, html_file, propose}:
        _say_problems(shell, view)
    else:
        _show(shell, view)


def _show(shell: Shell, view: View) -> None:
    from certrotation.cli.inventory import rendering

    rendering.show(view, shell.output)
    shell.output.document(rendering.document(view, shell.schema))
    _say_problems(shell, view)


def _say_problems(shell: Shell, view: View) -> None:
    """Say what is missing in the inventory."""
    if view.unread:
        shell.output.note(
            f"The users of {view.unread:,} certificates in use were not read;"
            " --details N asks about more."
        )
    for secret, reason in view.unknown_sources.items():
        shell.output.note(f"The version of {secret} is not known: {reason}")
    for region, reason in view.unreachable.items():
        shell.output.fail(f"{region} cannot be read: {reason}")


def _code(view: View) -> ExitCode:
    codes = [ExitCode.ERROR if view.unreachable else ExitCode.DONE]
    return first_of([*codes, ExitCode.FINDING if view.hits else ExitCode.DONE])


def _view(shell: Shell, wanted: _Wanted, now: datetime) -> View:
    """Take the inventory."""
    from certrotation.cli.inventory import reading
    from certrotation.cli.inventory.proposal import groups_of
    from certrotation.cli.inventory.rendering import View
    from certrotation.cli.inventory.rows import ORDERS, Situation, copies_by_name, rows_of
    from certrotation.workflows.inventory import inventory

    parts, configuration = shell.parts, shell.configuration
    settings, output = parts.settings, shell.output
    with output.progress(f"Reading {len(settings.target_regions)} Regions"):
        found = inventory(parts.account, parts.scan_policy, now)
        situation = Situation(
            now=now,
            secrets={each.name: each for each in found.secrets},
            left={each.certificate.arn: each.because for each in found.assessment.left},
            copies=copies_by_name(found.assessment.statuses),
            retention=settings.retention,
            is_deployed=configuration.has_queue,
            applies=parts.applies,
        )
        rows = rows_of(found.assessment.statuses, situation)
        rows = reading.with_facts(rows, lambda region: shell.client("acm", region))
    shown = _filtered(rows, wanted)
    asked = sum(map(reading.needs_detail, shown))
    with output.progress("Reading certificates", min(asked, wanted.details)) as step:
        shown = reading.with_details(
            shown, wanted.details, lambda region: shell.client("acm", region), step
        )
    detailed = {each.arn: each for each in shown}
    every = [detailed.get(each.arn, each) for each in rows]
    return View(
        at=now,
        home_region=settings.home_region,
        target_regions=settings.target_regions,
        stack=configuration.stack.name if configuration.stack else None,
        mode=settings.mode.value,
        unreachable=found.unreachable,
        unknown_sources={
            each.name: each.source_unknown_because
            for each in found.secrets
            if each.source_unknown_because
        },
        findings=found.assessment.findings if configuration.has_queue else (),
        every=every,
        shown=sorted(shown, key=ORDERS[wanted.order]),  # type: ignore[arg-type]  # comparable
        groups=groups_of(
            every,
            settings.target_regions,
            settings.secret_prefix,
            [each.name for each in found.secrets],
        ),
        hits=[
            each
            for each in shown
            if wanted.fail_on and each.is_hit and wanted.fail_on in each.window.fails_on
        ],
        unread=sum(each.status.certificate.in_use and each.users is None for each in shown),
    )


def _filtered(rows: Sequence[Row], wanted: _Wanted) -> list[Row]:
    from certrotation.cli.inventory.rows import matches

    return [
        row
        for row in rows
        if (not wanted.names or any(matches(row, each) for each in wanted.names))
        and (not wanted.regions or row.status.certificate.region in wanted.regions)
        and (not wanted.states or row.state in wanted.states)
        and (wanted.days is None or row.days <= wanted.days)
    ]
