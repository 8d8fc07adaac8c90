"""What goes wrong in the year, how often, and which alarms each must raise.

The table and the seed were committed before the year was played for the first time. Where an
expectation was wrong by the design it was changed by a commit of its own that says why.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

SEED = 20270101
"""Of everything that is left to chance."""

BACKGROUND: Mapping[str, float] = {
    "a scan dies": 0.01,
    "a rotation dies": 0.02,
    "a message is delivered twice": 0.02,
    "an event is lost": 0.03,
    "an issuance dies": 0.03,
}
"""What happens all the time, and the share of cases in which it does: it must raise nothing."""

ALL = (6, 47, 90, 200, 398)
"""Lifetimes in days."""

LONG = (47, 90, 200, 398)

DEAD_LETTERS = frozenset({"RotationDeadLetters", "DeadLettersUnread"})
CRITICAL = frozenset({"CertificateCritical", "CertificateTurnedCritical"})
NOTHING: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A person acts so many hours after an alarm went off: by chance, between two numbers."""

    alarm: str
    hours: tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One kind of mishap.

    `raises` must each go off, every time. `follows` may: the fault explains them, but whether they
    come depends on what else happens meanwhile, mostly on whether a secret changes.
    """

    name: str
    what: str
    times: int
    """In a year."""
    raises: frozenset[str] = NOTHING
    follows: frozenset[str] = NOTHING
    answer: Answer | None = None
    """None: it passes by itself, or there is nothing to do."""
    begins: Literal["at a renewal", "at an issuance", "at any time"] = "at any time"
    lifetimes: tuple[int, ...] = ALL
    """Of the certificates that it happens to, in days."""
    hours: tuple[float, float] = (0, 0)
    """How long it lasts if nobody acts: by chance, between two numbers."""


def _renewal(name: str, what: str, times: int, **more: object) -> Fault:
    return Fault(name=name, what=what, times=times, begins="at a renewal", **more)  # type: ignore[arg-type]  # each is a field


def _refused(name: str, what: str, times: int, **more: object) -> Fault:
    return _renewal(
        name,
        what,
        times,
        **{
            "raises": frozenset({"MaterialRefused"}),
            "answer": Answer(alarm="MaterialRefused", hours=(1, 5)),
        }
        | more,
    )


_STALLED = frozenset({"RotationStalled"})
_AT_STALLED = Answer(alarm="RotationStalled", hours=(1, 3))
_AT_CRITICAL = Answer(alarm="CertificateCritical", hours=(2, 8))
_AWAITED = frozenset({"AwaitingMaterial"}) | CRITICAL

_DELIVERIES = (
    _renewal(
        "late",
        "the CA delivers in the warning window",
        6,
        raises=frozenset({"AwaitingMaterial"}),
    ),
    _renewal(
        "later",
        "the CA delivers in the critical window, two days before the end",
        3,
        raises=_AWAITED,
        lifetimes=(47, 90),
    ),
    _renewal(
        "never",
        "the CA delivers nothing; a person does when paged",
        4,
        raises=_AWAITED,
        answer=_AT_CRITICAL,
        lifetimes=(6, 47, 90),
    ),
    _renewal(
        "after the end",
        "the CA delivers hours after the certificate has expired",
        2,
        raises=_AWAITED,
        lifetimes=(6, 47),
    ),
    _renewal(
        "the same again",
        "the CA delivers what is live already; a person asks again",
        2,
        raises=frozenset({"AwaitingMaterial"}),
        answer=Answer(alarm="AwaitingMaterial", hours=(2, 12)),
    ),
    _refused("wrong key", "the key is not the certificate's", 4),
    _refused("lost name", "a name that is served is missing", 3),
    _refused("name given up", "a name is missing and a person accepts that", 2),
    _refused("malformed", "the value is cut off in its midst", 2),
    _refused("no chain", "the intermediate is missing", 2),
    _refused("another CA", "a private CA takes the public one's place", 2),
    _refused(
        "refused, ticket unread",
        "the key is not the certificate's, and nobody looks until paged",
        2,
        raises=frozenset({"MaterialRefused"}) | _STALLED,
        answer=_AT_STALLED,
        lifetimes=LONG,
    ),
    _renewal("key type changed", "EC in the place of RSA or back: another ARN", 8, lifetimes=LONG),
    _renewal("clientAuth dropped", "the CA leaves clientAuth out from now on", 6, lifetimes=LONG),
    _renewal(
        "a hold forgotten",
        "certrotation:hold stands on the secret when it is renewed",
        2,
        raises=_STALLED,
        answer=_AT_STALLED,
        lifetimes=LONG,
    ),
    _renewal(
        "a full listener",
        "the key type changes, and a listener has no room for one more certificate",
        2,
        raises=frozenset({"DependentsStranded"}),
        follows=_STALLED,
        answer=Answer(alarm="DependentsStranded", hours=(1, 4)),
        lifetimes=LONG,
    ),
    _renewal(
        "a distribution in progress",
        "the key type changes while somebody's change of the distribution is deployed: 40 minutes",
        2,
        lifetimes=LONG,
    ),
    _renewal(
        "an API's domain moves",
        "the key type changes, and API Gateway has to move a custom domain name",
        3,
        lifetimes=LONG,
    ),
    _renewal(
        "a user pool's domain moves",
        "the key type changes, and Cognito has to move a custom domain",
        2,
        lifetimes=LONG,
    ),
    _renewal(
        "a custom domain in progress",
        "the key type changes while somebody's change of the custom domain is deployed: an hour",
        2,
        lifetimes=LONG,
    ),
    _renewal(
        "domain updates used up",
        "the key type changes while others use up the updates of domain names that an account has",
        2,
        raises=frozenset({"DependentsStranded"}),
        follows=_STALLED,
        lifetimes=LONG,
        hours=(8, 10),
    ),
)

_OPERATORS = (
    Fault(name="imported by hand", what="an operator imports over a copy", times=6),
    Fault(name="a copy deleted", what="an operator deletes a copy that nothing uses", times=4),
    _renewal(
        "moved back",
        "AWSCURRENT is moved back six hours after a renewal, and forward again a day later",
        4,
        lifetimes=(90, 200, 398),
    ),
    Fault(
        name="without a secret",
        what="an operator puts a certificate without a secret on a listener; it comes due",
        times=3,
        raises=frozenset({"UnmanagedExpiring"}),
        answer=Answer(alarm="UnmanagedExpiring", hours=(2, 12)),
    ),
    Fault(
        name="without a secret, unread",
        what="the same, and nobody looks until paged",
        times=1,
        raises=frozenset({"UnmanagedExpiring"}) | CRITICAL,
        answer=_AT_CRITICAL,
    ),
)

_FAILING = frozenset({"IssuanceFailing"})
"""Also of a dark Region: Route 53 takes changes in us-east-1 (Route 53 Developer Guide, Enabling
accelerated recovery for managing public DNS records), so no CA can validate a name meanwhile."""

_AWS = (
    Fault(
        name="a Region dark for minutes",
        what="no answer from a Region for twelve minutes, a scan among them",
        times=6,
        hours=(0.2, 0.2),
    ),
    Fault(
        name="a Region dark for hours",
        what="no answer from a Region",
        times=4,
        raises=frozenset({"RegionUnreachable"}),
        follows=DEAD_LETTERS | _FAILING,
        hours=(4, 9),
    ),
    Fault(
        name="a Region dark for a day",
        what="no answer from a Region",
        times=2,
        raises=frozenset({"RegionUnreachable", "RegionDark"}),
        follows=DEAD_LETTERS | _FAILING,
        hours=(27, 32),
    ),
    Fault(
        name="the canary's ACM dark",
        what="no answer from ACM, tags and load balancers in the canary Region",
        times=2,
        raises=frozenset({"RegionUnreachable"}),
        follows=DEAD_LETTERS,
        hours=(4, 9),
    ),
    Fault(
        name="Secrets Manager dark",
        what="no answer from Secrets Manager in the home Region",
        times=2,
        raises=frozenset({"ScanMissing", "FunctionErrors", "ScheduleFailing", "IssuanceMissing"}),
        follows=DEAD_LETTERS,
        hours=(5, 7),
    ),
    Fault(
        name="a throttling storm",
        what="half of all requests are throttled",
        times=6,
        hours=(2, 4),
    ),
    Fault(
        name="errors of AWS's",
        what="three requests in ten are answered with 500",
        times=3,
        hours=(1, 3),
    ),
    Fault(
        name="stale reads",
        what="certificates, tags and users lag by twenty minutes, secrets by five",
        times=6,
        hours=(0.33, 0.33),
    ),
    _renewal(
        "imports throttled for hours",
        "every ImportCertificate in a Region is throttled",
        2,
        raises=DEAD_LETTERS,
        lifetimes=LONG,
        hours=(3, 4),
    ),
    _refused(
        "imports denied",
        "a policy denies ImportCertificate in a Region",
        2,
        lifetimes=LONG,
    ),
)

_FUNCTIONS = (
    Fault(
        name="every scan dies",
        what="each run of scan ends in a crash",
        times=2,
        raises=frozenset({"ScanMissing", "FunctionErrors", "ScheduleFailing"}),
        answer=Answer(alarm="ScanMissing", hours=(1, 3)),
    ),
    _renewal(
        "every rotation dies",
        "each run of rotate ends in a crash",
        2,
        raises=DEAD_LETTERS | {"FunctionErrors"},
        answer=Answer(alarm="RotationDeadLetters", hours=(1.5, 3)),
        lifetimes=LONG,
    ),
    Fault(
        name="schedule off",
        what="somebody disables the schedule",
        times=2,
        raises=frozenset({"ScanMissing"}),
        answer=Answer(alarm="ScanMissing", hours=(1, 4)),
    ),
    _renewal(
        "trigger off",
        "somebody disables rotate's event source",
        2,
        raises=frozenset({"QueueStuck"}),
        answer=Answer(alarm="QueueStuck", hours=(1, 4)),
        lifetimes=LONG,
    ),
    _renewal(
        "trigger off, ticket unread",
        "the same, and nobody looks until paged",
        1,
        raises=frozenset({"QueueStuck"}) | _STALLED,
        answer=_AT_STALLED,
        lifetimes=LONG,
    ),
    Fault(
        name="scan throttled",
        what="scan's concurrency is set to nothing",
        times=1,
        raises=frozenset({"ScanMissing", "FunctionThrottled", "ScheduleFailing"}),
        answer=Answer(alarm="ScanMissing", hours=(1, 3)),
    ),
    _renewal(
        "rotate throttled",
        "rotate's concurrency is set to nothing",
        1,
        raises=DEAD_LETTERS | {"FunctionThrottled"},
        answer=Answer(alarm="FunctionThrottled", hours=(1, 3)),
        lifetimes=LONG,
    ),
    _renewal(
        "report mode forgotten",
        "the functions stand in report mode when a secret is renewed",
        2,
        raises=_STALLED,
        answer=_AT_STALLED,
        lifetimes=LONG,
    ),
    _renewal(
        "events not queued",
        "the rule may not send to the queue: its messages go to its dead letters after two hours",
        2,
        raises=frozenset({"ScheduleFailing"}),
        answer=Answer(alarm="ScheduleFailing", hours=(2, 10)),
        lifetimes=LONG,
    ),
)

_OF_CAS = (47, 90)
_ISSUANCE_STALLED = frozenset({"IssuanceStalled"})


def _issuance(name: str, what: str, times: int, **more: object) -> Fault:
    lifetimes = {"lifetimes": _OF_CAS}
    return Fault(name=name, what=what, times=times, begins="at an issuance", **lifetimes | more)  # type: ignore[arg-type]  # each is a field


_CAS = (
    _issuance(
        "a CA refuses",
        "a policy of the CA refuses a name until a person asks the CA",
        3,
        raises=_FAILING,
        answer=Answer(alarm="IssuanceFailing", hours=(2, 12)),
    ),
    _issuance(
        "CAA forbids",
        "a CAA record forbids the CA until a person corrects the record",
        2,
        raises=_FAILING,
        answer=Answer(alarm="IssuanceFailing", hours=(2, 12)),
    ),
    _issuance(
        "a CA refuses, ticket unread",
        "the same as the first, and nobody acts until paged",
        2,
        raises=_FAILING | _ISSUANCE_STALLED,
        answer=Answer(alarm="IssuanceStalled", hours=(1, 3)),
    ),
    _issuance(
        "a CA refuses, until paged",
        "the same, and nobody acts until the certificate is about to expire",
        1,
        raises=_FAILING | _ISSUANCE_STALLED | _AWAITED,
        answer=_AT_CRITICAL,
    ),
    _issuance(
        "a CA limits",
        "a limit of the CA is reached, and the CA says for how long",
        3,
        raises=_FAILING,
        hours=(10, 30),
    ),
    _issuance(
        "a CA is dark for days",
        "no answer from the CA",
        2,
        raises=_FAILING,
        hours=(40, 72),
    ),
    _issuance(
        "a CA is dark for too long",
        "no answer from the CA for longer than a third of what is left at the renewal",
        1,
        raises=_FAILING | _ISSUANCE_STALLED,
        lifetimes=(47,),
        hours=(140, 146),
    ),
    Fault(
        name="a CA revokes",
        what="the CA moves the renewal window of a certificate to the past",
        times=4,
    ),
    Fault(
        name="the look is off",
        what="somebody disables the schedule of the look",
        times=2,
        raises=frozenset({"IssuanceMissing"}),
        answer=Answer(alarm="IssuanceMissing", hours=(1, 4)),
    ),
    Fault(
        name="every look dies",
        what="each run of the issue function ends in a crash",
        times=1,
        raises=frozenset({"IssuanceMissing"}),
        answer=Answer(alarm="IssuanceMissing", hours=(1, 3)),
    ),
)

FAULTS: Mapping[str, Fault] = {
    each.name: each for each in (*_DELIVERIES, *_OPERATORS, *_AWS, *_FUNCTIONS, *_CAS)
}
"""Every kind, by its name."""
