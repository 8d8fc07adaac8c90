"""The proxy itself: decides, writes down, and lets the call through or answers AccessDenied."""

from __future__ import annotations

import sys
import traceback
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

from tests.e2e.gate.permissions import DECRYPT, Caller, Request, UnreadableRequestError
from tests.e2e.gate.roles import UnknownCallerError
from tests.e2e.gate.upstream import HOP_BY_HOP, Answer
from tests.support.caller_headers import ACCOUNT, ROLE

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tests.e2e.gate.judge import Judge, Record
    from tests.e2e.gate.queue import Queues
    from tests.e2e.gate.upstream import Upstream


_OF_MINISTACK = {"logs", "sns", "ssm"}
"""Topics, parameters and logs are ministack's, as queues are. Events are the double's: ministack
decides about its own bus once more, and knows none of the condition keys of events."""

_FAILED = HTTPStatus.NOT_IMPLEMENTED
"""What the gate answers where it has no answer; boto3 does not try again, so the run sees it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """What stands between the functions and the servers."""

    judge: Judge
    double: Upstream
    queues: Queues
    log: Path
    _lock: Lock = field(default_factory=Lock)

    def answer(self, request: Request) -> Answer:
        """Decide a request, and answer it."""
        try:
            signed = Caller.of(request.headers.get("Authorization", ""))
            session = self.judge.roles.session(signed.key)
            caller = replace(signed, account=session.account)
            records = self.judge.decide(request, caller, session)
        except (UnreadableRequestError, UnknownCallerError) as error:
            print(error, file=sys.stderr, flush=True)  # noqa: T201  the run reads it
            return Answer.of_text(_FAILED, str(error))
        if caller.service == "sqs":
            # ministack decides about its own queues; what is written down is only compared.
            answer = self.queues.answer(request, session)
            self._write(records, answer.status)
            return answer
        denied = next((each for each in records if not each.allowed), None)
        if denied is not None:
            self._write(records, None)
            return denial(caller.service, denied, session.arn)
        if caller.service in _OF_MINISTACK:
            answer = self.queues.upstream.send(request)
        else:
            answer = self.double.send(request, {ACCOUNT: session.account, ROLE: session.role})
        self._write(records, answer.status)
        return answer

    def _write(self, records: Sequence[Record], status: int | None) -> None:
        lines = "".join(replace(each, status=status).to_line() for each in records)
        with self._lock, self.log.open("a", encoding="utf-8") as log:
            log.write(lines)


class _Handler(BaseHTTPRequestHandler):
    """Reads a request, has the gate answer it, and writes the answer."""

    protocol_version = "HTTP/1.1"
    gate: Gate

    def do_GET(self) -> None:
        self._handle()

    def do_POST(self) -> None:
        self._handle()

    def do_PUT(self) -> None:
        self._handle()

    def do_PATCH(self) -> None:
        self._handle()

    def do_DELETE(self) -> None:
        self._handle()

    def log_request(self, *_: object) -> None:
        """Say nothing: decisions are written down elsewhere."""

    def _handle(self) -> None:
        request = Request(
            method=self.command,
            target=self.path,
            headers=dict(self.headers.items()),
            body=self.rfile.read(int(self.headers.get("Content-Length") or 0)),
        )
        try:
            answer = self.gate.answer(request)
        except Exception:  # noqa: BLE001  the run must see it, and the server go on
            # A traceback shows lines of code, and no values.
            traceback.print_exc(file=sys.stderr)
            answer = Answer.of_text(_FAILED, "the gate failed")
        self._send(answer)

    def _send(self, answer: Answer) -> None:
        self.send_response_only(answer.status)
        for key, value in answer.headers:
            if key.lower() not in HOP_BY_HOP:
                self.send_header(key, value)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        self.wfile.write(answer.body)


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: Any, client_address: Any) -> None:
        """A function that is ended hangs up, and nobody needs to hear of it."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


def server(gate: Gate) -> ThreadingHTTPServer:
    """Return a server on 127.0.0.1 that listens already, on a free port."""
    handler = type("Handler", (_Handler,), {"gate": gate})
    return _Server(("127.0.0.1", 0), handler)


_XML_NAMESPACES = {
    "cloudfront": "http://cloudfront.amazonaws.com/doc/2020-05-31/",
    "route53": "https://route53.amazonaws.com/doc/2013-04-01/",
    "elasticloadbalancing": "http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/",
    "sns": "http://sns.amazonaws.com/doc/2010-03-31/",
}
_XML_CODES = {"sns": "AuthorizationError"}
"""Where it is not AccessDenied (SNS API Reference, Publish, Errors)."""
_REQUEST_ID = "00000000-0000-4000-8000-000000000000"
_KMS_DENIAL = "Access to KMS is not allowed"
"""Of Secrets Manager, where the caller may not use the key; known from reports only."""
_BECAUSE = {
    "Deny": "with an explicit deny in an identity-based policy",
    "ImplicitDeny": "because no identity-based policy allows the {action} action",
}


def denial(service: str, record: Record, principal: str) -> Answer:
    """Return the answer of a service, named as it is signed, to a denied call of `principal`."""
    because = _BECAUSE[record.decision].format(action=record.action)
    message = (
        _KMS_DENIAL
        if record.action == DECRYPT
        else f"User: {principal} is not authorized to perform: {record.action} on resource:"
        f" {record.resource} {because}"
    )
    if service in _XML_NAMESPACES:
        code = _XML_CODES.get(service, "AccessDenied")
        return _xml(_XML_NAMESPACES[service], code, message)
    body = {"__type": "AccessDeniedException", "Message": message}
    return Answer.of_json(HTTPStatus.BAD_REQUEST, body, "application/x-amz-json-1.1")


def _xml(namespace: str, code: str, message: str) -> Answer:
    body = (
        f'<ErrorResponse xmlns="{namespace}"><Error><Type>Sender</Type>'
        f"<Code>{code}</Code><Message>{escape(message)}</Message></Error>"
        f"<RequestId>{_REQUEST_ID}</RequestId></ErrorResponse>"
    )
    return Answer(HTTPStatus.FORBIDDEN, (("Content-Type", "text/xml"),), body.encode())
