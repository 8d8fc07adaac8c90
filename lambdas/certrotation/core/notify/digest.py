"""The weekly digest: what was rotated in the last seven days, and what comes due in the next 30."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import timedelta
from typing import TYPE_CHECKING, TypeAlias

from certrotation.core.notify.notice import Notice, at
from certrotation.core.scan.classification import State

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from certrotation.core.scan.assessment import CertificateStatus
    from certrotation.core.scan.report import ScanReport

_Tell: TypeAlias = "Callable[[CertificateStatus], str]"

LOOKS_BACK = timedelta(days=7)
LOOKS_AHEAD = timedelta(days=30)

_NAMES_SHOWN = 3


def digest(stack: str, report: ScanReport) -> Notice:
    """Return the digest of what a scan saw.

    A copy was rotated when ACM says that something was imported under its ARN. It comes due when
    its warning window opens, which is before it expires: what is in its window already is listed
    too. Of what is unmanaged only certificates in use are.

    Args:
        stack: the stack's name.
        report: of the scan.
    """
    now, verdicts = report.now, report.assessment.verdicts
    copies = [each for each in verdicts if each.state.is_managed]
    strangers = [
        each for each in verdicts if each.state is State.UNMANAGED and each.certificate.in_use
    ]
    rotated = [each for each in copies if _was_imported(each, now - LOOKS_BACK, now)]
    return Notice.of(
        stack=stack,
        says=f"the week to {now:%Y-%m-%d}",
        lines=(
            f"What the scan of {at(now)} saw in {stack}.",
            "",
            *_standing(verdicts),
            *_not_read(report.unreachable),
            *_section("Rotated in the last 7 days", _by_secret(rotated, _imported)),
            *_section("Comes due in the next 30 days", _by_secret(_due(copies, now), _end(now))),
            *_section("Unmanaged, comes due in the next 30 days", _strangers(strangers, now)),
        ),
    )


def _was_imported(verdict: CertificateStatus, begin: datetime, end: datetime) -> bool:
    imported = verdict.certificate.imported_at
    return imported is not None and begin < imported <= end


def _due(verdicts: Iterable[CertificateStatus], now: datetime) -> list[CertificateStatus]:
    """Return those whose warning window is open or opens soon, those first that end first."""
    due = [each for each in verdicts if each.windows.warning_opens <= now + LOOKS_AHEAD]
    return sorted(due, key=lambda each: each.certificate.not_after)


def _standing(verdicts: Iterable[CertificateStatus]) -> Iterator[str]:
    states = Counter(each.state for each in verdicts)
    counted = [f"{states[each]:,} {each.value}" for each in State if states[each]]
    yield f"Certificates: {', '.join(counted) or 'none'}."


def _not_read(unreachable: Mapping[str, str]) -> Iterator[str]:
    for region in unreachable:
        yield f"{region} could not be read: nothing of it is told here."


def _section(title: str, lines: Iterable[str]) -> Iterator[str]:
    yield from ("", f"{title}:")
    yield from [f"  {each}" for each in lines] or ["  nothing"]


def _by_secret(verdicts: Sequence[CertificateStatus], tell: _Tell) -> Iterator[str]:
    """Yield a line for each secret, in the order in which they come first, and for each copy."""
    of_secret: defaultdict[str | None, list[CertificateStatus]] = defaultdict(list)
    for each in verdicts:
        of_secret[each.marks.secret].append(each)
    for secret, copies in of_secret.items():
        yield f"{secret}"
        yield from (f"  {each.certificate.region}: {tell(each)}" for each in copies)


def _imported(verdict: CertificateStatus) -> str:
    certificate = verdict.certificate
    when = at(certificate.imported_at) if certificate.imported_at else ""
    return f"imported {when}, expires {at(certificate.not_after)}"


def _end(now: datetime) -> _Tell:
    def tell(verdict: CertificateStatus) -> str:
        ends, opens = verdict.certificate.not_after, verdict.windows.warning_opens
        expiry = f"{'expired' if ends <= now else 'expires'} {at(ends)}"
        if verdict.state is State.DUE:
            return f"{expiry}; due: newer material is there and not live yet"
        if opens <= now:
            return f"{expiry}; nobody has renewed it yet"
        return f"{expiry}; a warning comes {at(opens)} if nobody renews it"

    return tell


def _strangers(verdicts: Iterable[CertificateStatus], now: datetime) -> Iterator[str]:
    tell = _end(now)
    for each in _due(verdicts, now):
        names = sorted(each.certificate.names)
        more = ", ..." if len(names) > _NAMES_SHOWN else ""
        yield f"{each.certificate.region}: {', '.join(names[:_NAMES_SHOWN])}{more}"
        yield f"  {each.certificate.arn}"
        yield f"  {tell(each)}; {each.because}"
