"""Issuance against acme2certifier: another implementation than Pebble's, and no DNS behind it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from certrotation.core.issuance.signing_request import signing_request
from certrotation.core.material.decoding import decode_certificates
from certrotation.core.material.host_names import names_of
from certrotation.issuers.acme import AcmeCa
from certrotation.issuers.acme_client import Network
from certrotation.names.issuers import AcmeIssuer
from certrotation.workflows.issuing_ports import OrderedCertificate
from tests.acme.conftest import Accounts, patience
from tests.cli.acme import acme_server
from tests.support.authority import Authority, shared_key

if TYPE_CHECKING:
    from pathlib import Path


def test_a_server_of_another_make_issues_and_goes_on_with_an_order(tmp_path: Path) -> None:
    authority = Authority.root("A CA behind acme2certifier", key="rsa2048")
    accounts, names = Accounts(), ("a.example.com", "b.example.com")
    request = signing_request(names, shared_key("p256", "issued"))
    with acme_server(tmp_path, authority) as directory:
        issuer = AcmeIssuer(
            name="ca", directory=directory, allow=(), contact="certificates@example.com"
        )

        def ca() -> AcmeCa:
            return AcmeCa(issuer, accounts, Network(directory, None))

        reference = ca().order(OrderedCertificate(names=names, profile=None, replaces=None))
        assert {each.name for each in ca().proofs(reference)} == {
            f"_acme-challenge.{each}" for each in names
        }
        ca().validate(reference, patience())
        first = ca().collect(reference, request, patience())
        assert ca().collect(reference, request, patience()) == first
    leaf, *_ = decode_certificates("chain", first)
    assert names_of(leaf) == set(names)
    assert leaf.public_key() == shared_key("p256", "issued").public_key()
    assert accounts.stored == 1
