"""That the roles allow what the functions do, and no more: by what was decided in this run."""

from __future__ import annotations

import json
import subprocess
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.e2e.declared import DECLARED, Declared
from tests.e2e.gate.evaluator import listed, name_of, statements_of
from tests.e2e.places import EMULATOR_PYTHON, ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tests.e2e.gate.judge import Record

_CONTEXT = ("action", "resource", "region", "resource_tags", "request_tags", "tag_keys", "keys")


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """One action of one statement that allows."""

    statement: str
    """Its Sid, or its actions if it has none."""
    action: str
    without: Sequence[Mapping[str, Any]]
    """The role's documents without this."""

    @property
    def words(self) -> str:
        """The action and its statement."""
        return f"{self.action} of {self.statement}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What a run shows of a grant."""

    grant: Grant
    calls: int
    """Recorded calls that would be denied without it."""
    is_declared: bool

    @property
    def holds(self) -> bool:
        """Whether it is either shown to be needed or declared, and not both."""
        return bool(self.calls) is not self.is_declared


def findings(
    role: str, documents: Sequence[Mapping[str, Any]], records: Sequence[Record]
) -> list[Finding]:
    """Return, for each grant of a role, how many recorded calls need it.

    Args:
        role: `scan` or `rotate`.
        documents: its policies as deployed.
        records: what was decided for it.
    """
    contexts, times = _contexts(records)
    every = list(grants(documents))
    answers = _ask(
        {"variants": [documents, *(each.without for each in every)], "contexts": contexts}
    )
    present, *without = answers
    if not all(present):
        raise AssertionError(f"the role of {role} does not allow what was recorded as allowed")
    return [
        Finding(
            grant=grant,
            calls=sum(count for allowed, count in zip(row, times, strict=True) if not allowed),
            is_declared=_is_declared(role, grant),
        )
        for grant, row in zip(every, without, strict=True)
    ]


def _is_declared(role: str, grant: Grant) -> bool:
    return any(each.role == role and _means(each, grant) for each in DECLARED)


def _means(declared: Declared, grant: Grant) -> bool:
    return declared.action == grant.action and declared.statement in {"", grant.statement}


def unheld(role: str, documents: Sequence[Mapping[str, Any]]) -> set[str]:
    """Return the actions that are declared for a role which its policies do not hold."""
    held = list(grants(documents))
    return {
        each.action
        for each in DECLARED
        if each.role == role and not any(_means(each, grant) for grant in held)
    }


def grants(documents: Sequence[Mapping[str, Any]]) -> Iterator[Grant]:
    """Yield each action of each statement that allows, with the documents as they were without."""
    for number, document in enumerate(documents):
        for place, statement in enumerate(statements_of(document)):
            if statement["Effect"] != "Allow":
                continue
            for action in listed(statement["Action"]):
                yield Grant(
                    statement=name_of(statement),
                    action=action,
                    without=[
                        _without(each, place, action) if other == number else each
                        for other, each in enumerate(documents)
                    ],
                )


def without_statement(document: Mapping[str, Any], sid: str) -> dict[str, Any]:
    """Return a document without the statement of this Sid."""
    return {
        **document,
        "Statement": [each for each in statements_of(document) if each.get("Sid") != sid],
    }


def wrong_cases() -> list[str]:
    """Return what the evaluator gets wrong of IAM's User Guide."""
    wrong: list[str] = _ask({"cases": True})
    return wrong


def _without(document: Mapping[str, Any], place: int, action: str) -> dict[str, Any]:
    statements = statements_of(document)
    left = [each for each in listed(statements[place]["Action"]) if each != action]
    changed = [{**statements[place], "Action": left}] if left else []
    return {**document, "Statement": [*statements[:place], *changed, *statements[place + 1 :]]}


def _contexts(records: Sequence[Record]) -> tuple[list[dict[str, Any]], list[int]]:
    """Return the different contexts that were allowed, and how often each."""
    counted = Counter(
        json.dumps({name: getattr(each, name) for name in _CONTEXT}, sort_keys=True)
        for each in records
        if each.allowed
    )
    return [json.loads(each) for each in counted], list(counted.values())


def _ask(question: Mapping[str, Any]) -> Any:
    finished = subprocess.run(  # noqa: S603  our own module
        [str(EMULATOR_PYTHON), "-m", "tests.e2e.gate.replay"],
        cwd=ROOT,
        input=json.dumps(question),
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(finished.stdout)
