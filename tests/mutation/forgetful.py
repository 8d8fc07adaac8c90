"""A plugin of pytest: each session begins with empty caches.

mutmut forks a process for each mutant after the tests have run once. A result that the original
code left in a cache would hide the mutant.
"""

from __future__ import annotations

import gc
from functools import _lru_cache_wrapper

FORGETTING = ("certrotation.", "tests.core.")
"""Caches of keys and of corpus rows stay: no mutant makes them."""


def pytest_sessionstart() -> None:
    """Empty the caches of the code under test, and of values that tests made with it."""
    for each in gc.get_objects():
        if isinstance(each, _lru_cache_wrapper) and each.__module__.startswith(FORGETTING):
            each.cache_clear()
