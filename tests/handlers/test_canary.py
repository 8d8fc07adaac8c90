"""What the first Region came to decides about the others, and these go at once."""

from __future__ import annotations

from threading import Barrier
from typing import TYPE_CHECKING

import pytest

from certrotation.names import tags
from tests.handlers.messages import receive_in_vain
from tests.simulation.estate import HOME, PREFIX, Estate
from tests.support.authority import shared_key

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.double import Call, EmbeddedAws
    from tests.simulation.estate import Run
    from tests.support.authorities import Authorities

pytestmark = pytest.mark.slow

US = "us-east-1"
FRANKFURT = "eu-central-1"
SHOP = PREFIX + "shop"
LONGEST_MEETING = 20
"""Seconds until a Region that is alone gives up waiting for the other."""


def statuses(run: Run) -> dict[str, str]:
    return {each["region"]: each["status"] for each in run.rotation(SHOP)["regions"]}


def imports(estate: Estate) -> list[str]:
    return [each.region for each in estate.aws.calls_of("acm", "ImportCertificate")]


def shop_on_rsa(estate: Estate, authorities: Authorities, *regions: str) -> dict[str, str]:
    """Make a shop in these Regions, canary first; return its RSA copies by Region."""
    rsa = authorities.public.issue("shop.example.com", key=shared_key("rsa2048"))
    estate.secret("shop", rsa, {tags.REGIONS: " ".join(regions)})
    estate.run()
    return {region: estate.certificates(region)[0] for region in regions}


def strand(estate: Estate, authorities: Authorities, old: str) -> None:
    """Put the copy at home on a listener that has no room for another."""
    other = authorities.public.issue("wiki.example.com")
    default = estate.certificate(other, HOME, {tags.IGNORE: ""})
    estate.listener("full", HOME, default, [old])
    estate.aws.behaviour.alb_certificate_limit = 1


def refuse(estate: Estate, authorities: Authorities, old: str) -> None:
    """Have ACM at home refuse the material."""
    del authorities, old

    def reject(call: Call) -> None:
        if call.operation == "ImportCertificate" and call.region == HOME:
            raise estate.aws.error("ValidationException", "ImportCertificate", "Not this one.")

    estate.aws.before(reject)


def test_a_canary_whose_distribution_must_wait_does_not_hold_the_others_back(
    estate: Estate, authorities: Authorities
) -> None:
    old = shop_on_rsa(estate, authorities, US, HOME)
    estate.aws.behaviour.deployments = "when_told"
    estate.distribution(old[US], "shop.example.com")
    renewed = authorities.public.issue("shop.example.com")
    estate.renew("shop", renewed)

    run = estate.run()

    (new,) = set(estate.certificates(HOME)) - set(old.values())
    assert statuses(run) == {US: "waiting", HOME: "done"}
    assert estate.presents(new) == renewed.certificate


@pytest.mark.parametrize("receives", [1, 3])
@pytest.mark.parametrize(("hinder", "status"), [(strand, "stranded"), (refuse, "refused")])
def test_a_stranded_or_refused_canary_holds_the_others_back_however_often_it_is_tried(
    estate: Estate,
    authorities: Authorities,
    hinder: Callable[[Estate, Authorities, str], None],
    status: str,
    receives: int,
) -> None:
    old = shop_on_rsa(estate, authorities, HOME, US)
    hinder(estate, authorities, old[HOME])
    estate.renew("shop", authorities.public.issue("shop.example.com"))
    estate.aws.calls.clear()

    estate.scan()
    receive_in_vain(estate, receives - 1)
    run = estate.drain()

    assert statuses(run) == {HOME: status, US: "held_back"}
    assert US not in imports(estate)
    assert estate.certificates(US) == [old[US]]


def test_the_regions_after_the_canary_go_at_once(
    aws: EmbeddedAws, authorities: Authorities, tmp_path: Path
) -> None:
    estate = Estate(aws, HOME, US, FRANKFURT)
    estate.trust(tmp_path, authorities.public_root.certificate)
    estate.secret("shop", authorities.public.issue("shop.example.com"))
    both = Barrier(2, timeout=LONGEST_MEETING)

    def meet(call: Call) -> None:
        if call.operation == "ImportCertificate" and call.region != HOME:
            both.wait()  # one alone breaks it, and the test

    with estate.aws.before(meet):
        run = estate.run()

    assert statuses(run) == {HOME: "done", US: "done", FRANKFURT: "done"}
    assert imports(estate)[0] == HOME
