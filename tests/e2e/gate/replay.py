"""Decides recorded calls anew: `python -m tests.e2e.gate.replay` reads JSON and writes JSON.

In goes `{"variants": [[document, ...], ...], "contexts": [...]}`, out comes a list for each variant
that says of each context whether it is allowed. With `{"cases": true}` it checks the evaluator
against the cases from IAM's User Guide and writes those that it gets wrong.
"""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

from tests.e2e.gate import evaluator
from tests.e2e.gate.cases import FAILING, HOLDING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.e2e.gate.cases import Case

_ACTION = "acm:ListCertificates"


def main() -> None:
    """Answer one question."""
    question = json.load(sys.stdin)
    answer = _wrong_cases() if question.get("cases") else _replayed(question)
    json.dump(answer, sys.stdout)


def _replayed(question: Mapping[str, Any]) -> list[list[bool]]:
    decider = evaluator.Evaluator()
    contexts = [evaluator.Context(**each) for each in question["contexts"]]
    return [
        [decider.decide(each, documents).allowed for each in contexts]
        for documents in question["variants"]
    ]


def _wrong_cases() -> list[str]:
    """Return the cases that ministack's evaluator, as it is put right, decides otherwise."""
    decider = evaluator.Evaluator()
    return [
        f"{case.operator} {case.actual} {case.expected}: {case.because}"
        for cases, holds in ((HOLDING, True), (FAILING, False))
        for case in cases
        if _holds(decider, case) is not holds
    ]


def _holds(decider: evaluator.Evaluator, case: Case) -> bool:
    is_many_valued = case.operator.startswith("For")
    statement = {
        "Effect": "Allow",
        "Action": _ACTION,
        "Resource": "*",
        "Condition": {
            case.operator: {
                "aws:TagKeys" if is_many_valued else "aws:RequestTag/key": list(case.expected)
            }
        },
    }
    values = case.actual or ()
    context = evaluator.Context(
        action=_ACTION,
        resource="*",
        region="us-east-1",
        resource_tags={},
        request_tags={"Key": values[0]} if values and not is_many_valued else {},
        tag_keys=values if is_many_valued else (),
    )
    return decider.decide(context, [{"Statement": [statement]}]).allowed


if __name__ == "__main__":
    main()
