"""What rotate logged last about a secret, read from CloudWatch Logs."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from certrotation.aws.rotation_log import CloudWatchRotationLog
from certrotation.errors import AccessDenied, Vanished
from tests.simulation.estate import HOME, client

if TYPE_CHECKING:
    from tests.double import EmbeddedAws

GROUP = "rotate"
SHOP = "certrotation/shop"


def line(secret: str, status: str) -> str:
    return json.dumps({"message": "rotation", "rotation": {"secret": secret, "status": status}})


def log() -> CloudWatchRotationLog:
    return CloudWatchRotationLog(client("logs", HOME), GROUP)


def begin() -> datetime:
    return datetime.now(UTC) - timedelta(seconds=5)


def test_the_last_outcome_of_the_secret_is_found_on_whichever_page(aws: EmbeddedAws) -> None:
    others = [line(f"{SHOP}-{number}", "done") for number in range(5)]
    lines = (line(SHOP, "failed"), *others, line(SHOP, "done"), line(SHOP, "refused"), "START")
    aws.log(GROUP, *lines, '{"rotation": []}', "{")

    found = log().last_of(SHOP, begin())

    assert found == {"secret": SHOP, "status": "refused"}
    assert len(aws.calls_of("logs", "FilterLogEvents")) > 1, "pages"


def test_what_was_logged_before_is_not_considered(aws: EmbeddedAws) -> None:
    aws.log(GROUP, line(SHOP, "done"))
    assert log().last_of(SHOP, datetime.now(UTC) + timedelta(minutes=1)) is None
    assert log().last_of("certrotation/wiki", begin()) is None


def test_lines_that_a_filter_let_through_by_mistake_are_passed_over(aws: EmbeddedAws) -> None:
    aws.log(GROUP, line(SHOP, "done"))

    def spoil(_: object, call: object, given: dict[str, object]) -> None:
        del call
        given["events"] = [{"message": "{"}, {"timestamp": 1}, {"message": line("other", "done")}]

    with aws.changing(spoil):
        assert log().last_of(SHOP, begin()) is None


@pytest.mark.parametrize(
    "member",
    [
        {"secret": SHOP, "status": ["done"]},
        {"secret": SHOP, "error": {}},
        {"secret": SHOP, "plan": "x"},
        {"secret": SHOP, "plan": {"version": 1}},
        {"secret": SHOP, "findings": {}},
        {"secret": SHOP, "findings": [None]},
        {"secret": SHOP, "findings": [{"code": []}]},
        {"secret": SHOP, "regions": "x"},
        {"secret": SHOP, "regions": [None]},
        {"secret": SHOP, "regions": [{"findings": [{"found": 1}]}]},
        {"secret": SHOP, "regions": [{"waiting_for": [1]}]},
    ],
    ids=json.dumps,
)
def test_a_line_whose_members_are_of_other_types_is_no_outcome(
    aws: EmbeddedAws, member: dict[str, object]
) -> None:
    aws.log(GROUP, line(SHOP, "done"), json.dumps({"rotation": member}))

    assert log().last_of(SHOP, begin()) == {"secret": SHOP, "status": "done"}


def test_members_of_an_outcome_may_be_null_or_absent(aws: EmbeddedAws) -> None:
    outcome = {"secret": SHOP, "error": None, "plan": None, "regions": [{"findings": None}]}
    aws.log(GROUP, json.dumps({"rotation": outcome}))

    assert log().last_of(SHOP, begin()) == outcome


def test_a_log_that_is_denied_or_gone_is_an_error(aws: EmbeddedAws) -> None:
    with pytest.raises(Vanished):
        log().last_of(SHOP, begin())
    aws.behaviour.denied = {("logs", "FilterLogEvents", None)}
    with pytest.raises(AccessDenied):
        log().last_of(SHOP, begin())
