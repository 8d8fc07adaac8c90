"""The account before the service is deployed: who has which certificate, and what is new.

Everything here is the double's. Most secrets are named by what they are there for.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from certrotation.names import tags
from tests.demo.labels import Labels
from tests.double.fakes import fakes
from tests.e2e.places import ACCOUNT, APAC, EAST, HOME, REGIONS
from tests.simulation.estate import PREFIX, Estate, client, fields_of, marks_of
from tests.simulation.oracle import take_snapshot
from tests.support.authority import Authority, Issued, now, shared_key

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tests.double import EmbeddedAws
    from tests.e2e.places import Folder
    from tests.simulation.oracle import Snapshot

LIFETIME = timedelta(days=90)
OLD = timedelta(days=60)
"""Age of what is live before the service comes."""
RETENTION = timedelta(days=30)

ELSEWHERE = "sa-east-1"
"""A Region that is no target."""

WAVE = tuple(f"wave-{number:02}" for number in range(1, 13))
"""Secrets that are renewed while the stack is updated."""


@dataclass(kw_only=True)
class Site:
    """One name, its secret and its copies."""

    name: str
    regions: tuple[str, ...]
    key: str
    live: Issued
    """What was issued last."""
    version: str
    """Of the secret, when it held that."""
    copies: dict[str, str] = field(default_factory=dict)
    """ARNs by Region, as they were before the service came."""

    @property
    def secret(self) -> str:
        """The secret's name."""
        return PREFIX + self.name


@dataclass(frozen=True, kw_only=True)
class Dependents:
    """What presents copies: listeners by ARN, distributions by id."""

    api_default: str
    """Presents api by default, beside shop."""
    api_sni: str
    """Presents api by SNI, beside shop by default."""
    api_edge: str
    busy_edge: str
    """Takes no change now."""
    api_domain: str
    """An edge-optimized domain name that presents api, in another Region."""
    back: str
    other_account: str
    """A listener's ARN that belongs to another account."""
    other_region: str
    """A listener in a Region that is no target."""
    of_each_kind: Mapping[str, str]
    """One more that presents api of each kind, by its name in the registry."""


@dataclass(frozen=True, kw_only=True)
class Strangers:
    """ARNs of certificates that no rotation is about, all in the home Region."""

    ignored: str
    """Carries our tag, and one that says to leave it alone."""
    other_deployment: str
    superseded_of_other: str
    superseded: str
    """Past its retention: the scan deletes it."""
    superseded_lately: str
    """The scan keeps it; its role may delete it."""


class Account:
    """The account, and what is known about it."""

    def __init__(self, aws: EmbeddedAws, folder: Folder) -> None:
        self.aws = aws
        self.estate = Estate(aws, *REGIONS)
        root = Authority.root("Example Public Root")
        self._authority = root.intermediate("Example Public CA")
        self.estate.trust(folder.path, root.certificate)
        self.sites: dict[str, Site] = {}
        self._make_sites()
        self.strangers = self._make_strangers()
        self.dependents = self._make_dependents()
        self._renew_first()

    def labels(self) -> Labels:
        """Return short names for what is shown."""
        return Labels(
            {self.dependents.api_edge: "api-edge", self.dependents.busy_edge: "busy-edge"}
        )

    # What the story does to it

    def renew(self, name: str, key: str | None = None) -> str:
        """Put a new certificate into a secret, with a new key; returns the version id."""
        site = self.sites[name]
        site.key = key or site.key
        site.live = self._issue(name, site.key, timedelta(hours=1))
        site.version = self.estate.renew(name, site.live)
        return site.version

    def issue(self, name: str, key: str = "p256") -> Issued:
        """Issue what ACM would take in the place of what has this name."""
        return self._issue(name, key, timedelta(hours=1))

    def poison(self, name: str) -> None:
        """Put a certificate into a secret together with somebody else's key."""
        site = self.sites[name]
        site.live = self._issue(name, site.key, timedelta(hours=1))
        stranger = self._issue("stranger", site.key, timedelta(hours=1))
        wrong = fields_of(site.live) | {"private_key": stranger.key_pem()}
        site.version = self.estate.renew(name, wrong)

    # What is seen of it

    def is_live(self, name: str) -> bool:
        """Say whether every former copy presents what was issued last, tagged with its version."""
        site = self.sites[name]
        return all(self._presents(site, arn) for arn in site.copies.values())

    def new_copies(self, name: str, region: str) -> list[str]:
        """Return the ARNs in a Region that present what was issued last, but the former copy."""
        site = self.sites[name]
        former = site.copies.get(region)
        return [
            arn
            for arn in self.estate.certificates(region)
            if arn != former and self._presents(site, arn)
        ]

    def secret_arn(self, name: str) -> str:
        """Return the ARN of a secret by its full name."""
        return str(client("secretsmanager", HOME).describe_secret(SecretId=name)["ARN"])

    def edge_certificate(self, distribution: str) -> str:
        """Return the ARN of the certificate that a distribution presents."""
        return str(self.estate.viewer_certificate(distribution)["ACMCertificateArn"])

    def snapshot(self) -> Snapshot:
        """Return all that the functions could change: certificates, tags, dependents."""
        edges = (self.dependents.api_edge, self.dependents.busy_edge)
        return take_snapshot(self.estate, *edges, also=[ELSEWHERE])

    def _presents(self, site: Site, arn: str) -> bool:
        found = self.estate.tags(arn)
        return (
            self.estate.presents(arn) == site.live.certificate
            and found.get(tags.SECRET) == site.secret
            and found.get(tags.VERSION) == site.version
        )

    # How it is made

    def _make_sites(self) -> None:
        for name, regions in {
            "shop": REGIONS,
            "api": (EAST,),
            "busy": (EAST,),
            "pay": (HOME,),
            "stuck": (HOME,),
            "news": REGIONS,
            "late": (HOME,),
            "gone": (HOME,),
        }.items():
            self._make_site(name, regions)
        for name in WAVE:
            self._make_site(name, (EAST, HOME))
        self._make_site("blog", (APAC,), is_copied=False)
        self._make_site("back", (APAC,))

    def _make_site(self, name: str, regions: Sequence[str], *, is_copied: bool = True) -> None:
        """Make a secret, and copies that carry what it holds, as an earlier deployment left them.

        Without copies there is a certificate, imported by hand, that they could be made of.
        """
        live = self._issue(name, "p256", OLD)
        wanted = {"certrotation:regions": " ".join(regions)}
        version = self.estate.secret(name, live, wanted)
        site = Site(name=name, regions=tuple(regions), key="p256", live=live, version=version)
        marks = marks_of(site.secret, version, live) if is_copied else None
        site.copies = {region: self.estate.certificate(live, region, marks) for region in regions}
        self.sites[name] = site

    def _make_strangers(self) -> Strangers:
        shop = self.sites["shop"].secret
        by = {tags.SUPERSEDED_BY: self.sites["shop"].copies[HOME]}
        long_ago, lately = (_ago(RETENTION + timedelta(days=1)), _ago(timedelta(days=1)))
        other = {tags.SECRET: "other/shop"}
        return Strangers(
            ignored=self._stranger("ignored", {tags.SECRET: shop, tags.IGNORE: "by the owner"}),
            other_deployment=self._stranger("other", other),
            superseded_of_other=self._stranger("other", {**other, **by, **long_ago}),
            superseded=self._stranger("shop", {tags.SECRET: shop, **by, **long_ago}),
            superseded_lately=self._stranger("shop", {tags.SECRET: shop, **by, **lately}),
        )

    def _stranger(self, name: str, marks: Mapping[str, str]) -> str:
        return self.estate.certificate(self._issue(name, "p256", OLD), HOME, marks)

    def _make_dependents(self) -> Dependents:
        sites, estate = self.sites, self.estate
        shop, api = sites["shop"].copies, sites["api"].copies
        self.aws.behaviour.deployments = "when_told"
        busy = estate.distribution(sites["busy"].copies[EAST], "busy.example")
        self.aws.behaviour.deployments = "at_once"
        self.aws.api_gateway.rules.seconds_between_updates = 0
        client("apigateway", HOME).create_domain_name(
            domainName="api.example",
            certificateArn=api[EAST],
            endpointConfiguration={"types": ["EDGE"]},
        )
        estate.listener("shop-home", HOME, shop[HOME])
        estate.listener("blog", APAC, sites["blog"].copies[APAC])
        elsewhere = estate.certificate(sites["shop"].live, ELSEWHERE)
        other_region = estate.listener("elsewhere", ELSEWHERE, elsewhere)
        return Dependents(
            api_default=estate.listener("api-default", EAST, api[EAST], [shop[EAST]]),
            api_sni=estate.listener("api-sni", EAST, shop[EAST], [api[EAST]]),
            api_edge=estate.distribution(api[EAST], "api.example"),
            busy_edge=busy,
            api_domain=f"arn:aws:apigateway:{HOME}::/domainnames/api.example",
            back=estate.listener("back", APAC, sites["back"].copies[APAC]),
            other_account=other_region.replace(ACCOUNT, "999999999999").replace(ELSEWHERE, HOME),
            other_region=other_region,
            of_each_kind={
                name: fake.present(self.aws, client, EAST, api[EAST])
                for name, fake in fakes().items()
            },
        )

    def _renew_first(self) -> None:
        """Put in what the first scan is to find."""
        self.renew("shop")
        self.renew("api", key="rsa2048")
        self.renew("busy", key="rsa2048")
        self.renew("stuck")
        self.renew("blog")
        self.poison("pay")
        self._roll_back("back")

    def _roll_back(self, name: str) -> None:
        """Have a replacement with another key type be live, and AWSCURRENT moved back since."""
        site = self.sites[name]
        first = (site.live, site.version, site.copies[APAC])
        version = self.renew(name, key="rsa2048")
        replacement = self.estate.certificate(
            site.live, APAC, marks_of(site.secret, version, site.live)
        )
        self._attach(self.dependents.back, replacement)
        superseded = {tags.SUPERSEDED_BY: replacement, **_ago(timedelta(days=1))}
        client("acm", APAC).add_tags_to_certificate(
            CertificateArn=first[2],
            Tags=[{"Key": key, "Value": value} for key, value in superseded.items()],
        )
        self.estate.roll_back(name)
        site.live, site.version, _ = first

    def _attach(self, listener: str, certificate: str) -> None:
        client("elbv2", APAC).modify_listener(
            ListenerArn=listener, Certificates=[{"CertificateArn": certificate}]
        )

    def _issue(self, name: str, key: str, age: timedelta) -> Issued:
        """Issue for 90 days, of which `age` has passed."""
        return self._authority.issue(
            f"{name}.example",
            # RSA keys are slow to make.
            key=shared_key(key, name) if key.startswith("rsa") else key,
            not_before=now() - age,
            lifetime=LIFETIME,
        )


def _ago(span: timedelta) -> dict[str, str]:
    return {tags.SUPERSEDED_AT: str(int((now() - span).timestamp()))}
