"""The queue of rotations."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.stub import Stubber

from certrotation.aws.queue import SqsRotationQueue
from certrotation.core.rotation.request import RotationRequest, ScanSnapshot, SnapshotCopy
from certrotation.errors import AccessDenied, Rejected, Throttled, Unreachable
from tests.aws.samples import MISSING, answering, raising
from tests.simulation.estate import HOME, client

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.double import EmbeddedAws

URL = "https://sqs.eu-west-1.amazonaws.com/123456789012/rotation"


@pytest.fixture
def url(aws: EmbeddedAws) -> str:
    del aws
    return str(client("sqs", HOME).create_queue(QueueName="rotation")["QueueUrl"])


@pytest.fixture
def queue(url: str) -> SqsRotationQueue:
    return SqsRotationQueue(client("sqs", HOME), url)


def requests(number: int) -> list[RotationRequest]:
    return [RotationRequest(secret=f"certrotation/{each}") for each in range(number)]


def heavy(name: str, *, copies: int) -> RotationRequest:
    """A request that saw this many copies, each of a kilobyte and more."""
    tags = {"padding": "x" * 1000}
    seen = [SnapshotCopy(arn=MISSING, region=HOME, in_use=True, tags=tags)] * copies
    return RotationRequest(secret=name, snapshot=ScanSnapshot(at=0, copies=tuple(seen)))


def received(url: str) -> set[str]:
    names: set[str] = set()
    while (
        messages := client("sqs", HOME)
        .receive_message(QueueUrl=url, MaxNumberOfMessages=10)
        .get("Messages")
    ):
        names |= {RotationRequest.from_json(each["Body"]).secret for each in messages}
    return names


def batch_sizes(aws: EmbeddedAws) -> list[int]:
    return [len(call.params["Entries"]) for call in aws.calls_of("sqs", "SendMessageBatch")]


def test_requests_are_sent_ten_at_a_time(
    queue: SqsRotationQueue, url: str, aws: EmbeddedAws
) -> None:
    queue.send(requests(23))
    assert batch_sizes(aws) == [10, 10, 3]
    assert received(url) == {each.secret for each in requests(23)}


def test_no_requests_ask_nothing(queue: SqsRotationQueue, aws: EmbeddedAws) -> None:
    queue.send([])
    assert batch_sizes(aws) == []


def test_heavy_requests_are_split_by_weight(
    queue: SqsRotationQueue, url: str, aws: EmbeddedAws
) -> None:
    queue.send([heavy(f"certrotation/{each}", copies=90) for each in range(5)])
    assert batch_sizes(aws) == [2, 2, 1]
    assert len(received(url)) == 5


class Stubbed:
    """A queue whose answers are given: SQS fails in part where the double never does."""

    def __init__(self) -> None:
        sqs: Any = boto3.client(
            "sqs", region_name=HOME, aws_access_key_id="A", aws_secret_access_key="S"
        )
        self.stub = Stubber(sqs)
        self.queue = SqsRotationQueue(sqs, URL)

    def answer(self, sent: Sequence[int], failed: Sequence[int], code: str = "Throttled") -> None:
        bodies = [each.to_json() for each in requests(max(sent) + 1)]
        self.stub.add_response(
            "send_message_batch",
            {
                "Successful": [],
                "Failed": [
                    {"Id": str(each), "Code": code, "SenderFault": False, "Message": "Sorry"}
                    for each in failed
                ],
            },
            {
                "QueueUrl": URL,
                "Entries": [{"Id": str(each), "MessageBody": bodies[each]} for each in sent],
            },
        )


def test_what_a_batch_refuses_is_sent_once_more_and_nothing_else() -> None:
    stubbed = Stubbed()
    stubbed.answer([0, 1, 2, 3], failed=[1, 3])
    stubbed.answer([1, 3], failed=[])
    with stubbed.stub:
        stubbed.queue.send(requests(4))
        stubbed.stub.assert_no_pending_responses()


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("InternalError", Unreachable),
        ("RequestThrottled", Throttled),
        ("InvalidMessageContents", Rejected),
    ],
)
def test_what_is_refused_twice_raises(code: str, kind: type[Any]) -> None:
    stubbed = Stubbed()
    stubbed.answer([0, 1, 2], failed=[0, 2], code=code)
    stubbed.answer([0, 2], failed=[2], code=code)
    with stubbed.stub, raising(kind, "1 messages", URL, "Sorry"):
        stubbed.queue.send(requests(3))


def test_a_request_that_is_sent_later_is_not_seen_yet(
    queue: SqsRotationQueue, url: str, aws: EmbeddedAws
) -> None:
    queue.send_later(requests(1)[0], timedelta(minutes=1))
    assert received(url) == set()
    (call,) = aws.calls_of("sqs", "SendMessage")
    assert call.params["DelaySeconds"] == 60


@pytest.mark.parametrize(
    ("delay", "seconds"),
    [
        (timedelta(minutes=15), 900),
        (timedelta(minutes=15, seconds=1), 900),
        (timedelta(days=1), 900),
        (timedelta(seconds=-1), 0),
    ],
)
def test_a_delay_stays_within_what_sqs_takes(
    queue: SqsRotationQueue, aws: EmbeddedAws, delay: timedelta, seconds: int
) -> None:
    queue.send_later(requests(1)[0], delay)
    assert aws.calls_of("sqs", "SendMessage")[0].params["DelaySeconds"] == seconds


def received_handle(url: str) -> str:
    (message,) = client("sqs", HOME).receive_message(QueueUrl=url)["Messages"]
    return str(message["ReceiptHandle"])


def test_a_message_returned_at_once_is_seen_again(queue: SqsRotationQueue, url: str) -> None:
    queue.send(requests(1))
    handle = received_handle(url)
    assert received(url) == set()
    queue.return_later(handle, timedelta())
    assert received(url) == {"certrotation/0"}


def test_a_message_is_kept_back_for_no_longer_than_sqs_allows(
    queue: SqsRotationQueue, url: str, aws: EmbeddedAws
) -> None:
    queue.send(requests(1))
    queue.return_later(received_handle(url), timedelta(days=1))
    (call,) = aws.calls_of("sqs", "ChangeMessageVisibility")
    assert call.params["VisibilityTimeout"] == 11 * 60 * 60


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("ReceiptHandleIsInvalid", ""),
        ("AWS.SimpleQueueService.MessageNotInflight", ""),
        ("InvalidParameterValue", "Reason: The receipt handle has expired."),
    ],
)
def test_a_message_whose_handle_is_no_longer_good_is_no_error(
    queue: SqsRotationQueue, aws: EmbeddedAws, code: str, message: str
) -> None:
    with answering(aws, "ChangeMessageVisibility", code, message):
        queue.return_later("handle", timedelta(minutes=1))


def test_a_deleted_message_is_not_returned(queue: SqsRotationQueue, url: str) -> None:
    queue.send(requests(1))
    handle = received_handle(url)
    client("sqs", HOME).delete_message(QueueUrl=url, ReceiptHandle=handle)
    queue.return_later(handle, timedelta(minutes=1))


def test_a_denied_queue_names_itself(queue: SqsRotationQueue, url: str, aws: EmbeddedAws) -> None:
    with answering(aws, "SendMessageBatch", "AccessDenied"), raising(AccessDenied, url):
        queue.send(requests(1))


def test_a_queue_that_is_gone_is_rejected(queue: SqsRotationQueue, url: str) -> None:
    client("sqs", HOME).delete_queue(QueueUrl=url)
    with raising(Rejected, "sqs:SendMessage", url):
        queue.send(requests(1))
