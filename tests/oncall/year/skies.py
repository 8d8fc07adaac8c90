"""What AWS is like at the moment: dark Regions, throttling, errors, reads that lag."""

from __future__ import annotations

from collections import Counter
from contextlib import ExitStack
from typing import TYPE_CHECKING

import botocore.exceptions

from tests.double import Fault
from tests.support.estate import HOME

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from random import Random

    from tests.double import Call, EmbeddedAws
    from tests.double.embedded import StaleRead
    from tests.oncall.year.remembering import Remembered

    Running = Callable[[str, str, str], Fault | None]

LISTS_LAG: tuple[StaleRead, ...] = ("tagging", "list_certificates", "in_use_by")
SECRETS_LAG: tuple[StaleRead, ...] = ("list_secrets", "secret_values")
"""Every read that is eventually consistent."""

REGIONAL = frozenset({"acm", "elbv2", "resourcegroupstaggingapi"})
"""What a Region's certificates and their users are asked of."""


class Skies:
    """Several things may go wrong at the same time; each is ended by calling what began it gave."""

    def __init__(self, aws: EmbeddedAws, remembered: Remembered, chance: Random) -> None:
        self._aws, self._remembered, self._chance = aws, remembered, chance
        self._dark: Counter[str] = Counter()
        self._faults: list[Running] = []
        self.nights: list[tuple[str, datetime, datetime]] = []
        """Region, from and to: when it could not be reached."""

    def darken(self, region: str) -> Callable[[], None]:
        """Let a Region answer nothing."""
        self._dark[region] += 1
        self._show_dark()

        def lighten() -> None:
            self._dark[region] -= 1
            self._show_dark()

        return lighten

    def _show_dark(self) -> None:
        self._aws.behaviour.dark_regions = {name for name, times in self._dark.items() if times}

    def silence_home(self, services: frozenset[str]) -> Callable[[], None]:
        """Let some services of the home Region answer nothing."""

        def refuse(call: Call) -> None:
            if call.region == HOME and call.service in services:
                raise botocore.exceptions.EndpointConnectionError(
                    endpoint_url="https://aws.example"
                )

        hook = self._aws.before(refuse)

        def answer_again() -> None:
            hook.__exit__(None, None, None)

        return answer_again

    def throttle(self, share: float) -> Callable[[], None]:
        """Throttle a share of all requests."""

        def storm(service: str, operation: str, region: str) -> Fault | None:
            del operation, region
            if self._chance.random() >= share:
                return None
            code = "Throttling" if service == "cloudfront" else "ThrottlingException"
            return Fault(code=code, status=400)

        return self._run_into(storm)

    def throttle_imports(self, in_region: str) -> Callable[[], None]:
        """Throttle every import in a Region."""

        def storm(service: str, operation: str, region: str) -> Fault | None:
            del service
            is_one = operation == "ImportCertificate" and region == in_region
            return Fault(code="ThrottlingException", status=400) if is_one else None

        return self._run_into(storm)

    def fail(self, share: float) -> Callable[[], None]:
        """Answer a share of all requests with 500."""

        def fail(service: str, operation: str, region: str) -> Fault | None:
            del service, operation, region
            is_one = self._chance.random() < share
            return Fault(code="InternalFailure", status=500) if is_one else None

        return self._run_into(fail)

    def _run_into(self, fault: Running) -> Callable[[], None]:
        self._faults.append(fault)
        self._show_faults()

        def end() -> None:
            self._faults.remove(fault)
            self._show_faults()

        return end

    def _show_faults(self) -> None:
        faults = tuple(self._faults)

        def first(service: str, operation: str, region: str) -> Fault | None:
            found = (each(service, operation, region) for each in faults)
            return next((each for each in found if each), None)

        self._aws.behaviour.fault = first if faults else None

    def lag(self, kinds: tuple[StaleRead, ...]) -> Callable[[], None]:
        """Let reads of these kinds answer from what is there now."""
        stack = ExitStack()
        for kind in kinds:
            stack.enter_context(self._aws.stale(kind))
        self._remembered.stale += 1

        def end() -> None:
            stack.close()
            self._remembered.stale -= 1

        return end
