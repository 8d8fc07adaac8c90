"""The functions' calls to SQS: ministack decides them, and answers all but one kind.

ministack 1.5.33 asks for `sqs:SendMessageBatch`, an action that IAM does not have: a batch needs
`sqs:SendMessage` (SQS Developer Guide, Amazon SQS API permissions). So a batch is sent message by
message, in the name of the session that asked.

A returned message stays unseen for minutes. To have five receives take seconds, the function's
own call goes through first, as it is. Then the account itself makes it once more, with less time.
"""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from tests.e2e.gate.upstream import Answer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.e2e.gate.permissions import Request
    from tests.e2e.gate.roles import Credentials, Session
    from tests.e2e.gate.upstream import Upstream

LONGEST_WAIT = 1
"""Seconds for which a returned message stays unseen here."""

_JSON = "application/x-amz-json-1.0"


@dataclass(frozen=True, slots=True, kw_only=True)
class Queues:
    """SQS at ministack."""

    upstream: Upstream
    own: Callable[[str], Any]
    """Makes a client of an account's own."""
    client_of: Callable[[Credentials], Any]
    """Makes a client that calls as a session."""

    def answer(self, request: Request, session: Session) -> Answer:
        """Answer a function's call."""
        if request.operation == "SendMessageBatch":
            return self._send_each(request.members, self.client_of(session.credentials))
        answer = self.upstream.send(request)
        if request.operation == "ChangeMessageVisibility" and answer.status == HTTPStatus.OK:
            self._shorten(request.members, self.own(session.account))
        return answer

    def _send_each(self, members: Mapping[str, Any], sqs: Any) -> Answer:
        try:
            sent = [
                _entry(each["Id"], sqs.send_message(**_message(members["QueueUrl"], each)))
                for each in members["Entries"]
            ]
        except ClientError as error:
            return _refused(error)
        return Answer.of_json(HTTPStatus.OK, {"Successful": sent, "Failed": []}, _JSON)

    def _shorten(self, members: Mapping[str, Any], sqs: Any) -> None:
        if members["VisibilityTimeout"] > LONGEST_WAIT:
            sqs.change_message_visibility(**{**members, "VisibilityTimeout": LONGEST_WAIT})


def _message(url: str, entry: Mapping[str, Any]) -> dict[str, Any]:
    return {"QueueUrl": url, **{key: value for key, value in entry.items() if key != "Id"}}


def _entry(identifier: str, sent: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "Id": identifier,
        "MessageId": sent["MessageId"],
        "MD5OfMessageBody": sent["MD5OfMessageBody"],
    }


def _refused(error: ClientError) -> Answer:
    answer = error.response
    status = answer["ResponseMetadata"]["HTTPStatusCode"]
    body = {"__type": answer["Error"]["Code"], "message": answer["Error"]["Message"]}
    return Answer.of_json(status, body, _JSON)
