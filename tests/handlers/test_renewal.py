"""A secret is renewed, and every Region comes to present it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from certrotation.core.rotation.planning import Rotation
from certrotation.names import tags
from tests.simulation.estate import HOME, PREFIX, Estate, fields_of
from tests.support.authority import now, pem

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from certrotation.core.estate.inventory import RegionLook
    from certrotation.core.rotation.plan import Plan, RegionPlan
    from tests.double import EmbeddedAws
    from tests.support.authorities import Authorities

US = "us-east-1"
SHOP = PREFIX + "shop"
OLD = timedelta(days=20)
FOUR_REGIONS = (HOME, US, "us-west-2", "ap-southeast-2")


def test_a_new_secret_is_imported_in_every_target_region(
    estate: Estate, authorities: Authorities
) -> None:
    issued = authorities.public.issue("shop.example.com")
    version = estate.secret("shop", issued, tags={"team": "shop"})

    run = estate.run()

    assert run.rotation(SHOP)["status"] == "done"
    for region in (HOME, US):
        (arn,) = estate.certificates(region)
        assert estate.presents(arn) == issued.certificate
        since = estate.tags(arn)[tags.MOVING_SINCE]
        assert abs(int(since) - now().timestamp()) < 60
        assert estate.tags(arn) == {
            tags.MOVING_SINCE: since,
            tags.SECRET: PREFIX + "shop",
            tags.VERSION: version,
            tags.NOT_AFTER: str(int(issued.certificate.not_valid_after_utc.timestamp())),
            "team": "shop",
        }


def test_renewed_material_is_reimported_under_the_same_arns(
    estate: Estate, authorities: Authorities
) -> None:
    estate.secret("shop", authorities.public.issue("shop.example.com", lifetime=OLD))
    estate.run()
    before = {region: estate.certificates(region) for region in (HOME, US)}
    renewed = authorities.public.issue("shop.example.com")
    version = estate.renew("shop", renewed)

    estate.run()

    assert {region: estate.certificates(region) for region in (HOME, US)} == before
    for (arn,) in before.values():
        assert estate.presents(arn) == renewed.certificate
        assert estate.tags(arn)[tags.VERSION] == version


def test_an_ordinary_renewal_plans_each_region_once(
    aws: EmbeddedAws, authorities: Authorities
) -> None:
    estate = Estate(aws, *FOUR_REGIONS)
    estate.secret("shop", authorities.public.issue("shop.example.com", lifetime=OLD))
    estate.run()
    estate.renew("shop", authorities.public.issue("shop.example.com"))
    planned, combined = [], []

    def decide(rotation: Rotation, look: RegionLook, *more: Any) -> RegionPlan:
        planned.append(look.region)
        return original_decide(rotation, look, *more)

    def plan(rotation: Rotation, regions: Sequence[RegionPlan], now: datetime) -> Plan:
        combined.append([each.region for each in regions])
        return original_plan(rotation, regions, now)

    original_decide, original_plan = Rotation.decide, Rotation.plan
    with patch.object(Rotation, "decide", decide), patch.object(Rotation, "plan", plan):
        run = estate.run()

    assert run.rotation(SHOP)["status"] == "done"
    assert sorted(planned) == sorted(FOUR_REGIONS)
    assert combined == [list(FOUR_REGIONS)]


def test_a_second_run_finds_nothing_to_do(estate: Estate, authorities: Authorities) -> None:
    estate.secret("shop", authorities.public.issue("shop.example.com"))
    estate.run()
    estate.aws.calls.clear()

    run = estate.run()

    assert run.scans[0]["queued"] == []
    assert run.rotations == []
    assert not estate.aws.calls_of("acm", "ImportCertificate")


def test_a_doubled_message_changes_nothing(estate: Estate, authorities: Authorities) -> None:
    estate.secret("shop", authorities.public.issue("shop.example.com"))
    estate.run()
    estate.aws.calls.clear()

    run = estate.rotate("shop")

    assert run.rotation(SHOP)["status"] == "done"
    changing = ("ImportCertificate", "AddTagsToCertificate", "DeleteCertificate")
    assert not [call for call in estate.aws.calls if call.operation in changing]


def test_a_chain_that_was_mended_under_the_same_leaf_goes_live(
    estate: Estate, authorities: Authorities
) -> None:
    issuing = authorities.public.intermediate("Example Issuing CA 2")
    issued = issuing.issue("shop.example.com")
    whole = fields_of(issued)
    estate.secret("shop", {**whole, "chain": pem(issuing.certificate)})
    first = estate.run()
    arns = {region: estate.certificates(region) for region in estate.regions}
    estate.renew("shop", whole)

    estate.run()

    assert "CHAIN_INCOMPLETE" in first.codes(SHOP)
    assert {region: estate.certificates(region) for region in estate.regions} == arns
    for (arn,) in arns.values():
        assert estate.presents(arn) == issued.certificate
        assert estate.chain(arn) == list(issued.chain)


def test_names_that_a_load_balancer_does_not_take_are_refused_while_the_arn_stays(
    estate: Estate, authorities: Authorities
) -> None:
    issue = authorities.public.issue
    live = issue("shop.example.com", "192.0.2.1")
    estate.secret("shop", live, {tags.REGIONS: HOME})
    estate.run()
    (arn,) = estate.certificates(HOME)
    estate.listener("web", HOME, arn)
    version = estate.renew("shop", issue("192.0.2.1"))
    estate.tag_secret("shop", accept=f"NAMES_LOST@{version}")

    run = estate.run()

    assert "DEPENDENT_NAME_UNCOVERED" in run.codes(SHOP)
    assert estate.presents(arn) == live.certificate
