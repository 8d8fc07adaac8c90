"""The one answer to "what is presented": at an instant, after each change, and over time."""

from __future__ import annotations

from collections import defaultdict
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING

from cryptography import x509

from tests.double.fakes import fakes
from tests.simulation.estate import client, region_of
from tests.support.authority import now

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from tests.double import Call
    from tests.simulation.estate import Estate

    Serves = Mapping[str, Collection[str]]
    """The names that a listener (by ARN) or a distribution (by id) must serve."""

CHANGES = frozenset(
    {
        "AddListenerCertificates",
        "DeleteCertificate",
        "ImportCertificate",
        "ModifyListener",
        "RemoveListenerCertificates",
        "SetLoadBalancerListenerSSLCertificate",
        "UpdateDistribution",
        "UpdateDomainName",
        "UpdateEnvironment",
        "UpdateUserPoolDomain",
    }
)
"""The calls that change what is presented to clients."""


_BY_FAKE = {
    "apigateway": ":apigateway:",
    "cognito": ":cognito-idp:",
    "elasticbeanstalk": ":elasticbeanstalk:",
    "elb": ":loadbalancer/",
}
"""What tells the ARNs of dependents that their fakes are asked about."""


@dataclass(kw_only=True)
class Seen:
    """What was wrong at some instant, and what was imported."""

    gaps: list[str] = field(default_factory=list)
    """Where a name was served by no valid certificate, and after which call."""
    imported: list[tuple[str, str]] = field(default_factory=list)
    """ARN and serial number of each import that took effect."""

    @property
    def doubled(self) -> int:
        """How many imports brought an ARN what it had been given already."""
        return len(self.imported) - len(set(self.imported))


# At an instant


def presented_by(estate: Estate, dependent: str) -> list[str]:
    """Return the ARNs that a listener presents, default first, or another dependent."""
    for kind in (fakes()[each] for each in _BY_FAKE if _BY_FAKE[each] in dependent):
        return sorted(kind.presented(client, dependent))
    if dependent.startswith("arn:"):
        return [estate.default_of(dependent), *sorted(estate.sni_of(dependent))]
    return [estate.viewer_certificate(dependent)["ACMCertificateArn"]]


def names_of(certificate: x509.Certificate) -> list[str]:
    """Return a certificate's DNS names."""
    found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    return found.value.get_values_for_type(x509.DNSName)


def gaps(estate: Estate, serves: Serves) -> list[str]:
    """Return each dependent and name for which no valid certificate is presented now."""
    return [
        f"{dependent}: {name}"
        for dependent, names in serves.items()
        for name in names
        if not any(_serves(estate.presents(arn), name) for arn in presented_by(estate, dependent))
    ]


def _serves(certificate: x509.Certificate, name: str) -> bool:
    return (
        name in names_of(certificate)
        and certificate.not_valid_before_utc <= now() <= certificate.not_valid_after_utc
    )


def serial_of(pem: bytes | str) -> str:
    """Return the serial number of a certificate."""
    data = pem if isinstance(pem, bytes) else pem.encode()
    return f"{x509.load_pem_x509_certificate(data).serial_number:x}"


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """What a run could change: equal snapshots mean that nothing did."""

    certificates: Mapping[str, str] = field(repr=False)
    """ARN to the digest of the PEM, chain included."""
    tags: Mapping[str, Mapping[str, str]]
    """By certificate ARN."""
    listeners: Mapping[str, tuple[str, frozenset[str]]]
    """By listener ARN: the ARN of its default certificate, and those of its SNI certificates."""
    distributions: Mapping[str, str]
    """By distribution id: the ETag, which changes with the configuration."""

    def of(self, *arns: str) -> tuple[dict[str, str | None], dict[str, Mapping[str, str]]]:
        """Return material and tags of some certificates."""
        return (
            {arn: self.certificates.get(arn) for arn in arns},
            {arn: self.tags.get(arn, {}) for arn in arns},
        )


def take_snapshot(estate: Estate, *distributions: str, also: Collection[str] = ()) -> Snapshot:
    """Return what is live in the target Regions and `also`: certificates, who presents them."""
    regions = (*estate.regions, *also)
    arns = [arn for region in regions for arn in estate.certificates(region)]
    cloudfront = client("cloudfront", "us-east-1")
    return Snapshot(
        certificates={arn: _digest(estate, arn) for arn in arns},
        tags={arn: estate.tags(arn) for arn in arns},
        listeners={
            listener: (estate.default_of(listener), frozenset(estate.sni_of(listener)))
            for region in regions
            for listener in _listeners(region)
        },
        distributions={
            each: cloudfront.get_distribution_config(Id=each)["ETag"] for each in distributions
        },
    )


def _listeners(region: str) -> Iterator[str]:
    elbv2 = client("elbv2", region)
    for balancers in elbv2.get_paginator("describe_load_balancers").paginate():
        for balancer in balancers["LoadBalancers"]:
            arn = balancer["LoadBalancerArn"]
            for page in elbv2.get_paginator("describe_listeners").paginate(LoadBalancerArn=arn):
                yield from (each["ListenerArn"] for each in page["Listeners"])


def _digest(estate: Estate, arn: str) -> str:
    leaf, chain = estate.presents(arn), estate.chain(arn)
    return sha256(b"".join(each.tbs_certificate_bytes for each in (leaf, *chain))).hexdigest()


# After each change


@contextmanager
def watching(estate: Estate, serves: Serves) -> Iterator[Seen]:
    """Look at every listener and distribution after each call that changes what is presented."""
    seen = Seen()

    def look(call: Call) -> None:
        if call.operation not in CHANGES:
            return
        with estate.aws.unobserved():
            seen.gaps.extend(f"{each} after {call.operation}" for each in gaps(estate, serves))
            arn = call.params.get("CertificateArn")
            if call.operation == "ImportCertificate" and arn and call.error is None:
                seen.imported.append((arn, serial_of(call.params["Certificate"])))

    with estate.aws.after(look):
        yield seen


# Over time

EDGE_TAKES = timedelta(hours=24)
"""How long CloudFront may present the old material after a reimport (CloudFront Developer Guide,
Requirements for using SSL/TLS certificates with CloudFront); a new ARN is presented at once. That
the distributions behind custom domains do so too is inferred."""

NEVER = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Expired:
    """A dependent presented an expired certificate for a site, or none."""

    site: str
    dependent: str
    regions: frozenset[str]
    """Of the dependent and of its certificate."""
    since: datetime
    until: datetime

    @property
    def hours(self) -> float:
        """For how long."""
        return (self.until - self.since) / timedelta(hours=1)


@dataclass(slots=True)
class Timeline:
    """From which moment on a certificate that ends when is presented."""

    entries: list[tuple[datetime, datetime]] = field(default_factory=list)

    def show(self, at: datetime, ends: datetime, *, instead: bool) -> None:
        """Note a change; `instead` of what was on its way to the edge."""
        if instead:
            self.entries = [each for each in self.entries if each[0] < at]
        self.entries.append((at, ends))

    def expired(self, until: datetime) -> Iterator[tuple[datetime, datetime]]:
        """Yield when nothing valid was presented, from and to."""
        nexts = (*(begin for begin, _ in self.entries[1:]), until)
        for (begin, ends), end in zip(self.entries, nexts, strict=True):
            if max(begin, ends) < end:
                yield max(begin, ends), end


class Presented:
    """Looks after each call that changes what is presented, whoever makes it."""

    def __init__(self, estate: Estate) -> None:
        self._estate = estate
        self._served: dict[str, Mapping[str, str]] = {}
        self._holds: dict[str, list[str]] = {}
        self._leaves: dict[str, x509.Certificate] = {}
        self._regions: dict[str, frozenset[str]] = {}
        self._is_late: dict[str, bool] = {}
        """Whether a dependent shows a reimport late."""
        self._timelines: defaultdict[tuple[str, str], Timeline] = defaultdict(Timeline)
        estate.aws.after(self._look)

    def follow(self, dependent: str, served: Mapping[str, str]) -> None:
        """Look at a dependent from now on: it serves these sites, by name their host name."""
        self._served[dependent] = served
        with self._estate.aws.unobserved():
            held = presented_by(self._estate, dependent)
        self._regions[dependent] = frozenset(map(region_of, (dependent, *held)))
        self._is_late[dependent] = _shows_reimport_late(self._estate, dependent)
        self._note(dependent, datetime.now(UTC))

    def expired(self, until: datetime) -> list[Expired]:
        """Return when nothing valid was presented up to a moment."""
        return [
            Expired(site, dependent, self._regions[dependent], *span)
            for (dependent, site), timeline in self._timelines.items()
            for span in timeline.expired(until)
        ]

    def changed_by_hand(self, arn: str) -> None:
        """Take in that somebody imported over a certificate."""
        self._imported(arn)

    def _look(self, call: Call) -> None:
        if call.operation not in CHANGES:
            return
        if call.operation == "ImportCertificate":
            self._imported(call.params.get("CertificateArn", ""))
        elif (dependent := self._changed_by(call)) in self._served:
            self._note(dependent, datetime.now(UTC))

    def _changed_by(self, call: Call) -> str:
        params, account = call.params, self._estate.aws.account_id
        match call.operation:
            case "UpdateDomainName":
                return f"arn:aws:apigateway:{call.region}::/domainnames/{params['domainName']}"
            case "UpdateUserPoolDomain":
                pool = f"userpool/{params['UserPoolId']}:{params['Domain']}"
                return f"arn:aws:cognito-idp:{call.region}:{account}:{pool}"
        return str(params.get("ListenerArn") or params.get("Id"))

    def _imported(self, arn: str) -> None:
        self._leaves.pop(arn, None)
        now = datetime.now(UTC)
        for dependent, held in self._holds.items():
            if arn in held:
                is_late = self._is_late[dependent]
                self._note(dependent, now + EDGE_TAKES * is_late, instead=not is_late)

    def _note(self, dependent: str, at: datetime, *, instead: bool = True) -> None:
        with self._estate.aws.unobserved():
            held = presented_by(self._estate, dependent)
            if instead and held == self._holds.get(dependent) and self._is_late[dependent]:
                return  # another setting was changed; what is on its way to the edge still is
            leaves = [self._leaf(arn) for arn in held]
        self._holds[dependent] = held
        for site, host in self._served[dependent].items():
            ends = [e.not_valid_after_utc for e in leaves if host in names_of(e)]
            self._timelines[dependent, site].show(at, max(ends, default=NEVER), instead=instead)

    def _leaf(self, arn: str) -> x509.Certificate:
        if arn not in self._leaves:
            self._leaves[arn] = self._estate.presents(arn)
        return self._leaves[arn]


def _shows_reimport_late(estate: Estate, dependent: str) -> bool:
    """Return whether a distribution, of the account or of AWS's, presents the certificate."""
    if ":apigateway:" in dependent:
        name = dependent.partition("/domainnames/")[2]
        domain = estate.aws.api_gateway.domains[region_of(dependent), name]
        return domain.types == ["EDGE"]
    return not dependent.startswith("arn:") or ":cognito-idp:" in dependent
