"""When a certificate is renewed, and which rule decided.

Nothing is remembered: each look computes the same moment from the certificate alone. Of the CA's
renewal window (RFC 9773), a point is chosen by hash, so that renewals are spread evenly.
"""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum
from hashlib import sha256
from typing import TYPE_CHECKING, NamedTuple

from certrotation.core.estate.expiry_windows import windows_of
from certrotation.core.material.host_names import names_of
from certrotation.core.material.x509_facts import key_algorithm_of

if TYPE_CHECKING:
    from datetime import datetime

    from cryptography import x509

    from certrotation.core.estate.expiry_windows import WindowPolicy
    from certrotation.core.material.certificate_request import CertificateRequest

SHORT_LIVED = timedelta(days=10)
"""Lifetimes below this are renewed with half of them left, longer ones with a third."""

EDGE_LEAD = timedelta(hours=72)
"""CloudFront shows a reimport within 24 hours, and with less than 48 hours left the copy would be
replaced instead; a day is left for the issuance."""

LARGEST_LEAD = 2 / 3
"""The share of the lifetime that any rule leaves: one of a few days is not renewed all the time."""

WINDOW_ASKED_EVERY = 6
"""Hours between two questions for the CA's window; Let's Encrypt answers `Retry-After: 21600`."""

ASKED_EACH_TIME = timedelta(days=2)
"""Certificates with a shorter lifetime are asked about at every look."""

_HOUR = 3_600


class Rule(StrEnum):
    """The rule that decided when a certificate is renewed."""

    CA_WINDOW = "the CA's renewal window"
    THIRD_LEFT = "a third of the lifetime is left"
    HALF_LEFT = "half of the lifetime is left"
    WARNING_WINDOW = "the warning window"
    EDGE_LEAD = "72 hours are left, and CloudFront takes a day"
    FIRST = "the secret has a request and no certificate"
    REQUEST_CHANGED = "the request asks for another certificate"
    BY_HAND = "a person began the rotation"


class CaWindow(NamedTuple):
    """The window in which the CA suggests the renewal (RFC 9773, section 4.2)."""

    start: datetime
    end: datetime
    explanation: str | None = None
    """The URL of a page that explains the suggestion."""


class Renewal(NamedTuple):
    """When a certificate is renewed."""

    at: datetime
    rule: Rule
    explanation: str | None = None

    def is_due(self, now: datetime) -> bool:
        """Return whether the certificate is to be renewed now."""
        return now >= self.at


class Validity(NamedTuple):
    """The validity period of a certificate, and what identifies it."""

    not_before: datetime
    not_after: datetime
    identity: str
    """ARI's identifier of the certificate (RFC 9773, section 4.1), or another stable one."""

    @property
    def lifetime(self) -> timedelta:
        """The length of the period."""
        return self.not_after - self.not_before


def asked_by_request(
    request: CertificateRequest | None, leaf: x509.Certificate | None
) -> Rule | None:
    """Return why the request asks for a certificate now, whatever the current one's dates are.

    A name that the request leaves out goes at the next renewal: a CA that adds names of its own
    would otherwise be asked at every look.
    """
    if request is None:
        return None
    if leaf is None:
        return Rule.FIRST
    key = key_algorithm_of(leaf.public_key())
    is_changed = bool(set(request.names) - names_of(leaf)) or request.key not in {None, key}
    return Rule.REQUEST_CHANGED if is_changed else None


def renewal_of(
    validity: Validity,
    policy: WindowPolicy,
    *,
    window: CaWindow | None,
    may_be_at_edge: bool,
) -> Renewal:
    """Return when a certificate is renewed: the earliest moment that any rule names.

    The CA's window takes the place of the share that is left, and never of the warning window.

    Args:
        validity: of the certificate.
        policy: how long the warning window is.
        window: the CA's window, or None if the CA has none or did not answer.
        may_be_at_edge: whether CloudFront may present the certificate.
    """
    lifetime, ends = validity.lifetime, validity.not_after
    warning = windows_of(validity.not_before, ends, policy).warning_opens
    candidates = [Renewal(warning, Rule.WARNING_WINDOW)]
    if window is not None:
        candidates.append(
            Renewal(_point_in(window, validity.identity), Rule.CA_WINDOW, window.explanation)
        )
    elif lifetime < SHORT_LIVED:
        candidates.append(Renewal(ends - lifetime / 2, Rule.HALF_LEFT))
    else:
        candidates.append(Renewal(ends - lifetime / 3, Rule.THIRD_LEFT))
    if may_be_at_edge:
        lead = min(EDGE_LEAD, lifetime * LARGEST_LEAD)
        candidates.append(Renewal(ends - lead, Rule.EDGE_LEAD))
    return min(candidates, key=lambda each: each.at)


def without_window(validity: Validity, policy: WindowPolicy, *, may_be_at_edge: bool) -> Renewal:
    """Return when a certificate is renewed if the CA is not asked now, and may have a window."""
    never = CaWindow(validity.not_after, validity.not_after)
    return renewal_of(validity, policy, window=never, may_be_at_edge=may_be_at_edge)


def is_window_asked(validity: Validity, now: datetime) -> bool:
    """Return whether the CA is asked for its window in this hour; never after the expiry.

    The hour is chosen by hash, so that the questions of many certificates are spread.
    """
    if now >= validity.not_after:
        return False
    if validity.lifetime < ASKED_EACH_TIME:
        return True
    hour = int(now.timestamp()) // _HOUR
    return (hour + _hash_of(validity.identity)) % WINDOW_ASKED_EVERY == 0


def _point_in(window: CaWindow, identity: str) -> datetime:
    """Return a point of the window, always the same one for a certificate (RFC 9773, 4.2)."""
    seconds = int((window.end - window.start).total_seconds())
    if seconds <= 0:
        return window.start
    return window.start + timedelta(seconds=_hash_of(identity) % seconds)


def _hash_of(identity: str) -> int:
    return int.from_bytes(sha256(identity.encode()).digest())
