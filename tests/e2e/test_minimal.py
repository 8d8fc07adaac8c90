"""Taking one action out of one statement."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.e2e.declared import DECLARED
from tests.e2e.gate.judge import Record
from tests.e2e.minimal import Finding, Grant, grants, unheld, without_statement

if TYPE_CHECKING:
    from collections.abc import Mapping

READ = {"Sid": "Read", "Effect": "Allow", "Action": ["acm:Get", "acm:List"], "Resource": "*"}
SEND = {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "arn"}
DENY = {"Sid": "Never", "Effect": "Deny", "Action": "acm:Delete", "Resource": "*"}
DOCUMENTS: list[Mapping[str, Any]] = [
    {"Version": "2012-10-17", "Statement": [READ, DENY]},
    {"Version": "2012-10-17", "Statement": SEND},
]


def test_each_action_of_each_statement_that_allows_is_a_grant() -> None:
    assert [(each.statement, each.action) for each in grants(DOCUMENTS)] == [
        ("Read", "acm:Get"),
        ("Read", "acm:List"),
        ("sqs:SendMessage", "sqs:SendMessage"),
    ]


def test_without_a_grant_everything_else_is_as_it_was() -> None:
    get, _, send = grants(DOCUMENTS)

    assert get.without[0]["Statement"] == [{**READ, "Action": ["acm:List"]}, DENY]
    assert get.without[1] == DOCUMENTS[1]
    assert send.without[0] == DOCUMENTS[0]
    assert send.without[1]["Statement"] == []


def test_a_statement_is_taken_out_by_its_sid() -> None:
    assert without_statement(DOCUMENTS[0], "Read")["Statement"] == [DENY]


def test_a_grant_is_needed_or_declared_and_not_both() -> None:
    grant = Grant(statement="Read", action="acm:Get", without=[])

    def holds(calls: int, *, is_declared: bool) -> bool:
        return Finding(grant=grant, calls=calls, is_declared=is_declared).holds

    assert holds(3, is_declared=False)
    assert holds(0, is_declared=True)
    assert not holds(0, is_declared=False)
    assert not holds(3, is_declared=True), "a declaration that nothing needs is out of date"


def test_what_is_declared_and_not_granted_is_told() -> None:
    declared = {each.action for each in DECLARED if each.role == "scan"}

    assert unheld("scan", DOCUMENTS) == declared


def test_nothing_is_declared_twice_or_without_a_reason() -> None:
    assert len({(each.role, each.action) for each in DECLARED}) == len(DECLARED)
    assert all(each.why and each.source for each in DECLARED)


def test_a_decision_can_be_read_back_as_it_was_written() -> None:
    record = Record(
        at=1.5,
        role="rotate",
        action="acm:AddTagsToCertificate",
        resource="arn",
        region="eu-west-1",
        resource_tags={"a": "1"},
        request_tags={"b": "2"},
        tag_keys=("b",),
        decision="Allow",
        statement="ReimportAndMarkCopies",
        status=200,
    )

    assert Record.from_line(record.to_line()) == record
