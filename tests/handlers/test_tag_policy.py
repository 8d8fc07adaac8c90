"""An organisation's tag policy refuses a secret's tags: that costs these tags and nothing else."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from certrotation.names import tags
from tests.simulation.estate import HOME, PREFIX

if TYPE_CHECKING:
    from tests.simulation.estate import Estate
    from tests.support.authorities import Authorities

SHOP = PREFIX + "shop"
OLD = timedelta(days=30)
INHERITED = {"cost-centre": "none"}


@pytest.fixture(autouse=True)
def policy(estate: Estate) -> None:
    """No certificate may be tagged with a cost centre."""
    estate.aws.behaviour.tag_policy = lambda given: "cost-centre" not in given


def test_a_new_copy_is_imported_with_our_tags_alone(
    estate: Estate, authorities: Authorities
) -> None:
    version = estate.secret("shop", authorities.public.issue("shop.example.com"), INHERITED)

    run = estate.run()

    (arn,) = estate.certificates(HOME)
    assert run.rotation(SHOP)["status"] == "done"
    assert estate.tags(arn)[tags.VERSION] == version
    assert set(estate.tags(arn)) == {
        tags.SECRET,
        tags.VERSION,
        tags.NOT_AFTER,
        tags.MOVING_SINCE,
    }


def test_a_reimported_copy_is_tagged_with_ours_alone(
    estate: Estate, authorities: Authorities
) -> None:
    estate.secret("shop", authorities.public.issue("shop.example.com", lifetime=OLD), INHERITED)
    estate.run()
    (arn,) = estate.certificates(HOME)
    renewed = authorities.public.issue("shop.example.com")
    version = estate.renew("shop", renewed)

    run = estate.run()

    assert run.rotation(SHOP)["status"] == "done"
    assert estate.presents(arn) == renewed.certificate
    assert estate.tags(arn)[tags.VERSION] == version
    assert "cost-centre" not in estate.tags(arn)


def test_an_adopted_certificate_is_tagged_with_ours_alone(
    estate: Estate, authorities: Authorities
) -> None:
    issued = authorities.public.issue("shop.example.com", lifetime=OLD)
    arn = estate.certificate(issued, HOME, {"team": "web"})
    renewed = authorities.public.issue("shop.example.com")
    version = estate.secret("shop", renewed, INHERITED)

    run = estate.run()

    assert run.rotation(SHOP)["status"] == "done"
    assert estate.presents(arn) == renewed.certificate
    assert estate.tags(arn)[tags.VERSION] == version
    assert set(estate.tags(arn)) == {tags.SECRET, tags.VERSION, tags.NOT_AFTER, "team"}
