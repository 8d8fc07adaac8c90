"""The story's account: fifty days ago the service took it over, and today renewals have arrived."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

import time_machine

from tests.support.authority import Authority, Issued, PrivateKey, now, pem, shared_key
from tests.support.estate import PREFIX, Estate, fields_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tests.double import EmbeddedAws

EU, EAST, WEST = REGIONS = ("eu-west-1", "us-east-1", "us-west-2")

LIFETIME = timedelta(days=90)
TAKEN_OVER = timedelta(days=50)
"""How long ago the service imported what it manages; everything was valid then."""

PASSPHRASE = "a passphrase that nobody may read"
SITES = ("shop", "api", "www", "pay", "mail", "hr", "legacy")
"""The managed secrets that are there from the beginning."""

COMPANY_ROOT = "Company Root"

HELD, REFUSED = "hr", "pay"


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
            company=Authority.root(COMPANY_ROOT)
            .intermediate("Company Policy CA")
            .intermediate("Company Server CA"),
        )


@dataclass(frozen=True, kw_only=True)
class Listeners:
    """ARNs of the listeners that the expectations look at."""

    shop_web: str
    """Presents shop by default, beside another team's blog."""
    edge: str
    """Presents api by default; shop and blog by SNI."""


@dataclass(frozen=True, kw_only=True)
class Story:
    """The account, and what is known about it before the service runs."""

    estate: Estate
    copies: Mapping[str, tuple[str, ...]]
    """ARNs of the certificates by site, in the order of REGIONS."""
    renewed: Mapping[str, Issued]
    """What the secrets hold today, where that is new."""
    listeners: Listeners
    distribution: str
    """The id of the distribution that presents www."""
    lines: tuple[str, ...]
    """What the service logged when it took the account over."""


def build_story(aws: EmbeddedAws, folder: Path) -> Story:
    """Build the account as it is today; `folder` is for the file of public roots."""
    authorities = Authorities.make()
    aws.behaviour.trusted_roots = [authorities.public_root.certificate]
    estate = Estate(aws, *REGIONS)
    estate.trust(folder, authorities.public_root.certificate)
    leaves = _leaves(authorities)
    with time_machine.travel(now() - TAKEN_OVER):
        lines = _take_over(estate, leaves)
        copies = _copies(estate)
        listeners = _attach_listeners(estate, copies)
        distribution = estate.distribution(copies["www"][0], "www.example")
    return Story(
        estate=estate,
        copies=copies,
        renewed=_renew(estate, authorities),
        listeners=listeners,
        distribution=distribution,
        lines=lines,
    )


def _leaves(authorities: Authorities) -> dict[str, Issued]:
    """Issue what is live until today; the number is the days that are left."""
    public, company = authorities.public, authorities.company
    return {
        "shop": _ending(public, "shop", "rsa2048", days=28),
        "api": _ending(public, "api", "p256", days=29),
        "www": _ending(public, "www", "rsa2048", days=1),
        "pay": _ending(public, "pay", "rsa2048", days=27),
        "mail": _ending(company, "mail", "p384", days=25),
        "hr": _ending(company, "hr", "p256", days=16),
        "legacy": _ending(public, "legacy", "rsa2048", days=-3),
        "vpn": _ending(company, "vpn", "rsa2048", days=20),
        "blog": _ending(public, "blog", "p256", days=27),
        # The critical window, a tenth of 90 days, opened an hour and a half ago.
        "wiki": _ending(public, "wiki", "rsa2048", days=8, hours=22.5),
    }


def _ending(authority: Authority, site: str, key: str, *, days: int, hours: float = 12) -> Issued:
    ends = now() + timedelta(days=days, hours=hours)
    return _issue(authority, site, shared_key(key, site), ends - LIFETIME)


def _take_over(estate: Estate, leaves: Mapping[str, Issued]) -> tuple[str, ...]:
    """Write the secrets, let the service import them, and import by hand what it does not know."""
    at = {"shop": (EU,), "www": (EAST,), "pay": (EU, EAST), "mail": (WEST,), "hr": (EU,)}
    for site in SITES:
        regions = at.get(site, REGIONS if site == "api" else (WEST,))
        estate.secret(site, leaves[site], {"certrotation:regions": " ".join(regions)})
    run = estate.run()
    for site, region in (("blog", EU), ("wiki", EU), ("vpn", EAST)):
        estate.certificate(leaves[site], region)
    return tuple(run.lines)


def _copies(estate: Estate) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for region in REGIONS:
        for arn in estate.certificates(region):
            site = site_of(estate, arn)
            found[site] = (*found.get(site, ()), arn)
    return found


def _attach_listeners(estate: Estate, copies: Mapping[str, tuple[str, ...]]) -> Listeners:
    (shop,), (blog,) = copies["shop"], copies["blog"]
    api_eu, api_east, api_west = copies["api"]
    pay_eu, pay_east = copies["pay"]
    shop_web = estate.listener("shop-web", EU, shop, [blog])
    edge = estate.listener("edge", EU, api_eu, [shop, blog], kind="network")
    estate.listener("api-east", EAST, api_east, kind="network")
    estate.listener("api-west", WEST, api_west)
    estate.listener("pay-eu", EU, pay_eu)
    estate.listener("pay-east", EAST, pay_east)
    estate.listener("mail", WEST, copies["mail"][0], kind="network")
    estate.listener("hr", EU, copies["hr"][0])
    estate.listener("legacy", WEST, copies["legacy"][0])
    estate.listener("wiki", EU, copies["wiki"][0])
    estate.listener("vpn", EAST, copies["vpn"][0], kind="network")
    return Listeners(shop_web=shop_web, edge=edge)


def _renew(estate: Estate, authorities: Authorities) -> dict[str, Issued]:
    """Put today's material into the secrets; the held one was renewed two days ago."""
    public, company = authorities.public, authorities.company
    renewed = {
        "shop": _fresh(public, "shop", "p256"),
        "api": _fresh(public, "api", "p256"),
        "www": _fresh(public, "www", "rsa2048"),
        "pay": _fresh(authorities.staging, "pay", "rsa2048"),
        "mail": _fresh(company, "mail", "p384"),
        "hr": _fresh(company, "hr", "p256"),
        "vpn": _fresh(company, "vpn", "rsa2048"),
    }
    for site in ("shop", "api", "www", "pay"):
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


def _fresh(authority: Authority, site: str, key: str) -> Issued:
    began = now() - timedelta(days=2, hours=1)
    return _issue(authority, site, shared_key(key, f"{site} renewed"), began)


def _issue(authority: Authority, site: str, key: PrivateKey, begins: datetime) -> Issued:
    """Issue a leaf for 90 days; the company's chain comes with its root, which nobody ships."""
    issued = authority.issue(f"{site}.example", key=key, not_before=begins, lifetime=LIFETIME)
    root = authority.chain[-1]
    is_company = root.subject.rfc4514_string() == f"CN={COMPANY_ROOT}"
    return replace(issued, chain=(*issued.chain, root)) if is_company else issued


def site_of(estate: Estate, arn: str) -> str:
    """Return the site that a certificate was issued for."""
    (name,) = estate.presents(arn).subject
    return str(name.value).removesuffix(".example")


def secret_of(site: str) -> str:
    """Return the full name of a site's secret."""
    return PREFIX + site
