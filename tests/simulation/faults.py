"""The one fault injector: deaths, throttling, errors, lost answers, denials, silence and lag.

Each fault lasts as long as its context; several may be in force at the same time.
"""

from __future__ import annotations

import time
from collections import Counter
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from random import Random
from typing import TYPE_CHECKING, Literal

import botocore.exceptions

from certrotation import composition
from tests.double import Fault

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping
    from contextlib import AbstractContextManager

    from tests.double import Call, EmbeddedAws
    from tests.double.embedded import StaleRead

    Answering = Callable[[str, str, str], Fault | None]
    """What a request of a service, an operation and a Region runs into."""

POLLING = frozenset({"ReceiveMessage", "DeleteMessage"})
"""What Lambda does with the queue, not the functions."""

REGIONAL = frozenset({"acm", "elbv2", "resourcegroupstaggingapi"})
"""What a Region's certificates and their users are asked of."""

LISTS_LAG: tuple[StaleRead, ...] = ("tagging", "list_certificates", "in_use_by")
SECRETS_LAG: tuple[StaleRead, ...] = ("list_secrets", "secret_values")
"""Every read that is eventually consistent."""

TIMEOUT = timedelta(minutes=5)
"""Of both functions (infra/service/service_function.py)."""


class DeathError(BaseException):
    """The process is gone; nothing that the service catches."""


@contextmanager
def dying(
    aws: EmbeddedAws, when: Literal["before", "after"], kills: Callable[[Call], bool]
) -> Iterator[None]:
    """Let the process die before or after the first call that `kills` says, until exit.

    A dead process makes no more calls: those of its other threads die as well.
    """
    is_dead = False

    def die(call: Call) -> None:
        nonlocal is_dead
        is_dead = is_dead or kills(call)
        if is_dead:
            raise DeathError

    def stay_dead(call: Call) -> None:
        del call
        if is_dead:
            raise DeathError

    place = aws.before if when == "before" else aws.after
    with place(die), aws.before(stay_dead):
        yield


def nth(number: int) -> Callable[[Call], bool]:
    """Return what is true of the n-th call (from 1), Lambda's receiving of messages not counted."""
    count = 0

    def is_it(call: Call) -> bool:
        nonlocal count
        # Lambda deletes the messages too, but one that was not deleted is one delivered twice.
        is_ours = call.operation != "ReceiveMessage"
        count += is_ours
        return is_ours and count == number

    return is_it


def begin(fault: AbstractContextManager[object]) -> Callable[[], None]:
    """Let a fault begin, and return what ends it."""
    stack = ExitStack()
    stack.enter_context(fault)
    return stack.close


class FaultInjector:
    """The faults of one account."""

    def __init__(self, aws: EmbeddedAws, chance: Random | None = None) -> None:
        self._aws, self._chance = aws, chance or Random(0)  # noqa: S311  to be repeated
        self._dark: Counter[str] = Counter()
        self._answering: list[Answering] = []

    # No answer

    @contextmanager
    def dark(self, region: str) -> Iterator[None]:
        """Let a Region answer nothing."""
        self._dark[region] += 1
        self._show_dark()
        try:
            yield
        finally:
            self._dark[region] -= 1
            self._show_dark()

    def _show_dark(self) -> None:
        self._aws.behaviour.dark_regions = {name for name, times in self._dark.items() if times}

    @contextmanager
    def silent(self, region: str, services: Collection[str]) -> Iterator[None]:
        """Let some services of a Region answer nothing."""

        def refuse(call: Call) -> None:
            if call.region == region and call.service in services:
                raise botocore.exceptions.EndpointConnectionError(
                    endpoint_url="https://aws.example"
                )

        with self._aws.before(refuse):
            yield

    @contextmanager
    def lost(self, share: float) -> Iterator[None]:
        """Let each call take effect, and a share of the answers never come, however often tried."""

        def lose(call: Call) -> None:
            if call.operation in POLLING or call.error:
                return
            if self._chance.random() < share:
                raise botocore.exceptions.ReadTimeoutError(endpoint_url="https://aws.example")

        with self._aws.after(lose):
            yield

    @contextmanager
    def slow(self, seconds: float) -> Iterator[None]:
        """Let each answer take so long that Lambda ends the longer invocations in their midst."""
        begun = datetime.now(UTC)

        def wait(call: Call) -> None:
            nonlocal begun
            if call.operation in {"ListSecrets", "DescribeSecret"}:
                begun = datetime.now(UTC)
            if datetime.now(UTC) - begun > TIMEOUT:
                raise DeathError
            time.sleep(seconds)

        with self._aws.before(wait):
            yield

    # Answers that botocore tries again

    @contextmanager
    def throttled(
        self,
        share: float,
        services: Collection[str] | None = None,
        rates: Mapping[str, float] | None = None,
    ) -> Iterator[None]:
        """Throttle a share of all requests, or of those to some services.

        Args:
            share: the requests that find the rate used up by others.
            services: whose rates; all, if not given.
            rates: of operations of ACM, in requests a second and Region.
        """
        last: dict[tuple[str, str], datetime] = {}

        def throttle(service: str, operation: str, region: str) -> Fault | None:
            now, key = datetime.now(UTC), (operation, region)
            if service == "acm" and rates and operation in rates:
                gap = timedelta(seconds=1 / rates[operation])
                if key in last and now - last[key] < gap:
                    return Fault(code="ThrottlingException", status=400)
                last[key] = now
            if (services is None or service in services) and self._chance.random() < share:
                code = "Throttling" if service == "cloudfront" else "ThrottlingException"
                return Fault(code=code, status=400)
            return None

        # A client learns a rate; the next world's clock is not its own.
        composition._kept.cache_clear()
        try:
            with self._running_into(throttle):
                yield
        finally:
            composition._kept.cache_clear()

    @contextmanager
    def imports_throttled(self, in_region: str) -> Iterator[None]:
        """Throttle every import in a Region."""

        def throttle(service: str, operation: str, region: str) -> Fault | None:
            del service
            is_one = operation == "ImportCertificate" and region == in_region
            return Fault(code="ThrottlingException", status=400) if is_one else None

        with self._running_into(throttle):
            yield

    @contextmanager
    def used_up(self, operation: str) -> Iterator[None]:
        """Let others use up what an account may call of an operation."""

        def refuse(service: str, called: str, region: str) -> Fault | None:
            del service, region
            is_one = called == operation
            return Fault(code="TooManyRequestsException", status=429) if is_one else None

        with self._running_into(refuse):
            yield

    @contextmanager
    def failing(self, share: float, *, takes_effect: bool = False) -> Iterator[None]:
        """Answer a share of all requests with 500, before or after they took effect."""

        def fail(service: str, operation: str, region: str) -> Fault | None:
            del service, region
            if operation in POLLING or self._chance.random() >= share:
                return None
            return Fault(code="InternalFailure", status=500, takes_effect=takes_effect)

        with self._running_into(fail):
            yield

    @contextmanager
    def _running_into(self, fault: Answering) -> Iterator[None]:
        self._answering.append(fault)
        self._show_faults()
        try:
            yield
        finally:
            self._answering.remove(fault)
            self._show_faults()

    def _show_faults(self) -> None:
        faults = tuple(self._answering)

        def first(service: str, operation: str, region: str) -> Fault | None:
            found = (each(service, operation, region) for each in faults)
            return next((each for each in found if each), None)

        self._aws.behaviour.fault = first if faults else None

    # Errors

    @contextmanager
    def denied(self, service: str, region: str, operation: str | None = None) -> Iterator[None]:
        """Let a service of a Region deny an operation, or all."""

        def deny(call: Call) -> None:
            if (
                (call.service, call.region) == (service, region)
                and operation in {None, call.operation}
                and call.operation not in POLLING
            ):
                raise self._aws.error("AccessDeniedException", call.operation)

        with self._aws.before(deny):
            yield

    @contextmanager
    def failing_from(self, service: str, calls: int) -> Iterator[None]:
        """Let a service answer so many calls, and from then on none."""
        seen = 0

        def fail(call: Call) -> None:
            nonlocal seen
            if call.service != service or call.operation in POLLING:
                return
            seen += 1
            if seen > calls:
                raise self._aws.error("ServiceUnavailable", call.operation)

        with self._aws.before(fail):
            yield

    # Eventual consistency

    @contextmanager
    def stale(self, *kinds: StaleRead) -> Iterator[None]:
        """Let reads of these kinds answer from what is there now."""
        with ExitStack() as stack:
            for kind in kinds:
                stack.enter_context(self._aws.stale(kind))
            yield
