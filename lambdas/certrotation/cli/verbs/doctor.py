"""The verb `doctor`: what is wrong, and what to do."""

from __future__ import annotations

from collections import Counter
from functools import partial
from typing import TYPE_CHECKING

from certrotation.cli.commands import Example, verb
from certrotation.cli.exit_codes import ExitCode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from certrotation.cli.diagnosis.results import Result
    from certrotation.cli.shell import Shell

_STYLES = {"ok": "green", "warning": "yellow", "wrong": "bold red", "unknown": "magenta"}


@verb(
    "doctor",
    examples=(
        Example("certrotation doctor", "Check everything"),
        Example("certrotation doctor --stack acme-tls-prod --json", "Check one deployment"),
    ),
)
def command(shell: Shell) -> ExitCode:
    """Diagnose the account, the service and the estate.

    The command checks credentials, clock, Regions, permissions, quotas, the stack with its
    version and mode, the last scan, alarms and who is subscribed to them, the subscription to the
    topic of another account's secrets, secrets that nothing uses, prefixes, live certificates that
    are left, ARN parameters, and secrets of other accounts that a policy denies. Each problem has a
    remedy and a page of the documents. Nothing is changed. The exit code is 3 if something is
    wrong.
    """
    output = shell.output
    with output.progress("Checking"):
        results = list(_results(shell))
    for each in results:
        _print(shell, each)
    counts = Counter(each.health.value for each in results)
    output.say(", ".join(f"{count} {health}" for health, count in sorted(counts.items())) + ".")
    output.document(
        {
            "schema": shell.schema,
            "results": [
                {
                    "check": each.check,
                    "health": each.health.value,
                    "found": each.found,
                    "remedy": each.remedy,
                    "link": each.link,
                }
                for each in results
            ],
        }
    )
    return ExitCode.FINDING if counts["wrong"] else ExitCode.DONE


def _results(shell: Shell) -> Iterator[Result]:
    """Make every check; one that cannot be made is unknown, and the others go on."""
    from certrotation.cli.diagnosis import account_checks as account
    from certrotation.cli.diagnosis import service_checks as service
    from certrotation.cli.diagnosis.results import wrong
    from certrotation.cli.diagnosis.subscription_checks import (
        SOURCE_TOPIC_CHECK,
        check_source_topic,
    )
    from certrotation.cli.remedies import remedy_of
    from certrotation.errors import CertRotationError

    try:
        yield from account.check_identity(shell)
        stack = shell.configuration.stack
    except CertRotationError as error:  # nothing else can be asked
        yield wrong(check="credentials and settings", found=error.found, remedy=remedy_of(error))
        return
    yield from _safely("Regions", lambda: account.check_regions(shell))
    yield from _safely("permissions", lambda: account.check_permissions(shell))
    yield from _safely("stack", lambda: service.check_stack(shell))
    if stack is not None:
        yield from _safely("last scan", lambda: service.check_last_scan(shell))
        yield from _safely("alarms", lambda: service.check_alarms(shell, stack))
        yield from _safely(SOURCE_TOPIC_CHECK, lambda: check_source_topic(shell, stack))
    yield from _safely("prefix", lambda: service.check_prefixes(shell))
    yield from _safely("estate", lambda: _estate(shell))


def _estate(shell: Shell) -> Iterator[Result]:
    from certrotation.cli.diagnosis.account_checks import check_quotas
    from certrotation.cli.diagnosis.estate_checks import check_estate
    from certrotation.cli.diagnosis.parameter_checks import check_parameters
    from certrotation.cli.diagnosis.source_checks import check_sources
    from certrotation.workflows.inventory import inventory

    account = shell.parts.account
    policy = shell.parts.scan_policy
    seen = inventory(account, policy, shell.now)
    secrets = seen.secrets
    yield from check_estate(seen, secrets, shell.now)
    yield from _safely("sources", lambda: check_sources(shell, secrets))
    if account.publisher is not None and policy.arn_parameters is not None:
        checked = partial(
            check_parameters,
            account.publisher.parameters,
            policy.arn_parameters,
            seen,
            secrets,
            policy.targets,
        )
        yield from _safely("ARN parameters", checked)
    used = Counter(each.certificate.region for each in seen.assessment.statuses)
    readable = {each: used[each] for each in account.regions if each not in seen.unreachable}
    yield from check_quotas(shell, readable)


def _safely(check: str, make: Callable[[], Iterable[Result]]) -> Iterator[Result]:
    from certrotation.cli.diagnosis.results import unknown
    from certrotation.cli.remedies import remedy_of
    from certrotation.errors import CertRotationError

    try:
        yield from make()
    except CertRotationError as error:
        yield unknown(check=check, found=error.found, remedy=remedy_of(error))


def _print(shell: Shell, result: Result) -> None:
    from certrotation.cli.output import Styled

    health = result.health.value
    shell.output.say([Styled(f"{health:8}", _STYLES[health]), f"{result.check}: {result.found}"])
    more = " ".join(each for each in (result.remedy, result.link and f"See {result.link}.") if each)
    if more:
        shell.output.say(more, indent=8)
