"""Lets somebody else act in the midst of the service's work, and compares with one after the other.

    python -m tests.hostile.concurrency [STORY...]

The other's whole action takes place before the n-th AWS call of a scan and rotation, for each n.
The end must be the one that either order, action then service or service then action, comes to.
"""

from __future__ import annotations

import json
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from rich.console import Console
from rich.table import Table

from tests.double.builders import import_issued
from tests.hostile.plays import authorities, play, play_all
from tests.hostile.stories import EDGE, SECRET, STORIES, ec
from tests.simulation.estate import client
from tests.simulation.runner import record_of, run_rotate, run_scan

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from tests.double import Call
    from tests.hostile.plays import Ending
    from tests.simulation.estate import Estate

Action: TypeAlias = "Callable[[Estate], None]"


def another_worker(estate: Estate) -> None:
    """The same message is delivered a second time, to another worker."""
    del estate
    run_rotate(record_of(json.dumps({"secret": SECRET}), message_id="doubled", handle="doubled"))


def another_scan(estate: Estate) -> None:
    """The schedule fires while the last scan's messages are worked on."""
    del estate
    run_scan()


def newer_material(estate: Estate) -> None:
    """A team writes once more."""
    estate.renew("shop", ec(authorities()))


def the_way_back(estate: Estate) -> None:
    """A team moves AWSCURRENT back to the previous version."""
    estate.roll_back("shop")


def another_sni_certificate(estate: Estate) -> None:
    """An operator adds a certificate of another team to every listener."""
    for region in estate.regions:
        acm, elbv2 = client("acm", region), client("elbv2", region)
        issued = authorities().public.issue("blog.example.com")
        arn = import_issued(acm, issued, Tags=[{"Key": "certrotation:ignore"}])
        for balancer in elbv2.describe_load_balancers()["LoadBalancers"]:
            found = elbv2.describe_listeners(LoadBalancerArn=balancer["LoadBalancerArn"])
            for listener in found["Listeners"]:
                elbv2.add_listener_certificates(
                    ListenerArn=listener["ListenerArn"], Certificates=[{"CertificateArn": arn}]
                )


def another_comment(estate: Estate) -> None:
    """An operator changes a setting of every distribution."""
    del estate
    cloudfront = client("cloudfront", EDGE)
    for each in cloudfront.list_distributions()["DistributionList"].get("Items", []):
        got = cloudfront.get_distribution_config(Id=each["Id"])
        config: Any = got["DistributionConfig"] | {"Comment": "changed by hand"}
        cloudfront.update_distribution(
            Id=each["Id"], IfMatch=got["ETag"], DistributionConfig=config
        )


ACTIONS: Mapping[str, Action] = {
    "another worker": another_worker,
    "another scan": another_scan,
    "newer material": newer_material,
    "AWSCURRENT moved back": the_way_back,
    "an operator at the listeners": another_sni_certificate,
    "an operator at the distribution": another_comment,
}

PLAYED = {
    name: story for name, story in STORIES.items() if name not in {"clean-up", "first import"}
}
STEPS = {"every kind": 5}
"""Of a story with hundreds of calls, the action takes place before each call with this distance."""
HAS_A_WAY_BACK = {"reimport", "replacement", "rollback"}
"""The stories whose secret has a previous version."""


@dataclass(frozen=True, kw_only=True)
class Amidst:
    """A fault schedule: the action takes place before the n-th call (from 1) of the first round."""

    action: str
    call: int

    @contextmanager
    def __call__(self, estate: Estate, number: int) -> Iterator[None]:
        """Act once; a round that has fewer calls is followed by the action."""
        seen, has_acted = 0, number > 0

        def act(call: Call) -> None:
            nonlocal seen, has_acted
            seen += call.operation != "ReceiveMessage"
            if seen == self.call and not has_acted:
                has_acted = True
                ACTIONS[self.action](estate)

        with estate.aws.before(act):
            yield
        if not has_acted:
            with estate.listening():
                ACTIONS[self.action](estate)


def main() -> int:
    """Play the stories, or those named, with every action at every moment; count the new ends."""
    console = Console()
    stories = sys.argv[1:] or PLAYED
    table = Table(
        *("meanwhile", "moments", "gaps", "strays", "broken"),
        title=f"{len(stories)} stories, somebody else acting before each call",
        title_justify="left",
    )
    broken = 0
    for action in ACTIONS:
        endings: list[Ending] = []
        wrong = 0
        for name in stories:
            if ACTIONS[action] is the_way_back and name not in HAS_A_WAY_BACK:
                continue
            calls = play(name).calls[0]
            moments = (*range(1, calls + 1, STEPS.get(name, 1)), calls + 1)
            schedules = [Amidst(action=action, call=each) for each in moments]
            played = play_all([(name, each) for each in schedules])
            orders = (played[0], played[-1])
            for schedule, ending in zip(schedules, played, strict=True):
                found = ending.wrongs(*orders, counts_doubled=False)
                wrong += bool(found)
                if found:
                    console.print(name, schedule, *found, sep="\n  ")
            endings += played
        table.add_row(
            action,
            str(len(endings)),
            str(sum(len(each.gaps) for each in endings)),
            str(sum(each.strays for each in endings)),
            str(wrong),
        )
        broken += wrong
    console.print(table)
    return broken


if __name__ == "__main__":
    sys.exit(min(main(), 1))
