"""People are notified of whatever keeps a secret from its certificate; notes mislead no rule."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

import pytest
import time_machine

from certrotation.core.issuance.note import Placement
from certrotation.errors import (
    AccessDenied,
    CaLimits,
    CaRefuses,
    CertRotationError,
    NotValidated,
    NotYet,
    OrderGone,
    Throttled,
    Unreachable,
)
from certrotation.workflows.issuing_ports import TxtRecord
from tests.simulation.estate import HOME, PREFIX, client
from tests.simulation.issuing import InstantCa, IssuingWorld, NoZones
from tests.support.authority import now

if TYPE_CHECKING:
    from collections.abc import Sequence

    from certrotation.workflows.issuing_ports import OrderedCertificate, Patience
    from tests.double import Call
    from tests.simulation.estate import Estate
    from tests.simulation.mailbox import Mailbox
    from tests.simulation.runner import Run
    from tests.support.authorities import Authorities

pytestmark = pytest.mark.slow

SHOP = f"{PREFIX}shop"
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
NAME = "shop.example.com"


class BrokenCa(InstantCa):
    """A CA that fails in one of the steps of an order, until it is repaired."""

    failure: CertRotationError | None = None
    step = "collect"

    def order(self, wanted: OrderedCertificate) -> str:
        self._fail("order")
        return super().order(wanted)

    def validate(self, reference: str, patience: Patience) -> None:
        del reference, patience
        self._fail("validate")

    def collect(self, reference: str, request: bytes, patience: Patience) -> str:
        self._fail("collect")
        return super().collect(reference, request, patience)

    def _fail(self, step: str) -> None:
        if self.failure is not None and step == self.step:
            raise self.failure


@pytest.fixture
def ca(authorities: Authorities) -> BrokenCa:
    return BrokenCa(authorities.public, 90 * DAY)


@pytest.fixture
def world(estate: Estate, ca: BrokenCa) -> IssuingWorld:
    return IssuingWorld(estate, ca)


class Hours(NamedTuple):
    """Looks, one an hour, and the rotations that they begin."""

    world: IssuingWorld
    clock: time_machine.Traveller
    is_invoked: bool = True

    def go_on(self, hours: int) -> list[Run]:
        runs = []
        for _ in range(hours):
            runs.append(self.world.look())
            if self.is_invoked:
                self.world.rotate(tries=3)
            else:
                self.world.estate.aws.rotations(HOME)
            self.clock.shift(HOUR)
        return runs


def metrics(runs: list[Run], name: str) -> list[int]:
    return [each.metric(name) for each in runs]


def is_issued(world: IssuingWorld) -> bool:
    return "issued" in world.current("shop")[1]


@pytest.mark.parametrize(
    ("step", "failure", "mailed_in_hour"),
    [
        ("order", Unreachable("ca.example does not answer.", "Wait."), 2),
        ("collect", NotYet("The CA issues the certificate.", "Wait."), 2),
        ("validate", Throttled("route53 throttles.", "Wait."), 2),
        ("validate", AccessDenied("route53:GetChange is denied.", "Allow it."), 0),
        ("collect", OrderGone("The order is 'invalid'.", "Another is sent."), 0),
        ("validate", NotValidated("No TXT record.", "Check DNS."), 0),
        ("order", CaRefuses("rejectedIdentifier: no.", "Ask."), 0),
        ("order", CaLimits("rateLimited: wait.", "Wait.", retry_after=3 * DAY), 0),
    ],
    ids=lambda each: type(each).__name__ if isinstance(each, Exception) else None,
)
def test_a_first_certificate_that_does_not_come_is_counted_mailed_and_stalled_after_a_day(
    world: IssuingWorld,
    mailbox: Mailbox,
    step: str,
    failure: CertRotationError,
    mailed_in_hour: int,
) -> None:
    ca = world.ca
    assert isinstance(ca, BrokenCa)
    ca.step, ca.failure = step, failure
    world.request("shop", NAME)
    with time_machine.travel(now(), tick=False) as clock:
        hours = Hours(world, clock)
        runs = hours.go_on(mailed_in_hour)
        early = mailbox.letters()
        runs += hours.go_on(4 - mailed_in_hour)
        mails = mailbox.letters()
        clock.shift(20 * HOUR)
        runs += hours.go_on(2)
        ca.failure = None
        clock.shift(3 * DAY)
        hours.go_on(1)
        last = world.look()

    assert metrics(runs, "IssuancesFailing")[1:] == [1] * 5, "from the second look on"
    assert metrics(runs, "IssuancesStalled") == [0, 0, 0, 0, 0, 1]
    assert early == []
    (mail,) = mails
    assert failure.found in mail.body
    assert is_issued(world)
    assert metrics([last], "IssuancesFailing") == metrics([last], "IssuancesStalled") == [0]


def test_a_function_that_secrets_manager_cannot_invoke_is_counted_mailed_and_stalled(
    world: IssuingWorld, mailbox: Mailbox
) -> None:
    world.request("shop", NAME)
    with time_machine.travel(now(), tick=False) as clock:
        runs = Hours(world, clock, is_invoked=False).go_on(4)
        mails = mailbox.letters()
        clock.shift(20 * HOUR)
        runs += Hours(world, clock, is_invoked=False).go_on(2)
        Hours(world, clock).go_on(1)
        last = world.look()

    assert metrics(runs, "IssuancesFailing") == [0, 1, 1, 1, 1, 1]
    assert metrics(runs, "IssuancesStalled") == [0, 0, 0, 0, 0, 1]
    assert "ISSUANCE_UNFINISHED" in mails[0].body
    assert "check that Secrets Manager may invoke the function" in mails[0].body
    assert is_issued(world)
    assert metrics([last], "IssuancesFailing") == [0]


def test_a_secret_that_cannot_be_written_is_counted_mailed_and_stalled(
    world: IssuingWorld, estate: Estate, mailbox: Mailbox
) -> None:
    world.request("shop", NAME)

    def deny(call: Call) -> None:
        if call.operation == "PutSecretValue":
            raise estate.aws.error("AccessDeniedException", call.operation)

    with time_machine.travel(now(), tick=False) as clock, estate.aws.before(deny):
        runs = Hours(world, clock).go_on(4)
        clock.shift(20 * HOUR)
        runs += Hours(world, clock).go_on(2)
        (mail,) = mailbox.letters()

    assert metrics(runs, "IssuancesFailing") == [0, 1, 1, 1, 1, 1]
    assert metrics(runs, "IssuancesStalled") == [0, 0, 0, 0, 0, 1]
    assert "secretsmanager:PutSecretValue" in mail.body


def test_a_value_that_cannot_be_read_is_a_finding_and_is_mailed_once(
    world: IssuingWorld, estate: Estate, mailbox: Mailbox
) -> None:
    world.request("shop", NAME)

    def deny(call: Call) -> None:
        if call.operation == "GetSecretValue":
            raise estate.aws.error("AccessDeniedException", call.operation)

    with time_machine.travel(now(), tick=False) as clock, estate.aws.before(deny):
        runs = Hours(world, clock).go_on(2)

    assert metrics(runs, "IssuancesFailing") == [1, 1]
    (mail,) = mailbox.letters()
    assert "secretsmanager:GetSecretValue" in mail.body


def test_a_changed_request_is_stalled_after_a_third_of_what_is_left_of_the_certificate(
    world: IssuingWorld, ca: BrokenCa
) -> None:
    world.request("shop", NAME)
    with time_machine.travel(now(), tick=False) as clock:
        hours = Hours(world, clock)
        hours.go_on(1)
        # 60 days are left: too many for a renewal.
        clock.shift(30 * DAY - HOUR)
        ca.failure = Unreachable("ca.example does not answer.", "Wait.")
        value = world.current("shop")[1]
        value["request"]["names"].append(f"www.{NAME}")
        world.estate.renew("shop", value)
        runs = hours.go_on(2)
        clock.shift(20 * DAY - 4 * HOUR)
        runs += hours.go_on(4)

    assert metrics(runs, "RenewalsWanted") == [1] * 6
    assert metrics(runs, "IssuancesStalled") == [0, 0, 0, 0, 0, 1]
    assert metrics(runs, "IssuancesFailing") == [0, 1, 1, 1, 1, 1]


def test_a_renewal_that_the_stack_does_not_allow_any_more_is_stalled_too(
    world: IssuingWorld, estate: Estate
) -> None:
    world.request("shop", NAME)
    with time_machine.travel(now(), tick=False) as clock:
        hours = Hours(world, clock)
        hours.go_on(1)
        estate.tag_secret("shop", issuer="another")
        clock.shift(61 * DAY)
        runs = hours.go_on(1)
        clock.shift(10 * DAY)
        runs += hours.go_on(1)

    assert metrics(runs, "IssuancesFailing") == [1, 1]
    assert metrics(runs, "IssuancesStalled") == [0, 1]


def test_the_first_look_at_an_old_secret_that_gets_its_tag_is_no_stall(
    world: IssuingWorld, estate: Estate
) -> None:
    with time_machine.travel(now(), tick=False) as clock:
        world.request("shop", NAME)
        estate.untag_secret("shop", "issuer")
        clock.shift(10 * DAY)
        estate.tag_secret("shop", issuer="ca")
        clock.shift(HOUR)
        (run,) = Hours(world, clock).go_on(1)

    assert run.metric("IssuancesStalled") == 0
    assert is_issued(world)


@pytest.mark.parametrize("kind", [CaRefuses, NotValidated, CaLimits, Unreachable])
def test_an_order_that_has_failed_is_given_up_and_another_one_waits_for_its_time(
    world: IssuingWorld, ca: BrokenCa, kind: type[CertRotationError]
) -> None:
    """As one that the CA has made invalid after it was finalized (tests/issuers has each type)."""
    ca.failure = kind("The order failed.", "Read why.")
    ca.failure.ends_order = True
    world.request("shop", NAME)
    with time_machine.travel(now(), tick=False) as clock:
        world.look()
        world.rotate(tries=8)
        orders = [ca.orders]
        for _ in range(2):
            clock.shift(HOUR / 3)
            world.look()
            world.rotate(tries=8)
            orders.append(ca.orders)
        ca.failure = None
        clock.shift(12 * HOUR)
        world.look()
        world.rotate()

    assert orders == [1, 1, 1]
    assert ca.orders == 2
    assert is_issued(world)


class LostZones(NoZones):
    """Zones that took a record, and were deleted, or whose role was revoked, before it went."""

    def __init__(self, error: CertRotationError) -> None:
        self._error = error

    def places_of(self, records: Sequence[TxtRecord]) -> tuple[Placement, ...]:
        return tuple(Placement("Z1", f"{each.name}.", each.value) for each in records)

    def remove(self, placements: Sequence[Placement]) -> None:
        assert placements
        raise self._error


class ProvingCa(BrokenCa):
    """A CA that wants to see a record."""

    def proofs(self, reference: str) -> Sequence[TxtRecord]:
        return [TxtRecord(f"_acme-challenge.{NAME}", reference)]


LEFT = f"Remove the TXT records of _acme-challenge.{NAME} by hand: "
REFUSED = [
    NotValidated("No hosted zone has the id Z1.", "Correct zones."),
    AccessDenied("sts:AssumeRole is denied.", "Allow it."),
]


@pytest.mark.parametrize("refused", REFUSED, ids=lambda each: type(each).__name__)
def test_a_record_that_cannot_be_removed_stops_no_certificate_and_is_named(
    estate: Estate, authorities: Authorities, refused: CertRotationError
) -> None:
    world = IssuingWorld(estate, ProvingCa(authorities.public, 90 * DAY))
    world.zones = LostZones(refused)
    world.request("shop", NAME)

    world.look()
    run = world.rotate()

    assert is_issued(world)
    assert any(f"{LEFT}{refused.found}" in line for line in run.lines)


def test_a_record_that_cannot_be_removed_keeps_no_secret_from_its_release(
    estate: Estate, authorities: Authorities
) -> None:
    ca = ProvingCa(authorities.public, 90 * DAY)
    ca.failure = Unreachable("ca.example does not answer.", "Wait.")
    world = IssuingWorld(estate, ca)
    world.zones = LostZones(REFUSED[0])
    world.request("shop", NAME)
    world.look()
    world.rotate()
    estate.untag_secret("shop", "issuer")

    with estate.listening():
        (released,) = world.handle({})["secrets"]

    assert released["state"] == "released"
    assert released["left_records"] == LEFT + REFUSED[0].found
    described = client("secretsmanager", HOME).describe_secret(SecretId=SHOP)
    labels = [label for each in described["VersionIdsToStages"].values() for label in each]
    assert labels == ["AWSCURRENT"]
    with estate.listening():
        assert world.handle({})["secrets"] == []


# What notes must not change


def fail_to_renew(world: IssuingWorld, ca: BrokenCa) -> None:
    """Let a renewal fail, with another sentence each time, so that it is noted anew."""
    ca.failure = AccessDenied(f"route53 denies at {now():%H:%M}.", "Allow it.")
    world.look()
    world.rotate()
    described = client("secretsmanager", HOME).describe_secret(SecretId=SHOP)
    ago = now() - described["LastChangedDate"]
    assert ago < HOUR, "as Secrets Manager sees it, somebody has changed the secret"


def test_a_copy_that_does_not_go_live_is_overdue_though_an_issuance_is_noted_each_hour(
    world: IssuingWorld, ca: BrokenCa, estate: Estate
) -> None:
    world.request("shop", NAME)
    with time_machine.travel(now(), tick=False) as clock:
        hours = Hours(world, clock)
        hours.go_on(1)
        estate.run()
        clock.shift(75 * DAY)
        # The renewal does not go live.
        hours.go_on(1)
        clock.shift(75 * DAY)
        overdue = []
        for _ in range(3):
            fail_to_renew(world, ca)
            overdue.append(estate.scan().metric("CopiesOverdue"))
            clock.shift(HOUR)

    assert overdue == [2] * 3, "in both Regions"


def test_material_that_is_refused_is_mailed_once_a_day_though_an_issuance_is_noted_each_hour(
    world: IssuingWorld, ca: BrokenCa, authorities: Authorities, mailbox: Mailbox
) -> None:
    estate = world.estate
    with time_machine.travel(now(), tick=False) as clock:
        # Within its warning window, and without a chain.
        issued = authorities.public.issue(NAME, lifetime=90 * DAY)
        world.request("shop", NAME)
        value = {"certificate": issued.certificate_pem, "private_key": issued.key_pem()}
        estate.renew("shop", value)
        clock.shift(75 * DAY + 3 * HOUR)
        mails, outcomes = 0, []
        for _ in range(4):
            fail_to_renew(world, ca)
            outcomes.append(estate.run().rotation(SHOP)["status"])
            mails += sum("refused" in each.subject for each in mailbox.letters())
            clock.shift(HOUR)

    assert outcomes == ["refused"] * 4
    assert mails == 0, "75 days and three to six hours after the version was written"


def test_a_rotation_is_under_way_for_an_hour_whatever_else_changes_the_secret(
    world: IssuingWorld, estate: Estate
) -> None:
    world.request("shop", NAME)
    with time_machine.travel(now(), tick=False) as clock:
        world.look()
        (lost,) = estate.aws.rotations(HOME)
        states = []
        for minutes in (30, 25, 10):
            clock.shift(timedelta(minutes=minutes))
            estate.tag_secret("shop", team=f"after {minutes} minutes")
            with estate.listening():
                states += [each["state"] for each in world.handle({})["secrets"]]
        (again,) = estate.aws.rotations(HOME)

    assert states == ["under way", "under way", "started"]
    assert again.token != lost.token


def test_a_rotation_that_a_person_begins_is_not_ended_by_the_next_look(
    world: IssuingWorld, ca: BrokenCa
) -> None:
    """The version has no value yet, and the note of an earlier attempt is days old."""
    ca.failure = Unreachable("ca.example does not answer.", "Wait.")
    world.request("shop", NAME)
    secrets = client("secretsmanager", HOME)
    with time_machine.travel(now(), tick=False) as clock:
        Hours(world, clock).go_on(3)
        (pending,) = [
            version
            for version, labels in secrets.describe_secret(SecretId=SHOP)[
                "VersionIdsToStages"
            ].items()
            if "AWSPENDING" in labels
        ]
        secrets.update_secret_version_stage(
            SecretId=SHOP, VersionStage="AWSPENDING", RemoveFromVersionId=pending
        )
        secrets.rotate_secret(SecretId=SHOP)
        clock.shift(HOUR / 2)
        with world.estate.listening():
            (shown,) = world.handle({})["secrets"]

    assert (shown["state"], shown["error"]) == (
        "under way",
        "UNREACHABLE: ca.example does not answer. Wait.",
    )
