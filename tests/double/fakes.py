"""The fakes of the dependents' services: one module here for each entry of the registry."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any, Protocol

from certrotation.aws.dependents.registry import NAMES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from collections.abc import Set as AbstractSet

    from tests.double.embedded import EmbeddedAws
    from tests.double.world import Answer, World


class Clients(Protocol):
    """Makes clients of the double."""

    def __call__(self, service: str, region: str) -> Any:
        """Return a boto3 client."""


@dataclass(frozen=True, kw_only=True)
class Fake:
    """A service whose resources present certificates."""

    service: str
    """As boto3 names it."""
    iam_prefix: str
    """As IAM names it."""
    denies_plainly: bool = True
    """Whether its error code is AccessDenied rather than AccessDeniedException."""
    answers: Mapping[str, Answer]
    uses: Callable[[World, str], Iterator[tuple[str, str]]]
    """Yields the ARNs of the certificates of a Region that are named, and of who names them."""
    present: Callable[[EmbeddedAws, Clients, str, str], str]
    """Makes a resource in a Region that presents a certificate; returns what `presented` takes."""
    presented: Callable[[Clients, str], AbstractSet[str]]
    """Returns the ARNs of the certificates that such a resource presents."""


@cache
def fakes() -> Mapping[str, Fake]:
    """Return the fakes by their names in the registry."""
    return {name: import_module(f"tests.double.{name}").FAKE for name in NAMES}
