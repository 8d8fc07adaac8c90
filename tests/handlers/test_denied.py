"""AWS denies a call: a person must act, unless IAM has yet to see a copy's tags.

The rotate role may change only what carries our tags, and IAM sees tags some minutes late.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
import time_machine

from certrotation.names import tags
from tests.simulation.estate import HOME, PREFIX
from tests.support.authority import now

if TYPE_CHECKING:
    from tests.simulation.estate import Estate
    from tests.support.authorities import Authorities
    from tests.support.authority import Issued

SHOP = PREFIX + "shop"


@pytest.fixture
def renewed(estate: Estate, authorities: Authorities) -> Issued:
    """What the secret of a shop holds whose copy at home was made a moment ago."""
    estate.secret("shop", authorities.public.issue("shop.example.com"), {tags.REGIONS: HOME})
    estate.run()
    issued = authorities.public.issue("shop.example.com")
    estate.renew("shop", issued)
    return issued


@pytest.mark.parametrize("operation", ["ImportCertificate", "AddTagsToCertificate"])
def test_a_denial_on_a_copy_made_minutes_ago_is_tried_again(
    estate: Estate, renewed: Issued, operation: str
) -> None:
    estate.aws.behaviour.denied = {("acm", operation, HOME)}

    with time_machine.travel(now() + timedelta(minutes=5), tick=False) as clock:
        first = estate.run()
        waiting = estate.waiting_messages()
        estate.aws.behaviour.denied = set()
        clock.shift(timedelta(minutes=1, seconds=1))
        second = estate.drain()

    (region,) = first.rotation(SHOP)["regions"]
    (arn,) = estate.certificates(HOME)
    assert region["status"] == "failed"
    assert "was tagged minutes ago" in region["error"]
    assert waiting["ApproximateNumberOfMessagesNotVisible"] == 1
    assert second.rotation(SHOP)["status"] == "done"
    assert estate.presents(arn) == renewed.certificate


@pytest.mark.usefixtures("renewed")
def test_a_denial_on_a_copy_an_hour_old_is_refused(estate: Estate) -> None:
    estate.aws.behaviour.denied = {("acm", "ImportCertificate", HOME)}

    with time_machine.travel(now() + timedelta(minutes=61), tick=False):
        run = estate.run()

    (region,) = run.rotation(SHOP)["regions"]
    assert region["status"] == "refused"
    assert "ACCESS_DENIED" in region["error"]
    assert run.metric("RotationRefused") == 1
    assert not any(estate.waiting_messages().values()), "a retry cannot help"
