"""What is sent to a CA, and what is read of its answers."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from io import BytesIO
from typing import Any

import pytest
from acme.jws import JWS
from josepy.b64 import b64decode
from josepy.jwk import JWKOct
from requests import Response

from certrotation.core.issuance.renewal import CaWindow
from certrotation.errors import CaRefuses, Unreachable
from certrotation.issuers.account import AcmeAccount, new_account_key
from certrotation.issuers.acme import AcmeCa
from certrotation.issuers.acme_client import LARGEST_ANSWER, Network, _bounded
from certrotation.names.issuers import AcmeIssuer
from certrotation.workflows.issuing_ports import OrderedCertificate
from tests.issuers.ca_network import (
    CA,
    DIRECTORY,
    RESOURCES,
    Accounts,
    Answer,
    FakeNetwork,
    ca,
    located,
    problem,
)

WANTED = OrderedCertificate(names=("a.example",), profile="classic", replaces=None)
ORDER = f"{CA}/order/1"
MAC = "zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W"


def test_a_new_account_is_bound_to_the_one_at_the_ca_by_its_public_key_alone() -> None:
    account = AcmeAccount(new_account_key(), eab_kid="kid-1", eab_hmac_key=MAC)
    accounts = Accounts(account)
    issuer, network = ca(located(f"{CA}/account/1"), located(ORDER), accounts=accounts)

    assert issuer.order(WANTED) == ORDER

    registration, order = network.sent
    assert registration.url == RESOURCES["newAccount"]
    assert registration.payload["termsOfServiceAgreed"] is True
    jwk = registration.protected["jwk"]
    assert (jwk["kty"], jwk["crv"], set(jwk)) == ("EC", "P-256", {"kty", "crv", "x", "y"})
    binding = registration.payload["externalAccountBinding"]
    header = json.loads(b64decode(binding["protected"]))
    assert header == {"alg": "HS256", "kid": "kid-1", "url": RESOURCES["newAccount"]}
    assert json.loads(b64decode(binding["payload"])) == jwk
    assert JWS.from_json(binding).verify(JWKOct(key=b64decode(MAC)))
    assert order.protected["kid"] == f"{CA}/account/1"
    assert "jwk" not in order.protected
    assert order.protected["alg"] == "ES256"
    assert order.payload == {
        "identifiers": [{"type": "dns", "value": "a.example"}],
        "profile": "classic",
    }
    assert (accounts.account.url, accounts.account.directory) == (f"{CA}/account/1", DIRECTORY)


def test_an_account_that_the_ca_has_forgotten_is_made_anew_once() -> None:
    forgotten = problem("accountDoesNotExist")
    accounts = Accounts()
    issuer, network = ca(forgotten, located(f"{CA}/account/2"), located(ORDER), accounts=accounts)
    assert issuer.order(WANTED) == ORDER
    assert [each.url for each in network.sent] == [
        RESOURCES["newOrder"],
        RESOURCES["newAccount"],
        RESOURCES["newOrder"],
    ]
    assert accounts.account.url == f"{CA}/account/2"

    issuer, network = ca(forgotten, located(f"{CA}/account/2"), forgotten)
    with pytest.raises(CaRefuses, match="accountDoesNotExist"):
        issuer.order(WANTED)
    assert network.sent[-1].protected["kid"] == f"{CA}/account/2"


def test_a_binding_that_is_no_base64url_is_never_shown() -> None:
    account = AcmeAccount(new_account_key(), eab_kid="kid", eab_hmac_key="sécret")
    issuer, network = ca(accounts=Accounts(account))
    with pytest.raises(CaRefuses, match="not valid base64url") as caught:
        issuer.order(WANTED)
    assert "cret of" not in str(caught.value)
    assert "sécret" not in f"{caught.value} {caught.value.__context__}"
    assert network.sent == []


@pytest.mark.parametrize("missing", ["newNonce", "newAccount", "newOrder"])
def test_a_directory_without_a_resource_is_none(missing: str) -> None:
    directory = {name: url for name, url in RESOURCES.items() if name != missing} | {"meta": None}
    network = FakeNetwork(directory=directory)
    issuer = AcmeCa(AcmeIssuer(name="ca", directory=DIRECTORY, allow=()), Accounts(), network)
    with pytest.raises(Unreachable, match=f"has no {missing}"):
        issuer.order(WANTED)


def test_an_answer_without_what_it_must_have_is_retried() -> None:
    for answer, words in (
        (Answer({"status": "pending"}, 201), "answers newOrder without a location"),
        (Answer({}, 201, {"Replay-Nonce": "A"}), "answers newNonce without a nonce"),
    ):
        with pytest.raises(Unreachable, match=words):
            ca(answer)[0].order(WANTED)


def test_a_url_without_https_is_never_asked() -> None:
    issuer, network = ca(Answer({"status": "pending", "authorizations": ["http://ca.example/1"]}))
    with pytest.raises(Unreachable, match="names a URL without HTTPS"):
        issuer.proofs(ORDER)
    assert [each.url for each in network.sent] == [ORDER]


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        (
            {
                "suggestedWindow": {
                    "start": "2026-01-01T00:00:00Z",
                    "end": "2026-01-02T00:00:00+00:00",
                },
                "explanationURL": "https://ca.example/why",
            },
            CaWindow(
                datetime(2026, 1, 1, tzinfo=UTC),
                datetime(2026, 1, 2, tzinfo=UTC),
                "https://ca.example/why",
            ),
        ),
        ({"suggestedWindow": {"start": "2026-01-01T00:00:00", "end": "2026-01-02"}}, None),
        ({"suggestedWindow": {"start": "2026-01-01T00:00:00Z"}}, None),
        ({"suggestedWindow": {"start": 1, "end": 2}}, None),
        ({"suggestedWindow": None}, None),
        ({}, None),
        ([], None),
    ],
)
def test_a_window_counts_only_if_it_is_whole(document: Any, expected: CaWindow | None) -> None:
    issuer, _ = ca(Answer(document))
    assert issuer.renewal_window("aki.serial") == expected


def test_an_answer_is_read_no_further_than_one_may_be_long() -> None:
    class Raw(BytesIO):
        is_released = False

        def read(self, size: int | None = -1, *, decode_content: bool = False) -> bytes:
            assert decode_content
            return super().read(size)

        def release_conn(self) -> None:
            self.is_released = True

    response, raw = Response(), Raw(b"x" * (LARGEST_ANSWER + 1))
    response.raw = raw
    _bounded(response)
    assert len(response.content) == LARGEST_ANSWER
    assert raw.is_released


def test_the_environment_changes_no_request(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:3128")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/elsewhere.pem")
    network = Network(DIRECTORY, "/roots.pem")
    settings = network.session.merge_environment_settings(
        DIRECTORY, proxies={}, stream=False, verify=network.verify_ssl, cert=None
    )
    assert (settings["proxies"], settings["verify"]) == ({}, "/roots.pem")
