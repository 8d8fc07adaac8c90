"""Makes the configured dependents' services for one Region, when one of them is first needed.

A scan and an ordinary renewal ask no dependent anything, so they import no adapter.
"""

from __future__ import annotations

from functools import cached_property
from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from certrotation.aws.dependents.registry import Entry, Place, chosen

if TYPE_CHECKING:
    from collections.abc import Iterator

    from certrotation.workflows.ports import DependentService


class Clients(Protocol):
    """Makes boto3 clients."""

    def __call__(self, service: str, region: str, *, retries: bool = True) -> Any:
        """Return the client of a service in a Region, under boto3's names.

        Args:
            service: as boto3 names it.
            region: where it is asked.
            retries: whether the client tries a failed request again.
        """


class DependentSettings(NamedTuple):
    """What the settings say of dependents."""

    names: tuple[str, ...]
    """The configured kinds, as in the setting `dependents`."""
    consumer_regions: tuple[str, ...] = ()
    """Where resources may be that present certificates of CloudFront's Region."""
    tag: str | None = None
    """The setting `dependents_tag`: only resources with this tag may be changed."""
    elasticbeanstalk_administrator_access: bool = False
    """Whether environments without an operations role may be updated."""


class DependentServices:
    """The services that certificates of one Region may be presented by, in the registry's order."""

    def __init__(
        self, clients: Clients, region: str, settings: DependentSettings, *, is_edge: bool
    ) -> None:
        self._entries = [
            each for each in chosen(settings.names) if is_edge or not each.at_edge_only
        ]
        self._clients = clients
        self._region = region
        self._settings = settings
        self._is_edge = is_edge

    def __iter__(self) -> Iterator[DependentService]:
        return iter(self._made)

    @cached_property
    def _made(self) -> tuple[DependentService, ...]:
        return tuple(service for entry in self._entries for service in self._make(entry))

    def _make(self, entry: Entry) -> Iterator[DependentService]:
        adapter = _adapter(entry.name)
        if not {Place.REGION, Place.GLOBAL}.isdisjoint(entry.places):
            more = (self._settings,) if entry.takes_settings else ()
            yield adapter.make(self._clients, self._region, *more)
        if Place.CONSUMERS in entry.places and self._is_edge:
            for region in self._settings.consumer_regions:
                yield adapter.make_consumer(self._clients, region, self._settings)


def dependent_services(
    settings: DependentSettings, clients: Clients, region: str, *, is_edge: bool
) -> DependentServices:
    """Return the services of the configured kinds.

    Args:
        settings: the kinds, and where their resources may be.
        clients: makes the clients.
        region: where the certificates are.
        is_edge: whether CloudFront takes its certificates from that Region.
    """
    return DependentServices(clients, region, settings, is_edge=is_edge)


def _adapter(name: str) -> Any:
    return import_module(f"{__package__}.{name}.adapter")
