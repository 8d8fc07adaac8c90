"""Lets AWS misbehave in every way that it is known to, until the third round, and looks at the end.

python -m tests.hostile.weather
"""

from __future__ import annotations

import random
import sys
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import botocore.exceptions
from rich.console import Console
from rich.table import Table

from certrotation import composition
from tests.double import Fault
from tests.hostile.playing import play, play_all
from tests.hostile.stories import EDGE, STORIES
from tests.support.death import DeathError
from tests.support.estate import HOME, client

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.double import Call
    from tests.double.embedded import StaleRead
    from tests.hostile.playing import Ending, Weather
    from tests.support.estate import Estate

CLEARS_IN_ROUND = 2
"""Counted from 0. What lasts longer ends in the dead-letter queue, where a person sees it."""

ROTATE_TIMEOUT = timedelta(minutes=5)
"""Of the rotate function (infra/service/rotate_function.py)."""

POLLING = frozenset({"ReceiveMessage", "DeleteMessage"})
"""What Lambda does with the queue, not the functions."""

SEEDS = range(4)

SERVICES = {
    "secretsmanager": (HOME,),
    "sqs": (HOME,),
    "acm": (HOME, EDGE),
    "resourcegroupstaggingapi": (HOME, EDGE),
    "elbv2": (HOME, EDGE),
    "cloudfront": (EDGE,),
}
"""The Regions in which each service is asked."""


@dataclass(frozen=True, kw_only=True)
class Throttled:
    """Others use up the most of each rate; what is left is a request now and then.

    ACM's are the published ones (ACM User Guide, Quotas: API rate quotas); the others' are not
    published, or are far beyond what is asked here.
    """

    seed: int
    others: float = 0.8
    """The share of requests that find the rate used up."""

    @contextmanager
    def __call__(self, estate: Estate, number: int) -> Iterator[None]:
        """Throttle until it clears up."""
        rates = {"ImportCertificate": 1, "AddTagsToCertificate": 5, "RemoveTagsFromCertificate": 5}
        chance = random.Random(f"{self.seed} {number}")  # noqa: S311  to be repeated
        last: dict[tuple[str, str], datetime] = {}

        def throttle(service: str, operation: str, region: str) -> Fault | None:
            code = "ThrottlingException"
            now, key = datetime.now(UTC), (operation, region)
            if service == "acm" and operation in rates:
                gap = timedelta(seconds=1 / rates[operation])
                if key in last and now - last[key] < gap:
                    return Fault(code=code, status=400)
                last[key] = now
            if service in {"acm", "elbv2", "cloudfront"} and chance.random() < self.others:
                return Fault(code="Throttling" if service == "cloudfront" else code, status=400)
            return None

        # A client learns a rate; the next world's clock is not its own.
        composition._kept.cache_clear()
        with _fault(estate, throttle if number <= CLEARS_IN_ROUND else None):
            yield
        composition._kept.cache_clear()


@dataclass(frozen=True, kw_only=True)
class Failing:
    """This share of all requests is answered with a 5xx, before or after they took effect."""

    seed: int
    share: float
    takes_effect: bool

    @contextmanager
    def __call__(self, estate: Estate, number: int) -> Iterator[None]:
        """Fail until it clears up."""
        chance = random.Random(f"{self.seed} {number}")  # noqa: S311  to be repeated

        def fail(service: str, operation: str, region: str) -> Fault | None:
            del service, region
            if operation in POLLING or chance.random() >= self.share:
                return None
            return Fault(code="InternalFailure", status=500, takes_effect=self.takes_effect)

        with _fault(estate, fail if number <= CLEARS_IN_ROUND else None):
            yield


@dataclass(frozen=True, kw_only=True)
class TimedOut:
    """Each call takes effect, but the answer to some never comes, however often it is tried."""

    seed: int

    @contextmanager
    def __call__(self, estate: Estate, number: int) -> Iterator[None]:
        """Lose a tenth of the answers until it clears up."""
        chance = random.Random(f"{self.seed} {number}")  # noqa: S311  to be repeated

        def lose(call: Call) -> None:
            if number >= CLEARS_IN_ROUND or call.operation in POLLING or call.error:
                return
            if chance.random() < 0.1:
                raise botocore.exceptions.ReadTimeoutError(endpoint_url="https://aws.example")

        with estate.aws.after(lose):
            yield


@dataclass(frozen=True, kw_only=True)
class Slow:
    """Each answer takes so long that Lambda ends the longer invocations in their midst."""

    seconds: float

    @contextmanager
    def __call__(self, estate: Estate, number: int) -> Iterator[None]:
        """Let each call take its time until it clears up."""
        begin = datetime.now(UTC)

        def wait(call: Call) -> None:
            nonlocal begin
            if number >= CLEARS_IN_ROUND:
                return
            if call.operation in {"ListSecrets", "DescribeSecret"}:
                begin = datetime.now(UTC)
            if datetime.now(UTC) - begin > ROTATE_TIMEOUT:
                raise DeathError
            time.sleep(self.seconds)

        with estate.aws.before(wait):
            yield


@dataclass(frozen=True, kw_only=True)
class Stale:
    """Reads of these kinds answer from what was there when the round began."""

    kinds: tuple[StaleRead, ...]

    @contextmanager
    def __call__(self, estate: Estate, number: int) -> Iterator[None]:
        """Freeze until it clears up."""
        with ExitStack() as stack:
            for kind in self.kinds if number < CLEARS_IN_ROUND else ():
                stack.enter_context(estate.aws.stale(kind))
            yield


@dataclass(frozen=True, kw_only=True)
class Denied:
    """One service in one Region refuses every operation."""

    service: str
    region: str

    @contextmanager
    def __call__(self, estate: Estate, number: int) -> Iterator[None]:
        """Deny until somebody corrects the policy."""

        def deny(call: Call) -> None:
            if (
                number < CLEARS_IN_ROUND
                and (call.service, call.region) == (self.service, self.region)
                and call.operation not in POLLING
            ):
                raise estate.aws.error("AccessDeniedException", call.operation)

        with estate.aws.before(deny):
            yield


@dataclass(frozen=True, kw_only=True)
class FromTheNth:
    """An API answers so many calls of a round, and from then on none."""

    service: str
    calls: int

    @contextmanager
    def __call__(self, estate: Estate, number: int) -> Iterator[None]:
        """Fail in each round until it clears up."""
        seen = 0

        def fail(call: Call) -> None:
            nonlocal seen
            if call.service != self.service or call.operation in POLLING:
                return
            seen += 1
            if number < CLEARS_IN_ROUND and seen > self.calls:
                raise estate.aws.error("ServiceUnavailable", call.operation)

        with estate.aws.before(fail):
            yield


@dataclass(frozen=True, kw_only=True)
class DistributionInProgress:
    """Somebody changed every distribution, and that takes forty minutes to be deployed."""

    minutes: int = 40
    begun: dict[str, datetime] = field(default_factory=dict, compare=False)

    @contextmanager
    def __call__(self, estate: Estate, number: int) -> Iterator[None]:
        """Deploy what was changed forty minutes ago."""
        estate.aws.behaviour.deployments = "when_told"
        if number == 0:
            _touch_distributions(estate)
            self.begun["at"] = datetime.now(UTC)
        if datetime.now(UTC) - self.begun["at"] >= timedelta(minutes=self.minutes):
            estate.aws.finish_deployments()
        yield


def _touch_distributions(estate: Estate) -> None:
    cloudfront = client("cloudfront", EDGE)
    with estate.aws.unobserved():
        for each in cloudfront.list_distributions()["DistributionList"].get("Items", []):
            got = cloudfront.get_distribution_config(Id=each["Id"])
            # What is sent as it was is deployed anew all the same.
            cloudfront.update_distribution(
                Id=each["Id"], IfMatch=got["ETag"], DistributionConfig=got["DistributionConfig"]
            )


@contextmanager
def _fault(estate: Estate, fault: Any) -> Iterator[None]:
    estate.aws.behaviour.fault = fault
    try:
        yield
    finally:
        estate.aws.behaviour.fault = None


def weathers(calls: Mapping[str, int]) -> dict[str, list[Weather]]:
    """Return every weather, by its name in the table.

    Args:
        calls: how many calls of each service an undisturbed first round makes.
    """
    kinds: tuple[StaleRead, ...] = (
        "tagging",
        "list_secrets",
        "list_certificates",
        "in_use_by",
        "secret_values",
    )
    return {
        "throttled, 80 % by others": [Throttled(seed=each) for each in SEEDS],
        "30 % of requests fail": [
            Failing(seed=each, share=0.3, takes_effect=False) for each in SEEDS
        ],
        "20 % of answers lost, tried again": [
            Failing(seed=each, share=0.2, takes_effect=True) for each in SEEDS
        ],
        "10 % of calls time out after the effect": [TimedOut(seed=each) for each in range(12)],
        "slow answers": [Slow(seconds=each) for each in (5, 20, 45)],
        "stale reads": [*(Stale(kinds=(each,)) for each in kinds), Stale(kinds=kinds)],
        "denied, a service and Region each": [
            Denied(service=service, region=region)
            for service, regions in SERVICES.items()
            for region in regions
        ],
        "fails from the n-th call on": [
            FromTheNth(service=service, calls=each)
            for service, made in calls.items()
            for each in range(1, made)
        ],
        "a distribution in progress": [DistributionInProgress()],
    }


def main() -> int:
    """Play every story in every weather; print a table; return how many plays broke a promise."""
    console = Console()
    table = Table(
        *("weather", "plays", "gaps", "imported twice", "strays", "dead letters", "broken"),
        title=f"{len(STORIES)} stories in every weather",
        title_justify="left",
    )
    endings: dict[str, list[Ending]] = {}
    broken: dict[str, int] = {}
    for name in STORIES:
        undisturbed = play(name)
        for title, group in weathers(undisturbed.calls_by_service).items():
            played = play_all([(name, each) for each in group])
            endings.setdefault(title, []).extend(played)
            for weather, ending in zip(group, played, strict=True):
                wrong = ending.wrongs(undisturbed)
                broken[title] = broken.get(title, 0) + bool(wrong)
                if wrong:
                    console.print(name, weather, *wrong, sep="\n  ")
    for title, played in endings.items():
        table.add_row(
            title,
            str(len(played)),
            str(sum(len(each.gaps) for each in played)),
            str(sum(each.doubled for each in played)),
            str(sum(each.strays for each in played)),
            str(sum(each.dead_letters for each in played)),
            str(broken[title]),
        )
    console.print(table)
    return sum(broken.values())


if __name__ == "__main__":
    sys.exit(min(main(), 1))
