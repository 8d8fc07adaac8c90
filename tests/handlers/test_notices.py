"""People are mailed what a rotation that was refused or stranded needs from them, and no more."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from certrotation.names import tags
from tests.double import Fault
from tests.handlers.messages import ask_for
from tests.simulation.estate import HOME, PREFIX, fields_of
from tests.support.authority import shared_key

if TYPE_CHECKING:
    import time_machine

    from tests.double import Call
    from tests.simulation.estate import Estate
    from tests.simulation.mailbox import Mailbox
    from tests.support.authorities import Authorities

pytestmark = pytest.mark.slow

US = "us-east-1"
SHOP = PREFIX + "shop"
NAME = "shop.example.com"
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def shop(estate: Estate, authorities: Authorities) -> dict[str, str]:
    """The copies of a shop, by Region."""
    estate.secret("shop", authorities.public.issue(NAME))
    estate.run()
    return {region: estate.certificates(region)[0] for region in (HOME, US)}


def mix_up(estate: Estate, authorities: Authorities) -> str:
    """Put a certificate beside another one's key; returns the version id."""
    good, other = (authorities.public.issue(NAME) for _ in range(2))
    return estate.renew("shop", fields_of(good) | {"private_key": other.key_pem()})


# What the mail says


def test_the_mail_links_to_the_runbook_that_the_setting_names(
    estate: Estate, authorities: Authorities, mailbox: Mailbox, shop: dict[str, str]
) -> None:
    del shop
    estate.environment["CERTROTATION_RUNBOOK_URL"] = "https://wiki.example.com/runbook"

    estate.rotate("shop", version=mix_up(estate, authorities))

    (letter,) = mailbox.letters()
    heading = "#materialrefused-new-material-was-refused"
    assert f"https://wiki.example.com/runbook{heading}" in letter.body


def test_who_put_the_wrong_key_reads_what_was_found_and_what_stays_live(
    estate: Estate, authorities: Authorities, mailbox: Mailbox, shop: dict[str, str]
) -> None:
    version = mix_up(estate, authorities)

    estate.rotate("shop", version=version)

    (letter,) = mailbox.letters()
    ends = estate.presents(shop[HOME]).not_valid_after_utc
    assert letter.subject == f"certrotation-test: refused {SHOP}"
    for expected in (
        f"Secret: {SHOP}",
        f"Version: {version}",
        "all Regions: KEY_MISMATCH",
        "Found: ",
        "Remedy: Write the private key that belongs to the certificate into the secret.",
        f"{HOME}: {shop[HOME]}, expires {ends:%Y-%m-%d %H:%M} UTC",
        f"{US}: {shop[US]}, expires {ends:%Y-%m-%d %H:%M} UTC",
        'docs/runbook.md, "MaterialRefused: new material was refused"',
    ):
        assert expected in letter.body


def test_a_region_that_cannot_be_read_keeps_no_mail_from_being_sent(
    estate: Estate, authorities: Authorities, mailbox: Mailbox, shop: dict[str, str]
) -> None:
    version = mix_up(estate, authorities)
    estate.aws.behaviour.denied = {("resourcegroupstaggingapi", "GetResources", US)}

    estate.rotate("shop", version=version)

    (letter,) = mailbox.letters()
    assert shop[HOME] in letter.body
    assert US not in letter.body


def test_the_sentence_of_aws_is_mailed_even_if_the_second_plan_is_refused(
    estate: Estate, authorities: Authorities, mailbox: Mailbox, shop: dict[str, str]
) -> None:
    """ACM rejects the reimport, and the replacement is refused because of a controller."""
    estate.listener("web", HOME, shop[HOME], tags={"elbv2.k8s.aws/cluster": "prod"})
    version = estate.renew("shop", authorities.public.issue(NAME))

    def refuse(call: Call) -> None:
        if call.operation == "ImportCertificate" and call.params.get("CertificateArn"):
            message = "New certificate is missing one or more Key Usages."
            raise estate.aws.error("ValidationException", "ImportCertificate", message)

    with estate.aws.before(refuse):
        estate.rotate("shop", version=version)

    (letter,) = mailbox.letters()
    assert f"{HOME}: DEPENDENT_UNMOVABLE" in letter.body
    assert "New certificate is missing one or more Key Usages" in letter.body


def test_a_refusal_in_one_region_is_told_as_that_regions(
    estate: Estate, authorities: Authorities, mailbox: Mailbox
) -> None:
    rsa = authorities.public.issue(NAME, key=shared_key("rsa2048"))
    estate.secret("shop", rsa)
    estate.run()
    (copy,) = estate.certificates(US)
    listener = estate.listener("k8s", US, copy, tags={"elbv2.k8s.aws/cluster": "prod"})
    estate.renew("shop", authorities.public.issue(NAME))

    estate.run()

    (letter,) = mailbox.letters()
    assert f"{US}: DEPENDENT_UNMOVABLE" in letter.body
    assert listener in letter.body
    assert f"{HOME}: done" in letter.body
    assert f"{US}: {copy}, expires" in letter.body


def test_a_refusal_by_aws_is_told_with_its_remedy(
    estate: Estate, authorities: Authorities, mailbox: Mailbox
) -> None:
    estate.secret("shop", authorities.public.issue(NAME))
    estate.aws.behaviour.denied = {("secretsmanager", "DescribeSecret", None)}

    estate.rotate("shop")

    (letter,) = mailbox.letters()
    assert "all Regions: ACCESS_DENIED" in letter.body
    assert "Allow the action to the function's role" in letter.body


def test_a_stranded_dependent_is_named_with_its_own_heading(
    estate: Estate, authorities: Authorities, mailbox: Mailbox
) -> None:
    rsa = authorities.public.issue(NAME, key=shared_key("rsa2048"))
    estate.secret("shop", rsa, {tags.REGIONS: HOME})
    estate.run()
    (old,) = estate.certificates(HOME)
    listener = estate.listener("web", HOME, old)
    estate.renew("shop", authorities.public.issue(NAME))
    estate.aws.behaviour.denied = {("elbv2", "ModifyListener", None)}

    estate.run()

    (letter,) = mailbox.letters()
    assert letter.subject == f"certrotation-test: stranded {SHOP}"
    assert listener in letter.body
    assert '"DependentsStranded: a listener or distribution uses the old' in letter.body
    assert "MaterialRefused" not in letter.body


def test_a_hold_silences_nothing_and_is_told(
    estate: Estate, authorities: Authorities, mailbox: Mailbox, shop: dict[str, str]
) -> None:
    assert shop
    estate.tag_secret("shop", hold="")
    mix_up(estate, authorities)

    estate.run()

    (letter,) = mailbox.letters()
    assert "certrotation:hold" in letter.body


def test_no_byte_of_a_secret_is_mailed(
    estate: Estate, authorities: Authorities, mailbox: Mailbox
) -> None:
    key, passphrase = authorities.public.issue(NAME).key_pem(), "correct horse"
    for value in (
        {"certificate": key, "private_key": key},
        {"private_key": key.replace("-----END", "=-----END"), "passphrase": passphrase},
        {"pkcs12": "AAAA", "passphrase": passphrase},
    ):
        estate.secret(f"shop-{len(value)}-{len(str(value))}", value)

    estate.run()

    letters = mailbox.letters()
    assert len(letters) == 3
    said = "".join(map(str, letters)).replace("\\n", "")
    assert passphrase not in said
    assert not [line for line in key.splitlines()[1:-1] if line in said]


# When it comes


@pytest.mark.usefixtures("shop")
def test_it_comes_at_once_and_then_once_a_day(
    estate: Estate, authorities: Authorities, mailbox: Mailbox, clock: time_machine.Traveller
) -> None:
    mix_up(estate, authorities)
    clock.shift(7 * MINUTE)
    told = []
    for _ in range(3 * 24):
        estate.run()
        told.append(len(mailbox.letters()))
        clock.shift(HOUR)

    assert told == [1, *[0] * 23] * 3


@pytest.mark.usefixtures("shop")
def test_an_event_is_always_told(
    estate: Estate, authorities: Authorities, mailbox: Mailbox, clock: time_machine.Traveller
) -> None:
    mix_up(estate, authorities)
    clock.shift(5 * HOUR)

    estate.rotate("shop")
    estate.rotate("shop")

    assert len(mailbox.letters()) == 2


@pytest.mark.usefixtures("shop")
def test_a_message_that_comes_back_is_told_once_when_it_is_done_with(
    estate: Estate, authorities: Authorities, mailbox: Mailbox, clock: time_machine.Traveller
) -> None:
    """The first read fails, as it may a moment after the change."""
    mix_up(estate, authorities)
    tries: list[str] = []

    def fault(_service: str, operation: str, _region: str) -> Fault | None:
        tries.append(operation)
        is_first = operation == "GetSecretValue" and tries.count(operation) <= 8
        return Fault(code="InternalServiceError", status=500) if is_first else None

    estate.aws.behaviour.fault = fault
    ask_for(estate, "shop")
    with pytest.MonkeyPatch.context() as patching:
        patching.setattr("time.sleep", lambda _: None)
        first = estate.drain()
    before = mailbox.letters()
    clock.shift(2 * MINUTE)
    second = estate.drain()

    assert first.rotation(SHOP)["status"] == "failed"
    assert before == []
    assert second.rotation(SHOP)["status"] == "refused"
    assert len(mailbox.letters()) == 1


def test_one_that_never_comes_to_an_end_is_told_at_its_last_receive(
    estate: Estate, authorities: Authorities, mailbox: Mailbox, clock: time_machine.Traveller
) -> None:
    """One Region refuses for good, the other cannot be reached."""
    rsa = authorities.public.issue(NAME, key=shared_key("rsa2048"))
    estate.secret("shop", rsa)
    estate.run()
    (copy,) = estate.certificates(HOME)
    estate.listener("k8s", HOME, copy, tags={"elbv2.k8s.aws/cluster": "prod"})
    estate.renew("shop", authorities.public.issue(NAME))
    estate.aws.behaviour.dark_regions = {US}
    ask_for(estate, "shop")

    told = []
    for _ in range(7):
        estate.drain()
        told.append(len(mailbox.letters()))
        clock.shift(16 * MINUTE)

    assert told == [0, 0, 0, 0, 1, 0, 0]


def test_what_goes_on_with_another_messages_work_is_not_told_again(
    estate: Estate, authorities: Authorities, mailbox: Mailbox, clock: time_machine.Traveller
) -> None:
    """A distribution is waited for; at home the material is refused each time."""
    rsa = authorities.public.issue(NAME, key=shared_key("rsa2048"))
    estate.secret("shop", rsa, {tags.REGIONS: f"{US} {HOME}"})
    estate.run()
    (home,), (edge,) = estate.certificates(HOME), estate.certificates(US)
    estate.listener("k8s", HOME, home, tags={"elbv2.k8s.aws/cluster": "prod"})
    estate.aws.behaviour.deployments = "when_told"
    estate.distribution(edge, NAME)
    estate.renew("shop", authorities.public.issue(NAME))
    ask_for(estate, "shop")

    for _ in range(4):
        assert estate.drain().codes(SHOP) == {"DEPENDENT_UNMOVABLE"}
        clock.shift(timedelta(minutes=5, seconds=1))

    assert len(mailbox.letters()) == 1


def test_what_goes_well_is_not_told(
    estate: Estate, authorities: Authorities, mailbox: Mailbox
) -> None:
    estate.secret("shop", authorities.public.issue(NAME))

    estate.run()

    assert mailbox.letters() == []


# When it cannot be sent


@pytest.mark.parametrize(
    ("code", "ours"), [("AuthorizationError", "ACCESS_DENIED"), ("NotFound", "REQUEST_REJECTED")]
)
@pytest.mark.usefixtures("shop", "mailbox")
def test_a_mail_that_cannot_be_sent_is_a_warning_and_nothing_more(
    estate: Estate, authorities: Authorities, code: str, ours: str
) -> None:
    mix_up(estate, authorities)

    def refuse(call: Call) -> None:
        if call.operation == "Publish":
            raise estate.aws.error(code, call.operation)

    with estate.aws.before(refuse):
        run = estate.run()

    (line,) = [each for each in run.lines if '"NOTICE_NOT_SENT"' in each]
    assert '"level":"WARNING"' in line
    assert ours in line
    assert run.rotation(SHOP)["status"] == "refused"
    assert not any(estate.waiting_messages().values())


@pytest.mark.usefixtures("shop", "mailbox")
def test_a_bug_in_the_mail_repeats_no_rotation(
    estate: Estate, authorities: Authorities, monkeypatch: pytest.MonkeyPatch
) -> None:
    mix_up(estate, authorities)
    monkeypatch.setattr("certrotation.core.notify.refusal_notice.refusal_notice", None)

    run = estate.run()

    (line,) = [each for each in run.lines if '"NOTICE_NOT_SENT"' in each]
    assert "TypeError" in line
    assert not any(estate.waiting_messages().values())


@pytest.mark.usefixtures("shop")
def test_without_a_topic_nothing_is_sent(estate: Estate, authorities: Authorities) -> None:
    mix_up(estate, authorities)

    run = estate.run()

    assert run.rotation(SHOP)["status"] == "refused"
    assert estate.aws.calls_of("sns") == []
    assert not [each for each in run.lines if "NOTICE_NOT_SENT" in each]
