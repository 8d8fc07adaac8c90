"""Worlds and authorities that stories share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from tests.double import Behaviour, EmbeddedAws, embedded_aws
from tests.support.authority import Authority
from tests.support.estate import Estate

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Authorities:
    """A CA that everybody trusts, and one that only a company does; each with an intermediate."""

    public_root: Authority
    public: Authority
    private_root: Authority
    private: Authority


@pytest.fixture(scope="session")
def authorities() -> Authorities:
    public_root = Authority.root("Example Public Root")
    private_root = Authority.root("Example Corp Root")
    return Authorities(
        public_root=public_root,
        public=public_root.intermediate("Example Public CA 1"),
        private_root=private_root,
        private=private_root.intermediate("Example Corp CA 1"),
    )


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
