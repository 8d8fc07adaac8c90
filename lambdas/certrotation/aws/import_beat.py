"""When a throttled ImportCertificate is retried.

ACM allows one import a second and Region (ACM User Guide, Quotas). Several invocations share this
quota and do not know of each other, but they share the time of day: all of them retry at the same
beats. At each beat ACM carries out one import, and no second is lost to a back-off.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

BEAT = 1.05
"""Seconds. A request that arrives less than a second after the last import is throttled, and
requests do not all take the same time."""

MOST_TRIES = 60
"""After these, which take a minute, the import fails and its message returns to the queue."""


def wait_for_next_beat(
    response: tuple[object, Mapping[str, Any]] | None, attempts: int, **_: object
) -> float | None:
    """Return the seconds until the next try of a throttled import, or None for botocore's own rule.

    This is a handler of botocore's event `needs-retry`.

    Args:
        response: the HTTP response and its parsed form; None if there was no response.
        attempts: the number of tries so far.
    """
    if response is None or attempts >= MOST_TRIES:
        return None
    if response[1].get("Error", {}).get("Code") != "ThrottlingException":
        return None
    return BEAT - time.time() % BEAT
