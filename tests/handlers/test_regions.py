"""Regions fail one by one, and the canary goes first."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
import time_machine

from certrotation.names import tags
from tests.simulation.estate import HOME, PREFIX, client
from tests.support.authority import now

if TYPE_CHECKING:
    from tests.double import Call
    from tests.simulation.estate import Estate, Run
    from tests.support.authorities import Authorities

pytestmark = pytest.mark.slow

US = "us-east-1"
SHOP = PREFIX + "shop"


@pytest.fixture
def renewed(estate: Estate, authorities: Authorities) -> str:
    """A shop with copies in both Regions, renewed; the version id."""
    estate.secret("shop", authorities.public.issue("shop.example.com"))
    estate.run()
    estate.aws.calls.clear()
    return estate.renew("shop", authorities.public.issue("shop.example.com"))


def imports(estate: Estate) -> list[str]:
    return [each.region for each in estate.aws.calls_of("acm", "ImportCertificate")]


def statuses(run: Run) -> dict[str, str]:
    return {each["region"]: each["status"] for each in run.rotation(SHOP)["regions"]}


@pytest.mark.usefixtures("renewed")
def test_the_canary_is_imported_read_back_and_tagged_before_any_other_region(
    estate: Estate,
) -> None:
    estate.run()

    work = {"ImportCertificate", "AddTagsToCertificate"}
    order = [(each.region, each.operation) for each in estate.aws.calls if each.operation in work]
    assert order == [
        (region, operation)
        for region in (HOME, US)
        for operation in ("ImportCertificate", "AddTagsToCertificate")
    ]


@pytest.mark.usefixtures("renewed")
def test_a_canary_that_cannot_be_read_returns_the_message_until_the_third_receive(
    estate: Estate,
) -> None:
    with time_machine.travel(now(), tick=False) as clock:
        scanned = estate.scan()
        # The secret and the queue live in the home Region too, so only ACM fails here.
        estate.aws.behaviour.denied = {("acm", "GetCertificate", HOME)}
        seen: list[tuple[str, list[str]]] = []
        for _ in range(3):
            run = estate.drain()
            seen.append((run.rotation(SHOP)["status"], imports(estate)))
            clock.shift(timedelta(minutes=16))

    assert scanned.scans[0]["queued"] == [SHOP]
    assert [status for status, _ in seen[:2]] == ["failed"] * 2
    assert seen[1][1] == []
    assert seen[2][1] == [US]


@pytest.mark.usefixtures("renewed")
def test_a_canary_that_fails_holds_the_others_back(estate: Estate) -> None:
    estate.aws.behaviour.denied = {("acm", "ImportCertificate", HOME)}

    # A copy made minutes ago might be denied because IAM does not see its tags yet.
    with time_machine.travel(now() + timedelta(minutes=61), tick=False):
        run = estate.run()

    assert statuses(run) == {HOME: "refused", US: "held_back"}
    assert US not in imports(estate)


@pytest.mark.usefixtures("renewed")
def test_another_region_fails_alone_and_is_finished_by_the_returned_message(
    estate: Estate,
) -> None:
    with time_machine.travel(now(), tick=False) as clock:
        estate.scan()
        estate.aws.behaviour.dark_regions = {US}
        first = estate.drain()
        estate.aws.behaviour.dark_regions = set()
        clock.shift(timedelta(minutes=2))
        second = estate.drain()

    assert statuses(first) == {US: "failed", HOME: "done"}
    assert first.metric("RotationFailed") == 1
    assert statuses(second) == {HOME: "done", US: "done"}
    assert imports(estate) == [HOME, US]


@pytest.mark.usefixtures("renewed")
def test_the_delay_of_a_returned_message_grows_until_an_outage_of_hours_is_over(
    estate: Estate,
) -> None:
    with time_machine.travel(now(), tick=False) as clock:
        estate.scan()
        estate.aws.behaviour.dark_regions = {US}
        waits = []
        for _ in range(4):
            assert estate.drain().rotations
            minutes = 0
            clock.shift(timedelta(seconds=1))
            while estate.waiting_messages()["ApproximateNumberOfMessages"] == 0:
                clock.shift(timedelta(minutes=1))
                minutes += 1
            waits.append(minutes)

    assert waits == [1, 2, 30, 8 * 60]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("dark_regions", {US}),
        ("denied", {("acm", "ListCertificates", US)}),
        ("denied", {("resourcegroupstaggingapi", "GetResources", US)}),
    ],
)
def test_a_scan_goes_on_without_a_region_that_is_dark_or_denied_and_says_so(
    estate: Estate, authorities: Authorities, name: str, value: object
) -> None:
    estate.secret("shop", authorities.public.issue("shop.example.com"))
    setattr(estate.aws.behaviour, name, value)

    run = estate.scan()

    (summary,) = run.scans
    assert list(summary["unreachable"]) == [US]
    assert summary["queued"] == [SHOP]
    assert run.metric("RegionsUnreachable") == 1
    assert all("CertificatesCritical" not in each for each in run.metrics), "no false all-clear"


def test_a_scan_that_cannot_list_secrets_fails_and_does_nothing(
    estate: Estate, authorities: Authorities
) -> None:
    estate.secret("shop", authorities.public.issue("shop.example.com"))
    estate.aws.behaviour.denied = {("secretsmanager", "ListSecrets", None)}

    with pytest.raises(Exception, match="ACCESS_DENIED"):
        estate.scan()

    assert not estate.aws.calls_of("sqs", "SendMessageBatch")


def test_the_scan_never_reads_a_secret_value(estate: Estate, authorities: Authorities) -> None:
    estate.secret("shop", authorities.public.issue("shop.example.com"))

    estate.scan()

    operations = {each.operation for each in estate.aws.calls_of("secretsmanager")}
    assert "ListSecrets" in operations
    assert not operations & {"GetSecretValue", "BatchGetSecretValue"}


@pytest.mark.usefixtures("renewed")
def test_a_canary_that_fails_three_times_gives_way_to_the_next_region(estate: Estate) -> None:
    def fail(call: Call) -> None:
        if call.operation == "ImportCertificate" and call.region == HOME:
            raise estate.aws.error("InternalFailure", call.operation)

    estate.scan()
    seen = []
    with estate.aws.before(fail):
        for minutes in (0, 2, 5):
            with time_machine.travel(now() + timedelta(minutes=minutes), tick=False):
                seen.append(statuses(estate.drain()))

    assert seen == [{HOME: "failed", US: "held_back"}] * 2 + [{HOME: "failed", US: "done"}]


def test_a_copy_that_vanishes_before_it_is_reimported_is_made_anew(
    estate: Estate, renewed: str
) -> None:
    (gone,) = estate.certificates(HOME)

    def delete(call: Call) -> None:
        if call.operation == "ImportCertificate" and gone in estate.certificates(HOME):
            client("acm", HOME).delete_certificate(CertificateArn=gone)

    with estate.aws.before(delete):
        run = estate.run()

    (new,) = estate.certificates(HOME)
    assert statuses(run) == {HOME: "done", US: "done"}
    assert new != gone
    assert estate.tags(new)[tags.VERSION] == renewed


def test_a_copy_that_acm_shows_and_cannot_find_is_left_for_the_next_run(
    estate: Estate, renewed: str
) -> None:
    def deny(call: Call) -> None:
        if call.operation == "ImportCertificate":
            raise estate.aws.error("ResourceNotFoundException", call.operation)

    with estate.aws.before(deny):
        run = estate.run()

    canary = run.rotation(SHOP)["regions"][0]
    assert canary["status"] == "failed"
    assert "looked different" in canary["error"]
    assert len(imports(estate)) < 10
    assert estate.tags(estate.certificates(HOME)[0])[tags.VERSION] != renewed
