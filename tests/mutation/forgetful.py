"""A plugin of pytest: each session begins with empty caches.

mutmut forks a process for each mutant after the tests have run once. A result that the original
code left in a cache would hide the mutant.
"""

from __future__ import annotations

import gc
from functools import _lru_cache_wrapper

CERTIFICATES = ("Authority", "Issued")
"""What tests sign: no mutant makes it, and modules of tests hold some of it as constants."""


def pytest_sessionstart() -> None:
    """Empty the caches of the code under test, and of values that tests made with it."""
    for each in gc.get_objects():
        if isinstance(each, _lru_cache_wrapper) and _holds_work_of_the_code(each):
            each.cache_clear()


def _holds_work_of_the_code(cached: _lru_cache_wrapper[object]) -> bool:
    if cached.__module__.startswith("certrotation."):
        return True
    made = cached.__annotations__.get("return")
    return cached.__module__.startswith("tests.core.") and made not in CERTIFICATES
