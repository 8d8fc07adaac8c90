"""What happens in each fault, step by step, and what a person does about it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, TypeAlias

from certrotation.core import tags
from tests.double.building import material
from tests.oncall.year.faults import CRITICAL, FAULTS
from tests.oncall.year.population import EDGE, REGIONS, Site
from tests.oncall.year.skies import REGIONAL
from tests.support.estate import HOME, PREFIX, client, fields_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from tests.oncall.year.ledger import Injected
    from tests.oncall.year.world import World
    from tests.support.authority import Issued

AtRenewal: TypeAlias = "Callable[[World, Site, Injected], object]"
AtAnyTime: TypeAlias = "Callable[[World, Injected], bool]"
"""Returns False if there is nothing now that it could happen to."""

HOUR = timedelta(hours=1)
_DEPLOYING = timedelta(minutes=40)


def _both_windows(world: World, site: Site, injected: Injected) -> None:
    """Note from when on the alarms of a certificate that is not renewed are due."""
    windows = world.windows(site)
    injected.begin = windows.warning_opens
    injected.since.update(dict.fromkeys(CRITICAL, windows.critical_opens))


def _deliver_at(world: World, site: Site, injected: Injected, when: datetime) -> None:
    _both_windows(world, site, injected)
    injected.mend = lambda: world.deliver(site)
    world.agenda.at(when, lambda: world.end(injected))


def _late(world: World, site: Site, injected: Injected) -> None:
    windows = world.windows(site)
    wait = world.chance.uniform(0.3, 0.8) * (windows.critical_opens - windows.warning_opens)
    _deliver_at(world, site, injected, windows.warning_opens + wait)


def _later(world: World, site: Site, injected: Injected) -> None:
    _deliver_at(world, site, injected, site.ends - 48 * HOUR)


def _never(world: World, site: Site, injected: Injected) -> None:
    _both_windows(world, site, injected)
    injected.mend = lambda: world.deliver(site)


def _after_the_end(world: World, site: Site, injected: Injected) -> None:
    _deliver_at(world, site, injected, site.ends + world.hours(2, 6))


def _the_same_again(world: World, site: Site, injected: Injected) -> None:
    _never(world, site, injected)
    secrets = client("secretsmanager", HOME)
    with world.estate.aws.unobserved():
        value = secrets.get_secret_value(SecretId=PREFIX + site.name)["SecretString"]
        put = secrets.put_secret_value(SecretId=PREFIX + site.name, SecretString=value)
    site.version = put["VersionId"]
    world.tell_of(site)


def _refused(spoil: Callable[[World, Site], Issued | Mapping[str, str]]) -> AtRenewal:
    """Deliver what is refused; a person delivers what is right."""

    def play(world: World, site: Site, injected: Injected) -> None:
        injected.mend = lambda: world.deliver(site)
        world.deliver(site, spoil(world, site))

    return play


def _wrong_key(world: World, site: Site) -> Issued:
    return world.issuer.another_key(world.issuer.issue(site))


def _lost_name(world: World, site: Site) -> Issued:
    names, site.names = site.names, site.names[:1]
    issued = world.issuer.issue(site)
    site.names = names
    return issued


def _malformed(world: World, site: Site) -> Mapping[str, str]:
    whole = fields_of(world.issuer.issue(site))
    return whole | {"certificate": whole["certificate"][:-100]}


def _no_chain(world: World, site: Site) -> Mapping[str, str]:
    whole = fields_of(world.issuer.issue(site))
    return {key: whole[key] for key in ("certificate", "private_key")}


def _another_ca(world: World, site: Site) -> Issued:
    site.is_private = not site.is_private
    issued = world.issuer.issue(site)
    site.is_private = not site.is_private
    return issued


def _name_given_up(world: World, site: Site, injected: Injected) -> None:
    site.names = site.names[:1]
    issued = world.issuer.issue(site)
    world.deliver(site, issued)

    def accept() -> None:
        with world.estate.aws.unobserved():
            world.estate.tag_secret(site.name, accept=f"NAMES_LOST@{site.version}")
        world.accept(site, issued.certificate.not_valid_after_utc)

    injected.mend = accept


def _another_key_type(site: Site) -> None:
    site.key = "rsa2048" if site.key == "p256" else "p256"


def _key_type_changed(world: World, site: Site, injected: Injected) -> None:
    del injected
    _another_key_type(site)
    world.deliver(site)


def _client_auth_dropped(world: World, site: Site, injected: Injected) -> None:
    del injected
    site.has_client_auth = False
    world.deliver(site)


def _held(world: World, site: Site, injected: Injected) -> None:
    def release() -> None:
        with world.estate.aws.unobserved():
            client("secretsmanager", HOME).untag_resource(
                SecretId=PREFIX + site.name, TagKeys=[tags.HOLD]
            )

    with world.estate.aws.unobserved():
        world.estate.tag_secret(site.name, hold="since the release")
    injected.mend = release
    world.deliver(site)


def _full_listener(world: World, site: Site, injected: Injected) -> None:
    behaviour, usual = world.estate.aws.behaviour, world.estate.aws.behaviour.alb_certificate_limit
    with world.estate.aws.unobserved():
        behaviour.alb_certificate_limit = min(len(world.estate.sni_of(e)) for e in site.sni)

    def make_room() -> None:
        behaviour.alb_certificate_limit = usual

    injected.mend = make_room
    _key_type_changed(world, site, injected)


def _distribution_in_progress(world: World, site: Site, injected: Injected) -> None:
    aws, cloudfront = world.estate.aws, client("cloudfront", EDGE)
    aws.behaviour.deployments = "when_told"
    with aws.unobserved():
        for each in (each for each in site.dependents if not each.startswith("arn:")):
            got = cloudfront.get_distribution_config(Id=each)
            cloudfront.update_distribution(
                Id=each, IfMatch=got["ETag"], DistributionConfig=got["DistributionConfig"]
            )

    def deployed() -> None:
        aws.behaviour.deployments = "at_once"
        aws.finish_deployments()

    world.agenda.after(_DEPLOYING, deployed)
    _key_type_changed(world, site, injected)


def _moved_back(world: World, site: Site, injected: Injected) -> None:
    del injected
    world.deliver(site)
    for hours in (6, 30):
        world.agenda.after(hours * HOUR, lambda: world.move_back(site))


def _imports_throttled(world: World, site: Site, injected: Injected) -> None:
    injected.mend = world.skies.throttle_imports(world.chance.choice(site.regions))
    world.deliver(site)


def _imports_denied(world: World, site: Site, injected: Injected) -> None:
    denied = world.estate.aws.behaviour.denied
    denial = ("acm", "ImportCertificate", world.chance.choice(site.regions))
    denied.add(denial)
    injected.mend = lambda: denied.discard(denial)
    world.deliver(site)


def _switched(name: str, *, wrong: bool) -> Callable[[World, Injected], None]:
    """Turn a switch the wrong way; a person turns it back."""

    def play(world: World, injected: Injected) -> None:
        switches = world.functions.switches

        def turn_back() -> None:
            setattr(switches, name, not wrong)
            world.functions.plan_poll()

        setattr(switches, name, wrong)
        injected.mend = turn_back

    return play


def _switched_at_renewal(name: str, *, wrong: bool) -> AtRenewal:
    turn = _switched(name, wrong=wrong)

    def play(world: World, site: Site, injected: Injected) -> None:
        turn(world, injected)
        world.deliver(site)

    return play


def _switched_at_any_time(name: str, *, wrong: bool) -> AtAnyTime:
    turn = _switched(name, wrong=wrong)

    def play(world: World, injected: Injected) -> bool:
        turn(world, injected)
        return True

    return play


def _report_mode(world: World, site: Site, injected: Injected) -> None:
    environment = world.estate.environment
    environment["CERTROTATION_MODE"] = "report"
    injected.mend = lambda: environment.pop("CERTROTATION_MODE")
    world.deliver(site)


AT_RENEWAL: Mapping[str, AtRenewal] = {
    "late": _late,
    "later": _later,
    "never": _never,
    "after the end": _after_the_end,
    "the same again": _the_same_again,
    "wrong key": _refused(_wrong_key),
    "lost name": _refused(_lost_name),
    "name given up": _name_given_up,
    "malformed": _refused(_malformed),
    "no chain": _refused(_no_chain),
    "another CA": _refused(_another_ca),
    "refused, ticket unread": _refused(_wrong_key),
    "key type changed": _key_type_changed,
    "clientAuth dropped": _client_auth_dropped,
    "a hold forgotten": _held,
    "a full listener": _full_listener,
    "a distribution in progress": _distribution_in_progress,
    "moved back": _moved_back,
    "imports throttled for hours": _imports_throttled,
    "imports denied": _imports_denied,
    "every rotation dies": _switched_at_renewal("rotate_dies", wrong=True),
    "trigger off": _switched_at_renewal("trigger_on", wrong=False),
    "trigger off, ticket unread": _switched_at_renewal("trigger_on", wrong=False),
    "rotate throttled": _switched_at_renewal("rotate_allowed", wrong=False),
    "report mode forgotten": _report_mode,
    "events not queued": _switched_at_renewal("rule_sends", wrong=False),
}

FITS: Mapping[str, Callable[[Site], bool]] = {
    "later": lambda site: bool(site.dependents),
    "never": lambda site: bool(site.dependents),
    "after the end": lambda site: bool(site.dependents),
    "lost name": lambda site: len(site.names) > 1,
    "name given up": lambda site: len(site.names) > 1,
    "another CA": lambda site: not site.is_private,
    "clientAuth dropped": lambda site: site.has_client_auth,
    "a full listener": lambda site: bool(site.sni),
    "a distribution in progress": lambda site: site.is_on_edge,
}
"""What a site must be like."""


# At any time


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
    name = f"handmade-{len(world.ledger.injected)}"
    handmade = _handmade(name, days=47)
    begin = world.now + 2 * HOUR - handmade.lifetime * 4 / 5
    with world.estate.aws.unobserved():
        arn = world.estate.certificate(world.issuer.issue(handmade, begin), region)
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
    injected.expires = begin + handmade.lifetime
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
    injected.mend = _noting_night(world, region, world.skies.darken(region))
    return True


def _canary_dark(world: World, injected: Injected) -> bool:
    injected.subject = HOME
    injected.mend = _noting_night(world, HOME, world.skies.silence_home(REGIONAL))
    return True


def _noting_night(world: World, region: str, lighten: Callable[[], None]) -> Callable[[], None]:
    begin = world.now

    def note() -> None:
        lighten()
        world.skies.nights.append((region, begin, world.now))

    return note


def _secrets_dark(world: World, injected: Injected) -> bool:
    injected.mend = world.skies.silence_home(frozenset({"secretsmanager"}))
    return True


def _storm(world: World, injected: Injected) -> bool:
    injected.mend = world.skies.throttle(0.5)
    return True


def _errors(world: World, injected: Injected) -> bool:
    injected.mend = world.skies.fail(0.3)
    return True


def _stale(world: World, injected: Injected) -> bool:
    injected.mend = world.skies.lag()
    return True


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
    "every scan dies": _switched_at_any_time("scan_dies", wrong=True),
    "schedule off": _switched_at_any_time("schedule_on", wrong=False),
    "scan throttled": _switched_at_any_time("scan_allowed", wrong=False),
}

assert AT_RENEWAL.keys() | AT_ANY_TIME.keys() == FAULTS.keys()
