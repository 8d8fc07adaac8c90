"""The deployed stack: found by its outputs, driven and looked at through AWS's own APIs."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import boto3

from tests.e2e.gate.roles import Credentials, policies
from tests.e2e.places import ACCOUNT, HOME, ROOT_SECRET, STACK

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from tests.e2e.places import Folder


MAILBOX = "mailbox"
"""The queue that gets what the warning topic is told."""


class NeverError(AssertionError):
    """What was waited for did not come."""


def wait_for(what: str, holds: Callable[[], Any], *, seconds: float = 90) -> float:
    """Wait until something holds, and return for how many seconds.

    Raises:
        NeverError: it does not, in time.
    """
    begin = time.monotonic()
    while not holds():
        if time.monotonic() - begin > seconds:
            raise NeverError(f"{what}: not within {seconds:.0f} seconds")
        time.sleep(0.1)
    return time.monotonic() - begin


@dataclass(frozen=True, slots=True, kw_only=True)
class Cloud:
    """ministack, as an account's own administrator sees it."""

    url: str
    folder: Folder
    account: str = ACCOUNT
    _clients: dict[tuple[str, str], Any] = field(default_factory=dict)

    def client(self, service: str) -> Any:
        """Return a client for the home Region."""
        return self.client_as(service, self.account, ROOT_SECRET)

    def client_as(self, service: str, key: str, secret: str, token: str | None = None) -> Any:
        """Return a client that calls with these credentials."""
        found = self._clients.get((service, key))
        if found is None:
            session = boto3.Session(key, secret, token, region_name=HOME)
            found = session.client(  # type: ignore[call-overload]  # the service is a parameter
                service, endpoint_url=self.url, verify=str(self.folder.certificate)
            )
            self._clients[service, key] = found
        return found

    def stack(self, name: str = STACK) -> Stack:
        """Return a deployed stack."""
        found = self.client("cloudformation").describe_stacks(StackName=name)["Stacks"][0]
        outputs = {each["OutputKey"]: each["OutputValue"] for each in found.get("Outputs", ())}
        return Stack(cloud=self, outputs=outputs)

    def resources(self) -> list[tuple[str, str, str]]:
        """Return the stack's resources: type, physical id and status."""
        pages = (
            self.client("cloudformation")
            .get_paginator("list_stack_resources")
            .paginate(StackName=STACK)
        )
        return [
            (each["ResourceType"], each["PhysicalResourceId"], each["ResourceStatus"])
            for page in pages
            for each in page["StackResourceSummaries"]
        ]

    def change_sets(self) -> set[str]:
        """Return the ids of the stack's change sets."""
        found = self.client("cloudformation").list_change_sets(StackName=STACK)["Summaries"]
        return {each["ChangeSetId"] for each in found}


@dataclass(frozen=True, slots=True, kw_only=True)
class Function:
    """One of the functions."""

    name: str
    arn: str
    role_arn: str
    log_group: str

    @property
    def role(self) -> str:
        """The role's name."""
        return self.role_arn.rpartition("/")[2]

    @property
    def credentials(self) -> Credentials:
        """What it signs with."""
        return Credentials.of(self.arn, self.role_arn)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stack:
    """The deployed stack."""

    cloud: Cloud
    outputs: Mapping[str, str]

    def function(self, which: str) -> Function:
        """Return `Scan`, `Rotate` or `Issue`."""
        name = self.outputs[f"{which}Function"]
        found = self.cloud.client("lambda").get_function(FunctionName=name)["Configuration"]
        return Function(
            name=name,
            arn=found["FunctionArn"],
            role_arn=found["Role"],
            log_group=self.outputs[f"{which}Logs"],
        )

    def environment(self, which: str) -> dict[str, str]:
        """Return the environment that the stack gives a function."""
        name = self.outputs[f"{which}Function"]
        found = self.cloud.client("lambda").get_function_configuration(FunctionName=name)
        variables: dict[str, str] = found["Environment"]["Variables"]
        return variables

    def documents(self, role: str) -> list[Mapping[str, Any]]:
        """Return a role's policy documents."""
        return policies(self.cloud.client("iam"), role)

    # The queue

    def send(self, secret: str, **more: str) -> None:
        """Ask for a rotation."""
        self.cloud.client("sqs").send_message(
            QueueUrl=self.outputs["RotationQueue"],
            MessageBody=json.dumps({"secret": secret, **more}),
        )

    def queue_arn(self, logical_id: str) -> str:
        """Return the ARN of a queue, by its name in the template."""
        cloudformation, sqs = self.cloud.client("cloudformation"), self.cloud.client("sqs")
        found = cloudformation.describe_stack_resource(
            StackName=STACK, LogicalResourceId=logical_id
        )
        url = found["StackResourceDetail"]["PhysicalResourceId"]
        got = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
        return str(got["Attributes"]["QueueArn"])

    def dead_letters(self) -> list[dict[str, Any]]:
        """Return what the rotation queue gave up, and leave it there."""
        got = self.cloud.client("sqs").receive_message(
            QueueUrl=self.outputs["RotationDeadLetters"],
            MaxNumberOfMessages=10,
            VisibilityTimeout=0,
            MessageSystemAttributeNames=["All"],
        )
        messages: list[dict[str, Any]] = got.get("Messages", [])
        return messages

    def waiting(self) -> dict[str, int]:
        """Return how many messages of the rotation queue are visible, in flight and delayed."""
        names = {
            "visible": "ApproximateNumberOfMessages",
            "in flight": "ApproximateNumberOfMessagesNotVisible",
            "delayed": "ApproximateNumberOfMessagesDelayed",
        }
        got = self.cloud.client("sqs").get_queue_attributes(
            QueueUrl=self.outputs["RotationQueue"], AttributeNames=list(names.values())
        )["Attributes"]
        return {short: int(got[name]) for short, name in names.items()}

    def visibility_timeout(self, seconds: int) -> int:
        """Set for how long a received message of the rotation queue stays unseen.

        Returns what it was.
        """
        sqs, url = self.cloud.client("sqs"), self.outputs["RotationQueue"]
        name = "VisibilityTimeout"
        got = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=[name])
        sqs.set_queue_attributes(QueueUrl=url, Attributes={name: str(seconds)})
        return int(got["Attributes"][name])

    # The mail

    def subscribe(self) -> None:
        """Subscribe a queue to the warning topic, as a person would their address."""
        sns, sqs = self.cloud.client("sns"), self.cloud.client("sqs")
        topic = self.outputs["WarningTopic"]
        queue = f"arn:aws:sqs:{HOME}:{self.cloud.account}:{MAILBOX}"
        # SNS Developer Guide, Subscribing an Amazon SQS queue to an Amazon SNS topic.
        delivery = {
            "Effect": "Allow",
            "Principal": {"Service": "sns.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": queue,
            "Condition": {"ArnEquals": {"aws:SourceArn": topic}},
        }
        policy = json.dumps({"Version": "2012-10-17", "Statement": [delivery]})
        sqs.create_queue(QueueName=MAILBOX, Attributes={"Policy": policy})
        sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue)

    def mail(self) -> list[dict[str, str]]:
        """Return every mail that came since the queue was looked at last."""
        sqs = self.cloud.client("sqs")
        url, letters = sqs.get_queue_url(QueueName=MAILBOX)["QueueUrl"], list[dict[str, str]]()
        while got := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
            letters += [json.loads(each["Body"]) for each in got]
            for each in got:
                sqs.delete_message(QueueUrl=url, ReceiptHandle=each["ReceiptHandle"])
        return letters

    def await_mail(self, words: str) -> list[dict[str, str]]:
        """Wait for a mail whose subject holds these words; returns all that came meanwhile."""
        letters: list[dict[str, str]] = []

        def has_come() -> bool:
            letters.extend(self.mail())
            return any(words in each["Subject"] for each in letters)

        wait_for(f"the mail that says {words}", has_come)
        return letters

    # The schedule

    def schedule(self) -> dict[str, Any]:
        """Return the schedule of the scan, as UpdateSchedule takes it."""
        scheduler = self.cloud.client("scheduler")
        schedules = [
            scheduler.get_schedule(Name=each["Name"], GroupName=each["GroupName"])
            for each in scheduler.list_schedules()["Schedules"]
            if each["Name"].startswith(STACK)
        ]
        function = self.function("Scan").arn
        (whole,) = [each for each in schedules if each["Target"]["Arn"] == function]
        read_only = {"Arn", "CreationDate", "LastModificationDate", "ResponseMetadata"}
        return {key: value for key, value in whole.items() if key not in read_only}

    def reschedule(self, schedule: Mapping[str, Any]) -> None:
        """Change the schedule."""
        self.cloud.client("scheduler").update_schedule(**schedule)

    def scan(self) -> dict[str, Any]:
        """Run scan by hand; returns its summary."""
        invoked = self.cloud.client("lambda").invoke(FunctionName=self.outputs["ScanFunction"])
        summary: dict[str, Any] = json.load(invoked["Payload"])
        return summary

    # The logs

    def lines(self, which: str) -> list[str]:
        """Return everything that a function's log group holds, oldest first."""
        pages = (
            self.cloud.client("logs")
            .get_paginator("filter_log_events")
            .paginate(logGroupName=self.outputs[f"{which}Logs"])
        )
        return [event["message"] for page in pages for event in page["events"]]

    def scans(self) -> list[dict[str, Any]]:
        """Return the summary of every scan."""
        return self.said("Scan", "scan")

    def rotations(self, secret: str | None = None) -> list[dict[str, Any]]:
        """Return every rotation's outcome, or those of one secret, oldest first."""
        found = self.said("Rotate", "rotation")
        return [each for each in found if secret in {None, each["secret"]}]

    def said(self, which: str, what: str) -> list[dict[str, Any]]:
        """Return what a function logged under a name, oldest first."""
        return [each[what] for each in _entries(self.lines(which)) if what in each]


def _entries(lines: Sequence[str]) -> Iterator[dict[str, Any]]:
    for line in lines:
        try:
            entry = json.loads(line)
        except ValueError:
            continue
        if isinstance(entry, dict):
            yield entry
