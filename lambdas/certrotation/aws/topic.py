"""Notifications to people, over an SNS topic.

Action: sns:Publish (and kms:GenerateDataKey, kms:Decrypt where the topic's key is customer managed:
SNS encrypts in the name of who publishes).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from certrotation.aws.errors import DENIED, THROTTLED, meaning, translated

if TYPE_CHECKING:
    from mypy_boto3_sns import SNSClient

    from certrotation.core.notify.notice import Notice

MEANINGS = (
    meaning(DENIED, "AuthorizationError", "KMSAccessDenied"),
    meaning(THROTTLED, "KMSThrottling", "Throttled"),
)
"""What SNS's error codes mean (SNS API Reference, Publish)."""


class SnsNotices:
    """The topic of this ARN, which several accounts may share."""

    def __init__(self, client: SNSClient, topic_arn: str, sender: str) -> None:
        """Publish to the topic; `sender` is what each notice names, an account and a Region."""
        self._client = client
        self._topic_arn = topic_arn
        self._sender = sender

    def send(self, notice: Notice) -> None:
        """Publish a notice.

        Raises:
            CertRotationError: it could not be published.
        """
        with translated("sns:Publish", self._topic_arn, MEANINGS):
            self._client.publish(
                TopicArn=self._topic_arn,
                Subject=notice.subject,
                Message=f"{notice.body}\n\nSent by {self._sender}.",
            )
