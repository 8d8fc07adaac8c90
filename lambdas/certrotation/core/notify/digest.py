"""The weekly digest: what was rotated in the last 7 days, and what is about to expire."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import timedelta
from typing import TYPE_CHECKING, TypeAlias

from certrotation.core.notify.notice import Notice, at
from certrotation.core.scan.classification import SOURCE_UNKNOWN, State

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from certrotation.core.scan.assessment import CertificateStatus
    from certrotation.core.scan.report import ScanReport

_Describe: TypeAlias = "Callable[[CertificateStatus], str]"

LOOKS_BACK = timedelta(days=7)
LOOKS_AHEAD = timedelta(days=30)

_NAMES_SHOWN = 3


def digest(stack: str, report: ScanReport) -> Notice:
    """Return the digest of a scan.

    A copy was rotated at the time of the last import under its ARN, as ACM lists it. A certificate
    is about to expire if its warning window is open or opens within 30 days. Of the unmanaged
    certificates only those in use are listed.

    Args:
        stack: the stack's name.
        report: the report of the scan.
    """
    now, statuses = report.now, report.assessment.statuses
    copies = [each for each in statuses if each.state.is_managed]
    unmanaged = [
        each for each in statuses if each.state is State.UNMANAGED and each.certificate.in_use
    ]
    rotated = [each for each in copies if _was_imported(each, now - LOOKS_BACK, now)]
    return Notice.of(
        stack=stack,
        says=f"weekly digest of {now:%Y-%m-%d}",
        lines=(
            f"Stack {stack}, scan of {at(now)}.",
            "",
            *_counts(statuses),
            *_not_read(report.unreachable),
            *_section("Rotated in the last 7 days", _by_secret(rotated, _imported)),
            *_section(
                "About to expire (warning now or within 30 days)",
                _by_secret(_about_to_expire(copies, now), _expiry(now)),
            ),
            *_section(
                "Unmanaged and about to expire (warning now or within 30 days)",
                _unmanaged(unmanaged, now),
            ),
        ),
    )


def _was_imported(status: CertificateStatus, begin: datetime, end: datetime) -> bool:
    imported = status.certificate.imported_at
    return imported is not None and begin < imported <= end


def _about_to_expire(
    statuses: Iterable[CertificateStatus], now: datetime
) -> list[CertificateStatus]:
    """Return those whose warning window is open or opens within 30 days, by expiry."""
    soon = [each for each in statuses if each.windows.warning_opens <= now + LOOKS_AHEAD]
    return sorted(soon, key=lambda each: each.certificate.not_after)


def _counts(statuses: Iterable[CertificateStatus]) -> Iterator[str]:
    states = Counter(each.state for each in statuses)
    counted = [f"{states[each]:,} {each.value}" for each in State if states[each]]
    yield f"Certificates: {', '.join(counted) or 'none'}."


def _not_read(unreachable: Mapping[str, str]) -> Iterator[str]:
    for region in unreachable:
        yield f"{region} could not be read. This digest does not include it."


def _section(title: str, lines: Iterable[str]) -> Iterator[str]:
    yield from ("", f"{title}:")
    yield from [f"  {each}" for each in lines] or ["  none"]


def _by_secret(statuses: Sequence[CertificateStatus], describe: _Describe) -> Iterator[str]:
    """Yield a line for each secret, in the order of its first copy, and a line for each copy."""
    of_secret: defaultdict[str | None, list[CertificateStatus]] = defaultdict(list)
    for each in statuses:
        of_secret[each.marks.secret].append(each)
    for secret, copies in of_secret.items():
        yield f"{secret}"
        yield from (f"  {each.certificate.region}: {describe(each)}" for each in copies)


def _imported(status: CertificateStatus) -> str:
    certificate = status.certificate
    when = at(certificate.imported_at) if certificate.imported_at else ""
    return f"imported {when}, expires {at(certificate.not_after)}"


def _expiry(now: datetime) -> _Describe:
    def describe(status: CertificateStatus) -> str:
        ends, opens = status.certificate.not_after, status.windows.warning_opens
        expiry = f"{'expired' if ends <= now else 'expires'} {at(ends)}"
        if status.because == SOURCE_UNKNOWN:
            return f"{expiry}; due: {SOURCE_UNKNOWN}"
        if status.state is State.DUE:
            return f"{expiry}; due: the secret contains newer material that is not live yet"
        if opens <= now:
            return f"{expiry}; not renewed yet"
        return f"{expiry}; warning from {at(opens)} if not renewed"

    return describe


def _unmanaged(statuses: Iterable[CertificateStatus], now: datetime) -> Iterator[str]:
    describe = _expiry(now)
    for each in _about_to_expire(statuses, now):
        names = sorted(each.certificate.names)
        more = ", ..." if len(names) > _NAMES_SHOWN else ""
        yield f"{each.certificate.region}: {', '.join(names[:_NAMES_SHOWN])}{more}"
        yield f"  {each.certificate.arn}"
        yield f"  {describe(each)}; {each.because}"
