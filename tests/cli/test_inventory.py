"""`certrotation inventory`: what is there, how urgent it is, and what happens next."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from certrotation.cli.exit_codes import ExitCode
from certrotation.cli.inventory.rows import name_of_user
from certrotation.names import tags
from tests.cli.running import deploy, run, settings_of
from tests.cli.schemas import check_document
from tests.simulation.estate import HOME, PREFIX, marks_of

if TYPE_CHECKING:
    from pathlib import Path

    from tests.simulation.estate import Estate
    from tests.support.authorities import Authorities
    from tests.support.authority import Issued

pytestmark = pytest.mark.slow

US = "us-east-1"
READS = {
    "DescribeStacks",
    "GetFunctionConfiguration",
    "DescribeRegions",
    "ListSecrets",
    "ListCertificates",
    "GetResources",
    "SearchCertificates",
    "DescribeCertificate",
}


def by_arn(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {each["arn"]: each for each in document["certificates"]}


def days(number: int) -> timedelta:
    return timedelta(days=number)


def aged(authorities: Authorities, name: str, age: int) -> Issued:
    """A certificate for 90 days that is so many days old."""
    begun = datetime.now(UTC) - days(age) - timedelta(hours=1)
    return authorities.public.issue(name, not_before=begun, lifetime=days(90))


def test_every_state_is_shown_with_what_happens_next_the_most_urgent_first(
    estate: Estate, authorities: Authorities
) -> None:
    deploy(estate)
    shop, api = (
        authorities.public.issue("shop.example.com"),
        authorities.public.issue("api.example.com"),
    )
    soon = aged(authorities, "soon.example.com", 89)
    version = estate.secret("shop", shop)
    current = estate.certificate(shop, HOME, marks_of(f"{PREFIX}shop", version, shop))
    due = estate.certificate(api, US, {**marks_of(f"{PREFIX}shop", "0" * 32, api)})
    old = estate.certificate(
        api, US, {tags.SECRET: f"{PREFIX}shop", tags.SUPERSEDED_BY: due, tags.SUPERSEDED_AT: "1"}
    )
    urgent = estate.certificate(soon, HOME)
    estate.listener("web", HOME, urgent)
    ignored = estate.certificate(soon, US, {tags.IGNORE: ""})
    foreign = estate.certificate(soon, US, {tags.SECRET: "other/shop"})
    estate.aws.calls.clear()

    ran = run("inventory", "--json")

    document = ran.document
    found = by_arn(document)
    assert ran.code is ExitCode.DONE
    assert [each["arn"] for each in document["certificates"]][:3] == [urgent, due, current]
    assert {each["arn"] for each in document["certificates"][3:]} == {old, ignored, foreign}
    assert found[urgent]["window"] == "critical"
    assert found[urgent]["days"] == 0
    assert found[urgent]["used_by"] == "ALB web"
    assert found[urgent]["next"] == (
        "never renewed: no copy of a managed secret has one of its names"
    )
    assert found[due]["next"].startswith("renewed by the next rotation: the copy has version 0000")
    assert found[current]["next"].startswith("a warning from 20")
    assert found[current]["version"] == version
    assert found[current]["key"] == "EC_prime256v1"
    assert found[current]["issuer"] == found[due]["issuer"] != ""
    assert found[old]["next"] == "deleted by the next scan, if nothing uses it then"
    assert found[ignored]["next"].startswith("nothing: ")
    assert document["stack"] == "certrotation"
    assert document["states"]["unmanaged"] == 1
    assert {call.operation for call in estate.aws.calls} <= READS


def test_a_person_sees_a_table_and_a_pipe_gets_plain_columns(
    estate: Estate, authorities: Authorities
) -> None:
    deploy(estate)
    shop = authorities.public.issue(
        "shop.example.com", "www.shop.example.com", "*.shop.example.com"
    )
    estate.certificate(shop, HOME)

    ran = run("inventory")

    heading, row, empty, summary, *groups = ran.out.splitlines()
    assert heading.split() == [
        *("names", "Region", "days", "key,", "issuer", "state", "secret", "used", "by", "next")
    ]
    assert row.startswith("shop.example.com, www.shop.example.com, *.shop.example.com  eu-west-1")
    assert row.endswith("never renewed: there is no managed secret")
    assert (empty, summary) == ("", "1 certificate: 1 unmanaged.")
    assert "certrotation/shop.example.com" in "".join(groups)


def test_an_empty_account_is_a_sentence(estate: Estate) -> None:
    deploy(estate)

    assert run("inventory").out == "There are no imported certificates in these Regions.\n"


@pytest.mark.parametrize(
    ("arguments", "left"),
    [
        pytest.param(("--name", "shop*"), {"shop"}, id="names"),
        pytest.param(("--name", "hop.exam"), {"shop"}, id="part of a name"),
        pytest.param(("--name", "shop*", "--name", "api*"), {"shop", "api"}, id="several"),
        pytest.param(("--in-region", US), {"api"}, id="Region"),
        pytest.param(("--state", "ignored"), {"api"}, id="state"),
        pytest.param(("--days", "20"), {"soon"}, id="days"),
        pytest.param(("--days", "20", "--in-region", US), set(), id="both"),
    ],
)
def test_filters_leave_what_fits_all_of_them(
    estate: Estate, authorities: Authorities, arguments: tuple[str, ...], left: set[str]
) -> None:
    issue = authorities.public.issue
    estate.certificate(issue("shop.example.com"), HOME)
    estate.certificate(issue("soon.example.com", lifetime=days(10)), HOME)
    estate.certificate(issue("api.example.com"), US, {tags.IGNORE: ""})

    document = run("inventory", "--json", *arguments, **settings_of(estate)).document

    names = {each["names"][0].partition(".")[0] for each in document["certificates"]}
    assert names == left
    assert sum(document["states"].values()) == 3


def test_rows_are_sorted_as_asked(estate: Estate, authorities: Authorities) -> None:
    for name, lifetime in (("b", 50), ("a", 60), ("c", 40)):
        estate.certificate(authorities.public.issue(f"{name}.com", lifetime=days(lifetime)), HOME)

    orders = {
        order: "".join(
            each["names"][0][0]
            for each in run("inventory", "--json", "--sort", order, **settings_of(estate)).document[
                "certificates"
            ]
        )
        for order in ("name", "days", "urgency")
    }

    assert orders == {"name": "abc", "days": "cba", "urgency": "cba"}


@pytest.mark.parametrize(
    ("age", "in_use", "fail_on", "code"),
    [
        pytest.param(10, True, "warning", ExitCode.DONE, id="fresh"),
        pytest.param(75, True, "warning", ExitCode.FINDING, id="warning"),
        pytest.param(75, True, "critical", ExitCode.DONE, id="not yet critical"),
        pytest.param(85, True, "critical", ExitCode.FINDING, id="critical"),
        pytest.param(85, True, "warning", ExitCode.FINDING, id="more than a warning"),
        pytest.param(85, False, "warning", ExitCode.DONE, id="nothing uses it"),
    ],
)
def test_a_pipeline_fails_on_what_is_in_use_and_in_a_window(  # noqa: PLR0917  a table
    estate: Estate,
    authorities: Authorities,
    age: int,
    in_use: bool,  # noqa: FBT001  a case
    fail_on: str,
    code: ExitCode,
) -> None:
    issued = aged(authorities, "a.example.com", age)
    arn = estate.certificate(issued, HOME)
    if in_use:
        estate.listener("web", HOME, arn)

    ran = run("inventory", "--fail-on", fail_on, "--json", **settings_of(estate))

    assert ran.code is code
    assert ran.document["hits"] == ([arn] if code is ExitCode.FINDING else [])


def test_a_region_that_cannot_be_read_is_an_error_and_the_others_are_shown(
    estate: Estate, authorities: Authorities
) -> None:
    arn = estate.certificate(authorities.public.issue("shop.example.com"), HOME)
    estate.aws.behaviour.denied.add(("acm", "ListCertificates", US))

    ran = run("inventory", "--json", **settings_of(estate))

    assert ran.code is ExitCode.ERROR
    assert list(by_arn(ran.document)) == [arn]
    assert list(ran.document["unreachable"]) == [US]
    assert "Error: us-east-1 cannot be read: ACCESS_DENIED" in ran.err


def test_where_acm_cannot_be_searched_the_certificates_are_described(
    estate: Estate, authorities: Authorities
) -> None:
    arn = estate.certificate(authorities.public.issue("shop.example.com"), HOME)
    estate.listener("web", HOME, arn)
    estate.aws.behaviour.denied.add(("acm", "SearchCertificates", None))

    found = by_arn(run("inventory", "--json", **settings_of(estate)).document)[arn]
    blind = run("inventory", "--json", "--details", "0", **settings_of(estate))

    assert (found["key"], found["used_by"]) == ("EC_prime256v1", "ALB web")
    assert found["issuer"]
    assert by_arn(blind.document)[arn]["key"] is None
    assert by_arn(blind.document)[arn]["users"] is None
    assert "The users of 1 certificates in use were not read" in blind.err


def test_every_kind_of_user_has_a_name() -> None:
    certificate = "arn:aws:acm:eu-west-1:123456789012:certificate/a"
    elb = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:"
    for user, name in (
        (f"{elb}loadbalancer/app/web/50dc6c495c0c9188", "ALB web"),
        (f"{elb}loadbalancer/net/tcp/50dc6c495c0c9188", "NLB tcp"),
        (f"{elb}loadbalancer/old", "Classic Load Balancer old"),
        ("arn:aws:cloudfront::123456789012:distribution/E1", "CloudFront E1"),
        ("arn:aws:es:eu-west-1:123456789012:domain/logs", "es domain/logs"),
        (f"{elb.replace('123456789012', '999999999999')}loadbalancer/app/x/1", None),
        ("?", "?"),
    ):
        assert name_of_user(certificate, user) == (name or "a resource in an account of AWS")


def test_csv_has_every_column_and_no_formula(
    estate: Estate, authorities: Authorities, tmp_path: Path
) -> None:
    file = tmp_path / "inventory.csv"
    shop = authorities.public.issue("shop.example.com")
    arn = estate.certificate(shop, HOME, {tags.SECRET: "=1+1"})

    ran = run("inventory", "--csv", str(file), **settings_of(estate))
    piped = run("inventory", "--csv", "-", **settings_of(estate))

    (row,) = csv.DictReader(io.StringIO(file.read_text(encoding="utf-8")))
    assert row["arn"] == arn
    assert row["secret"] == "'=1+1"
    assert row["in_use"] == "no"
    assert int(row["days"]) > 50
    assert ran.out
    assert piped.out == file.read_text(encoding="utf-8")


def test_without_anything_deployed_sites_are_grouped_and_secrets_proposed(
    estate: Estate, authorities: Authorities, tmp_path: Path
) -> None:
    """Forty certificates of unknown history become a list to work through."""
    issue = authorities.public.issue
    shop = issue("shop.example.com", "www.shop.example.com")
    used = [estate.certificate(shop, region) for region in (HOME, US)]
    for arn, region in zip(used, (HOME, US), strict=True):
        estate.listener("web", region, arn)
    leftover = estate.certificate(issue("www.shop.example.com", "shop.example.com"), HOME)
    other = estate.certificate(
        issue("shop.example.com", "www.shop.example.com", key="rsa2048"), HOME
    )
    wildcard = estate.certificate(issue("*.example.com"), US)
    estate.certificate(issue("blog.example.com"), US, {tags.IGNORE: ""})
    file = tmp_path / "proposal.json"

    ran = run("inventory", "--propose", str(file), "--target-regions", f"{HOME},{US}")

    assert ran.code is ExitCode.DONE
    proposal = json.loads(file.read_text(encoding="utf-8"))
    check_document(proposal)
    secrets = {each["secret"]: each for each in proposal["secrets"]}
    assert set(secrets) == {
        "certrotation/shop.example.com-rsa_2048",
        "certrotation/shop.example.com-ec_prime256v1",
        "certrotation/wildcard.example.com",
    }
    site = secrets["certrotation/shop.example.com-ec_prime256v1"]
    assert site["tags"] == {}
    assert {each["arn"]: each["tags"] for each in site["certificates"]} == {
        **{each: {} for each in used},
        leftover: {tags.IGNORE: ""},
    }
    only_home = secrets["certrotation/shop.example.com-rsa_2048"]
    assert only_home["tags"] == {tags.REGIONS: HOME}
    assert [each["arn"] for each in only_home["certificates"]] == [other]
    assert secrets["certrotation/wildcard.example.com"]["certificates"][0]["arn"] == wildcard
    assert "3, 2 in use" in ran.out
    assert "(twice in eu-west-1)" in ran.out


def test_a_proposed_name_is_free_and_one_that_secrets_manager_takes(
    estate: Estate, authorities: Authorities
) -> None:
    estate.secret("shop.example.com", authorities.public.issue("other.example.com"))
    estate.certificate(authorities.public.issue("shop.example.com"), HOME)
    estate.certificate(authorities.public.issue("2001:db8::1"), HOME)

    document = run("inventory", "--json", **settings_of(estate)).document

    assert {each["secret"] for each in document["groups"]} == {
        "certrotation/shop.example.com-2",
        "certrotation/2001-db8--1",
    }


def test_watch_shows_a_table_and_no_file() -> None:
    for arguments in (("--json",), ("--csv", "-"), ("--propose", "x")):
        assert run("inventory", "--watch", "5", *arguments).code is ExitCode.USAGE


def test_watch_looks_again_and_again(
    estate: Estate, authorities: Authorities, monkeypatch: pytest.MonkeyPatch
) -> None:
    waited: list[int] = []

    def sleep(seconds: int) -> None:
        waited.append(seconds)
        if len(waited) == 2:
            raise KeyboardInterrupt
        estate.certificate(authorities.public.issue("shop.example.com"), HOME)

    monkeypatch.setattr("certrotation.cli.verbs.inventory.time.sleep", sleep)

    ran = run("inventory", "--watch", "5", **settings_of(estate))

    assert waited == [5, 5]
    assert "There are no imported certificates" in ran.out
    assert "shop.example.com" in ran.out
    assert "Interrupted. Nothing was changed." in ran.err


def test_a_file_that_cannot_be_written_is_a_sentence_and_none_is_left_half_written(
    estate: Estate, tmp_path: Path
) -> None:
    settings = settings_of(estate)

    ran = run("inventory", "--csv", str(tmp_path / "no" / "inventory.csv"), **settings)

    assert ran.code is ExitCode.ERROR
    assert "no/inventory.csv: No such file or directory." in ran.err
    assert list(tmp_path.iterdir()) == [tmp_path / "roots.pem"]
