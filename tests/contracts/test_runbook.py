"""The runbook has a heading for each alarm, and its queries name what raised it."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest
import time_machine

from certrotation.handlers import rotate
from certrotation.names import tags
from certrotation.names.runbook import (
    DEPENDENTS_STRANDED,
    ISSUANCE_FAILING,
    LIVE_CERTIFICATE_LEFT,
    MATERIAL_REFUSED,
    place_of,
)
from infra.observability.alarm_texts import ALARM_TEXTS, ISSUANCE_ALARM_TEXTS, ON_FIRE
from tests.contracts.logs_insights import ask
from tests.simulation.estate import HOME, PREFIX, fields_of
from tests.support.authority import now, shared_key

if TYPE_CHECKING:
    from tests.contracts.logs_insights import Record
    from tests.simulation.estate import Estate
    from tests.support.authorities import Authorities

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "runbook.md").read_text(encoding="utf-8")
STACK = (ROOT / "infra" / "stack.py").read_text(encoding="utf-8")
OUTPUTS = (ROOT / "lambdas" / "certrotation" / "names" / "outputs.py").read_text(encoding="utf-8")

LIFETIME = timedelta(days=100)
DAY = timedelta(days=1)
US = "us-east-1"

PARTS = ("**Impact:**", "**Meaning:**", "**Causes", "**Resolved when:**", "**Escalate to:**")


class Block(NamedTuple):
    language: str
    text: str

    @property
    def is_query(self) -> bool:
        return self.text.startswith("# ")


SECTIONS = dict(re.findall(r"^## (.+?)\n\n(.*?)(?=^## |\Z)", TEXT, flags=re.MULTILINE | re.DOTALL))
ALARMS = (ON_FIRE, *ALARM_TEXTS.values(), *ISSUANCE_ALARM_TEXTS.values())
NAMES = [pytest.param(text.heading, id=text.name) for text in ALARMS]


def blocks(section: str) -> list[Block]:
    return [
        Block(*each)
        for each in re.findall(r"^```(\w*)\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)
    ]


def query(name: str, number: int = 0) -> str:
    """The queries under an alarm's heading."""
    section = SECTIONS[ALARM_TEXTS[name].heading]
    return [each.text for each in blocks(section) if each.is_query][number]


def rows(name: str, estate: Estate, number: int = 0) -> list[Record]:
    """Run the functions, and ask the runbook's query for what they log."""
    return ask(query(name, number), estate.run().lines)


# Its form


def test_there_is_a_heading_for_each_alarm_in_the_order_of_the_table() -> None:
    headings = [each for each in SECTIONS if ":" in each]

    assert headings == [text.heading for text in ALARMS]


@pytest.mark.parametrize("heading", NAMES)
def test_each_begins_with_a_query_or_a_command(heading: str) -> None:
    section = SECTIONS[heading]
    first = blocks(section)[0]

    assert section.startswith("```")
    assert first.is_query or first.language == "sh"


@pytest.mark.parametrize("heading", NAMES)
def test_each_has_impact_meaning_causes_resolution_and_escalation(heading: str) -> None:
    found = [SECTIONS[heading].find(part) for part in PARTS]

    assert -1 not in found
    assert found == sorted(found)


def test_every_output_that_it_names_is_one_of_the_stack() -> None:
    named = set(re.findall(r"\$\(out (\w+)\)", TEXT))
    named |= set(re.findall(r"^# (\w+Logs)\b", TEXT, re.MULTILINE))
    loops = re.findall(r"^for \w+ in ([\w ]+); do", TEXT, re.MULTILINE)
    named |= {each for loop in loops for each in loop.split()}

    assert named
    for each in named:
        assert f'"{each}"' in STACK + OUTPUTS, each


def test_what_the_alarms_promise_to_page_next_is_an_alarm() -> None:
    for text in (*ALARM_TEXTS.values(), *ISSUANCE_ALARM_TEXTS.values()):
        named = set(re.findall(r"\b[A-Z][a-z]+[A-Z]\w+", text.otherwise))
        assert named <= ALARM_TEXTS.keys() | ISSUANCE_ALARM_TEXTS.keys(), text.name


def test_what_is_mailed_of_a_rotation_names_headings_that_are_there() -> None:
    assert ALARM_TEXTS["MaterialRefused"].heading == MATERIAL_REFUSED
    assert ALARM_TEXTS["DependentsStranded"].heading == DEPENDENTS_STRANDED
    assert ALARM_TEXTS["LiveCertificateLeft"].heading == LIVE_CERTIFICATE_LEFT
    assert ISSUANCE_ALARM_TEXTS["IssuanceFailing"].heading == ISSUANCE_FAILING


def test_a_link_has_the_anchor_that_a_forge_makes_of_the_heading() -> None:
    """As GitHub rendered these two headings."""
    url = "https://forge.example.com/docs/runbook.md"
    made = {
        "RegionDark: a Region could not be read for a day": (
            "regiondark-a-region-could-not-be-read-for-a-day"
        ),
        "What's left: 2 (two) dead-letter queues": "whats-left-2-two-dead-letter-queues",
    }

    assert {heading: place_of(heading, url) for heading in made} == {
        heading: f"{url}#{anchor}" for heading, anchor in made.items()
    }


# Its queries, on what the functions log


def in_use(
    estate: Estate, authorities: Authorities, name: str, left: timedelta, *, managed: bool
) -> str:
    """A listener's certificate that has so much of its hundred days left; its ARN."""
    begun = now() + left - LIFETIME
    issued = authorities.public.issue(f"{name}.example.com", not_before=begun, lifetime=LIFETIME)
    if managed:
        estate.secret(name, issued, {tags.REGIONS: HOME})
        before = set(estate.certificates(HOME))
        estate.run()
        (arn,) = set(estate.certificates(HOME)) - before
    else:
        arn = estate.certificate(issued, HOME)
    estate.listener(name, HOME, arn)
    return arn


@pytest.fixture
def short_lived(estate: Estate, authorities: Authorities) -> None:
    """More certificates than the summary shows as nearest, all of them near and fresh."""
    for number in range(21):
        issued = authorities.public.issue(f"s{number}.example.com", lifetime=5 * DAY)
        estate.listener(f"s{number}", HOME, estate.certificate(issued, HOME))


@pytest.mark.usefixtures("short_lived")
@pytest.mark.parametrize(
    ("alarm", "left", "managed"),
    [
        pytest.param("CertificateCritical", 9 * DAY, True, id="CertificateCritical"),
        pytest.param("CertificateTurnedCritical", 10 * DAY, True, id="CertificateTurnedCritical"),
        pytest.param("AwaitingMaterial", 15 * DAY, True, id="AwaitingMaterial"),
        pytest.param("UnmanagedExpiring", 15 * DAY, False, id="UnmanagedExpiring"),
    ],
)
def test_the_certificate_behind_an_alarm_is_named_however_many_others_expire_sooner(
    estate: Estate,
    authorities: Authorities,
    alarm: str,
    left: timedelta,
    managed: bool,  # noqa: FBT001  a column of the table
) -> None:
    arn = in_use(estate, authorities, "shop", left, managed=managed)

    (row,) = rows(alarm, estate)

    assert row["certificate.arn"] == arn
    assert row["certificate.region"] == HOME
    assert row["expires"].startswith("20")
    assert row.get("certificate.secret") == (PREFIX + "shop" if managed else None)


def test_a_certificate_that_is_left_is_named_with_its_secret_and_what_to_do(
    estate: Estate, authorities: Authorities
) -> None:
    name = "shop.example.com"
    left = estate.certificate(authorities.public.issue(name, key=shared_key("rsa2048")), HOME)
    estate.listener("web", HOME, left)
    estate.secret("shop", authorities.public.issue(name), {tags.REGIONS: HOME})
    rotated = estate.run().lines

    (row,) = rows("LiveCertificateLeft", estate)
    (found,) = ask(query("LiveCertificateLeft", 1), rotated)

    assert row["certificate.arn"] == left
    assert PREFIX + "shop" in row["certificate.because"]
    assert found["line.rotation.secret"] == PREFIX + "shop"
    assert left in found["finding.found"]
    assert tags.SECRET in found["finding.remedy"]


def test_what_expires_first_comes_first_and_of_the_last_scan(
    estate: Estate, authorities: Authorities
) -> None:
    later = in_use(estate, authorities, "later", 40 * DAY, managed=True)
    sooner = in_use(estate, authorities, "sooner", 30 * DAY, managed=False)
    before, last = estate.run().lines, estate.run().lines

    found = ask(query("ScanMissing"), [*before, *last])

    assert [each["certificate.arn"] for each in found] == [sooner, later]
    assert found[0]["@timestamp"] == found[1]["@timestamp"] == len(before)


def test_a_stalled_secret_is_named_and_so_is_its_hold(
    estate: Estate, authorities: Authorities
) -> None:
    estate.secret("shop", authorities.public.issue("shop.example.com"), {tags.HOLD: ""})

    with time_machine.travel(now() + DAY):
        lines = estate.run().lines

    assert [each["secret"] for each in ask(query("RotationStalled"), lines)] == [PREFIX + "shop"]
    (why,) = ask(query("RotationStalled", 1), lines)
    assert why["rotation.secret"] == PREFIX + "shop"
    assert why["rotation.status"] == "planned"
    assert why["rotation.plan.held"] is True


@pytest.mark.parametrize("alarm", ["RegionDark", "RegionUnreachable"])
def test_a_region_that_cannot_be_read_is_named_with_the_reason(estate: Estate, alarm: str) -> None:
    estate.aws.behaviour.denied = {("acm", "ListCertificates", US)}

    (row,) = rows(alarm, estate)

    assert US in row["unreachable"]
    assert "ACCESS_DENIED" in row["unreachable"]
    estate.aws.behaviour.denied = set()
    assert rows(alarm, estate) == []


def test_a_stranded_dependent_is_named_with_the_reason(
    estate: Estate, authorities: Authorities
) -> None:
    issue = authorities.public.issue
    estate.secret(
        "shop", issue("shop.example.com", key=shared_key("rsa2048")), {tags.REGIONS: HOME}
    )
    estate.run()
    (copy,) = estate.certificates(HOME)
    other = estate.certificate(issue("team.example.com"), HOME, {tags.IGNORE: ""})
    listener = estate.listener("web", HOME, other, [copy])
    estate.aws.behaviour.alb_certificate_limit = 1
    estate.renew("shop", issue("shop.example.com"))

    (row,) = rows("DependentsStranded", estate)

    assert listener in row["dependent"]
    assert row["line.rotation.secret"] == PREFIX + "shop"
    assert row["region.region"] == HOME
    (move,) = rows("DependentsStranded", estate, 1)
    assert move["step.dependent"] == listener
    assert move["step.arn"] == copy
    assert move["step.to"] in estate.certificates(HOME)


def test_a_rotation_that_fails_is_named_with_the_reason(
    estate: Estate, authorities: Authorities
) -> None:
    estate.secret("shop", authorities.public.issue("shop.example.com"))
    with time_machine.travel(now(), tick=False):
        estate.scan()
        estate.aws.behaviour.dark_regions = {US}
        lines = estate.drain().lines

    (row,) = ask(query("RotationDeadLetters"), lines)

    assert row["rotation.secret"] == PREFIX + "shop"
    assert "UNREACHABLE" in row["why"]


def test_what_was_refused_is_named_with_what_was_found_and_what_to_do(
    estate: Estate, authorities: Authorities
) -> None:
    good, other = (authorities.public.issue("shop.example.com") for _ in range(2))
    estate.secret("shop", fields_of(good) | {"private_key": other.key_pem()})
    estate.secret("wiki", authorities.public.issue("wiki.example.com"))

    (row,) = rows("MaterialRefused", estate)

    assert row["rotation.secret"] == PREFIX + "shop"
    assert row["code"] == "KEY_MISMATCH"


def test_each_finding_that_refuses_is_told_with_what_was_found_and_what_to_do(
    estate: Estate, authorities: Authorities
) -> None:
    issue = authorities.public.issue
    estate.secret("shop", issue("shop.example.com", "www.example.com"))
    estate.run()
    estate.renew("shop", issue("shop.example.com"))

    found = rows("MaterialRefused", estate, 1)

    assert [each["finding.code"] for each in found] == ["NAMES_LOST"] * 2
    copies = {arn for region in (HOME, US) for arn in estate.certificates(region)}
    assert {arn for arn in copies for each in found if arn in each["finding.found"]} == copies
    assert all(each["finding.remedy"] for each in found)


def test_a_refusal_by_aws_is_named_too(estate: Estate, authorities: Authorities) -> None:
    estate.secret("shop", authorities.public.issue("shop.example.com"))
    estate.aws.behaviour.denied = {("secretsmanager", "GetSecretValue", None)}

    (row,) = rows("MaterialRefused", estate)

    assert "ACCESS_DENIED" in row["why"]
    assert row["rotation.secret"] == PREFIX + "shop"


def test_the_last_rotation_of_a_secret_is_asked_for_by_its_name(
    estate: Estate, authorities: Authorities
) -> None:
    """The query within the function `last`, as the shell fills it in."""
    (text,) = re.findall(r"^  ask RotateLogs .*?<<E\n(.*?)^E$", TEXT, re.MULTILINE | re.DOTALL)
    for name in ("shop", "wiki"):
        estate.secret(name, authorities.public.issue(f"{name}.example.com"))

    (row,) = ask(text.replace("$1", PREFIX + "shop"), estate.run().lines)

    assert row["rotation.status"] == "done"
    estate.aws.behaviour.denied = {("acm", "ImportCertificate", HOME)}
    estate.renew("shop", authorities.public.issue("shop.example.com"))
    (row,) = ask(text.replace("$1", PREFIX + "shop"), estate.run().lines)
    assert row["rotation.status"] == "failed"
    assert "acm:ImportCertificate" in row["why"]


def test_the_secrets_that_wait_are_named(estate: Estate, authorities: Authorities) -> None:
    for name in ("shop", "wiki"):
        estate.secret(name, authorities.public.issue(f"{name}.example.com"))

    found = ask(query("QueueStuck"), estate.scan().lines)

    assert {each["secret"] for each in found} == {PREFIX + "shop", PREFIX + "wiki"}


def test_a_bug_is_found_among_what_went_well(
    estate: Estate, authorities: Authorities, monkeypatch: pytest.MonkeyPatch
) -> None:
    estate.secret("shop", authorities.public.issue("shop.example.com"))
    monkeypatch.setattr("certrotation.handlers.rotate.follow_up", None)
    record = {"messageId": "m", "receiptHandle": "r", "body": f'{{"secret": "{PREFIX}shop"}}'}
    with estate.listening() as run, pytest.raises(TypeError):
        rotate.handler({"Records": [record]}, None)
    lines = [*estate.scan().lines, *run.lines]

    (row,) = ask(query("FunctionErrors"), lines)

    assert row["message"] == "bug"
    assert row["exception_name"] == "TypeError"
