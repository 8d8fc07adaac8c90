"""A template of another team waits for a managed certificate, and gets its ARN or a reason."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from certrotation.core.provision.decision import SHOWN_AFTER
from certrotation.errors import MessageMalformed
from certrotation.names import tags
from tests.simulation.custom_resources import Resource, cloudformation
from tests.simulation.estate import HOME, PREFIX, client, fields_of
from tests.simulation.mailbox import Mailbox
from tests.simulation.runner import run_custom_resource
from tests.support.authority import shared_key

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import time_machine

    from tests.double import Call
    from tests.simulation.custom_resources import Engine
    from tests.simulation.estate import Estate
    from tests.support.authorities import Authorities

pytestmark = pytest.mark.slow

US = "us-east-1"
SHOP = PREFIX + "shop"
NAME = "shop.example.com"
ID = f"{SHOP}/{HOME}"
PAUSE = timedelta(seconds=15)
MINUTE = timedelta(minutes=1)
WANTED = {"Secret": "shop", "Region": HOME}


@pytest.fixture
def engine(estate: Estate, clock: time_machine.Traveller) -> Iterator[Engine]:
    del clock
    with cloudformation(estate) as found:
        yield found


def settle(engine: Engine, clock: time_machine.Traveller, path: str, most: int = 200) -> Any:
    """Let provider and rotate run in turn until a request is answered; return the answer."""
    for _ in range(most):
        if path in engine.answers:
            assert engine.waiting() == 0
            return engine.answers[path]
        engine.deliver()
        engine.rotate()
        clock.shift(PAUSE)
    raise AssertionError("no answer")


def copy_in(estate: Estate, region: str) -> str:
    (arn,) = (
        each for each in estate.certificates(region) if tags.SUPERSEDED_BY not in estate.tags(each)
    )
    return arn


def created(engine: Engine, clock: time_machine.Traveller) -> Resource:
    """Create the resource; return what CloudFormation then knows of it."""
    answer = settle(engine, clock, engine.create(**WANTED))
    assert answer["Status"] == "SUCCESS"
    return Resource(
        physical_id=answer["PhysicalResourceId"], properties=WANTED, attributes=answer["Data"]
    )


def test_a_copy_that_is_live_is_answered_at_once(
    engine: Engine, estate: Estate, authorities: Authorities
) -> None:
    issued = authorities.public.issue(NAME)
    version = estate.secret("shop", issued)
    estate.run()

    path = engine.create(**WANTED)

    answer = engine.answers[path]
    assert {key: answer[key] for key in ("Status", "PhysicalResourceId", "Data")} == {
        "Status": "SUCCESS",
        "PhysicalResourceId": ID,
        "Data": {
            "CertificateArn": copy_in(estate, HOME),
            "Version": version,
            "NotAfter": f"{issued.certificate.not_valid_after_utc:%Y-%m-%dT%H:%M:%SZ}",
        },
    }
    assert answer["LogicalResourceId"] == "Certificate"
    assert answer["RequestId"]
    assert answer["StackId"]
    assert engine.waiting() == 0
    assert estate.waiting_messages()["ApproximateNumberOfMessages"] == 0, "no rotation is asked for"


def test_the_first_deployment_waits_until_a_copy_exists(
    engine: Engine, estate: Estate, authorities: Authorities, clock: time_machine.Traveller
) -> None:
    estate.secret("shop", authorities.public.issue(NAME))

    path = engine.create(Secret=SHOP, Region=US)
    assert engine.answers == {}

    answer = settle(engine, clock, path)
    assert answer["Status"] == "SUCCESS"
    assert answer["PhysicalResourceId"] == f"{SHOP}/{US}"
    assert answer["Data"]["CertificateArn"] == copy_in(estate, US)


def test_a_secret_that_the_same_deployment_creates_may_come_later(
    engine: Engine, estate: Estate, authorities: Authorities, clock: time_machine.Traveller
) -> None:
    path = engine.create(**WANTED)
    engine.deliver()
    estate.secret("shop", authorities.public.issue(NAME))
    clock.shift(PAUSE)
    # The hourly scan, or the event of Secrets Manager.
    estate.scan()

    assert settle(engine, clock, path)["Status"] == "SUCCESS"


def test_a_secret_that_does_not_come_ends_the_wait_after_two_minutes(
    engine: Engine, clock: time_machine.Traveller
) -> None:
    begin = datetime.now().astimezone()

    answer = settle(engine, clock, engine.create(**WANTED))

    assert answer["Status"] == "FAILED"
    assert answer["Reason"] == (
        f"There is no secret {SHOP} in this account and Region. Create it first."
    )
    assert datetime.now().astimezone() - begin < 3 * MINUTE


@pytest.mark.parametrize("has_secret", [False, True])
def test_a_template_that_names_a_secret_without_a_value_or_none_notifies_nobody(
    engine: Engine, estate: Estate, clock: time_machine.Traveller, *, has_secret: bool
) -> None:
    if has_secret:
        client("secretsmanager", HOME).create_secret(Name=f"{PREFIX}shpo")
    mailbox = Mailbox(estate)
    path = engine.create(Secret="shpo", Region=HOME, ServiceTimeout="240")
    rotations = []
    while path not in engine.answers:
        engine.deliver()
        rotations += engine.rotate().rotations
        clock.shift(PAUSE)

    assert rotations == []
    assert mailbox.letters() == []


def test_a_refused_secret_ends_the_wait_at_once_with_the_finding(
    engine: Engine, estate: Estate, authorities: Authorities, clock: time_machine.Traveller
) -> None:
    good, other = (authorities.public.issue(NAME) for _ in range(2))
    estate.secret("shop", fields_of(good) | {"private_key": other.key_pem()})
    begin = datetime.now().astimezone()

    answer = settle(engine, clock, engine.create(**WANTED))

    assert answer["Status"] == "FAILED"
    assert answer["Reason"].startswith(f"{SHOP} is refused: KEY_MISMATCH: The private key")
    assert answer["Reason"].endswith(
        "Write the private key that belongs to the certificate into the secret."
        f" Run: certrotation plan {SHOP}"
    )
    assert answer["PhysicalResourceId"] == "Certificate", "nothing was created under the other id"
    assert datetime.now().astimezone() - begin <= MINUTE
    assert other.key_pem().splitlines()[1] not in json.dumps(answer)


def test_what_is_refused_in_another_region_alone_hinders_nothing(
    engine: Engine, estate: Estate, authorities: Authorities, clock: time_machine.Traveller
) -> None:
    rsa = authorities.public.issue(NAME, key=shared_key("rsa2048"))
    estate.secret("shop", rsa)
    estate.run()
    estate.listener("k8s", US, copy_in(estate, US), tags={"elbv2.k8s.aws/cluster": "prod"})
    version = estate.renew("shop", authorities.public.issue(NAME))

    assert settle(engine, clock, engine.create(**WANTED))["Data"]["Version"] == version

    refused = settle(engine, clock, engine.create(Secret="shop", Region=US))
    assert refused["Status"] == "SUCCESS", "the copy of the version before is live there"
    assert refused["Data"]["Version"] != version


def test_a_region_that_waits_for_a_refused_canary_ends_with_the_canarys_reason(
    engine: Engine, estate: Estate, authorities: Authorities, clock: time_machine.Traveller
) -> None:
    estate.secret("shop", authorities.public.issue(NAME))

    def refuse(call: Call) -> None:
        if call.operation == "ImportCertificate" and call.region == HOME:
            raise estate.aws.error("LimitExceededException", call.operation)

    with estate.aws.before(refuse):
        answer = settle(engine, clock, engine.create(Secret="shop", Region=US))

    assert answer["Status"] == "FAILED"
    assert "QUOTA_REACHED" in answer["Reason"]


def test_a_secret_on_hold_ends_the_wait(
    engine: Engine, estate: Estate, authorities: Authorities, clock: time_machine.Traveller
) -> None:
    estate.secret("shop", authorities.public.issue(NAME), {tags.HOLD: ""})

    answer = settle(engine, clock, engine.create(**WANTED))

    assert answer["Status"] == "FAILED"
    assert "on hold, or the service is in report mode" in answer["Reason"]


def test_the_time_out_names_the_command_to_run(
    engine: Engine, estate: Estate, authorities: Authorities, clock: time_machine.Traveller
) -> None:
    estate.secret("shop", authorities.public.issue(NAME))
    path = engine.create(**WANTED, ServiceTimeout="600")

    def fail(call: Call) -> None:
        if call.operation == "ImportCertificate":
            raise estate.aws.error("ThrottlingException", call.operation)

    begin = datetime.now().astimezone()
    with estate.aws.before(fail):
        answer = settle(engine, clock, path)

    assert answer["Status"] == "FAILED"
    assert answer["Reason"] == (
        f"No certificate of {SHOP} is live in {HOME} after 9 minutes. Run: certrotation plan {SHOP}"
    )
    assert datetime.now().astimezone() - begin < 10 * MINUTE, "before CloudFormation gives up"


def test_an_update_follows_a_new_arn_and_deletes_nothing(
    engine: Engine, estate: Estate, authorities: Authorities, clock: time_machine.Traveller
) -> None:
    estate.secret("shop", authorities.public.issue(NAME, key=shared_key("rsa2048")))
    resource = created(engine, clock)
    listener = estate.listener("web", HOME, resource.attributes["CertificateArn"])
    estate.renew("shop", authorities.public.issue(NAME))

    path = engine.request("Update", resource, WANTED | {"Nonce": "2"})
    answer = settle(engine, clock, path)

    assert answer["PhysicalResourceId"] == resource.physical_id == ID
    assert answer["Data"]["CertificateArn"] != resource.attributes["CertificateArn"]
    assert answer["Data"]["CertificateArn"] == copy_in(estate, HOME) == estate.default_of(listener)


def test_an_update_while_new_material_is_refused_keeps_what_is_live(
    engine: Engine, estate: Estate, authorities: Authorities, clock: time_machine.Traveller
) -> None:
    estate.secret("shop", authorities.public.issue(NAME))
    resource = created(engine, clock)
    good, other = (authorities.public.issue(NAME) for _ in range(2))
    estate.renew("shop", fields_of(good) | {"private_key": other.key_pem()})

    answer = settle(engine, clock, engine.request("Update", resource, WANTED | {"Nonce": "2"}))

    assert (answer["Status"], answer["Data"]) == ("SUCCESS", resource.attributes)


def deleted(_: Estate) -> None:
    client("secretsmanager", HOME).delete_secret(SecretId=SHOP, ForceDeleteWithoutRecovery=True)


def forgotten_by_its_region(estate: Estate) -> None:
    estate.tag_secret("shop", regions=US)


def denied_to_describe(estate: Estate) -> None:
    estate.aws.behaviour.denied = {("secretsmanager", "DescribeSecret", None)}


def of_another_prefix(estate: Estate) -> None:
    estate.environment["CERTROTATION_SECRET_PREFIX"] = "tls/"


PROBLEMS = [
    pytest.param(
        lambda _: client("secretsmanager", HOME).delete_secret(SecretId=SHOP),
        "SECRET_DELETED: ",
        id="the secret is scheduled for deletion",
    ),
    pytest.param(deleted, f"There is no secret {SHOP} ", id="the secret was deleted"),
    pytest.param(
        forgotten_by_its_region,
        f"{HOME} is not a target Region of {SHOP}.",
        id="the secret no longer names the Region",
    ),
    pytest.param(
        lambda estate: estate.tag_secret("shop", regions="ap-south-1"),
        f"{HOME} is not a target Region of {SHOP}.",
        id="the secret names a Region that the stack does not have",
    ),
    pytest.param(
        lambda estate: estate.environment.update(CERTROTATION_TARGET_REGIONS=US),
        f"{HOME} is not a target Region of {SHOP}.",
        id="the service leaves the Region",
    ),
    pytest.param(of_another_prefix, "There is no secret tls/shop ", id="the prefix changes"),
    pytest.param(denied_to_describe, "ACCESS_DENIED: ", id="a policy of the secret denies it"),
]


@pytest.mark.parametrize(("problem", "reason"), PROBLEMS)
def test_what_another_team_does_to_the_secret_fails_no_update_and_no_rollback_while_a_copy_is_live(
    engine: Engine,
    estate: Estate,
    authorities: Authorities,
    clock: time_machine.Traveller,
    *,
    problem: Callable[[Estate], object],
    reason: str,
) -> None:
    estate.secret("shop", authorities.public.issue(NAME))
    resource = created(engine, clock)
    problem(estate)

    forth = settle(engine, clock, engine.request("Update", resource, WANTED | {"Nonce": "2"}))

    assert (forth["Status"], forth["PhysicalResourceId"]) == ("SUCCESS", ID)
    assert forth["Data"] == resource.attributes
    assert engine.run is not None
    (line,) = (each for each in map(json.loads, engine.run.lines) if "resource" in each)
    assert line["level"] == "WARNING"
    assert line["resource"]["reason"].startswith(reason)

    attempted = replace(resource, properties=WANTED | {"Nonce": "2"})
    back = settle(engine, clock, engine.request("Update", attempted, WANTED))
    assert (back["Status"], back["PhysicalResourceId"]) == ("SUCCESS", ID)
    assert back["Data"] == resource.attributes

    new = settle(engine, clock, engine.create(**WANTED))
    assert new["Status"] == "FAILED", "what is new must not begin with what nobody keeps fresh"
    assert new["Reason"].startswith(reason)


@pytest.mark.parametrize(
    "to", [{"Secret": "wiki", "Region": HOME}, {"Secret": "shop", "Region": US}]
)
@pytest.mark.parametrize(
    "problem",
    [deleted, forgotten_by_its_region, denied_to_describe],
    ids=lambda each: each.__name__,
)
@pytest.mark.parametrize("had_succeeded", [True, False])
def test_a_rollback_to_another_secret_or_region_comes_to_the_copy_that_was_live(
    engine: Engine,
    estate: Estate,
    authorities: Authorities,
    clock: time_machine.Traveller,
    *,
    to: dict[str, str],
    problem: Callable[[Estate], object],
    had_succeeded: bool,
) -> None:
    """The id is that of the new resource if its update had succeeded, and else of the old one."""
    for name in ("shop", "wiki"):
        estate.secret(name, authorities.public.issue(f"{name}.example.com"))
    resource = created(engine, clock)
    own_id = ID
    if had_succeeded:
        forth = settle(engine, clock, engine.request("Update", resource, to))
        assert forth["Status"] == "SUCCESS"
        own_id = forth["PhysicalResourceId"]
        assert own_id == f"{PREFIX}{to['Secret']}/{to['Region']}" != ID
    problem(estate)

    attempted = replace(resource, physical_id=own_id, properties=to)
    back = settle(engine, clock, engine.request("Update", attempted, WANTED))

    assert (back["Status"], back["PhysicalResourceId"]) == ("SUCCESS", ID)
    assert back["Data"] == resource.attributes


@pytest.mark.parametrize(
    ("change", "wanted", "reason"),
    [
        (None, {"Secret": "wiki", "Region": HOME}, f"There is no secret {PREFIX}wiki"),
        (None, {"Secret": "shop", "Region": "ap-south-1"}, "ap-south-1 is not a target Region"),
        (None, {"Secret": "shop", "Region": "mars-west-1"}, "mars-west-1 is not a target Region"),
        (None, {"Secret": "shop"}, "The property Region is missing"),
        (timedelta(days=11), WANTED | {"Nonce": "2"}, f"There is no secret {SHOP}"),
    ],
    ids=["no such secret", "no copy there", "no such Region", "malformed", "expired"],
)
def test_without_a_live_copy_an_update_fails_and_the_resource_stays(
    engine: Engine,
    estate: Estate,
    authorities: Authorities,
    clock: time_machine.Traveller,
    *,
    change: timedelta | None,
    wanted: dict[str, str],
    reason: str,
) -> None:
    estate.secret("shop", authorities.public.issue(NAME, lifetime=timedelta(days=10)))
    resource = created(engine, clock)
    if change:
        deleted(estate)
        clock.shift(change)

    answer = settle(engine, clock, engine.request("Update", resource, wanted))

    assert (answer["Status"], answer["PhysicalResourceId"]) == ("FAILED", ID)
    assert answer["Reason"].startswith(reason)


@pytest.mark.parametrize(
    ("code", "longest"),
    [("UnrecognizedClientException", SHOWN_AFTER + PAUSE), ("AccessDeniedException", timedelta())],
)
def test_an_update_to_a_region_that_is_not_enabled_fails_soon_and_says_that_it_is_no_target(
    engine: Engine,
    estate: Estate,
    authorities: Authorities,
    clock: time_machine.Traveller,
    *,
    code: str,
    longest: timedelta,
) -> None:
    estate.secret("shop", authorities.public.issue(NAME))
    resource = created(engine, clock)
    begin = datetime.now(UTC)

    def fail(call: Call) -> None:
        if call.region == "ap-east-1":
            raise estate.aws.error(code, call.operation)

    with estate.aws.before(fail):
        wanted = {"Secret": "shop", "Region": "ap-east-1"}
        answer = settle(engine, clock, engine.request("Update", resource, wanted))

    assert (answer["Status"], answer["PhysicalResourceId"]) == ("FAILED", ID)
    assert answer["Reason"].startswith("ap-east-1 is not a target Region of")
    assert "Whether a copy is live is not known: " in answer["Reason"]
    assert "ap-east-1" in answer["Reason"].partition("not known: ")[2]
    assert datetime.now(UTC) - begin <= longest + PAUSE


def test_an_update_that_may_not_look_for_copies_says_what_is_wrong_with_the_secret_first(
    engine: Engine, estate: Estate, authorities: Authorities, clock: time_machine.Traveller
) -> None:
    estate.secret("shop", authorities.public.issue(NAME))
    resource = created(engine, clock)
    deleted(estate)
    estate.aws.behaviour.denied.add(("resourcegroupstaggingapi", "GetResources", None))

    answer = settle(engine, clock, engine.request("Update", resource, WANTED | {"Nonce": "2"}))

    assert answer["Status"] == "FAILED"
    assert answer["Reason"].startswith(f"There is no secret {SHOP}")
    assert "tag:GetResources" in answer["Reason"]


@pytest.mark.parametrize(
    ("silent", "status"),
    [({"secretsmanager"}, "SUCCESS"), ({"secretsmanager", "resourcegroupstaggingapi"}, "FAILED")],
)
def test_an_update_that_cannot_ask_for_the_secret_in_time_keeps_the_copy_that_it_can_see(
    engine: Engine,
    estate: Estate,
    authorities: Authorities,
    clock: time_machine.Traveller,
    *,
    silent: set[str],
    status: str,
) -> None:
    estate.secret("shop", authorities.public.issue(NAME))
    resource = created(engine, clock)

    def fail(call: Call) -> None:
        if call.service in silent:
            raise estate.aws.error("ThrottlingException", call.operation)

    wanted = WANTED | {"ServiceTimeout": "120"}
    with estate.aws.before(fail):
        answer = settle(engine, clock, engine.request("Update", resource, wanted))

    assert (answer["Status"], answer["PhysicalResourceId"]) == (status, ID)
    assert "THROTTLED" in answer["Reason"]
    assert answer["Data"] == (resource.attributes if status == "SUCCESS" else {})


def test_after_a_bug_an_update_keeps_what_is_live(
    engine: Engine,
    estate: Estate,
    authorities: Authorities,
    clock: time_machine.Traveller,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    estate.secret("shop", authorities.public.issue(NAME))
    resource = created(engine, clock)

    def bug(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("certrotation.workflows.provide.decide", bug)
    answer = engine.answers[engine.request("Update", resource, WANTED | {"Nonce": "2"})]

    assert (answer["Status"], answer["Data"]) == ("SUCCESS", resource.attributes)
    assert "ZeroDivisionError" in answer["Reason"]


def test_a_second_bug_in_the_look_for_what_is_live_is_logged_and_answered_with_the_first(
    engine: Engine,
    estate: Estate,
    authorities: Authorities,
    clock: time_machine.Traveller,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    estate.secret("shop", authorities.public.issue(NAME))
    resource = created(engine, clock)

    def first(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    def second(*_: object, **__: object) -> None:
        raise RecursionError

    monkeypatch.setattr("certrotation.workflows.provide.decide", first)
    monkeypatch.setattr("certrotation.workflows.provide.live_although", second)
    answer = engine.answers[engine.request("Update", resource, WANTED | {"Nonce": "2"})]

    assert answer["Status"] == "FAILED"
    assert "ZeroDivisionError" in answer["Reason"]
    assert engine.run is not None
    bugs = [each for each in engine.run.lines if '"bug"' in each]
    assert ["RecursionError" in each for each in bugs] == [False, True]


def test_an_expired_copy_is_not_handed_to_another_team(
    engine: Engine, estate: Estate, authorities: Authorities, clock: time_machine.Traveller
) -> None:
    estate.secret("shop", authorities.public.issue(NAME, lifetime=timedelta(days=10)))
    created(engine, clock)
    good, other = (authorities.public.issue(NAME) for _ in range(2))
    estate.renew("shop", fields_of(good) | {"private_key": other.key_pem()})
    clock.shift(timedelta(days=11))

    answer = settle(engine, clock, engine.create(**WANTED))

    assert answer["Status"] == "FAILED"
    assert "KEY_MISMATCH" in answer["Reason"]


def test_delete_does_nothing_and_needs_no_setting(
    engine: Engine, estate: Estate, authorities: Authorities, clock: time_machine.Traveller
) -> None:
    estate.secret("shop", authorities.public.issue(NAME))
    resource = created(engine, clock)
    estate.aws.calls.clear()
    del estate.environment["CERTROTATION_QUEUE_URL"]

    path = engine.request("Delete", resource, WANTED)

    assert engine.answers[path]["Status"] == "SUCCESS"
    assert engine.answers[path]["PhysicalResourceId"] == ID
    assert estate.aws.calls == []


@pytest.mark.parametrize(
    ("properties", "reason"),
    [
        ({}, "The property Secret is missing (example: shop)."),
        ({"Secret": "shop"}, "The property Region is missing (example: eu-west-1)."),
        ({"Region": HOME}, "The property Secret is missing (example: shop)."),
        ({"Secret": "", "Region": HOME}, "The property Secret is not the name of a secret"),
        ({"Secret": ["a"], "Region": HOME}, "The property Secret is not the name of a secret"),
        ({"Secret": 'x" }', "Region": HOME}, "The property Secret is not the name of a secret"),
        ({"Secret": "shop", "Region": "Ireland"}, "The property Region is not a Region"),
        (WANTED | {"Nounce": "1"}, "The property Nounce is unknown."),
        (
            {"Secret": "shop", "Region": "ap-south-1"},
            f"ap-south-1 is not a target Region of {SHOP}. The target Regions are {HOME}, {US}.",
        ),
    ],
)
def test_properties_that_do_not_fit_fail_at_once_with_a_sentence(
    engine: Engine, estate: Estate, authorities: Authorities, properties: Any, reason: str
) -> None:
    estate.secret("shop", authorities.public.issue(NAME))

    path = engine.create(**properties)

    answer = engine.answers[path]
    assert answer["Status"] == "FAILED"
    assert answer["Reason"].startswith(reason)
    assert answer["PhysicalResourceId"] == "Certificate"


def test_a_role_without_a_permission_fails_at_once_with_the_action(
    engine: Engine, estate: Estate, authorities: Authorities
) -> None:
    estate.secret("shop", authorities.public.issue(NAME))
    estate.aws.behaviour.denied = {("secretsmanager", "DescribeSecret", None)}

    answer = engine.answers[engine.create(**WANTED)]

    assert answer["Status"] == "FAILED"
    assert "secretsmanager:DescribeSecret" in answer["Reason"]


def test_a_setting_that_is_missing_and_a_bug_are_answered_too(
    engine: Engine,
    estate: Estate,
    authorities: Authorities,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    estate.secret("shop", authorities.public.issue(NAME))
    url = estate.environment.pop("CERTROTATION_WAITING_REQUESTS_URL")
    answer = engine.answers[engine.create(**WANTED)]
    assert "CERTROTATION_WAITING_REQUESTS_URL is not set" in answer["Reason"]
    estate.environment["CERTROTATION_WAITING_REQUESTS_URL"] = url

    def bug(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("certrotation.workflows.provide.decide", bug)
    answer = engine.answers[engine.create(**WANTED)]
    assert answer["Status"] == "FAILED"
    assert answer["Reason"] == (
        "Unexpected error ZeroDivisionError. See the log of certrotation's function."
    )
    assert engine.run is not None
    assert any('"bug"' in each for each in engine.run.lines)


def test_what_passes_by_itself_is_waited_for(
    engine: Engine, estate: Estate, authorities: Authorities, clock: time_machine.Traveller
) -> None:
    estate.secret("shop", authorities.public.issue(NAME))

    def fail(call: Call) -> None:
        if call.service in {"resourcegroupstaggingapi", "logs"}:
            raise estate.aws.error("ThrottlingException", call.operation)

    with estate.aws.before(fail):
        path = engine.create(**WANTED)
        engine.deliver()
        clock.shift(PAUSE)
        engine.deliver()
    assert engine.answers == {}

    assert settle(engine, clock, path)["Status"] == "SUCCESS"


def test_an_answer_that_is_not_taken_is_sent_again(
    engine: Engine, estate: Estate, authorities: Authorities, clock: time_machine.Traveller
) -> None:
    estate.secret("shop", authorities.public.issue(NAME))
    estate.run()
    engine.refusing += [503, 503]
    assert engine.answers[engine.create(**WANTED)]["Status"] == "SUCCESS"

    estate.renew("shop", authorities.public.issue(NAME))
    path = engine.create(**WANTED)
    engine.deliver()
    engine.rotate()
    clock.shift(PAUSE)
    engine.refusing += [503] * 3
    engine.deliver()
    assert path not in engine.answers
    assert engine.waiting() == 1
    clock.shift(6 * MINUTE)

    assert settle(engine, clock, path)["Status"] == "SUCCESS"


def test_nothing_of_the_url_at_which_anybody_may_answer_is_logged(
    engine: Engine, estate: Estate, authorities: Authorities
) -> None:
    estate.secret("shop", authorities.public.issue(NAME))
    estate.run()
    engine.refusing += [503] * 9
    with pytest.raises(Exception, match="status 503") as caught:
        engine.create(**WANTED)
    assert engine.run is not None
    assert "X-Amz-Signature" not in "".join(engine.run.lines) + str(caught.value)


def test_an_event_that_is_no_request_has_nobody_to_be_answered(engine: Engine) -> None:
    with pytest.raises(MessageMalformed), engine.estate.listening():
        run_custom_resource({"RequestType": "Create"})


@pytest.mark.parametrize("body", ["", "1", "[]", "[" * 100_000, '{"RequestType": "Create"}'])
def test_a_message_that_is_no_request_is_logged_and_gone(engine: Engine, body: str) -> None:
    client("sqs", HOME).send_message(QueueUrl=engine.waiting_url, MessageBody=body or " ")

    engine.deliver()

    assert engine.waiting() == 0
    assert engine.run is not None
    assert any('"level":"ERROR"' in each for each in engine.run.lines)


def test_of_two_copies_every_template_gets_the_one_that_the_parameters_hold(
    engine: Engine, estate: Estate, authorities: Authorities
) -> None:
    estate.environment["CERTROTATION_ARN_PARAMETERS"] = "on"
    issued = authorities.public.issue(NAME)
    estate.secret("shop", issued)
    estate.run()
    published = copy_in(estate, HOME)
    marks = {key: value for key, value in estate.tags(published).items() if key != tags.PARAMETER}
    for _ in range(4):
        estate.certificate(issued, HOME, marks)

    answer = engine.answers[engine.create(**WANTED)]

    assert answer["Data"]["CertificateArn"] == published
