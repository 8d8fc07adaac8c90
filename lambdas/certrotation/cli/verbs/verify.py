"""The verb `verify`: what endpoints serve, against what ACM holds."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import click

from certrotation.cli.commands import Example, verb
from certrotation.cli.exit_codes import ExitCode, first_of

if TYPE_CHECKING:
    import socket
    from collections.abc import Sequence

    from certrotation.cli.shell import Shell
    from certrotation.cli.verifying.gathering import Gathered
    from certrotation.cli.verifying.verdicts import Answer, Question

_STYLES = {
    "same": "green",
    "older": "yellow",
    "unreachable": "yellow",
    "late": "bold red",
    "other": "bold red",
}


@verb(
    "verify",
    examples=(
        Example("certrotation verify", "All endpoints"),
        Example("certrotation verify shop --all", "The endpoints of one secret, each handshake"),
        Example("certrotation verify --internal --json", "From inside a network, for a program"),
    ),
)
@click.argument("secrets", metavar="[SECRET...]", nargs=-1, help="Secrets; without any, all.")
@click.option("--all", "shows_all", is_flag=True, help="Show the handshakes that are right too.")
@click.option("--all-names", is_flag=True, help="Ask for every name of a certificate with many.")
@click.option(
    "--internal", is_flag=True, help="Connect to internal load balancers and addresses too."
)
@click.option(
    "--by-name",
    is_flag=True,
    help="Connect to the names of the certificates, as DNS resolves them, and not to the names that"
    " AWS gives its endpoints.",
)
def command(
    shell: Shell,
    secrets: Sequence[str],
    *,
    shows_all: bool,
    all_names: bool,
    internal: bool,
    by_name: bool,
) -> ExitCode:
    """Compare what endpoints serve with what ACM holds.

    The command opens TLS connections to load balancers, distributions and custom domains, with and
    without a name (SNI), and sends no request. A certificate that was imported a short time ago may
    not be served everywhere yet: that is "older", and "late" once the service had its time. The
    exit code is 3 if something is late, or something else is served.
    """
    from certrotation.cli.verifying.gathering import gather

    output = shell.output
    names = {_name(shell, each) for each in secrets}
    with output.progress("Reading certificates and endpoints"):
        gathered = gather(shell, names)
    endpoints = [each for each in gathered.found.endpoints if internal or not each.is_internal]
    skipped = len(gathered.found.endpoints) - len(endpoints)
    answers = _ask(
        shell,
        gathered,
        _questions(gathered, all_names=all_names, internal=internal),
        internal=internal,
        by_name=by_name,
    )
    counts = Counter(each.verdict.value for each in answers)
    _print(shell, [each for each in answers if shows_all or each.verdict.value != "same"])
    summary = ", ".join(f"{count} {verdict}" for verdict, count in sorted(counts.items()))
    output.say(f"{len(endpoints)} endpoints, {len(answers)} handshakes: {summary or 'none'}.")
    if skipped:
        output.note(f"{skipped} internal endpoints were not asked; --internal asks them.")
    for user, why in gathered.found.passed_over.items():
        output.note(f"{user} was not asked: {why}")
    for region, why in gathered.unreachable.items():
        output.warn(f"{region} could not be read: {why}")
    _document(shell, gathered, answers, counts)
    wrong = any(each.verdict.is_wrong for each in answers)
    return first_of(
        (
            ExitCode.ERROR if gathered.unreachable else ExitCode.DONE,
            ExitCode.FINDING if wrong else ExitCode.DONE,
        )
    )


def _name(shell: Shell, given: str) -> str:
    """Return the name of a secret that exists."""
    from certrotation.cli.unseen import described

    return described(shell.parts.account.secrets, shell.secret_name(given)).name


def _questions(gathered: Gathered, *, all_names: bool, internal: bool) -> list[Sequence[Question]]:
    from certrotation.cli.verifying.verdicts import questions

    return [
        list(questions(each, gathered.held, all_names=all_names))
        for each in gathered.found.endpoints
        if internal or not each.is_internal
    ]


def _ask(
    shell: Shell,
    gathered: Gathered,
    asked: list[Sequence[Question]],
    *,
    internal: bool,
    by_name: bool,
) -> list[Answer]:
    """Return the answers, gravest first."""
    from certrotation.cli.verifying import probe
    from certrotation.cli.verifying.verdicts import Verdict

    def connect(host: str, port: int) -> socket.socket:
        return probe.connect(host, port, may_be_internal=internal)

    prober = probe.Prober(held=gathered.held, now=shell.now, connect=connect, by_name=by_name)
    with shell.output.progress("Asking endpoints", len(asked)) as step:
        answers = prober.ask(asked, step)
    order = {verdict: number for number, verdict in enumerate(Verdict)}
    return sorted(answers, key=lambda each: order[each.verdict])


def _print(shell: Shell, answers: Sequence[Answer]) -> None:
    from certrotation.cli.output import Styled

    rows = [
        (
            Styled(each.verdict.value, _STYLES[each.verdict.value]),
            each.question.held.secret,
            each.question.name or "(without SNI)",
            f"{each.question.endpoint.host}:{each.question.endpoint.port}",
            each.question.endpoint.kind,
            each.because,
        )
        for each in answers
    ]
    if rows:
        shell.output.table(("verdict", "secret", "name", "endpoint", "kind", "served"), rows)


def _document(
    shell: Shell, gathered: Gathered, answers: Sequence[Answer], counts: Counter[str]
) -> None:
    shell.output.document(
        {
            "schema": shell.schema,
            "verdicts": dict(counts),
            "answers": [
                {
                    "secret": each.question.held.secret,
                    "certificate": each.question.held.arn,
                    "kind": each.question.endpoint.kind,
                    "resource": each.question.endpoint.resource,
                    "host": each.question.endpoint.host,
                    "port": each.question.endpoint.port,
                    "name": each.question.name,
                    "verdict": each.verdict.value,
                    "because": each.because,
                }
                for each in answers
            ],
            "passed_over": dict(gathered.found.passed_over),
            "unreachable_regions": dict(gathered.unreachable),
        }
    )
