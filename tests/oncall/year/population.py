"""The sites of the year: their certificates, their CAs, and what presents them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from certrotation.names import tags
from tests.double.cognito import user_pool
from tests.simulation.estate import HOME, client
from tests.support.authority import CLIENT_AUTH, SERVER_AUTH, shared_key

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from random import Random

    from tests.simulation.estate import Estate
    from tests.support.authorities import Authorities
    from tests.support.authority import Authority, Issued

EDGE = "us-east-1"
REGIONS = (HOME, EDGE, "ap-southeast-2")

RENEWED_AT = 2 / 3
"""Of the lifetime: renewal tools renew with a third left."""

KEYS_OF_A_KIND = 4
"""Keys are made once and used again: nothing here depends on how many there are."""

_TARGETS = (REGIONS, (HOME,), (HOME, EDGE), (EDGE,), (REGIONS[2], HOME))
_OF_A_LISTENER = 3
_IN_USE = 0.7
_ON_THE_EDGE = 0.3
"""Of what is in use in the edge's Region."""

_OF_APIS = 6
_WITH_MUTUAL_TLS = 12
"""Each so many-th site is an API's; of these, some have mutual TLS. No chance is drawn for that."""
_OF_EDGE_APIS = 4
_OF_DISTRIBUTIONS = 2
"""On the edge, each so many-th site is an API's, each so many-th other site has a distribution, and
the rest are login pages of user pools."""

_TEN_YEARS = timedelta(days=3650)


@dataclass(frozen=True, slots=True)
class Delivery:
    """Material that came to a secret."""

    at: datetime
    ends: datetime


@dataclass(kw_only=True)
class Site:
    """One name, its secret and what its certificates are like."""

    name: str
    days: int
    regions: tuple[str, ...]
    key: str
    is_private: bool
    has_client_auth: bool
    names: tuple[str, ...]
    issuer: str | None = None
    """The CA that its secret is tagged with; without one, its team renews."""
    ends: datetime = field(init=False)
    """When what was delivered last, and is right, expires."""
    delivered: list[Delivery] = field(default_factory=list)
    """What was right."""
    version: str = ""
    """What was delivered last, right or not."""
    dependents: dict[str, str] = field(default_factory=dict)
    """The certificate's Region, by ARN of a listener, domain name or user pool's domain, or by id
    of a distribution."""
    sni: list[str] = field(default_factory=list)
    """Listeners of Application Load Balancers that present it by SNI."""
    is_busy: bool = False
    """Something is happening to it."""

    @property
    def domain(self) -> str:
        """The name that its dependents serve."""
        return self.names[0]

    @property
    def lifetime(self) -> timedelta:
        """How long its certificates live."""
        return timedelta(days=self.days)

    @property
    def is_on_edge(self) -> bool:
        """Whether a distribution presents it."""
        return any(not each.startswith("arn:") for each in self.dependents)

    @property
    def api_domains(self) -> list[str]:
        """The custom domain names of API Gateway that present it."""
        return [each for each in self.dependents if ":apigateway:" in each]

    @property
    def user_pools(self) -> list[str]:
        """The custom domains of user pools that present it."""
        return [each for each in self.dependents if ":cognito-idp:" in each]


def sites_of(numbers: Mapping[int, int], chance: Random) -> list[Site]:
    """Make up sites.

    Args:
        numbers: how many, by the lifetime of their certificates in days.
        chance: decides what they are like.
    """
    return [
        Site(
            name=f"d{days}-{number}",
            days=days,
            regions=_TARGETS[number % len(_TARGETS)],
            key="rsa2048" if chance.random() < 0.15 else "p256",
            is_private=chance.random() < 0.15,
            has_client_auth=chance.random() < 0.5,
            names=(f"d{days}-{number}.example.com", f"www.d{days}-{number}.example.com"),
        )
        for days, count in numbers.items()
        for number in range(count)
    ]


def issued_sites_of(numbers: Mapping[int, int]) -> list[Site]:
    """Make sites whose secrets have an issuer: a CA for each lifetime in days."""
    return [
        Site(
            name=f"ca{days}-{number}",
            days=days,
            regions=_TARGETS[number % len(_TARGETS)],
            key="p256",
            is_private=False,
            has_client_auth=False,
            names=(f"ca{days}-{number}.example.com", f"www.ca{days}-{number}.example.com"),
            issuer=f"ca{days}",
        )
        for days, count in numbers.items()
        for number in range(count)
    ]


class CertificateAuthorities:
    """What issues the sites' certificates."""

    def __init__(self, authorities: Authorities, chance: Random) -> None:
        self._authorities, self._chance = authorities, chance

    @property
    def public(self) -> Authority:
        """The CA that everybody trusts."""
        return self._authorities.public

    def issue(self, site: Site, begin: datetime | None = None) -> Issued:
        """Issue what a site should have: from an hour ago, or from `begin`."""
        authority = self._authorities.private if site.is_private else self._authorities.public
        number = self._chance.randrange(KEYS_OF_A_KIND)
        return authority.issue(
            *site.names,
            key=shared_key(site.key, str(number)),
            not_before=begin,
            lifetime=site.lifetime,
            extended=(SERVER_AUTH, CLIENT_AUTH) if site.has_client_auth else (SERVER_AUTH,),
        )

    def proof(self, site: Site) -> Issued:
        """Issue a certificate that proves who may use a site's names."""
        return self._authorities.public.issue(*site.names, lifetime=_TEN_YEARS)

    def another_key(self, issued: Issued) -> Issued:
        """Return a certificate with the key of another order."""
        return replace(issued, key=shared_key("p256", "of another order"))


def build(
    estate: Estate,
    sites: Sequence[Site],
    issuer: CertificateAuthorities,
    chance: Random,
    now: datetime,
) -> None:
    """Create every site's secret, each at some point of its certificate's life."""
    for site in sites:
        begin = now - chance.random() * RENEWED_AT * site.lifetime
        issued = issuer.issue(site, begin)
        given = {} if site.regions == REGIONS else {tags.REGIONS: " ".join(site.regions)}
        given |= {tags.ISSUER: site.issuer} if site.issuer else {}
        site.version = estate.secret(site.name, issued, given)
        site.ends = issued.certificate.not_valid_after_utc
        site.delivered.append(Delivery(now, site.ends))


def copies_of(estate: Estate) -> dict[tuple[str, str], str]:
    """Return the ARN of each copy, by the secret's name without prefix, and Region."""
    found = {}
    for region in estate.regions:
        for arn in estate.certificates(region):
            name = estate.tags(arn).get(tags.SECRET, "").partition("/")[2]
            found[name, region] = arn
    return found


def put_to_use(
    estate: Estate, sites: Sequence[Site], issuer: CertificateAuthorities, chance: Random
) -> dict[str, list[Site]]:
    """Make dependents for most copies; return the sites of each dependent."""
    copies, numbers = copies_of(estate), {each.name: n for n, each in enumerate(sites)}
    made: dict[str, list[Site]] = {}

    def use(dependent: str, region: str, *served: Site) -> None:
        made[dependent] = [*served]
        for site in served:
            site.dependents[dependent] = region

    for region in estate.regions:
        here = [each for each in sites if region in each.regions and chance.random() < _IN_USE]
        on_edge = [
            each
            for each in here
            if region == EDGE and not each.is_private and chance.random() < _ON_THE_EDGE
        ]
        listening = []
        for site in here:
            arn, number = copies[site.name, region], numbers[site.name]
            if site in on_edge:
                use(_on_edge(estate, site, arn, number), region, site)
            elif number % _OF_APIS == 0:
                proof = None
                if number % _WITH_MUTUAL_TLS == 0:
                    proof = estate.certificate(issuer.proof(site), region, {tags.IGNORE: ""})
                use(_regional_domain(site, region, arn, proof), region, site)
            else:
                listening.append(site)
        for number, group in enumerate(_grouped(listening)):
            arns = [copies[each.name, region] for each in group]
            kind = "network" if number % 4 == 3 else "application"
            listener = estate.listener(f"web-{number}", region, arns[0], arns[1:], kind=kind)
            use(listener, region, *group)
            for site in group[1:] if kind == "application" else ():
                site.sni.append(listener)
    return made


def _on_edge(estate: Estate, site: Site, arn: str, number: int) -> str:
    """Make what a distribution fronts, the custom domains in another Region if there is one.

    A name is in use once in a Region: it has no regional domain name where it has no copy.
    """
    region = next((each for each in reversed(REGIONS) if each not in site.regions), EDGE)
    if number % _OF_EDGE_APIS == 0:
        client("apigateway", region).create_domain_name(
            domainName=site.domain,
            certificateArn=arn,
            endpointConfiguration={"types": ["EDGE"]},
        )
        return _api_domain(region, site)
    if number % _OF_DISTRIBUTIONS == 0:
        return estate.distribution(arn, site.domain)
    return f"{user_pool(estate.aws, region, arn, site.domain).arn}:{site.domain}"


def _regional_domain(site: Site, region: str, arn: str, proof: str | None) -> str:
    """Make a regional domain name, with mutual TLS if there is a proof of ownership."""
    mutual_tls = {
        "mutualTlsAuthentication": {"truststoreUri": f"s3://trust/{site.name}.pem"},
        "ownershipVerificationCertificateArn": proof,
    }
    client("apigateway", region).create_domain_name(
        domainName=site.domain,
        regionalCertificateArn=arn,
        endpointConfiguration={"types": ["REGIONAL"]},
        **(mutual_tls if proof else {}),
    )
    return _api_domain(region, site)


def _api_domain(region: str, site: Site) -> str:
    return f"arn:aws:apigateway:{region}::/domainnames/{site.domain}"


def _grouped(sites: Sequence[Site]) -> Iterator[list[Site]]:
    for begin in range(0, len(sites), _OF_A_LISTENER):
        yield list(sites[begin : begin + _OF_A_LISTENER])
