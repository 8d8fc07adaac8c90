"""What the issue function says of its work, and what Secrets Manager asks of it."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest
import time_machine

from certrotation.core.issuance.note import LABEL, Note, Order, Placement
from certrotation.core.issuance.renewal import CaWindow
from certrotation.core.issuance.wish import Wish
from certrotation.core.material.host_names import names_of
from certrotation.core.material.x509_facts import KeyAlgorithm
from certrotation.errors import AccessDenied, OrderGone, Unreachable
from tests.simulation.estate import HOME, PREFIX, client
from tests.simulation.issuing import FUNCTION, InstantCa, IssuingWorld
from tests.support.authority import now

if TYPE_CHECKING:
    from collections.abc import Sequence

    from certrotation.workflows.issuing_ports import Patience, TxtRecord
    from tests.simulation.estate import Estate
    from tests.simulation.mailbox import Mailbox
    from tests.support.authorities import Authorities

pytestmark = pytest.mark.slow

SHOP = f"{PREFIX}shop"
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
TOKEN = "a-token-of-Secrets-Manager-of-at-least-36-characters"


@pytest.fixture
def ca(authorities: Authorities) -> InstantCa:
    return InstantCa(authorities.public, 90 * DAY)


@pytest.fixture
def world(estate: Estate, ca: InstantCa) -> IssuingWorld:
    return IssuingWorld(estate, ca)


def next_monday(hour: int) -> datetime:
    midnight = now().replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight + timedelta(days=7 - midnight.weekday(), hours=hour)


def test_the_digest_says_what_was_issued_by_whom_and_because_of_which_rule(
    world: IssuingWorld, estate: Estate, mailbox: Mailbox
) -> None:
    estate.environment["CERTROTATION_DIGEST"] = "monday"
    with time_machine.travel(next_monday(6) + timedelta(minutes=20), tick=False) as clock:
        world.request("shop", "shop.example.com")
        world.request("shop-denied", "blog.example.com")
        world.look()
        world.rotate()
        version, value = world.current("shop")
        told = []
        for _ in range(4):
            clock.shift(HOUR)
            world.look()
            told.append([each for each in mailbox.letters() if "weekly digest" in each.subject])

    assert [len(each) for each in told] == [0, 1, 0, 0]
    (letter,) = told[1]
    assert letter.subject.startswith("certrotation-test: weekly digest of issuances ")
    issued, failing, _ = letter.body.split(":\n  ", 3)[1:]
    assert f"{SHOP}\n    issued by ca " in issued
    assert f"version {version}, because the secret has a request and no certificate" in issued
    assert value["issued"]["by"] == "ca"
    assert f"{SHOP}-denied\n    ISSUANCE_REFUSED: The issuer ca does not allow" in failing
    assert SHOP not in failing.replace(f"{SHOP}-denied", "")


def test_a_digest_of_issuances_is_off_by_default(world: IssuingWorld, mailbox: Mailbox) -> None:
    with time_machine.travel(next_monday(8), tick=False):
        world.request("shop", "shop.example.com")
        world.look()
    assert mailbox.letters() == []


def test_the_rule_of_each_issuance_is_recorded(world: IssuingWorld, ca: InstantCa) -> None:
    def issue(*, by_hand: bool = False) -> str:
        if by_hand:
            client("secretsmanager", HOME).rotate_secret(SecretId=SHOP, RotationLambdaARN=FUNCTION)
        # The CA may have a window, and a look asks for it in every sixth hour.
        while not world.rotate().lines:
            world.look()
            clock.shift(HOUR)
        return str(world.current("shop")[1]["issued"]["because"])

    with time_machine.travel(now(), tick=False) as clock:
        world.request("shop", "shop.example.com")
        rules = [issue(), issue(by_hand=True)]
        clock.shift(61 * DAY)
        rules.append(issue())
        ca.window = CaWindow(now() - 2 * DAY, now() - DAY)
        rules.append(issue(by_hand=True))

    assert rules == [
        "the secret has a request and no certificate",
        "a person began the rotation",
        "a third of the lifetime is left",
        "the CA's renewal window",
    ]


def test_a_rotation_that_is_set_up_without_rotating_tests_an_empty_version(
    world: IssuingWorld, ca: InstantCa
) -> None:
    """Secrets Manager API Reference, RotateSecret, RotateImmediately: testSecret runs alone."""
    world.request("shop", "shop.example.com")
    answer = client("secretsmanager", HOME).rotate_secret(SecretId=SHOP, RotationLambdaARN=FUNCTION)
    (rotation,) = world.estate.aws.rotations(HOME)
    event = {"SecretId": rotation.arn, "ClientRequestToken": answer["VersionId"]}

    with world.estate.listening() as run:
        assert world.handle({"Step": "testSecret", **event}) is None

    assert '"status":"done"' in "".join(run.lines).replace(" ", "")
    assert ca.orders == 0
    assert "certificate" not in world.current("shop")[1]


def test_the_token_of_a_rotation_by_an_assumed_role_is_passed_on(
    world: IssuingWorld, estate: Estate
) -> None:
    """Secrets Manager API Reference, PutSecretValue, RotationToken."""
    world.request("shop", "shop.example.com")
    world.look()
    (rotation,) = estate.aws.rotations(HOME)
    event = {"SecretId": rotation.arn, "ClientRequestToken": rotation.token}
    estate.aws.calls.clear()

    with estate.listening():
        world.handle({"Step": "createSecret", "RotationToken": TOKEN, **event})

    puts = [each.params for each in estate.aws.calls if each.operation == "PutSecretValue"]
    written = {each["ClientRequestToken"]: each for each in puts}
    assert written[rotation.token]["RotationToken"] == TOKEN
    assert written[rotation.token]["VersionStages"] == ["AWSPENDING"]
    assert all("RotationToken" not in each for each in puts if each != written[rotation.token])


def test_what_was_issued_goes_live_though_its_record_is_in_the_value(
    world: IssuingWorld, estate: Estate
) -> None:
    world.request("shop", "shop.example.com", "*.shop.example.com")
    world.look()
    world.rotate()

    run = estate.run()

    assert run.rotation(SHOP)["status"] == "done"
    assert run.codes(SHOP) == set()
    (copy,) = estate.certificates(HOME)
    assert names_of(estate.presents(copy)) == {"shop.example.com", "*.shop.example.com"}


def test_a_look_makes_two_calls_for_each_secret_and_one_for_each_page(
    world: IssuingWorld, estate: Estate
) -> None:
    """docs/costs.md calculates with these counts."""
    for name in ("shop", "shop-eu", "shop-us"):
        world.request(name, "shop.example.com")
    world.look()
    world.rotate()
    estate.secret("other", {"certificate": "no issuer asks for this"})
    estate.aws.calls.clear()

    run = world.look()

    asked = Counter(f"{each.service}:{each.operation}" for each in estate.aws.calls)
    # The double returns two secrets on a page; AWS returns a hundred.
    assert asked == {
        "secretsmanager:ListSecrets": 2,
        "secretsmanager:DescribeSecret": 3,
        "secretsmanager:GetSecretValue": 3,
    }
    assert sum(map(len, run.lines)) < 1_600, "bytes of log lines and metrics"


def test_an_issuance_makes_twelve_calls_to_secrets_manager(
    world: IssuingWorld, estate: Estate
) -> None:
    """docs/costs.md calculates with this count."""
    world.request("shop", "shop.example.com")
    world.look()
    estate.aws.calls.clear()

    run = world.rotate()

    asked = Counter(each.operation for each in estate.aws.calls if each.service == "secretsmanager")
    assert asked == {
        "DescribeSecret": 3,
        "GetSecretValue": 5,
        "PutSecretValue": 2,
        "UpdateSecretVersionStage": 2,
    }
    assert sum(map(len, run.lines)) < 2_400, "bytes of log lines"


def test_the_note_of_an_issuer_that_was_removed_stops_neither_the_look_nor_the_secret(
    world: IssuingWorld, estate: Estate
) -> None:
    secrets = client("secretsmanager", HOME)
    of_another = Note(
        order=Order("removed", Wish(("a.example",), KeyAlgorithm.EC_PRIME256V1, None), "", "r"),
        placements=(Placement("Z1", "_acme-challenge.a.example", "value"),),
    ).to_json()

    def leave_a_note() -> None:
        secrets.put_secret_value(SecretId=SHOP, SecretString=of_another, VersionStages=[LABEL])

    def is_noted() -> bool:
        labels = secrets.describe_secret(SecretId=SHOP)["VersionIdsToStages"].values()
        return any(LABEL in each for each in labels)

    world.request("shop", "shop.example.com")
    leave_a_note()
    world.look()
    world.rotate()

    assert world.current("shop")[1]["issued"]["by"] == "ca"
    assert not is_noted()

    leave_a_note()
    estate.untag_secret("shop", "issuer")
    world.look()

    assert not is_noted()


class DarkCa(InstantCa):
    """A CA that takes orders, and does not answer while it is to issue."""

    is_dark = True

    def collect(self, reference: str, request: bytes, patience: Patience) -> str:
        if self.is_dark:
            raise Unreachable("The CA does not answer.", "The issuer asks again.")
        return super().collect(reference, request, patience)


def test_a_renewal_by_the_cas_window_goes_on_with_its_order_in_every_hour(
    estate: Estate, authorities: Authorities
) -> None:
    ca = DarkCa(authorities.public, 90 * DAY)
    ca.is_dark = False
    world = IssuingWorld(estate, ca)
    with time_machine.travel(now(), tick=False) as clock:
        world.request("shop", "shop.example.com")
        world.look()
        world.rotate()
        begun = ca.orders
        # A third is left, which the CA's window replaces, and the warning window is not open.
        clock.shift(62 * DAY)
        ca.window = CaWindow(now() - HOUR, now())
        ca.is_dark = True
        states = []
        for _ in range(14):
            clock.shift(HOUR)
            with estate.listening():
                states += [each["state"] for each in world.handle({})["secrets"]]
            world.rotate()
        ca.is_dark = False
        clock.shift(HOUR)
        world.look()
        world.rotate()

    assert ca.orders == begun + 1
    first = states.index("started")
    assert set(states[first:]) <= {"started", "under way"}
    assert len(states[first:]) >= 8, "in each hour since the window was asked for"
    assert world.current("shop")[1]["issued"]["because"] == "the CA's renewal window"


def test_what_aws_refuses_of_a_first_issuance_is_mailed_and_tried_again_in_an_hour(
    estate: Estate, mailbox: Mailbox, authorities: Authorities
) -> None:
    class DeniedCa(InstantCa):
        is_denied = True

        def proofs(self, reference: str) -> Sequence[TxtRecord]:
            if self.is_denied:
                raise AccessDenied("route53:ListResourceRecordSets is denied.", "Allow it.")
            return super().proofs(reference)

    ca = DeniedCa(authorities.public, 90 * DAY)
    world = IssuingWorld(estate, ca)
    with time_machine.travel(now(), tick=False) as clock:
        world.request("shop", "shop.example.com")
        world.look()
        failed = world.rotate()
        (letter,) = mailbox.letters()
        clock.shift(HOUR / 2)
        waiting = world.look()
        ca.is_denied = False
        clock.shift(HOUR)
        world.look()
        world.rotate()

    assert "ISSUANCE_REFUSED" in letter.body
    assert "route53:ListResourceRecordSets is denied." in letter.body
    assert any("ISSUANCE_REFUSED" in line for line in failed.lines)
    assert waiting.metric("IssuancesFailing") == 1
    assert world.current("shop")[1]["issued"]["by"] == "ca"
    assert ca.orders == 1


def test_an_order_that_fails_after_it_was_sent_is_told_and_not_repeated_at_once(
    estate: Estate, mailbox: Mailbox, authorities: Authorities
) -> None:
    class InvalidCa(InstantCa):
        def collect(self, reference: str, request: bytes, patience: Patience) -> str:
            del reference, request, patience
            raise OrderGone("The order is 'invalid': The CSR is not accepted.", "Another is sent.")

    ca = InvalidCa(authorities.public, 90 * DAY)
    world = IssuingWorld(estate, ca)
    with time_machine.travel(now(), tick=False):
        world.request("shop", "shop.example.com")
        world.look()
        world.rotate(tries=8)

    (letter,) = mailbox.letters()
    assert "The CSR is not accepted." in letter.body
    assert ca.orders == 1
