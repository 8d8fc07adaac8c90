"""Decides a request by the policies of the role that asks, and records each decision.

A record holds names, ARNs and tags. Nothing else of a request ever comes here.
"""

from __future__ import annotations

import json
import time
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Self

from tests.e2e.gate.evaluator import Context, Evaluator
from tests.e2e.gate.permissions import DECRYPT, Ask, Caller, Request, asks

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tests.e2e.gate.resources import Resources
    from tests.e2e.gate.roles import Roles, Session


@dataclass(frozen=True, slots=True, kw_only=True)
class Judge:
    """Decides by the deployed roles."""

    evaluator: Evaluator
    roles: Roles
    resources: Resources

    def decide(self, request: Request, caller: Caller, session: Session) -> list[Record]:
        """Return a decision for each permission that the request needs.

        Raises:
            UnreadableRequestError: what is asked for is not known here.
        """
        return [self._decide(each, caller, session) for each in asks(request, caller)]

    def _decide(self, ask: Ask, caller: Caller, session: Session) -> Record:
        context = self._context(ask, caller)
        documents = self.roles.documents(session)
        verdict = self.evaluator.decide(context, documents, session.arn)
        return Record(
            at=time.time(),
            role=session.role,
            **context._asdict(),
            decision=verdict.decision,
            statement=verdict.statement,
        )

    def _context(self, ask: Ask, caller: Caller) -> Context:
        resource, tagged = ask.resource, ask.tagged
        if caller.service == "secretsmanager" and tagged:
            resource = tagged = self.resources.secret_arn(tagged, caller)
        if ask.action == DECRYPT:
            resource = self.resources.key_arn(resource)
        return Context(
            action=ask.action,
            resource=resource,
            region=caller.region,
            resource_tags=self.resources.tags(tagged, caller.account) if tagged else {},
            request_tags=ask.request_tags,
            tag_keys=ask.tag_keys,
            keys=ask.keys,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One decision."""

    at: float
    """Epoch seconds."""
    role: str
    """The role's name."""
    action: str
    resource: str
    region: str
    resource_tags: Mapping[str, str] = field(default_factory=dict)
    request_tags: Mapping[str, str] = field(default_factory=dict)
    tag_keys: tuple[str, ...] = ()
    keys: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    decision: str
    """`Allow`, `Deny` or `ImplicitDeny`."""
    statement: str
    """What decided: a Sid, or the actions of a statement that has none."""
    status: int | None = None
    """Of the answer behind the gate; None if the call did not come that far."""

    @property
    def allowed(self) -> bool:
        """Whether the call went on."""
        return self.decision == "Allow"

    def to_line(self) -> str:
        """Return the record as a line of JSON."""
        return json.dumps(asdict(self)) + "\n"

    @classmethod
    def from_line(cls, line: str) -> Self:
        """Read a line of JSON."""
        fields: dict[str, Any] = json.loads(line)
        return cls(**fields | {"tag_keys": tuple(fields["tag_keys"])})


def read_records(log: Path) -> list[Record]:
    """Return every decision so far."""
    if not log.exists():
        return []
    return [Record.from_line(line) for line in log.read_text(encoding="utf-8").splitlines()]
