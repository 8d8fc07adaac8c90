"""What the service is busy with when something goes wrong: each story up to the decisive moment."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from certrotation.aws.dependents.registry import NAMES
from certrotation.names import tags
from tests.double.fakes import fakes
from tests.simulation.central import Central
from tests.simulation.estate import HOME, PREFIX, client
from tests.simulation.oracle import presented_by
from tests.support.authority import shared_key

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.simulation.estate import Estate
    from tests.support.authorities import Authorities
    from tests.support.authority import Issued

EDGE = "us-east-1"
SECRET = f"{PREFIX}shop"
SHOP, WIKI = "shop.example.com", "wiki.example.com"
LASTING = timedelta(days=90)


class Source(NamedTuple):
    """A secret of another account, and its owner."""

    central: Central
    arn: str


@dataclass(frozen=True, kw_only=True)
class Scene:
    """What must be served at every instant, and when the story goes on."""

    serves: Mapping[str, tuple[str, ...]]
    """The names that a listener (by ARN) or a distribution (by id) serves, always."""
    later: timedelta = timedelta()
    """How long after the building the decisive scan runs."""
    source: Source | None = None
    """Where the value of the secret is, if it is a reference."""


Story: TypeAlias = "Callable[[Estate, Authorities], Scene]"


def reimport(estate: Estate, authorities: Authorities) -> Scene:
    """New material of the same key type: both Regions keep their ARNs."""
    estate.secret("shop", rsa(authorities))
    estate.run()
    scene = _in_use(estate, authorities, _copies(estate))
    estate.renew("shop", rsa(authorities))
    return scene


def replacement(estate: Estate, authorities: Authorities) -> Scene:
    """The key type changes: default and SNI listeners and a distribution move to new ARNs."""
    estate.secret("shop", rsa(authorities))
    estate.run()
    scene = _in_use(estate, authorities, _copies(estate))
    estate.renew("shop", ec(authorities))
    return scene


def every_kind(estate: Estate, authorities: Authorities) -> Scene:
    """The key type changes: one dependent of each kind moves, however many are in a Region."""
    estate.environment["CERTROTATION_DEPENDENTS"] = ",".join(NAMES)
    estate.secret("shop", rsa(authorities))
    estate.run()
    scene = _of_each_kind(estate, authorities)
    estate.renew("shop", ec(authorities))
    return scene


def published(estate: Estate, authorities: Authorities) -> Scene:
    """The key type changes, and templates of others read the ARNs from parameters."""
    estate.environment["CERTROTATION_ARN_PARAMETERS"] = "on"
    return replacement(estate, authorities)


def announced(estate: Estate, authorities: Authorities) -> Scene:
    """The key type changes, and other programs wait for the event that says so."""
    estate.environment["CERTROTATION_EVENTS"] = "on"
    return replacement(estate, authorities)


def referenced(estate: Estate, authorities: Authorities) -> Scene:
    """The key type changes in a secret of another account that a managed secret refers to."""
    central = Central(estate.aws)
    estate.environment["CERTROTATION_SOURCE_SECRETS"] = central.sources
    arn = central.secret("shop", rsa(authorities))
    estate.reference("shop", arn)
    estate.run()
    scene = _in_use(estate, authorities, _copies(estate))
    central.renew(arn, ec(authorities))
    return replace(scene, source=Source(central, arn))


def adoption(estate: Estate, authorities: Authorities) -> Scene:
    """The first secret for certificates that were imported by hand, and are in use."""
    old = rsa(authorities)
    scene = _in_use(
        estate, authorities, {region: estate.certificate(old, region) for region in estate.regions}
    )
    estate.secret("shop", rsa(authorities))
    return scene


def first_import(estate: Estate, authorities: Authorities) -> Scene:
    """A secret for names that nothing presents yet."""
    estate.secret("shop", ec(authorities))
    return Scene(serves={})


def clean_up(estate: Estate, authorities: Authorities) -> Scene:
    """The copies that a replacement left behind have been kept long enough."""
    scene = replacement(estate, authorities)
    estate.run()
    return Scene(serves=scene.serves, later=timedelta(days=31))


def rollback(estate: Estate, authorities: Authorities) -> Scene:
    """AWSCURRENT is moved back across a change of the key type."""
    scene = replacement(estate, authorities)
    estate.run()
    estate.roll_back("shop")
    return scene


def revert(estate: Estate, authorities: Authorities) -> Scene:
    """After a replacement somebody points every dependent back at the old certificate."""
    scene = replacement(estate, authorities)
    before = {each: presented_by(estate, each) for each in scene.serves}
    estate.run()
    for dependent, arns in before.items():
        estate.point(dependent, *arns)
    return Scene(serves=scene.serves, later=timedelta(hours=2))


STORIES: Mapping[str, Story] = {
    "reimport": reimport,
    "replacement": replacement,
    "every kind": every_kind,
    "published": published,
    "announced": announced,
    "referenced": referenced,
    "adoption": adoption,
    "first import": first_import,
    "clean-up": clean_up,
    "rollback": rollback,
    "revert": revert,
}


def _in_use(estate: Estate, authorities: Authorities, arns: Mapping[str, str]) -> Scene:
    """Put copies to every use: default and SNI of listeners, alone and beside, and the edge."""
    wiki = authorities.public.issue(WIKI, key=shared_key("rsa2048"), lifetime=LASTING)
    others = {
        region: estate.certificate(wiki, region, {tags.IGNORE: ""}) for region in estate.regions
    }
    return Scene(
        serves={
            estate.listener("home", HOME, arns[HOME], [arns[HOME], others[HOME]]): (SHOP, WIKI),
            estate.listener("plain", HOME, arns[HOME]): (SHOP,),
            estate.listener("edge", EDGE, others[EDGE], [arns[EDGE]], kind="network"): (SHOP, WIKI),
            estate.distribution(arns[EDGE], SHOP): (SHOP,),
        }
    )


def _of_each_kind(estate: Estate, authorities: Authorities) -> Scene:
    """Put copies to every use that there is a kind for."""
    scene = _in_use(estate, authorities, _copies(estate))
    home, edge = (_copies(estate)[region] for region in (HOME, EDGE))
    others = {
        fakes()[name].present(estate.aws, client, region, arn): (SHOP,)
        for name, region, arn in (
            ("apigateway", HOME, home),
            ("elasticbeanstalk", HOME, home),
            ("elb", HOME, home),
            ("cognito", HOME, edge),  # in another Region than its certificate
        )
    }
    client("apigateway", EDGE).create_domain_name(
        domainName=SHOP, certificateArn=edge, endpointConfiguration={"types": ["EDGE"]}
    )
    others[f"arn:aws:apigateway:{EDGE}::/domainnames/{SHOP}"] = (SHOP,)
    return Scene(serves={**scene.serves, **others})


def _copies(estate: Estate) -> dict[str, str]:
    return {region: estate.certificates(region)[0] for region in estate.regions}


def rsa(authorities: Authorities) -> Issued:
    """Issue new material with the RSA key."""
    return authorities.public.issue(SHOP, key=shared_key("rsa2048"), lifetime=LASTING)


def ec(authorities: Authorities) -> Issued:
    """Issue new material with a new EC key."""
    return authorities.public.issue(SHOP, lifetime=LASTING)
