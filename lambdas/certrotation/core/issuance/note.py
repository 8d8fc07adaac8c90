"""What is remembered of an issuance under way: under a label of its own, beside the secret's value.

A version of a secret is written once. So key and order are noted in another version before the CA
is asked to validate anything, and whoever goes on after a death asks for no second certificate.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, Any, NamedTuple

from certrotation.core.findings import Code, Finding, refuse
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

    finding: Finding
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
        finding: Finding,
        asked_for: str,
        now: datetime,
        wait: timedelta | None,
        left: timedelta | None = None,
    ) -> Note:
        """Return the note after a failure.

        Args:
            finding: the cause.
            asked_for: what was asked for.
            now: the present time.
            wait: what the CA asks for, if it asks for anything.
            left: what is left of the current certificate; None if there is none.
        """
        at = int(now.timestamp())
        before = self.failure
        is_same = before is not None and before.finding.code is finding.code
        is_refused = finding.code in {Code.ISSUANCE_REFUSED, Code.ISSUED_UNFIT}
        pause = wait if wait is not None else _pause(left) if is_refused else RETRY
        failure = Failure(
            finding=finding,
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
        return old is None or old.finding.code is not self.failure.finding.code

    def to_json(self) -> str:
        """Return the note as the value of a version."""
        order, failure = self.order, self.failure
        document: dict[str, Any] = {
            "placements": [dict(zip(_PLACES, each, strict=True)) for each in self.placements]
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
                "code": failure.finding.code.value,
                "found": failure.finding.found,
                "advice": failure.finding.advice,
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
            )
        except (AttributeError, KeyError, TypeError, ValueError):
            return cls()


def asked_for(issuer: AnyIssuer, wish: Wish) -> str:
    """Return what is asked of whom, as one text; it changes with the issuer's settings, too.

    So nobody who corrects a setting waits for the end of a pause.
    """
    settings = sha256(repr(issuer).encode()).hexdigest()[:16]
    return json.dumps([issuer.name, settings, *wish])


def _pause(left: timedelta | None) -> timedelta:
    """Return how long to wait after a refusal."""
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
    finding = refuse(Code(document["code"]), document["found"], advice=document["advice"])
    return Failure(
        finding=finding,
        since=int(document["since"]),
        retry_at=int(document["retry_at"]),
        asked_for=document["asked_for"],
    )
