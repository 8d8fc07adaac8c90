"""The value of a managed secret, before anybody has parsed it."""

from __future__ import annotations

from certrotation.values import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretValue:
    """One version of a secret, as Secrets Manager returns it; the repr shows only the version."""

    version: str
    text: str | None = field(default=None, repr=False)
    binary: bytes | None = field(default=None, repr=False)
