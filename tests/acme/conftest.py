"""What the tests against a real ACME server share."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from certrotation.aws.zones import Route53Zones
from certrotation.issuers.account import AcmeAccount, new_account_key
from certrotation.issuers.acme import AcmeCa
from certrotation.issuers.acme_client import Network
from certrotation.names.issuers import AcmeIssuer
from certrotation.workflows.patience import UntilDeadline
from tests.acme.pebble import Pebble, pebble
from tests.acme.resolver import resolver
from tests.double import EmbeddedAws, embedded_aws

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from tests.acme.caddy import Caddy
    from tests.simulation.estate import Estate

NO_TIME = 0.02
"""The longest pause of a test, in seconds."""


class Accounts:
    """Keeps one account in memory."""

    def __init__(self, account: AcmeAccount | None = None) -> None:
        self.account = account or AcmeAccount(key=new_account_key())
        self.stored = 0

    def read_or_create(self) -> AcmeAccount:
        return self.account

    def read(self) -> AcmeAccount | None:
        return self.account

    def store(self, account: AcmeAccount) -> None:
        self.account = account
        self.stored += 1


def patience(seconds: float = 60) -> UntilDeadline:
    """Wait for real events only, and briefly."""
    until = time.monotonic() + seconds
    return UntilDeadline(
        remaining=lambda: until - time.monotonic(),
        sleep=lambda asked: time.sleep(min(asked, NO_TIME)),
    )


def ca(server: Pebble | Caddy, accounts: Accounts | None = None, **settings: Any) -> AcmeCa:
    """Return the adapter for a server."""
    issuer = AcmeIssuer(name="pebble", directory=server.directory, allow=(), **settings)
    network = Network(server.directory, str(server.ca_file))
    return AcmeCa(issuer, accounts or Accounts(), network)


@pytest.fixture
def aws() -> Iterator[EmbeddedAws]:
    with embedded_aws() as account:
        yield account


@pytest.fixture
def dns(aws: EmbeddedAws) -> Iterator[str]:
    """The address of a resolver that answers from the account's Route 53."""
    with resolver(aws.text_values) as address:
        yield address


@pytest.fixture
def server(tmp_path: Path, dns: str) -> Iterator[Pebble]:
    with pebble(tmp_path, dns) as running:
        yield running


@pytest.fixture
def trusted_server(tmp_path: Path, estate: Estate) -> Iterator[Pebble]:
    """A server for the function: it asks the estate's Route 53, and its roots are public."""
    with resolver(estate.aws.text_values) as dns, pebble(tmp_path, dns) as running:
        estate.trust(tmp_path, running.root(0), running.root(1))
        yield running


def route53() -> Any:
    return boto3.client("route53")


def zone(name: str, **records: str) -> str:
    """Make a public zone, with aliases (name to target), and return its id."""
    made = route53().create_hosted_zone(Name=name, CallerReference=name)
    identity = str(made["HostedZone"]["Id"]).removeprefix("/hostedzone/")
    for alias, target in records.items():
        record = {
            "Name": alias,
            "Type": "CNAME",
            "TTL": 300,
            "ResourceRecords": [{"Value": target}],
        }
        route53().change_resource_record_sets(
            HostedZoneId=identity,
            ChangeBatch={"Changes": [{"Action": "CREATE", "ResourceRecordSet": record}]},
        )
    return identity


def zones(*identities: str, aliases: Mapping[str, str] | None = None) -> Route53Zones:
    return Route53Zones(route53(), identities, aliases)


def leftovers(*identities: str) -> list[str]:
    """Return the names of all TXT records in zones."""
    return [
        each["Name"]
        for identity in identities
        for each in route53().list_resource_record_sets(HostedZoneId=identity)["ResourceRecordSets"]
        if each["Type"] == "TXT"
    ]
