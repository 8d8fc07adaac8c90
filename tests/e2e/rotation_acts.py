"""The acts in which the schedule fires, the queue is worked off, and an event brings more."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from certrotation.names import tags
from certrotation.names.service import RECEIVES_UNTIL_GIVEN_UP
from tests.double.fakes import fakes
from tests.e2e.deployed import NeverError, wait_for
from tests.e2e.places import APAC, EAST, HOME, PREFIX, STACK
from tests.simulation.estate import client

if TYPE_CHECKING:
    from tests.e2e.run import Run

PLACEHOLDER = "the value is in the double"

_TICKS = 30.0
"""Seconds in which ministack has looked at its schedules, and a scan has written its line."""


def fire_the_schedule(run: Run) -> None:
    """Have the deployed schedule start the scan now, and put its rate back."""
    before = run.stack.schedule()
    waited = _start_soon(run, before)
    run.stack.reschedule(before)
    run.tell.say(
        f"The schedule says {before['ScheduleExpression']}. It was set to a moment that was near"
        f" through its API, fired after {waited:.1f} seconds, and was put back."
    )
    run.tell.expect("the schedule is as the stack made it", holds=run.stack.schedule() == before)


def _start_soon(run: Run, schedule: dict[str, Any]) -> float:
    """Set a schedule to start soon, and return how many seconds the scan took to appear.

    ministack ignores a time of `at` if it has looked at the schedule since its creation, as it does
    every ten seconds. A rate starts the function when it has passed since the creation.
    """
    seen = len(run.stack.scans())
    soon = datetime.now(UTC) + timedelta(seconds=1)
    run.stack.reschedule(schedule | {"ScheduleExpression": f"at({soon:%Y-%m-%dT%H:%M:%S})"})
    try:
        return wait_for("the scan", lambda: len(run.stack.scans()) > seen, seconds=_TICKS)
    except NeverError:
        run.stack.reschedule(schedule | {"ScheduleExpression": "rate(1 minute)"})
        more = wait_for("the scan", lambda: len(run.stack.scans()) > seen, seconds=90)
        return _TICKS + more


def scan_and_rotate(run: Run) -> None:
    """The first scan, and all that comes of it but what takes long."""
    run.folder.unseen.write_text(run.account.sites["stuck"].copies[HOME], encoding="utf-8")
    fire_the_schedule(run)
    (scan,) = run.stack.scans()
    run.tell.say(f"The scan queued: {', '.join(sorted(scan['queued']))}.")
    due = {"shop", "api", "busy", "stuck", "blog", "pay", "back"}
    run.tell.expect(
        "the scan queued what is due, and nothing else",
        holds=set(scan["queued"]) == {PREFIX + each for each in due},
    )
    seen = run.stack.rotations
    wait_for(
        "a rotation of each", lambda: {each["secret"] for each in seen()} >= set(scan["queued"])
    )
    _expect_in_place(run)
    _expect_moved(run)
    _expect_rolled_back(run)
    _expect_deleted(run)
    _expect_refused(run)
    _expect_told(run)
    _expect_waiting(run)


def _expect_in_place(run: Run) -> None:
    account = run.account
    run.tell.expect(
        "shop is renewed in three Regions under its old ARNs", holds=account.is_live("shop")
    )
    run.tell.expect(
        "blog, imported by hand, is adopted and renewed under its ARN",
        holds=account.is_live("blog"),
    )


def _expect_moved(run: Run) -> None:
    account, dependents, estate = run.account, run.account.dependents, run.account.estate
    old, new = account.sites["api"].copies[EAST], account.new_copies("api", EAST)
    shop = account.sites["shop"].copies[EAST]
    run.tell.expect("api, whose key type changed, has one new copy", holds=len(new) == 1)
    run.tell.expect(
        "its listeners present the new copy, by default and by SNI, and keep shop's",
        holds=[estate.default_of(dependents.api_default)] == new
        and estate.sni_of(dependents.api_default) == {shop}
        and estate.default_of(dependents.api_sni) == shop
        and estate.sni_of(dependents.api_sni) == set(new),
    )
    run.tell.expect(
        "its distribution presents the new copy",
        holds=[account.edge_certificate(dependents.api_edge)] == new,
    )
    run.tell.expect(
        "its edge-optimized domain name, which is in another Region, presents the new copy",
        holds=fakes()["apigateway"].presented(client, dependents.api_domain) == set(new),
    )
    for name, resource in dependents.of_each_kind.items():
        run.tell.expect(
            f"so does one more dependent, of the kind {name}",
            holds=fakes()[name].presented(client, resource) == set(new),
        )
    run.tell.expect(
        "the old copy is marked superseded by it",
        holds=[estate.tags(old).get(tags.SUPERSEDED_BY)] == new,
    )


def _expect_rolled_back(run: Run) -> None:
    account, estate = run.account, run.account.estate
    first = account.sites["back"].copies[APAC]
    run.tell.expect(
        "back, rolled back to its former version, is presented by the former copy again, unmarked",
        holds=account.is_live("back")
        and estate.default_of(account.dependents.back) == first
        and tags.SUPERSEDED_BY not in estate.tags(first),
    )


def _expect_deleted(run: Run) -> None:
    here, strangers = run.account.estate.certificates(HOME), run.account.strangers
    run.tell.expect(
        "the superseded copy past its retention is deleted, the younger one kept",
        holds=strangers.superseded not in here
        and strangers.superseded_lately in here
        and strangers.superseded_of_other in here,
    )


def _expect_refused(run: Run) -> None:
    (outcome, *_) = run.stack.rotations(PREFIX + "pay")
    found = [(each["code"], each["severity"]) for each in outcome["findings"]]
    run.tell.say(f"pay: {outcome['status']}, {found}")
    run.tell.expect(
        "pay's key, which is not its certificate's, is refused by name in the log of rotate",
        holds=outcome["status"] == "refused" and ("KEY_MISMATCH", "refuse") in found,
    )
    copies = run.account.sites["pay"].copies
    run.tell.expect(
        "nothing of it was imported",
        holds=not run.account.is_live("pay")
        and not run.account.new_copies("pay", HOME)
        and all(arn in run.account.estate.certificates(HOME) for arn in copies.values()),
    )


def _expect_told(run: Run) -> None:
    letters = run.stack.await_mail("refused")
    for each in letters:
        run.tell.say(f"Mail: {each['Subject']}\n\n{each['Message']}")
    copy = run.account.sites["pay"].copies[HOME]
    run.tell.expect(
        "one mail came to the warning topic: of pay, with the code, the remedy and what stays live",
        holds=[each["Subject"] for each in letters] == [f"{STACK}: refused {PREFIX}pay"]
        and all(
            expected in letters[0]["Message"]
            for expected in (
                "KEY_MISMATCH",
                "Remedy: Write the private key",
                f"{HOME}: {copy}, expires",
            )
        ),
    )


def _expect_waiting(run: Run) -> None:
    (outcome, *_) = run.stack.rotations(PREFIX + "busy")
    run.tell.expect(
        "busy's distribution takes no change now: a new message waits for it",
        holds=outcome["status"] == "waiting" and run.stack.waiting()["delayed"] == 1,
    )


def dead_letter(run: Run) -> None:
    """A message that keeps failing."""
    secret = PREFIX + "stuck"
    waited = wait_for("the dead letter", run.stack.dead_letters, seconds=60)
    outcomes = run.stack.rotations(secret)
    run.tell.say(f"{len(outcomes)} receives, each: {outcomes[-1]['regions'][0]['error']}")
    letters = [json.loads(each["Body"])["secret"] for each in run.stack.dead_letters()]
    run.tell.say(f"In the dead-letter queue after {waited:.1f} more seconds: {letters}.")
    run.tell.expect(
        "after five receives it is in the dead-letter queue, alone",
        holds=letters == [secret] and len(outcomes) == RECEIVES_UNTIL_GIVEN_UP,
    )
    run.tell.expect(
        "each receive said why: access denied, which IAM may fix by itself",
        holds=all("AccessDenied" in each["regions"][0]["error"] for each in outcomes),
    )
    run.tell.expect("its copy was not changed", holds=not run.account.is_live("stuck"))


def catch_up(run: Run) -> None:
    """What held two secrets up is over, and the next scan, run by hand, finds them."""
    run.folder.unseen.unlink()
    run.account.aws.finish_deployments()
    queued = set(run.stack.scan()["queued"])
    # On a slow machine, the message that waits for busy may come before the scan.
    if _is_moved(run, "busy"):
        queued.add(PREFIX + "busy")
    run.tell.expect(
        "the next scan queues what is not live yet, and nothing else",
        holds=queued == {PREFIX + each for each in ("busy", "pay", "stuck")},
    )
    waited = wait_for(
        "stuck live, busy moved",
        lambda: run.account.is_live("stuck") and _is_moved(run, "busy"),
    )
    run.tell.say(f"Both live {waited:.1f} seconds after the scan.")
    run.tell.expect("stuck is renewed in place", holds=run.account.is_live("stuck"))
    run.tell.expect("busy's distribution presents the new copy", holds=_is_moved(run, "busy"))


def _is_moved(run: Run, name: str) -> bool:
    presented = run.account.edge_certificate(run.account.dependents.busy_edge)
    return [presented] == run.account.new_copies(name, EAST)


def announce(run: Run, name: str) -> None:
    """Let ministack's own Secrets Manager know a secret by name, with nothing in it.

    The double sends no events; ministack does, and takes those of `aws.` from nobody else.
    """
    run.cloud.client("secretsmanager").create_secret(Name=PREFIX + name, SecretString=PLACEHOLDER)


def label_moves(run: Run) -> None:
    """A new version, and the event that AWS sends of it."""
    before = len(run.stack.rotations(PREFIX + "news"))
    version = run.account.renew("news")
    run.cloud.client("secretsmanager").put_secret_value(
        SecretId=PREFIX + "news", SecretString=PLACEHOLDER, ClientRequestToken=version
    )
    waited = wait_for("news live", lambda: run.account.is_live("news"))
    run.tell.say(f"Live in three Regions {waited:.1f} seconds after the label moved.")
    wait_for("its outcome", lambda: len(run.stack.rotations(PREFIX + "news")) > before)
    (outcome,) = run.stack.rotations(PREFIX + "news")[before:]
    run.tell.expect(
        "news is live in three Regions, by one rotation that no scan asked for",
        holds=outcome["status"] == "done" and outcome["plan"]["version"] == version,
    )
