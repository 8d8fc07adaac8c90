"""What the deployed code must do under Lambda's runtime, and what that takes."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from infra.config import StackConfig
from infra.service.environment import function_environment
from tests.double import embedded_aws
from tests.double.server import serving
from tests.packaged.asset import can_be_written, mounted, portrait, runtimes_own
from tests.packaged.function import MEMORY, Function, Place, started
from tests.simulation.estate import HOME, PREFIX, Estate, client
from tests.simulation.mailbox import Mailbox
from tests.support.authority import Authority

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tests.double import EmbeddedAws
    from tests.support.authority import Issued

REGIONS = (HOME, "us-east-1")
SCAN = "certrotation.handlers.scan.handler"
ROTATE = "certrotation.handlers.rotate.handler"
NOWHERE = "certrotation.handlers.nowhere.handler"
SHOP = f"{PREFIX}shop"
SCHEDULED = {"source": "aws.scheduler"}
TURNS = 6
"""Renewals: the first is cold, of the others the fastest counts."""
STARTS = 5
"""Of each function, and the fastest counts."""


@dataclass(frozen=True, kw_only=True)
class Figures:
    """What one function took."""

    name: str
    init_seconds: float
    """From its start until it asks for its first event; of the fastest start."""
    cold_seconds: float
    """Of its first invocation."""
    warm_seconds: float
    """Of its fastest one."""
    peak_megabytes: float


@dataclass(kw_only=True)
class Report:
    """What was measured, and each expectation with whether it held."""

    figures: list[Figures] = field(default_factory=list)
    expectations: dict[str, bool] = field(default_factory=dict)


class Shop:
    """One certificate, live in both Regions, and all the keys that its secret has held."""

    def __init__(self, aws: EmbeddedAws) -> None:
        self.aws = aws
        self.estate = Estate(aws, *REGIONS)
        self.keys: list[str] = []
        self._authority = Authority.root().intermediate()
        self.estate.secret("shop", self._issue())
        self.estate.run()
        self.copies = self._copies()

    def renew(self) -> Issued:
        """Put new material into the secret, and return it."""
        issued = self._issue()
        self.estate.renew("shop", issued)
        return issued

    def presents(self, issued: Issued) -> bool:
        """Say whether both Regions present this under the ARNs that they always had."""
        return self._copies() == self.copies and all(
            self.estate.presents(arn) == issued.certificate for arn in self.copies
        )

    def receive(self) -> dict[str, Any]:
        """Take the one message from the queue, as the event that Lambda makes of it.

        Lambda Developer Guide, "Using Lambda with Amazon SQS".
        """
        (message,) = client("sqs", HOME).receive_message(
            QueueUrl=self.estate.queue_url, MessageSystemAttributeNames=["All"]
        )["Messages"]
        record = {
            "messageId": message["MessageId"],
            "receiptHandle": message["ReceiptHandle"],
            "body": message["Body"],
            "attributes": message["Attributes"],
            "messageAttributes": {},
            "md5OfBody": message["MD5OfBody"],
            "eventSource": "aws:sqs",
            "eventSourceARN": f"arn:aws:sqs:{HOME}:{self.aws.account_id}:rotation",
            "awsRegion": HOME,
        }
        return {"Records": [record]}

    def delete(self, event: Mapping[str, Any]) -> None:
        """Delete a message that was worked off, as Lambda does."""
        client("sqs", HOME).delete_message(
            QueueUrl=self.estate.queue_url, ReceiptHandle=event["Records"][0]["receiptHandle"]
        )

    def _issue(self) -> Issued:
        issued = self._authority.issue("shop.example.com")
        self.keys += issued.key_pem().splitlines()[1:-1]
        return issued

    def _copies(self) -> list[str]:
        return [arn for region in REGIONS for arn in self.estate.certificates(region)]


def tell(asset: Path, folder: Path) -> Report:
    """Run both functions from the bundled `asset`; `folder` is empty, and for what they write."""
    report = Report()
    scratch, logs = folder / "tmp", folder / "logs"
    scratch.mkdir()
    logs.mkdir()
    with embedded_aws() as aws, serving() as endpoint, mounted(asset):
        shop = Shop(aws)
        environment = _environment(shop.estate, endpoint)
        place = Place(
            asset=asset,
            runtime=runtimes_own(folder / "runtime"),
            scratch=scratch,
            logs=logs,
            environment=environment,
        )
        before = portrait(asset)
        is_writable = can_be_written(asset)
        with started(place, SCAN) as scanning, started(place, ROTATE) as rotating:
            _renewals(shop, scanning, rotating, report)
            report.figures += [_figures(place, SCAN, scanning), _figures(place, ROTATE, rotating)]
            report.expectations |= _about_what_is_logged(scanning, rotating)
        _failures(place, report)
        printed = [each.read_text(encoding="utf-8") for each in logs.iterdir()]
        report.expectations |= {
            "no line of a private key was printed": not any(
                key in text for key in shop.keys for text in printed
            ),
            "neither function wrote a file": not list(scratch.iterdir()),
            "the asset could not be written, and is as it was": not is_writable
            and portrait(asset) == before,
        }
    report.expectations |= {
        f"{each.name} took at most half of its {MEMORY} MB": each.peak_megabytes <= MEMORY / 2
        for each in report.figures
    }
    return report


def _environment(estate: Estate, endpoint: str) -> dict[str, str]:
    """Return what the stack gives the functions, and how they reach the double."""
    config = StackConfig(target_regions=REGIONS)
    return {
        "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "not-a-secret",
        "AWS_SESSION_TOKEN": "not-a-token",
        "AWS_DEFAULT_REGION": HOME,
        "AWS_REGION": HOME,
        # For all services: one that was forgotten would be looked for outside.
        "AWS_ENDPOINT_URL": endpoint,
        **function_environment(
            config, queue_url=estate.queue_url, warning_topic_arn=Mailbox(estate).topic_arn
        ),
    }


def _renewals(shop: Shop, scanning: Function, rotating: Function, report: Report) -> None:
    queued, returned, live = [], [], []
    for _ in range(TURNS):
        issued = shop.renew()
        queued.append(scanning.invoke(SCHEDULED).document["queued"])
        event = shop.receive()
        returned.append(rotating.invoke(event).document)
        shop.delete(event)
        live.append(shop.presents(issued))
    idle = scanning.invoke(SCHEDULED).document
    report.expectations |= {
        f"each of {TURNS} scans queues the secret that is due": queued == [[SHOP]] * TURNS,
        f"each of {TURNS} rotations succeeds": returned == [{"batchItemFailures": []}] * TURNS,
        f"after each both Regions ({' and '.join(REGIONS)}) present the new certificate": all(live),
        "then nothing is due": idle["queued"] == [] and idle["states"]["current"] == len(REGIONS),
        "and the queue is empty": not any(shop.estate.waiting_messages().values()),
    }


def _about_what_is_logged(*functions: Function) -> dict[str, bool]:
    """Tell of the lines that Lambda hands to CloudWatch."""
    lines = [line for function in functions for line in function.lines()]
    metrics = [json.loads(line) for line in lines if '"CloudWatchMetrics"' in line]
    dimensions = {each["service"] for each in metrics}
    stack = StackConfig(target_regions=REGIONS).stack_name
    documents = [json.loads(line) for line in lines if _is_object(line)]
    versions = {each["boto3_version"] for each in documents if "boto3_version" in each}
    boto3_of_the_tests = version("boto3")
    return {
        "each line that the functions print is a JSON object": all(map(_is_object, lines)),
        "metrics are of the stack's own service": dimensions == {stack},
        f"boto3 is that of the tests, {boto3_of_the_tests}": versions == {boto3_of_the_tests},
    }


def _is_object(line: str) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except ValueError:
        return False


def _failures(place: Place, report: Report) -> None:
    """What the functions do not foresee, the runtime reports."""
    name = "CERTROTATION_TARGET_REGIONS"
    bare = {key: value for key, value in place.environment.items() if key != name}
    lacking = replace(place, environment=bare)
    for handler in (SCAN, ROTATE):
        with started(lacking, handler) as function:
            said = [function.invoke({"Records": []}) for _ in range(2)]
        report.expectations[f"a missing setting fails {handler} by name, at each invocation"] = all(
            each.what == "error"
            and each.document["errorType"] == "SettingsError"
            and f"{name} is not set" in each.document["errorMessage"]
            for each in said
        )
    with started(place, NOWHERE) as function:
        code = function.process.wait(10)
    report.expectations["a handler that is not in the asset fails the start"] = (
        function.started.what == "init error"
        and function.started.document["errorType"] == "Runtime.ImportModuleError"
        and code != 0
    )


def _figures(place: Place, handler: str, function: Function) -> Figures:
    init = function.init_seconds
    for _ in range(STARTS - 1):
        with started(place, handler) as again:
            init = min(init, again.init_seconds)
    return Figures(
        name=handler.split(".")[-2],
        init_seconds=init,
        cold_seconds=function.seconds[0],
        warm_seconds=min(function.seconds[1:TURNS]),
        peak_megabytes=function.peak_megabytes(),
    )
