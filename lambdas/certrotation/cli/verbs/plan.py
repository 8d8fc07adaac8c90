"""The verb `plan`: what rotate would do now, and why."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from certrotation.cli.commands import Example, verb
from certrotation.cli.exit_codes import ExitCode, first_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from certrotation.cli.documents import PlanDocument
    from certrotation.cli.planning import Planned
    from certrotation.cli.shell import Shell


@verb(
    "plan",
    examples=(
        Example("certrotation plan", "Plan every secret that is due"),
        Example("certrotation plan shop --out plan.json", "Plan one secret, and save the plan"),
        Example("certrotation plan --html plan.html", "Write a page for a change request"),
        Example("certrotation plan --detailed-exitcode", "Exit with 4 if changes are pending"),
        Example(
            "certrotation plan shop --material fullchain.pem --material privkey.pem",
            "Plan for material that is in no secret yet",
        ),
    ),
)
@click.argument(
    "secrets",
    metavar="[SECRET]...",
    nargs=-1,
    help="With or without the prefix; without one, every secret that is due.",
)
@click.option(
    "--material",
    "files",
    metavar="FILE",
    multiple=True,
    help="Plan as if the secret held this: files or a directory, as `check` takes them.",
)
@click.option(
    "--password-file",
    metavar="FILE",
    help="The passphrase of the material is the file's first line.",
)
@click.option(
    "--password-fd", metavar="N", type=int, help="The passphrase is read from this descriptor."
)
@click.option("--out", metavar="FILE", help="Save the plan, for `certrotation rotate --plan FILE`.")
@click.option("--html", "html_file", metavar="FILE", help="Write a page, for a change request.")
@click.option("--detailed-exitcode", is_flag=True, help="Exit with 4 if changes are pending.")
def command(
    shell: Shell,
    *,
    secrets: tuple[str, ...],
    files: tuple[str, ...],
    password_file: str | None,
    password_fd: int | None,
    out: str | None,
    html_file: str | None,
    detailed_exitcode: bool,
) -> ExitCode:
    """Show what rotate would do now, and why.

    For each secret and Region: the steps in order with their reasons, what would be refused, and
    live certificates that would be left as they are. For a secret with an issuer also what the
    issuer is asked for next, and whether that needs a new ARN. Nothing is changed. The values of
    the secrets are read, as rotate reads them; without permission for that, use `inventory`.
    """
    from certrotation.cli.files import STANDARD, written
    from certrotation.cli.plan_rendering import show_plans

    if files and len(secrets) != 1:
        raise click.UsageError("--material needs the name of one secret.")
    if files:
        plans = [_of_material(shell, secrets[0], files, password_file, password_fd)]
    else:
        plans = make_plans(shell, secrets)
    document = document_of(shell, plans)
    if out is not None:
        with written(out) as file:
            json.dump(document, file, indent=2)
            file.write("\n")
    if html_file is not None:
        with written(html_file) as file:
            file.write(_page(shell, plans))
    if STANDARD not in {out, html_file}:
        show_plans(plans, shell.output)
        shell.output.document(document)
    if not plans and STANDARD not in {out, html_file}:
        shell.output.say("No secret is due: every target Region presents what its secret holds.")
    if not shell.parts.applies:
        shell.output.note("The service is in report mode: rotate plans, and changes nothing.")
    return code_of(plans, detailed=detailed_exitcode)


def _page(shell: Shell, plans: Sequence[Planned]) -> str:
    from certrotation.cli.plan_page import plan_page

    settings, stack = shell.settings, shell.configuration.stack
    about = (
        f"stack {stack.name}" if stack else "nothing is deployed",
        f"{settings.mode.value} mode",
        f"Regions: {', '.join(settings.target_regions)}",
    )
    return plan_page(plans, shell.now, about)


def make_plans(shell: Shell, secrets: Sequence[str]) -> list[Planned]:
    """Plan the named secrets, or all that are due; with a progress bar."""
    from certrotation.cli.planning import Planner, with_forecast
    from certrotation.workflows.inventory import inventory

    parts, output = shell.parts, shell.output
    planner = Planner(account=parts.account, policy=parts.rotation_policy, now=shell.now)
    if secrets:
        names = dict.fromkeys(map(shell.secret_name, secrets))
        with output.progress("Planning", len(names)) as step:
            plans = []
            for name in names:
                plans.append(with_forecast(shell, planner.plan(name), parts.account.secrets))
                step()
        return plans
    with output.progress(f"Reading {len(parts.settings.target_regions)} Regions"):
        found = inventory(parts.account, parts.scan_policy, shell.now)
    for region, reason in found.unreachable.items():
        output.warn(f"{region} cannot be read: {reason}")
    requests = [each.request for each in found.assessment.due]
    with output.progress("Planning", len(requests)) as step:
        plans = planner.plan_all(requests, step)
    return [with_forecast(shell, each, parts.account.secrets) for each in plans]


def document_of(shell: Shell, plans: Sequence[Planned]) -> PlanDocument:
    """Return the JSON object."""
    from certrotation.cli import planning

    configuration = shell.configuration
    return {
        "schema": "certrotation/plan/1",
        "at": int(shell.now.timestamp()),
        "home_region": configuration.settings.home_region,
        "target_regions": list(configuration.settings.target_regions),
        "stack": configuration.stack.name if configuration.stack else None,
        "mode": configuration.settings.mode.value,
        "secrets": [planning.document_of(each) for each in plans],  # type: ignore[misc]  # as the log
    }


def code_of(plans: Sequence[Planned], *, detailed: bool) -> ExitCode:
    """Return the exit code of plans."""
    return first_of(
        code
        for each in plans
        for code, applies in (
            (ExitCode.ERROR, each.error is not None),
            (ExitCode.FINDING, each.is_refused or each.is_issuance_refused),
            (ExitCode.CHANGES, detailed and each.has_steps),
        )
        if applies
    )


def _of_material(
    shell: Shell,
    secret: str,
    files: Sequence[str],
    password_file: str | None,
    password_fd: int | None,
) -> Planned:
    from certrotation.cli.checking import Passphrase, inspect_files
    from certrotation.cli.material_files import read_files
    from certrotation.cli.planning import NOT_STORED, plan_material

    passphrase = Passphrase(password_file, password_fd)
    roots = shell.parts.rotation_policy.roots
    value, _ = inspect_files(read_files(files), passphrase, NOT_STORED, roots, shell.now)
    with shell.output.progress("Planning"):
        return plan_material(shell, shell.secret_name(secret), value)
