"""How each service says that it denies: the error in the service's own protocol.

Sources: each API Reference, Common Errors; Smithy 2.0, AWS JSON 1.1, AWS query and AWS restXml.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

from tests.e2e.gate.answers import Answer

if TYPE_CHECKING:
    from tests.e2e.gate.decisions import Record

_XML_NAMESPACES = {
    "cloudfront": "http://cloudfront.amazonaws.com/doc/2020-05-31/",
    "elasticloadbalancing": "http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/",
    "sns": "http://sns.amazonaws.com/doc/2010-03-31/",
}
_XML_CODES = {"sns": "AuthorizationError"}
"""Where it is not AccessDenied (SNS API Reference, Publish, Errors)."""
_REQUEST_ID = "00000000-0000-4000-8000-000000000000"
_BECAUSE = {
    "Deny": "with an explicit deny in an identity-based policy",
    "ImplicitDeny": "because no identity-based policy allows the {action} action",
}


def denial(service: str, record: Record, principal: str) -> Answer:
    """Return the answer of a service, named as it is signed, to a denied call of `principal`."""
    because = _BECAUSE[record.decision].format(action=record.action)
    message = (
        f"User: {principal} is not authorized to perform: {record.action} on resource:"
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
