"""A secret with a request and no certificate waits for its issuer, and nobody is alarmed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.simulation.estate import HOME, PREFIX

if TYPE_CHECKING:
    from tests.simulation.estate import Estate
    from tests.simulation.mailbox import Mailbox
    from tests.support.authorities import Authorities

SHOP = PREFIX + "shop"
NAMES = ["shop.example.com", "www.shop.example.com"]


def requesting(*names: str) -> dict[str, str]:
    return {"request": {"names": list(names)}}  # type: ignore[dict-item]  # the one field that is no text


def test_a_first_certificate_is_awaited_without_a_refusal_or_a_mail(
    estate: Estate, mailbox: Mailbox
) -> None:
    estate.secret("shop", requesting(*NAMES))
    estate.tag_secret("shop", issuer="letsencrypt")

    run = estate.run()

    outcome = run.rotation(SHOP)
    assert outcome["status"] == "awaiting_issuance"
    assert run.codes(SHOP) == {"AWAITING_ISSUANCE"}
    assert [run.metric(each) for each in ("RotationRefused", "RotationSucceeded")] == [0, 0]
    assert estate.waiting_messages()["ApproximateNumberOfMessages"] == 0
    assert mailbox.letters() == []


def test_a_name_that_the_request_leaves_out_is_accepted_as_lost(
    estate: Estate, authorities: Authorities
) -> None:
    estate.secret("shop", authorities.public.issue(*NAMES))
    estate.run()
    estate.tag_secret("shop", issuer="letsencrypt")
    smaller = authorities.public.issue(NAMES[0])
    value = {
        "certificate": smaller.certificate_pem,
        "private_key": smaller.key_pem(),
        "chain": smaller.chain_pem,
    }

    estate.renew("shop", value | requesting(*NAMES))
    assert estate.run().rotation(SHOP)["status"] == "refused"
    estate.renew("shop", value | requesting(NAMES[0]))
    run = estate.run()

    assert run.rotation(SHOP)["status"] == "done"
    lost = [each for each in run.rotation(SHOP)["findings"] if each["code"] == "NAMES_LOST"]
    assert {each["severity"] for each in lost} == {"warn"}
    (copy,) = estate.certificates(HOME)
    assert estate.presents(copy) == smaller.certificate
    assert json.dumps(run.lines).count("BEGIN") == 0


def test_without_the_tag_of_an_issuer_the_request_accepts_nothing(
    estate: Estate, authorities: Authorities
) -> None:
    estate.secret("shop", authorities.public.issue(*NAMES))
    estate.run()
    smaller = authorities.public.issue(NAMES[0])
    value = {"certificate": smaller.fullchain_pem, "private_key": smaller.key_pem()}

    estate.renew("shop", value | requesting(NAMES[0]))

    assert estate.run().codes(SHOP) == {"NAMES_LOST"}
