"""What is there, read through boto3; the state of a certificate is the service's own judgement."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from certrotation import composition
from certrotation.core.estate.inventory import RegionListing
from certrotation.core.scan.assessment import ScanPolicy, assess
from certrotation.names.tags import HOLD, SECRET
from certrotation.settings import Settings
from tests.double.building import ALL_KEY_TYPES
from tests.support.estate import HOME, client

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from certrotation.core.scan.classification import State
    from tests.support.estate import Estate


@dataclass(frozen=True, kw_only=True)
class Row:
    """One certificate."""

    arn: str
    region: str
    name: str
    key_type: str
    days_left: int
    """Whole days; below zero since it expired."""
    in_use_by: tuple[str, ...]
    """ARNs of load balancers and distributions."""
    secret: str | None
    state: State
    is_held: bool


def take_inventory(estate: Estate) -> list[Row]:
    """Return every certificate, Region by Region, oldest first."""
    states = _states(estate)
    held = _held_secrets()
    return [
        _row(estate, region, described, states, held)
        for region in estate.regions
        for described in _certificates(region)
    ]


def _row(
    estate: Estate,
    region: str,
    described: Mapping[str, Any],
    states: Mapping[str, State],
    held: frozenset[str],
) -> Row:
    arn = described["CertificateArn"]
    secret = estate.tags(arn).get(SECRET)
    return Row(
        arn=arn,
        region=region,
        name=described["DomainName"],
        key_type=described["KeyAlgorithm"].replace("-", "_"),
        days_left=(described["NotAfter"] - datetime.now(UTC)).days,
        in_use_by=tuple(described["InUseBy"]),
        secret=secret,
        state=states[arn],
        is_held=secret in held,
    )


def _certificates(region: str) -> Iterator[dict[str, Any]]:
    acm = client("acm", region)
    pages = acm.get_paginator("list_certificates").paginate(Includes={"keyTypes": ALL_KEY_TYPES})
    for page in pages:
        for each in page["CertificateSummaryList"]:
            arn = each["CertificateArn"]
            yield acm.describe_certificate(CertificateArn=arn)["Certificate"]


def _held_secrets() -> frozenset[str]:
    pages = client("secretsmanager", HOME).get_paginator("list_secrets").paginate()
    return frozenset(
        each["Name"]
        for page in pages
        for each in page["SecretList"]
        if any(tag["Key"] == HOLD for tag in each.get("Tags", ()))
    )


def _states(estate: Estate) -> dict[str, State]:
    """Judge the account as a scan would, queueing nothing."""
    settings = Settings.from_env(estate.environment)
    account = composition.account(settings)
    listings = [
        RegionListing(
            region=region.name,
            certificates=tuple(region.certificates.list_imported()),
            tags=region.tag_index.all(),
        )
        for region in account.regions.values()
    ]
    policy = ScanPolicy(
        prefix=settings.secret_prefix,
        targets=settings.target_regions,
        windows=settings.windows,
        interval=settings.scan_interval,
        retention=settings.retention,
    )
    found = assess(account.secrets.list_managed(), listings, policy, datetime.now(UTC))
    return {each.certificate.arn: each.state for each in found.verdicts}


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


def take_snapshot(estate: Estate, distribution: str) -> Snapshot:
    """Return what is live: the certificates, and who presents them."""
    arns = [arn for region in estate.regions for arn in estate.certificates(region)]
    got = client("cloudfront", "us-east-1").get_distribution_config(Id=distribution)
    return Snapshot(
        certificates={arn: _digest(estate, arn) for arn in arns},
        tags={arn: estate.tags(arn) for arn in arns},
        listeners={
            listener: (estate.default_of(listener), frozenset(estate.sni_of(listener)))
            for region in estate.regions
            for listener in _listeners(region)
        },
        distributions={distribution: got["ETag"]},
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
