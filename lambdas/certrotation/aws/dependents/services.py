"""Makes the configured dependents' services for one Region, when one of them is first needed.

A scan and an ordinary renewal ask no dependent anything, so they import no adapter.
"""

from __future__ import annotations

from functools import cached_property
from importlib import import_module
from typing import TYPE_CHECKING, Any, Protocol

from certrotation.aws.dependents.registry import Entry, chosen

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from certrotation.workflows.ports import DependentService


class Clients(Protocol):
    """Makes boto3 clients."""

    def __call__(self, service: str, region: str) -> Any:
        """Return the client of a service in a Region, under boto3's names."""


class DependentServices:
    """The services that certificates of one Region may be presented by, in the registry's order."""

    def __init__(self, entries: Iterable[Entry], clients: Clients, region: str) -> None:
        self._entries = entries
        self._clients = clients
        self._region = region

    def __iter__(self) -> Iterator[DependentService]:
        return iter(self._made)

    @cached_property
    def _made(self) -> tuple[DependentService, ...]:
        return tuple(
            _adapter(each.name).make(self._clients, self._region) for each in self._entries
        )


def dependent_services(
    names: Iterable[str], clients: Clients, region: str, *, is_edge: bool
) -> DependentServices:
    """Return the services of the configured kinds.

    Args:
        names: the configured kinds, as in the setting `dependents`.
        clients: makes the clients.
        region: where the certificates are.
        is_edge: whether CloudFront takes its certificates from that Region.
    """
    entries = [each for each in chosen(names) if is_edge or not each.at_edge_only]
    return DependentServices(entries, clients, region)


def _adapter(name: str) -> Any:
    return import_module(f"{__package__}.{name}.adapter")
