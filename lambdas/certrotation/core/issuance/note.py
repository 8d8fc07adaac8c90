"""What is remembered of an issuance under way: under a label of its own, beside the secret's value.

A version of a secret is written once. So key and order are noted in another version before the CA
is asked to validate anything, and whoever goes on after a death asks for no second certificate.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, Any, NamedTuple

from certrotation.core.findings import Code
from certrotation.core.issuance.cause import Cause
from certrotation.core.issuance.wish import Wish
from certrotation.core.material.x509_facts import KeyAlgorithm
from certrotation.values import dataclass, field, replace

if TYPE_CHECKING:
    from collections.abc import Mapping

    from certrotation.names.issuers import AnyIssuer

LABEL = "CERTROTATION_ORDER"
"""The staging label of the note."""

RETRY = timedelta(hours=1)
"""After a failed validation; Let's Encrypt takes five an hour for a name."""
RETRY_AFTER_REFUSAL = timedelta(hours=12)
"""After a refusal that a person must act on, unless the certificate ends before long."""
SHARE_OF_WHAT_IS_LEFT = 8
"""The pause after a refusal is no longer than this part of what is left of the certificate."""

_MEMBER = "issuance"
_PLACES = ("zone", "name", "value")


class Placement(NamedTuple):
    """A TXT value, and where it is placed: aliases (CNAME) are followed."""

    zone: str
    name: str
    value: str


class Order(NamedTuple):
    """An order at a CA, and the key of the certificate; the repr does not show the key."""

    issuer: str
    wish: Wish
    key_pem: str
    reference: str

    def __repr__(self) -> str:
        return f"Order(issuer={self.issuer!r}, reference={self.reference!r})"


class Failure(NamedTuple):
    """Why the last attempt failed, and when the next may begin."""

    cause: Cause
    since: int
    """When this cause was first met, in epoch seconds."""
    retry_at: int
    asked_for: str = ""
    """What was asked for; a person who asks for something else need not wait."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """The order under way, the records that were placed for it, and the last failure."""

    order: Order | None = field(default=None, repr=False)
    placements: tuple[Placement, ...] = ()
    failure: Failure | None = None
    rotation: str = ""
    """The version that the rotation makes which has written the note."""

    def is_of(self, issuer: str, wish: Wish) -> bool:
        """Return whether an order is under way for what is wished for now."""
        order = self.order
        return order is not None and (order.issuer, order.wish) == (issuer, wish)

    def blocks(self, asked_for: str, now: datetime) -> bool:
        """Return whether the CA must not be asked yet."""
        failure = self.failure
        return (
            failure is not None
            and failure.asked_for == asked_for
            and now.timestamp() < failure.retry_at
        )

    def failed(
        self,
        cause: Cause,
        asked_for: str,
        now: datetime,
        wait: timedelta | None,
        left: timedelta | None = None,
    ) -> Note:
        """Return the note after a failure.

        Args:
            cause: the cause.
            asked_for: what was asked for.
            now: the present time.
            wait: what the CA asks for, if it asks for anything.
            left: what is left of the current certificate; None if there is none.
        """
        at = int(now.timestamp())
        before = self.failure
        is_same = before is not None and before.cause.code == cause.code
        pause = wait if wait is not None else _pause_after(cause, left)
        failure = Failure(
            cause=cause,
            since=before.since if before and is_same else at,
            retry_at=at + int(pause.total_seconds()),
            asked_for=asked_for,
        )
        return replace(self, failure=failure)

    def is_new_cause(self, before: Note) -> bool:
        """Return whether the failure has another cause than that of an earlier note."""
        if self.failure is None:
            return False
        old = before.failure
        return old is None or old.cause.code != self.failure.cause.code

    def says_more_than(self, before: Note, now: datetime) -> bool:
        """Return whether a note is to be written after a failure.

        An error that may pass and was noted before is not noted again: Secrets Manager retries
        often, and takes a new version only every ten minutes in the long run.
        """
        failure, old = self.failure, before.failure
        if failure is None or old is None or failure.retry_at > now.timestamp():
            return True
        is_known = (failure.cause, failure.asked_for) == (old.cause, old.asked_for)
        return not is_known or replace(self, failure=None) != replace(before, failure=None)

    def to_json(self) -> str:
        """Return the note as the value of a version."""
        order, failure = self.order, self.failure
        document: dict[str, Any] = {
            "placements": [dict(zip(_PLACES, each, strict=True)) for each in self.placements],
            "rotation": self.rotation,
        }
        if order is not None:
            document["order"] = {
                "issuer": order.issuer,
                "names": list(order.wish.names),
                "key_type": order.wish.key.value,
                "profile": order.wish.profile,
                "private_key": order.key_pem,
                "reference": order.reference,
            }
        if failure is not None:
            document["failure"] = {
                "code": failure.cause.code,
                "found": failure.cause.found,
                "advice": failure.cause.remedy,
                "since": failure.since,
                "retry_at": failure.retry_at,
                "asked_for": failure.asked_for,
            }
        return json.dumps({_MEMBER: document})

    @classmethod
    def from_json(cls, text: str | None) -> Note:
        """Return the note in the value of a version; what is no note counts as an empty one."""
        try:
            document = json.loads(text or "")[_MEMBER]
            return cls(
                order=_order(document.get("order")),
                placements=tuple(
                    Placement(*(str(each[member]) for member in _PLACES))
                    for each in document["placements"]
                ),
                failure=_failure(document.get("failure")),
                rotation=str(document.get("rotation", "")),
            )
        except (AttributeError, KeyError, TypeError, ValueError):
            return cls()


def asked_for(issuer: AnyIssuer, wish: Wish) -> str:
    """Return what is asked of whom, as one text; it changes with the issuer's settings, too.

    So nobody who corrects a setting waits for the end of a pause.
    """
    settings = sha256(repr(issuer).encode()).hexdigest()[:16]
    return json.dumps([issuer.name, settings, *wish])


def _pause_after(cause: Cause, left: timedelta | None) -> timedelta:
    """Return how long to wait; an error that may pass is tried again when Secrets Manager does."""
    if not cause.needs_a_person:
        return timedelta()
    if cause.code not in {Code.ISSUANCE_REFUSED, Code.ISSUED_UNFIT}:
        return RETRY
    if left is None:
        return RETRY_AFTER_REFUSAL
    return max(RETRY, min(RETRY_AFTER_REFUSAL, left / SHARE_OF_WHAT_IS_LEFT))


def moment(seconds: int) -> datetime:
    """Return a moment that a note has."""
    return datetime.fromtimestamp(seconds, UTC)


def _order(document: Mapping[str, Any] | None) -> Order | None:
    if document is None:
        return None
    return Order(
        issuer=document["issuer"],
        wish=Wish(
            tuple(document["names"]), KeyAlgorithm(document["key_type"]), document["profile"]
        ),
        key_pem=document["private_key"],
        reference=document["reference"],
    )


def _failure(document: Mapping[str, Any] | None) -> Failure | None:
    if document is None:
        return None
    texts = [document[each] for each in ("code", "found", "advice")]
    if not all(isinstance(each, str) for each in texts):
        raise TypeError
    return Failure(
        cause=Cause(*texts),
        since=int(document["since"]),
        retry_at=int(document["retry_at"]),
        asked_for=document["asked_for"],
    )
