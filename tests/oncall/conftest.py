"""The stack at three intervals, and an estate whose metrics its alarms watch."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from tests.infra.synthesis import Template, synthesize
from tests.oncall.watch import Watch

if TYPE_CHECKING:
    from collections.abc import Callable

STACK = "certrotation-test"
"""As the estate calls itself in `POWERTOOLS_SERVICE_NAME`."""


@pytest.fixture(scope="session")
def stack_at(tmp_path_factory: pytest.TempPathFactory) -> Callable[[int], Template]:
    """Return the template of the stack whose scans come every so many minutes."""

    def make(minutes: int) -> Template:
        settings = {
            "stack_name": STACK,
            "target_regions": ["eu-west-1", "us-east-1"],
            "scan_interval_minutes": minutes,
        }
        return synthesize(tmp_path_factory, settings)

    return make


@pytest.fixture(params=[5, 60, 1440], ids="every {} minutes".format)
def watch(request: pytest.FixtureRequest, stack_at: Callable[[int], Template]) -> Watch:
    """The alarms of a stack, at each of three intervals between scans."""
    minutes: int = request.param
    return Watch(stack_at(minutes), timedelta(minutes=minutes))


@pytest.fixture
def hourly(stack_at: Callable[[int], Template]) -> Watch:
    """The alarms of a stack with hourly scans."""
    return Watch(stack_at(60), timedelta(hours=1))
