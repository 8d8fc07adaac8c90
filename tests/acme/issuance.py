"""The issue function on an account of the double, with a real ACME server behind it."""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from certrotation.core.issuance.note import LABEL
from tests.acme.conftest import NO_TIME
from tests.simulation.estate import HOME, PREFIX, client
from tests.simulation.runner import ISSUE_FUNCTION, run_issue

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cryptography import x509

    from tests.acme.pebble import Pebble
    from tests.double.embedded import PendingRotation
    from tests.simulation.estate import Estate
    from tests.simulation.runner import Run

FUNCTION = ISSUE_FUNCTION
AT_ONCE = 3
"""Rotations in threads."""

ALLOW = {f"{PREFIX}shop*": ["shop.example.com", "*.shop.example.com"]}


class Issuance:
    """Runs the function as Secrets Manager and the schedule do."""

    def __init__(self, estate: Estate, server: Pebble, zone: str, **settings: Any) -> None:
        self.estate, self.server, self.zone = estate, server, zone
        issuer = {
            "kind": "acme",
            "directory": server.directory,
            "ca_file": str(server.ca_file),
            "zones": [zone],
            "profile": "classic",
            "allow": ALLOW,
            **settings,
        }
        estate.environment["CERTROTATION_ISSUERS"] = json.dumps({"pebble": issuer})

    def request(self, name: str, *names: str, **more: Any) -> None:
        """Create a secret that asks for a first certificate."""
        value: Any = {"request": {"names": list(names), **more}}
        self.estate.secret(name, value, {"certrotation:issuer": "pebble"})

    def look(self) -> Run:
        """Run the look, and nothing that it begins."""
        with self.estate.listening() as run:
            run.summary = self._handle({})  # type: ignore[attr-defined]  # of this story
        return run

    def rotate(self, tries: int = 1) -> list[str]:
        """Run the rotations that were begun; returns what failed tries raised."""
        return [
            failure for each in self.estate.aws.rotations(HOME) for failure in self.run(each, tries)
        ]

    def run(self, rotation: PendingRotation, tries: int = 1) -> list[str]:
        """Run one rotation; returns what failed tries raised."""
        with self.estate.listening() as self.said:
            return rotation.run(self._handle, tries)

    def run_together(self, rotations: Sequence[PendingRotation], tries: int = 1) -> list[str]:
        """Run rotations, several at the same time; returns what failed tries raised."""
        with (
            self.estate.listening() as self.said,
            patch("time.sleep", _briefly),
            ThreadPoolExecutor(max_workers=AT_ONCE) as pool,
        ):
            runs = [pool.submit(each.run, run_issue, tries) for each in rotations]
            return [failure for each in runs for failure in each.result()]

    def step(self, step: str, name: str, token: str, **more: str) -> None:
        """Run one step."""
        event = {"Step": step, "SecretId": self.arn(name), "ClientRequestToken": token, **more}
        with self.estate.listening():
            self._handle(event)

    def start(self, name: str) -> str:
        """Let a person begin a rotation; returns the token."""
        answer = client("secretsmanager", HOME).rotate_secret(
            SecretId=PREFIX + name, RotationLambdaARN=FUNCTION
        )
        return str(answer["VersionId"])

    def _handle(self, event: dict[str, str]) -> Any:
        with patch("time.sleep", _briefly):
            return run_issue(event)

    # Looking

    def arn(self, name: str) -> str:
        return str(client("secretsmanager", HOME).describe_secret(SecretId=PREFIX + name)["ARN"])

    def labels(self, name: str) -> dict[str, str]:
        """Return the version of each label."""
        stages = client("secretsmanager", HOME).describe_secret(SecretId=PREFIX + name)[
            "VersionIdsToStages"
        ]
        return {label: version for version, labels in stages.items() for label in labels}

    def value(self, name: str, label: str = "AWSCURRENT") -> dict[str, Any]:
        got = client("secretsmanager", HOME).get_secret_value(
            SecretId=PREFIX + name, VersionId=self.labels(name)[label]
        )
        return dict(json.loads(got["SecretString"]))

    def leaf(self, name: str) -> x509.Certificate:
        from cryptography import x509  # noqa: PLC0415  for the tests alone

        return x509.load_pem_x509_certificate(self.value(name)["certificate"].encode())

    def is_clean(self, name: str) -> bool:
        """Whether nothing is left: no record, no note, nothing pending."""
        records = client("route53", HOME).list_resource_record_sets(HostedZoneId=self.zone)
        kinds = {each["Type"] for each in records["ResourceRecordSets"]}
        labels = self.labels(name)
        # AWS takes AWSPENDING off AWSCURRENT's version by itself.
        is_pending = labels.get("AWSPENDING") not in {None, labels["AWSCURRENT"]}
        return "TXT" not in kinds and LABEL not in labels and not is_pending


def _briefly(asked: float) -> None:
    _sleep(min(asked, NO_TIME))


_sleep = time.sleep
