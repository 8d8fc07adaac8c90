"""What a CA asks to wait for is waited for; what it has approved already needs no DNS."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
import time_machine

from certrotation.core.material.host_names import names_of
from tests.acme.conftest import zone
from tests.acme.issuance import Issuance
from tests.acme.pebble import pebble
from tests.acme.resolver import resolver
from tests.simulation.certificate_authority import SimulatedCa, cas_in_force
from tests.simulation.estate import HOME, PREFIX, client
from tests.simulation.runner import run_issue
from tests.support.authority import now

if TYPE_CHECKING:
    from pathlib import Path

    from tests.double import Call
    from tests.simulation.estate import Estate
    from tests.support.authorities import Authorities

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

DAYS, HOUR = timedelta(days=1), timedelta(hours=1)


def test_eight_retries_within_a_limit_are_one_order_and_the_next_comes_when_the_ca_says(
    estate: Estate, authorities: Authorities
) -> None:
    ca = SimulatedCa(authority=authorities.public, lifetime=90 * DAYS, dns=estate.aws.text_values)
    issuer = {
        "kind": "acme",
        "directory": "https://ca.example/directory",
        "zones": [zone("example.com")],
        "allow": {f"{PREFIX}shop": ["shop.example.com"]},
    }
    estate.environment["CERTROTATION_ISSUERS"] = json.dumps({"ca": issuer})
    value: Any = {"request": {"names": ["shop.example.com"]}}
    estate.secret("shop", value, {"certrotation:issuer": "ca"})
    ca.limited_for = timedelta(hours=34)

    def look(hours: int) -> dict[str, str]:
        with time_machine.travel(now() + hours * HOUR, tick=True), estate.listening():
            found = run_issue({})
        return {each["secret"]: each["state"] for each in found["secrets"]}

    with cas_in_force({"ca": ca}):
        look(0)
        (rotation,) = estate.aws.rotations(HOME)
        with estate.listening():
            failures = rotation.run(run_issue, tries=8)
        ca.limited_for = None

        assert len(failures) == 8
        assert all(each.startswith("ISSUANCE_LIMITED: The CA answers") for each in failures)
        assert ca.asked == 1
        for hours in (1, 13, 33):
            assert look(hours) == {f"{PREFIX}shop": "waiting"}
        assert ca.asked == 1
        assert look(35) == {f"{PREFIX}shop": "started"}
        (rotation,) = estate.aws.rotations(HOME)
        with time_machine.travel(now() + 35 * HOUR, tick=True), estate.listening():
            assert rotation.run(run_issue) == []
    assert (ca.asked, ca.issued) == (2, 1)


def test_names_that_the_ca_has_approved_already_are_issued_without_any_right_to_dns(
    estate: Estate, tmp_path: Path
) -> None:
    with (
        resolver(estate.aws.text_values) as dns,
        pebble(tmp_path, dns, bad_nonces=50, reused_authorizations=100) as server,
    ):
        estate.trust(tmp_path, server.root(0), server.root(1))
        issuance = Issuance(estate, server, zone("example.com"))
        issuance.request("shop", "shop.example.com")
        issuance.look()
        assert issuance.rotate() == []

        def deny(call: Call) -> None:
            if call.service == "route53":
                raise estate.aws.error("AccessDenied", call.operation)

        issuance.request("shop-again", "shop.example.com")
        issuance.look()
        with estate.aws.before(deny):
            assert issuance.rotate() == []
        assert names_of(issuance.leaf("shop-again")) == {"shop.example.com"}
        assert server.issued() == 2
        labels = client("secretsmanager", HOME).describe_secret(SecretId=f"{PREFIX}shop-again")
        assert all(
            "CERTROTATION_ORDER" not in each for each in labels["VersionIdsToStages"].values()
        )
