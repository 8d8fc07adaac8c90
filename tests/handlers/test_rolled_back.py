"""An environment of Elastic Beanstalk whose update is rolled back: tried twice, then a person."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from certrotation.names import tags
from tests.double import elasticbeanstalk as fake
from tests.simulation.estate import HOME, PREFIX, client
from tests.simulation.mailbox import Mailbox
from tests.support.authority import shared_key

if TYPE_CHECKING:
    import time_machine

    from tests.double.world import Environment
    from tests.simulation.estate import Estate
    from tests.support.authorities import Authorities

SHOP, NAME = PREFIX + "shop", "shop.example.com"
HOUR = timedelta(hours=1)


@pytest.fixture
def shop(
    estate: Estate, authorities: Authorities, clock: time_machine.Traveller
) -> tuple[str, Environment]:
    """A copy on RSA that an environment presents, and new EC material in its secret."""
    del clock
    estate.environment["CERTROTATION_DEPENDENTS"] = "elbv2,elb,elasticbeanstalk"
    issue = authorities.public.issue
    estate.secret("shop", issue(NAME, key=shared_key("rsa2048")), {tags.REGIONS: HOME})
    estate.run()
    (old,) = estate.certificates(HOME)
    environment = fake.environment(estate.aws, client, HOME, old)
    estate.renew("shop", issue(NAME))
    return old, environment


@pytest.mark.slow
def test_after_the_second_time_the_environment_is_stranded_and_a_person_is_notified(
    estate: Estate, shop: tuple[str, Environment], clock: time_machine.Traveller
) -> None:
    """Nothing but the time of the last update tells that there was one."""
    old, environment = shop
    mailbox = Mailbox(estate)
    environment.rolls_back = True
    estate.aws.behaviour.deployments = "when_told"

    statuses = []
    for _ in range(6):
        statuses.append(estate.run().rotation(SHOP)["status"])
        clock.shift(HOUR / 2)
        estate.aws.finish_deployments()
        clock.shift(HOUR / 2)

    assert statuses == ["waiting", "waiting", *["stranded"] * 4]
    assert len(estate.aws.calls_of("elasticbeanstalk", "UpdateEnvironment")) == 2
    (letter,) = mailbox.letters()
    assert environment.arn in letter.body
    assert "for the second time within a week" in letter.body
    assert tags.SUPERSEDED_BY not in estate.tags(old)


@pytest.mark.slow
def test_without_the_mark_or_after_a_week_it_is_tried_again(
    estate: Estate, shop: tuple[str, Environment], clock: time_machine.Traveller
) -> None:
    old, environment = shop
    environment.rolls_back = True
    for _ in range(3):
        estate.run()
        clock.shift(HOUR)
        environment.updated_at = datetime.now(UTC)
    assert estate.run().rotation(SHOP)["status"] == "stranded"

    environment.rolls_back = False
    client("acm", HOME).remove_tags_from_certificate(
        CertificateArn=old, Tags=[{"Key": tags.REVERTED}]
    )
    assert estate.run().rotation(SHOP)["status"] == "done"
    assert old not in fake.presented(client, environment.arn)


def test_an_update_by_others_before_the_move_began_is_no_rollback(
    estate: Estate, shop: tuple[str, Environment], clock: time_machine.Traveller
) -> None:
    old, environment = shop
    clock.shift(HOUR)
    environment.updated_at = datetime.now(UTC) - HOUR / 2

    assert estate.run().rotation(SHOP)["status"] == "done"
    assert tags.REVERTED not in estate.tags(old)
