"""Which kinds of dependents there are, in the order in which users are offered to them.

Pure data, which the infrastructure reads as well: nothing here imports an SDK or an adapter.
"""

from __future__ import annotations

from enum import Enum
from importlib import import_module
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

    from certrotation.aws.dependents.statement import Statement


class Place(Enum):
    """Where the resources of a kind are, in relation to the certificates that they present."""

    REGION = "in the Region of the certificate"
    GLOBAL = "in no Region; the certificates are in CloudFront's Region"
    CONSUMERS = "in each consumer Region; the certificates are in CloudFront's Region"


class Entry(NamedTuple):
    """One choice of the setting `dependents`."""

    name: str
    """As the setting names it, and the folder that holds its adapter and its statements."""
    services: tuple[str, ...]
    """The services that its adapter calls, under boto3's names."""
    places: tuple[Place, ...] = (Place.REGION,)
    """For each, `make` of its adapter is called; for CONSUMERS, `make_consumer` in each Region."""
    is_default: bool = True
    takes_settings: bool = False
    """Whether `make` is given the settings of dependents as well; `make_consumer` always is."""

    @property
    def at_edge_only(self) -> bool:
        """Whether only certificates of CloudFront's Region are presented by these dependents."""
        return Place.REGION not in self.places


ENTRIES = (
    # Before the listeners' services, which see its load balancers too and refuse to move them.
    Entry(
        "elasticbeanstalk",
        services=("elasticbeanstalk", "elbv2", "elb"),
        is_default=False,
        takes_settings=True,
    ),
    Entry("elbv2", services=("elbv2",)),
    Entry("cloudfront", services=("cloudfront",), places=(Place.GLOBAL,)),
    Entry("elb", services=("elb",)),
    Entry("apigateway", services=("apigateway", "acm"), places=(Place.REGION, Place.CONSUMERS)),
    Entry("cognito", services=("cognito-idp",), places=(Place.CONSUMERS,)),
)
"""In the order in which the users of this account are offered to them."""
NAMES = tuple(each.name for each in ENTRIES)
DEFAULT = tuple(each.name for each in ENTRIES if each.is_default)


def chosen(names: Iterable[str]) -> tuple[Entry, ...]:
    """Return the entries of these names, in the registry's order.

    Raises:
        ValueError: a name is not in the registry; the message is for a person.
    """
    wanted = set(names)
    unknown = sorted(wanted - set(NAMES))
    if unknown:
        raise ValueError(
            f"contains {unknown[0]!r}, which is not a kind of dependent;"
            f" choose from {', '.join(NAMES)}"
        )
    return tuple(each for each in ENTRIES if each.name in wanted)


def statements_of(name: str) -> tuple[Statement, ...]:
    """Return what a role needs for one entry."""
    statements: tuple[Statement, ...] = import_module(f"{__package__}.{name}.iam").STATEMENTS
    return statements
