"""The verb `import`: checks material, writes the secret, and follows the rotation."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

import click

from certrotation.cli.commands import Example, verb
from certrotation.cli.exit_codes import ExitCode

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from certrotation.cli.checking import Passphrase
    from certrotation.cli.following import Followed
    from certrotation.cli.material_files import Files
    from certrotation.cli.shell import Shell
    from certrotation.core.estate.inventory import ManagedSecret
    from certrotation.core.findings import Finding
    from certrotation.core.material.checks import Inspection
    from certrotation.core.material.secret_value import SecretValue
    from certrotation.core.rotation.plan import RegionPlan

DEFAULT_WAIT = 30
"""Minutes."""


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
        from certrotation.cli.importing import tags_after
        from certrotation.core.estate.inventory import ManagedSecret

        return ManagedSecret(
            name=self.secret.name if self.secret else self.name,
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
        from certrotation.core.findings import refusals

        return self.is_refused_everywhere or bool(refusals(self.findings))


@verb(
    "import",
    examples=(
        Example(
            "certrotation import shop --certificate fileb://cert.pem --private-key fileb://key.pem"
            " --certificate-chain fileb://chain.pem",
            "With the flags of `aws acm import-certificate`",
        ),
        Example(
            "certrotation import shop /etc/letsencrypt/live/shop.example.com --no-wait",
            "What certbot wrote, from a hook",
        ),
        Example("certrotation import shop shop.pfx --tags Key=team,Value=web", "A PFX, with a tag"),
        Example(
            "certrotation import shop new.pem key.pem --accept NAMES_LOST",
            "Material that no longer has all names",
        ),
    ),
)
@click.argument("name", metavar="NAME", help="The secret, with or without the prefix.")
@click.argument(
    "files", metavar="[FILE...|DIR|-]", nargs=-1, help="The material, in the forms of `check`."
)
@click.option("--certificate", metavar="FILE", help="The certificate, in PEM or DER.")
@click.option("--private-key", metavar="FILE", help="The private key, in PEM.")
@click.option("--certificate-chain", metavar="FILE", help="The chain, in PEM.")
@click.option("--tags", multiple=True, metavar="Key=,Value=", help="Tags of the secret.")
@click.option(
    "--accept",
    multiple=True,
    metavar="CODE",
    help="Accept a finding: for this version, or for good where only that is possible.",
)
@click.option("--password-file", metavar="FILE", help="The passphrase is the file's first line.")
@click.option(
    "--password-fd", metavar="N", type=int, help="The passphrase is read from this descriptor."
)
@click.option(
    "--no-wait", is_flag=True, help="Write the secret and end, and read nothing but the secret."
)
@click.option(
    "--timeout",
    metavar="MINUTES",
    type=click.IntRange(1, 1440),
    default=DEFAULT_WAIT,
    show_default=True,
    help="How long to wait until every Region presents the material.",
)
def command(
    shell: Shell,
    name: str,
    files: Sequence[str],
    certificate: str | None,
    private_key: str | None,
    certificate_chain: str | None,
    tags: Sequence[str],
    accept: Sequence[str],
    password_file: str | None,
    password_fd: int | None,
    *,
    no_wait: bool,
    timeout: int,
) -> ExitCode:
    """Write material into a managed secret, and follow it until it is live.

    The checks of a rotation come first: refused material is not stored. Unless --no-wait is given,
    the material is compared with what is live in every target Region as well, and the command shows
    when each Region presents the new version. The secret is created if it does not exist.
    """
    from certrotation.cli.checking import Passphrase
    from certrotation.cli.importing import is_shorthand, parse_tags, require_acceptable

    require_acceptable(accept)
    words = [each for each in files if tags and is_shorthand(each)]
    paths = [each for each in files if each not in words]
    order = _order(
        shell,
        Wish(
            name=name,
            files=_files(paths, certificate, private_key, certificate_chain),
            passphrase=Passphrase(password_file, password_fd),
            tags=parse_tags((*tags, *words)),
            accept=accept,
            reads_live=not no_wait,
        ),
    )
    judged = _judge_live(shell, order) if not no_wait else Judged(_judge(order), can_follow=False)
    if judged.is_refused:
        _print(shell, order, judged)
        shell.output.warn(f"The material is refused. Nothing was written to {order.name}.")
        return _report(shell, order, judged, None, is_written=False)
    _write(shell, order)
    _print(shell, order, judged)
    what = "A new version of" if order.secret else "The new secret"
    shell.output.say(f"{what} {order.name} is written: version {order.value.version}.")
    followed = None
    if judged.can_follow and _will_rotate(shell, order):
        followed = _follow(shell, order, timedelta(minutes=timeout))
    else:
        shell.output.say(f"This command shows what is left to do: certrotation plan {order.name}")
    return _report(shell, order, judged, followed, is_written=True)


def _files(
    files: Sequence[str], certificate: str | None, private_key: str | None, chain: str | None
) -> Files:
    from certrotation.cli.material_files import read_files, read_parts

    if files and not (certificate or private_key or chain):
        return read_files(files)
    if files or certificate is None or private_key is None:
        raise click.UsageError(
            "Name files, a directory or -, or give both --certificate and --private-key."
        )
    return read_parts(certificate, private_key, chain)


def _order(shell: Shell, wish: Wish) -> Order:
    """Check the material by itself, and find the secret.

    Raises:
        NotManaged: the secret has another prefix.
        SecretDeleted: the secret is scheduled for deletion.
    """
    from certrotation.cli.checking import inspect_files, roots_without_stack
    from certrotation.cli.importing import accepting

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
    return Order(
        name=secret.name if secret else name,
        secret=secret,
        value=value,
        inspection=inspection,
        added={**wish.tags, **accepting(secret, wish.accept, version)},
    )


def _find(shell: Shell, name: str, prefix: str) -> ManagedSecret | None:
    from certrotation.aws.secrets import ManagedSecrets
    from certrotation.errors import NotManaged, Vanished

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
    return secret


def _judge(order: Order) -> tuple[Finding, ...]:
    """Return the findings on the material and the secret by themselves."""
    from certrotation.core.findings import Code, apply_acceptance

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
    from certrotation.core.findings import final_refusals
    from certrotation.core.rotation.planning import Rotation
    from certrotation.workflows.preview import preview

    material = order.inspection.material
    if material is None:
        return Judged(_judge(order), can_follow=False)
    policy = shell.parts.rotation_policy
    rotation = Rotation.of(order.target, material, order.inspection.findings, policy)
    found = rotation.findings_by_itself()
    if final_refusals(found):
        return Judged(found, can_follow=False)
    with shell.output.progress("Comparing with the current certificates", len(rotation.regions)):
        plan, unreadable = preview(shell.parts.account, rotation, shell.now)
    for region, error in unreadable.items():
        shell.output.note(f"{region} was not compared: {error.found}")
    return Judged(
        plan.findings,
        regions={each.region: each.findings for each in plan.regions if each.findings},
        can_follow=not unreadable,
        is_refused_everywhere=bool(plan.regions) and all(map(_refuses, plan.regions)),
    )


def _refuses(region: RegionPlan) -> bool:
    return region.is_refused


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


def _follow(shell: Shell, order: Order, longest: timedelta) -> Followed:
    from certrotation.cli.checking import print_findings
    from certrotation.cli.following import State, follow

    output = shell.output
    seen = follow(shell, order.name, order.value.version, longest)
    if seen.is_live:
        output.say("The material is live in every target Region.")
    elif seen.is_refused:
        print_findings(output, seen.findings)
        output.warn(f"The rotation is refused. {seen.error}".rstrip())
    elif seen.superseded_by:
        output.warn(f"Version {seen.superseded_by} is AWSCURRENT now.")
    elif not seen.has_ended:
        minutes = int(longest.total_seconds() // 60)
        output.warn(f"The material is not live everywhere after {minutes} minutes. {seen.error}")
        for each in seen.regions:
            if each.state is State.PENDING:
                output.say(each.line)
    return seen


def _print(shell: Shell, order: Order, judged: Judged) -> None:
    from certrotation.cli.checking import describe, print_findings

    if order.inspection.material:
        shell.output.say(describe(order.inspection.material, shell.now))
    print_findings(shell.output, judged.findings)
    for region, findings in judged.regions.items():
        shell.output.say(f"{region}:")
        print_findings(shell.output, findings, indent=2)


def _report(
    shell: Shell, order: Order, judged: Judged, followed: Followed | None, *, is_written: bool
) -> ExitCode:
    from certrotation.cli.checking import detail_of, details_of

    regions = followed.regions if followed else ()
    shell.output.document(
        {
            "schema": shell.schema,
            "secret": order.name,
            "version": order.value.version if is_written else None,
            "created": is_written and order.secret is None,
            "material": detail_of(order.inspection.material),
            "findings": details_of(followed.findings if followed else judged.findings),
            "live": followed.is_live if followed else None,
            "regions": [
                {
                    "region": each.region,
                    "state": each.state.value,
                    "arns": list(each.arns),
                    "because": each.because,
                }
                for each in regions
            ],
        }
    )
    if not is_written:
        return ExitCode.FINDING
    return _code(followed) if followed else ExitCode.DONE


def _code(followed: Followed) -> ExitCode:
    from certrotation.cli.following import State

    if followed.is_live:
        return ExitCode.DONE
    is_refused = any(each.state is State.REFUSED for each in followed.regions)
    return ExitCode.FINDING if followed.is_refused or is_refused else ExitCode.ERROR
