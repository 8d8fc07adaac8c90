"""Decides a request: all that it needs, by the policies of the role that asks."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.e2e.gate.decisions import Record
from tests.e2e.gate.evaluator import Context, Evaluator
from tests.e2e.gate.permissions import Ask, Caller, Request, asks

if TYPE_CHECKING:
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
        documents = self.roles.documents(session.role)
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
            resource = tagged = self.resources.secret_arn(tagged, caller.region)
        return Context(
            action=ask.action,
            resource=resource,
            region=caller.region,
            resource_tags=self.resources.tags(tagged) if tagged else {},
            request_tags=ask.request_tags,
            tag_keys=ask.tag_keys,
        )
