"""Deciding takes the time as an argument: its tests hold on every day."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import time_machine

from tests.core.samples import DAY, NOW

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True, scope="module")
def another_day() -> Iterator[None]:
    """Ten years after `NOW`: material made with the machine's date is not valid yet at `NOW`."""
    with time_machine.travel(NOW + 3650 * DAY):
        yield
