"""Take each statement away from the deployed roles: `python -m tests.e2e.each_statement`.

One run a statement, each of which must fail: then none of them is there for nothing. The exit code
is 0 only if all did.
"""

from __future__ import annotations

import re
import subprocess
import sys
from typing import TYPE_CHECKING

from rich.table import Table

from certrotation.aws.dependents.registry import DEFAULT, ENTRIES, statements_of
from tests.acme.pebble import PROGRAM
from tests.demo.screen import make_console
from tests.e2e.declared import DECLARED
from tests.e2e.places import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from certrotation.aws.dependents.statement import Statement

_ON_EVERYTHING = frozenset(
    action
    for name in DEFAULT
    for statement in statements_of(name)
    if statement.for_edge_with
    for action in statement.actions
)
"""What the statement of an edge-optimized domain name allows, so that no other one does."""
_DECLARED = frozenset(each.action for each in DECLARED if each.role == "rotate")


def _granted() -> Iterator[Statement]:
    """Yield the statements of all kinds, but those that allow what others allow (`infra`)."""
    granted = set[tuple[str, tuple[str, ...]]]()
    for entry in sorted(ENTRIES, key=lambda each: not each.is_default):
        for statement in statements_of(entry.name):
            allowed = {(action, statement.resources) for action in statement.actions}
            if not allowed <= granted:
                yield statement
            granted |= allowed


ISSUING = (
    "ListSecrets",
    "ReadAndReleaseSecrets",
    "WriteSecretsWithAnIssuer",
    "KeepAccounts",
    "ReadZones",
    "ProveNames",
    "WaitForChanges",
    "BeginRotations",
    "BeInvokedByRotations",
    "NotifyOfIssuances",
)
"""The statements of the issue function's role; they are exercised where Pebble is."""

EXERCISED = (
    "QueueRotations",
    "ListTheEstate",
    "ReadTags",
    "DescribeManagedSecrets",
    "DeleteSupersededCopies",
    "WorkOnMessages",
    "ReadManagedSecrets",
    "FindCopies",
    "ReadCertificates",
    "ImportAndAdopt",
    "ReimportAndMarkCopies",
    "TellOfRefusals",
    *(
        statement.sid
        for statement in _granted()
        if not _DECLARED.issuperset(statement.actions)
        and not statement.names_settings
        and (statement.for_edge_with or not _ON_EVERYTHING.issuperset(statement.actions))
    ),
    *(ISSUING if PROGRAM.exists() else ()),
)
"""Every statement that allows from the first deployment on, but those whose actions are all
declared (`declared`), or granted to another kind."""

# Nothing else counts: a run that did not begin shows nothing.
_FAILED = re.compile(
    r"FAIL: .*|tests\.e2e\.deployed\.NeverError: .*|RuntimeError: ACCESS_DENIED: .*"
)


def main() -> bool:
    """Run them one after the other; returns whether each run failed."""
    table = Table("without", "what did not hold", title="the deployed run, a statement short")
    failed = []
    for sid in EXERCISED:
        said, code = _run(sid)
        found = next(_failures(said), "-") if code else "everything held"
        failed.append(code != 0 and found != "-")
        table.add_row(sid, found)
    make_console().print(table)
    return all(failed)


def _run(sid: str) -> tuple[str, int]:
    finished = subprocess.run(  # noqa: S603  no shell; every word is ours
        [sys.executable, "-m", "tests.e2e", "--without", sid],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    return f"{finished.stdout}\n{finished.stderr}", finished.returncode


def _failures(said: str) -> Iterator[str]:
    for line in said.splitlines():
        if _FAILED.match(line):
            yield line[:100]


if __name__ == "__main__":
    sys.exit(0 if main() else 1)
