"""The queue of requests for custom resources that wait for a certificate.

Actions: sqs:SendMessage, sqs:ChangeMessageVisibility (and kms:GenerateDataKey, kms:Decrypt).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from certrotation.aws.errors import translated
from certrotation.aws.queue import MEANINGS, SqsRotationQueue

if TYPE_CHECKING:
    from datetime import timedelta

    from mypy_boto3_sqs import SQSClient


class SqsWaitingRequests:
    """The queue at `url`."""

    def __init__(self, client: SQSClient, url: str) -> None:
        self._client = client
        self._url = url

    def add(self, request: str) -> None:
        """Queue a request."""
        with translated("sqs:SendMessage", self._url, MEANINGS):
            self._client.send_message(QueueUrl=self._url, MessageBody=request)

    def return_later(self, receipt_handle: str, delay: timedelta) -> None:
        """Have a received request seen again after `delay`."""
        SqsRotationQueue(self._client, self._url).return_later(receipt_handle, delay)
