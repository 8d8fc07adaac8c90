"""Issuance from step-ca's ACME server, with DNS-01 out of the double's Route 53."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from certrotation.core.issuance.signing_request import signing_request
from certrotation.core.material.decoding import decode_certificates
from certrotation.core.material.host_names import names_of
from certrotation.errors import CaRefuses
from certrotation.workflows.issuing_ports import OrderedCertificate
from tests.acme.caddy import Caddy, caddy
from tests.acme.conftest import Accounts, ca, leftovers, patience, zone, zones
from tests.support.authority import shared_key

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


@pytest.fixture
def server(tmp_path: Path, dns: str) -> Iterator[Caddy]:
    with caddy(tmp_path, dns) as running:
        yield running


def wanted(*names: str) -> OrderedCertificate:
    return OrderedCertificate(names=names, profile=None, replaces=None)


def test_a_certificate_is_issued_and_no_record_stays(server: Caddy) -> None:
    home, names = zone("example.com"), ("shop.example.com", "*.shop.example.com")
    places, accounts = zones(home), Accounts()
    request = signing_request(names, shared_key("p256", "issued"))

    reference = ca(server, accounts).order(wanted(*names))
    placements = places.places_of(ca(server, accounts).proofs(reference))
    places.place(placements, patience())
    ca(server, accounts).validate(reference, patience())
    chain = ca(server, accounts).collect(reference, request, patience())
    places.remove(placements)

    leaf, *above = decode_certificates("chain", chain)
    assert names_of(leaf) == set(names)
    assert leaf.public_key() == shared_key("p256", "issued").public_key()
    assert "Caddy Local Authority" in above[0].subject.rfc4514_string()
    assert leftovers(home) == []
    assert accounts.stored == 1
    # This server names no renewal window: then a third of the lifetime decides.
    assert ca(server, accounts).renewal_window("AAAA.AAAA") is None


def test_a_name_that_a_policy_refuses_is_refused_in_the_servers_own_words(server: Caddy) -> None:
    with pytest.raises(CaRefuses, match="rejectedIdentifier") as caught:
        ca(server).order(wanted("a.blocked.example.com"))
    assert caught.value.code == "ISSUANCE_REFUSED"
