"""The mail about a rotation that needs a person.

The rotation was refused, left a dependent stranded, or passed over a certificate in use.

The mail contains only findings, errors, names and dates. None of these ever contains a byte of a
secret's value.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from certrotation.core.findings import SOURCE_CODES, refusals
from certrotation.core.notify.notice import Notice, at
from certrotation.core.rotation.outcomes import Status
from certrotation.names.runbook import (
    DEPENDENTS_STRANDED,
    LIVE_CERTIFICATE_LEFT,
    MATERIAL_REFUSED,
    place_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from certrotation.core.estate.current_copies import CurrentCopy
    from certrotation.core.findings import Finding
    from certrotation.core.rotation.outcomes import RegionOutcome, RotationOutcome

EVERYWHERE = "all Regions"


class _Says(NamedTuple):
    """How a mail begins."""

    subject: str
    summary: str


_REFUSED = _Says(
    "refused",
    "New material was refused. The previous certificate stays live where it was refused.",
)
_SOURCE = _Says(
    "refused",
    "The secret takes its value from another account, and cannot be read there. The previous"
    " certificate stays live.",
)
_STRANDED = _Says(
    "stranded",
    "New material is live, but a listener or distribution uses the old certificate.",
)
_LEFT = _Says(
    "certificate left",
    "A certificate in use shares a name with new material, and this service does not renew it.",
)

_IN_A_REGION = {
    Status.DONE: "done: the new material is live",
    Status.PLANNED: "planned only; nothing was changed",
    Status.WAITING: "waiting for a dependent; continues automatically",
    Status.NOT_STARTED: "not started: waits until the canary Region succeeds",
    Status.AWAITING_ISSUANCE: "no certificate yet; the issuer writes it",
    Status.STRANDED: "imported, but a dependent still uses the old certificate",
    Status.REFUSED: "refused: nothing changes until a person acts",
    Status.FAILED: "failed; retried automatically",
}


def refusal_notice(
    stack: str,
    outcome: RotationOutcome,
    live: Mapping[str, tuple[CurrentCopy, ...]],
    *,
    left: Sequence[RegionOutcome] = (),
    runbook_url: str | None = None,
) -> Notice:
    """Return the mail about an outcome.

    Args:
        stack: the stack's name.
        outcome: a rotation that was refused or stranded, in every Region or in some, or that
            passed over certificates in use.
        live: the current copies by Region; a Region that was not read is missing.
        left: the Regions whose certificates in use are reported.
        runbook_url: the page of the team's own runbook, if there is one.
    """
    reasons, stranded = list(_reasons(outcome)), list(_stranded(outcome.regions))
    says = _refused(outcome) if reasons else _STRANDED if stranded else _LEFT
    return Notice.of(
        stack=stack,
        says=says.subject,
        about=outcome.secret,
        lines=(
            says.summary,
            "",
            *_about(stack, outcome),
            *_section("Reasons", reasons),
            *_section("Answers of AWS before", _answers(outcome.regions)),
            *_section("Dependents that use the old certificate", stranded),
            *_section("Certificates in use that this service does not renew", _left(left)),
            *_section("Status by Region", _regions(outcome.regions)),
            *_section("Currently live", _live(live)),
            *_section("What to do", _what_to_do(reasons, stranded, left, runbook_url)),
        ),
    )


def _refused(outcome: RotationOutcome) -> _Says:
    is_of_source = any(each.code in SOURCE_CODES for each in refusals(outcome.findings))
    return _SOURCE if is_of_source else _REFUSED


def _about(stack: str, outcome: RotationOutcome) -> Iterator[str]:
    yield f"Secret: {outcome.secret}"
    secret = outcome.described
    if secret is not None:
        yield f"Version: {secret.current_version or ('unknown' if secret.is_reference else 'none')}"
        if secret.origin is not None:
            yield f"Source: {secret.origin.arn}"
        if secret.last_changed:
            yield f"Changed: {at(secret.last_changed)}"
        if secret.is_held:
            yield "On hold: the secret has the tag certrotation:hold, so nothing is applied"
    yield f"Stack: {stack}"


def _section(title: str, lines: Iterable[str]) -> Iterator[str]:
    """Yield a section, or nothing if the section has no lines."""
    indented = [f"  {each}" for each in lines]
    if indented:
        yield from ("", f"{title}:", *indented)


def _reasons(outcome: RotationOutcome) -> Iterator[str]:
    """Yield every refusal and its Region: of the material, of the plan, or by AWS."""
    for region in outcome.regions:
        for each in refusals(region.findings):
            yield from _finding(region.region, each)
        yield from _error(region.region, region)
    for each in refusals(outcome.findings):
        yield from _finding(EVERYWHERE, each)
    yield from _error(EVERYWHERE, outcome)


def _finding(where: str, finding: Finding) -> Iterator[str]:
    return _reason(where, finding.code.value, finding.found, finding.remedy)


def _error(where: str, outcome: RegionOutcome | RotationOutcome) -> Iterator[str]:
    if outcome.error is not None and outcome.status is Status.REFUSED:
        error = outcome.error
        yield from _reason(where, error.code, error.found, error.remedy)


def _reason(where: str, code: str, found: str, remedy: str) -> Iterator[str]:
    yield f"{where}: {code}"
    yield f"  Found: {found}"
    yield f"  Remedy: {remedy}"


def _left(regions: Iterable[RegionOutcome]) -> Iterator[str]:
    for region in regions:
        for each in region.left:
            yield from _finding(region.region, each)


def _answers(regions: Iterable[RegionOutcome]) -> Iterator[str]:
    """Yield what AWS rejected before a later plan was refused too, or left a dependent stranded."""
    for region in regions:
        if region.status in {Status.REFUSED, Status.STRANDED}:
            yield from (f"{region.region}: {each}" for each in region.notes)


def _stranded(regions: Iterable[RegionOutcome]) -> Iterator[str]:
    for region in regions:
        for each in region.stranded:
            yield f"{region.region}: {each.dependent}: {each.because}"


def _regions(regions: Iterable[RegionOutcome]) -> Iterator[str]:
    return (f"{each.region}: {_IN_A_REGION[each.status]}" for each in regions)


def _live(live: Mapping[str, tuple[CurrentCopy, ...]]) -> Iterator[str]:
    for region, copies in live.items():
        if not copies:
            yield f"{region}: no copy yet"
        for copy in copies:
            expiry = f"expires {at(copy.ends)}" if copy.ends else "expiry not recorded"
            yield f"{region}: {copy.arn}, {expiry}"


def _what_to_do(
    reasons: Sequence[str],
    stranded: Sequence[str],
    left: Sequence[RegionOutcome],
    runbook_url: str | None,
) -> Iterator[str]:
    # A mail program would make a full stop after a link a part of the link.
    end = "" if runbook_url else "."
    if reasons:
        yield f"Follow {place_of(MATERIAL_REFUSED, runbook_url)}{end}"
    if stranded:
        yield f"Follow {place_of(DEPENDENTS_STRANDED, runbook_url)}{end}"
    if left:
        yield f"Follow {place_of(LIVE_CERTIFICATE_LEFT, runbook_url)}{end}"
    if not reasons and not stranded:
        yield "You get this mail once a version of the secret."
        return
    yield "The rotation retries automatically after the fix, at the latest at the next scan."
    yield "Until then you get one reminder a day."
