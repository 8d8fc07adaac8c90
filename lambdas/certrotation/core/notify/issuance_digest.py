"""The weekly digest of the issuer's work: what was issued in the last 7 days, and what fails."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from certrotation.core.issuance.report import State
from certrotation.core.notify.digest import LOOKS_AHEAD, LOOKS_BACK
from certrotation.core.notify.notice import Notice, at
from certrotation.names.runbook import ISSUANCE_FAILING, place_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from certrotation.core.issuance.report import LookReport


def issuance_digest(stack: str, report: LookReport, *, runbook_url: str | None = None) -> Notice:
    """Return the digest of a look.

    Args:
        stack: the stack's name.
        report: the report of the look.
        runbook_url: the page of the team's own runbook, if there is one.
    """
    return Notice.of(
        stack=stack,
        says=f"weekly digest of issuances {report.now:%Y-%m-%d}",
        lines=(
            f"Stack {stack}, look of {at(report.now)}.",
            "",
            _counts(report),
            *_section("Issued in the last 7 days", _issued(report)),
            *_section("Not issued", _failing(report, runbook_url)),
            *_section("Renewed within 30 days", _coming(report)),
        ),
    )


def _counts(report: LookReport) -> str:
    counted = {state: sum(each.state is state for each in report.looked) for state in State}
    named = ", ".join(f"{count:,} {state.value}" for state, count in counted.items() if count)
    return f"Secrets with an issuer: {named or 'none'}."


def _section(title: str, lines: Iterable[str]) -> Iterator[str]:
    yield from ("", f"{title}:")
    yield from [f"  {each}" for each in lines] or ["  none"]


def _issued(report: LookReport) -> Iterator[str]:
    """Yield who issued each certificate of the last week, and the rule that decided."""
    for each in report.looked:
        issued = each.issued
        if issued is None or not report.now - LOOKS_BACK < issued.at <= report.now:
            continue
        yield each.secret
        yield f"  issued by {issued.by} {at(issued.at)}, expires {at(issued.not_after)}"
        yield f"  version {issued.version}, because {issued.because}"


def _failing(report: LookReport, runbook_url: str | None) -> Iterator[str]:
    failing = [(each, each.cause) for each in report.looked if each.cause is not None]
    for each, cause in failing:
        yield each.secret
        yield f"  {cause.code}: {cause.found}"
        if each.since:
            yield f"  since {at(datetime.fromtimestamp(each.since, UTC))}"
    if failing:
        # A mail program would make a full stop after a link a part of the link.
        yield f"Follow {place_of(ISSUANCE_FAILING, runbook_url)}{'' if runbook_url else '.'}"


def _coming(report: LookReport) -> Iterator[str]:
    """Yield the renewals that the rules have set for the coming weeks, the first one first."""
    known = [(each.renewal, each.secret) for each in report.looked if each.renewal is not None]
    for renewal, secret in sorted(known, key=lambda each: each[0].at):
        if renewal.at <= report.now + LOOKS_AHEAD:
            when = "now" if renewal.is_due(report.now) else at(renewal.at)
            yield f"{secret}: {when}, because {renewal.rule}"
