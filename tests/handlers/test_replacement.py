"""The key type changes: a new ARN is imported, and every dependent moves to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from certrotation.names import tags
from tests.simulation.estate import HOME, PREFIX, region_of
from tests.simulation.faults import DeathError, dying
from tests.support.authority import shared_key

if TYPE_CHECKING:
    from tests.double import Call
    from tests.simulation.estate import Estate
    from tests.support.authorities import Authorities
    from tests.support.authority import Issued

pytestmark = pytest.mark.slow

US = "us-east-1"
CHANGES_LISTENERS = (
    "ModifyListener",
    "AddListenerCertificates",
    "RemoveListenerCertificates",
)
SHOP = PREFIX + "shop"
CHANGES = (
    *CHANGES_LISTENERS,
    "AddTagsToCertificate",
    "ImportCertificate",
    "UpdateDistribution",
)
CHANGES_OF_A_REPLACEMENT = 10


@dataclass(frozen=True, kw_only=True)
class Shop:
    """A shop on RSA, in use everywhere, whose secret now holds EC material."""

    old: dict[str, str]
    """ARN of the RSA copy, by Region."""
    other_team: str
    """ARN of another team's SNI certificate on the listener at home."""
    default_listener: str
    sni_listener: str
    distribution: str
    renewed: Issued
    version: str


@pytest.fixture
def shop(estate: Estate, authorities: Authorities) -> Shop:
    first = authorities.public.issue("shop.example.com", key=shared_key("rsa2048"))
    estate.secret("shop", first)
    estate.run()
    old = {region: estate.certificates(region)[0] for region in (HOME, US)}
    other = authorities.public.issue("wiki.example.com")
    other_home = estate.certificate(other, HOME, {"certrotation:ignore": ""})
    other_us = estate.certificate(other, US, {"certrotation:ignore": ""})
    renewed = authorities.public.issue("shop.example.com")
    return Shop(
        old=old,
        other_team=other_home,
        default_listener=estate.listener("home", HOME, old[HOME], [old[HOME], other_home]),
        sni_listener=estate.listener("edge", US, other_us, [old[US]], kind="network"),
        distribution=estate.distribution(old[US], "shop.example.com"),
        renewed=renewed,
        version=estate.renew("shop", renewed),
    )


def copies_of_version(estate: Estate, version: str) -> list[str]:
    """Return the ARNs of the copies that carry a version, in all Regions."""
    return [
        arn
        for region in estate.regions
        for arn in estate.certificates(region)
        if estate.tags(arn).get(tags.VERSION) == version
    ]


def new_copy(estate: Estate, shop: Shop, region: str) -> str:
    """Return the ARN of the one copy that carries the new version."""
    (arn,) = [arn for arn in copies_of_version(estate, shop.version) if region_of(arn) == region]
    return arn


def assert_replaced(estate: Estate, shop: Shop) -> None:
    """Every dependent has left the old copies, nothing else changed, and the old are marked."""
    home, us = new_copy(estate, shop, HOME), new_copy(estate, shop, US)
    assert estate.presents(home) == estate.presents(us) == shop.renewed.certificate
    assert estate.default_of(shop.default_listener) == home
    assert estate.sni_of(shop.default_listener) == {home, shop.other_team}
    assert estate.sni_of(shop.sni_listener) == {us}
    assert estate.viewer_certificate(shop.distribution)["ACMCertificateArn"] == us
    for region, new in ((HOME, home), (US, us)):
        assert estate.tags(shop.old[region])[tags.SUPERSEDED_BY] == new
        assert len(estate.certificates(region)) == 3


def test_dependents_move_and_the_old_copies_are_superseded(estate: Estate, shop: Shop) -> None:
    run = estate.run()

    assert run.rotation(SHOP)["status"] == "done"
    assert run.metric("DependentsMoved") == 3
    assert_replaced(estate, shop)


def test_at_no_time_is_a_listener_without_a_certificate_for_the_shop(
    estate: Estate, shop: Shop
) -> None:
    gaps: list[str] = []

    def look(call: Call) -> None:
        if call.operation not in CHANGES_LISTENERS:
            return
        serving = {*shop.old.values(), *copies_of_version(estate, shop.version)}
        for listener in (shop.default_listener, shop.sni_listener):
            held = {*estate.sni_of(listener), estate.default_of(listener)}
            gaps.extend([] if held & serving else [f"{listener} after {call.operation}"])

    with estate.aws.after(look):
        estate.run()

    assert gaps == []
    assert_replaced(estate, shop)


# For `make quick`, tests/core/rotation/test_planning_convergence.py holds this without AWS.
@pytest.mark.parametrize("death_after", range(1, CHANGES_OF_A_REPLACEMENT + 1))
def test_a_rotation_that_dies_after_any_change_is_finished_by_the_next(
    estate: Estate, shop: Shop, death_after: int
) -> None:
    changes = 0

    def kills(call: Call) -> bool:
        nonlocal changes
        changes += call.operation in CHANGES
        return changes == death_after

    with dying(estate.aws, "after", kills), pytest.raises(DeathError):
        estate.rotate("shop")

    estate.rotate("shop")

    assert_replaced(estate, shop)


def test_a_replacement_makes_no_more_changes_than_are_died_after_above(
    estate: Estate, shop: Shop
) -> None:
    estate.aws.calls.clear()

    estate.rotate("shop")

    made = [each for each in estate.aws.calls if each.operation in CHANGES]
    assert len(made) == CHANGES_OF_A_REPLACEMENT
    assert_replaced(estate, shop)


def test_where_acm_does_not_name_users_a_copy_that_its_list_calls_unused_is_replaced(
    estate: Estate, authorities: Authorities
) -> None:
    """ACM's model does not require InUseBy: it may be absent where nothing uses a certificate."""
    estate.secret("shop", authorities.public.issue("shop.example.com", key=shared_key("rsa2048")))
    estate.run()
    version = estate.renew("shop", authorities.public.issue("shop.example.com"))

    with estate.aws.changing(without_users):
        run = estate.run()

    assert run.rotation(SHOP)["status"] == "done"
    assert len(copies_of_version(estate, version)) == 2


def without_users(_: object, call: Call, answer: Any) -> None:
    if call.operation == "DescribeCertificate":
        answer["Certificate"].pop("InUseBy", None)


def test_where_acm_does_not_name_the_users_of_a_copy_in_use_nothing_is_changed(
    estate: Estate, shop: Shop
) -> None:
    with estate.aws.changing(without_users):
        run = estate.run()

    assert "answers without InUseBy" in str(run.rotation(SHOP)["error"] or run.rotation(SHOP))
    assert copies_of_version(estate, shop.version) == []
    assert estate.default_of(shop.default_listener) == shop.old[HOME]
