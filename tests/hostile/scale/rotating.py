"""Rotates many certificates at once against ACM's rate quotas, through a model of the queue."""

from __future__ import annotations

import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING
from unittest.mock import patch

import boto3

from certrotation import composition
from certrotation.handlers import rotate, scan
from certrotation.names import tags
from tests.double import Behaviour, Fault, embedded_aws
from tests.simulation.estate import HOME, PREFIX, Estate
from tests.simulation.runner import Message, ModelQueue
from tests.support.authority import Authority, shared_key
from tests.support.scaled_clock import ScaledClock

if TYPE_CHECKING:
    from certrotation.composition import Composition
    from certrotation.settings import Settings
    from tests.double import Call

REGIONS = (HOME, "us-east-1", "us-west-2", "ap-southeast-2")
WORKERS = 4
"""The default of `rotate_concurrency` (infra/config.py)."""

SPEED = 5
"""Seconds of the scaled clock in a real one: many more, and this machine is slower than the quotas.

The functions, botocore's back-off and rate limits, the quotas and the queue all live by this clock;
computing is not scaled, so that a slow machine makes the figures worse, never better.
"""

RATES = {
    "AddTagsToCertificate": 5,
    "DescribeCertificate": 10,
    "GetCertificate": 10,
    "ImportCertificate": 1,
    "ListCertificates": 8,
    "ListTagsForCertificate": 10,
    "RemoveTagsFromCertificate": 5,
}
"""Requests a second and Region (ACM User Guide, Quotas: API rate quotas)."""

BURST = 4
"""Seconds' worth that a bucket holds. ACM publishes none; it is that of Elastic Load Balancing: 40
requests at 10 a second (Elastic Load Balancing User Guide, API throttling)."""


@dataclass(frozen=True, kw_only=True)
class Rotated:
    """What rotating so many secrets took."""

    secrets: int
    seconds: float
    """Of the scaled clock, from the scan to the last message's end."""
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


class Quotas:
    """A token bucket for each operation and Region."""

    def __init__(self, clock: ScaledClock, burst: float) -> None:
        self._burst = burst
        self.requests: Counter[str] = Counter()
        self.throttled: Counter[str] = Counter()
        self._clock = clock
        self._buckets: dict[tuple[str, str], tuple[float, float]] = {}

    def __call__(self, service: str, operation: str, region: str) -> Fault | None:
        """Answer ThrottlingException where a Region's bucket is empty."""
        rate = RATES.get(operation)
        if service != "acm" or rate is None:
            return None
        self.requests[operation] += 1
        now, key = self._clock.seconds(), (operation, region)
        tokens, then = self._buckets.get(key, (float(self._burst * rate), now))
        tokens = min(self._burst * rate, tokens + (now - then) * rate)
        is_allowed = tokens >= 1
        self._buckets[key] = (tokens - is_allowed, now)
        if is_allowed:
            return None
        self.throttled[operation] += 1
        return Fault(code="ThrottlingException", status=400)


def rotate_many(secrets: int, burst: float = BURST) -> Rotated:
    """Renew so many secrets with a copy in each of four Regions, all due at once."""
    authority = Authority.root().intermediate()
    with embedded_aws(Behaviour(imported_certificate_quota=10_000)) as aws, ExitStack() as stack:
        estate = Estate(aws, *REGIONS)
        fresh = _build(estate, authority, secrets)
        imports: Counter[str] = Counter()
        aws.after(lambda call: _count(call, imports))
        clock = ScaledClock(speed=SPEED)
        stack.enter_context(clock.in_force())
        stack.enter_context(estate.listening())
        stack.enter_context(patch("certrotation.handlers.rotate.emit", lambda _: None))
        queue, quotas = ModelQueue(clock=clock), Quotas(clock, burst)
        stack.enter_context(patch("certrotation.composition.composed", _Compositions(queue)))
        aws.behaviour.fault = quotas
        # Reading them silences a warning, which Python can do for one thread alone.
        composition.public_roots(None)
        scan.handler({}, None)
        longest = _work(queue)
        seconds = clock.seconds()
        aws.behaviour.fault = None
        lost = sum(estate.presents(arn).serial_number != serial for arn, serial in fresh.items())
        found = sum(len(estate.certificates(region)) for region in REGIONS)
    return Rotated(
        secrets=secrets,
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
        for region in REGIONS:
            wanted[estate.certificate(old, region, marks)] = new.certificate.serial_number
        estate.renew(name, new)
    return wanted


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


def _work(queue: ModelQueue) -> float:
    """Let the workers empty the queue; return the seconds of the longest invocation."""

    def work() -> float:
        longest = 0.0
        while queue.messages and not queue.is_closed:
            got = queue.receive()
            if got is None:
                time.sleep(1)
                continue
            begin = queue.clock.seconds()
            try:
                _invoke(queue, *got)
            except BaseException:
                queue.is_closed = True  # or the others would wait for this message
                raise
            longest = max(longest, queue.clock.seconds() - begin)
        return longest

    with ThreadPoolExecutor(WORKERS) as pool:
        return max([each.result() for each in [pool.submit(work) for _ in range(WORKERS)]])


def _invoke(queue: ModelQueue, handle: str, message: Message) -> None:
    if not rotate.handler({"Records": [message.record(handle)]}, None)["batchItemFailures"]:
        queue.delete(handle)
