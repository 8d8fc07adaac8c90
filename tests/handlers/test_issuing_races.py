"""Who else writes or rotates a secret with an issuer: newer work and others' rotations stay."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
import time_machine

from certrotation.errors import Unreachable
from certrotation.handlers import issue
from tests.simulation.estate import HOME, PREFIX, client, fields_of
from tests.simulation.issuing import FUNCTION, InstantCa, IssuingWorld
from tests.support.authority import now

if TYPE_CHECKING:
    from collections.abc import Callable

    from certrotation.workflows.issuing_ports import Patience
    from tests.double.embedded import PendingRotation
    from tests.simulation.estate import Estate
    from tests.simulation.mailbox import Mailbox
    from tests.support.authorities import Authorities

pytestmark = pytest.mark.slow

SHOP = f"{PREFIX}shop"
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
NAME = "shop.example.com"
OTHER_FUNCTION = FUNCTION.replace("certrotation-test-issue", "rotate-database")


class WatchedCa(InstantCa):
    """A CA during whose work something happens."""

    meanwhile: Callable[[], object] | None = None
    is_dark = False

    def collect(self, reference: str, request: bytes, patience: Patience) -> str:
        happens, self.meanwhile = self.meanwhile, None
        if happens is not None:
            happens()
        if self.is_dark:
            raise Unreachable("The CA does not answer.", "Wait.")
        return super().collect(reference, request, patience)


@pytest.fixture
def ca(authorities: Authorities) -> WatchedCa:
    return WatchedCa(authorities.public, 90 * DAY)


@pytest.fixture
def world(estate: Estate, ca: WatchedCa) -> IssuingWorld:
    return IssuingWorld(estate, ca)


def labels() -> dict[str, str]:
    described = client("secretsmanager", HOME).describe_secret(SecretId=SHOP)
    stages = described["VersionIdsToStages"]
    return {label: version for version, held in stages.items() for label in held}


def look(world: IssuingWorld) -> dict[str, Any]:
    with world.estate.listening():
        shown = world.handle({})["secrets"]
    return dict(shown[0]) if shown else {"state": "current"}


def write(world: IssuingWorld, authorities: Authorities) -> str:
    """A person writes a certificate of another CA, with the same name; returns the version."""
    return world.estate.renew("shop", fields_of(authorities.public.issue(NAME)))


def run(world: IssuingWorld, rotation: PendingRotation, tries: int = 1) -> list[str]:
    with world.estate.listening():
        return rotation.run(world.handle, tries)


def begin(world: IssuingWorld, *, by_hand: bool) -> PendingRotation:
    if by_hand:
        client("secretsmanager", HOME).rotate_secret(SecretId=SHOP, RotationLambdaARN=FUNCTION)
    else:
        world.look()
    (rotation,) = world.estate.aws.rotations(HOME)
    return rotation


# AWSCURRENT moves while an issuance is under way


@pytest.mark.parametrize("by_hand", [False, True])
def test_a_certificate_that_a_person_writes_during_an_issuance_stays_current(
    world: IssuingWorld, ca: WatchedCa, authorities: Authorities, *, by_hand: bool
) -> None:
    world.request("shop", NAME)
    with time_machine.travel(now(), tick=False) as clock:
        rotation = begin(world, by_hand=by_hand)
        written = []
        ca.meanwhile = lambda: written.append(write(world, authorities))

        failures = run(world, rotation, tries=4)
        current = labels()["AWSCURRENT"]
        clock.shift(2 * HOUR)
        state = look(world)["state"]

    assert written == [current]
    assert len(failures) == 4
    assert all(each.startswith("ISSUANCE_OVERTAKEN: ") for each in failures)
    assert "than when its rotation began" in failures[0]
    assert state == "current"
    assert labels() == {"AWSCURRENT": current, "AWSPREVIOUS": labels()["AWSPREVIOUS"]}
    assert ca.orders == 1


@pytest.mark.parametrize("by_hand", [False, True])
def test_a_rotation_that_a_persons_version_overtook_asks_the_ca_for_nothing_more(
    world: IssuingWorld, ca: WatchedCa, authorities: Authorities, *, by_hand: bool
) -> None:
    ca.is_dark = True
    world.request("shop", NAME)
    with time_machine.travel(now(), tick=False) as clock:
        rotation = begin(world, by_hand=by_hand)
        run(world, rotation)
        current = write(world, authorities)
        ca.is_dark = False

        (failure,) = run(world, rotation)
        clock.shift(2 * HOUR)
        state = look(world)["state"]

    assert failure.startswith("ISSUANCE_OVERTAKEN: ")
    assert state == "current"
    assert labels()["AWSCURRENT"] == current
    assert labels().keys() == {"AWSCURRENT", "AWSPREVIOUS"}


def test_a_request_that_a_person_writes_during_an_issuance_is_what_is_issued_in_the_end(
    world: IssuingWorld, ca: WatchedCa
) -> None:
    world.request("shop", NAME)
    asked: Any = {"request": {"names": [NAME, f"www.{NAME}"]}}
    ca.meanwhile = lambda: world.estate.renew("shop", asked)
    with time_machine.travel(now(), tick=False) as clock:
        world.look()
        world.rotate()
        clock.shift(HOUR)
        state = look(world)["state"]
        world.rotate()

    assert state == "started"
    assert world.current("shop")[1]["request"] == asked["request"]
    assert "certificate" in world.current("shop")[1]


def test_a_version_that_is_written_between_the_last_check_and_the_label_stays(
    world: IssuingWorld, estate: Estate, authorities: Authorities
) -> None:
    """Secrets Manager moves no label off another version than the one that is named."""
    world.request("shop", NAME)
    world.look()
    written: list[str] = []

    def meanwhile(call: Any) -> None:
        is_move = call.operation == "UpdateSecretVersionStage"
        if is_move and call.params["VersionStage"] == "AWSCURRENT" and not written:
            written.append(write(world, authorities))

    with estate.aws.before(meanwhile):
        world.rotate()

    assert written == [labels()["AWSCURRENT"]]


def test_a_certificate_that_waits_for_a_person_is_not_made_current_over_a_newer_one(
    world: IssuingWorld, estate: Estate, authorities: Authorities
) -> None:
    """What the look finds is finished only if it is still to replace what is current."""
    world.request("shop", NAME)
    world.look()
    (rotation,) = estate.aws.rotations(HOME)
    step = {"SecretId": rotation.arn, "ClientRequestToken": rotation.token}
    with time_machine.travel(now(), tick=False) as clock:
        with estate.listening():
            world.handle({"Step": "createSecret", **step})
        current = write(world, authorities)
        clock.shift(2 * HOUR)
        state = look(world)["state"]

    assert state == "current"
    assert labels()["AWSCURRENT"] == current
    assert "AWSPENDING" not in labels()


# Several first issuances


def test_until_an_account_with_a_binding_is_made_one_issuance_at_a_time_begins(
    world: IssuingWorld, ca: WatchedCa, estate: Estate
) -> None:
    ca.has_account = False
    for name in ("shop", "shop-eu", "shop-us"):
        world.request(name, NAME)

    def states() -> list[str]:
        with estate.listening():
            return sorted(each["state"] for each in world.handle({})["secrets"])

    with time_machine.travel(now(), tick=False) as clock:
        first = states()
        clock.shift(HOUR / 2)
        meanwhile = states()
        # The rotation came to nothing before the account was made: another secret's may begin.
        estate.aws.rotations(HOME)
        clock.shift(HOUR)
        again = states()
        ca.has_account = True
        world.rotate()
        clock.shift(HOUR)
        last = states()

    assert first == ["later", "later", "started"]
    assert meanwhile == ["later", "later", "under way"]
    assert again == ["later", "later", "started"]
    assert last == ["started", "started"]


# Whose rotation it is


def rotated_by_another(*, is_cancelled: bool) -> str:
    """Let another function begin a rotation; returns the pending version."""
    secrets = client("secretsmanager", HOME)
    pending = secrets.rotate_secret(SecretId=SHOP, RotationLambdaARN=OTHER_FUNCTION)["VersionId"]
    if is_cancelled:
        secrets.cancel_rotate_secret(SecretId=SHOP)
    return str(pending)


@pytest.mark.parametrize("is_cancelled", [False, True])
@pytest.mark.parametrize("what", ["tagged", "hold", "untagged"])
def test_a_rotation_by_another_function_is_left_alone_and_told(
    world: IssuingWorld, estate: Estate, mailbox: Mailbox, what: str, *, is_cancelled: bool
) -> None:
    world.request("shop", NAME)
    pending = rotated_by_another(is_cancelled=is_cancelled)
    if what == "hold":
        estate.tag_secret("shop", hold="")
    elif what == "untagged":
        estate.untag_secret("shop", "issuer")
    estate.aws.calls.clear()

    for _ in range(2):
        shown = look(world)

    writes = [e.operation for e in estate.aws.calls if e.operation != "Publish"]
    assert [each for each in writes if not each.startswith(("Describe", "Get", "List"))] == []
    assert labels()["AWSPENDING"] == pending
    if what == "tagged":
        assert shown["finding"]["code"] == "ISSUANCE_REFUSED"
        expected = "another function made" if is_cancelled else f"{OTHER_FUNCTION} rotates"
        assert expected in shown["finding"]["found"]
        assert expected in mailbox.letters()[0].body


def test_a_step_for_a_secret_that_another_function_rotates_is_refused(world: IssuingWorld) -> None:
    world.request("shop", NAME)
    pending = rotated_by_another(is_cancelled=False)
    event = {"Step": "createSecret", "SecretId": SHOP, "ClientRequestToken": pending}
    with world.estate.listening(), pytest.raises(issue.StepFailedError, match=OTHER_FUNCTION):
        world.handle(event)


def test_a_rotation_that_was_set_up_with_an_alias_is_this_functions_own(
    world: IssuingWorld,
) -> None:
    world.request("shop", NAME)
    secrets = client("secretsmanager", HOME)
    secrets.rotate_secret(SecretId=SHOP, RotationLambdaARN=f"{FUNCTION}:live")
    world.rotate()
    assert "certificate" in world.current("shop")[1]


@pytest.mark.parametrize("has_value", [False, True])
def test_a_rotation_that_somebody_cancelled_is_cleared_and_the_tag_begins_another(
    world: IssuingWorld, estate: Estate, ca: WatchedCa, *, has_value: bool
) -> None:
    world.request("shop", NAME)
    world.look()
    (rotation,) = estate.aws.rotations(HOME)
    step = {"SecretId": rotation.arn, "ClientRequestToken": rotation.token}
    if has_value:
        with estate.listening():
            world.handle({"Step": "createSecret", **step})
    client("secretsmanager", HOME).cancel_rotate_secret(SecretId=SHOP)

    state = look(world)["state"]
    world.rotate()

    assert state == "started"
    assert "certificate" in world.current("shop")[1]
    assert ca.orders == 1
    assert labels().keys() == {"AWSCURRENT", "AWSPREVIOUS"}


def test_a_note_of_this_function_is_cleared_though_another_rotates_the_untagged_secret(
    world: IssuingWorld, estate: Estate, ca: WatchedCa
) -> None:
    ca.is_dark = True
    world.request("shop", NAME)
    world.look()
    world.rotate()
    client("secretsmanager", HOME).update_secret_version_stage(
        SecretId=SHOP, VersionStage="AWSPENDING", RemoveFromVersionId=labels()["AWSPENDING"]
    )
    pending = rotated_by_another(is_cancelled=False)
    estate.untag_secret("shop", "issuer")

    assert look(world)["state"] == "released"

    assert labels() == {"AWSCURRENT": labels()["AWSCURRENT"], "AWSPENDING": pending}
    described = client("secretsmanager", HOME).describe_secret(SecretId=SHOP)
    assert described["RotationEnabled"]


def test_a_pending_version_that_this_function_has_not_written_is_never_made_current(
    world: IssuingWorld,
) -> None:
    world.request("shop", NAME)
    world.look()
    (rotation,) = world.estate.aws.rotations(HOME)
    client("secretsmanager", HOME).put_secret_value(
        SecretId=SHOP,
        ClientRequestToken=rotation.token,
        SecretString='{"certificate": "by hand"}',
        VersionStages=["AWSPENDING"],
    )
    (failure,) = run(world, rotation)
    assert failure.startswith("SECRET_NOT_MANAGED: ")
    assert labels()["AWSPENDING"] == rotation.token
    assert labels()["AWSCURRENT"] != rotation.token
