"""The state of a certificate, decided from lists only."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from certrotation.core.estate.inventory import hint_has_settled
from certrotation.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from certrotation.core.estate.expiry_windows import Windows
    from certrotation.core.estate.inventory import ListedCertificate, ManagedSecret
    from certrotation.core.estate.tags import Marks


SOURCE_UNKNOWN = "the version of the secret's source is unknown"
"""Why a copy of a reference is due whose source cannot be described."""


class State(StrEnum):
    """The state of a certificate for this service."""

    CURRENT = "current"
    DUE = "due"
    AWAITING = "awaiting material"
    SUPERSEDED = "superseded"
    UNMANAGED = "unmanaged"
    IGNORED = "ignored"
    FOREIGN = "another deployment's"

    @property
    def is_managed(self) -> bool:
        """Whether the certificate is a copy that the service keeps up to date."""
        return self in {State.CURRENT, State.DUE, State.AWAITING}

    @property
    def is_watched(self) -> bool:
        """Whether alarms watch the expiry: of copies, and of certificates that nobody manages."""
        return self.is_managed or self is State.UNMANAGED


@dataclass(frozen=True, slots=True, kw_only=True)
class Classifier:
    """Decides the state of certificates."""

    secrets: Mapping[str, ManagedSecret]
    """All managed secrets, by name."""
    prefix: str
    """The prefix of the names of managed secrets."""
    targets: tuple[str, ...]
    """The target Regions."""
    now: datetime

    def state_of(
        self, certificate: ListedCertificate, marks: Marks, windows: Windows
    ) -> tuple[State, str]:
        """Return the state of a certificate, and the reason."""
        if marks.ignored:
            return State.IGNORED, "the certificate has the tag certrotation:ignore"
        if marks.secret is None:
            return State.UNMANAGED, "no managed secret belongs to the certificate"
        if not marks.secret.startswith(self.prefix):
            return State.FOREIGN, f"{marks.secret} belongs to another deployment"
        secret = self.secrets.get(marks.secret)
        if secret is None:
            return State.UNMANAGED, f"the secret {marks.secret} does not exist any more"
        if certificate.region not in secret.regions(self.targets):
            because = f"the secret {marks.secret} no longer names {certificate.region}"
            return State.UNMANAGED, because
        return self._state_of_copy(certificate, marks, secret, windows)

    def _state_of_copy(
        self,
        certificate: ListedCertificate,
        marks: Marks,
        secret: ManagedSecret,
        windows: Windows,
    ) -> tuple[State, str]:
        reverted = certificate.in_use and hint_has_settled(marks, self.now)
        if marks.is_superseded and not reverted:
            return State.SUPERSEDED, f"the dependents were moved to {marks.superseded_by}"
        because = _why_due(certificate, marks, secret)
        if because:
            return State.DUE, because
        if windows.is_warning(self.now):
            because = f"expires {certificate.not_after}, and the secret contains nothing newer"
            return State.AWAITING, because
        return State.CURRENT, "the copy has the current version of the secret"


def _why_due(certificate: ListedCertificate, marks: Marks, secret: ManagedSecret) -> str | None:
    if secret.source_unknown_because:
        return SOURCE_UNKNOWN
    if secret.current_version is None:
        # The secret had a value once. Only a direct read tells whether the list left something out.
        return "the list of secrets names no AWSCURRENT version"
    if marks.version != secret.current_version:
        return f"the copy has version {marks.version}, AWSCURRENT is {secret.current_version}"
    if marks.not_after != int(certificate.not_after.timestamp()):
        return "the expiry is not the recorded one: somebody imported over the copy"
    return None
