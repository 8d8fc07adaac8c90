"""What the stories of the functions share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import time_machine

from tests.simulation.mailbox import Mailbox
from tests.support.authority import now

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.simulation.estate import Estate


@pytest.fixture
def mailbox(estate: Estate) -> Mailbox:
    return Mailbox(estate)


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    """A clock that stands still until a story shifts it."""
    with time_machine.travel(now().replace(microsecond=0), tick=False) as traveller:
        yield traveller
