"""The verb `rollback`: makes an earlier version of a secret current again."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import click

from certrotation.cli.commands import Example, verb
from certrotation.cli.exit_codes import ExitCode
from certrotation.cli.waiting import may_wait
from certrotation.names.tags import HOLD, HOLD_ISSUANCE, ISSUER

if TYPE_CHECKING:
    from certrotation.cli.documents import RollbackDocument
    from certrotation.cli.planning import Planned
    from certrotation.cli.shell import Shell
    from certrotation.core.estate.inventory import ManagedSecret
    from certrotation.core.material.secret_value import SecretValue


@verb(
    "rollback",
    examples=(
        Example("certrotation rollback shop", "Back to the version before, after a question"),
        Example("certrotation rollback shop --yes --wait", "Without a question, until it is live"),
        Example(
            "certrotation rollback shop --to 0d8ca8b4-2a2b-4c67-8b63-b1d5a2c8a1f0",
            "To a certain version",
        ),
    ),
)
@click.argument("name", metavar="SECRET", help="With or without the prefix.")
@click.option(
    "--to", "version", metavar="VERSION", help="Version id; without one, what is AWSPREVIOUS."
)
@may_wait
def command(shell: Shell, name: str, version: str | None, *, wait: bool, timeout: int) -> ExitCode:
    """Make an earlier version of a secret current again.

    First it shows what comes back, when that expires, and what rotate would do then: whether ACM's
    rules let the material back under the same ARN, or dependents would move. A version that rotate
    would refuse is not made current. Then it asks, and moves the label AWSCURRENT; the rotation
    begins by itself. The issuer of the secret, if there is one, is put on hold first, so that it
    does not replace this version.
    """
    from certrotation.cli.plan_rendering import show_plans
    from certrotation.cli.traces import traces_of
    from certrotation.cli.verbs.rotate import followed

    secret = _secret(shell, shell.secret_name(name), version)
    target = version or secret.previous_version
    if target is None:
        raise _error(f"{secret.name} has no version AWSPREVIOUS.", "Name one with --to.")
    if target == secret.current_version:
        raise _error(f"{target} is AWSCURRENT already.", "Name another version with --to.")
    value = _value(shell, secret, target)
    _show_material(shell, secret, value)
    planned = _plan(shell, secret, value)
    show_plans([planned], shell.output)
    if planned.is_refused:
        shell.output.warn("Rotate would refuse this version. Nothing was changed.")
        shell.output.document(_document(shell, secret, planned, target, is_moved=False))
        return ExitCode.FINDING
    if not shell.confirm(f"Make {target} of {secret.name} current?"):
        shell.output.note("Nothing was changed.")
        return ExitCode.ERROR
    if ISSUER in secret.tags:
        _hold(shell, secret)
    traces = traces_of(shell, secret, target) if wait else None
    _move(shell, secret, target)
    code = ExitCode.DONE
    if traces is not None:
        _, _, code = followed(shell, traces, timedelta(minutes=timeout))
    shell.output.document(_document(shell, secret, planned, target, is_moved=True))
    return code


def _secret(shell: Shell, name: str, version: str | None) -> ManagedSecret:
    """Return the secret.

    Raises:
        NotManaged: its name does not begin with the prefix.
        SettingsError: its value is another secret's.
    """
    from certrotation.cli.sources import rollback_of
    from certrotation.cli.verbs.rotate import managed

    secret = managed(shell, name)
    if secret.is_reference:
        raise rollback_of(secret, version)
    return secret


def _error(found: str, remedy: str) -> Exception:
    from certrotation.errors import SettingsError

    return SettingsError(found, remedy)


def _value(shell: Shell, secret: ManagedSecret, version: str) -> SecretValue:
    """Return the value of a version.

    Raises:
        Vanished: there is no such version.
    """
    from certrotation.aws.errors import translated
    from certrotation.aws.secrets import MEANINGS
    from certrotation.core.material.secret_value import SecretValue

    subject = f"version {version} of {secret.name} in {shell.home_region}"
    with translated("secretsmanager:GetSecretValue", subject, MEANINGS):
        answer = shell.client("secretsmanager").get_secret_value(
            SecretId=secret.arn, VersionId=version
        )
    return SecretValue(
        version=version, text=answer.get("SecretString"), binary=answer.get("SecretBinary")
    )


def _show_material(shell: Shell, secret: ManagedSecret, value: SecretValue) -> None:
    from certrotation.cli.checking import describe
    from certrotation.core.material.checks import inspect_secret

    found = inspect_secret(value, shell.parts.rotation_policy.roots, shell.now)
    shell.output.say(f"{secret.name}: from {secret.current_version} back to {value.version}")
    if found.material is not None:
        shell.output.say(describe(found.material, shell.now), indent=2)


def _plan(shell: Shell, secret: ManagedSecret, value: SecretValue) -> Planned:
    from certrotation.cli.planning import plan_material

    with shell.output.progress("Planning"):
        return plan_material(shell, secret.name, value)


def _move(shell: Shell, secret: ManagedSecret, target: str) -> None:
    from certrotation.composition import secret_writer
    from certrotation.names.service import CURRENT_LABEL

    writer = secret_writer(shell.session, shell.home_region)
    writer.move_label(
        secret.arn, CURRENT_LABEL, from_version=secret.current_version, to_version=target
    )
    shell.if_interrupted = f"{target} is AWSCURRENT, and its rotation goes on."
    shell.output.say(f"{target} is AWSCURRENT now.")
    if not shell.configuration.has_queue:
        shell.output.note("No stack is deployed here that rotates the secret.")


def _hold(shell: Shell, secret: ManagedSecret) -> None:
    """Put the issuer of a secret on hold, before anything is moved.

    The earlier version may have been renewed because it was about to expire, and the next look
    would renew it again. Each step of a rotation that runs already checks the tag as well.
    """
    from certrotation.composition import secret_writer

    if not secret.is_issuance_held:
        secret_writer(shell.session, shell.home_region).add_tags(secret.arn, {HOLD: HOLD_ISSUANCE})
    shell.if_interrupted = f"{secret.name} is on hold, and its version is the same as before."
    shell.output.note(
        f"{secret.name} is on hold ({HOLD}={HOLD_ISSUANCE}): its issuer does not renew it until you"
        " remove the tag."
    )


def _document(
    shell: Shell, secret: ManagedSecret, planned: Planned, target: str, *, is_moved: bool
) -> RollbackDocument:
    from certrotation.cli.planning import document_of

    plan: Any = document_of(planned)
    return {
        "schema": shell.schema,
        "secret": secret.name,
        "from_version": secret.current_version,
        "to_version": target,
        "moved": is_moved,
        "plan": plan,
    }
