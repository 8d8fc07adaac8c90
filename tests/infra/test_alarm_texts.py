"""What an alarm says stands in one table; docs/runbook.md is held against it in tests/contracts."""

from __future__ import annotations

import re

import pytest

from certrotation.names.environment import RUNBOOK_URL_PATTERN
from certrotation.names.runbook import place_of
from infra.observability.alarm_texts import ALARM_TEXTS, ON_FIRE, SHOWN_IN_FULL, AlarmText


@pytest.mark.parametrize("text", [ON_FIRE, *ALARM_TEXTS.values()], ids=lambda text: text.name)
def test_a_description_is_shown_in_full_and_says_what_otherwise_and_where(text: AlarmText) -> None:
    assert len(text.description) <= SHOWN_IN_FULL
    assert text.happened in text.description
    assert f"If nobody acts: {text.otherwise}" in text.description
    assert f'Follow docs/runbook.md, "{text.heading}".' in text.description
    assert text.happened.endswith(".")
    assert text.otherwise.endswith(".")


@pytest.mark.parametrize("text", [ON_FIRE, *ALARM_TEXTS.values()], ids=lambda text: text.name)
def test_a_description_links_to_the_heading_in_the_teams_own_runbook(text: AlarmText) -> None:
    longest = "https://wiki.example.com/".ljust(300, "r")

    description = text.description_with(runbook_url=longest)

    assert re.fullmatch(RUNBOOK_URL_PATTERN, longest)
    assert len(description) <= SHOWN_IN_FULL
    assert description.endswith(f" Follow {place_of(text.heading, longest)}")


def test_what_pages_comes_first() -> None:
    severities = [text.severity for text in ALARM_TEXTS.values()]

    assert severities == sorted(severities)
