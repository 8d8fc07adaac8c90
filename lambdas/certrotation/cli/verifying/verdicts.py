"""Decides whether what an endpoint serves is what ACM holds; reads nothing and connects to nobody.

A serial number may collide and a date may repeat, so leaves are compared by their fingerprint.
"""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from certrotation.core.material.host_names import covers, is_ip_address
from certrotation.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

MADE_UP = "certrotation-verify"
"""A label that stands for the asterisk of a wildcard."""
MOST_NAMES = 10
"""Names of one certificate that an endpoint is asked for, unless a person wants all."""

MINUTES = timedelta(minutes=15)
HOUR = timedelta(hours=1)
TWO_HOURS = timedelta(hours=2)
DAY = timedelta(hours=24)
"""How long after an import a service may serve the leaf before: load balancers take seconds, edge
domains of API Gateway under an hour, CloudFront up to a day (ACM User Guide, Troubleshooting
reimport; CloudFront Developer Guide, Rotating SSL/TLS certificates)."""


class Verdict(StrEnum):
    """What an answer means, gravest first."""

    OTHER = "other"
    """Another certificate than any that ACM holds for the endpoint."""
    LATE = "late"
    """An earlier certificate, and the service had time to serve the new one."""
    UNREACHABLE = "unreachable"
    OLDER = "older"
    """An earlier certificate, imported over so recently that it may still be served."""
    SAME = "same"

    @property
    def is_wrong(self) -> bool:
        """Whether a person must act."""
        return self in {Verdict.OTHER, Verdict.LATE}


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A certificate in ACM that an endpoint is configured with."""

    arn: str
    secret: str
    """The secret whose copy it is; empty for somebody else's."""
    fingerprint: str
    names: frozenset[str]
    is_elliptic: bool
    imported_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Where a dependent answers."""

    kind: str
    resource: str
    """The ARN of the dependent."""
    host: str
    """A name that AWS gave."""
    port: int
    attached: tuple[str, ...]
    """The ARNs of all certificates that it is configured with."""
    grace: timedelta
    default: str | None = None
    """The certificate that it serves without SNI; None if it is not asked without."""
    answers_to: frozenset[str] | None = None
    """The names that it answers to; None if to those of its certificates."""
    is_internal: bool = False
    """Whether it can only be reached inside a network."""
    only_tls13: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One handshake."""

    endpoint: Endpoint
    name: str | None
    """The name that SNI has; None without SNI."""
    held: Held
    """What should be served."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """The leaf that an endpoint served."""

    fingerprint: str
    names: frozenset[str]
    issuer: str
    not_after: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A question, and what came of it."""

    question: Question
    verdict: Verdict
    because: str = ""


def questions(
    endpoint: Endpoint, held: Mapping[str, Held], *, all_names: bool = False
) -> Iterator[Question]:
    """Yield the handshakes for the certificates of secrets on one endpoint.

    Args:
        endpoint: where to ask.
        held: what ACM holds, by ARN.
        all_names: whether to ask for every name of a certificate with many.
    """
    default = held.get(endpoint.default or "")
    if default is not None and default.secret:
        yield Question(endpoint=endpoint, name=None, held=default)
    for arn in endpoint.attached:
        each = held.get(arn)
        if each is not None and each.secret:
            names = _asked_names(endpoint, each)
            for name in names if all_names else names[:MOST_NAMES]:
                yield Question(endpoint=endpoint, name=name, held=each)


def _asked_names(endpoint: Endpoint, held: Held) -> list[str]:
    """Return the names for SNI, which knows no addresses (RFC 6066, section 3)."""
    answered = held.names if endpoint.answers_to is None else endpoint.answers_to
    covered = [each for each in sorted(answered) if covers(held.names, each)]
    hosts = [each for each in covered if not is_ip_address(each)]
    return [each.replace("*", MADE_UP, 1) for each in hosts]


def judge(question: Question, served: Served, held: Mapping[str, Held], now: datetime) -> Answer:
    """Return what a served leaf means.

    Args:
        question: what was asked.
        served: what came.
        held: what ACM holds, by ARN.
        now: the present time.
    """
    wanted, name = question.held, question.name
    if served.fingerprint == wanted.fingerprint:
        return Answer(question=question, verdict=Verdict.SAME)
    attached = [held[arn] for arn in question.endpoint.attached if arn in held]
    instead = next((each for each in attached if each.fingerprint == served.fingerprint), None)
    if instead is not None and name is not None and covers(instead.names, name):
        because = f"shadowed by {instead.arn}, which covers the name too"
        return Answer(question=question, verdict=Verdict.SAME, because=because)
    if instead is not None:
        because = f"{instead.arn} is served instead"
        return Answer(question=question, verdict=Verdict.OTHER, because=because)
    found = f"{served.issuer}, ends {served.not_after:%Y-%m-%d}"
    if not served.names & wanted.names:
        named = ", ".join(sorted(served.names)[:3]) or "no names"
        return Answer(
            question=question, verdict=Verdict.OTHER, because=f"a certificate for {named} ({found})"
        )
    since = None if wanted.imported_at is None else now - wanted.imported_at
    if since is not None and since <= question.endpoint.grace:
        left = int((question.endpoint.grace - since).total_seconds() // 60)
        because = f"an earlier certificate ({found}); it may be served for {left} more minutes"
        return Answer(question=question, verdict=Verdict.OLDER, because=because)
    return Answer(
        question=question, verdict=Verdict.LATE, because=f"an earlier certificate ({found})"
    )
