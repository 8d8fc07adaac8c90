"""Decides how far a custom resource is: its certificate is live, it is to wait, or it ends."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from certrotation.core.findings import Severity
from certrotation.core.rotation.outcomes import Status
from certrotation.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from certrotation.core.estate.inventory import ManagedSecret
    from certrotation.core.estate.tags import Marks
    from certrotation.core.provision.resource_request import Wanted

SHOWN_AFTER = timedelta(minutes=2)
"""When a new secret, of which Secrets Manager's reads may know nothing at first, is there."""

_EPOCH = datetime.fromtimestamp(0, UTC)
_LIVE = {Status.DONE, Status.WAITING, Status.STRANDED}
"""The states of a Region in which its copy has the material."""


class Live(NamedTuple):
    """The certificate is there."""

    arn: str
    version: str
    not_after: int | None
    """Epoch seconds."""
    although: str = ""
    """Why nothing better is to come, if the copy is not known to have the current version."""

    @property
    def attributes(self) -> dict[str, str]:
        """The attributes of the resource."""
        return {
            "CertificateArn": self.arn,
            "Version": self.version,
            "NotAfter": _at(self.not_after),
        }


class Ended(NamedTuple):
    """No certificate will be there until a person acts."""

    because: str


class Pending(NamedTuple):
    """A rotation is to bring the certificate."""

    has_value: bool = True
    """Whether the secret has a value to rotate. The same deployment may create the secret, and a
    person may write the value later."""


Decision: TypeAlias = Live | Ended | Pending


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What was found of a secret and a Region."""

    secret: ManagedSecret | None
    """None if there is no such secret."""
    copies: Mapping[str, Marks]
    """The secret's certificates in the Region, by ARN."""
    logged: Mapping[str, Any] | None = None
    """The last outcome of a rotation of the secret, since the request came, as rotate logs it."""


def decide(
    wanted: Wanted, found: Found, *, targets: Sequence[str], waited: timedelta, now: datetime
) -> Decision:
    """Decide about a request.

    A copy of the secret's current version is live. One of an earlier version is, too, if nothing
    better is to come: the current version is refused, is not applied, or did not come in time. So
    the deployment of another team does not fail because of what somebody wrote into the secret.

    Args:
        wanted: the certificate.
        found: what was found.
        targets: the target Regions of the stack.
        waited: how long the request has waited.
        now: the present time.
    """
    if found.secret is None:
        missing = f"There is no secret {wanted.secret} in this account and Region. Create it first."
        is_early = waited < min(SHOWN_AFTER, wanted.longest)
        return Pending(has_value=False) if is_early else Ended(missing)
    regions = found.secret.regions(targets)
    if wanted.region not in regions:
        return Ended(
            f"{wanted.region} is not a target Region of {wanted.secret}. The target Regions are"
            f" {', '.join(regions)}."
        )
    current = [each for each in _live(found.copies) if _is_current(each, found, wanted.region)]
    if current:
        return current[0]
    ended = _why_ended(wanted, found.logged) if found.logged else None
    if ended is None and waited >= wanted.longest:
        minutes = int(waited.total_seconds() // 60)
        ended = (
            f"No certificate of {wanted.secret} is live in {wanted.region} after {minutes} minutes."
        )
    if ended is None:
        secret = found.secret
        return Pending(has_value=secret.is_reference or secret.current_version is not None)
    ended = f"{ended} Run: certrotation plan {wanted.secret}"
    return live_although(ended, found.copies, now) or Ended(ended)


def live_although(problem: str, copies: Mapping[str, Marks], now: datetime) -> Live | None:
    """Return a copy that has not expired and is not superseded, if there is one.

    Args:
        problem: why nothing better is to come.
        copies: the certificates of a secret in a Region, by ARN.
        now: the present time.
    """
    for each in _live(copies):
        if each.not_after is not None and each.not_after > now.timestamp():
            return each._replace(although=problem)
    return None


def _live(copies: Mapping[str, Marks]) -> list[Live]:
    """Return the copies that are not superseded, of whatever version, the preferred one first."""
    return [
        Live(arn, marks.version, marks.not_after)
        for arn, marks in sorted(copies.items(), key=_preferred)
        if not marks.is_superseded and not marks.ignored and marks.version is not None
    ]


def _preferred(item: tuple[str, Marks]) -> tuple[bool, str]:
    """Order copies: the one that ARN parameters hold first, so that all templates get one ARN."""
    arn, marks = item
    return (marks.parameter is None, arn)


def _is_current(copy: Live, found: Found, region: str) -> bool:
    """Return whether a copy has the current version.

    A reference has no version of its own: then the copy is what the last rotation left.
    """
    if found.secret is not None and found.secret.current_version is not None:
        return copy.version == found.secret.current_version
    outcome = _of_region(found.logged or {}, region)
    return outcome is not None and outcome.get("status") in _LIVE


def _why_ended(wanted: Wanted, logged: Mapping[str, Any]) -> str | None:
    """Return why the last rotation leaves the Region without the current version, if it does."""
    whole = logged.get("status")
    region = _of_region(logged, wanted.region)
    status = region.get("status") if region else whole
    if status == Status.PLANNED:
        return (
            f"Nothing is applied to {wanted.secret}: the secret is on hold, or the service is in"
            " report mode."
        )
    if status == Status.REFUSED:
        said = [*_said(region or logged)]
    elif status == Status.NOT_STARTED and whole == Status.REFUSED:
        # The canary Region is refused, and this one waits for it.
        said = [each for outcome in (logged, *_regions(logged)) for each in _said(outcome)]
    else:
        return None
    reasons = " ".join(dict.fromkeys(said))
    return f"{wanted.secret} is refused: {reasons}" if reasons else f"{wanted.secret} is refused."


def _regions(logged: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [each for each in logged.get("regions") or [] if isinstance(each, dict)]


def _of_region(logged: Mapping[str, Any], region: str) -> Mapping[str, Any] | None:
    return next((each for each in _regions(logged) if each.get("region") == region), None)


def _said(outcome: Mapping[str, Any]) -> Iterator[str]:
    """Yield the refusals of an outcome: code, what was found, and the remedy."""
    for each in outcome.get("findings") or []:
        if each.get("severity") == Severity.REFUSE:
            yield f"{each.get('code')}: {each.get('found')} {each.get('remedy')}"
    if outcome.get("error") and outcome.get("status") == Status.REFUSED:
        yield str(outcome["error"])


def _at(seconds: int | None) -> str:
    """Return a time; a tag may hold any number, also one that is no time."""
    try:
        return (
            "" if seconds is None else f"{_EPOCH + timedelta(seconds=seconds):%Y-%m-%dT%H:%M:%SZ}"
        )
    except OverflowError:
        return ""
