"""The statements of deployed roles: found, taken away and put back, through ministack's IAM."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any, NamedTuple

from tests.e2e import minimal
from tests.e2e.gate.evaluator import statements_of
from tests.e2e.gate.roles import POLICIES_LAST, managed_policy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping


class Holder(NamedTuple):
    """The policy of a role that holds a statement, inline or attached."""

    document: Mapping[str, Any]
    write: Callable[[str], object]


def holder_of(iam: Any, role: str, sid: str) -> Holder:
    """Return the policy of a role that holds the statement.

    Raises:
        LookupError: none does.
    """
    for each in _policies(iam, role):
        if any(statement.get("Sid") == sid for statement in statements_of(each.document)):
            return each
    raise LookupError(f"{role} has no {sid}")


def _policies(iam: Any, role: str) -> Iterator[Holder]:
    for name in iam.list_role_policies(RoleName=role)["PolicyNames"]:
        document = iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]

        def put(text: str, name: str = name) -> object:
            return iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=text)

        yield Holder(document, put)
    for each in iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]:
        arn = each["PolicyArn"]

        def add(text: str, arn: str = arn) -> object:
            return iam.create_policy_version(PolicyArn=arn, PolicyDocument=text, SetAsDefault=True)

        yield Holder(managed_policy(iam, arn), add)


def take_away(iam: Any, role: str, sid: str) -> Holder:
    """Take a statement from a role; returns the policy as it was.

    Raises:
        LookupError: the role has no such statement.
    """
    holder = holder_of(iam, role, sid)
    put(holder, minimal.without_statement(holder.document, sid))
    return holder


def put(holder: Holder, document: Mapping[str, Any]) -> None:
    """Write another document in its place; the gate decides by it from then on."""
    holder.write(json.dumps(document))
    # For so long the gate decides by what it has read of the role.
    time.sleep(POLICIES_LAST + 0.1)
