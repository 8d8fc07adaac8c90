"""Writes material into a managed secret: the checks, the comparison with what is live, the wait."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, NamedTuple

from certrotation.cli.checking import (
    Passphrase,
    describe,
    detail_of,
    details_of,
    inspect_files,
    print_findings,
    roots_without_stack,
)
from certrotation.cli.exit_codes import ExitCode
from certrotation.cli.following import Followed, State, follow
from certrotation.cli.secret_tags import accepting, tags_after
from certrotation.core.estate.inventory import ManagedSecret
from certrotation.core.findings import Code, apply_acceptance, refusals
from certrotation.errors import AccessDenied, NotManaged, Vanished
from certrotation.names.tags import ISSUER
from certrotation.values import replace

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import timedelta

    from certrotation.cli.documents import ImportedSecret
    from certrotation.cli.material_files import Files
    from certrotation.cli.shell import Shell
    from certrotation.cli.traces import Traces
    from certrotation.core.findings import Finding
    from certrotation.core.material.checks import Inspection
    from certrotation.core.material.secret_value import SecretValue


class Wish(NamedTuple):
    """What a person asks for."""

    name: str
    files: Files
    passphrase: Passphrase
    tags: Mapping[str, str]
    accept: Sequence[str]
    reads_live: bool
    """Whether anything but the secret may be read."""


class Order(NamedTuple):
    """What is to be written."""

    name: str
    secret: ManagedSecret | None
    """None if the secret is new."""
    value: SecretValue
    inspection: Inspection
    added: Mapping[str, str]
    """Tags."""

    @property
    def target(self) -> ManagedSecret:
        """The secret as it will be."""
        return ManagedSecret(
            name=self.name,
            arn=self.secret.arn if self.secret else self.name,
            current_version=self.value.version,
            last_changed=None,
            tags=tags_after(self.secret, self.added),
        )


class Judged(NamedTuple):
    """The findings before anything is written."""

    findings: tuple[Finding, ...]
    """On the material."""
    can_follow: bool
    """Whether every target Region can be read."""
    regions: Mapping[str, tuple[Finding, ...]] = {}
    is_refused_everywhere: bool = False

    @property
    def is_refused(self) -> bool:
        """Whether no Region would present the material."""
        return self.is_refused_everywhere or bool(refusals(self.findings))


class Imported(NamedTuple):
    """What became of a wish."""

    order: Order
    judged: Judged
    is_written: bool
    traces: Traces | None = None
    """Of its rotation, as they were before; None if the rotation cannot be followed."""
    followed: Followed | None = None

    @property
    def code(self) -> ExitCode:
        """The exit code for this secret alone."""
        if not self.is_written:
            return ExitCode.FINDING
        if self.followed is None or self.followed.is_live:
            return ExitCode.DONE
        refused = any(each.state is State.REFUSED for each in self.followed.regions)
        return ExitCode.FINDING if self.followed.is_refused or refused else ExitCode.ERROR

    def to_json(self) -> ImportedSecret:
        """Return the outcome for a JSON object."""
        followed = self.followed
        return {
            "secret": self.order.name,
            "version": self.order.value.version if self.is_written else None,
            "created": self.is_written and self.order.secret is None,
            "material": detail_of(self.order.inspection.material),
            "findings": details_of(followed.findings if followed else self.judged.findings),
            "live": followed.is_live if followed else None,
            "regions": [
                {
                    "region": each.region,
                    "state": each.state.value,
                    "arns": list(each.arns),
                    "because": each.because,
                }
                for each in (followed.regions if followed else ())
            ],
        }


def write_if_sound(shell: Shell, wish: Wish) -> Imported:
    """Check the material, and write it unless it is refused.

    Raises:
        NotManaged: the secret has another prefix.
        SecretDeleted: the secret is scheduled for deletion.
    """
    order = _order(shell, wish)
    judged = (
        _judge_live(shell, order) if wish.reads_live else Judged(_judge(order), can_follow=False)
    )
    traces = None
    if not judged.is_refused:
        traces = _traces(shell, order) if judged.can_follow else None
        _write(shell, order)
    _print(shell, order, judged)
    if judged.is_refused:
        shell.output.warn(f"The material is refused. Nothing was written to {order.name}.")
        return Imported(order, judged, is_written=False)
    what = "A new version of" if order.secret else "The new secret"
    shell.output.say(f"{what} {order.name} is written: version {order.value.version}.")
    return Imported(order, judged, is_written=True, traces=traces)


def follow_if_rotated(shell: Shell, imported: Imported, longest: timedelta) -> Imported:
    """Wait until the material is live, if the rotation can be followed and something rotates."""
    order = imported.order
    if not imported.is_written:
        return imported
    if imported.traces is not None and _will_rotate(shell, order):
        return imported._replace(followed=_follow(shell, imported.traces, longest))
    shell.output.say(f"This command shows what is left to do: certrotation plan {order.name}")
    return imported


def _order(shell: Shell, wish: Wish) -> Order:
    """Check the material by itself, and find the secret.

    Raises:
        NotManaged: the secret has another prefix.
        SecretDeleted: the secret is scheduled for deletion.
    """
    prefix = shell.secret_prefix
    name = wish.name if wish.name.startswith((prefix, "arn:")) else f"{prefix}{wish.name}"
    version = str(uuid.uuid4())
    roots = (
        shell.parts.rotation_policy.roots
        if wish.reads_live
        else roots_without_stack(shell.environment)
    )
    value, inspection = inspect_files(wish.files, wish.passphrase, version, roots, shell.now)
    secret = _find(shell, name, prefix)
    if secret and secret.current_version and inspection.material:
        value = _with_request(shell, secret, value, reads_live=wish.reads_live)
    return Order(
        name=secret.name if secret else name,
        secret=secret,
        value=value,
        inspection=inspection,
        added={**wish.tags, **accepting(secret, wish.accept, version)},
    )


def _find(shell: Shell, name: str, prefix: str) -> ManagedSecret | None:
    from certrotation.aws.secrets import ManagedSecrets

    try:
        secret = ManagedSecrets(shell.client("secretsmanager"), prefix).describe(name)
    except Vanished:
        if name.startswith("arn:"):
            raise
        return None
    if not secret.name.startswith(prefix):
        raise NotManaged(
            f"{secret.name} is not managed: its name does not begin with {prefix}.",
            "Name another secret, or give --prefix.",
        )
    if secret.is_reference:
        from certrotation.cli.sources import import_of

        raise import_of(secret)
    return secret


def _with_request(
    shell: Shell, secret: ManagedSecret, value: SecretValue, *, reads_live: bool
) -> SecretValue:
    """Carry the request to an issuer into the new version, unless the new value has one.

    The hook of a renewal tool may not read values, so of a secret without an issuer the value is
    read only if more than the secret may be read.

    Raises:
        AccessDenied: the value of a secret with an issuer may not be read.
    """
    from certrotation.aws.secrets import ManagedSecrets
    from certrotation.core.material.secret_format import fields_left_out, with_request_of

    has_issuer = ISSUER in secret.tags
    if not (has_issuer or reads_live):
        return value
    try:
        secrets = ManagedSecrets(shell.client("secretsmanager"), shell.secret_prefix)
        before = secrets.current_value(secret.arn)
    except AccessDenied as error:
        if has_issuer:
            raise
        shell.output.note(f"A field `request` of {secret.name} is not kept: {error.found}")
        return value
    others = ", ".join(fields_left_out(before, value))
    if others:
        shell.output.note(f"The new version of {secret.name} does not have the fields: {others}.")
    return with_request_of(before, value)


def _judge(order: Order) -> tuple[Finding, ...]:
    """Return the findings on the material and the secret by themselves."""
    target = order.target
    name = [each for each in target.findings(()) if each.code is Code.SECRET_NAME_TOO_LONG]
    return apply_acceptance(
        (*name, *order.inspection.findings),
        target.accepted,
        order.value.version,
        is_complete=False,
    )


def _judge_live(shell: Shell, order: Order) -> Judged:
    """Compare the material with what every target Region presents."""
    from certrotation.cli.planning import plan_material

    if order.inspection.material is None:
        return Judged(_judge(order), can_follow=False)
    with shell.output.progress("Comparing with the current certificates"):
        planned = plan_material(shell, order.name, order.value, order.added)
    unreadable = {each.region: each.error for each in planned.outcome.regions if each.error}
    for region, error in unreadable.items():
        shell.output.note(f"{region} was not compared: {error.found}")
    plan = planned.outcome.plan
    if plan is None:
        if planned.error and not planned.is_refused:
            shell.output.note(f"The material was not compared: {planned.error}")
        return Judged(planned.findings, can_follow=not planned.is_refused)
    return Judged(
        plan.findings,
        regions={each.region: each.findings for each in plan.regions if each.findings},
        can_follow=not unreadable,
        is_refused_everywhere=bool(plan.regions) and all(each.is_refused for each in plan.regions),
    )


def _write(shell: Shell, order: Order) -> None:
    """Write the tags first: the rotation may begin as soon as the version is there."""
    from certrotation.composition import secret_writer

    writer = secret_writer(shell.session, shell.home_region)
    shell.if_interrupted = f"Run the command again: {order.name} may not have the new version yet."
    if order.secret is None:
        writer.create(order.name, order.value, order.added)
    else:
        if order.added:
            writer.add_tags(order.secret.arn, order.added)
        writer.put_version(order.secret.arn, order.value)
    shell.if_interrupted = (
        f"Version {order.value.version} of {order.name} is written, and its rotation goes on."
    )


def _traces(shell: Shell, order: Order) -> Traces:
    from certrotation.cli.traces import traces_of

    before = order.secret.current_version if order.secret else None
    return traces_of(shell, replace(order.target, current_version=before), order.value.version)


def _will_rotate(shell: Shell, order: Order) -> bool:
    """Return whether something applies the rotation; a note says why not."""
    output = shell.output
    if not shell.configuration.has_queue:
        output.note("No stack is deployed here that rotates the secret.")
    elif not shell.parts.applies:
        output.note("The service is in report mode: it plans the rotation and changes nothing.")
    elif order.target.is_held:
        output.note(f"{order.name} is on hold: its rotation is planned and not applied.")
    else:
        return True
    return False


def _follow(shell: Shell, traces: Traces, longest: timedelta) -> Followed:
    output = shell.output
    seen = follow(shell, traces, longest)
    if seen.is_live:
        output.say("The material is live in every target Region.")
    elif seen.is_refused:
        print_findings(output, seen.findings)
        output.warn(f"The rotation is refused. {seen.error}".rstrip())
    elif seen.superseded_by:
        output.warn(f"Version {seen.superseded_by} is AWSCURRENT now.")
    elif seen.is_held:
        output.warn("The secret is on hold: its rotation is planned and not applied.")
    elif not seen.has_ended:
        minutes = int(longest.total_seconds() // 60)
        output.warn(f"The material is not live everywhere after {minutes} minutes. {seen.error}")
        for each in seen.regions:
            if each.state is State.PENDING:
                output.say(each.line)
    return seen


def _print(shell: Shell, order: Order, judged: Judged) -> None:
    if order.inspection.material:
        shell.output.say(describe(order.inspection.material, shell.now))
    print_findings(shell.output, judged.findings)
    for region, findings in judged.regions.items():
        shell.output.say(f"{region}:")
        print_findings(shell.output, findings, indent=2)
