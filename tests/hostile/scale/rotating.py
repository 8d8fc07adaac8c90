"""Rotates many certificates at once against ACM's rate quotas, through a model of the queue."""

from __future__ import annotations

import copy
import multiprocessing
import os
import sys
import threading
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from unittest.mock import patch

import boto3
from moto.acm.models import acm_backends
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.moto_api._internal import mock_random

from certrotation import composition
from certrotation.handlers import rotate, scan
from certrotation.names import tags
from tests.double import Behaviour, embedded_aws
from tests.hostile.scale.aws import RATES, Quotas, slow_and_throttled, without_http
from tests.simulation.estate import HOME, PREFIX, Estate
from tests.simulation.runner import Message, ModelQueue
from tests.simulation.virtual_time import VirtualTime
from tests.support.authority import Authority, shared_key

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from multiprocessing.queues import SimpleQueue

    from certrotation.composition import Composition
    from certrotation.settings import Settings
    from tests.double import Call

REGIONS = (HOME, "us-east-1", "us-west-2", "ap-southeast-2")
WORKERS = 4
"""The default of `rotate_concurrency` (infra/config.py)."""

BEGIN = datetime(2026, 11, 25, 9, tzinfo=UTC)
"""Rate limits count in whole seconds of the clock, so that the figures depend on it."""

BURSTS = (4, 1)
"""Seconds' worth that a bucket holds. ACM publishes no figure. Those of Elastic Load Balancing hold
four seconds' worth, 40 requests at 10 a second (Elastic Load Balancing User Guide, API throttling).
A single second's worth is the worst case."""


@dataclass(frozen=True, kw_only=True)
class Rotated:
    """What rotating so many secrets took."""

    secrets: int
    burst: int
    """Seconds' worth that a bucket holds."""
    seconds: float
    """From the scan to the last message's end."""
    requests: Counter[str]
    """To ACM, tries of botocore included."""
    throttled: Counter[str]
    lost: int
    """Copies that do not present what was AWSCURRENT."""
    doubled: int
    """Imports beyond one a copy."""
    stray: int
    dead_letters: int
    returned: int
    """Times that a message came back."""
    longest: float
    """Seconds of the longest invocation."""

    @property
    def fastest(self) -> float:
        """The seconds that ImportCertificate's quota costs at the least."""
        return (self.secrets - 1) / RATES["ImportCertificate"]


def rotate_each(sizes: Sequence[int]) -> list[Rotated]:
    """Measure each size against each bucket, in processes; the longest measurements begin first."""
    wanted = [(size, burst) for burst in BURSTS for size in sizes]
    count = os.cpu_count() or 1
    fresh = multiprocessing.get_context("spawn")
    processors = fresh.SimpleQueue()
    for number in _processors(count):
        processors.put(number)
    with ProcessPoolExecutor(count, fresh, _stay, (processors,)) as pool:
        running = {each: pool.submit(rotate_many, *each) for each in sorted(wanted, reverse=True)}
        return [running[each].result() for each in wanted]


def _processors(count: int) -> list[int]:
    """Return a processor for each of so many processes."""
    usable = sorted(os.sched_getaffinity(0)) if sys.platform == "linux" else [0]
    return [usable[number % len(usable)] for number in range(count)]


def _stay(processors: SimpleQueue[int]) -> None:
    """Keep this process on one processor: its threads take turns, and moving them is slower."""
    if sys.platform == "linux":
        os.sched_setaffinity(0, {processors.get()})


def rotate_many(secrets: int, burst: int) -> Rotated:
    """Renew so many secrets with a copy in each of four Regions, all due at once."""
    time = VirtualTime(BEGIN)
    with ExitStack() as stack:
        stack.enter_context(time.in_force())
        aws = stack.enter_context(embedded_aws(Behaviour(imported_certificate_quota=10_000)))
        stack.enter_context(without_http(aws))
        mock_random.seed(0)
        estate = Estate(aws, *REGIONS)
        fresh = _build(estate, Authority.root().intermediate(), secrets)
        imports: Counter[str] = Counter()
        aws.after(lambda call: _count(call, imports))
        queue, quotas = ModelQueue(clock=time), Quotas(time, burst)
        with (
            estate.listening(),
            patch("certrotation.handlers.rotate.emit", lambda _: None),
            patch("certrotation.composition.composed", _Compositions(queue)),
            slow_and_throttled(time, quotas),
        ):
            scan.handler({}, None)
            longest = _work(queue, time)
            seconds = time.seconds()
        lost = sum(estate.presents(arn).serial_number != serial for arn, serial in fresh.items())
        found = sum(len(estate.certificates(region)) for region in REGIONS)
    return Rotated(
        secrets=secrets,
        burst=burst,
        seconds=seconds,
        requests=quotas.requests,
        throttled=quotas.throttled,
        lost=lost,
        doubled=sum(each - 1 for each in imports.values()),
        stray=found - len(fresh),
        dead_letters=queue.dead_letters,
        returned=queue.returned,
        longest=longest,
    )


def _build(estate: Estate, authority: Authority, secrets: int) -> dict[str, int]:
    """Return the ARN of each copy, and the serial number that it is to present."""
    wanted: dict[str, int] = {}
    for number in range(secrets):
        name = f"shop-{number}"
        old, new = (
            authority.issue(f"{name}.example.com", key=shared_key("p256"), lifetime=life)
            for life in (timedelta(days=20), timedelta(days=90))
        )
        version = estate.secret(name, old)
        marks = {
            tags.SECRET: PREFIX + name,
            tags.VERSION: version,
            tags.NOT_AFTER: str(int(old.certificate.not_valid_after_utc.timestamp())),
        }
        first = estate.certificate(old, HOME, marks)
        for arn in (first, *_copied(first)):
            wanted[arn] = new.certificate.serial_number
        estate.renew(name, new)
    return wanted


def _copied(arn: str) -> Iterator[str]:
    """Put a copy into the other Regions' stores, which is faster than importing it there."""
    bundle = acm_backends[DEFAULT_ACCOUNT_ID][HOME]._certificates[arn]
    for region in REGIONS[1:]:
        copied = copy.copy(bundle)
        copied.arn = arn.replace(HOME, region)
        copied.tags = copy.deepcopy(bundle.tags)
        acm_backends[DEFAULT_ACCOUNT_ID][region]._certificates[copied.arn] = copied
        yield copied.arn


def _count(call: Call, imports: Counter[str]) -> None:
    if call.operation == "ImportCertificate" and call.error is None:
        imports[call.params.get("CertificateArn", "a new one")] += 1


class _Compositions:
    """Gives each worker clients of its own, as each Lambda instance has."""

    def __init__(self, queue: ModelQueue) -> None:
        self._queue = queue
        self._local = threading.local()

    def __call__(self, settings: Settings) -> Composition:
        if not hasattr(self._local, "made"):
            made = composition.compose(settings, boto3.Session())
            self._local.made = made._replace(account=replace(made.account, queue=self._queue))
        composed: Composition = self._local.made
        return composed


def _work(queue: ModelQueue, time: VirtualTime) -> float:
    """Let the workers empty the queue; return the seconds of the longest invocation."""

    def work() -> float:
        longest = 0.0
        while queue.messages and not queue.is_closed:
            got = queue.receive()
            if got is None:
                time.sleep(1)
                continue
            begin = time.seconds()
            try:
                _invoke(queue, *got)
            except BaseException:
                queue.is_closed = True  # or the others would wait for this message
                raise
            longest = max(longest, time.seconds() - begin)
        return longest

    return max(time.results([time.start(work) for _ in range(WORKERS)]))


def _invoke(queue: ModelQueue, handle: str, message: Message) -> None:
    if not rotate.handler({"Records": [message.record(handle)]}, None)["batchItemFailures"]:
        queue.delete(handle)
