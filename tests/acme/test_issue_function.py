"""The issue function: a team tags its secret, and a real ACME server issues its certificates."""

from __future__ import annotations

import json
import logging
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
import time_machine
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from certrotation.aws.wire_logs import WITHHELD
from certrotation.core.issuance.note import LABEL
from certrotation.core.material.host_names import names_of
from certrotation.errors import CertRotationError, MessageMalformed, SettingsError
from certrotation.handlers import issue
from tests.acme.conftest import zone
from tests.acme.issuance import FUNCTION, Issuance
from tests.acme.pebble import EAB, pebble
from tests.acme.resolver import resolver
from tests.simulation.estate import HOME, PREFIX, client
from tests.simulation.mailbox import Mailbox
from tests.support.authority import now

if TYPE_CHECKING:
    from pathlib import Path

    from tests.acme.pebble import Pebble
    from tests.simulation.estate import Estate
    from tests.support.authorities import Authorities

pytestmark = pytest.mark.slow

NAMES = ["*.shop.example.com", "shop.example.com"]


@pytest.fixture
def server(trusted_server: Pebble) -> Pebble:
    return trusted_server


@pytest.fixture
def issuance(estate: Estate, server: Pebble) -> Issuance:
    return Issuance(estate, server, zone("example.com"))


def states(run: Any) -> dict[str, str]:
    return {each["secret"]: each["state"] for each in run.summary["secrets"]}


def test_a_tagged_secret_gets_its_first_certificate_and_rotate_makes_it_live(
    issuance: Issuance, estate: Estate
) -> None:
    issuance.request("shop", *NAMES)
    run = issuance.look()
    assert states(run) == {f"{PREFIX}shop": "started"}
    assert run.metric("RenewalsWanted") == 1

    assert issuance.rotate() == []

    value = issuance.value("shop")
    assert names_of(issuance.leaf("shop")) == set(NAMES)
    assert value["request"] == {"names": NAMES}
    key = load_pem_private_key(value["private_key"].encode(), None)
    assert key.public_key() == issuance.leaf("shop").public_key()
    assert issuance.is_clean("shop")
    assert estate.run().rotation(f"{PREFIX}shop")["status"] == "done"
    for region in estate.regions:
        (copy,) = estate.certificates(region)
        assert estate.presents(copy) == issuance.leaf("shop")
    run = issuance.look()
    assert states(run) == {}
    assert [run.metric(each) for each in ("RenewalsWanted", "IssuanceChecked")] == [0, 1]


def test_a_renewal_comes_when_a_third_is_left_with_names_and_key_type_as_before(
    issuance: Issuance, server: Pebble
) -> None:
    issuance.request("shop", *NAMES, key="EC_secp384r1")
    issuance.look()
    issuance.rotate()
    first = issuance.leaf("shop")
    for days, expected in ((50, set()), (75, {"started"})):
        with time_machine.travel(now() + timedelta(days=days), tick=True):
            assert set(states(issuance.look()).values()) == expected
    issuance.rotate()

    second = issuance.leaf("shop")
    assert second != first
    assert second.public_key() != first.public_key()
    assert names_of(second) == names_of(first)
    assert server.issued() == 2
    # Pebble refuses `replaces` for a serial number in DER that begins with zero: an order more.
    assert server.orders() in {2, 3}
    assert issuance.is_clean("shop")


def test_a_certificate_that_the_ca_wants_replaced_is_renewed_within_six_looks(
    issuance: Issuance, server: Pebble
) -> None:
    issuance.request("shop", "shop.example.com")
    issuance.look()
    issuance.rotate()
    window = {"start": "2026-01-01T00:00:00Z", "end": "2026-01-02T00:00:00Z"}
    page = "https://ca.example/revoked"
    server.set_window(issuance.leaf("shop"), {"suggestedWindow": window, "explanationURL": page})
    found = []
    for hours in range(6):
        with time_machine.travel(now() + timedelta(hours=hours), tick=True):
            found += issuance.look().summary["secrets"]  # type: ignore[attr-defined]  # of look
    begun = [each for each in found if each["state"] == "started"]
    assert begun
    for each in begun:
        assert (each["rule"], each["explanation"]) == ("the CA's renewal window", page)


def test_a_team_cannot_get_a_certificate_for_another_teams_name(
    issuance: Issuance, estate: Estate, server: Pebble
) -> None:
    mailbox = Mailbox(estate)
    issuance.request("shop", "shop.example.com", "blog.example.com")
    run = issuance.look()
    assert states(run) == {f"{PREFIX}shop": "refused"}
    assert run.metric("IssuancesFailing") == 1
    (letter,) = mailbox.letters()
    assert "not issued" in letter.subject
    assert "does not allow blog.example.com" in letter.body
    issuance.look()

    issuance.start("shop")
    (failure,) = issuance.rotate()

    assert failure.startswith("ISSUANCE_REFUSED: The issuer pebble does not allow blog")
    assert server.orders() == 0


def test_the_names_of_the_current_certificate_need_to_be_allowed_too(
    issuance: Issuance, estate: Estate, authorities: Authorities, server: Pebble
) -> None:
    estate.secret(
        "shop", authorities.public.issue("blog.example.com"), {"certrotation:issuer": "pebble"}
    )
    issuance.start("shop")
    (failure,) = issuance.rotate()
    assert "does not allow blog.example.com" in failure
    assert server.orders() == 0


def test_eight_retries_of_a_refused_order_are_one_order_and_one_mail(
    issuance: Issuance, estate: Estate, server: Pebble
) -> None:
    mailbox = Mailbox(estate)
    issuance.request("shop", "shop.example.com", profile="none")
    issuance.look()

    failures = issuance.rotate(tries=8)

    assert len(failures) == 8
    assert all(
        each.startswith("ISSUANCE_REFUSED: pebble answers invalidProfile") for each in failures
    )
    assert server.orders() == 1
    assert [each.subject for each in mailbox.letters()] == [
        f"certrotation-test: not issued {PREFIX}shop"
    ]
    run = issuance.look()
    assert states(run) == {f"{PREFIX}shop": "waiting"}
    assert mailbox.letters() == []
    with time_machine.travel(now() + timedelta(hours=13), tick=True):
        assert states(issuance.look()) == {f"{PREFIX}shop": "started"}


def test_eight_retries_of_a_failed_validation_are_one_order_and_no_record_stays(
    issuance: Issuance, estate: Estate, server: Pebble
) -> None:
    issuance.request("shop", "shop.example.com")
    issuance.look()
    estate.aws.is_dns_dark = True

    failures = issuance.rotate(tries=8)

    assert len(failures) == 8
    assert all(each.startswith("ISSUANCE_UNVALIDATED:") for each in failures)
    assert (server.orders(), server.issued()) == (1, 0)
    records = client("route53", HOME).list_resource_record_sets(HostedZoneId=issuance.zone)
    assert "TXT" not in {each["Type"] for each in records["ResourceRecordSets"]}


def test_a_person_who_asks_for_something_else_need_not_wait(
    issuance: Issuance, estate: Estate
) -> None:
    issuance.request("shop", "shop.example.com", profile="none")
    issuance.look()
    assert issuance.rotate()
    estate.renew("shop", {"request": {"names": ["shop.example.com"]}})  # type: ignore[dict-item]  # no text

    with time_machine.travel(now() + timedelta(hours=2), tick=True):
        assert states(issuance.look()) == {f"{PREFIX}shop": "started"}
        assert issuance.rotate() == []
    assert names_of(issuance.leaf("shop")) == {"shop.example.com"}
    assert issuance.is_clean("shop")


def test_material_that_would_be_refused_never_becomes_current(
    issuance: Issuance, estate: Estate, tmp_path: Path, authorities: Authorities
) -> None:
    estate.trust(tmp_path, authorities.public_root.certificate)
    estate.secret(
        "shop", authorities.public.issue("shop.example.com"), {"certrotation:issuer": "pebble"}
    )
    before = issuance.labels("shop")["AWSCURRENT"]
    token = issuance.start("shop")

    (failure,) = issuance.rotate()

    assert failure.startswith("ISSUED_UNFIT: The CA issued a certificate that is not used. TRUST")
    assert issuance.labels("shop") == {"AWSCURRENT": before, "AWSPENDING": token, LABEL: ANY}
    with time_machine.travel(now() + timedelta(hours=2), tick=True):
        assert states(issuance.look()) == {f"{PREFIX}shop": "refused"}
        estate.tag_secret("shop", accept=f"TRUST_LOST@{token}")
    with time_machine.travel(now() + timedelta(hours=4), tick=True):
        assert states(issuance.look()) == {f"{PREFIX}shop": "finished"}
    assert issuance.labels("shop")["AWSCURRENT"] == token
    assert issuance.is_clean("shop")


class _Any:
    def __eq__(self, other: object) -> bool:
        return True

    def __hash__(self) -> int:
        return 0


ANY = _Any()


@pytest.mark.parametrize("what", ["hold", "hold of the issuer", "untagged", "report"])
def test_on_hold_in_report_mode_and_without_the_tag_nothing_is_issued(
    issuance: Issuance, estate: Estate, server: Pebble, what: str
) -> None:
    issuance.request("shop", "shop.example.com")
    issuance.start("shop")
    if what.startswith("hold"):
        estate.tag_secret("shop", hold="" if what == "hold" else "issuance")
    elif what == "untagged":
        estate.untag_secret("shop", "issuer")
    else:
        estate.environment["CERTROTATION_MODE"] = "report"

    assert len(issuance.rotate()) == 1
    run = issuance.look()

    assert server.orders() == 0
    expected = "released" if what == "untagged" else "held"
    assert states(run) == {f"{PREFIX}shop": expected}
    described = client("secretsmanager", HOME).describe_secret(SecretId=f"{PREFIX}shop")
    if what != "report":
        assert issuance.is_clean("shop")
    assert described["RotationEnabled"] is (what != "untagged")


@pytest.mark.usefixtures("issuance")
def test_events_for_other_secrets_are_refused(estate: Estate) -> None:
    estate.secret("shop", {"request": "x"})
    secrets = client("secretsmanager", HOME)
    secrets.create_secret(Name="other/shop", SecretString="x")
    secrets.tag_resource(SecretId="other/shop", Tags=[{"Key": "certrotation:issuer", "Value": "a"}])
    for name in (f"{PREFIX}shop", "other/shop"):
        token = secrets.rotate_secret(SecretId=name, RotationLambdaARN=FUNCTION)["VersionId"]
        event = {"Step": "createSecret", "SecretId": name, "ClientRequestToken": token}
        with estate.listening(), pytest.raises(issue.StepFailedError, match="SECRET_NOT_MANAGED"):
            issue.handler(event, None)


def test_a_version_that_is_not_pending_is_refused_and_one_that_is_current_is_done(
    issuance: Issuance,
) -> None:
    issuance.request("shop", "shop.example.com")
    with pytest.raises(issue.StepFailedError, match="is not pending"):
        issuance.step("createSecret", "shop", "x" * 32)
    issuance.look()
    issuance.rotate()
    current = issuance.labels("shop")["AWSCURRENT"]
    for step in ("createSecret", "setSecret", "testSecret", "finishSecret"):
        issuance.step(step, "shop", current)
    assert issuance.labels("shop")["AWSCURRENT"] == current


def test_an_empty_version_passes_the_test_and_is_never_finished(issuance: Issuance) -> None:
    issuance.request("shop", "shop.example.com")
    token = issuance.start("shop")
    issuance.step("testSecret", "shop", token)
    with pytest.raises(issue.StepFailedError, match="has no value"):
        issuance.step("finishSecret", "shop", token)


def test_what_is_no_event_of_a_rotation_and_what_is_not_configured_is_said(
    issuance: Issuance, estate: Estate
) -> None:
    with estate.listening():
        for event in ({"Step": "createSecret"}, {"Step": 1, "SecretId": "a"}):
            with pytest.raises(MessageMalformed):
                issue.handler(event, None)
    issuance.request("shop", "shop.example.com")
    with pytest.raises(MessageMalformed, match="'create' is unknown"):
        issuance.step("create", "shop", "x" * 32)
    del estate.environment["CERTROTATION_ISSUERS"]
    with estate.listening(), pytest.raises(SettingsError, match="CERTROTATION_ISSUERS is not set"):
        issue.handler({}, None)


def test_no_key_and_no_note_is_ever_logged(issuance: Issuance) -> None:
    issuance.request("shop", *NAMES)
    run = issuance.look()
    issuance.rotate()
    account = client("secretsmanager", HOME).get_secret_value(
        SecretId="certrotation-test-issuers/pebble"
    )["SecretString"]
    key = issuance.value("shop")["private_key"].splitlines()[1]
    said = "\n".join([*run.lines, *issuance.said.lines])
    assert "issuance" in said
    for secret in (key, "PRIVATE KEY", account[30:90]):
        assert secret not in said


def test_no_key_and_no_note_is_logged_whatever_level_the_loggers_have(
    estate: Estate, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (kid, hmac_key), account_name = *EAB.items(), "certrotation-test-issuers/pebble"
    secrets = client("secretsmanager", HOME)
    secrets.create_secret(
        Name=account_name,
        SecretString=json.dumps({"eab_kid": kid, "eab_hmac_key": hmac_key}),
    )
    for name in (None, "acme", "acme.client", "josepy", "requests", "urllib3"):
        caplog.set_level(logging.DEBUG, logger=name)
    with (
        resolver(estate.aws.text_values) as dns,
        pebble(tmp_path, dns, needs_binding=True) as server,
    ):
        estate.trust(tmp_path, server.root(0), server.root(1))
        issuance = Issuance(estate, server, zone("example.com"))
        issuance.request("shop", *NAMES)
        issuance.look()
        caplog.clear()
        assert issuance.rotate() == []

    assert WITHHELD in {each.getMessage() for each in caplog.records if each.name == "acme.client"}
    account = json.loads(secrets.get_secret_value(SecretId=account_name)["SecretString"])
    said = "\n".join(
        [caplog.text, *issuance.said.lines, *(str(each.args) for each in caplog.records)]
    )
    for pem in (account["key"], issuance.value("shop")["private_key"]):
        assert pem.splitlines()[1] not in said
    for secret in (hmac_key, hmac_key[:20], "PRIVATE KEY", '"protected"', '"signature"'):
        assert secret not in said


def test_an_unknown_error_names_no_frame_that_holds_the_key(issuance: Issuance) -> None:
    issuance.request("shop", "shop.example.com")
    token = issuance.start("shop")
    with pytest.raises((CertRotationError, issue.StepFailedError)) as caught:
        issuance.step("finishSecret", "shop", token)
    assert caught.value.__cause__ is None
