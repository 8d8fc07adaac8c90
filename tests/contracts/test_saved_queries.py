"""Each heading of the runbook has its queries saved, word for word, on the log groups they name."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from infra.observability.alarm_texts import ALARM_TEXTS, AlarmText
from infra.observability.queries import queries_in
from tests.contracts.conftest import STACK

if TYPE_CHECKING:
    from tests.infra.synthesis import Template

RUNBOOK = (Path(__file__).parents[2] / "docs" / "runbook.md").read_text(encoding="utf-8")
HEADINGS = [pytest.param(text, id=text.name) for text in ALARM_TEXTS.values()]


@pytest.fixture(scope="module")
def saved(template: Template) -> dict[str, dict[str, Any]]:
    """The saved queries by name."""
    found = template.of_type("AWS::Logs::QueryDefinition").values()
    return {each["Name"]: each for each in found}


def section(alarm: AlarmText) -> str:
    found = re.search(rf"^## {alarm.heading}\n(.*?)(?=^## |\Z)", RUNBOOK, re.MULTILINE | re.DOTALL)
    assert found, alarm.heading
    return found[1]


@pytest.mark.infra
@pytest.mark.parametrize("alarm", HEADINGS)
def test_every_query_under_a_heading_is_saved_in_the_stacks_folder(
    alarm: AlarmText, saved: dict[str, dict[str, Any]]
) -> None:
    """Whoever looks for the alarm's name under the stack's finds what the runbook shows there."""
    of_it = {
        name: each for name, each in saved.items() if name.split("/")[1].split()[0] == alarm.name
    }
    shown = re.findall(r"^```\n(# .*?)\n```$", section(alarm), re.MULTILINE | re.DOTALL)

    assert shown, "each heading has one"
    assert [each["QueryString"] for each in of_it.values()] == shown
    first, *others = of_it
    assert first == f"{STACK}/{alarm.name} - {alarm.title}"
    assert others == [f"{first} ({number})" for number in range(2, len(shown) + 1)]


@pytest.mark.infra
def test_a_saved_query_asks_the_log_groups_that_its_first_line_names(
    template: Template, saved: dict[str, dict[str, Any]]
) -> None:
    for name, each in saved.items():
        outputs = re.findall(r"\w+Logs", each["QueryString"].splitlines()[0])
        assert each["LogGroupNames"] == [template.output(output) for output in outputs], name


@pytest.mark.infra
def test_a_saved_query_has_a_name_and_a_length_that_are_taken(
    saved: dict[str, dict[str, Any]],
) -> None:
    """CloudWatch Logs API Reference, PutQueryDefinition; a stack's name has 128 at most."""
    for name, each in saved.items():
        assert re.fullmatch(r"[^:*/]+/[^:*/]+", name)
        assert len(name) - len(STACK) + 128 <= 255
        assert len(each["QueryString"]) <= 10_000


def test_a_block_without_a_log_group_in_its_first_line_is_no_query() -> None:
    document = (
        "## CertificateCritical: x\n\n```\n# ScanLogs and RotateLogs, a day\nfields a\n```\n\n"
        "```sh\nls\n```\n\n```\nplain\n```\n\n```\n# RotateLogs\nfields b\n| limit 1\n```\n"
    )

    found = [*queries_in(document)]

    assert [(each.number, each.logs) for each in found] == [
        (1, ("ScanLogs", "RotateLogs")),
        (2, ("RotateLogs",)),
    ]
    assert found[1].text == "# RotateLogs\nfields b\n| limit 1"
