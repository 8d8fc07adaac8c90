"""Lets AWS misbehave in every way that it is known to, until the third round, and looks at the end.

python -m tests.hostile.fault_injection
"""

from __future__ import annotations

import sys
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table

from tests.hostile.plays import play, play_all
from tests.hostile.stories import EDGE, STORIES
from tests.simulation.estate import HOME, client
from tests.simulation.faults import LISTS_LAG, SECRETS_LAG, FaultInjector

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.hostile.plays import Ending, FaultSchedule
    from tests.simulation.estate import Estate

ROUNDS = 2
"""What lasts longer ends in the dead-letter queue, where a person sees it."""

SEEDS = range(4)

SERVICES = {
    "secretsmanager": (HOME,),
    "sqs": (HOME,),
    "acm": (HOME, EDGE),
    "resourcegroupstaggingapi": (HOME, EDGE),
    "elbv2": (HOME, EDGE),
    "elb": (HOME,),
    "elasticbeanstalk": (HOME,),
    "apigateway": (HOME, EDGE),
    "cognito-idp": (HOME,),
    "cloudfront": (EDGE,),
}
"""The Regions in which each service is asked."""

THROTTLED: Mapping[str, Any] = {"services": ("acm", "elbv2", "cloudfront"), "share": 0.8} | {
    "rates": {"ImportCertificate": 1, "AddTagsToCertificate": 5, "RemoveTagsFromCertificate": 5}
}
"""Others use up the most of each rate; what is left is a request now and then. ACM's rates are the
published ones (ACM User Guide, Quotas: API rate quotas); the others' are not published, or are far
beyond what is asked here."""


class Lasting:
    """One fault of the injector, in each of the first rounds."""

    def __init__(
        self, fault: str, *given: object, seed: int = 0, rounds: int = ROUNDS, **more: object
    ) -> None:
        self._fault, self._given, self._more = fault, given, more
        self._seed, self._rounds = seed, rounds

    @contextmanager
    def __call__(self, estate: Estate, number: int) -> Iterator[None]:
        """Inject it until it is over."""
        if number >= self._rounds:
            yield
            return
        chance = Random(f"{self._seed} {number}")  # noqa: S311  to be repeated
        with getattr(FaultInjector(estate.aws, chance), self._fault)(*self._given, **self._more):
            yield

    def __repr__(self) -> str:
        """Return what is injected."""
        return f"{self._fault} {self._given} {self._more} {self._seed}"


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


def schedules(calls: Mapping[str, int]) -> dict[str, list[FaultSchedule]]:
    """Return every fault schedule, by its name in the table.

    Args:
        calls: how many calls of each service an undisturbed first round makes.
    """
    kinds, longer = (*LISTS_LAG, *SECRETS_LAG), ROUNDS + 1
    return {
        "throttled, 80 % by others": [
            Lasting("throttled", seed=each, rounds=longer, **THROTTLED) for each in SEEDS
        ],
        "30 % of requests fail": [
            Lasting("failing", 0.3, seed=each, rounds=longer) for each in SEEDS
        ],
        "20 % of answers lost, tried again": [
            Lasting("failing", 0.2, seed=each, rounds=longer, takes_effect=True) for each in SEEDS
        ],
        "10 % of calls time out after the effect": [
            Lasting("lost", 0.1, seed=each) for each in range(12)
        ],
        "slow answers": [Lasting("slow", each) for each in (5, 20, 45)],
        "stale reads": [*(Lasting("stale", each) for each in kinds), Lasting("stale", *kinds)],
        "denied, a service and Region each": [
            Lasting("denied", service, region)
            for service, regions in SERVICES.items()
            for region in regions
        ],
        "fails from the n-th call on": [
            Lasting("failing_from", service, each)
            for service, made in calls.items()
            for each in range(1, made)
        ],
        "a distribution in progress": [DistributionInProgress()],
    }


def right_ends(name: str) -> tuple[Ending, ...]:
    """Return the plays that one of which a play of a story must end like.

    A kind that cannot be asked does not matter if another kind explains AWS's distributions. Its
    dependent then stays, its old copy is found in use again, and a tag remembers that.
    """
    undisturbed = play(name)
    if name != "every kind":
        return (undisturbed,)
    found_again = play(name, Lasting("denied", "cognito-idp", HOME))
    return (undisturbed, found_again)


def main() -> int:
    """Play each story, or those named, under every schedule; return how many broke a promise."""
    console, stories = Console(), sys.argv[1:] or list(STORIES)
    table = Table(
        *("fault", "plays", "gaps", "imported twice", "strays", "dead letters", "broken"),
        title=f"{len(stories)} stories, each under every fault",
        title_justify="left",
    )
    endings: dict[str, list[Ending]] = {}
    broken: dict[str, int] = {}
    for name in stories:
        right = right_ends(name)
        for title, group in schedules(right[0].calls_by_service).items():
            played = play_all([(name, each) for each in group])
            endings.setdefault(title, []).extend(played)
            for schedule, ending in zip(group, played, strict=True):
                wrong = ending.wrongs(*right)
                broken[title] = broken.get(title, 0) + bool(wrong)
                if wrong:
                    console.print(name, schedule, *wrong, sep="\n  ")
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
