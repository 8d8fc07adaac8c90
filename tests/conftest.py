"""Worlds and authorities that stories share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.double import Behaviour, EmbeddedAws, embedded_aws
from tests.simulation.estate import Estate
from tests.support.authorities import Authorities

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="session")
def authorities() -> Authorities:
    return Authorities.make()


@pytest.fixture
def aws(authorities: Authorities) -> Iterator[EmbeddedAws]:
    """An AWS account whose lists come two entries a page."""
    roots = [authorities.public_root.certificate]
    with embedded_aws(Behaviour(page_size=2, trusted_roots=roots)) as world:
        yield world


@pytest.fixture
def estate(aws: EmbeddedAws, authorities: Authorities, tmp_path: Path) -> Estate:
    """That account under certrotation, in eu-west-1 (the canary) and us-east-1."""
    found = Estate(aws)
    found.trust(tmp_path, authorities.public_root.certificate)
    return found
