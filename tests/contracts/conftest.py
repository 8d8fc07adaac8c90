"""The stack's template, for promises between it and the functions or the documents."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.infra.synthesis import synthesize

if TYPE_CHECKING:
    from tests.infra.synthesis import Template

STACK = "certrotation-test"
"""As the estate calls itself in `POWERTOOLS_SERVICE_NAME`."""


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Template:
    settings = {"stack_name": STACK, "target_regions": ["eu-west-1", "us-east-1"]}
    return synthesize(tmp_path_factory, settings)
