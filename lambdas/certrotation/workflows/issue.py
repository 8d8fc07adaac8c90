"""The steps of a rotation by Secrets Manager: a CA issues what the secret's next version holds.

All of the issuance is createSecret. Before the CA validates or issues anything, the note of the
secret holds key and order, and before a DNS record is placed it holds the record: a death at any
call costs no second certificate, and leaves no record that the next attempt or the look would not
remove.
"""

from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple
from uuid import uuid4

from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key

from certrotation.core.estate.issuance_versions import issuance_version, made_by_issuance
from certrotation.core.findings import Code, Finding, apply_acceptance, refusals, refuse
from certrotation.core.issuance.cause import cause_of, is_of_family
from certrotation.core.issuance.issued import Issued, issued_in, replaced_by
from certrotation.core.issuance.note import LABEL, RETRY, Note, Order, asked_for
from certrotation.core.issuance.signing_request import ari_identifier, new_key, signing_request
from certrotation.core.issuance.wish import check_allowed, issuer_of, wish_of
from certrotation.core.material.bundle import PresentedCertificate, private_key_pem
from certrotation.core.material.checks import inspect_secret
from certrotation.core.material.decoding import UnreadableSecretError, decode_certificates
from certrotation.core.material.secret_format import ISSUED_KEY, REQUEST_KEY, request_in
from certrotation.core.material.secret_value import SecretValue
from certrotation.core.rotation.regression_checks import check_names, check_trust
from certrotation.errors import (
    RETRIED,
    CaRefuses,
    CertRotationError,
    NotManaged,
    NotYet,
    OrderGone,
    Overtaken,
    PermanentError,
    TransientError,
    Unreachable,
    without_frames,
)
from certrotation.names.service import CURRENT_LABEL
from certrotation.names.tags import HOLD, ISSUER
from certrotation.values import dataclass, replace
from certrotation.workflows.issuing_ports import OrderedCertificate

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime, timedelta

    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPrivateKeyTypes

    from certrotation.core.issuance.note import Failure, Placement
    from certrotation.core.issuance.wish import Wish
    from certrotation.core.material.bundle import Material
    from certrotation.core.material.certificate_request import CertificateRequest
    from certrotation.core.material.trust import PublicRoots
    from certrotation.names.issuers import AnyIssuer
    from certrotation.workflows.issuing_ports import (
        Issuer,
        Issuing,
        Patience,
        VersionedSecret,
    )
    from certrotation.workflows.renewals import Renewals

PENDING_LABEL = "AWSPENDING"


class NotIssuedError(Exception):
    """An issuance that failed; the message is fit for the log of Secrets Manager."""

    def __init__(self, finding: Finding, *, is_new: bool = False) -> None:
        super().__init__(f"{finding.code}: {finding.found} {finding.remedy}")
        self.finding = finding
        self.is_new = is_new
        """Whether the cause was not met before: then people are notified."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuingPolicy:
    """The rules of the issuance."""

    prefix: str
    """Of the names of managed secrets."""
    issuers: Mapping[str, AnyIssuer]
    roots: PublicRoots
    applies: bool = True
    """False in report mode: nothing is issued."""


class Rotation(NamedTuple):
    """The rotation that Secrets Manager runs."""

    secret_id: str
    token: str
    """The id of the version that the rotation makes."""
    rotation_token: str | None = None
    """Of rotations by an assumed role; it is passed on when the version is written."""


class Created(NamedTuple):
    """What a rotation has made."""

    issued: Issued
    left: str
    """A sentence on the records that stay in DNS; empty if none does."""


class Current(NamedTuple):
    """What the current version of a secret holds."""

    material: Material | None
    request: CertificateRequest | str | None
    """The request, or what is wrong with it."""
    issued: Issued | None = None
    """The record of the issuance, if an issuer issued the version."""

    @property
    def leaf(self) -> x509.Certificate | None:
        """The certificate."""
        return self.material.leaf if self.material else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Renewer:
    """Carries out the steps; one is made for each invocation."""

    issuing: Issuing
    policy: IssuingPolicy
    renewals: Renewals
    patience: Patience
    now: datetime

    def create(self, rotation: Rotation) -> Created | None:
        """Have a certificate issued, and write it as the pending version; resumable.

        Returns:
            What was issued; None if the version was written before.

        Raises:
            NotIssuedError: the CA does not issue, or may not be asked now.
            CertRotationError: the event is refused, or AWS does not answer.
        """
        versioned = self._guarded(rotation)
        if versioned is None or self._value(versioned, rotation.token) is not None:
            return None
        note = self.note(versioned)
        self._require_same_base(versioned, rotation, note)
        current = self.current(versioned)
        issuer, wish = self.wanted(versioned, current)
        asked = asked_for(issuer, wish)
        if note.failure is not None and note.blocks(asked, self.now):
            raise self._not_yet(note.failure)
        at = self.issuing.issuer(issuer.name)
        because = self.renewals.rule_that_began(
            versioned.secret, current.request, current.leaf, lambda: at.ca
        )
        work = _Work(self, versioned, at, issuer.name, wish, note, rotation.token)
        try:
            key_pem, chain = work.obtain(current)
            leaf, *rest = _decoded(chain)
            ends = leaf.not_valid_after_utc
            issued = Issued(
                by=issuer.name,
                because=because,
                at=self.now,
                version=rotation.token,
                not_after=ends,
                replaces=versioned.secret.current_version,
            )
            value = _composed(issued, key_pem, leaf, rest, current.request)
            self.issuing.secrets.put(
                rotation.secret_id, value, PENDING_LABEL, rotation.rotation_token
            )
        except CertRotationError as error:
            raise self._failed(work, asked, without_frames(error), current.leaf) from None
        return Created(issued, work.left)

    def test(self, rotation: Rotation) -> None:
        """Run the checks of material on the pending version, against the current one.

        A version without a value passes: Secrets Manager tests whether the step can be run.

        Raises:
            NotIssuedError: the version would be refused.
            CertRotationError: somebody has written another version meanwhile.
        """
        versioned = self._guarded(rotation)
        if versioned is None:
            return
        value = self._value(versioned, rotation.token)
        if value is None:
            return
        self._require_own(versioned, value)
        finding = self._unfit(versioned, value)
        if finding is not None:
            note = self.note(versioned)
            failed = note.failed(cause_of(finding), "", self.now, None)
            is_new = failed.is_new_cause(note)
            if is_new:
                self.keep(versioned, failed)
            raise NotIssuedError(finding, is_new=is_new)

    def finish(self, rotation: Rotation) -> None:
        """Make the pending version AWSCURRENT, and forget the order.

        The label moves only from the version that the pending one is to replace: what a person has
        written meanwhile stays AWSCURRENT.

        Raises:
            CertRotationError: the version has no value, or somebody has written another version.
        """
        versioned = self._guarded(rotation)
        if versioned is not None:
            value = self._value(versioned, rotation.token)
            if value is None:
                raise NotYet(
                    f"The version {rotation.token} of {versioned.secret.name} has no value.",
                    "createSecret writes it.",
                )
            self._require_own(versioned, value)
            self.issuing.secrets.move_label(
                rotation.secret_id,
                CURRENT_LABEL,
                from_version=versioned.secret.current_version,
                to_version=rotation.token,
            )
        else:
            versioned = self.issuing.secrets.describe(rotation.secret_id)
        self.clear(versioned, is_done=True)

    def is_overtaken(self, versioned: VersionedSecret, value: SecretValue) -> bool:
        """Return whether AWSCURRENT is another version than the one that a value is to replace."""
        replaces = replaced_by(value)
        return replaces is not None and replaces != versioned.secret.current_version

    def _require_same_base(
        self, versioned: VersionedSecret, rotation: Rotation, note: Note
    ) -> None:
        """Refuse a rotation that began, or wrote its note, for another current version."""
        # The token of a rotation that a person began says nothing, until the rotation is noted.
        is_noted = note.rotation == rotation.token
        begun = made_by_issuance(rotation.token) or (
            made_by_issuance(versioned.labels[LABEL]) if is_noted else None
        )
        if begun is not None and not begun.is_based_on(versioned.secret.current_version):
            raise _overtaken(versioned)

    def _require_own(self, versioned: VersionedSecret, value: SecretValue) -> None:
        """Refuse a pending version that is not to take the place of AWSCURRENT."""
        if replaced_by(value) is None:
            raise NotManaged(
                f"The version {value.version} of {versioned.secret.name} was not written by this"
                " function.",
                "Take the label AWSPENDING off the version.",
            )
        if self.is_overtaken(versioned, value):
            raise _overtaken(versioned)

    def current(self, versioned: VersionedSecret) -> Current:
        """Read and check the current version of a secret."""
        version = versioned.secret.current_version
        value = self._value(versioned, version) if version else None
        if value is None:
            return Current(None, None)
        inspection = inspect_secret(value, self.policy.roots, self.now)
        try:
            request = request_in(value)
        except UnreadableSecretError:
            request = None
        material = inspection.material
        issued = issued_in(value, material.leaf) if material else None
        return Current(material, request, issued)

    def wanted(self, versioned: VersionedSecret, current: Current) -> tuple[AnyIssuer, Wish]:
        """Return what is asked of whom; who may get which names is checked before anything else.

        Raises:
            NotIssuedError: the secret may not have it.
        """
        secret = versioned.secret
        issuer = issuer_of(secret, self.policy.issuers)
        if isinstance(issuer, Finding):
            raise NotIssuedError(issuer)
        wish = wish_of(current.request, current.leaf, issuer)
        if isinstance(wish, Finding):
            raise NotIssuedError(wish)
        denied = check_allowed(secret.name, wish, issuer)
        if denied is not None:
            raise NotIssuedError(denied)
        return issuer, wish

    def note(self, versioned: VersionedSecret) -> Note:
        """Return the note of a secret; an empty one if there is none."""
        version = versioned.labels.get(LABEL)
        value = self._value(versioned, version) if version else None
        return Note.from_json(value.text if value else None)

    def keep(self, versioned: VersionedSecret, note: Note) -> None:
        """Write a note; its label moves to the new version."""
        value = SecretValue(version=self.version_of(versioned), text=note.to_json())
        self.issuing.secrets.put(versioned.secret.arn, value, LABEL)

    def version_of(self, versioned: VersionedSecret) -> str:
        """Return the id of a version that the issuance makes."""
        secret = versioned.secret
        return issuance_version(secret.last_changed, secret.current_version, self.now, uuid4().hex)

    def clear(self, versioned: VersionedSecret, *, is_done: bool = False) -> str:
        """Remove what was placed, and take the label off the note.

        Args:
            versioned: the secret.
            is_done: whether the issuance has come to its end, so that no record can be left.

        Returns:
            A sentence on the records that stay; empty if none does.
        """
        version = versioned.labels.get(LABEL)
        if version is None:
            return ""
        note = Note() if is_done else self.note(versioned)
        left = self.remove_placed(note, note.order.issuer) if note.order else ""
        self.issuing.secrets.move_label(
            versioned.secret.arn, LABEL, from_version=version, to_version=None
        )
        return left

    def remove_placed(self, note: Note, issuer: str) -> str:
        """Remove the records that were placed for an order of this issuer.

        The records of an issuer that is not configured any more stay: nothing says how to reach
        their zone. Those that AWS refuses to remove stay, too: they hinder no other order, and
        nothing is to wait for them.

        Returns:
            A sentence on the records that stay; empty if none does.
        """
        if not note.placements:
            return ""
        if issuer not in self.policy.issuers:
            why = f"the stack has no issuer {issuer}."
        else:
            try:
                self.issuing.issuer(issuer).zones.remove(note.placements)
            except PermanentError as error:
                why = error.found
            else:
                return ""
        names = sorted({each.name.rstrip(".") for each in note.placements})
        return f"Remove the TXT records of {', '.join(names)} by hand: {why}"

    def require_managed(self, versioned: VersionedSecret) -> None:
        """Refuse secrets that are not this function's business.

        Raises:
            NotManaged: the prefix or the tag is missing.
            NotIssuedError: the secret is on hold, or the mode is report.
        """
        secret = versioned.secret
        if not secret.name.startswith(self.policy.prefix) or ISSUER not in secret.tags:
            raise NotManaged(
                f"{secret.name} has no issuer here: its name must begin with"
                f" {self.policy.prefix}, and it needs the tag {ISSUER}.",
                "Tag the secret, or turn the rotation of the secret off.",
            )
        if secret.is_issuance_held:
            found = f"Nothing is issued for {secret.name}: the secret has the tag {HOLD}."
            advice = f"Remove the tag {HOLD} from the secret."
            raise NotIssuedError(refuse(Code.ISSUANCE_REFUSED, found, advice=advice))
        if not self.policy.applies:
            found = f"Nothing is issued for {secret.name}: the mode of the stack is report."
            advice = "Change the mode of the stack to apply."
            raise NotIssuedError(refuse(Code.ISSUANCE_REFUSED, found, advice=advice))

    def _guarded(self, rotation: Rotation) -> VersionedSecret | None:
        """Return the secret, or None if the rotation has come to its end already."""
        versioned = self.issuing.secrets.describe(rotation.secret_id)
        self.require_managed(versioned)
        if versioned.is_rotated and not versioned.is_ours:
            raise NotManaged(
                f"{versioned.secret.name} is rotated by {versioned.rotated_by}.",
                "No action needed: this function leaves the secret alone.",
            )
        if rotation.token == versioned.secret.current_version:
            return None
        if rotation.token != versioned.labels.get(PENDING_LABEL) or not versioned.is_rotated:
            raise NotManaged(
                f"The version {rotation.token} of {versioned.secret.name} is not pending.",
                "No action needed: another rotation has begun, or this one was cancelled.",
            )
        return versioned

    def _value(self, versioned: VersionedSecret, version: str) -> SecretValue | None:
        return self.issuing.secrets.value(versioned.secret.arn, version)

    def _failed(
        self, work: _Work, asked: str, error: CertRotationError, leaf: x509.Certificate | None
    ) -> Exception:
        """Note why an attempt failed, and return what is raised.

        Every failure is noted: else nobody would be told of a first certificate that is never
        issued. What AWS refuses is tried again each hour, and what may pass when Secrets Manager
        tries again.
        """
        before = work.note
        cause = cause_of(error)
        found = " ".join(filter(None, (cause.found, self._settle(work, error))))
        cause = cause._replace(found=found)
        wait: timedelta | None = getattr(error, "retry_after", None)
        if wait is None and not is_of_family(error):
            # Of an order that has failed, each try would send another one.
            wait = RETRY if error.ends_order or cause.needs_a_person else None
        left = leaf.not_valid_after_utc - self.now if leaf else None
        failed = replace(
            work.note.failed(cause, asked, self.now, wait, left), rotation=work.rotation
        )
        is_new = failed.is_new_cause(before)
        if failed.says_more_than(before, self.now):
            try:
                self.keep(work.versioned, failed)
            except CertRotationError:
                # The look finds a rotation that has not ended, and no note of it.
                is_new = False
        finding = cause.finding
        return error if finding is None else NotIssuedError(finding, is_new=is_new)

    def _settle(self, work: _Work, error: CertRotationError) -> str:
        """Forget the order if it is of no use any more; otherwise have the note hold the order.

        Returns:
            A sentence on records that stay; mostly empty.
        """
        is_issued = isinstance(error, CaRefuses) and error.is_issued
        is_over = is_of_family(error) and isinstance(error, PermanentError) and not is_issued
        if is_over or error.ends_order or isinstance(error, OrderGone):
            with suppress(TransientError):
                return work.give_up()
        work.keep_order()
        return ""

    def _not_yet(self, failure: Failure) -> Exception:
        """Return what is raised while the CA must not be asked yet."""
        finding = failure.cause.finding
        if finding is not None:
            return NotIssuedError(finding)
        return NotYet(f"{failure.cause.code}: {failure.cause.found}", failure.cause.remedy)

    def _unfit(self, versioned: VersionedSecret, value: SecretValue) -> Finding | None:
        """Return why the pending version would be refused, if it would."""
        secret = versioned.secret
        inspection = inspect_secret(value, self.policy.roots, self.now)
        found = list(inspection.findings)
        if inspection.material is not None:
            found += self._losses(versioned, inspection.material)
        left = refusals(apply_acceptance(found, secret.accepted, value.version, is_complete=False))
        if not left:
            return None
        first = left[0]
        return refuse(
            Code.ISSUED_UNFIT,
            f"The CA issued a certificate that is not used. {first.code}: {first.found}",
            advice=first.remedy,
        )

    def _losses(self, versioned: VersionedSecret, new: Material) -> Iterator[Finding]:
        """Yield what the request or the current version has, and the new version lacks."""
        current = self.current(versioned)
        request = None if isinstance(current.request, str) else current.request
        if request is not None and not set(request.names) <= new.names:
            lost = ", ".join(sorted(set(request.names) - new.names))
            found = f"The request asks for {lost}, which the certificate does not contain."
            yield refuse(Code.NAMES_LOST, found)
        if current.material is None:
            return
        old = PresentedCertificate(leaf=current.material.leaf, chain=current.material.chain)
        where = f"The current version of {versioned.secret.name}"
        if request is None:
            yield from check_names(new, where, old)
        yield from check_trust(new, where, old, self.policy.roots)


class _Work:
    """One attempt: the note is written before each step that another attempt must know of."""

    def __init__(  # noqa: PLR0913, PLR0917  all that an attempt knows
        self,
        renewer: Renewer,
        versioned: VersionedSecret,
        issuer: Issuer,
        issuer_name: str,
        wish: Wish,
        note: Note,
        rotation: str,
    ) -> None:
        self.rotation = rotation
        self.versioned = versioned
        self.note = note
        self.left = ""
        """A sentence on the records that stay."""
        self._renewer = renewer
        self._issuer = issuer
        self._issuer_name = issuer_name
        self._wish = wish
        self._sent: Order | None = None
        """The order that the CA has, and the note may not have yet."""

    def keep_order(self) -> None:
        """Have the next note hold the order that the CA has."""
        self.note = replace(self.note, order=self.note.order or self._sent)

    def obtain(self, current: Current) -> tuple[str, str]:
        """Return the private key and the certificate with its chain, in PEM.

        An order that has failed or expired meanwhile is replaced by one more.
        """
        if self.note.order is not None and self.note.is_of(self._issuer_name, self._wish):
            try:
                return self._carry_out(self.note.order)
            except OrderGone:
                pass
        left = self.give_up()
        got = self._carry_out(self._ordered(current))
        self.left = " ".join(filter(None, (left, self.left)))
        return got

    def give_up(self) -> str:
        """Forget the order, and remove what was placed for it.

        Returns:
            A sentence on the records that stay; empty if none does.
        """
        issuer = self.note.order.issuer if self.note.order else self._issuer_name
        left = self._renewer.remove_placed(self.note, issuer)
        self.note = replace(self.note, order=None, placements=())
        self._sent = None
        return left

    def _ordered(self, current: Current) -> Order:
        leaf = current.leaf
        is_renewal = leaf is not None and self._wish.is_met_by(leaf)
        key = new_key(self._wish.key)
        reference = self._issuer.ca.order(
            OrderedCertificate(
                names=self._wish.names,
                profile=self._wish.profile,
                replaces=ari_identifier(leaf) if leaf else None,
                outlives=leaf.not_valid_after_utc if leaf and is_renewal else None,
            )
        )
        pem = private_key_pem(key).decode()
        return Order(self._issuer_name, self._wish, pem, reference)

    def _carry_out(self, order: Order) -> tuple[str, str]:
        """Note the order and what is to be placed, then place, validate, collect and remove."""
        ca, zones, patience = self._issuer.ca, self._issuer.zones, self._renewer.patience
        self._sent = order
        places = zones.places_of(ca.proofs(order.reference))
        self._keep(order, places)
        if places:
            zones.place(places, patience)
        ca.validate(order.reference, patience)
        key: CertificateIssuerPrivateKeyTypes = load_pem_private_key(order.key_pem.encode(), None)  # type: ignore[assignment]  # of our own making
        request = signing_request(
            order.wish.names, key, has_common_name=self._issuer.has_common_name
        )
        submitted = order._replace(reference=ca.submit(order.reference, request))
        self._keep(submitted)
        chain = ca.collect(submitted.reference, request, patience)
        self.left = self._renewer.remove_placed(self.note, self._issuer_name)
        return order.key_pem, chain

    def _keep(self, order: Order, places: Sequence[Placement] = ()) -> None:
        """Note the order, and what is to be placed, unless the note has both."""
        placements = tuple(dict.fromkeys((*self.note.placements, *places)))
        noted = replace(self.note, order=order, placements=placements, rotation=self.rotation)
        if noted != self.note:
            self.note = noted
            self._renewer.keep(self.versioned, noted)


def _overtaken(versioned: VersionedSecret) -> Overtaken:
    secret = versioned.secret
    return Overtaken(
        f"{secret.name} has another current version, {secret.current_version}, than when its"
        " rotation began. What the rotation issues is not used.",
        "No action needed: the next look decides whether the issuer is asked again.",
    )


def _decoded(chain: str) -> Sequence[x509.Certificate]:
    """Return the certificates that a CA answers."""
    try:
        return decode_certificates("the CA's answer", chain)
    except UnreadableSecretError:
        pass
    raise Unreachable("The CA answers with something that is not a certificate.", RETRIED)


def _composed(
    issued: Issued,
    key_pem: str,
    leaf: x509.Certificate,
    rest: Sequence[x509.Certificate],
    request: CertificateRequest | str | None,
) -> SecretValue:
    """Return the value of the new version; the request is carried on."""
    document: dict[str, object] = {
        "certificate": _pem([leaf]),
        "private_key": key_pem,
        "chain": _pem(rest),
        ISSUED_KEY: issued.record(),
    }
    if request is not None and not isinstance(request, str):
        document[REQUEST_KEY] = request.to_json()
    return SecretValue(version=issued.version, text=json.dumps(document))


def _pem(certificates: Sequence[x509.Certificate]) -> str:
    return "".join(each.public_bytes(Encoding.PEM).decode() for each in certificates)
