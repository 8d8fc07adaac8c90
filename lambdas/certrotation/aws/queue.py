"""The queue of rotations, in SQS.

Actions: sqs:SendMessage, sqs:ChangeMessageVisibility (and kms:GenerateDataKey, kms:Decrypt where
the queue's key is customer managed).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from certrotation.aws.errors import DENIED, THROTTLED, VANISHED, failure, meaning, translated
from certrotation.errors import Vanished

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import timedelta

    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import (
        BatchResultErrorEntryTypeDef,
        SendMessageBatchRequestEntryTypeDef,
    )

    from certrotation.core.rotation.request import RotationRequest

_LARGEST_BATCH = 10
_MOST_BYTES = 256 * 1024
"""What a batch weighs at most: SQS takes 1 MiB since 2025, and took this before."""
_LONGEST_DELAY = 15 * 60
_LONGEST_TIMEOUT = 11 * 60 * 60
"""SQS allows twelve hours from the receive on, and a function has had the message for a while."""

MEANINGS = (
    meaning(DENIED, "KmsAccessDenied"),
    meaning(THROTTLED, "KmsThrottled"),
    meaning(
        VANISHED,
        "MessageNotInflight",
        # The former namespace stands in front of some codes (SQS API Reference, JSON protocol).
        "AWS.SimpleQueueService.MessageNotInflight",
        "ReceiptHandleIsInvalid",
    ),
    meaning(VANISHED, "InvalidParameterValue", words="receipt handle has expired"),
)
"""What SQS's error codes mean (SQS API Reference, ChangeMessageVisibility and SendMessage)."""


class SqsRotationQueue:
    """The queue at `url`."""

    def __init__(self, client: SQSClient, url: str) -> None:
        self._client = client
        self._url = url

    def send(self, requests: Sequence[RotationRequest]) -> None:
        """Queue requests; what a batch refuses is sent once more.

        Raises:
            CertRotationError: some could not be queued; the others are.
        """
        for batch in _batches([request.to_json() for request in requests]):
            failed = {each["Id"] for each in self._send_batch(batch)}
            remaining = [entry for entry in batch if entry["Id"] in failed]
            rejected = self._send_batch(remaining) if remaining else []
            if rejected:
                call = f"sqs:SendMessage for {len(rejected)} messages to {self._url}"
                raise failure(rejected[0]["Code"], rejected[0].get("Message", ""), call, MEANINGS)

    def send_later(self, request: RotationRequest, delay: timedelta) -> None:
        """Queue one request that is seen after `delay`, at most 15 minutes."""
        with translated("sqs:SendMessage", self._url, MEANINGS):
            self._client.send_message(
                QueueUrl=self._url,
                MessageBody=request.to_json(),
                DelaySeconds=_seconds(delay, at_most=_LONGEST_DELAY),
            )

    def return_later(self, receipt_handle: str, delay: timedelta) -> None:
        """Have a received message seen again after `delay`, at most 11 hours.

        One whose receipt handle is no longer good comes back by itself, or was deleted.
        """
        try:
            with translated("sqs:ChangeMessageVisibility", self._url, MEANINGS):
                self._client.change_message_visibility(
                    QueueUrl=self._url,
                    ReceiptHandle=receipt_handle,
                    VisibilityTimeout=_seconds(delay, at_most=_LONGEST_TIMEOUT),
                )
        except Vanished:
            return

    def _send_batch(
        self, batch: Sequence[SendMessageBatchRequestEntryTypeDef]
    ) -> Sequence[BatchResultErrorEntryTypeDef]:
        """Send a batch and return what of it failed."""
        with translated("sqs:SendMessage", self._url, MEANINGS):
            answer = self._client.send_message_batch(QueueUrl=self._url, Entries=batch)
        return answer.get("Failed", [])


def _batches(bodies: Sequence[str]) -> Iterator[list[SendMessageBatchRequestEntryTypeDef]]:
    """Yield batches that SQS takes, by number and by weight."""
    batch: list[SendMessageBatchRequestEntryTypeDef] = []
    weight = 0
    for number, body in enumerate(bodies):
        added = len(body.encode())
        if batch and (len(batch) == _LARGEST_BATCH or weight + added > _MOST_BYTES):
            yield batch
            batch, weight = [], 0
        batch.append({"Id": str(number), "MessageBody": body})
        weight += added
    if batch:
        yield batch


def _seconds(delay: timedelta, *, at_most: int) -> int:
    return max(0, min(int(delay.total_seconds()), at_most))
