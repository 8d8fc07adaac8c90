"""ministack's policy evaluator, with what it lacks and put right where IAM has it otherwise.

Runs where ministack is installed. Of ministack 1.5.33:

- `aws:ResourceTag` is never there by itself, so that nothing conditioned on it is ever allowed.
  Here the tags come with the request.
- `aws:TagKeys` is there, though empty, for a request without tags, so that `Null` sees it. IAM has
  no such key then (IAM User Guide, AWS global condition context keys).
- A wildcard in `ArnLike` and `ArnEquals` reaches across colons. IAM's does not: "each of the six
  colon-delimited components of the ARN is checked separately" (Condition operators).
- An operator that it does not know never holds, which undoes a Deny. Here it is an error.

The rest stays ministack's. `cases` holds what IAM's User Guide says of each operator; a run checks
all of them before it lets anything be decided.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple

from tests.e2e.gate.cases import FAILING, HOLDING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_MODULE = "ministack.core.iam_evaluator"  # not in .venv, where the types are checked
_SEGMENTS = 6
"""Of an ARN; the last one may hold colons itself."""

VERIFIED = frozenset(case.operator for case in (*HOLDING, *FAILING))
_KEYS = ("aws:requesttag/", "aws:resourceaccount", "aws:resourcetag/", "aws:tagkeys")
"""The global condition keys that are known here, in lower case."""


class UnverifiedError(ValueError):
    """A policy uses what nobody has compared with IAM's documents: nothing must be guessed."""


class Context(NamedTuple):
    """A permission that is asked for, with everything that a condition may look at."""

    action: str
    resource: str
    region: str
    resource_tags: Mapping[str, str]
    request_tags: Mapping[str, str]
    tag_keys: tuple[str, ...]
    keys: Mapping[str, Sequence[str]] = {}
    """Condition keys of the service itself, by name."""


class Verdict(NamedTuple):
    """What the policies say, and which statement says it: its Sid, or its actions if it has none.

    `statement` is empty where no statement applies.
    """

    decision: str
    """`Allow`, `Deny` or `ImplicitDeny`."""
    statement: str

    @property
    def allowed(self) -> bool:
        """Whether the call may go on."""
        return self.decision == "Allow"


class Evaluator:
    """Decides by policy documents."""

    def __init__(self) -> None:
        self._ministack: Any = import_module(_MODULE)
        operators = self._ministack._CONDITION_OPS
        operators["arnlike"] = operators["arnequals"] = self._is_arn_like
        operators["arnnotlike"] = operators["arnnotequals"] = self._is_no_arn_like

    def decide(
        self, context: Context, documents: Sequence[Mapping[str, Any]], principal: str = ""
    ) -> Verdict:
        """Decide by a role's policy documents; `principal` is the session's ARN.

        Raises:
            UnverifiedError: a document uses what is not known here.
        """
        policies = [
            self._ministack.parse_policy_document(_checked(document)) for document in documents
        ]
        asked = self._ministack.EvalContext(
            principal_arn=principal,
            principal_type="AssumedRole",
            principal_account=principal.split(":")[4] if principal else "",
            action=context.action,
            resource_arn=context.resource,
            region=context.region,
            service_context={
                "aws:tagkeys": list(context.tag_keys) or None,
                **_by_key("aws:requesttag", context.request_tags),
                **_by_key("aws:resourcetag", context.resource_tags),
                **{key.lower(): _value(values) for key, values in context.keys.items()},
            },
        )
        result = self._ministack.evaluate(asked, policies)
        return Verdict(result.decision, result.matched_sid)

    def _is_arn_like(self, value: str, pattern: str) -> bool:
        values, patterns = (each.split(":", _SEGMENTS - 1) for each in (value, pattern))
        return len(values) == len(patterns) == _SEGMENTS and all(
            map(self._ministack.fnmatch_iam_cs, values, patterns)
        )

    def _is_no_arn_like(self, value: str, pattern: str) -> bool:
        return not self._is_arn_like(value, pattern)


def name_of(statement: Mapping[str, Any]) -> str:
    """Return a statement's Sid, or else its actions, which name it as well."""
    return str(statement.get("Sid") or "+".join(listed(statement["Action"])))


def listed(value: str | Sequence[str]) -> list[str]:
    """Return what a policy may write as one string or as a list, as a list."""
    return [value] if isinstance(value, str) else list(value)


def statements_of(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return a policy document's statements."""
    statements = document["Statement"]
    return [statements] if isinstance(statements, dict) else list(statements)


def _by_key(kind: str, tags: Mapping[str, str]) -> dict[str, str]:
    """Return context keys; IAM does not tell them apart by case."""
    return {f"{kind}/{key}".lower(): value for key, value in tags.items()}


def _value(values: Sequence[str]) -> str | list[str]:
    return values[0] if len(values) == 1 else list(values)


def _checked(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return a document whose statements all have a name."""
    statements = statements_of(document)
    for each in statements:
        for operator, key in _conditions(each):
            if operator not in VERIFIED or (
                key.lower().startswith("aws:") and not key.lower().startswith(_KEYS)
            ):
                raise UnverifiedError(f"{name_of(each)} uses {operator} on {key}")
    return {**document, "Statement": [{**each, "Sid": name_of(each)} for each in statements]}


def _conditions(statement: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for operator, keys in statement.get("Condition", {}).items():
        for key in keys:
            yield operator, key
