"""What an alarm says stands in one table; docs/runbook.md is held against it in tests/contracts."""

from __future__ import annotations

import pytest

from infra.observability.alarm_texts import ALARM_TEXTS, ON_FIRE, SHOWN_IN_FULL, AlarmText


@pytest.mark.parametrize("text", [ON_FIRE, *ALARM_TEXTS.values()], ids=lambda text: text.name)
def test_a_description_is_shown_in_full_and_says_what_otherwise_and_where(text: AlarmText) -> None:
    assert len(text.description) <= SHOWN_IN_FULL
    assert text.happened in text.description
    assert f"If nobody acts: {text.otherwise}" in text.description
    assert f'Follow docs/runbook.md, "{text.heading}".' in text.description
    assert text.happened.endswith(".")
    assert text.otherwise.endswith(".")


def test_what_pages_comes_first() -> None:
    severities = [text.severity for text in ALARM_TEXTS.values()]

    assert severities == sorted(severities)
