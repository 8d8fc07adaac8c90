"""A real ACME server for a whole run: it validates names by DNS out of the double's Route 53.

Pebble, if the machine has it (`make pebble`).
"""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

from tests.acme.pebble import PROGRAM, Pebble, pebble
from tests.acme.resolver import resolver
from tests.simulation.estate import HOME, PREFIX, client

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.double import EmbeddedAws

ISSUER = "pebble"
SECRET, NAMES = "fresh", ("*.fresh.example.com", "fresh.example.com")
"""A secret that has an issuer, by its name without the prefix, and the names that it may get."""
ZONE, OTHER_ZONE = "fresh.example.com", "other.example.com"


class Ca(NamedTuple):
    """The server, and the zone in which it validates."""

    server: Pebble
    zone: str
    other_zone: str
    """A zone of the account that no issuer has."""

    def setting(self) -> str:
        """Return the setting `issuers`, as the CDK's command line takes it."""
        issuer = {
            "kind": "acme",
            "directory": self.server.directory,
            "ca_file": str(self.server.ca_file),
            "profile": "classic",
            "zones": [self.zone],
            "allow": {PREFIX + SECRET: [*NAMES]},
        }
        return json.dumps({ISSUER: issuer})

    def records(self) -> set[str]:
        """Return the types of the records in the zone."""
        answer = client("route53", HOME).list_resource_record_sets(HostedZoneId=self.zone)
        return {each["Type"] for each in answer["ResourceRecordSets"]}


@contextmanager
def real_ca(aws: EmbeddedAws, folder: Path) -> Iterator[Ca | None]:
    """Run the CA until exit, with its files in a new folder; None if the machine has none."""
    if not PROGRAM.exists():
        yield None
        return
    folder.mkdir()
    with resolver(aws.text_values) as dns, pebble(folder, dns) as server:
        yield Ca(server, _zone(ZONE), _zone(OTHER_ZONE))


def _zone(name: str) -> str:
    made = client("route53", HOME).create_hosted_zone(Name=name, CallerReference=name)
    return str(made["HostedZone"]["Id"]).removeprefix("/hostedzone/")
