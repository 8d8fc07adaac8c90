"""The verb `check`: findings on material before it goes anywhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from certrotation.cli.commands import Example, verb
from certrotation.cli.exit_codes import ExitCode

if TYPE_CHECKING:
    from collections.abc import Sequence

    from certrotation.cli.checking import Comparison, Passphrase
    from certrotation.cli.shell import Shell
    from certrotation.core.estate.inventory import Copy, ManagedSecret
    from certrotation.core.findings import Finding
    from certrotation.core.issuance.forecast import Forecast
    from certrotation.core.material.checks import Inspection

_NO_VERSION = "unwritten"


@verb(
    "check",
    examples=(
        Example(
            "certrotation check /etc/letsencrypt/live/shop.example.com", "Check what certbot wrote"
        ),
        Example("certrotation check fullchain.pem key.pem --json", "Check files, for a program"),
        Example("certrotation check shop.pfx --password-file pw.txt", "Check a PFX"),
        Example(
            "certrotation check fullchain.pem key.pem --against arn:aws:acm:eu-west-1:111122223333"
            ":certificate/12345678-1234-1234-1234-123456789012",
            "Compare with what ACM holds",
        ),
        Example("certrotation check --secret shop", "Check the current version of a secret"),
    ),
)
@click.argument(
    "files",
    metavar="FILE...|DIR|-",
    nargs=-1,
    help="PEM, DER or PKCS#12 files, JSON as in a secret, a directory of certbot or of a Kubernetes"
    " volume, or - for standard input.",
)
@click.option("--secret", metavar="NAME", help="Check the AWSCURRENT version of this secret.")
@click.option(
    "--against",
    metavar="ARN",
    multiple=True,
    help="Compare with this certificate in ACM. May be repeated.",
)
@click.option("--password-file", metavar="FILE", help="The passphrase is the file's first line.")
@click.option(
    "--password-fd", metavar="N", type=int, help="The passphrase is read from this descriptor."
)
def command(
    shell: Shell,
    files: Sequence[str],
    secret: str | None,
    against: Sequence[str],
    password_file: str | None,
    password_fd: int | None,
) -> ExitCode:
    """Check material before it goes anywhere.

    The checks are those of a rotation. Files are checked on this machine, and nobody is asked,
    unless --secret or --against names something in AWS. Each finding is one line; the exit code is
    3 if a finding refuses the material. For a secret with an issuer, --secret shows also what the
    issuer is asked for next. The passphrase of a key or a PFX comes from the terminal, a file or a
    descriptor.
    """
    from certrotation.cli.checking import Passphrase

    if bool(files) == bool(secret):
        raise click.UsageError("Name files, a directory or -, or a secret with --secret.")
    for arn in against:
        if not arn.startswith("arn:") or ":acm:" not in arn:
            raise click.UsageError(f"{arn} is not the ARN of a certificate in ACM.")
    issuance = None
    if secret:
        owner, inspection, issuance = _of_secret(shell, secret)
    else:
        owner = None
        inspection = _of_files(shell, files, Passphrase(password_file, password_fd))
    copies = _live(shell, against) if inspection.material else ()
    findings, comparisons = _judged(shell, owner, inspection, copies)
    return _reported(shell, inspection, findings, comparisons, issuance)


def _of_files(shell: Shell, files: Sequence[str], passphrase: Passphrase) -> Inspection:
    from certrotation.cli.checking import inspect_files, roots_without_stack
    from certrotation.cli.material_files import read_files

    roots = roots_without_stack(shell.environment)
    _, inspection = inspect_files(read_files(files), passphrase, _NO_VERSION, roots, shell.now)
    return inspection


def _of_secret(shell: Shell, name: str) -> tuple[ManagedSecret, Inspection, Forecast | None]:
    from certrotation.cli.forecasting import next_issuance
    from certrotation.core.material.checks import Inspection, inspect_secret

    secrets = shell.parts.account.secrets
    asked = shell.secret_name(name)
    owner = secrets.describe(asked)
    if owner.source_problem is not None:
        return owner, Inspection(material=None, findings=(owner.source_problem,)), None
    value = secrets.current_value(owner.origin.arn if owner.origin else owner.name)
    inspection = inspect_secret(value, shell.parts.rotation_policy.roots, shell.now)
    return owner, inspection, next_issuance(shell, owner, value)


def _live(shell: Shell, arns: Sequence[str]) -> tuple[Copy, ...]:
    from certrotation.cli.checking import live_certificates

    return live_certificates(shell, arns)


def _judged(
    shell: Shell, owner: ManagedSecret | None, inspection: Inspection, copies: Sequence[Copy]
) -> tuple[tuple[Finding, ...], tuple[Comparison, ...]]:
    """Return the findings after acceptance and comparison."""
    from certrotation.core.findings import apply_acceptance

    material = inspection.material
    if material is None or (owner is None and not copies):
        accepted = owner.accepted if owner else ()
        version = (owner.current_version if owner else None) or _NO_VERSION
        return apply_acceptance(inspection.findings, accepted, version, is_complete=False), ()
    from certrotation.cli.checking import compare
    from certrotation.core.estate.inventory import ManagedSecret
    from certrotation.core.rotation.planning import Rotation

    secret = owner or ManagedSecret(name="", arn="", current_version=None, last_changed=None)
    rotation = Rotation.of(
        secret,
        material,
        inspection.findings,
        shell.parts.rotation_policy,
        inspection.request,
    )
    if not copies:
        return rotation.findings_by_itself(), ()
    return compare(rotation, copies, shell.now)


def _reported(
    shell: Shell,
    inspection: Inspection,
    findings: Sequence[Finding],
    comparisons: Sequence[Comparison],
    issuance: Forecast | None,
) -> ExitCode:
    from certrotation.cli.checking import describe, detail_of, details_of, print_findings
    from certrotation.cli.forecasting import issuance_document, show
    from certrotation.core.findings import refusals

    output = shell.output
    if inspection.material:
        output.say(describe(inspection.material, shell.now))
    print_findings(output, findings)
    for each in comparisons:
        because = "; ".join(each.reasons)
        answer = f"ACM does not import this material here: {because}" if because else "reimport"
        output.say(f"{each.arn}: {answer}")
    if not findings:
        output.say("No findings.")
    if inspection.valid_from:
        output.note(f"The certificate is valid from {inspection.valid_from} on.")
    if issuance is not None:
        show(issuance, output)
    refused = bool(refusals(findings))
    output.document(
        {
            "schema": shell.schema,
            "refused": refused,
            "material": detail_of(inspection.material),
            "findings": details_of(findings),
            "against": [
                {"arn": each.arn, "reimport": not each.reasons, "reasons": list(each.reasons)}
                for each in comparisons
            ],
            "next_issuance": issuance_document(issuance),
        }
    )
    is_wrong = refused or (issuance is not None and issuance.refusal is not None)
    return ExitCode.FINDING if is_wrong else ExitCode.DONE
