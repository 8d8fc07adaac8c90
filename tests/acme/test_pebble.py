"""Issuance against Pebble: a real ACME server validates by DNS out of the double's Route 53."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from certrotation.core.issuance.signing_request import ari_identifier, signing_request
from certrotation.core.material.decoding import decode_certificates
from certrotation.core.material.host_names import names_of
from certrotation.errors import (
    CaRefuses,
    CertRotationError,
    NotValidated,
    NotYet,
    OrderGone,
    Unreachable,
)
from certrotation.issuers.account import AcmeAccount, new_account_key
from certrotation.issuers.acme import AcmeCa
from certrotation.issuers.acme_client import Network
from certrotation.names.issuers import AcmeIssuer
from certrotation.workflows.issuing_ports import OrderedCertificate, TxtRecord
from tests.acme.conftest import Accounts, ca, leftovers, patience, zone, zones
from tests.acme.pebble import EAB, pebble
from tests.support.authority import shared_key

if TYPE_CHECKING:
    from pathlib import Path

    from cryptography import x509

    from certrotation.aws.zones import Route53Zones
    from tests.acme.pebble import Pebble
    from tests.double import EmbeddedAws

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore::ResourceWarning")]


def wanted(
    *names: str, profile: str | None = "classic", replaces: str | None = None
) -> OrderedCertificate:
    return OrderedCertificate(names=names, profile=profile, replaces=replaces)


def obtain(
    issuer: AcmeCa, places: Route53Zones, order: OrderedCertificate, key: str = "p256"
) -> list[x509.Certificate]:
    """Go the whole way, and return the chain."""
    request = signing_request(order.names, shared_key(key, "issued"))
    reference = issuer.order(order)
    placements = places.places_of(issuer.proofs(reference))
    places.place(placements, patience())
    issuer.validate(reference, patience())
    chain = issuer.collect(reference, request, patience())
    places.remove(placements)
    return decode_certificates("chain", chain)


@pytest.mark.parametrize(
    ("names", "key"),
    [
        (["shop.example.com"], "p256"),
        (["example.com", "*.example.com"], "p256"),
        (["a.example.com", "b.example.com", "*.b.example.com"], "rsa2048"),
    ],
)
def test_a_certificate_is_issued_and_no_record_stays(
    server: Pebble, aws: EmbeddedAws, names: list[str], key: str
) -> None:
    home = zone("example.com")

    leaf, *chain = obtain(ca(server), zones(home), wanted(*names), key)

    assert names_of(leaf) == set(names)
    assert leaf.public_key() == shared_key(key, "issued").public_key()
    assert chain
    assert leftovers(home) == []
    assert {each.operation for each in aws.calls_of("route53")} >= {"GetChange"}


def test_apex_and_wildcard_share_a_record_set_and_a_strangers_value_stays(
    server: Pebble,
) -> None:
    home = zone("example.com")
    places = zones(home)
    other = places.places_of([TxtRecord("_acme-challenge.example.com", "another-tool")])
    places.place(other, patience())

    obtain(ca(server), places, wanted("example.com", "*.example.com"))

    assert leftovers(home) == ["_acme-challenge.example.com."]
    places.remove(other)
    assert leftovers(home) == []


def test_the_longest_zone_is_taken_and_aliases_are_followed(server: Pebble) -> None:
    apex = zone("example.com", **{"_acme-challenge.www.example.com": "_acme-challenge.www.dns.net"})
    child = zone("eu.example.com")
    delegated = zone("dns.net")
    places = zones(apex, child, delegated)
    names = ("www.example.com", "shop.eu.example.com")
    found = places.places_of([TxtRecord(f"_acme-challenge.{each}", "x") for each in names])
    assert [(each.zone, each.name) for each in found] == [
        (child, "_acme-challenge.shop.eu.example.com."),
        (delegated, "_acme-challenge.www.dns.net."),
    ]

    leaf, *_ = obtain(ca(server), places, wanted(*names))

    assert names_of(leaf) == set(names)
    assert leftovers(apex, child, delegated) == []


def test_names_whose_zone_another_service_has_are_validated_by_their_alias(server: Pebble) -> None:
    """The issuer has neither the id of the zone nor a right to read it: only the CA follows."""
    target = "_acme-challenge.shop.dns.net"
    hosts = ("shop.example.org", "www.example.org")
    elsewhere = zone("example.org", **{f"_acme-challenge.{each}": target for each in hosts})
    ours = zone("dns.net")
    places = zones(ours, aliases=dict.fromkeys(hosts, target))

    leaf, *_ = obtain(ca(server), places, wanted("*.shop.example.org", *hosts))

    assert names_of(leaf) == {"*.shop.example.org", *hosts}
    assert leftovers(elsewhere, ours) == []


def test_an_alias_that_the_other_service_lacks_is_reported_in_the_cas_words(
    server: Pebble,
) -> None:
    zone("example.org")
    target = {"shop.example.org": "_acme-challenge.shop.dns.net"}
    places = zones(zone("dns.net"), aliases=target)

    with pytest.raises(NotValidated, match=r"The CA did not validate shop\.example\.org: "):
        obtain(ca(server), places, wanted("shop.example.org"))


def test_an_account_is_made_once_and_found_again_by_its_key(server: Pebble) -> None:
    accounts = Accounts()
    places = zones(zone("example.com"))
    obtain(ca(server, accounts), places, wanted("a.example.com"))
    url = accounts.account.url

    obtain(ca(server, accounts), places, wanted("b.example.com"))
    assert (accounts.stored, accounts.account.url) == (1, url)

    forgotten = Accounts(accounts.account._replace(url=None))
    obtain(ca(server, forgotten), places, wanted("c.example.com"))
    assert forgotten.account.url == url

    moved = Accounts(accounts.account._replace(url=f"{url}9"))
    obtain(ca(server, moved), places, wanted("d.example.com"))
    assert moved.account.url == url


def test_another_process_goes_on_with_an_order_and_gets_the_same_certificate(
    server: Pebble,
) -> None:
    accounts, places = Accounts(), zones(zone("example.com"))
    request = signing_request(["a.example.com"], shared_key("p256", "issued"))
    reference = ca(server, accounts).order(wanted("a.example.com"))
    placements = places.places_of(ca(server, accounts).proofs(reference))
    places.place(placements, patience())
    ca(server, accounts).validate(reference, patience())

    assert ca(server, accounts).proofs(reference) == ()
    ca(server, accounts).validate(reference, patience())
    first = ca(server, accounts).collect(reference, request, patience())
    second = ca(server, accounts).collect(reference, request, patience())

    assert first == second
    assert (server.orders(), server.issued()) == (1, 1)


def test_a_wrong_record_is_reported_in_the_cas_own_words(server: Pebble) -> None:
    issuer, places = ca(server), zones(zone("example.com"))
    reference = issuer.order(wanted("a.example.com"))
    places.place(places.places_of([TxtRecord("_acme-challenge.a.example.com", "x")]), patience())

    with pytest.raises(NotValidated, match=r"did not validate a\.example\.com: Correct value"):
        issuer.validate(reference, patience())
    for again in (issuer.proofs, lambda each: issuer.collect(each, b"", patience())):
        with pytest.raises((NotValidated, OrderGone)):
            again(reference)


def test_what_the_ca_refuses_is_refused_in_its_own_words(server: Pebble) -> None:
    for order, words in (
        (wanted("a.blocked.example"), "rejectedIdentifier"),
        (wanted("a.example.com", profile="none"), "invalidProfile"),
    ):
        with pytest.raises(CaRefuses, match=words) as caught:
            ca(server).order(order)
        assert caught.value.found.startswith("pebble answers ")
        assert caught.value.code == "ISSUANCE_REFUSED"


def test_a_renewal_names_what_it_replaces_and_does_without_where_that_is_refused(
    server: Pebble,
) -> None:
    issuer, places = ca(server), zones(zone("example.com"))
    leaf, *_ = obtain(issuer, places, wanted("a.example.com"))
    replaces = ari_identifier(leaf)

    for _ in range(2):
        obtain(issuer, places, wanted("a.example.com", replaces=replaces))

    assert server.issued() == 3
    # The third certificate took two orders: the certificate was replaced already. So did the second
    # if Pebble refused `replaces`: it does for a serial number in DER that begins with zero.
    assert server.orders() in {4, 5}


def test_the_window_of_a_renewal_and_its_explanation_are_read(server: Pebble) -> None:
    issuer, places = ca(server), zones(zone("example.com"))
    leaf, *_ = obtain(issuer, places, wanted("a.example.com"))
    identifier = ari_identifier(leaf) or ""
    window = issuer.renewal_window(identifier)
    assert window is not None
    assert leaf.not_valid_before_utc < window.start < window.end < leaf.not_valid_after_utc

    past = datetime(2026, 1, 1, tzinfo=UTC)
    server.set_window(
        leaf,
        {
            "suggestedWindow": {
                "start": "2026-01-01T00:00:00Z",
                "end": "2026-01-02T00:00:00.123456789Z",
            },
            "explanationURL": "https://ca.example/revoked",
        },
    )

    moved = issuer.renewal_window(identifier)
    assert moved is not None
    assert (moved.start, moved.explanation) == (past, "https://ca.example/revoked")
    assert moved.end - moved.start >= timedelta(days=1)


def test_an_answer_without_a_window_counts_as_none(server: Pebble) -> None:
    issuer, places = ca(server), zones(zone("example.com"))
    leaf, *_ = obtain(issuer, places, wanted("a.example.com"))
    server.set_window(leaf, {"suggestedWindow": {"start": "soon"}})

    assert issuer.renewal_window(ari_identifier(leaf) or "") is None
    with pytest.raises(CertRotationError):
        issuer.renewal_window("AAAA.AAAA")


def test_the_profile_decides_how_long_a_certificate_lives(server: Pebble) -> None:
    issuer, places = ca(server), zones(zone("example.com"))
    leaf, *_ = obtain(issuer, places, wanted("a.example.com", profile="shortlived"))
    lifetime = leaf.not_valid_after_utc - leaf.not_valid_before_utc
    assert timedelta(days=5) < lifetime < timedelta(days=7)


def test_the_chain_ends_at_the_preferred_root_if_the_ca_offers_it(server: Pebble) -> None:
    places = zones(zone("example.com"))
    for number, preferred in enumerate([server.root(0), server.root(1)]):
        name = str(next(iter(preferred.subject)).value)
        issuer = ca(server, preferred_chain=name)
        *_, top = obtain(issuer, places, wanted(f"n{number}.example.com"))
        assert top.issuer == preferred.subject
    unknown = ca(server, preferred_chain="No such root")
    assert obtain(unknown, places, wanted("n2.example.com"))


def test_an_account_needs_the_right_binding_where_the_ca_asks_for_one(
    tmp_path: Path, dns: str
) -> None:
    (kid, hmac_key), key = *EAB.items(), new_account_key()
    with pebble(tmp_path, dns, needs_binding=True) as server:
        for wrong, words in (
            (AcmeAccount(key=key), "externalAccountRequired"),
            (AcmeAccount(key=key, eab_kid="kid-9", eab_hmac_key=hmac_key), "unauthorized"),
            (AcmeAccount(key=key, eab_kid=kid, eab_hmac_key="AAAA"), "square/go-jose|verif"),
            (AcmeAccount(key=key, eab_kid=kid, eab_hmac_key="é"), "not valid base64url"),
        ):
            with pytest.raises(CaRefuses, match=words) as caught:
                ca(server, Accounts(wrong)).order(wanted("a.example.com"))
            assert hmac_key not in str(caught.value)
        bound = Accounts(AcmeAccount(key=key, eab_kid=kid, eab_hmac_key=hmac_key))
        assert obtain(ca(server, bound), zones(zone("example.com")), wanted("a.example.com"))
        assert obtain(ca(server, bound), zones(zone("example.org")), wanted("a.example.org"))


def test_half_of_all_nonces_may_be_bad(tmp_path: Path, dns: str) -> None:
    places = zones(zone("example.com"))
    with pebble(tmp_path, dns, bad_nonces=50) as server:
        for number in range(5):
            assert obtain(ca(server), places, wanted(f"n{number}.example.com"))


def test_names_that_are_approved_already_need_no_dns(tmp_path: Path, dns: str) -> None:
    accounts, places = Accounts(), zones(zone("example.com"))
    request = signing_request(["a.example.com"], shared_key("p256", "issued"))
    with pebble(tmp_path, dns, reused_authorizations=100) as server:
        obtain(ca(server, accounts), places, wanted("a.example.com"))
        issuer = ca(server, accounts)
        reference = issuer.order(wanted("a.example.com"))
        assert issuer.proofs(reference) == ()
        issuer.validate(reference, patience())
        assert issuer.collect(reference, request, patience()).count("BEGIN CERTIFICATE") > 1


def test_a_ca_that_nobody_vouches_for_or_that_is_dark_is_unreachable(server: Pebble) -> None:
    def order(directory: str, ca_file: str | None) -> None:
        issuer = AcmeIssuer(name="ca", directory=directory, allow=())
        AcmeCa(issuer, Accounts(), Network(directory, ca_file)).order(wanted("a.example.com"))

    with pytest.raises(Unreachable, match="is not trusted") as caught:
        order(server.directory, None)
    assert "ca_file" in caught.value.remedy
    with pytest.raises(Unreachable, match="does not answer"):
        order("https://127.0.0.1:9/dir", str(server.ca_file))
    with pytest.raises(Unreachable, match="names a URL without HTTPS"):
        Network(server.directory, None).get("http://127.0.0.1/")
    with pytest.raises(Unreachable, match=r"has no newOrder|not ACME|404"):
        order(f"{server.management}/roots/0", str(server.ca_file))


def test_orderers_that_overlap_do_not_erase_each_others_values(server: Pebble) -> None:
    home = zone("example.com")
    accounts = Accounts()
    ca(server, accounts).order(wanted("a.example.com"))

    def issue(_: int) -> bool:
        places = zones(home)
        return bool(obtain(ca(server, accounts), places, wanted("example.com", "*.example.com")))

    with ThreadPoolExecutor(max_workers=3) as pool:
        assert all(pool.map(issue, range(6)))
    assert leftovers(home) == []


def test_the_time_may_be_up_before_the_ca_is_ready(server: Pebble, aws: EmbeddedAws) -> None:
    home = zone("example.com")
    places = zones(home)
    aws.dns_takes(100)
    with pytest.raises(NotYet, match="The time is up before Route 53"):
        places.place(places.places_of([TxtRecord("_acme-challenge.example.com", "x")]), patience(0))
    assert json.dumps(leftovers(home)) == '["_acme-challenge.example.com."]'
    assert server.orders() == 0
