"""What happens in each fault of a CA that begins when a certificate is about to be renewed."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, TypeAlias

from tests.oncall.year.faults import CRITICAL

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.oncall.year.expected_alarms import Injected
    from tests.oncall.year.issuance import Issuance
    from tests.oncall.year.population import Site
    from tests.oncall.year.world import World

AtIssuance: TypeAlias = "Callable[[World, Issuance, Site, Injected], None]"


BEFORE = timedelta(hours=1)
"""Such a fault begins so long before the renewal window opens."""


def _refuses(world: World, issuance: Issuance, site: Site, injected: Injected) -> None:
    """The CA refuses a name until somebody has talked to it."""
    ca, name = issuance.ca_of(site), site.domain
    ca.refused.add(name)
    windows = world.windows(site)
    injected.since["AwaitingMaterial"] = windows.warning_opens
    injected.since.update(dict.fromkeys(CRITICAL, windows.critical_opens))
    ca.when_noticed = _noting(world, injected, "IssuanceFailing")
    injected.mend = lambda: issuance.ca_of(site).refused.discard(name)


def _forbidden(world: World, issuance: Issuance, site: Site, injected: Injected) -> None:
    """A CAA record forbids the CA until somebody corrects the record."""
    ca, name = issuance.ca_of(site), site.domain
    ca.forbidden.add(name)
    ca.when_noticed = _noting(world, injected, "IssuanceFailing")
    injected.mend = lambda: issuance.ca_of(site).forbidden.discard(name)


def _limits(world: World, issuance: Issuance, site: Site, injected: Injected) -> None:
    """A limit of the CA is reached, and the CA says for how long."""
    ca, span = issuance.ca_of(site), world.hours(*injected.fault.hours)
    ca.limited_for = span
    note = _noting(world, injected, "IssuanceFailing")

    def noticed() -> None:
        note()
        world.agenda.after(span, lambda: world.end(injected))

    def lift() -> None:
        issuance.ca_of(site).limited_for = None

    ca.when_noticed = noticed
    injected.mend = lift


def _dark(world: World, issuance: Issuance, site: Site, injected: Injected) -> None:
    """The CA answers nothing, from an hour before its renewal windows on."""
    ca, span = issuance.ca_of(site), BEFORE + world.hours(*injected.fault.hours)
    ca.is_dark = True
    ca.when_noticed = _noting(world, injected, "IssuanceFailing")

    def lighten() -> None:
        issuance.ca_of(site).is_dark = False

    injected.mend = lighten
    world.agenda.after(span, lambda: world.end(injected))


def _noting(world: World, injected: Injected, alarm: str) -> Callable[[], None]:
    def note() -> None:
        injected.since.setdefault(alarm, world.now)

    return note


AT_ISSUANCE: Mapping[str, AtIssuance] = {
    "a CA refuses": _refuses,
    "a CA refuses, ticket unread": _refuses,
    "a CA refuses, until paged": _refuses,
    "CAA forbids": _forbidden,
    "a CA limits": _limits,
    "a CA is dark for days": _dark,
    "a CA is dark for too long": _dark,
}

FITS: Mapping[str, Callable[[Site], bool]] = {
    # Only a certificate in use is counted as critical.
    "a CA refuses, until paged": lambda site: bool(site.dependents),
}
"""What a site must be like."""
