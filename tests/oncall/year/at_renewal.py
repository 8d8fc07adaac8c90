"""What happens in each fault that begins at a renewal, and what a person does about it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, TypeAlias

from certrotation.names import tags
from tests.oncall.year.faults import CRITICAL
from tests.oncall.year.population import EDGE
from tests.simulation.estate import HOME, PREFIX, client, fields_of, region_of
from tests.simulation.faults import begin

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from tests.oncall.year.expected_alarms import Injected
    from tests.oncall.year.population import Site
    from tests.oncall.year.world import World
    from tests.support.authority import Issued

AtRenewal: TypeAlias = "Callable[[World, Site, Injected], object]"

HOUR = timedelta(hours=1)
_DEPLOYING = timedelta(minutes=40)
_UPDATING = timedelta(hours=1)


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


def _custom_domain_in_progress(world: World, site: Site, injected: Injected) -> None:
    aws = world.estate.aws
    aws.behaviour.deployments = aws.api_gateway.rules.updates = "when_told"
    for each in site.api_domains:
        name = each.partition("/domainnames/")[2]
        aws.api_gateway.domains[region_of(each), name].change()
    for each in site.user_pools:
        pool = each.split(":")[5].partition("/")[2]
        aws.user_pools()[pool].domain["Status"] = "UPDATING"

    def updated() -> None:
        aws.behaviour.deployments = aws.api_gateway.rules.updates = "at_once"
        aws.finish_deployments()

    world.agenda.after(_UPDATING, updated)
    _key_type_changed(world, site, injected)


def _domain_updates_used_up(world: World, site: Site, injected: Injected) -> None:
    injected.mend = begin(world.faults.used_up("UpdateDomainName"))
    _key_type_changed(world, site, injected)


def _moved_back(world: World, site: Site, injected: Injected) -> None:
    del injected
    world.deliver(site)
    for hours in (6, 30):
        world.agenda.after(hours * HOUR, lambda: world.move_back(site))


def _imports_throttled(world: World, site: Site, injected: Injected) -> None:
    injected.mend = begin(world.faults.imports_throttled(world.chance.choice(site.regions)))
    world.deliver(site)


def _imports_denied(world: World, site: Site, injected: Injected) -> None:
    region = world.chance.choice(site.regions)
    injected.mend = begin(world.faults.denied("acm", region, "ImportCertificate"))
    world.deliver(site)


def _switched(name: str, *, wrong: bool) -> AtRenewal:
    """Turn a switch the wrong way just before a renewal."""

    def play(world: World, site: Site, injected: Injected) -> None:
        world.turn(injected, name, wrong=wrong)
        world.deliver(site)

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
    "an API's domain moves": _key_type_changed,
    "a user pool's domain moves": _key_type_changed,
    "a custom domain in progress": _custom_domain_in_progress,
    "domain updates used up": _domain_updates_used_up,
    "moved back": _moved_back,
    "imports throttled for hours": _imports_throttled,
    "imports denied": _imports_denied,
    "every rotation dies": _switched("rotate_dies", wrong=True),
    "trigger off": _switched("trigger_on", wrong=False),
    "trigger off, ticket unread": _switched("trigger_on", wrong=False),
    "rotate throttled": _switched("rotate_allowed", wrong=False),
    "report mode forgotten": _report_mode,
    "events not queued": _switched("rule_sends", wrong=False),
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
    "an API's domain moves": lambda site: bool(site.api_domains),
    "a user pool's domain moves": lambda site: bool(site.user_pools),
    "a custom domain in progress": lambda site: bool(site.api_domains or site.user_pools),
    "domain updates used up": lambda site: bool(site.api_domains),
}
"""What a site must be like."""
