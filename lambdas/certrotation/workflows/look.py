"""The hourly look: what needs renewal, and what an earlier rotation left behind."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from certrotation.core.issuance.note import LABEL, asked_for
from certrotation.core.issuance.report import Looked, LookReport, State
from certrotation.errors import CertRotationError
from certrotation.names.service import CURRENT_LABEL
from certrotation.names.tags import ISSUER
from certrotation.values import dataclass, replace
from certrotation.workflows.issue import PENDING_LABEL, NotIssuedError, Renewer, Rotation

if TYPE_CHECKING:
    from datetime import datetime

    from certrotation.core.issuance.note import Note
    from certrotation.core.issuance.renewal import Renewal
    from certrotation.names.issuers import AnyIssuer
    from certrotation.workflows.issue import Current
    from certrotation.workflows.issuing_ports import VersionedSecret

MOST_STARTED = 25
"""How many rotations one look starts; the next look starts the next ones."""

UNDER_WAY = timedelta(hours=1)
"""How long after the last change of a secret its rotation counts as under way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """One look at every secret with an issuer."""

    renewer: Renewer

    @property
    def now(self) -> datetime:
        """The present time."""
        return self.renewer.now

    def run(self) -> LookReport:
        """Look at every secret; what goes wrong with one does not stop the others.

        Raises:
            CertRotationError: the secrets cannot be listed.
        """
        looked: list[Looked] = []
        started = 0
        for listed in self.renewer.issuing.secrets.list_issued():
            found = self._try(listed, may_start=started < MOST_STARTED)
            started += found.state is State.STARTED
            looked.append(found)
        return LookReport(looked=looked, now=self.now)

    def _try(self, listed: VersionedSecret, *, may_start: bool) -> Looked:
        name = listed.secret.name
        try:
            # The list lags by minutes.
            versioned = self.renewer.issuing.secrets.describe(listed.secret.arn)
            if ISSUER not in versioned.secret.tags:
                return self._release(versioned)
            return self._look_at(versioned, may_start=may_start)
        except NotIssuedError as error:
            since = listed.secret.last_changed
            return Looked(
                secret=name,
                state=State.REFUSED,
                finding=error.finding,
                since=int(since.timestamp()) if since else 0,
            )
        except CertRotationError as error:
            return Looked(secret=name, state=State.FAILED, error=str(error))

    def _look_at(self, versioned: VersionedSecret, *, may_start: bool) -> Looked:
        renewer, secret = self.renewer, versioned.secret
        if not renewer.policy.applies or secret.is_issuance_held:
            if renewer.policy.applies:
                self._clear(versioned)
            return Looked(secret=secret.name, state=State.HELD)
        current = renewer.current(versioned)
        issuer, wish = renewer.wanted(versioned, current)
        asked = asked_for(issuer, wish)
        pending = _pending(versioned)
        is_begun = pending is not None or LABEL in versioned.labels
        renewal, left = self._renewal(versioned, current, issuer, is_begun=is_begun)
        looked = Looked(
            secret=secret.name,
            state=State.CURRENT,
            renewal=renewal,
            left=left,
            issued=current.issued,
        )
        if pending is not None:
            found = self._left_behind(versioned, pending, asked, looked)
            if found is not None:
                return found
            self._take_off(versioned, pending)
        if renewal.is_due(self.now) or renewer.note(versioned).is_of(issuer.name, wish):
            return self._start(versioned, asked, looked, may_start=may_start)
        renewer.clear(versioned)
        return looked

    def _left_behind(
        self, versioned: VersionedSecret, pending: str, asked: str, looked: Looked
    ) -> Looked | None:
        """Return what becomes of a pending version; None if it is to be taken off."""
        note = self.renewer.note(versioned)
        is_under_way = self._is_under_way(versioned)
        if self.renewer.issuing.secrets.value(versioned.secret.arn, pending) is not None:
            if is_under_way:
                return replace(looked, state=State.UNDER_WAY)
            rotation = Rotation(versioned.secret.arn, pending)
            self.renewer.test(rotation)
            self.renewer.finish(rotation)
            self._take_off(versioned, pending)
            return replace(looked, state=State.FINISHED, renewal=None)
        if note.blocks(asked, self.now):
            return _waiting(looked, note)
        return replace(looked, state=State.UNDER_WAY) if is_under_way else None

    def _start(
        self, versioned: VersionedSecret, asked: str, looked: Looked, *, may_start: bool
    ) -> Looked:
        note = self.renewer.note(versioned)
        if note.blocks(asked, self.now):
            return _waiting(looked, note)
        if not may_start:
            return replace(looked, state=State.LATER)
        self.renewer.issuing.secrets.start_rotation(versioned.secret.arn)
        return replace(looked, state=State.STARTED)

    def _renewal(
        self,
        versioned: VersionedSecret,
        current: Current,
        issuer: AnyIssuer,
        *,
        is_begun: bool,
    ) -> tuple[Renewal, timedelta | None]:
        """Return when the secret is renewed, and what is left of its certificate then."""
        rules, secret = self.renewer.renewals, versioned.secret
        asked = rules.by_request(secret, current.request, current.leaf)
        if asked is not None or current.leaf is None:
            # `wanted` has refused a secret that has neither a request nor a certificate.
            return asked, None  # type: ignore[return-value]  # see above
        renewal = rules.by_certificate(
            secret,
            current.leaf,
            lambda: self.renewer.issuing.issuer(issuer.name).ca,
            is_begun=is_begun,
        )
        return renewal, current.leaf.not_valid_after_utc - renewal.at

    def _is_under_way(self, versioned: VersionedSecret) -> bool:
        changed = versioned.secret.last_changed
        return changed is not None and self.now - changed < UNDER_WAY

    def _release(self, versioned: VersionedSecret) -> Looked:
        """Take the rotation off a secret that lost its tag, and leave nothing pending."""
        if self.renewer.policy.applies:
            if versioned.is_rotated:
                self.renewer.issuing.secrets.cancel_rotation(versioned.secret.arn)
            self._clear(versioned)
        return Looked(secret=versioned.secret.name, state=State.RELEASED)

    def _clear(self, versioned: VersionedSecret) -> None:
        pending = _pending(versioned)
        if pending is not None:
            self._take_off(versioned, pending)
        self.renewer.clear(versioned)

    def _take_off(self, versioned: VersionedSecret, pending: str) -> None:
        self.renewer.issuing.secrets.move_label(
            versioned.secret.arn, PENDING_LABEL, from_version=pending, to_version=None
        )


def _pending(versioned: VersionedSecret) -> str | None:
    """Return the version that is pending; none if that is AWSCURRENT, as after a rotation."""
    pending = versioned.labels.get(PENDING_LABEL)
    return pending if pending != versioned.labels.get(CURRENT_LABEL) else None


def _waiting(looked: Looked, note: Note) -> Looked:
    failure = note.failure
    return replace(
        looked,
        state=State.WAITING,
        finding=failure.finding if failure else None,
        since=failure.since if failure else None,
    )
