"""The traces of a rotation: what its function logs, and the tags that it leaves on copies.

They show how far a rotation is to a person who may not read what rotate reads, such as the source
of a reference or the value of a secret. The log decides if it can be read. Else the tags do: a
rotation has ended in a Region when every copy that is not superseded carries the new version.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from certrotation.aws.rotation_log import CloudWatchRotationLog
from certrotation.cli.following import Followed, FollowedRegion, State, sentence
from certrotation.core.findings import Code, Finding, Severity
from certrotation.core.rotation.outcomes import Status
from certrotation.errors import CertRotationError, TransientError
from certrotation.values import dataclass, replace
from certrotation.workflows.provide import marked_copies

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from certrotation.cli.shell import Shell
    from certrotation.core.estate.inventory import ManagedSecret
    from certrotation.workflows.ports import Region

_LOG = "the log of rotate"
_TAGS = "the tags of the copies"
_NO_LOG = "The log of rotate is not known: no stack was found that names it."
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
    """Where a rotation leaves traces, and what was there before it began."""

    secret: ManagedSecret
    """As it was before."""
    version: str | None
    """The version to wait for; None if the source of a reference was not seen."""
    regions: Sequence[Region]
    """The target Regions of the secret."""
    log: _Log
    copies: Mapping[str, SeenCopies]
    """By Region, the copies before; empty if the version to wait for is known."""

    def look(self) -> Followed:
        """Return how far the rotation is."""
        copies = _copies(self.regions, self.secret.name)
        if self.log.unread_because:
            return self._blind(copies, self.log.unread_because)
        try:
            line = self.log.line(self.secret.name)
        except TransientError as error:
            return replace(self._by_tags(copies, _unread(error)), watched=_LOG)
        except CertRotationError as error:
            return self._blind(copies, _unread(error))
        if line is None or self._is_of_another_version(line):
            regions = tuple(_pending(name, each) for name, each in copies.items())
            return self._unfinished(
                regions, _LOG, "Rotate has logged no outcome since the secret was queued."
            )
        return _by_log(line, copies)

    def _is_of_another_version(self, line: Mapping[str, Any]) -> bool:
        return self.version is not None and _version_of(line) not in {None, self.version}

    def _blind(self, copies: Mapping[str, SeenCopies], because: str) -> Followed:
        """Return what the tags show where no look at the log can show more."""
        seen = self._by_tags(copies, because)
        return replace(seen, is_held=self.secret.is_held and not seen.is_live)

    def _by_tags(self, copies: Mapping[str, SeenCopies], because: str) -> Followed:
        version = self._new_version(copies)
        regions = tuple(
            _live(name, each)
            if version is not None and each.only == version
            else _pending(name, each)
            for name, each in copies.items()
        )
        if regions and all(each.state is State.LIVE for each in regions):
            return Followed(regions=regions, version=version, watched=_TAGS)
        return self._unfinished(regions, _TAGS, because)

    def _new_version(self, copies: Mapping[str, SeenCopies]) -> str | None:
        """Return the version that the rotation brings: the one that is known, else a new one."""
        if self.version is not None:
            return self.version
        new = {
            each.only
            for name, each in copies.items()
            if each.only not in self.copies[name].versions.values()
        } - {None}
        return new.pop() if len(new) == 1 else None

    def _unfinished(
        self, regions: tuple[FollowedRegion, ...], watched: str, because: str
    ) -> Followed:
        source = "" if self.version else " The version of the source is not known either."
        return Followed(regions=regions, error=f"{because}{source}", watched=watched)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Log:
    """The log of rotate, from the moment on when a rotation was asked for."""

    log: CloudWatchRotationLog | None = None
    since: datetime | None = None
    """The earliest time of a line."""
    before: Mapping[str, Any] | None = None
    """The last line before."""
    unread_because: str = ""
    """Why the log cannot be read, however often it is tried; nothing if it can."""

    def line(self, secret: str) -> Mapping[str, Any] | None:
        """Return the last outcome that rotate has logged since, if there is one.

        Raises:
            CertRotationError: the log cannot be read.
        """
        if self.log is None or self.since is None:
            return None
        found = self.log.last_of(secret, self.since)
        return None if found == self.before else found


def traces_of(shell: Shell, secret: ManagedSecret, version: str | None) -> Traces:
    """Return the traces of a rotation that is about to be asked for.

    Args:
        shell: the command.
        secret: as it is before.
        version: what it is rotated to; None if the source of a reference was not seen.
    """
    account = shell.parts.account
    regions = [account.regions[name] for name in secret.regions(shell.settings.target_regions)]
    return Traces(
        secret=secret,
        version=version,
        regions=regions,
        log=_log_of(shell, secret.name),
        copies=_copies(regions, secret.name) if version is None else {},
    )


def _log_of(shell: Shell, secret: str) -> _Log:
    from certrotation.cli.diagnosis.account_checks import LARGEST_SKEW

    stack = shell.configuration.stack
    if stack is None or stack.rotate_logs is None:
        return _Log(unread_because=_NO_LOG)
    log = CloudWatchRotationLog(shell.client("logs"), stack.rotate_logs)
    # The clock of this machine may be ahead of the one that dates the lines.
    since = shell.now - LARGEST_SKEW
    try:
        return _Log(log=log, since=since, before=log.last_of(secret, since))
    except TransientError:
        # A line of before is not known, so only its time tells it from a later one.
        return _Log(log=log, since=shell.now)
    except CertRotationError as error:
        return _Log(unread_because=_unread(error))


def _unread(error: CertRotationError) -> str:
    return f"The log of rotate cannot be read: {sentence(error.found)}"


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
        watched=_LOG,
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
        found=logged.get("found") or "",
        advice=logged.get("remedy") or "",
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
