"""Other programs hear from the event bus what came of a rotation."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from cryptography import x509

from certrotation.names import tags
from certrotation.names.events import REFUSED, ROTATED
from tests.contracts.event_schemas import wrongs
from tests.double.event_bus import MOST_BYTES
from tests.double.refusals import refused
from tests.handlers.messages import ask_for
from tests.simulation.estate import HOME, PREFIX, client, fields_of
from tests.simulation.faults import DeathError, dying
from tests.support.authority import shared_key

if TYPE_CHECKING:
    import time_machine

    from tests.double import Call
    from tests.simulation.estate import Estate
    from tests.simulation.mailbox import Mailbox
    from tests.support.authorities import Authorities
    from tests.support.authority import Issued

pytestmark = pytest.mark.slow

US = "us-east-1"
SHOP = PREFIX + "shop"
NAME = "shop.example.com"
HOUR = timedelta(hours=1)
VISIBLE_AGAIN = timedelta(minutes=31)
MUST_STAPLE = x509.TLSFeature([x509.TLSFeatureType.status_request])


@pytest.fixture(autouse=True)
def _announced(estate: Estate) -> None:
    estate.environment["CERTROTATION_EVENTS"] = "on"


@pytest.fixture
def rsa(authorities: Authorities) -> Issued:
    return authorities.public.issue(NAME, key=shared_key("rsa2048"))


def put(estate: Estate, kind: str) -> list[dict[str, Any]]:
    """Return the details of the events of a kind; each fits the documented schema."""
    found = [each for each in estate.aws.events() if each.kind == kind]
    assert {(each.region, each.source) for each in found} <= {(HOME, "certrotation")}
    assert [wrong for each in found for wrong in wrongs(kind, each.detail)] == []
    return [each.detail for each in found]


def mix_up(estate: Estate, authorities: Authorities) -> tuple[str, str]:
    """Put a certificate beside another one's key; return the version id and the key."""
    good, other = (authorities.public.issue(NAME) for _ in range(2))
    version = estate.renew("shop", fields_of(good) | {"private_key": other.key_pem()})
    return version, other.key_pem()


def failing(estate: Estate, code: str) -> Any:
    def fail(call: Call) -> None:
        if call.operation == "PutEvents":
            raise estate.aws.error(code, call.operation)

    return estate.aws.before(fail)


def newest(estate: Estate, region: str) -> str:
    (arn,) = (
        each for each in estate.certificates(region) if tags.SUPERSEDED_BY not in estate.tags(each)
    )
    return arn


def test_a_first_certificate_is_announced_when_it_is_live_in_every_region(
    estate: Estate, rsa: Issued
) -> None:
    version = estate.secret("shop", rsa)

    estate.run()

    leaf = rsa.certificate
    (event,) = put(estate, ROTATED)
    assert event == {
        "schema": "certrotation/rotated/1",
        "stack": "certrotation-test",
        "secret": SHOP,
        "version": version,
        "summary": f"{SHOP}: version {version} is live in {HOME}, {US}. It expires on"
        f" {leaf.not_valid_after_utc:%Y-%m-%d}.",
        "not_after": f"{leaf.not_valid_after_utc:%Y-%m-%dT%H:%M:%SZ}",
        "serial": f"{leaf.serial_number:x}",
        "fingerprint": event["fingerprint"],
        "regions": [
            {"region": region, "arns": estate.certificates(region), "replaced": [], "moved": 0}
            for region in (HOME, US)
        ],
        "findings": [],
        "findings_omitted": 0,
    }


def test_a_renewal_is_announced_once_and_a_run_that_finds_it_done_announces_nothing(
    estate: Estate, authorities: Authorities, rsa: Issued
) -> None:
    estate.secret("shop", rsa)
    estate.run()
    version = estate.renew("shop", authorities.public.issue(NAME, key=shared_key("rsa2048")))

    estate.run()
    estate.rotate("shop")
    estate.run()

    assert [each["version"] for each in put(estate, ROTATED)][1:] == [version]


def test_a_replacement_is_announced_after_the_move_with_the_arns_that_were_replaced(
    estate: Estate, authorities: Authorities, rsa: Issued
) -> None:
    estate.secret("shop", rsa)
    estate.run()
    old = {region: newest(estate, region) for region in (HOME, US)}
    listener = estate.listener("web", HOME, old[HOME])
    estate.renew("shop", authorities.public.issue(NAME))
    moved = []

    def look(call: Call) -> None:
        if call.operation == "PutEvents":
            with estate.aws.unobserved():
                moved.append(estate.default_of(listener) != old[HOME])

    with estate.aws.before(look):
        estate.run()

    assert moved == [True]
    assert put(estate, ROTATED)[1]["regions"] == [
        {"region": HOME, "arns": [newest(estate, HOME)], "replaced": [old[HOME]], "moved": 1},
        {"region": US, "arns": [newest(estate, US)], "replaced": [old[US]], "moved": 0},
    ]


def test_a_later_renewal_names_no_certificate_that_an_earlier_one_replaced(
    estate: Estate, authorities: Authorities, rsa: Issued, clock: time_machine.Traveller
) -> None:
    estate.secret("shop", rsa)
    estate.run()
    key = shared_key("p256")
    estate.renew("shop", authorities.public.issue(NAME, key=key))
    estate.run()
    clock.shift(24 * HOUR)
    estate.renew("shop", authorities.public.issue(NAME, key=key))

    estate.run()

    assert [
        [len(region["replaced"]) for region in each["regions"]] for each in put(estate, ROTATED)
    ] == [[0, 0], [1, 1], [0, 0]]


def test_a_rotation_that_takes_two_runs_is_announced_by_the_second_for_both_regions(
    estate: Estate, authorities: Authorities, rsa: Issued, clock: time_machine.Traveller
) -> None:
    estate.secret("shop", rsa)
    estate.run()
    old = {region: newest(estate, region) for region in (HOME, US)}
    estate.renew("shop", authorities.public.issue(NAME))

    def fail(call: Call) -> None:
        if call.operation == "ImportCertificate" and call.region == US:
            raise estate.aws.error("ThrottlingException", call.operation)

    with estate.aws.before(fail):
        assert estate.run().rotation(SHOP)["status"] == "failed"
    assert len(put(estate, ROTATED)) == 1
    clock.shift(VISIBLE_AGAIN)
    estate.drain()

    assert [each["replaced"] for each in put(estate, ROTATED)[1]["regions"]] == [
        [old[HOME]],
        [old[US]],
    ]


def test_warnings_are_part_of_the_event(estate: Estate, authorities: Authorities) -> None:
    estate.secret("shop", authorities.public.issue(NAME, extensions=[MUST_STAPLE]))

    estate.run()

    (event,) = put(estate, ROTATED)
    ((region, code, severity),) = {
        (each["region"], each["code"], each["severity"]) for each in event["findings"]
    }
    assert (region, code, severity) == (None, "MUST_STAPLE", "warn")


def test_a_dependent_that_somebody_put_back_and_that_is_moved_again_is_no_new_rotation(
    estate: Estate, authorities: Authorities, rsa: Issued, clock: time_machine.Traveller
) -> None:
    estate.secret("shop", rsa, {tags.REGIONS: HOME})
    estate.run()
    old = newest(estate, HOME)
    listener = estate.listener("web", HOME, old)
    estate.renew("shop", authorities.public.issue(NAME, lifetime=timedelta(days=200)))
    estate.run()
    clock.shift(2 * HOUR)
    estate.point(listener, old)
    clock.shift(2 * HOUR)

    estate.run()

    assert estate.default_of(listener) == newest(estate, HOME)
    assert len(put(estate, ROTATED)) == 2


def test_in_report_mode_and_on_hold_no_rotation_is_announced(estate: Estate, rsa: Issued) -> None:
    estate.secret("shop", rsa)
    estate.environment["CERTROTATION_MODE"] = "report"
    estate.run()
    estate.environment["CERTROTATION_MODE"] = "apply"
    estate.tag_secret("shop", hold="")
    estate.run()

    assert put(estate, ROTATED) == []


def test_a_refusal_is_announced_with_what_to_do_and_without_a_byte_of_the_key(
    estate: Estate, authorities: Authorities, rsa: Issued
) -> None:
    estate.secret("shop", rsa)
    estate.run()
    version, key = mix_up(estate, authorities)

    estate.rotate("shop", version=version)

    (event,) = put(estate, REFUSED)
    ((reason),) = event.pop("reasons")
    assert event == {
        "schema": "certrotation/refused/1",
        "stack": "certrotation-test",
        "secret": SHOP,
        "version": version,
        "summary": f"{SHOP}: version {version} is refused in all Regions: KEY_MISMATCH. Nothing"
        " changes there until a person acts.",
        "codes": ["KEY_MISMATCH"],
        "reasons_omitted": 0,
        "regions": [],
        "runbook": "docs/runbook.md, 'MaterialRefused: new material was refused'",
    }
    assert (reason["region"], reason["code"]) == (None, "KEY_MISMATCH")
    assert reason["remedy"] == (
        "Write the private key that belongs to the certificate into the secret."
    )
    assert key.splitlines()[1] not in json.dumps([event, reason])


def test_a_refusal_in_one_region_says_how_the_others_ended(
    estate: Estate, authorities: Authorities, rsa: Issued
) -> None:
    estate.secret("shop", rsa)
    estate.run()
    estate.listener("k8s", US, newest(estate, US), tags={"elbv2.k8s.aws/cluster": "prod"})
    estate.renew("shop", authorities.public.issue(NAME))

    estate.run()

    (event,) = put(estate, REFUSED)
    assert event["regions"] == [
        {"region": US, "status": "refused"},
        {"region": HOME, "status": "done"},
    ]
    assert [(each["region"], each["code"]) for each in event["reasons"]] == [
        (US, "DEPENDENT_UNMOVABLE")
    ]
    assert len(put(estate, ROTATED)) == 1, "only the first certificate was live everywhere"


def test_a_refusal_that_lasts_is_announced_again_once_a_day(
    estate: Estate, authorities: Authorities, rsa: Issued, clock: time_machine.Traveller
) -> None:
    estate.secret("shop", rsa)
    estate.run()
    mix_up(estate, authorities)

    for _ in range(25):
        estate.run()
        clock.shift(HOUR)

    assert len(put(estate, REFUSED)) == 2


def test_a_name_that_somebody_invented_stays_safe_between_quotes(estate: Estate) -> None:
    body = {"secret": PREFIX + 'x"}\\\n<b>'}
    client("sqs", HOME).send_message(QueueUrl=estate.queue_url, MessageBody=json.dumps(body))

    estate.aws.behaviour.denied = {("secretsmanager", "DescribeSecret", None)}
    estate.drain()

    (event,) = put(estate, REFUSED)
    assert event["secret"] == f"{PREFIX}x'}}/ <b>"
    assert event["codes"] == ["ACCESS_DENIED"]


def test_a_run_that_dies_before_the_event_is_followed_by_one_that_puts_it(
    estate: Estate, rsa: Issued, clock: time_machine.Traveller
) -> None:
    estate.secret("shop", rsa)
    estate.scan()
    with (
        dying(estate.aws, "before", lambda call: call.operation == "PutEvents"),
        pytest.raises(DeathError),
    ):
        estate.drain()
    assert put(estate, ROTATED) == []
    clock.shift(VISIBLE_AGAIN)

    estate.run()

    (event,) = put(estate, ROTATED)
    assert [len(each["arns"]) for each in event["regions"]] == [1, 1]


@pytest.mark.parametrize("code", ["InternalException", "ThrottlingException"])
def test_an_event_that_the_bus_does_not_take_now_is_put_when_the_message_comes_back(
    estate: Estate, rsa: Issued, clock: time_machine.Traveller, code: str
) -> None:
    estate.secret("shop", rsa)
    with failing(estate, code):
        run = estate.run()
    assert run.rotation(SHOP)["status"] == "done"
    (line,) = (json.loads(each) for each in run.lines if '"EVENT_NOT_PUT"' in each)
    assert line["level"] == "WARNING"
    assert "events:PutEvents for Certificate Rotated" in line["event"]["error"]
    clock.shift(timedelta(minutes=2))

    estate.drain()

    assert len(put(estate, ROTATED)) == 1
    assert estate.waiting_messages()["ApproximateNumberOfMessagesNotVisible"] == 0


def test_a_bus_that_is_down_for_long_costs_no_message_and_delays_a_mail_by_minutes(
    estate: Estate,
    authorities: Authorities,
    rsa: Issued,
    mailbox: Mailbox,
    clock: time_machine.Traveller,
) -> None:
    estate.secret("shop", rsa)
    estate.run()
    mix_up(estate, authorities)
    ask_for(estate, "shop")

    with failing(estate, "InternalException"):
        for _ in range(6):
            estate.drain()
            clock.shift(timedelta(minutes=16))

    assert len(mailbox.letters()) == 1
    assert estate.dead_letters() == 0
    assert sum(estate.waiting_messages().values()) == 0


def test_a_role_that_may_put_no_events_rotates_all_the_same(estate: Estate, rsa: Issued) -> None:
    estate.secret("shop", rsa)

    with failing(estate, "AccessDeniedException"):
        run = estate.run()

    assert run.rotation(SHOP)["status"] == "done"
    (line,) = (json.loads(each) for each in run.lines if '"EVENT_NOT_PUT"' in each)
    assert line["level"] == "ERROR"
    assert sum(estate.waiting_messages().values()) == 0


def test_without_the_setting_the_bus_is_not_called(estate: Estate, rsa: Issued) -> None:
    estate.environment["CERTROTATION_EVENTS"] = "off"
    estate.secret("shop", rsa)

    estate.run()

    assert estate.aws.calls_of("events") == []


def test_the_double_takes_no_entry_above_the_limit_of_eventbridge(estate: Estate) -> None:
    events = client("events", HOME)
    entry = {"Source": "s", "DetailType": "d", "Detail": json.dumps({"a": "x" * MOST_BYTES})}

    with refused("ValidationException", "Total size of the entries"):
        events.put_events(Entries=[entry])
    assert estate.aws.events() == []
