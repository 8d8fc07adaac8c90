"""What the checks of dependents say, word by word: a person acts on these sentences."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from certrotation.core.estate.dependent_kinds import API_REGIONAL_DOMAIN
from certrotation.core.estate.holders import hidden_behind
from certrotation.core.estate.inventory import Asked, Dependent, Proof, Users
from certrotation.core.findings import Code, Finding, refuse, warn
from certrotation.core.rotation.dependent_checks import (
    check_moving,
    check_taking,
    was_undone,
    why_stranded,
)
from certrotation.names.tags import REVERTED
from tests.core.builders import HOUR, NAME, arn, copy, issued, listener, material, superseded, users
from tests.core.samples import DAY, NOW

if TYPE_CHECKING:
    from collections.abc import Iterator

    from certrotation.core.estate.inventory import Copy

SAME_ARN = (
    "Renew with the same key type, key size and usages as the current certificate, so that the ARN"
    " does not change"
)
BALANCER = "arn:aws:elasticloadbalancing:eu-west-1:813000000731:loadbalancer/app/prod/1"
NAMES = (NAME, "a.example.com", "b.example.com")
PROOF = Proof(arn="arn:proof", names=frozenset({NAME}), not_after=NOW + DAY)
DOMAIN = Dependent(
    kind=API_REGIONAL_DOMAIN,
    arn="domain/1",
    certificate_arn=arn(1),
    names=frozenset({NAME}),
    proof=PROOF,
)


def moving(used: Copy, *, names: tuple[str, ...] = (), began: int | None = None) -> list[Finding]:
    wanted = material(issued(*names, ends=90 * DAY))
    return list(check_moving(used, wanted, NOW, began))


# Users that nobody explains


def test_each_hidden_kind_is_named_with_the_command_that_finds_it() -> None:
    asked = (Asked(BALANCER, "API domain", "eu-west-1"),)

    found = moving(copy(used_by=Users(unknown=(BALANCER,), asked=asked)))

    kinds = hidden_behind(BALANCER)
    commands = "; ".join(f"`{each.command}` ({each.name})" for each in kinds)
    assert len(kinds) > 1
    assert found == [
        refuse(
            Code.DEPENDENT_UNMOVABLE,
            f"{BALANCER} uses {arn(1)} and cannot be moved from here. Searched without a result:"
            " API domain in eu-west-1. It belongs to AWS and may present:"
            f" {', '.join(each.name for each in kinds)}.",
            advice=f"{SAME_ARN}, or find the resource in eu-west-1 and move it by hand:"
            f" {commands}.",
        )
    ]


def test_a_balancer_of_this_account_hides_nothing() -> None:
    own = BALANCER.replace("813000000731", arn(1).split(":")[4])

    (found,) = moving(copy(used_by=users(unknown=(own,))))

    assert found.found == f"{own} uses {arn(1)} and cannot be moved from here."


def test_a_user_that_may_have_left_refuses_nothing_for_seven_hours() -> None:
    leaving = copy(
        used_by=Users(unknown=(BALANCER,), asked=(Asked(BALANCER, "API domain", "eu-west-1"),))
    )

    assert moving(leaving, began=int((NOW - HOUR).timestamp())) == []
    assert len(moving(leaving, began=int((NOW - 7 * HOUR).timestamp()))) == 1


def test_a_copy_whose_users_were_not_read_has_none_that_could_object() -> None:
    assert moving(copy(used_by=None)) == []


# Dependents that cannot be changed


def test_an_expired_ownership_certificate_is_named_with_its_last_day() -> None:
    expired = replace(DOMAIN, proof=PROOF._replace(not_after=NOW))

    assert moving(copy(used_by=users(expired))) == [
        refuse(
            Code.DEPENDENT_UNMOVABLE,
            f"{expired} cannot be changed: its ownership certificate arn:proof expired on"
            f" {NOW:%Y-%m-%d}.",
        )
    ]


def test_an_option_that_outranks_another_is_warned_of() -> None:
    outranked = replace(listener(), overrides="this option outranks .ebextensions")

    assert moving(copy(used_by=users(outranked))) == [
        warn(Code.DEPENDENT_DRIFTS, f"{outranked}: this option outranks .ebextensions.")
    ]


@pytest.mark.parametrize("stays", [True, False])
def test_names_without_a_proof_are_named_with_the_way_out(*, stays: bool) -> None:
    used, wanted = copy(used_by=users(DOMAIN)), material(issued(*NAMES, ends=90 * DAY))
    found: Iterator[Finding] = (
        check_taking(used, wanted) if stays else iter(moving(used, names=NAMES))
    )

    assert list(found) == [
        refuse(
            Code.DEPENDENT_NAME_UNCOVERED,
            f"{DOMAIN} takes no certificate for a.example.com, b.example.com: its ownership"
            " certificate arn:proof does not cover that.",
            advice="Give the resource an ownership certificate with these names, or issue the"
            " certificate without them.",
        )
    ]


# Dependents that are put back


@pytest.fixture
def in_another_zone(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "Pacific/Auckland")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.usefixtures("in_another_zone")
@pytest.mark.parametrize(
    ("stack", "owner"),
    [
        ("shop-stack", "it belongs to the CloudFormation stack shop-stack"),
        (None, "no tag of it names its owner; CloudTrail shows who changed it"),
    ],
)
def test_the_second_time_the_owner_and_the_first_time_are_told_in_utc(
    stack: str | None, owner: str
) -> None:
    first = NOW - 2 * HOUR
    marks = {**superseded(NOW - HOUR), REVERTED: str(int(first.timestamp()))}
    dependent = listener(drifts=stack)

    assert why_stranded(copy(used_by=users(dependent), more_tags=marks), dependent, NOW) == (
        "it was put back to the old certificate for the second time within a week (the first time"
        f" before {first:%Y-%m-%d %H:%M} UTC) and is not moved again: {owner}"
    )


@pytest.mark.parametrize(
    ("later", "undone"),
    [
        (timedelta(0), False),
        (timedelta(seconds=0.7), False),
        (timedelta(seconds=1), True),
        (-DAY, False),
        (None, False),
    ],
    ids=["with the move", "within its second", "a second later", "before it", "not known"],
)
def test_an_update_in_the_second_of_the_move_undoes_nothing(
    *, later: timedelta | None, undone: bool
) -> None:
    """Tags record whole seconds."""
    updated = replace(listener(), updated_at=None if later is None else NOW + later)

    assert was_undone(updated, int(NOW.timestamp())) is undone
    assert not was_undone(updated, None)


def test_the_second_update_that_undid_a_move_strands_the_dependent() -> None:
    reverted, updated = NOW - 2 * HOUR, NOW - HOUR
    dependent = replace(listener(), updated_at=updated)
    marks = {REVERTED: str(int(reverted.timestamp()))}

    assert why_stranded(copy(used_by=users(dependent), more_tags=marks), dependent, NOW) == (
        f"it was updated at {updated:%Y-%m-%d %H:%M} UTC and still names the old certificate, for"
        " the second time within a week: its service rolls the move back, or others update it"
    )
    assert why_stranded(copy(used_by=users(dependent)), dependent, NOW) is None
