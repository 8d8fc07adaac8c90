"""The traces of a rotation: what its function logs, and the tags that it leaves on copies.

They show how far the rotation of a reference is to a person who may not read the source. The log
decides if it can be read. Else the tags do: a rotation has ended in a Region when every copy that
is not superseded carries the new version.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from certrotation.aws.rotation_log import CloudWatchRotationLog
from certrotation.cli.following import Followed, FollowedRegion, State
from certrotation.core.findings import Code, Finding, Severity
from certrotation.core.rotation.outcomes import Status
from certrotation.errors import CertRotationError
from certrotation.values import dataclass
from certrotation.workflows.provide import marked_copies

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from certrotation.cli.shell import Shell
    from certrotation.core.estate.inventory import ManagedSecret
    from certrotation.workflows.ports import Region

_NO_LOG = "no stack was found that names it"
_STATES = {
    Status.DONE: State.LIVE,
    Status.REFUSED: State.REFUSED,
    Status.STRANDED: State.REFUSED,
}
"""By the status of a Region; everything else is pending."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenCopies:
    """The copies of a secret in one Region that are not superseded, or why they were not seen."""

    versions: Mapping[str, str | None]
    """By ARN."""
    unseen_because: str = ""

    @property
    def only(self) -> str | None:
        """The version that every copy carries, if there is a copy and they all agree."""
        found = set(self.versions.values())
        return found.pop() if len(found) == 1 else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Traces:
    """Where the rotation of a reference leaves traces, and what was there before it began."""

    secret: ManagedSecret
    regions: Sequence[Region]
    """The target Regions of the secret."""
    log: CloudWatchRotationLog | None
    since: datetime
    """The earliest time of a line of the log."""
    logged: Mapping[str, Any] | None
    """The last line before."""
    copies: Mapping[str, SeenCopies]
    """By Region, the copies before."""
    unlogged_because: str = ""
    """Why the log cannot be read, if so."""

    def look(self) -> Followed:
        """Return how far the rotation is."""
        copies = _copies(self.regions, self.secret.name)
        try:
            line = None if self.unlogged_because else self._line()
        except CertRotationError as error:
            return self._by_tags(copies, f"its log cannot be read now: {error.found}")
        if line is not None:
            return _by_log(line, copies)
        if self.unlogged_because:
            return self._by_tags(copies, f"its log cannot be read: {self.unlogged_because}")
        regions = tuple(_pending(name, each) for name, each in copies.items())
        return self._unfinished(regions, "it has logged no outcome since")

    def _line(self) -> Mapping[str, Any] | None:
        """Return the last outcome that rotate has logged since, if there is one."""
        line = self.log.last_of(self.secret.name, self.since) if self.log else None
        if line is None or line == self.logged:
            return None
        wanted = self.secret.current_version
        return None if wanted and _version_of(line) not in {None, wanted} else line

    def _by_tags(self, copies: Mapping[str, SeenCopies], unlogged_because: str) -> Followed:
        version = self._new_version(copies)
        regions = tuple(
            _live(name, each)
            if version is not None and each.only == version
            else _pending(name, each)
            for name, each in copies.items()
        )
        if regions and all(each.state is State.LIVE for each in regions):
            return Followed(regions=regions, version=version, is_by_traces=True)
        return self._unfinished(regions, unlogged_because)

    def _new_version(self, copies: Mapping[str, SeenCopies]) -> str | None:
        """Return the version that the rotation brings: the source's, else one that is new."""
        if self.secret.current_version is not None:
            return self.secret.current_version
        new = {
            each.only
            for name, each in copies.items()
            if each.only not in self.copies[name].versions.values()
        } - {None}
        return new.pop() if len(new) == 1 else None

    def _unfinished(self, regions: tuple[FollowedRegion, ...], unlogged: str) -> Followed:
        source = "" if self.secret.current_version else ", nor is the version of the source"
        return Followed(
            regions=regions,
            is_held=self.secret.is_held,
            error=f"The outcome of rotate is not known{source}: {unlogged.rstrip(chr(46))}.",
            is_by_traces=True,
        )


def traces_of(shell: Shell, secret: ManagedSecret) -> Traces:
    """Return the traces of a rotation that is about to be asked for.

    Args:
        shell: the command.
        secret: the reference, whose source may not have been seen.
    """
    from certrotation.cli.diagnosis.account_checks import LARGEST_SKEW

    account, stack = shell.parts.account, shell.configuration.stack
    regions = [account.regions[name] for name in secret.regions(shell.settings.target_regions)]
    log = stack and stack.rotate_logs
    # The clock of this machine may be ahead of the one that dates the lines.
    since = shell.now - LARGEST_SKEW
    found, logged, because = None, None, _NO_LOG
    if log:
        found, because = CloudWatchRotationLog(shell.client("logs"), log), ""
        try:
            logged = found.last_of(secret.name, since)
        except CertRotationError as error:
            because = error.found
    return Traces(
        secret=secret,
        regions=regions,
        log=found,
        since=since,
        logged=logged,
        copies=_copies(regions, secret.name),
        unlogged_because=because,
    )


def _copies(regions: Sequence[Region], secret: str) -> dict[str, SeenCopies]:
    return {each.name: _copies_in(each, secret) for each in regions}


def _copies_in(region: Region, secret: str) -> SeenCopies:
    try:
        return SeenCopies(
            versions={
                arn: marks.version
                for arn, marks in marked_copies(region, secret)
                if not marks.is_superseded and not marks.ignored
            }
        )
    except CertRotationError as error:
        return SeenCopies(versions={}, unseen_because=str(error))


def _live(region: str, copies: SeenCopies) -> FollowedRegion:
    return FollowedRegion(region=region, state=State.LIVE, arns=tuple(sorted(copies.versions)))


def _pending(region: str, copies: SeenCopies) -> FollowedRegion:
    carried = sorted({each or "no version" for each in copies.versions.values()})
    because = copies.unseen_because or (
        f"the copies carry {', '.join(carried)}" if carried else "there is no copy"
    )
    return FollowedRegion(
        region=region,
        state=State.PENDING,
        arns=tuple(sorted(copies.versions)),
        because=because,
    )


def _by_log(line: Mapping[str, Any], copies: Mapping[str, SeenCopies]) -> Followed:
    """Return what a line of the log of rotate says."""
    status = line.get("status")
    regions = tuple(_region(each, copies) for each in line.get("regions") or ())
    unknown, findings = [], []
    for each in line.get("findings") or ():
        try:
            findings.append(_finding(each))
        except ValueError:  # a finding of another version of certrotation
            unknown.append(f"{each.get('code')}: {each.get('found')} {each.get('remedy')}")
    return Followed(
        regions=regions,
        version=_version_of(line),
        findings=tuple(findings),
        is_held=status == Status.PLANNED,
        is_refused=status in {Status.REFUSED, Status.STRANDED},
        error="; ".join([*filter(None, [line.get("error")]), *unknown]),
        is_by_traces=True,
    )


def _version_of(line: Mapping[str, Any]) -> str | None:
    """Return the version that was planned; None if the secret was refused before."""
    version: str | None = (line.get("plan") or {}).get("version")
    return version


def _finding(logged: Mapping[str, str]) -> Finding:
    """Return a finding that was logged.

    Raises:
        ValueError: its code or severity is unknown.
    """
    return Finding(
        code=Code(logged.get("code", "")),
        severity=Severity(logged.get("severity", "")),
        found=logged.get("found", ""),
        advice=logged.get("remedy", ""),
    )


def _region(logged: Mapping[str, Any], copies: Mapping[str, SeenCopies]) -> FollowedRegion:
    name = str(logged.get("region", ""))
    seen = copies.get(name)
    return FollowedRegion(
        region=name,
        state=_STATES.get(logged.get("status", ""), State.PENDING),
        arns=tuple(sorted(seen.versions)) if seen else (),
        because="; ".join(_reasons(logged)),
    )


def _reasons(logged: Mapping[str, Any]) -> Iterator[str]:
    for each in logged.get("findings") or ():
        if each.get("severity") == Severity.REFUSE:
            yield f"{each.get('code')}: {each.get('found')} {each.get('remedy')}"
    yield from logged.get("stranded") or ()
    yield from logged.get("waiting_for") or ()
    if logged.get("error"):
        yield str(logged["error"])
