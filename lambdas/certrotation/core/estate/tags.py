"""The content of a copy's tags, and the tags that a copy gets."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING

from certrotation.core.findings import Code, Finding, warn
from certrotation.names.tags import (
    IGNORE,
    MOVING_SINCE,
    NOT_AFTER,
    OWN_PREFIX,
    PARAMETER,
    REVERTED,
    SECRET,
    SUPERSEDED_AT,
    SUPERSEDED_BY,
    VERSION,
)
from certrotation.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

MOST_TAGS = 50
LONGEST_KEY = 128
LONGEST_VALUE = 256
"""Limits of a tag on an ACM certificate (ACM API Reference, Tag)."""

REVERT_IS_REMEMBERED = timedelta(weeks=1)
"""A dependent that is put back a second time within this span is not moved again."""

_WEEK = int(REVERT_IS_REMEMBERED.total_seconds())

_ALLOWED = re.compile(r"[\w\s.:/=+@-]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Marks:
    """The content of this service's tags on a certificate."""

    secret: str | None = None
    version: str | None = None
    not_after: int | None = None
    """The expiry of the imported material, in epoch seconds."""
    superseded_by: str | None = None
    superseded_at: int | None = None
    """Epoch seconds."""
    moving_since: int | None = None
    """When dependents began to move to or from the certificate, in epoch seconds."""
    reverted: int | None = None
    """When a dependent was first found to be put back, in epoch seconds."""
    parameter: str | None = None
    """Which ARN parameters hold the certificate's ARN: see `Publication.mark`."""
    ignored: bool = False

    @property
    def is_unclaimed(self) -> bool:
        """Whether the certificate is no copy of any secret, and is not ignored."""
        return self.secret is None and not self.ignored

    @property
    def is_superseded(self) -> bool:
        """Whether the certificate's dependents were moved to another certificate.

        A revert that was recorded later makes the certificate an ordinary copy again, until it is
        superseded once more. So a run that dies after the record is finished by the next ones.
        """
        if self.superseded_by is None:
            return False
        return self.reverted is None or (self.superseded_at or 0) >= self.reverted

    def superseded_since(self, now: datetime) -> int:
        """Return for how many seconds the copy has been superseded; a missing time counts as 0.

        A tag may contain any number, so the calculation uses integers.
        """
        return int(now.timestamp()) - (self.superseded_at or 0)

    def was_moved_again(self, now: datetime) -> bool:
        """Return whether the dependents were put back within the last week, and moved once more.

        A time in the future, which somebody else wrote, counts as absent.
        """
        return self.is_superseded and self.reverted_lately(now) is not None

    def reverted_lately(self, now: datetime) -> int | None:
        """Return when a dependent was first found to be put back, if within the last week."""
        if self.reverted is None or not 0 <= int(now.timestamp()) - self.reverted < _WEEK:
            return None
        return self.reverted

    def tags_before_moving(self, now: datetime, *, is_undone: bool = False) -> dict[str, str]:
        """Return the tags that the certificate gets before its dependents move; often none.

        A copy without a version was tagged by a person, or adopted by an earlier run. Nothing else
        records when its dependents began to leave. What this run adopts is not recorded: IAM may
        not see the tag of the adoption yet, and the move would have to wait for that.

        Args:
            now: the present time.
            is_undone: whether a dependent's service has undone an earlier move.
        """
        at = int(now.timestamp())
        if self.is_superseded:
            is_earlier = self.superseded_at is not None and self.superseded_at < at
            # In one call: see `is_superseded`.
            return {REVERTED: str(at), **({} if is_earlier else {SUPERSEDED_AT: str(at - 1)})}
        if is_undone:
            return {REVERTED: str(at)}
        if self.secret is not None and self.version is None and self.moving_since is None:
            return {MOVING_SINCE: str(at)}
        return {}

    def tags_after_moving(self, successor: str, now: datetime) -> dict[str, str]:
        """Return the tags that the certificate gets when its dependents have moved."""
        at = int(now.timestamp())
        is_future = self.reverted is not None and self.reverted > at
        return {
            SUPERSEDED_BY: successor,
            SUPERSEDED_AT: str(at),
            **({REVERTED: str(at)} if is_future else {}),
        }

    @classmethod
    def from_tags(cls, tags: Mapping[str, str]) -> Marks:
        """Parse the tags of a certificate; a malformed number counts as absent."""
        return cls(
            secret=tags.get(SECRET),
            version=tags.get(VERSION),
            not_after=_integer(tags.get(NOT_AFTER)),
            superseded_by=tags.get(SUPERSEDED_BY),
            superseded_at=_integer(tags.get(SUPERSEDED_AT)),
            moving_since=_integer(tags.get(MOVING_SINCE)),
            reverted=_integer(tags.get(REVERTED)),
            parameter=tags.get(PARAMETER),
            ignored=IGNORE in tags,
        )


def own_tags(tags: Mapping[str, str]) -> dict[str, str]:
    """Return the tags of a certificate that belong to this service."""
    return {key: value for key, value in tags.items() if key.startswith(OWN_PREFIX)}


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyTags:
    """The tags of a copy: those of this service, and those inherited from the secret."""

    own: Mapping[str, str]
    inherited: Mapping[str, str]

    @property
    def all(self) -> dict[str, str]:
        """All tags of the copy."""
        return {**self.own, **self.inherited}

    def for_import(self, now: datetime) -> CopyTags:
        """Return the tags of a new copy: dependents move to the copy from now on.

        Only the import sets this tag; when the copy is tagged later, the tag keeps its time.
        """
        own = {**self.own, MOVING_SINCE: str(int(now.timestamp()))}
        return CopyTags(own=own, inherited=self.inherited)


def tags_for_copy(
    secret_name: str,
    version: str,
    not_after: int,
    secret_tags: Mapping[str, str],
    *,
    later: int = 1,
) -> tuple[CopyTags, tuple[Finding, ...]]:
    """Return the tags of a copy of `version`, and a warning if some tags had to be left out.

    The tags of this service come first. The tags of the secret follow by key, as far as the limits
    of ACM allow. AWS's own tags (`aws:`) cannot be set, and the `certrotation:` tags of a secret
    are instructions, not labels.

    Args:
        secret_name: the name of the secret.
        version: the version id of the copy's material.
        not_after: the expiry of the material, in epoch seconds.
        secret_tags: all tags of the secret.
        later: how many tags of this service come later: at the import (see CopyTags.for_import),
            and when the ARN is published.
    """
    own = {SECRET: secret_name, VERSION: version, NOT_AFTER: str(not_after)}
    wanted = {
        key: value
        for key, value in sorted(secret_tags.items())
        if not key.startswith(("aws:", OWN_PREFIX))
    }
    fitting = [key for key, value in wanted.items() if _fits(key, value)]
    kept = fitting[: MOST_TAGS - len(own) - later]
    dropped = [key for key in wanted if key not in kept]
    findings = [
        warn(Code.TAGS_TRUNCATED, f"These tags do not fit into ACM's limits: {', '.join(dropped)}.")
    ]
    inherited = {key: wanted[key] for key in kept}
    return CopyTags(own=own, inherited=inherited), tuple(findings if dropped else ())


def _fits(key: str, value: str) -> bool:
    return (
        len(key) <= LONGEST_KEY
        and len(value) <= LONGEST_VALUE
        and bool(_ALLOWED.fullmatch(key))
        and bool(_ALLOWED.fullmatch(value))
    )


def _integer(text: str | None) -> int | None:
    return int(text) if text is not None and text.isascii() and text.isdigit() else None
