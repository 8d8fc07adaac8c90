"""A certificate in use beside a copy is named, counted and mailed; it is never passed over."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from botocore.client import BaseClient

from certrotation.names import tags
from tests.simulation.estate import HOME, PREFIX, client
from tests.support.authority import shared_key

if TYPE_CHECKING:
    import time_machine

    from tests.double import Call
    from tests.simulation.estate import Estate, Run
    from tests.simulation.mailbox import Mailbox
    from tests.support.authorities import Authorities

pytestmark = pytest.mark.slow

SHOP = PREFIX + "shop"
NAME = "shop.example.com"
AT_HOME = {tags.REGIONS: HOME}
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
LEFT = "LIVE_CERTIFICATE_LEFT"
THEIRS = {tags.SECRET: "theirs/shop"}


@pytest.fixture
def old(estate: Estate, authorities: Authorities) -> str:
    """The shop's certificate with an RSA key, which somebody imported."""
    return estate.certificate(authorities.public.issue(NAME, key=shared_key("rsa2048")), HOME)


@pytest.fixture
def web(estate: Estate, old: str) -> str:
    """The listener that presents it."""
    return estate.listener("web", HOME, old)


def left_by(run: Run, secret: str = SHOP) -> list[dict[str, Any]]:
    """The findings of a rotation on certificates that are left, from its plan."""
    return [
        each
        for region in run.rotation(secret)["plan"]["regions"]
        for each in region["findings"]
        if each["code"] == LEFT
    ]


def test_a_certificate_of_another_key_type_is_named_with_its_dependent_and_the_reason(
    estate: Estate, authorities: Authorities, old: str, web: str
) -> None:
    estate.secret("shop", authorities.public.issue(NAME), AT_HOME)

    run = estate.run()

    (found,) = left_by(run)
    assert run.rotation(SHOP)["status"] == "done"
    assert found["severity"] == "warn"
    for each in (old, web, NAME, "RSA_2048", "EC_prime256v1"):
        assert each in found["found"]
    assert f"{tags.SECRET} = {SHOP}" in found["remedy"]
    assert estate.tags(old) == {}
    assert estate.default_of(web) == old


def test_it_is_mailed_once_for_each_version(
    estate: Estate, authorities: Authorities, mailbox: Mailbox, old: str, web: str
) -> None:
    estate.secret("shop", authorities.public.issue(NAME), AT_HOME)
    mailed = []
    for _ in range(3):
        estate.run()
        estate.rotate("shop")
        mailed.append(len(letters := mailbox.letters()))
        if letters:
            assert letters[0].subject == f"certrotation-test: certificate left {SHOP}"
            assert old in letters[0].body
            assert web in letters[0].body
            assert "LiveCertificateLeft: " in letters[0].body
    estate.renew("shop", authorities.public.issue(NAME))
    for _ in range(3):
        estate.run()
        mailed.append(len(mailbox.letters()))

    assert mailed == [1, 0, 0, 1, 0, 0]


@pytest.mark.usefixtures("web")
def test_every_scan_counts_it_and_names_the_secret(
    estate: Estate, authorities: Authorities, old: str
) -> None:
    estate.secret("shop", authorities.public.issue(NAME), AT_HOME)
    before = estate.scan()
    estate.drain()

    scan = estate.scan()

    assert before.metric("LiveCertificatesLeft") == 0, "no copy yet"
    assert scan.metric("LiveCertificatesLeft") == 1
    (summary,) = scan.scans
    (row,) = summary["counted"]["LiveCertificatesLeft"]
    assert row["arn"] == old
    assert row["because"] == f"it shares {NAME} with a copy of {SHOP}"


def test_the_tag_that_the_remedy_names_has_it_taken_over(
    estate: Estate, authorities: Authorities, old: str, web: str
) -> None:
    issued = authorities.public.issue(NAME)
    estate.secret("shop", issued, AT_HOME)
    estate.run()
    client("acm", HOME).add_tags_to_certificate(
        CertificateArn=old, Tags=[{"Key": tags.SECRET, "Value": SHOP}]
    )

    run = estate.run()

    assert run.rotation(SHOP)["status"] == "done"
    assert left_by(run) == []
    assert estate.default_of(web) != old
    assert estate.presents(estate.default_of(web)) == issued.certificate
    assert estate.scan().metric("LiveCertificatesLeft") == 0


def test_names_that_the_material_does_not_cover_are_to_be_added(
    estate: Estate, authorities: Authorities
) -> None:
    wide = estate.certificate(authorities.public.issue(NAME, "pay.example.com"), HOME)
    estate.listener("web", HOME, wide)
    estate.secret("shop", authorities.public.issue(NAME), AT_HOME)

    (found,) = left_by(estate.run())

    assert wide in found["found"]
    assert "with pay.example.com too" in found["remedy"]
    assert tags.SECRET not in found["remedy"]


def test_names_that_the_materials_wildcard_covers_need_only_the_tag(
    estate: Estate, authorities: Authorities
) -> None:
    issue = authorities.public.issue
    wide = estate.certificate(issue("*.example.com", NAME), HOME)
    web = estate.listener("web", HOME, wide)
    issued = issue("*.example.com")
    estate.secret("shop", issued, AT_HOME)

    (found,) = left_by(estate.run())
    client("acm", HOME).add_tags_to_certificate(
        CertificateArn=wide, Tags=[{"Key": tags.SECRET, "Value": SHOP}]
    )
    estate.run()

    assert f"{tags.SECRET} = {SHOP}" in found["remedy"]
    assert estate.presents(estate.default_of(web)) == issued.certificate


def test_better_material_than_the_secrets_is_named_too(
    estate: Estate, authorities: Authorities
) -> None:
    better = estate.certificate(authorities.public.issue(NAME, lifetime=90 * DAY), HOME)
    estate.listener("web", HOME, better)
    estate.secret("shop", authorities.public.issue(NAME, lifetime=30 * DAY), AT_HOME)

    (found,) = left_by(estate.run())

    assert better in found["found"]
    assert "lose trust or expire sooner" in found["found"]


def test_with_adoption_off_whatever_is_in_use_is_named(
    estate: Estate, authorities: Authorities
) -> None:
    estate.environment["CERTROTATION_ADOPTION"] = "off"
    same = estate.certificate(authorities.public.issue(NAME, lifetime=30 * DAY), HOME)
    estate.listener("web", HOME, same)
    estate.secret("shop", authorities.public.issue(NAME), AT_HOME)

    (found,) = left_by(estate.run())

    assert same in found["found"]
    assert "adoption is off" in found["found"]


@pytest.mark.parametrize(
    ("names", "listeners", "marked"),
    [
        pytest.param([NAME], [], {}, id="in use by nothing"),
        pytest.param(["www.example.com"], ["web"], {}, id="other names"),
        pytest.param(["*.example.com"], ["web"], {}, id="a wildcard that covers the name"),
        pytest.param([NAME], ["web"], {tags.IGNORE: ""}, id="ignored"),
        pytest.param([NAME], ["web"], THEIRS, id="another deployment's"),
        pytest.param([NAME, "a.example.com"], ["web"], {tags.IGNORE: ""}, id="more names, ignored"),
        pytest.param([NAME, "a.example.com"], ["web"], THEIRS, id="more names, theirs"),
    ],
)
def test_what_is_unused_claimed_ignored_or_has_no_identical_name_is_not_named(
    estate: Estate,
    authorities: Authorities,
    names: list[str],
    listeners: list[str],
    marked: dict[str, str],
) -> None:
    other = authorities.public.issue(*names, key=shared_key("rsa2048"))
    arn = estate.certificate(other, HOME, marked)
    for name in listeners:
        estate.listener(name, HOME, arn)
    estate.secret("shop", authorities.public.issue(NAME), AT_HOME)

    run = estate.run()

    assert left_by(run) == []
    assert estate.scan().metric("LiveCertificatesLeft") == 0


# Accepted


@pytest.mark.usefixtures("web")
def test_a_person_may_accept_it_for_good(
    estate: Estate, authorities: Authorities, mailbox: Mailbox
) -> None:
    accepted = {**AT_HOME, tags.ACCEPT: LEFT}
    estate.secret("shop", authorities.public.issue(NAME), accepted)

    runs = [estate.run()]
    estate.renew("shop", authorities.public.issue(NAME))
    runs.append(estate.run())

    for run in runs:
        (found,) = left_by(run)
        assert found["found"].startswith("Accepted by tag: ")
        assert run.codes(SHOP) == {LEFT}, "the acceptance has an effect"
    assert mailbox.letters() == []
    assert estate.scan().metric("LiveCertificatesLeft") == 0


def test_an_acceptance_of_nothing_is_without_effect_if_every_region_was_searched(
    estate: Estate, authorities: Authorities
) -> None:
    accepted = {**AT_HOME, tags.ACCEPT: LEFT}
    estate.secret("shop", authorities.public.issue(NAME), accepted)

    searched = estate.run()
    estate.renew("shop", authorities.public.issue(NAME))
    renewed = estate.run()

    assert searched.codes(SHOP) == {"ACCEPT_WITHOUT_EFFECT"}
    assert renewed.codes(SHOP) == set(), "an ordinary renewal does not search"


# Report mode, on hold


def report_mode(estate: Estate) -> None:
    estate.environment["CERTROTATION_MODE"] = "report"


def hold(estate: Estate) -> None:
    estate.tag_secret("shop", hold="")


@pytest.mark.usefixtures("web")
@pytest.mark.parametrize("stop", [report_mode, hold])
def test_where_nothing_is_applied_the_first_scan_after_a_change_mails_it(
    estate: Estate,
    authorities: Authorities,
    mailbox: Mailbox,
    clock: time_machine.Traveller,
    stop: Any,
) -> None:
    version = estate.secret("shop", authorities.public.issue(NAME), AT_HOME)
    stop(estate)
    estate.rotate("shop", version=version)
    by_event = len(mailbox.letters())
    by_scan = []
    for _ in range(26):
        clock.shift(HOUR - timedelta(minutes=1))
        assert len(left_by(estate.run())) == 1, "in each plan"
        by_scan.append(len(mailbox.letters()))

    assert (by_event, by_scan) == (0, [1, *[0] * 25])
    assert len(estate.certificates(HOME)) == 1


@pytest.mark.usefixtures("web")
def test_in_report_mode_a_person_who_asks_is_mailed(
    estate: Estate, authorities: Authorities, mailbox: Mailbox, old: str
) -> None:
    report_mode(estate)
    estate.secret("shop", authorities.public.issue(NAME), AT_HOME)

    run = estate.rotate("shop")

    (letter,) = mailbox.letters()
    assert run.rotation(SHOP)["status"] == "planned"
    assert old in letter.body


# An estate of wildcards


@pytest.fixture
def teams(estate: Estate, authorities: Authorities) -> list[str]:
    """Fifty certificates with the wildcard and a name of their own, ten on each listener."""
    issue = authorities.public.issue
    arns = [
        estate.certificate(issue("*.example.com", f"team-{number}.example.com"), HOME)
        for number in range(50)
    ]
    for number in range(0, 50, 10):
        estate.listener(f"web-{number}", HOME, arns[number], arns[number + 1 : number + 10])
    return arns


def test_many_certificates_under_one_wildcard_cost_few_calls_and_few_lines(
    estate: Estate, authorities: Authorities, mailbox: Mailbox, teams: list[str]
) -> None:
    estate.secret("shop", authorities.public.issue("*.example.com"), AT_HOME)
    estate.scan()
    estate.aws.calls.clear()

    run = estate.drain()

    found = left_by(run)
    named = [each for each in teams if any(each in line["found"] for line in found)]
    assert len(found) == 21
    assert len(named) == 20
    assert found[-1]["found"].startswith("30 more certificates in use in ")
    assert run.rotation(SHOP)["status"] == "done"
    asked = [c for c in estate.aws.calls if c.params.get("CertificateArn") in set(teams)]
    assert {c.params["CertificateArn"] for c in asked} == set(named)
    (letter,) = mailbox.letters()
    assert len(letter.body.splitlines()) < 100
    assert estate.scan().metric("LiveCertificatesLeft") == 50


def test_copies_that_share_a_wildcard_do_not_crowd_out_what_is_left(
    estate: Estate, authorities: Authorities, teams: list[str]
) -> None:
    acm = client("acm", HOME)
    for number, arn in enumerate(teams[:-1]):
        marks = [{"Key": tags.SECRET, "Value": f"theirs/{number}"}]
        acm.add_tags_to_certificate(CertificateArn=arn, Tags=marks)
    estate.secret("shop", authorities.public.issue("*.example.com"), AT_HOME)

    (found,) = left_by(estate.run())

    assert teams[-1] in found["found"]


# What cannot be read


@pytest.mark.parametrize(
    ("operation", "says"),
    [
        ("DescribeCertificate", "its dependents could not be read"),
        ("GetCertificate", "it cannot be read"),
        ("ListTagsForCertificate", "it cannot be read"),
    ],
)
def test_an_error_of_a_certificate_that_is_left_stops_nothing(
    estate: Estate, authorities: Authorities, operation: str, says: str
) -> None:
    theirs = estate.certificate(authorities.public.issue(NAME, "a.example.com"), HOME)
    estate.listener("web", HOME, theirs)
    estate.secret("shop", authorities.public.issue(NAME), AT_HOME)

    def deny(call: Call) -> None:
        if call.operation == operation and call.params["CertificateArn"] == theirs:
            raise estate.aws.error("AccessDeniedException", call.operation)

    with estate.aws.before(deny):
        run = estate.run()

    (found,) = left_by(run)
    assert run.rotation(SHOP)["status"] == "done"
    assert theirs in found["found"]
    assert says in found["found"]


def test_no_key_is_in_what_is_said_of_it(
    estate: Estate, authorities: Authorities, mailbox: Mailbox, web: str
) -> None:
    issued = authorities.public.issue(NAME)
    estate.secret("shop", issued, AT_HOME)

    run = estate.run()

    said = json.dumps(left_by(run)) + "".join(each.body for each in mailbox.letters())
    assert web in said
    assert not [line for line in issued.key_pem().splitlines()[1:-1] if line in said]


# Answers without members that the API model does not require


@pytest.mark.parametrize(
    ("operation", "member"),
    [
        ("ListCertificates", "InUse"),
        ("ListCertificates", "Type"),
        ("ListCertificates", "SubjectAlternativeNameSummaries"),
        ("ListCertificates", "HasAdditionalSubjectAlternativeNames"),
        ("ListCertificates", "DomainName"),
        ("DescribeCertificate", "InUseBy"),
        ("DescribeCertificate", "CreatedAt"),
    ],
)
def test_an_absent_member_hides_nothing_that_is_left(
    estate: Estate,
    authorities: Authorities,
    monkeypatch: pytest.MonkeyPatch,
    operation: str,
    member: str,
) -> None:
    theirs = estate.certificate(authorities.public.issue("pay.example.com", NAME), HOME)
    estate.listener("web", HOME, theirs)
    unused = estate.certificate(authorities.public.issue("pay.example.com", NAME), HOME)
    estate.secret("shop", authorities.public.issue(NAME), AT_HOME)

    call: Any = vars(BaseClient)["_make_api_call"]  # each answer passes there

    def without(self: BaseClient, called: str, parameters: Any) -> Any:
        answer: Any = call(self, called, parameters)
        if called == operation:
            for each in answer.get("CertificateSummaryList", [answer.get("Certificate")]):
                each.pop(member, None)
        return answer

    monkeypatch.setattr(BaseClient, "_make_api_call", without)

    found = left_by(estate.run())

    assert [theirs in each["found"] for each in found] == [True]
    assert unused not in str(found)
