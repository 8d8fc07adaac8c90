"""The acts about the roles: what they allow is used and needed, and what happens without it."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from http import HTTPStatus
from typing import TYPE_CHECKING

from tests.e2e import minimal
from tests.e2e.deployed import wait_for
from tests.e2e.gate.judge import read_records
from tests.e2e.places import PREFIX
from tests.e2e.statements import put, take_away

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.e2e.gate.judge import Record
    from tests.e2e.run import Run

TAKEN = "ReadManagedSecrets"
"""The statement that is taken from rotate for a while."""


def take_one_away(run: Run) -> None:
    """Take a statement from the deployed role of rotate, see the rotation fail, put it back."""
    secret = PREFIX + "gone"
    run.account.renew("gone")
    holder = take_away(run.cloud.client("iam"), run.stack.function("Rotate").role, TAKEN)
    run.stack.send(secret)
    wait_for("its outcome", lambda: run.stack.rotations(secret))
    (refused,) = run.stack.rotations(secret)
    run.tell.say(f"Without {TAKEN}: {refused['status']}, {refused['error']}")
    run.tell.expect(
        f"without {TAKEN} the rotation is refused with AWS's AccessDenied, and nothing changed",
        holds=refused["status"] == "refused"
        and "AccessDeniedException" in refused["error"]
        and not run.account.is_live("gone"),
    )
    put(holder, holder.document)
    run.stack.send(secret)
    waited = wait_for("gone live", lambda: run.account.is_live("gone"))
    run.tell.say(f"Put back: live {waited:.1f} seconds after the next message.")
    run.tell.expect("put back, it goes live", holds=run.account.is_live("gone"))


def take_for_good(run: Run, sid: str) -> None:
    """Take a statement from the deployed role that has it.

    Raises:
        LookupError: none has.
    """
    for which in run.functions:
        with suppress(LookupError):
            take_away(run.cloud.client("iam"), run.stack.function(which).role, sid)
            return
    raise LookupError(f"no role has {sid}")


def overtaken_message(run: Run) -> None:
    """A message that names a version which two newer ones have overtaken: nothing to wait for."""
    secret = PREFIX + "late"
    first = run.account.sites["late"].version
    run.account.renew("late")
    run.account.renew("late")
    run.stack.send(secret, version=first)
    wait_for("late live", lambda: run.account.is_live("late"))
    run.tell.expect(
        "a message that names an overtaken version brings the current one live",
        holds=run.account.is_live("late"),
    )


def show_what_is_needed(run: Run) -> None:
    """Show what each role was asked for, and that each of its grants is needed."""
    records = read_records(run.folder.decisions)
    for which in run.functions:
        run.tell.table(
            (f"{which.lower()} is granted by", "action", "calls", "denied without it"),
            _rows(run, which, records),
        )
        run.tell.say("")
    of_queues = [each for each in records if each.action.startswith("sqs:")]
    run.tell.expect(
        "of the queues ministack decided the same",
        holds=all(each.allowed is (each.status == HTTPStatus.OK) for each in of_queues),
    )


def _rows(run: Run, which: str, records: Sequence[Record]) -> list[tuple[str, ...]]:
    role, function = which.lower(), run.stack.function(which)
    own = [each for each in records if each.role == function.role]
    documents = run.stack.documents(function.role)
    found = minimal.findings(role, documents, own)
    failing = [each.grant.words for each in found if not each.holds]
    run.tell.expect(
        f"each of {len(found)} grants of {role} is needed, or declared: {failing or 'all'}",
        holds=not failing,
    )
    unheld = minimal.unheld(role, documents)
    run.tell.expect(f"{role} holds what is declared for it", holds=not unheld)
    allowed = Counter((each.statement, each.action) for each in own if each.allowed)
    return [
        (
            "no Sid" if ":" in each.grant.statement else each.grant.statement,
            each.grant.action,
            str(allowed[each.grant.statement, each.grant.action]),
            "declared" if each.is_declared else str(each.calls),
        )
        for each in found
    ]
