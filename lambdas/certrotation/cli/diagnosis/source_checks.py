"""Checks the references to secrets of other accounts: which policy is missing, and where.

Actions: logs:FilterLogEvents on the log group of rotate; what the caller may not describe at a
source, the roles of the service may: their own refusals are in that log.

If a member of an answer is absent: a log event without a message or a time is left out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from certrotation.aws.errors import translated
from certrotation.aws.rotation_log import outcome_in
from certrotation.cli.diagnosis.results import Result, named, ok, unknown, wrong
from certrotation.core.findings import SOURCE_CODES
from certrotation.core.rotation.outcomes import Status
from certrotation.errors import CertRotationError, SettingsError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from certrotation.cli.shell import Shell
    from certrotation.core.estate.inventory import ManagedSecret

_CHECK = "sources"
_LINK = "docs/accounts.md#secrets-of-another-account"
_INTERVALS = 2
"""A reference that is refused is refused again at each scan."""


class _Refusal(NamedTuple):
    """What rotate logged of a reference."""

    found: str
    remedy: str


def check_sources(shell: Shell, secrets: Sequence[ManagedSecret]) -> Iterator[Result]:
    """Check every reference, as these credentials see it and as rotate was refused."""
    references = {each.name: each for each in secrets if each.is_reference}
    if not references:
        return
    broken: set[str] = set()
    for name, each in references.items():
        problem = each.source_problem
        if problem is not None:
            broken.add(name)
            yield _wrong(name, problem.found, problem.remedy)
    try:
        refused = _refused(shell)
    except CertRotationError as error:
        yield unknown(
            check=_CHECK,
            found=f"The refusals of rotate cannot be read: {error.found}",
            remedy="Read the log of rotate: the runbook's heading MaterialRefused has the query.",
            link=_LINK,
        )
        return
    for name, (found, remedy) in refused.items():
        if name in references and name not in broken:
            broken.add(name)
            yield _wrong(name, f"rotate was refused: {found}", remedy)
    fine = [each for each in references if each not in broken]
    if fine:
        yield ok(_CHECK, f"No refusal of {named(fine)} in the last {_INTERVALS} scan intervals")


def _wrong(name: str, found: str, remedy: str) -> Result:
    return wrong(check=_CHECK, found=f"{name}: {found}", remedy=remedy, link=_LINK)


def _refused(shell: Shell) -> Mapping[str, _Refusal]:
    """Return the last refusal of each reference by its source, from the log of rotate.

    Raises:
        CertRotationError: the log is not known, or cannot be read.
    """
    stack = shell.configuration.stack
    if stack is None or stack.rotate_logs is None:
        raise SettingsError("No stack was found that names the log of rotate.", "")
    since = shell.now - _INTERVALS * shell.settings.scan_interval
    with translated("logs:FilterLogEvents", stack.rotate_logs):
        pages = (
            shell.client("logs")
            .get_paginator("filter_log_events")
            .paginate(
                logGroupName=stack.rotate_logs,
                startTime=int(since.timestamp() * 1_000),
                filterPattern=" ".join(f"?{each.value}" for each in sorted(SOURCE_CODES)),
            )
        )
        events = [each for page in pages for each in page.get("events", ())]
    told = [each for each in events if "message" in each and "timestamp" in each]
    return dict(_refusals(sorted(told, key=lambda each: each["timestamp"])))


def _refusals(events: Iterable[Mapping[str, Any]]) -> Iterator[tuple[str, _Refusal]]:
    for event in events:
        rotation = outcome_in(event["message"])
        if rotation is None or rotation.get("status") != Status.REFUSED:
            continue
        for each in rotation.get("findings") or ():
            if each.get("code") in SOURCE_CODES:
                refusal = _Refusal(each.get("found") or "", each.get("remedy") or "")
                yield rotation.get("secret") or "", refusal
