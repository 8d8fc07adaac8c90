"""Decides permissions by a policy, as the gate of the deployed functions does.

Runs where ministack is installed: `.venv-e2e/bin/python -m tests.cli.decide`. Reads JSON from
standard input: a policy document and contexts; prints the statement that allows each context, or an
empty text.
"""

from __future__ import annotations

import json
import sys

from tests.e2e.gate.evaluator import Context, Evaluator


def main() -> None:
    """Decide everything that standard input asks."""
    asked = json.load(sys.stdin)
    evaluator = Evaluator()
    decided = []
    for each in asked["contexts"]:
        context = Context(**{**each, "tag_keys": tuple(each["tag_keys"])})
        verdict = evaluator.decide(context, [asked["policy"]])
        decided.append(verdict.statement if verdict.allowed else "")
    json.dump(decided, sys.stdout)


if __name__ == "__main__":
    main()
