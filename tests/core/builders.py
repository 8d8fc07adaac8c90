"""Values that the tests of deciding share: a maker takes a fact or two and fills in the rest."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING

from certrotation.core.estate.dependent_kinds import ALB_LISTENER, DISTRIBUTION
from certrotation.core.estate.expiry_windows import WindowPolicy
from certrotation.core.estate.inventory import (
    Copy,
    Dependent,
    ListedCertificate,
    ManagedSecret,
    RegionListing,
    Users,
)
from certrotation.core.scan.assessment import ScanPolicy, assess
from certrotation.names.tags import NOT_AFTER, SECRET, SUPERSEDED_AT, SUPERSEDED_BY, VERSION
from tests.core.samples import DAY, ISSUING_CA, NOW, material_of, presented
from tests.support.authority import SERVER_AUTH, Authority, Issued, shared_key

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from cryptography.x509 import ObjectIdentifier

    from certrotation.core.estate.dependent_kinds import DependentKind
    from certrotation.core.material.bundle import Material
    from certrotation.core.scan.assessment import Assessment

HOME = "eu-west-1"
US = "us-east-1"
SHOP = "certrotation/shop"
NAME = "shop.example.com"
OLD_VERSION = "v-old"
NEW_VERSION = "v-new"
BIRTH = NOW - 400 * DAY
HOUR = timedelta(hours=1)
SCAN_POLICY = ScanPolicy(
    prefix="certrotation/",
    targets=(HOME,),
    windows=WindowPolicy(),
    interval=HOUR,
    retention=30 * DAY,
)


def arn(number: int, region: str = HOME) -> str:
    """The ARN of certificate `number`; the order of ARNs is that of the numbers."""
    return f"arn:aws:acm:{region}:123456789012:certificate/{number:04}"


@cache
def issued(
    *names: str,
    key: str = "p256",
    ends: timedelta = 20 * DAY,
    authority: Authority = ISSUING_CA,
    usages: tuple[str, ...] = ("digital_signature",),
    extended: tuple[ObjectIdentifier, ...] | None = (SERVER_AUTH,),
) -> Issued:
    """A leaf of `names`, or of the shop's, that ends so long after NOW."""
    return authority.issue(
        *(names or (NAME,)),
        key=shared_key(key, "shop"),
        not_before=NOW - 60 * DAY,
        not_after=NOW + ends,
        usages=usages,
        extended=extended,
    )


@cache
def material(leaf: Issued | None = None, version: str = NEW_VERSION) -> Material:
    """What the secret holds: EC for 90 days unless told otherwise."""
    return replace(material_of(leaf or issued(ends=90 * DAY)), version=version)


def listener(
    number: int = 1,
    on: str = arn(1),
    *,
    kind: DependentKind = ALB_LISTENER,
    unmovable: str | None = None,
    drifts: str | None = None,
) -> Dependent:
    """A load balancer's listener that presents the certificate `on`."""
    return Dependent(
        kind=kind,
        arn=f"listener/{number}",
        certificate_arn=on,
        unmovable=unmovable,
        drifts=drifts,
    )


def distribution(
    number: int = 1,
    on: str = arn(1),
    *,
    names: Iterable[str] = (),
    unmovable: str | None = None,
    drifts: str | None = None,
    needs_client_auth: bool = False,
) -> Dependent:
    """A distribution that presents the certificate `on`."""
    return Dependent(
        kind=DISTRIBUTION,
        arn=f"distribution/{number}",
        certificate_arn=on,
        names=frozenset(names),
        unmovable=unmovable,
        drifts=drifts,
        needs_client_auth=needs_client_auth,
    )


def users(*dependents: Dependent, unknown: tuple[str, ...] = ()) -> Users:
    return Users(dependents=dependents, unknown=unknown)


def tags_of(leaf: Issued, version: str, secret: str = SHOP) -> dict[str, str]:
    """The tags that a copy has once it carries `version`."""
    ends = int(leaf.certificate.not_valid_after_utc.timestamp())
    return {SECRET: secret, VERSION: version, NOT_AFTER: str(ends)}


def superseded(at: datetime, by: str = "arn:successor") -> dict[str, str]:
    return {SUPERSEDED_BY: by, SUPERSEDED_AT: str(int(at.timestamp()))}


def copy(
    number: int = 1,
    leaf: Issued | None = None,
    *,
    tags: Mapping[str, str] | None = None,
    more_tags: Mapping[str, str] | None = None,
    used_by: Users | None = None,
    created: datetime | None = BIRTH,
    region: str = HOME,
    in_use: bool | None = None,
) -> Copy:
    """A copy of the old version, tagged as the service leaves it; users were not asked for."""
    carried = leaf or issued()
    own = tags_of(carried, OLD_VERSION) if tags is None else tags
    return Copy(
        arn=arn(number, region),
        region=region,
        tags={**own, **(more_tags or {})},
        presented=presented(carried),
        in_use=in_use,
        created_at=created,
        users=used_by,
    )


def managed(name: str = SHOP, version: str | None = NEW_VERSION, **tags: str) -> ManagedSecret:
    """A managed secret changed a minute ago; `hold=""` is the tag `certrotation:hold`."""
    return ManagedSecret(
        name=name,
        arn=f"arn:aws:secretsmanager:{HOME}:123456789012:secret:{name}",
        current_version=version,
        last_changed=NOW - timedelta(minutes=1),
        tags={f"certrotation:{key}": value for key, value in tags.items()},
    )


def listed(
    number: int = 1,
    *,
    region: str = HOME,
    in_use: bool = True,
    ends: timedelta = 90 * DAY,
    lifetime: timedelta = 100 * DAY,
) -> ListedCertificate:
    """A certificate in a Region's list: ends so long after NOW, having lived since `lifetime`."""
    return ListedCertificate(
        arn=arn(number, region),
        region=region,
        names=frozenset({NAME}),
        not_before=NOW + ends - lifetime,
        not_after=NOW + ends,
        in_use=in_use,
    )


def carrying(
    certificate: ListedCertificate, version: str = NEW_VERSION, secret: str = SHOP
) -> dict[str, str]:
    """The tags of a listed copy that carries `version` and was not imported over."""
    ends = int(certificate.not_after.timestamp())
    return {SECRET: secret, VERSION: version, NOT_AFTER: str(ends)}


def listing(
    *tagged: tuple[ListedCertificate, Mapping[str, str]], region: str = HOME
) -> RegionListing:
    """A Region's certificates, each beside its tags; without any, it is not in the tag index."""
    return RegionListing(
        region=region,
        certificates=tuple(certificate for certificate, _ in tagged),
        tags={certificate.arn: tags for certificate, tags in tagged if tags},
    )


def assessed(
    *listings: RegionListing,
    secrets: tuple[ManagedSecret, ...] = (managed(),),
    policy: ScanPolicy = SCAN_POLICY,
) -> Assessment:
    """What a scan makes of these Regions."""
    return assess(secrets, listings, policy, NOW)
