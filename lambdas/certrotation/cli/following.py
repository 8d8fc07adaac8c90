"""Follows a rotation from outside until every Region presents a version; changes nothing."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from certrotation.cli.remedies import UNSEEN
from certrotation.core.rotation.outcomes import RegionOutcome, RotationOutcome, Status
from certrotation.core.rotation.plan import Strand
from certrotation.core.rotation.rendering import describe_step
from certrotation.core.rotation.request import RotationRequest
from certrotation.errors import AccessDenied, NotYet, TransientError, Vanished
from certrotation.values import dataclass, replace
from certrotation.workflows.rotate import RECEIVES_UNTIL_NEXT_CANARY, Rotator

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from certrotation.cli.shell import Shell
    from certrotation.cli.traces import Traces
    from certrotation.core.estate.inventory import ManagedSecret
    from certrotation.core.findings import Finding
    from certrotation.core.rotation.plan import Step
    from certrotation.errors import CertRotationError

PAUSE = timedelta(seconds=5)
"""Between two looks."""

sleep: Callable[[float], None] = time.sleep
monotonic: Callable[[], float] = time.monotonic


class State(StrEnum):
    """How far a Region is."""

    LIVE = "live"
    PENDING = "pending"
    REFUSED = "refused"
    """A person must act."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowedRegion:
    """One Region as it was seen last."""

    region: str
    state: State
    arns: tuple[str, ...]
    """The certificates of the secret there that are not superseded."""
    because: str = ""
    """What is left to do, or why the Region does not change."""

    @property
    def line(self) -> str:
        """The Region in a line."""
        detail = ", ".join(self.arns) if self.state is State.LIVE else self.because
        return f"{self.region}: {self.state}{f', {detail}' if detail else ''}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Followed:
    """Where a rotation stands."""

    regions: tuple[FollowedRegion, ...] = ()
    findings: tuple[Finding, ...] = ()
    """On the material: what refuses it refuses it in every Region."""
    superseded_by: str | None = None
    """The version that is AWSCURRENT now, if it is another one."""
    is_held: bool = False
    is_refused: bool = False
    error: str = ""
    """Why nothing could be seen, or what was not, if so."""
    version: str | None = None
    """The version that the traces of the rotation name, if they do."""
    watched: str = ""
    """The traces of the rotation that were looked at, if they were."""
    note: str = ""
    """Why traces were looked at, if so."""

    @property
    def is_live(self) -> bool:
        """Whether every Region presents the version."""
        return bool(self.regions) and all(each.state is State.LIVE for each in self.regions)

    @property
    def has_ended(self) -> bool:
        """Whether another look would show nothing else."""
        return (
            self.is_refused
            or self.is_held
            or self.superseded_by is not None
            or (
                bool(self.regions) and all(each.state is not State.PENDING for each in self.regions)
            )
        )


def follow(shell: Shell, traces: Traces, longest: timedelta) -> Followed:
    """Look until the version is live everywhere, a person must act, or the time is over.

    Each Region that goes live, or refuses, is a line of the output.

    Args:
        shell: the command.
        traces: of the rotation of a secret to a version, as they were before the rotation.
        longest: how long to wait.
    """
    until = monotonic() + longest.total_seconds()
    shown: dict[str, State] = {}
    is_said = False
    with shell.output.progress(f"Waiting for the rotation of {traces.secret.name}"):
        while True:
            seen = look(shell, traces)
            if seen.note and not is_said:
                is_said = True
                shell.output.note(seen.note)
            for each in seen.regions:
                if each.state is not State.PENDING and shown.get(each.region) is not each.state:
                    shown[each.region] = each.state
                    shell.output.say(each.line)
            if seen.has_ended or monotonic() + PAUSE.total_seconds() > until:
                return seen
            sleep(PAUSE.total_seconds())


def look(shell: Shell, traces: Traces) -> Followed:
    """Plan the rotation once more: a Region without steps presents the version.

    If a plan cannot be made, for a reason that says nothing about the service, look at the traces
    of the rotation instead.
    """
    policy = replace(shell.parts.rotation_policy, applies=False)
    rotator = Rotator(account=shell.parts.account, policy=policy, now=datetime.now(UTC))
    version = traces.version or ""
    request = RotationRequest(secret=traces.secret.name, version=version)
    outcome = rotator.rotate(request, receives=RECEIVES_UNTIL_NEXT_CANARY)
    unseen = _unseen(traces.secret, outcome)
    if not unseen:
        return _followed(outcome, version)
    current = outcome.described.current_version if outcome.described else None
    # The version before may be shown for a while after another one was written.
    if version and current not in {None, version, traces.secret.current_version}:
        return Followed(superseded_by=current)
    seen = traces.look()
    return replace(seen, note=f"{unseen} This command watches {seen.watched} instead.")


def _unseen(secret: ManagedSecret, outcome: RotationOutcome) -> str:
    """Return what was not seen, and why; nothing if the outcome is that of the service too.

    The service has roles: what is denied to whoever typed the command is not denied to it.
    """
    error = outcome.error
    if outcome.plan is None and error is not None and _says_nothing(error):
        what = "source" if secret.is_reference else "value"
        return f"The {what} of {secret.name} was not seen: {sentence(error.found)}"
    for each in outcome.regions:
        if isinstance(each.error, AccessDenied):
            found = sentence(each.error.found)
            return f"The certificates in {each.region} were not seen: {found}"
    return ""


def _says_nothing(error: CertRotationError) -> bool:
    """Return whether an error says nothing about what the service meets."""
    if isinstance(error, TransientError):
        return not isinstance(error, NotYet)
    return isinstance(error, (AccessDenied, *UNSEEN))


def sentence(found: str) -> str:
    """Return what was found with one full stop at its end."""
    return f"{found.rstrip('.')}."


def _followed(outcome: RotationOutcome, version: str) -> Followed:
    plan = outcome.plan
    if plan is None:
        is_passing = isinstance(outcome.error, (TransientError, Vanished))
        return Followed(
            findings=outcome.findings,
            is_refused=outcome.status is Status.REFUSED and not is_passing,
            error=str(outcome.error or ""),
        )
    if version and plan.version != version:
        return Followed(superseded_by=plan.version)
    steps = {each.region: each.steps for each in plan.regions}
    arns = {
        region: tuple(each.arn for each in copies)
        for region, copies in outcome.current_copies.items()
    }
    return Followed(
        regions=tuple(_region(each, steps, arns) for each in outcome.regions),
        findings=plan.findings,
        is_held=plan.is_held and any(steps.values()),
        is_refused=plan.is_refused,
    )


def _region(
    outcome: RegionOutcome,
    steps: Mapping[str, tuple[Step, ...]],
    arns: Mapping[str, tuple[str, ...]],
) -> FollowedRegion:
    state, because = _state(outcome, steps.get(outcome.region, ()))
    return FollowedRegion(
        region=outcome.region, state=state, arns=arns.get(outcome.region, ()), because=because
    )


def _state(outcome: RegionOutcome, left: tuple[Step, ...]) -> tuple[State, str]:
    match outcome.status:
        case Status.DONE:
            return State.LIVE, ""
        case Status.REFUSED:
            said = [*outcome.findings, *([outcome.error] if outcome.error else [])]
            return State.REFUSED, "; ".join(map(str, said))
        case Status.PLANNED if left and all(isinstance(each, Strand) for each in left):
            because = (f"{describe_step(each)}, because {each.because}" for each in left)
            return State.REFUSED, "; ".join(because)
        case _:
            to_do = "; ".join(map(describe_step, left))
            return State.PENDING, str(outcome.error or to_do)
