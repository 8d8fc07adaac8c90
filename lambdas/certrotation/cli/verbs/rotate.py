"""The verb `rotate`: queues secrets, or rotates them with the caller's own rights."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from certrotation import __version__
from certrotation.cli.commands import Example, verb
from certrotation.cli.exit_codes import ExitCode, first_of
from certrotation.cli.waiting import may_wait

if TYPE_CHECKING:
    from collections.abc import Sequence

    from certrotation.cli.documents import RotatedRegion, RotatedSecret
    from certrotation.cli.following import Followed
    from certrotation.cli.planning import Planned
    from certrotation.cli.shell import Shell
    from certrotation.cli.traces import Traces
    from certrotation.core.estate.inventory import ManagedSecret
    from certrotation.core.rotation.outcomes import RotationOutcome


@verb(
    "rotate",
    examples=(
        Example("certrotation rotate shop", "Queue a secret, as a scan does"),
        Example("certrotation rotate shop api --wait", "Queue, and follow until it is live"),
        Example("certrotation rotate --plan plan.json", "Apply a saved plan, if it is the same"),
        Example(
            "certrotation rotate shop --here", "Rotate with your own rights, without the queue"
        ),
    ),
)
@click.argument("secrets", metavar="[SECRET]...", nargs=-1, help="With or without the prefix.")
@may_wait
@click.option("--here", is_flag=True, help="Rotate in this process, with your own rights.")
@click.option(
    "--force",
    is_flag=True,
    help="With --here: in report mode too, for secrets on hold, and beside another version.",
)
@click.option(
    "--plan",
    "plan_file",
    metavar="FILE",
    help="Go on only if the plan is still the one that `certrotation plan --out FILE` saved.",
)
def command(
    shell: Shell,
    *,
    secrets: tuple[str, ...],
    wait: bool,
    timeout: int,
    here: bool,
    force: bool,
    plan_file: str | None,
) -> ExitCode:
    """Rotate secrets: queue them, or do it here.

    The service rotates by itself. Use this command if you cannot wait, or in an emergency. The
    deployed function rotates a queued secret. With --here this process rotates with your own
    rights, after a question. It then checks before each write that the certificate is not ignored
    and does not belong to another deployment. Without a stack it adopts nothing.
    """
    if here and wait:
        raise click.UsageError("--here waits by itself.")
    if force and not here:
        raise click.UsageError("--force is for --here: the functions obey mode and hold.")
    names = _names(shell, secrets, plan_file)
    if plan_file is not None:
        _require_same_plan(shell, names, plan_file)
    if here:
        return _rotate_here(shell, names, force=force)
    return _queue(shell, names, timedelta(minutes=timeout) if wait else None)


def _names(shell: Shell, secrets: Sequence[str], plan_file: str | None) -> list[str]:
    if plan_file is not None and secrets:
        raise click.UsageError("--plan names the secrets itself.")
    if plan_file is not None:
        return list(_saved(plan_file))
    if not secrets:
        raise click.UsageError("Name a secret. The service rotates all that is due by itself.")
    return list(dict.fromkeys(map(shell.secret_name, secrets)))


def _saved(plan_file: str) -> dict[str, str]:
    """Return the digest of each secret's plan, by name.

    Raises:
        click.UsageError: the file is no saved plan.
    """
    try:
        document = json.loads(Path(plan_file).read_text(encoding="utf-8"))
        if document["schema"] != "certrotation/plan/1":
            raise KeyError("schema")  # noqa: TRY301  as any other key
        return {str(each["secret"]): str(each["digest"]) for each in document["secrets"]}
    except (ValueError, KeyError, TypeError):
        raise click.UsageError(
            f"{plan_file} is not a plan that `certrotation plan --out FILE` saved."
        ) from None


def _require_same_plan(shell: Shell, names: Sequence[str], plan_file: str) -> None:
    """Plan again, and compare.

    Raises:
        NotYet: a plan is another one now; nothing was changed.
        SourceUnseen: a plan cannot be made.
    """
    from certrotation.cli.plan_rendering import show_plans
    from certrotation.errors import NotYet

    saved = _saved(plan_file)
    other = [each for each in _seen_plans(shell, names) if saved.get(each.secret) != each.digest]
    if other:
        show_plans(other, shell.output)
        raise NotYet(
            f"The plan is another one now for {', '.join(each.secret for each in other)}.",
            "Nothing was changed. Read the new plan, and save it with `certrotation plan --out`.",
        )


def _seen_plans(shell: Shell, names: Sequence[str]) -> list[Planned]:
    """Plan secrets.

    Raises:
        SourceUnseen: the source of a reference is denied to these credentials.
    """
    plans = _plans(shell, names)
    unseen = next((each.unseen for each in plans if each.unseen), None)
    if unseen is not None:
        raise unseen
    return plans


def _plans(shell: Shell, names: Sequence[str]) -> list[Planned]:
    from certrotation.cli.planning import Planner

    parts = shell.parts
    planner = Planner(account=parts.account, policy=parts.rotation_policy, now=shell.now)
    plans = []
    with shell.output.progress("Planning", len(names)) as step:
        for name in names:
            plans.append(planner.plan(name))
            step()
    return plans


def _queue(shell: Shell, names: Sequence[str], longest: timedelta | None) -> ExitCode:
    """Send a message for each secret, and follow the rotations if that is wanted."""
    from certrotation.cli.traces import traces_of
    from certrotation.core.rotation.request import RotationRequest

    shell.configuration.require_queue()
    account, output = shell.parts.account, shell.output
    described = [managed(shell, name) for name in names]
    is_followed = longest is not None and shell.parts.applies
    traces = [traces_of(shell, each, each.current_version) for each in described if is_followed]
    account.queue.send(
        [RotationRequest(secret=each.name, version=each.current_version) for each in described]
    )
    shell.if_interrupted = "The secrets are queued, and their rotation goes on."
    for each in described:
        version = f", version {each.current_version}" if each.current_version else ""
        output.say(f"{each.name}: queued{version}")
    if not shell.parts.applies:
        output.note("The service is in report mode: it plans the rotation and changes nothing.")
    results = [_queued(each) for each in described]
    codes: list[ExitCode] = []
    if longest is not None and is_followed:
        ended = [_followed(shell, each, longest) for each in traces]
        results, codes = [each[0] for each in ended], [each[1] for each in ended]
    elif longest is not None:
        codes = [ExitCode.ERROR]
    output.document({"schema": shell.schema, "here": False, "secrets": results})
    return first_of(codes)


def managed(shell: Shell, name: str) -> ManagedSecret:
    """Return a secret.

    Raises:
        NotManaged: its name does not begin with the prefix.
        Vanished: there is no such secret.
    """
    from certrotation.cli.unseen import described
    from certrotation.errors import NotManaged

    secret = described(shell.parts.account.secrets, name)
    prefix = shell.settings.secret_prefix
    if not secret.name.startswith(prefix):
        raise NotManaged(
            f"{secret.name} is not managed: its name does not begin with {prefix}.",
            "Name another secret, or give --prefix.",
        )
    return secret


def _queued(secret: ManagedSecret) -> RotatedSecret:
    return {
        "secret": secret.name,
        "version": secret.current_version,
        "status": "queued",
        "error": None,
        "findings": [],
        "regions": [],
    }


def _followed(shell: Shell, traces: Traces, longest: timedelta) -> tuple[RotatedSecret, ExitCode]:
    """Wait for one secret, and return what it came to."""
    from certrotation.cli.checking import details_of

    seen, status, code = followed(shell, traces, longest)
    return {
        **_queued(traces.secret),
        "version": traces.version or seen.version,
        "status": status,
        "error": seen.error or None,
        "findings": details_of(seen.findings),
        "regions": [
            {
                "region": each.region,
                "status": each.state.value,
                "arns": list(each.arns),
                "performed": [],
                "because": each.because,
            }
            for each in seen.regions
        ],
    }, code


def followed(shell: Shell, traces: Traces, longest: timedelta) -> tuple[Followed, str, ExitCode]:
    """Wait for one secret, print what was seen, and return it with a word and the exit code."""
    from certrotation.cli.checking import print_findings
    from certrotation.cli.following import follow

    output = shell.output
    seen = follow(shell, traces, longest)
    print_findings(output, seen.findings, indent=2)
    if seen.error:
        output.say(seen.error, indent=2)
    status, code = _status_of(seen)
    found = seen.version if traces.version is None else None
    output.say(f"{traces.secret.name}: {status}{f', version {found}' if found else ''}")
    return seen, status, code


def _status_of(seen: Followed) -> tuple[str, ExitCode]:
    if seen.is_live:
        return "live", ExitCode.DONE
    if seen.superseded_by:
        return "another version is current now", ExitCode.ERROR
    if seen.is_held:
        return "held", ExitCode.ERROR
    if seen.is_refused or seen.has_ended:
        return "refused", ExitCode.FINDING
    return "pending", ExitCode.ERROR


def _rotate_here(shell: Shell, names: Sequence[str], *, force: bool) -> ExitCode:
    """Show the plan, ask, and apply it in this process."""
    from certrotation.cli.plan_rendering import show_plans

    output = shell.output
    _require_here(shell, force=force)
    plans = _seen_plans(shell, names)
    show_plans(plans, output)
    held = [each.secret for each in plans if each.is_held and not force]
    if held:
        raise _refusal(f"{', '.join(held)} is on hold.", "Take the hold off, or give --force.")
    if not shell.confirm("Apply this with your own rights?"):
        output.note("Nothing was changed.")
        return ExitCode.ERROR
    shell.if_interrupted = "The next rotation finishes the rest."
    results, codes = [], []
    for name in names:
        with output.progress(f"Rotating {name}"):
            outcome = _apply(shell, name, force=force)
        result, code = _reported(shell, outcome)
        results.append(result)
        codes.append(code)
    output.document({"schema": shell.schema, "here": True, "secrets": results})
    return first_of(codes)


def _require_here(shell: Shell, *, force: bool) -> None:
    """Make sure that this process may do what the function does.

    Raises:
        SettingsError: the service is in report mode, or has another version.
    """
    configuration = shell.configuration
    stack = configuration.stack
    if force:
        return
    if not shell.parts.applies:
        raise _refusal("The service is in report mode.", "Switch the mode, or give --force.")
    if stack is not None and stack.version != __version__:
        raise _refusal(
            f"The stack {stack.name} has version {stack.version or 'before 0.2.0'}, this command"
            f" {__version__}.",
            "Use the command of the stack's version, or give --force.",
        )


def _refusal(found: str, remedy: str) -> Exception:
    from certrotation.errors import SettingsError

    return SettingsError(found, remedy)


def _apply(shell: Shell, name: str, *, force: bool) -> RotationOutcome:
    from certrotation.cli.guard import guarded
    from certrotation.core.rotation.request import RotationRequest
    from certrotation.values import replace
    from certrotation.workflows.rotate import Rotator

    parts = shell.parts
    policy = parts.rotation_policy
    adopts = policy.adopts and shell.configuration.stack is not None
    rotator = Rotator(
        account=guarded(parts.account, policy.prefix, ignores_hold=force),
        policy=replace(policy, adopts=adopts, applies=True),
        now=datetime.now(UTC),
    )
    return rotator.rotate(RotationRequest(secret=name))


def _reported(shell: Shell, outcome: RotationOutcome) -> tuple[RotatedSecret, ExitCode]:
    from certrotation.cli.checking import details_of, print_findings
    from certrotation.core.rotation.outcomes import Status

    output = shell.output
    output.say(f"{outcome.secret}: {outcome.status.value}")
    if outcome.error is not None:
        output.say(str(outcome.error), indent=2)
    if outcome.plan is None:
        print_findings(output, outcome.findings, indent=2)
    regions: list[RotatedRegion] = []
    for each in outcome.regions:
        detail = each.to_json()
        because = [str(each.error)] if each.error else []
        because += [*detail["stranded"], *detail["waiting_for"], *detail["notes"]]
        output.say(f"{each.region}: {each.status.value}", indent=2)
        for line in (*detail["performed"], *because):
            output.say(line, indent=4)
        regions.append(
            {
                "region": each.region,
                "status": each.status.value,
                "arns": [],
                "performed": detail["performed"],
                "because": "; ".join(because),
            }
        )
    described: Any = outcome.described
    result: RotatedSecret = {
        "secret": outcome.secret,
        "version": described.current_version if described else None,
        "status": outcome.status.value,
        "error": str(outcome.error) if outcome.error else None,
        "findings": details_of(outcome.plan.findings if outcome.plan else outcome.findings),
        "regions": regions,
    }
    if outcome.status is Status.DONE:
        return result, ExitCode.DONE
    is_refused = outcome.error is None and outcome.concerns_people
    return result, ExitCode.FINDING if is_refused else ExitCode.ERROR
