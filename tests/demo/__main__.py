"""Tell the service's story on an embedded AWS: `python -m tests.demo`.

Nothing outside this machine is asked. The exit code is 0 only if every expectation held. With the
variable KEEP the account stays, over HTTP, until Ctrl-C, so that the command line can be tried.
With the variable ACME an act is added, in which a real ACME server issues (`tests.demo.acme`).
"""

from __future__ import annotations

import os
import sys
import time
from contextlib import suppress
from threading import Event
from typing import TYPE_CHECKING

from tests.demo.acme import ask_a_ca
from tests.demo.expectations import Evidence, check_all
from tests.demo.inventory import take_inventory
from tests.demo.labels import Labels
from tests.demo.oncall import raised
from tests.demo.screen import Screen, make_console
from tests.demo.story import REGIONS, Authorities, build_story
from tests.double.server import serving
from tests.simulation.estate import account
from tests.simulation.oracle import take_snapshot, watching

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from rich.console import Console

    from tests.demo.expectations import Expectation
    from tests.demo.story import Story
    from tests.simulation.estate import Estate, Run


TRY = "Try the command line on this account: make demo KEEP=1"


def tell(
    console: Console,
    settings: Mapping[str, str] | None = None,
    until: Callable[[], object] | None = None,
    *,
    asks_a_ca: bool = False,
) -> bool:
    """Tell the story, and return whether every expectation held.

    Args:
        console: where to write.
        settings: the service's settings where they are not the story's.
        until: the account stays, over HTTP, until this returns; None ends with the story.
        asks_a_ca: whether a real ACME server issues, if this machine has one.
    """
    begin = time.perf_counter()
    authorities = Authorities.make()
    roots = [authorities.public_root.certificate]
    with account(*REGIONS, roots=roots) as estate:
        story = build_story(estate, authorities)
        story.estate.environment.update(settings or {})
        screen = Screen(console, Labels({story.distribution: "www-cdn"}))
        expectations = check_all(_perform(story, screen))
        if asks_a_ca:
            expectations += ask_a_ca(estate, screen, roots)
        _show_expectations(expectations, screen, console, begin)
        if until is None:
            screen.say(TRY)
        else:
            _keep(estate, console, until)
    return all(each.holds for each in expectations)


def _show_expectations(
    expectations: Sequence[Expectation], screen: Screen, console: Console, begin: float
) -> None:
    screen.act("What must hold", "Checked against the account itself, not the service's word.")
    screen.expectations(expectations)
    failed = sum(not each.holds for each in expectations)
    console.print()
    screen.say(
        f"{len(expectations) - failed} expectations held, {failed} failed, in"
        f" {time.perf_counter() - begin:.1f} seconds."
    )


def _keep(estate: Estate, console: Console, until: Callable[[], object]) -> None:
    """Serve the account, and print what a shell needs to use it."""
    with serving() as address:
        console.print("\nThe account stays until Ctrl-C. In another terminal, in this folder:\n")
        variables = {**estate.environment, "AWS_ENDPOINT_URL": address}
        for name, value in sorted(variables.items()):
            if name.startswith(("AWS_", "CERTROTATION_")):
                console.print(f"export {name}={value}", soft_wrap=True)
        console.print("\n.venv/bin/certrotation inventory\n.venv/bin/certrotation plan")
        with suppress(KeyboardInterrupt):
            until()


def _perform(story: Story, screen: Screen) -> Evidence:
    """Run the service twice, show what happens, and return what was seen."""
    estate = story.estate
    before = take_snapshot(estate, story.distribution)
    _show_before(story, screen)
    first, gaps = _run_first(story, screen)
    between = take_snapshot(estate, story.distribution)
    _show_after(story, screen, first)
    estate.aws.calls.clear()
    second = estate.run()
    calls = tuple(estate.aws.calls)
    _show_second(screen, second)
    return Evidence(
        story=story,
        before=before,
        first=first,
        gaps=gaps,
        between=between,
        second=second,
        second_calls=calls,
        after=take_snapshot(estate, story.distribution),
    )


def _show_before(story: Story, screen: Screen) -> None:
    screen.act(
        "The account before",
        "An account in three Regions, made on the spot, with one certificate authority that"
        " everybody trusts and one that only the company does. ARNs are shown as api-1, api-2."
        " A managed secret holds what should be live, and six secrets hold something new today:"
        " shop's has another key type, mail's chain is shuffled, vpn's key is encrypted, pay's"
        " certificate comes from a staging CA. hr was renewed two days ago and is on hold;"
        " legacy was not renewed; blog and wiki belong to other teams.",
    )
    screen.inventory(take_inventory(story.estate))


def _run_first(story: Story, screen: Screen) -> tuple[Run, list[str]]:
    screen.act(
        "The scan",
        "The scan reads lists, never a secret's value. It reports the whole account, and queues a"
        " message for each secret that is not live everywhere.",
    )
    scanned = story.estate.scan()
    screen.scan(scanned.scans[0])
    screen.act(
        "The rotation",
        "Each message is worked off: check the material, plan every Region, apply, read back."
        " A plan says why it takes each step.",
    )
    with watching(story.estate, story.serves) as seen:
        drained = story.estate.drain()
    for outcome in drained.rotations:
        screen.rotation(outcome)
    return scanned.followed_by(drained), seen.gaps


def _show_after(story: Story, screen: Screen, run: Run) -> None:
    screen.act(
        "The account after",
        "What was due is renewed, in place where ACM allows it. The superseded copies stay for"
        " thirty days, in case someone must go back.",
    )
    screen.inventory(take_inventory(story.estate))
    screen.act("What was refused", "Retrying cannot help here, so a person is told what to do.")
    screen.refusals(run.rotations)
    screen.act("What on-call sees", "The metrics of this run that are not zero, and their alarms.")
    screen.metrics(run)


def _show_second(screen: Screen, run: Run) -> None:
    screen.act(
        "A second run",
        "The service looks again. What waits for a person is queued again, and nothing changes.",
    )
    screen.scan(run.scans[0])
    screen.statuses(run.rotations)
    still = ", ".join(f"{alarm} {value}" for alarm, value in raised(run).items())
    screen.say(f"Alarms that stay, until a person acts: {still}.")


if __name__ == "__main__":
    keeps = Event().wait if os.environ.get("KEEP") else None
    has_act = bool(os.environ.get("ACME"))
    sys.exit(0 if tell(make_console(), until=keeps, asks_a_ca=has_act) else 1)
