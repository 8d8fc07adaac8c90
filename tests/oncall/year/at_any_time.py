"""What happens in each fault that begins at any time, and what a person does about it."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, TypeAlias

from certrotation.names import tags
from tests.double.builders import material
from tests.oncall.year.faults import CRITICAL
from tests.oncall.year.issuance import window_opens
from tests.oncall.year.population import REGIONS, Site
from tests.simulation.estate import HOME, PREFIX, client
from tests.simulation.faults import LISTS_LAG, REGIONAL, SECRETS_LAG, begin

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractContextManager

    from tests.oncall.year.expected_alarms import Injected
    from tests.oncall.year.world import World

AtAnyTime: TypeAlias = "Callable[[World, Injected], bool]"
"""Returns False if there is nothing now that it could happen to."""

HOUR = timedelta(hours=1)

_LOOKS = 8 * HOUR
"""Six looks ask for every window, one begins the rotation, and a step of it may die once."""

_UNTIL_SECRETS_LAG = timedelta(minutes=7)
_SECRETS_LAG = timedelta(minutes=5)
"""The longest that AWS documents (Secrets Manager API Reference, ListSecrets)."""


def _quiet_copy(world: World, *, used: bool | None) -> tuple[Site, str, str] | None:
    """Return a site at peace, a Region and its copy's ARN there; `used` or not, or None for any."""
    peaceful = [
        (site, region)
        for site in world.sites
        if not site.is_busy and world.windows(site).warning_opens - world.now > site.lifetime / 4
        for region in site.regions
        if used is None or (region in site.dependents.values()) is used
    ]
    if not peaceful:
        return None
    site, region = world.chance.choice(peaceful)
    index = client("resourcegroupstaggingapi", region)
    with world.estate.aws.unobserved():
        found = index.get_resources(
            TagFilters=[{"Key": tags.SECRET, "Values": [PREFIX + site.name]}]
        )["ResourceTagMappingList"]
    arns = [
        each["ResourceARN"]
        for each in found
        if tags.SUPERSEDED_BY not in {tag["Key"] for tag in each["Tags"]}
    ]
    return (site, region, arns[0]) if arns else None


def _imported_by_hand(world: World, injected: Injected) -> bool:
    found = _quiet_copy(world, used=None)
    if found is None:
        return False
    site, region, arn = found
    injected.subject = site.name
    with world.estate.aws.unobserved():
        client("acm", region).import_certificate(
            CertificateArn=arn, **material(world.issuer.issue(site))
        )
    world.presented.changed_by_hand(arn)
    return True


def _copy_deleted(world: World, injected: Injected) -> bool:
    found = _quiet_copy(world, used=False)
    if found is None:
        return False
    site, region, arn = found
    injected.subject = site.name
    with world.estate.aws.unobserved():
        client("acm", region).delete_certificate(CertificateArn=arn)
    return True


def _without_a_secret(world: World, injected: Injected) -> bool:
    """A certificate of 47 days that comes due in two hours, by SNI on somebody's listener."""
    listeners = [(site, arn) for site in world.sites for arn in site.sni]
    site, listener = world.chance.choice(listeners)
    region = site.dependents[listener]
    name = f"handmade-{len(world.expected.injected)}"
    handmade = _handmade(name, days=47)
    issued_at = world.now + 2 * HOUR - handmade.lifetime * 4 / 5
    with world.estate.aws.unobserved():
        arn = world.estate.certificate(world.issuer.issue(handmade, issued_at), region)
        client("elbv2", region).add_listener_certificates(
            ListenerArn=listener, Certificates=[{"CertificateArn": arn}]
        )

    def renew() -> None:
        with world.estate.aws.unobserved():
            client("acm", region).import_certificate(
                CertificateArn=arn, **material(world.issuer.issue(_handmade(name, days=500)))
            )

    injected.mend = renew
    injected.subject = name
    injected.expires = issued_at + handmade.lifetime
    injected.since["UnmanagedExpiring"] = world.now + 2 * HOUR
    critical = injected.expires - handmade.lifetime / 10
    injected.since.update(dict.fromkeys(CRITICAL, critical))
    return True


def _handmade(name: str, *, days: int) -> Site:
    return Site(
        name=name,
        days=days,
        regions=REGIONS[:1],
        key="p256",
        is_private=False,
        has_client_auth=False,
        names=(f"{name}.example.com",),
    )


def _dark(world: World, injected: Injected) -> bool:
    region = world.chance.choice(REGIONS[1:])
    injected.subject = region
    injected.mend = _noting_night(world, region, world.faults.dark(region))
    return True


def _canary_dark(world: World, injected: Injected) -> bool:
    injected.subject = HOME
    injected.mend = _noting_night(world, HOME, world.faults.silent(HOME, REGIONAL))
    return True


def _noting_night(
    world: World, region: str, fault: AbstractContextManager[object]
) -> Callable[[], None]:
    since, end = world.now, begin(fault)

    def note() -> None:
        end()
        world.nights.append((region, since, world.now))

    return note


def _secrets_dark(world: World, injected: Injected) -> bool:
    injected.mend = begin(world.faults.silent(HOME, {"secretsmanager"}))
    return True


def _storm(world: World, injected: Injected) -> bool:
    injected.mend = begin(world.faults.throttled(0.5))
    return True


def _errors(world: World, injected: Injected) -> bool:
    injected.mend = begin(world.faults.failing(0.3))
    return True


def _stale(world: World, injected: Injected) -> bool:
    """Lists lag from the beginning on, secrets for the five minutes around the next scan."""

    def lag() -> None:
        world.agenda.after(_SECRETS_LAG, begin(world.faults.stale(*SECRETS_LAG)))

    injected.mend = begin(world.faults.stale(*LISTS_LAG))
    world.agenda.after(_UNTIL_SECRETS_LAG, lag)
    return True


def _switched(name: str, *, wrong: bool) -> AtAnyTime:
    """Turn a switch the wrong way."""

    def play(world: World, injected: Injected) -> bool:
        world.turn(injected, name, wrong=wrong)
        return True

    return play


def _revoked(world: World, injected: Injected) -> bool:
    """A CA revokes: within seven looks, each of which asks some CAs, the secret has another one."""
    issuance = world.issuance
    if issuance is None:
        return False
    now = world.now
    quiet = [
        each
        for each in issuance.sites
        if window_opens(each) - now > _LOOKS
        and each.ends - now > _LOOKS
        # A CA that is dark tells nobody of a revocation.
        and not issuance.cas[str(each.issuer)].is_dark
    ]
    if not quiet:
        return False
    site = world.chance.choice(quiet)
    injected.subject = site.name
    identifier = issuance.identifier_of(site)
    issuance.ca_of(site).revoke(identifier)

    def look_again() -> None:
        if issuance.identifier_of(site) == identifier:
            world.functions.bugs.append(f"{site.name} is not renewed after its revocation")

    world.agenda.after(_LOOKS, look_again)
    return True


def _flipping(switch: str) -> AtAnyTime:
    """Return what flips a switch of the issuance, until somebody flips it back."""

    def flip(world: World, injected: Injected) -> bool:
        issuance = world.issuance
        if issuance is None:
            return False
        before = getattr(issuance, switch)
        setattr(issuance, switch, not before)
        injected.mend = partial(setattr, issuance, switch, before)
        return True

    return flip


AT_ANY_TIME: Mapping[str, AtAnyTime] = {
    "imported by hand": _imported_by_hand,
    "a copy deleted": _copy_deleted,
    "without a secret": _without_a_secret,
    "without a secret, unread": _without_a_secret,
    "a Region dark for minutes": _dark,
    "a Region dark for hours": _dark,
    "a Region dark for a day": _dark,
    "the canary's ACM dark": _canary_dark,
    "Secrets Manager dark": _secrets_dark,
    "a throttling storm": _storm,
    "errors of AWS's": _errors,
    "stale reads": _stale,
    "every scan dies": _switched("scan_dies", wrong=True),
    "schedule off": _switched("schedule_on", wrong=False),
    "a CA revokes": _revoked,
    "the look is off": _flipping("is_scheduled"),
    "every look dies": _flipping("dies"),
    "scan throttled": _switched("scan_allowed", wrong=False),
}
