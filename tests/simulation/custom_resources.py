"""CloudFormation's protocol for custom resources, and Lambda's way of running their provider.

CloudFormation User Guide, Custom resource request and response reference: a request has a
pre-signed URL, to which the provider puts one answer within an hour. Another physical id in the
answer to an update means that the resource was replaced: then the old one is deleted. What could
not be created is deleted with the id of its answer.
"""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from tests.simulation.estate import HOME, client
from tests.simulation.runner import run_custom_resource

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.simulation.estate import Estate, Run

SERVICE_TOKEN = f"arn:aws:lambda:{HOME}:123456789012:function:certrotation-test-custom-resource"
STACK_ID = f"arn:aws:cloudformation:{HOME}:123456789012:stack/team/51af3dc0-da77-11e4-872e-1234567"
LOG_GROUP = "certrotation-test-rotate"
MOST_BYTES = 4096
LAMBDA_TRIES = 3
"""Of an asynchronous invocation (Lambda Developer Guide, Error handling)."""


@dataclass(kw_only=True)
class Resource:
    """A custom resource of a stack, as CloudFormation knows it."""

    logical_id: str = "Certificate"
    physical_id: str | None = None
    properties: dict[str, Any] = field(default_factory=dict)
    attributes: dict[str, str] = field(default_factory=dict)


@dataclass(kw_only=True)
class Engine:
    """CloudFormation, with the URLs that it signs on loopback."""

    estate: Estate
    address: str
    answers: dict[str, dict[str, Any]]
    """What was put, by the path of the URL."""
    refusing: list[int]
    """The statuses that the next answers get instead of being taken."""
    waiting_url: str
    deleted: list[str] = field(default_factory=list)
    """Physical ids of what was to be deleted."""
    run: Run | None = None
    """What the provider said last."""

    def request(self, kind: str, resource: Resource, properties: Mapping[str, Any]) -> str:
        """Send a request, as an asynchronous invocation; return the path of its URL."""
        path = f"/{uuid4()}"
        event: dict[str, Any] = {
            "RequestType": kind,
            "RequestId": str(uuid4()),
            "StackId": STACK_ID,
            "ResponseURL": f"{self.address}{path}?X-Amz-Signature=0123456789abcdef",
            "ResourceType": "Custom::ManagedCertificate",
            "LogicalResourceId": resource.logical_id,
            "ResourceProperties": {"ServiceToken": SERVICE_TOKEN, **properties},
        }
        if kind != "Create":
            event["PhysicalResourceId"] = resource.physical_id
        if kind == "Update":
            event["OldResourceProperties"] = resource.properties
        with self.estate.listening() as self.run:
            for attempt in range(1, LAMBDA_TRIES + 1):
                try:
                    run_custom_resource(event)
                except Exception:
                    if attempt == LAMBDA_TRIES:
                        raise
                else:
                    break
        return path

    def create(self, **properties: Any) -> str:
        """Begin to create a resource."""
        return self.request("Create", Resource(), properties)

    def deliver(self) -> int:
        """Hand each visible message of the queue of waiting requests to the provider, once."""
        sqs, delivered = client("sqs", HOME), 0
        while got := sqs.receive_message(
            QueueUrl=self.waiting_url, MessageSystemAttributeNames=["All"]
        ).get("Messages"):
            (message,) = got
            record = {
                "messageId": message["MessageId"],
                "receiptHandle": message["ReceiptHandle"],
                "body": message["Body"],
                "attributes": message["Attributes"],
            }
            with self.estate.listening() as self.run:
                answer = run_custom_resource({"Records": [record]})
            if answer == {"batchItemFailures": []}:
                sqs.delete_message(
                    QueueUrl=self.waiting_url, ReceiptHandle=message["ReceiptHandle"]
                )
            delivered += 1
        return delivered

    def waiting(self) -> int:
        """Return how many requests wait."""
        got = client("sqs", HOME).get_queue_attributes(
            QueueUrl=self.waiting_url, AttributeNames=["All"]
        )["Attributes"]
        names = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible")
        return sum(int(got[each]) for each in names)

    def rotate(self) -> Run:
        """Work the rotation queue off, and write the log of rotate."""
        run = self.estate.drain()
        self.estate.aws.log(LOG_GROUP, *run.lines)
        return run


@contextmanager
def cloudformation(estate: Estate) -> Iterator[Engine]:
    """Let CloudFormation play with the estate, and the provider have what its stack gives it."""
    answers: dict[str, dict[str, Any]] = {}
    refusing: list[int] = []

    class Handler(BaseHTTPRequestHandler):
        def do_PUT(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            status = refusing.pop(0) if refusing else 200
            # The signature of the URL is for an empty content type.
            if self.headers.get("Content-Type", "") != "" or len(body) > MOST_BYTES:
                status = 403
            path, _, query = self.path.partition("?")
            if status == 200 and query == "X-Amz-Signature=0123456789abcdef":
                assert path not in answers, "answered twice"
                answers[path] = json.loads(body)
            self.send_response(status)
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  its name there
            del format, args

    url = client("sqs", HOME).create_queue(
        QueueName="waiting", Attributes={"VisibilityTimeout": "360"}
    )["QueueUrl"]
    estate.environment |= {
        "CERTROTATION_WAITING_REQUESTS_URL": url,
        "CERTROTATION_ROTATION_LOG_GROUP": LOG_GROUP,
    }
    estate.aws.log(LOG_GROUP)
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield Engine(
                estate=estate,
                address=f"http://127.0.0.1:{server.server_address[1]}",
                answers=answers,
                refusing=refusing,
                waiting_url=url,
            )
        finally:
            server.shutdown()
            thread.join()
