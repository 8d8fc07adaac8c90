"""The functions' calls to SQS, as the gate passes them on."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.e2e.gate.permissions import Request
from tests.e2e.gate.queue import LONGEST_WAIT, Queues
from tests.e2e.gate.roles import Credentials, Session
from tests.e2e.gate.upstream import Answer

SESSION = Session(
    role="rotate",
    function="rotate",
    arn="arn:aws:sts::123456789012:assumed-role/rotate/rotate",
    credentials=Credentials("key", "secret", "token"),
)
ENTRIES = [{"Id": "0", "MessageBody": "a"}, {"Id": "1", "MessageBody": "b", "DelaySeconds": 3}]


class Sqs:
    """Remembers what was asked of it."""

    def __init__(self, error: ClientError | None = None) -> None:
        self.calls: list[dict[str, Any]] = []
        self._error = error

    def send_message(self, **members: Any) -> dict[str, str]:
        if self._error:
            raise self._error
        self.calls.append(members)
        return {"MessageId": f"m-{len(self.calls)}", "MD5OfMessageBody": "0"}

    def change_message_visibility(self, **members: Any) -> None:
        self.calls.append(members)


class Ministack:
    """Answers every request alike."""

    def __init__(self, status: int = 200) -> None:
        self.requests: list[Request] = []
        self._status = status

    def send(self, request: Request) -> Answer:
        self.requests.append(request)
        return Answer(self._status, (), b"{}")


def request(operation: str, **members: Any) -> Request:
    return Request(
        method="POST",
        target="/",
        headers={"X-Amz-Target": f"AmazonSQS.{operation}"},
        body=json.dumps(members).encode(),
    )


def queues(
    ministack: Ministack, *, own: Sqs | None = None, of_session: Sqs | None = None
) -> Queues:
    upstream: Any = ministack
    return Queues(
        upstream=upstream, own=lambda _: own or Sqs(), client_of=lambda _: of_session or Sqs()
    )


def test_a_batch_is_sent_message_by_message_in_the_sessions_name() -> None:
    ministack, sqs = Ministack(), Sqs()

    answer = queues(ministack, of_session=sqs).answer(
        request("SendMessageBatch", QueueUrl="url", Entries=ENTRIES), SESSION
    )

    assert sqs.calls == [
        {"QueueUrl": "url", "MessageBody": "a"},
        {"QueueUrl": "url", "MessageBody": "b", "DelaySeconds": 3},
    ]
    assert [each["Id"] for each in json.loads(answer.body)["Successful"]] == ["0", "1"]
    assert not ministack.requests


def test_a_batch_that_is_denied_is_denied_as_a_whole() -> None:
    error = ClientError(
        {
            "Error": {"Code": "AccessDenied", "Message": "no"},
            "ResponseMetadata": {"HTTPStatusCode": 403},  # type: ignore[typeddict-item]  # what is read
        },
        "SendMessage",
    )

    answer = queues(Ministack(), of_session=Sqs(error)).answer(
        request("SendMessageBatch", QueueUrl="url", Entries=ENTRIES), SESSION
    )

    assert answer.status == 403
    assert json.loads(answer.body)["__type"] == "AccessDenied"


def test_a_wait_is_asked_for_as_it_is_and_then_shortened() -> None:
    ministack, own = Ministack(), Sqs()
    long = request(
        "ChangeMessageVisibility", QueueUrl="url", ReceiptHandle="r", VisibilityTimeout=60
    )

    queues(ministack, own=own).answer(long, SESSION)

    assert ministack.requests == [long]
    assert own.calls == [
        {"QueueUrl": "url", "ReceiptHandle": "r", "VisibilityTimeout": LONGEST_WAIT}
    ]


@pytest.mark.parametrize(("seconds", "status"), [(LONGEST_WAIT, 200), (60, 403)])
def test_a_short_wait_and_a_denied_one_are_left_alone(seconds: int, status: int) -> None:
    own = Sqs()

    queues(Ministack(status), own=own).answer(
        request(
            "ChangeMessageVisibility", QueueUrl="url", ReceiptHandle="r", VisibilityTimeout=seconds
        ),
        SESSION,
    )

    assert not own.calls
