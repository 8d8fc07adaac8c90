"""One row for each certificate: its window, its dependents, and what happens next."""

from __future__ import annotations

import re
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, NamedTuple, assert_never

from certrotation.cli.unseen import unseen_because
from certrotation.core.estate.inventory import is_foreign
from certrotation.core.material.host_names import normalise
from certrotation.core.scan.classification import State
from certrotation.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import datetime, timedelta

    from certrotation.core.estate.inventory import ManagedSecret
    from certrotation.core.scan.assessment import CertificateStatus

_MOST_REASONS = 3
_UNSEEN = "not known here: the source of the secret was not seen"

UNKNOWN = "unknown"
"""The state of a copy whose secret's current version the caller cannot see."""


class Window(StrEnum):
    """Where the present time lies in a certificate's validity."""

    EXPIRED = "expired"
    CRITICAL = "critical"
    WARNING = "warning"
    OPEN = "ok"

    @property
    def fails_on(self) -> frozenset[str]:
        """The values of `--fail-on` that this window hits."""
        match self:
            case Window.EXPIRED | Window.CRITICAL:
                return frozenset({"warning", "critical"})
            case Window.WARNING:
                return frozenset({"warning"})
            case Window.OPEN:
                return frozenset()
            case _:
                assert_never(self)


class Facts(NamedTuple):
    """What ACM tells about the certificate itself, as far as it was asked."""

    issuer: str = ""
    key: str = ""


NO_FACTS = Facts()


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A certificate, as the inventory shows it."""

    status: CertificateStatus
    window: Window
    days: int
    """Whole days until it expires; negative once it has."""
    state: str
    """That of the certificate, or that it is unknown to the caller."""
    because: str
    """Why the certificate has that state."""
    next: str
    """What happens next."""
    facts: Facts = NO_FACTS
    users: tuple[str, ...] | None = None
    """The ARNs of its users, or None if nobody was asked."""

    @property
    def arn(self) -> str:
        """The ARN of the certificate."""
        return self.status.certificate.arn

    @property
    def names(self) -> tuple[str, ...]:
        """The names, the one that a person would call the certificate first."""
        return in_order(self.status.certificate.names)

    @property
    def is_hit(self) -> bool:
        """Whether its expiry would hurt: it is in use, and no other deployment's."""
        return self.status.counts_as_used

    @property
    def urgency(self) -> tuple[int, datetime, str]:
        """What rows are sorted by."""
        return (_rank(self), self.status.certificate.not_after, self.arn)

    @property
    def used_by(self) -> str:
        """The dependents by name."""
        if not self.status.certificate.in_use:
            return "-"
        if self.users is None:
            return "in use"
        return ", ".join(name_of_user(self.arn, each) for each in self.users) or "-"


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """What decides what happens next to a certificate."""

    now: datetime
    secrets: Mapping[str, ManagedSecret]
    left: Mapping[str, str]
    """By ARN, why an untagged certificate shares a name with a copy."""
    copies: Mapping[str, Sequence[CertificateStatus]]
    """By name, the copies that serve it."""
    retention: timedelta
    is_deployed: bool
    applies: bool


def rows_of(statuses: Iterable[CertificateStatus], situation: Situation) -> list[Row]:
    """Return the rows, most urgent first."""
    rows = [_row(each, situation) for each in statuses]
    return sorted(rows, key=lambda row: row.urgency)


def copies_by_name(
    statuses: Iterable[CertificateStatus],
) -> dict[str, list[CertificateStatus]]:
    """Return the copies that serve each name."""
    copies: dict[str, list[CertificateStatus]] = {}
    for each in statuses:
        if each.state.is_managed:
            for name in each.certificate.names:
                copies.setdefault(name, []).append(each)
    return copies


def in_order(names: Iterable[str]) -> tuple[str, ...]:
    """Return names, the shortest without an asterisk first."""
    return tuple(sorted(names, key=lambda name: ("*" in name, name.count("."), len(name), name)))


def matches(row: Row, pattern: str) -> bool:
    """Return whether a pattern with asterisks fits a name, the secret or the ARN."""
    wanted = pattern if any(each in pattern for each in "*?[") else f"*{pattern}*"
    texts = (*row.status.certificate.names, row.status.marks.secret or "", row.arn)
    return any(fnmatchcase(text, wanted) or fnmatchcase(text, normalise(wanted)) for text in texts)


ORDERS: Mapping[str, Callable[[Row], object]] = {
    "urgency": lambda row: row.urgency,
    "days": lambda row: (row.status.certificate.not_after, row.arn),
    "name": lambda row: (row.names, row.arn),
    "region": lambda row: (row.status.certificate.region, row.urgency),
    "state": lambda row: (row.state, row.urgency),
    "secret": lambda row: (row.status.marks.secret or "\uffff", row.urgency),
}
"""What the option `--sort` offers."""


def name_of_user(certificate_arn: str, user_arn: str) -> str:
    """Return what a person calls a user that ACM names by ARN."""
    if is_foreign(certificate_arn, user_arn):
        return "a resource in an account of AWS"
    parts = user_arn.split(":", 5)
    service, resource = (parts[2], parts[5]) if len(parts) > 5 else ("", user_arn)  # noqa: PLR2004  an ARN has six
    found = re.fullmatch(r"(?:loadbalancer|listener)/(app|net|gwy)/([^/]+)(?:/.*)?", resource)
    if service == "elasticloadbalancing":
        if found:
            kind = {"app": "ALB", "net": "NLB"}.get(found[1], "load balancer")
            return f"{kind} {found[2]}"
        return f"Classic Load Balancer {resource.rpartition('/')[2]}"
    if service == "cloudfront":
        return f"CloudFront {resource.rpartition('/')[2]}"
    if service == "apigateway":
        return f"API Gateway {resource.rpartition('/')[2]}"
    return f"{service} {resource}".strip()


def _row(status: CertificateStatus, situation: Situation) -> Row:
    unseen = _unseen_because(status, situation)
    return Row(
        status=status,
        state=UNKNOWN if unseen else status.state.value,
        because=unseen or status.because,
        window=_window(status, situation.now),
        days=(status.certificate.not_after - situation.now).days,
        next=_UNSEEN if unseen else _next(status, situation),
    )


def _unseen_because(status: CertificateStatus, situation: Situation) -> str:
    """Return why nobody here knows whether a copy is due; nothing for other certificates."""
    if status.state is not State.DUE:
        return ""
    return unseen_because(situation.secrets.get(status.marks.secret or ""))


def _window(status: CertificateStatus, now: datetime) -> Window:
    if status.certificate.not_after <= now:
        return Window.EXPIRED
    if status.windows.is_critical(now):
        return Window.CRITICAL
    return Window.WARNING if status.windows.is_warning(now) else Window.OPEN


def _rank(row: Row) -> int:
    if row.is_hit and row.window in {Window.EXPIRED, Window.CRITICAL}:
        return 0
    if row.state == State.DUE:
        return 1
    if row.is_hit:
        return 2 if row.window is Window.WARNING else 3
    return 4 if row.status.state.is_watched else 5


def _next(status: CertificateStatus, situation: Situation) -> str:
    """Return what happens next, or what a person must do."""
    secret = situation.secrets.get(status.marks.secret or "")
    match status.state:
        case State.DUE:
            return f"{_rotation(secret, situation)}: {status.because}"
        case State.AWAITING:
            return f"renew the secret before {status.certificate.not_after:%Y-%m-%d}"
        case State.CURRENT:
            return f"a warning from {status.windows.warning_opens:%Y-%m-%d} on"
        case State.SUPERSEDED:
            return _deletion(status, situation)
        case State.UNMANAGED:
            return _why_unmanaged(status, situation)
        case State.IGNORED | State.FOREIGN:
            return f"nothing: {status.because}"
        case _:
            assert_never(status.state)


def _rotation(secret: ManagedSecret | None, situation: Situation) -> str:
    if not situation.is_deployed:
        return "rotate would renew it"
    if secret is not None and secret.source_unknown_because:
        return "not renewed until the source can be read"
    if secret is not None and secret.is_held:
        return "planned, not renewed (on hold)"
    if not situation.applies:
        return "planned, not renewed (report mode)"
    return "renewed by the next rotation"


def _deletion(status: CertificateStatus, situation: Situation) -> str:
    if status.marks.superseded_at is None:
        return "kept: nothing says since when it is superseded"
    remains = situation.retention.total_seconds() - status.marks.superseded_since(situation.now)
    days = max(0, int(remains // 86_400) + 1) if remains > 0 else 0
    when = f"in {days} days" if days else "by the next scan"
    return f"deleted {when}, if nothing uses it then"


def _why_unmanaged(status: CertificateStatus, situation: Situation) -> str:
    """Return why no secret renews it."""
    if status.marks.secret is not None:
        return f"never renewed: {status.because}"
    if status.certificate.arn in situation.left:
        return f"never renewed: {situation.left[status.certificate.arn]}, and is not adopted"
    same = _secrets_with_a_name(status, situation)
    if same:
        return f"never renewed: shares names with copies of {', '.join(same[:_MOST_REASONS])}"
    if not situation.secrets:
        return "never renewed: there is no managed secret"
    return "never renewed: no copy of a managed secret has one of its names"


def _secrets_with_a_name(status: CertificateStatus, situation: Situation) -> list[str]:
    """Return secrets whose copies, in whatever Region, serve a name of the certificate."""
    return sorted(
        {
            copy.marks.secret or ""
            for name in status.certificate.names
            for copy in situation.copies.get(name, ())
        }
    )
