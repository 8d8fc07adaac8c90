"""What is there, read through boto3; the state of a certificate is the service's own judgement."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from certrotation import composition
from certrotation.names.tags import HOLD, SECRET
from certrotation.settings import Settings
from certrotation.workflows.inventory import inventory
from tests.double.builders import ALL_KEY_TYPES
from tests.simulation.estate import HOME, client

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from certrotation.core.scan.classification import State
    from tests.simulation.estate import Estate


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
    """Judge the account as a scan would."""
    settings = Settings.from_env(estate.environment)
    parts = composition.composed(settings)
    found = inventory(parts.account, parts.scan_policy, datetime.now(UTC))
    return {each.certificate.arn: each.state for each in found.assessment.statuses}
