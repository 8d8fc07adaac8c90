"""The hourly look: what needs renewal, and what an earlier rotation left behind."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from certrotation.core.estate.issuance_versions import made_by_issuance
from certrotation.core.findings import Code, refuse
from certrotation.core.issuance.cause import cause_of
from certrotation.core.issuance.issued import replaced_by
from certrotation.core.issuance.note import LABEL, asked_for
from certrotation.core.issuance.report import Looked, LookReport, State
from certrotation.errors import CertRotationError, SecretDeleted, Unfinished, Vanished
from certrotation.names.service import CURRENT_LABEL
from certrotation.names.tags import ISSUER
from certrotation.values import dataclass, replace
from certrotation.workflows.issue import PENDING_LABEL, NotIssuedError, Renewer, Rotation

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from certrotation.core.estate.inventory import ManagedSecret
    from certrotation.core.findings import Finding
    from certrotation.core.issuance.note import Note
    from certrotation.core.issuance.wish import Wish
    from certrotation.names.issuers import AnyIssuer
    from certrotation.workflows.issue import Current
    from certrotation.workflows.issuing_ports import VersionedSecret

MOST_STARTED = 25
"""How many rotations one look starts; the next look starts the next ones."""

UNDER_WAY = timedelta(hours=1)
"""How long after its beginning a rotation counts as under way."""


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
        listed = self.renewer.issuing.secrets.list_issued()
        starts = _Starts(self.renewer, filter(self._is_busy, listed))
        return LookReport(looked=[self._try(each, starts) for each in listed], now=self.now)

    def _is_busy(self, listed: VersionedSecret) -> bool:
        pending = _pending(listed)
        return pending is not None and self._is_under_way(listed, pending)

    def _try(self, listed: VersionedSecret, starts: _Starts) -> Looked:
        looked = Looked(secret=listed.secret.name, state=State.CURRENT)
        try:
            # The list lags by minutes.
            versioned = self.renewer.issuing.secrets.describe(listed.secret.arn)
            if ISSUER not in versioned.secret.tags:
                return self._release(versioned)
            return self._look_at(versioned, starts)
        except CertRotationError as error:
            return _failed(looked, listed.secret, error)

    def _look_at(self, versioned: VersionedSecret, starts: _Starts) -> Looked:
        renewer, secret = self.renewer, versioned.secret
        if not renewer.policy.applies or secret.is_issuance_held:
            left = self._clear(versioned) if renewer.policy.applies else ""
            return Looked(secret=secret.name, state=State.HELD, left_records=left)
        current = renewer.current(versioned)
        looked = Looked(secret=secret.name, state=State.CURRENT, issued=current.issued)
        try:
            issuer, wish = renewer.wanted(versioned, current)
        except NotIssuedError as error:
            looked = self._with_renewal(looked, versioned, current, None)
            return _refused(looked, secret, error.finding)
        looked = self._with_renewal(looked, versioned, current, issuer.name)
        try:
            return self._decide(versioned, issuer, wish, looked, starts)
        except NotIssuedError as error:
            return _refused(looked, secret, error.finding)
        except CertRotationError as error:
            return _failed(looked, secret, error)

    def _decide(
        self,
        versioned: VersionedSecret,
        issuer: AnyIssuer,
        wish: Wish,
        looked: Looked,
        starts: _Starts,
    ) -> Looked:
        """Decide what becomes of a secret that may have a certificate of its issuer."""
        renewer, asked = self.renewer, asked_for(issuer, wish)
        pending = _pending(versioned)
        self._require_ours(versioned, pending)
        note = renewer.note(versioned)
        looked = _with_failure(looked, note, asked)
        if pending is not None:
            found = self._left_behind(versioned, pending, note, asked, looked)
            if found is not None:
                return found
            looked, note = self._abandon(versioned, pending, note, asked, looked)
        is_due = looked.renewal is not None and looked.renewal.is_due(self.now)
        if is_due or (note.is_of(issuer.name, wish) and _is_note_of_current(versioned)):
            if note.blocks(asked, self.now):
                return replace(looked, state=State.WAITING)
            return starts.start(versioned, issuer.name, looked)
        left = renewer.clear(versioned)
        return replace(looked, cause=None, since=None, left_records=left)

    def _require_ours(self, versioned: VersionedSecret, pending: str | None) -> None:
        """Refuse a secret that another function rotates: its versions are left alone.

        Raises:
            NotIssuedError: another function rotates the secret, or has begun the pending version.
        """
        name = versioned.secret.name
        if versioned.is_rotated and not versioned.is_ours:
            found = f"Nothing is issued for {name}: {versioned.rotated_by} rotates the secret."
            advice = f"Turn that rotation off, or remove the tag {ISSUER}."
        elif pending is not None and not self._is_own(versioned, pending):
            found = f"Nothing is issued for {name}: another function made the pending version."
            advice = (
                f"Take the label {PENDING_LABEL} off the version {pending} if nobody needs it, or"
                f" remove the tag {ISSUER}."
            )
        else:
            return
        raise NotIssuedError(refuse(Code.ISSUANCE_REFUSED, found, advice=advice))

    def _is_own(self, versioned: VersionedSecret, pending: str) -> bool:
        """Return whether a pending version is of a rotation by this function."""
        if versioned.is_ours or made_by_issuance(pending) is not None:
            return True
        value = self.renewer.issuing.secrets.value(versioned.secret.arn, pending)
        return value is not None and replaced_by(value) is not None

    def _left_behind(
        self, versioned: VersionedSecret, pending: str, note: Note, asked: str, looked: Looked
    ) -> Looked | None:
        """Return what becomes of a pending version; None if it is to be taken off."""
        if not versioned.is_rotated:
            # Somebody has cancelled the rotation; the tag decides whether another one begins.
            return None
        is_under_way = self._is_under_way(versioned, pending)
        value = self.renewer.issuing.secrets.value(versioned.secret.arn, pending)
        if value is not None:
            if is_under_way:
                return replace(looked, state=State.UNDER_WAY)
            if self.renewer.is_overtaken(versioned, value):
                return None
            rotation = Rotation(versioned.secret.arn, pending)
            self.renewer.test(rotation)
            self.renewer.finish(rotation)
            self._take_off(versioned, pending)
            return Looked(secret=looked.secret, state=State.FINISHED, issued=looked.issued)
        if note.blocks(asked, self.now):
            return replace(looked, state=State.WAITING)
        return replace(looked, state=State.UNDER_WAY) if is_under_way else None

    def _abandon(
        self, versioned: VersionedSecret, pending: str, note: Note, asked: str, looked: Looked
    ) -> tuple[Looked, Note]:
        """Take the label off a version whose rotation has come to nothing.

        If no attempt has noted the reason, the look notes one, so that people are notified if that
        lasts.
        """
        is_unexplained = note.failure is None and versioned.is_rotated
        if is_unexplained and self._is_of_current(versioned, pending):
            error = Unfinished(
                f"The rotation of {versioned.secret.name} has not ended within an hour.",
                "Read the log of the issue function; if it has no line of the rotation, check"
                " that Secrets Manager may invoke the function.",
            )
            note = note.failed(cause_of(error), asked, self.now, None)
            self.renewer.keep(versioned, note)
            looked = _with_failure(looked, note, asked)
        self._take_off(versioned, pending)
        return looked, note

    def _with_renewal(
        self, looked: Looked, versioned: VersionedSecret, current: Current, issuer: str | None
    ) -> Looked:
        """Return when the secret is renewed, and what is left of its certificate then.

        Args:
            looked: what is known already.
            versioned: the secret.
            current: its current version.
            issuer: the issuer; None if it may not be asked.
        """
        rules, secret, leaf = self.renewer.renewals, versioned.secret, current.leaf
        renewal = rules.by_request(secret, current.request, leaf)
        if renewal is None and leaf is not None:
            is_begun = _pending(versioned) is not None or LABEL in versioned.labels
            ca = None if issuer is None else lambda: self.renewer.issuing.issuer(issuer).ca
            renewal = rules.by_certificate(secret, leaf, ca, is_begun=is_begun)
        left = leaf.not_valid_after_utc - renewal.at if leaf and renewal else None
        return replace(looked, renewal=renewal, left=left)

    def _is_under_way(self, versioned: VersionedSecret, pending: str) -> bool:
        """Return whether the rotation of a pending version may still come to its end."""
        made = made_by_issuance(pending)
        if made is None:  # a person began the rotation
            return versioned.touched is not None and self.now - versioned.touched < UNDER_WAY
        is_young = self.now - made.made < UNDER_WAY
        return is_young and made.is_based_on(versioned.secret.current_version)

    def _is_of_current(self, versioned: VersionedSecret, pending: str) -> bool:
        """Return whether AWSCURRENT is the same as when a pending version was made."""
        value = self.renewer.issuing.secrets.value(versioned.secret.arn, pending)
        if value is not None:
            return not self.renewer.is_overtaken(versioned, value)
        made = made_by_issuance(pending)
        return made is None or made.is_based_on(versioned.secret.current_version)

    def _release(self, versioned: VersionedSecret) -> Looked:
        """Take the rotation off a secret that lost its tag, and leave nothing pending."""
        left = ""
        if self.renewer.policy.applies:
            if versioned.is_rotated and versioned.is_ours:
                self.renewer.issuing.secrets.cancel_rotation(versioned.secret.arn)
            left = self._clear(versioned)
        return Looked(secret=versioned.secret.name, state=State.RELEASED, left_records=left)

    def _clear(self, versioned: VersionedSecret) -> str:
        pending = _pending(versioned)
        if pending is not None and self._is_own(versioned, pending):
            self._take_off(versioned, pending)
        return self.renewer.clear(versioned)

    def _take_off(self, versioned: VersionedSecret, pending: str) -> None:
        self.renewer.issuing.secrets.move_label(
            versioned.secret.arn, PENDING_LABEL, from_version=pending, to_version=None
        )


class _Starts:
    """Begins the rotations of one look: not too many, and one to make an account."""

    def __init__(self, renewer: Renewer, busy: Iterable[VersionedSecret]) -> None:
        self._renewer = renewer
        self._number = 0
        self._busy = {each.secret.tags.get(ISSUER, "").strip() for each in busy}
        """The issuers with a rotation that is under way."""

    def start(self, versioned: VersionedSecret, issuer: str, looked: Looked) -> Looked:
        """Begin a rotation, or leave it to a later look."""
        if self._number >= MOST_STARTED or not self._has_account(issuer):
            return replace(looked, state=State.LATER)
        token = self._renewer.version_of(versioned)
        self._renewer.issuing.secrets.start_rotation(versioned.secret.arn, token)
        self._number += 1
        self._busy.add(issuer)
        return replace(looked, state=State.STARTED)

    def _has_account(self, issuer: str) -> bool:
        """Return whether a rotation may begin beside others of the issuer."""
        is_alone = issuer not in self._busy
        return is_alone or self._renewer.issuing.issuer(issuer).ca.may_begin_several()


def _pending(versioned: VersionedSecret) -> str | None:
    """Return the version that is pending; none if that is AWSCURRENT, as after a rotation."""
    pending = versioned.labels.get(PENDING_LABEL)
    return pending if pending != versioned.labels.get(CURRENT_LABEL) else None


def _is_note_of_current(versioned: VersionedSecret) -> bool:
    """Return whether the note was written for what is AWSCURRENT: else it has been overtaken."""
    made = made_by_issuance(versioned.labels.get(LABEL, ""))
    return made is not None and made.is_based_on(versioned.secret.current_version)


def _with_failure(looked: Looked, note: Note, asked: str) -> Looked:
    """Return what was found with the failure of the last attempt, if it asked for the same."""
    failure = note.failure
    if failure is None or failure.asked_for not in {"", asked}:
        return looked
    return replace(looked, cause=failure.cause, since=failure.since, is_noted=True)


def _refused(looked: Looked, secret: ManagedSecret, finding: Finding) -> Looked:
    since = int(secret.last_changed.timestamp()) if secret.last_changed else 0
    cause = cause_of(finding)
    return replace(looked, state=State.REFUSED, cause=cause, since=since, is_noted=False)


def _failed(looked: Looked, secret: ManagedSecret, error: CertRotationError) -> Looked:
    """Return what was found where AWS refuses, does not answer, or has deleted the secret."""
    cause = cause_of(error)
    finding = None if isinstance(error, (SecretDeleted, Vanished)) else cause.finding
    if finding is not None:
        return _refused(looked, secret, finding)
    return replace(looked, state=State.FAILED, cause=cause, since=None, is_noted=False)
