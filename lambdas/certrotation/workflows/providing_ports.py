"""What the provider of custom resources asks of the world."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from certrotation.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime, timedelta

    from certrotation.core.estate.inventory import ManagedSecret
    from certrotation.workflows.ports import Region, RotationQueue


class DescribedSecrets(Protocol):
    """The managed secrets, without their values."""

    def describe(self, secret_id: str) -> ManagedSecret:
        """Return one secret by name.

        Raises:
            Vanished: there is no such secret.
            SecretDeleted: the secret is scheduled for deletion.
        """


class RotationLog(Protocol):
    """The log of rotate."""

    def last_of(self, secret: str, since: datetime) -> Mapping[str, Any] | None:
        """Return the last outcome of a secret's rotation, as it is logged, or None."""


class WaitingRequests(Protocol):
    """The queue of requests that wait for a certificate."""

    def add(self, request: str) -> None:
        """Queue a request."""

    def return_later(self, receipt_handle: str, delay: timedelta) -> None:
        """Have a received request seen again after `delay`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Providing:
    """Everything that the provider of custom resources works with."""

    secrets: DescribedSecrets
    region: Callable[[str], Region | None]
    """Return the Region with a name, which may be no target any more; None if there is none."""
    rotations: RotationQueue
    log: RotationLog
    waiting: WaitingRequests
