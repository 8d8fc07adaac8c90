"""Makes the configured dependents' services for one Region; of the others nothing is imported."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Protocol

from certrotation.aws.dependents.registry import chosen

if TYPE_CHECKING:
    from collections.abc import Iterable

    from certrotation.workflows.ports import DependentService


class Clients(Protocol):
    """Makes boto3 clients."""

    def __call__(self, service: str, region: str) -> Any:
        """Return the client of a service in a Region, under boto3's names."""


def dependent_services(
    names: Iterable[str], clients: Clients, region: str, *, is_edge: bool
) -> tuple[DependentService, ...]:
    """Return the services that certificates of one Region may be presented by.

    Args:
        names: the configured kinds, as in the setting `dependents`.
        clients: makes the clients.
        region: where the certificates are.
        is_edge: whether CloudFront takes its certificates from that Region.
    """
    return tuple(
        _adapter(each.name).make(clients, region)
        for each in chosen(names)
        if is_edge or not each.at_edge_only
    )


def _adapter(name: str) -> Any:
    return import_module(f"{__package__}.{name}.adapter")
