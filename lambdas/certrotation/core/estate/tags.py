"""What the tags of a copy say, and the tags that a copy gets."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from certrotation.core.findings import Code, Finding, warn
from certrotation.names.tags import (
    IGNORE,
    NOT_AFTER,
    OWN_PREFIX,
    SECRET,
    SUPERSEDED_AT,
    SUPERSEDED_BY,
    VERSION,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

MOST_TAGS = 50
LONGEST_KEY = 128
LONGEST_VALUE = 256
"""Limits of a tag on an ACM certificate (ACM API Reference, Tag)."""

_ALLOWED = re.compile(r"[\w\s.:/=+@-]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Marks:
    """What our tags say about a certificate."""

    secret: str | None = None
    version: str | None = None
    not_after: int | None = None
    """Epoch seconds, as imported."""
    superseded_by: str | None = None
    superseded_at: int | None = None
    """Epoch seconds."""
    ignored: bool = False

    @property
    def is_superseded(self) -> bool:
        """Whether the certificate's dependents were moved away from it."""
        return self.superseded_by is not None

    def superseded_since(self, now: datetime) -> int:
        """Return for how many seconds it has been superseded; a time that is absent is long ago.

        A tag may hold any number, so that this is reckoned in integers.
        """
        return int(now.timestamp()) - (self.superseded_at or 0)

    @classmethod
    def from_tags(cls, tags: Mapping[str, str]) -> Marks:
        """Read our marks from a certificate's tags; a number that is none counts as absent."""
        return cls(
            secret=tags.get(SECRET),
            version=tags.get(VERSION),
            not_after=_integer(tags.get(NOT_AFTER)),
            superseded_by=tags.get(SUPERSEDED_BY),
            superseded_at=_integer(tags.get(SUPERSEDED_AT)),
            ignored=IGNORE in tags,
        )


def own_tags(tags: Mapping[str, str]) -> dict[str, str]:
    """Return those of a certificate's tags that are ours."""
    return {key: value for key, value in tags.items() if key.startswith(OWN_PREFIX)}


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyTags:
    """The tags that a copy gets: ours, and those it inherits from its secret."""

    own: Mapping[str, str]
    inherited: Mapping[str, str]

    @property
    def all(self) -> dict[str, str]:
        """All of them."""
        return {**self.own, **self.inherited}


def tags_for_copy(
    secret_name: str, version: str, not_after: int, secret_tags: Mapping[str, str]
) -> tuple[CopyTags, tuple[Finding, ...]]:
    """Return the tags of a copy that carries `version`, and a warning if some had to be left out.

    Ours come first; the secret's follow by key as far as ACM's limits allow. Tags of AWS's own
    (`aws:`) cannot be set, and a secret's `certrotation:` tags are instructions, not labels.

    Args:
        secret_name: the name of the secret.
        version: the version id that the copy carries.
        not_after: when the material expires, in epoch seconds.
        secret_tags: all tags of the secret.
    """
    own = {SECRET: secret_name, VERSION: version, NOT_AFTER: str(not_after)}
    wanted = {
        key: value
        for key, value in sorted(secret_tags.items())
        if not key.startswith(("aws:", OWN_PREFIX))
    }
    fitting = [key for key, value in wanted.items() if _fits(key, value)]
    kept = fitting[: MOST_TAGS - len(own)]
    dropped = [key for key in wanted if key not in kept]
    findings = [
        warn(
            Code.TAGS_TRUNCATED, f"ACM does not take these tags beside ours: {', '.join(dropped)}."
        )
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
