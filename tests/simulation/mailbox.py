"""Who is subscribed to the warning topic, and the mail that comes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

from tests.simulation.estate import HOME, client

if TYPE_CHECKING:
    from tests.simulation.estate import Estate


class Letter(NamedTuple):
    """A mail."""

    subject: str
    body: str


class Mailbox:
    """A queue that is subscribed to a topic, which the estate's functions are told of."""

    def __init__(self, estate: Estate) -> None:
        sns, sqs = client("sns", HOME), client("sqs", HOME)
        self.topic_arn = str(sns.create_topic(Name="warning")["TopicArn"])
        self._url = sqs.create_queue(QueueName="mailbox")["QueueUrl"]
        got = sqs.get_queue_attributes(QueueUrl=self._url, AttributeNames=["QueueArn"])
        arn = got["Attributes"]["QueueArn"]
        sns.subscribe(TopicArn=self.topic_arn, Protocol="sqs", Endpoint=arn)
        estate.environment["CERTROTATION_WARNING_TOPIC_ARN"] = self.topic_arn

    def letters(self) -> list[Letter]:
        """Return what came since it was looked at last."""
        sqs, found = client("sqs", HOME), list[Letter]()
        while got := sqs.receive_message(QueueUrl=self._url, MaxNumberOfMessages=10).get(
            "Messages"
        ):
            for each in got:
                document = json.loads(each["Body"])
                found.append(Letter(document["Subject"], document["Message"]))
                sqs.delete_message(QueueUrl=self._url, ReceiptHandle=each["ReceiptHandle"])
        return found
