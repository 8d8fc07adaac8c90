"""What a hold, a removed tag, report mode and a destroyed stack leave of an issuance: nothing."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
import time_machine

from certrotation.core.issuance.note import LABEL
from tests.acme.conftest import leftovers, zone
from tests.acme.issuance import Issuance
from tests.simulation.estate import HOME, PREFIX, client
from tests.simulation.faults import DeathError, dying
from tests.support.authority import now

if TYPE_CHECKING:
    from tests.acme.pebble import Pebble
    from tests.double import Call
    from tests.simulation.estate import Estate

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

ALLOW = {f"{PREFIX}*": ["*.example.com"]}
READS = ("Describe", "Get", "List")


@pytest.fixture
def issuance(estate: Estate, trusted_server: Pebble) -> Issuance:
    return Issuance(estate, trusted_server, zone("example.com"), allow=ALLOW)


def stop_in_the_middle(issuance: Issuance, name: str) -> None:
    """Begin a rotation, and let the function die when the record is placed."""
    issuance.request(name, f"{name}.example.com")
    issuance.start(name)
    (rotation,) = issuance.estate.aws.rotations(HOME)

    def has_placed(call: Call) -> bool:
        return call.operation == "ChangeResourceRecordSets"

    with dying(issuance.estate.aws, "after", has_placed), pytest.raises(DeathError):
        issuance.run(rotation)
    assert leftovers(issuance.zone) == [f"_acme-challenge.{name}.example.com."]
    assert issuance.labels(name).keys() == {"AWSCURRENT", "AWSPENDING", LABEL}


def requests(issuance: Issuance) -> int:
    """Return how many requests the CA has had."""
    return issuance.server.log.read_text(encoding="utf-8").count("-> calling handler")


def writes(estate: Estate) -> list[str]:
    return [each.operation for each in estate.aws.calls if not each.operation.startswith(READS)]


@pytest.mark.parametrize("what", ["a hold", "a removed tag"])
def test_a_stopped_issuance_leaves_nothing_pending_and_the_ca_is_not_asked_again(
    issuance: Issuance, estate: Estate, what: str
) -> None:
    stop_in_the_middle(issuance, "shop")
    if what == "a hold":
        estate.tag_secret("shop", hold="")
    else:
        estate.untag_secret("shop", "issuer")
    asked = requests(issuance)

    issuance.look()

    assert issuance.is_clean("shop")
    assert issuance.labels("shop").keys() == {"AWSCURRENT"}
    estate.aws.calls.clear()
    issuance.look()
    assert writes(estate) == []
    assert estate.aws.rotations(HOME) == []
    assert requests(issuance) == asked > 0
    assert issuance.server.issued() == 0


def test_report_mode_changes_nothing_and_in_apply_mode_the_same_order_goes_on(
    issuance: Issuance, estate: Estate
) -> None:
    stop_in_the_middle(issuance, "shop")
    issuance.request("blog", "blog.example.com")
    estate.environment["CERTROTATION_MODE"] = "report"
    asked, before = requests(issuance), issuance.labels("shop")
    estate.aws.calls.clear()

    with time_machine.travel(now() + timedelta(hours=2), tick=True):
        issuance.look()

    assert writes(estate) == []
    assert estate.aws.rotations(HOME) == []
    assert (requests(issuance), issuance.labels("shop")) == (asked, before)

    del estate.environment["CERTROTATION_MODE"]
    with time_machine.travel(now() + timedelta(hours=2), tick=True):
        issuance.look()
        assert issuance.rotate() == []
    assert issuance.is_clean("shop")
    assert issuance.is_clean("blog")
    assert (issuance.server.orders(), issuance.server.issued()) == (2, 2)


def test_before_a_stack_is_destroyed_its_secrets_are_released_and_nobody_calls_the_function(
    issuance: Issuance, estate: Estate
) -> None:
    """As docs/upgrading.md says: remove the tags, run the look, then destroy the stack."""
    issuance.request("blog", "blog.example.com")
    issuance.look()
    assert issuance.rotate() == []
    stop_in_the_middle(issuance, "shop")
    current = issuance.value("blog")

    for name in ("blog", "shop"):
        estate.untag_secret(name, "issuer")
    run = issuance.look()

    states = {each["secret"]: each["state"] for each in run.summary["secrets"]}  # type: ignore[attr-defined]  # of look
    assert states == {PREFIX + each: "released" for each in ("blog", "shop")}
    for name in ("blog", "shop"):
        described = client("secretsmanager", HOME).describe_secret(SecretId=PREFIX + name)
        assert described["RotationEnabled"] is False
        assert issuance.is_clean(name)
    assert issuance.value("blog") == current
    asked = requests(issuance)
    assert issuance.look().summary["secrets"] == []  # type: ignore[attr-defined]  # of look
    assert requests(issuance) == asked
