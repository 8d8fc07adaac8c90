"""The story's account: fifty days ago the service took it over, and today renewals have arrived."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

import time_machine

from tests.double import apigateway, elasticbeanstalk
from tests.simulation.estate import PREFIX, Estate, client, fields_of
from tests.support.authority import Authority, Issued, PrivateKey, now, pem, shared_key

if TYPE_CHECKING:
    from collections.abc import Mapping

EU, EAST, WEST = REGIONS = ("eu-west-1", "us-east-1", "us-west-2")

LIFETIME = timedelta(days=90)
TAKEN_OVER = timedelta(days=50)
"""How long ago the service imported what it manages; everything was valid then."""

PASSPHRASE = "a passphrase that nobody may read"
SITES = {
    "shop": (EU,),
    "api": REGIONS,
    "www": (EAST,),
    "pay": (EU, EAST),
    "mail": (WEST,),
    "hr": (EU,),
    "legacy": (WEST,),
    "store": (WEST,),
}
"""The secrets that are managed from the beginning, and their Regions."""

COMPANY_SITES = frozenset({"mail", "hr", "vpn"})
"""The company's own CA issues for these, everybody's for the others."""

HELD, REFUSED, UNMOVABLE = "hr", "pay", "store"


class Authorities(NamedTuple):
    """Who issues: a CA that everybody trusts, its staging twin that nobody does, the company."""

    public_root: Authority
    public: Authority
    staging: Authority
    company: Authority

    @classmethod
    def make(cls) -> Authorities:
        """Make the hierarchies; the company's has two intermediates."""
        public_root = Authority.root("Example Public Root")
        return cls(
            public_root=public_root,
            public=public_root.intermediate("Example Public CA"),
            staging=Authority.root("Example Staging Root").intermediate("Example Staging CA"),
            company=Authority.root("Company Root")
            .intermediate("Company Policy CA")
            .intermediate("Company Server CA"),
        )

    def of(self, site: str) -> Authority:
        """Return the CA that issues for a site."""
        return self.company if site in COMPANY_SITES else self.public


class Listeners(NamedTuple):
    """ARNs of the listeners that the expectations look at."""

    shop_web: str
    """Presents shop by default, beside another team's blog."""
    edge: str
    """Presents api by default; shop and blog by SNI."""


@dataclass(frozen=True, kw_only=True)
class Story:
    """The account, and what is known about it before the service runs."""

    estate: Estate
    arns: Mapping[str, tuple[str, ...]]
    """ARNs of the certificates by site, in the order of REGIONS."""
    renewed: Mapping[str, Issued]
    """What the secrets hold today, where that is new."""
    listeners: Listeners
    distribution: str
    """The id of the distribution that presents www."""
    domain: str
    """The ARN of the custom domain name of an API that presents shop."""
    lines: tuple[str, ...]
    """What the service logged when it took the account over."""

    @property
    def serves(self) -> dict[str, tuple[str, ...]]:
        """What the listeners that shop moves on must serve at every moment."""
        return dict.fromkeys(self.listeners, ("shop.example",))


def build_story(estate: Estate, authorities: Authorities) -> Story:
    """Build the account as it is today."""
    leaves = _leaves(authorities)
    with time_machine.travel(now() - TAKEN_OVER):
        lines = _take_over(estate, leaves)
        arns = _arns(estate)
        listeners = _attach_listeners(estate, arns)
        distribution = estate.distribution(arns["www"][0], "www.example")
        domain = apigateway.present(estate.aws, client, EU, arns["shop"][0])
    return Story(
        estate=estate,
        arns=arns,
        renewed=_renew(estate, authorities),
        listeners=listeners,
        distribution=distribution,
        domain=domain,
        lines=lines,
    )


def _leaves(authorities: Authorities) -> dict[str, Issued]:
    """Issue what is live until today."""
    return {
        site: _issue(
            authorities.of(site), site, shared_key(key, site), now() + days_left - LIFETIME
        )
        for site, key, days_left in (
            ("shop", "rsa2048", timedelta(days=28.5)),
            ("api", "p256", timedelta(days=29.5)),
            ("www", "rsa2048", timedelta(days=1.5)),
            ("pay", "rsa2048", timedelta(days=27.5)),
            ("mail", "p384", timedelta(days=25.5)),
            ("hr", "p256", timedelta(days=16.5)),
            ("legacy", "rsa2048", timedelta(days=-2.5)),
            ("vpn", "rsa2048", timedelta(days=20.5)),
            ("store", "rsa2048", timedelta(days=26.5)),
            ("blog", "p256", timedelta(days=27.5)),
            # The critical window, a tenth of 90 days, opened an hour and a half ago.
            ("wiki", "rsa2048", timedelta(days=9, hours=-1.5)),
        )
    }


def _take_over(estate: Estate, leaves: Mapping[str, Issued]) -> tuple[str, ...]:
    """Write the secrets, let the service import them, and import by hand what it does not know."""
    for site, regions in SITES.items():
        estate.secret(site, leaves[site], {"certrotation:regions": " ".join(regions)})
    run = estate.run()
    for site, region in (("blog", EU), ("wiki", EU), ("vpn", EAST)):
        estate.certificate(leaves[site], region)
    return tuple(run.lines)


def _arns(estate: Estate) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for region in REGIONS:
        for arn in estate.certificates(region):
            site = site_of(estate, arn)
            found[site] = (*found.get(site, ()), arn)
    return found


def _attach_listeners(estate: Estate, arns: Mapping[str, tuple[str, ...]]) -> Listeners:
    (shop,), (blog,) = arns["shop"], arns["blog"]
    api_eu, api_east, api_west = arns["api"]
    pay_eu, pay_east = arns["pay"]
    shop_web = estate.listener("shop-web", EU, shop, [blog])
    edge = estate.listener("edge", EU, api_eu, [shop, blog], kind="network")
    estate.listener("api-east", EAST, api_east, kind="network")
    estate.listener("api-west", WEST, api_west)
    estate.listener("pay-eu", EU, pay_eu)
    estate.listener("pay-east", EAST, pay_east)
    estate.listener("mail", WEST, arns["mail"][0], kind="network")
    estate.listener("hr", EU, arns["hr"][0])
    estate.listener("legacy", WEST, arns["legacy"][0])
    elasticbeanstalk.environment(
        estate.aws, client, WEST, arns["store"][0], name="store-prod", operations_role=None
    )
    estate.listener("wiki", EU, arns["wiki"][0])
    estate.listener("vpn", EAST, arns["vpn"][0], kind="network")
    return Listeners(shop_web=shop_web, edge=edge)


def _renew(estate: Estate, authorities: Authorities) -> dict[str, Issued]:
    """Put today's material into the secrets; the held one was renewed two days ago."""
    renewed = {
        "shop": _renewed(authorities.public, "shop", "p256"),
        "api": _renewed(authorities.public, "api", "p256"),
        "www": _renewed(authorities.public, "www", "rsa2048"),
        "pay": _renewed(authorities.staging, "pay", "rsa2048"),
        "mail": _renewed(authorities.company, "mail", "p384"),
        "hr": _renewed(authorities.company, "hr", "p256"),
        "vpn": _renewed(authorities.company, "vpn", "rsa2048"),
        "store": _renewed(authorities.public, "store", "p256"),
    }
    for site in ("shop", "api", "www", "pay", "store"):
        estate.renew(site, renewed[site])
    mail = renewed["mail"]
    shuffled = pem(*reversed(mail.chain), mail.certificate)
    estate.renew("mail", fields_of(mail) | {"chain": shuffled})
    encrypted = {
        "private_key": renewed["vpn"].key_pem(passphrase=PASSPHRASE),
        "passphrase": PASSPHRASE,
    }
    estate.secret("vpn", fields_of(renewed["vpn"]) | encrypted, {"certrotation:regions": EAST})
    with time_machine.travel(now() - timedelta(days=2)):
        estate.renew("hr", renewed["hr"])
        estate.tag_secret("hr", hold="until the payroll run is over")
    return renewed


def _renewed(authority: Authority, site: str, key: str) -> Issued:
    """Issue what was fetched two days ago, with a key of its own."""
    begins = now() - timedelta(days=2, hours=1)
    return _issue(authority, site, shared_key(key, f"{site} renewed"), begins)


def _issue(authority: Authority, site: str, key: PrivateKey, begins: datetime) -> Issued:
    """Issue for 90 days; the company's chains hold its root, which no client ships by itself."""
    issued = authority.issue(f"{site}.example", key=key, not_before=begins, lifetime=LIFETIME)
    root = authority.chain[-1:] if site in COMPANY_SITES else ()
    return replace(issued, chain=(*issued.chain, *root))


def site_of(estate: Estate, arn: str) -> str:
    """Return the site that a certificate was issued for."""
    (name,) = estate.presents(arn).subject
    return str(name.value).removesuffix(".example")


def secret_of(site: str) -> str:
    """Return the full name of a site's secret."""
    return PREFIX + site
