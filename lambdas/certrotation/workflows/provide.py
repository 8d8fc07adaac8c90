"""Provides the certificate of a custom resource: looks it up, and has it rotated if it is due."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from certrotation.core.estate.tags import Marks
from certrotation.core.provision.decision import Ended, Found, decide, live_although
from certrotation.core.rotation.request import RotationRequest
from certrotation.errors import PermanentError, Vanished
from certrotation.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from certrotation.core.estate.inventory import ManagedSecret
    from certrotation.core.provision.decision import Decision, Live
    from certrotation.core.provision.resource_request import Wanted
    from certrotation.workflows.ports import Region
    from certrotation.workflows.providing_ports import Providing

CLOCKS_DIFFER = timedelta(seconds=10)
"""How far the clocks of SQS and of CloudWatch Logs may be apart."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """Looks up certificates; one is made for each invocation."""

    providing: Providing
    targets: tuple[str, ...]
    now: datetime

    def look(self, wanted: Wanted, waits_since: datetime | None = None) -> Decision:
        """Look for the certificate, and for what became of its rotation.

        Args:
            wanted: the certificate.
            waits_since: when the request began to wait; None if it has just come.

        Raises:
            TransientError: something cannot be read now.
        """
        try:
            return self._look(wanted, waits_since)
        except PermanentError as error:
            return Ended(str(error))

    def kept(self, wanted: Wanted, problem: str) -> Live | None:
        """Return a live copy of whatever version, also where nobody keeps it fresh any more.

        Args:
            wanted: the certificate; its secret may be gone, and its Region no target any more.
            problem: why nothing better is to come.

        Raises:
            CertRotationError: the copies cannot be read.
        """
        return live_although(problem, self._copies(wanted), self.now)

    def _look(self, wanted: Wanted, waits_since: datetime | None) -> Decision:
        secret = self._secret(wanted.secret)
        has_copies = secret is not None and wanted.region in self.targets
        logged = None
        if waits_since is not None:
            logged = self.providing.log.last_of(wanted.secret, waits_since - CLOCKS_DIFFER)
        return decide(
            wanted,
            Found(
                secret=secret,
                copies=self._copies(wanted) if has_copies else {},
                logged=logged,
            ),
            targets=self.targets,
            waited=self.now - waits_since if waits_since else timedelta(),
            now=self.now,
        )

    def ask(self, wanted: Wanted) -> None:
        """Ask for a rotation of the secret."""
        self.providing.rotations.send([RotationRequest(secret=wanted.secret)])

    def _secret(self, name: str) -> ManagedSecret | None:
        try:
            return self.providing.secrets.describe(name)
        except Vanished:
            return None

    def _copies(self, wanted: Wanted) -> Mapping[str, Marks]:
        region = self.providing.region(wanted.region)
        return {} if region is None else dict(marked_copies(region, wanted.secret))


def marked_copies(region: Region, secret: str) -> Iterator[tuple[str, Marks]]:
    """Yield the copies of a secret by ACM's own tags: the index lags, and names what was deleted.

    Args:
        region: where to look.
        secret: the whole name.
    """
    for arn in region.tag_index.copies_of(secret):
        try:
            marks = Marks.from_tags(region.certificates.tags(arn))
        except Vanished:
            continue
        if marks.secret == secret:
            yield arn, marks
