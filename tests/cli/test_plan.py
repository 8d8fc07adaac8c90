"""`certrotation plan`: what rotate would do now, before anything is changed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from certrotation.cli.exit_codes import ExitCode
from certrotation.names import tags
from tests.cli.running import run, settings_of
from tests.cli.schemas import check_document
from tests.simulation.estate import HOME, PREFIX, client, marks_of

if TYPE_CHECKING:
    from pathlib import Path

    from tests.simulation.estate import Estate
    from tests.support.authorities import Authorities
    from tests.support.authority import Issued

pytestmark = pytest.mark.slow

US = "us-east-1"
WRITES = ("Import", "Add", "Remove", "Delete", "Modify", "Update", "Put", "Create", "Send", "Tag")


@pytest.fixture
def shop(estate: Estate, authorities: Authorities) -> dict[str, str]:
    """A secret with a copy and a listener in both Regions, renewed since; the copies' ARNs."""
    old = authorities.public.issue("shop.example.com")
    version = estate.secret("shop", old)
    arns = {}
    for region in (HOME, US):
        arns[region] = estate.certificate(old, region, marks_of(f"{PREFIX}shop", version, old))
        estate.listener("web", region, arns[region])
    estate.renew("shop", authorities.public.issue("shop.example.com"))
    return arns


def test_each_step_has_its_region_and_its_reason(estate: Estate, shop: dict[str, str]) -> None:
    ran = run("plan", "shop", **settings_of(estate))

    assert ran.code is ExitCode.DONE
    lines = ran.out.splitlines()
    assert lines[0] == "certrotation/shop: would change eu-west-1, us-east-1"
    assert lines[1] == "  eu-west-1"
    assert lines[2].startswith(f"    reimport {shop[HOME]}, because it ends ")
    assert lines[2].endswith("and ACM's rules allow it in place")
    assert lines[3].startswith(f"    tag {shop[HOME]}, because it then carries version ")
    assert lines[4] == "  us-east-1"


def test_the_plan_is_the_one_that_rotate_applies_next(estate: Estate, shop: dict[str, str]) -> None:
    document = run("plan", "--json", **settings_of(estate)).document

    applied = estate.run().rotation(f"{PREFIX}shop")["plan"]

    (planned,) = document["secrets"]
    assert planned["version"] == applied["version"]
    assert [each["steps"] for each in planned["regions"]] == [
        each["steps"] for each in applied["regions"]
    ]
    assert [each["region"] for each in planned["regions"]] == list(shop)


def test_nothing_is_changed_whatever_is_planned(
    estate: Estate, authorities: Authorities, shop: dict[str, str], tmp_path: Path
) -> None:
    """Renewal, replacement, adoption, refusal, hold: no call writes anything."""
    estate.renew("shop", authorities.public.issue("shop.example.com", key="rsa2048"))
    estate.secret("new", authorities.public.issue("new.example.com"))
    estate.certificate(authorities.public.issue("new.example.com"), HOME)
    estate.secret("bad", {"certificate": "nothing"})
    estate.secret("held", authorities.public.issue("held.example.com"), {tags.HOLD: ""})
    estate.aws.calls.clear()

    files = written(tmp_path, authorities.public.issue("else.example.com"))
    run("plan", "--out", str(tmp_path / "plan.json"), **settings_of(estate))
    run("plan", "shop", "new", "bad", "held", "--json", **settings_of(estate))
    run("plan", "else", *files, **settings_of(estate))

    operations = {call.operation for call in estate.aws.calls}
    assert {"GetSecretValue", "ListCertificates", "DescribeListeners"} <= operations
    assert not [each for each in operations if each.startswith(WRITES)]
    assert estate.waiting_messages()["ApproximateNumberOfMessages"] == 0
    assert estate.certificates(US) == [shop[US]]


def written(folder: Path, issued: Issued) -> tuple[str, ...]:
    """The options for material in files."""
    for name, text in (("cert.pem", issued.fullchain_pem), ("key.pem", issued.key_pem())):
        (folder / name).write_text(text, encoding="utf-8")
    return ("--material", str(folder / "cert.pem"), "--material", str(folder / "key.pem"))


def test_a_replacement_names_the_dependents_that_move(
    estate: Estate, authorities: Authorities, shop: dict[str, str]
) -> None:
    estate.renew("shop", authorities.public.issue("shop.example.com", key="rsa2048"))

    document = run("plan", "shop", "--json", **settings_of(estate)).document

    steps = document["secrets"][0]["regions"][0]["steps"]
    assert [each["verb"] for each in steps] == ["import", "move", "mark superseded"]
    assert steps[1]["dependent"].startswith("arn:aws:elasticloadbalancing:eu-west-1")
    assert steps[1]["arn"] == shop[HOME]


def test_pending_changes_and_refusals_have_exit_codes(
    estate: Estate, authorities: Authorities, shop: dict[str, str]
) -> None:
    settings = settings_of(estate)
    assert shop
    assert run("plan", "--detailed-exitcode", **settings).code is ExitCode.CHANGES
    assert run("plan", **settings).code is ExitCode.DONE
    estate.secret("bad", authorities.public.issue("*.example.com", usages=(), ca=True))

    refused = run("plan", "--detailed-exitcode", "--json", **settings)

    assert refused.code is ExitCode.FINDING
    by_name = {each["secret"]: each for each in refused.document["secrets"]}
    assert by_name[f"{PREFIX}bad"]["refused"]
    assert by_name[f"{PREFIX}bad"]["findings"][0]["code"] == "LEAF_IS_CA"
    assert not by_name[f"{PREFIX}bad"]["regions"]
    assert by_name[f"{PREFIX}shop"]["changes"]
    text = run("plan", **settings).out
    assert "certrotation/bad: refused: nothing would be changed in any Region" in text
    assert "refuse LEAF_IS_CA: " in text


def test_a_live_certificate_that_would_be_left_is_named_though_the_copy_would_do(
    estate: Estate, authorities: Authorities, shop: dict[str, str]
) -> None:
    other = authorities.public.issue("shop.example.com", "www.shop.example.com")
    left = estate.certificate(other, US)
    estate.listener("other", US, left)

    ran = run("plan", "shop", "--json", **settings_of(estate))

    region = ran.document["secrets"][0]["regions"][1]
    assert ran.code is ExitCode.DONE
    assert [each["code"] for each in region["findings"]] == ["LIVE_CERTIFICATE_LEFT"]
    assert left in region["findings"][0]["found"]
    assert region["steps"][0]["arn"] == shop[US]


def test_without_a_due_secret_that_is_said(estate: Estate) -> None:
    ran = run("plan", "--detailed-exitcode", **settings_of(estate))

    assert ran.code is ExitCode.DONE
    assert ran.out == "No secret is due: every target Region presents what its secret holds.\n"


def test_hold_and_report_mode_are_said(estate: Estate, shop: dict[str, str]) -> None:
    assert shop
    estate.tag_secret("shop", hold="")

    ran = run("plan", "shop", CERTROTATION_MODE="report", **settings_of(estate))

    assert "on hold: planned only" in ran.out
    assert "Note: The service is in report mode" in ran.err


def test_a_region_that_cannot_be_read_is_an_error_even_the_canary_and_the_rest_is_planned(
    estate: Estate, shop: dict[str, str]
) -> None:
    for dark, other in ((US, HOME), (HOME, US)):
        estate.aws.behaviour.denied = {
            ("acm", "ListCertificates", dark),
            ("resourcegroupstaggingapi", "GetResources", dark),
        }

        ran = run("plan", "shop", "--json", **settings_of(estate))

        regions = {each["region"]: each for each in ran.document["secrets"][0]["regions"]}
        assert ran.code is ExitCode.ERROR
        assert "ACCESS_DENIED" in regions[dark]["error"]
        assert regions[other]["steps"][0]["arn"] == shop[other]


def test_a_secret_that_is_not_there_or_not_managed_is_an_error(estate: Estate) -> None:
    client("secretsmanager", HOME).create_secret(Name="elsewhere", SecretString="{}")

    missing = run("plan", "nothing", **settings_of(estate))
    arn = client("secretsmanager", HOME).describe_secret(SecretId="elsewhere")["ARN"]
    foreign = run("plan", arn, **settings_of(estate))

    assert missing.code is foreign.code is ExitCode.ERROR
    assert "certrotation/nothing: cannot be planned" in missing.out
    assert "RESOURCE_VANISHED" in missing.out
    assert "SECRET_NOT_MANAGED: elsewhere is not managed here" in foreign.out


def test_material_that_is_in_no_secret_yet_is_planned(
    estate: Estate, authorities: Authorities, shop: dict[str, str], tmp_path: Path
) -> None:
    settings = settings_of(estate)
    issued = authorities.public.issue("shop.example.com")
    files = written(tmp_path, issued)

    known = run("plan", "shop", *files, "--json", **settings)
    new = run("plan", "new", *files, "--json", **settings)
    other = authorities.public.issue("x.example.com")
    (tmp_path / "key.pem").write_text(other.key_pem(), encoding="utf-8")
    refused = run("plan", "shop", *files, **settings)

    steps = [each["steps"][0] for each in known.document["secrets"][0]["regions"]]
    assert [(each["verb"], each["arn"]) for each in steps] == [
        ("reimport", shop[HOME]),
        ("reimport", shop[US]),
    ]
    assert new.document["secrets"][0]["version"] == "not-stored"
    assert new.code is ExitCode.DONE
    assert refused.code is ExitCode.FINDING
    assert "KEY_MISMATCH" in refused.out
    for ran in (known, new, refused):
        assert "PRIVATE KEY" not in ran.out + ran.err
    assert run("plan", *files, **settings).code is ExitCode.USAGE


def test_a_saved_plan_is_the_json_object(
    estate: Estate, shop: dict[str, str], tmp_path: Path
) -> None:
    assert shop
    file = tmp_path / "plan.json"

    run("plan", "shop", "--out", str(file), **settings_of(estate))
    piped = run("plan", "shop", "--out", "-", **settings_of(estate))

    saved = json.loads(file.read_text(encoding="utf-8"))
    check_document(saved)
    assert saved["secrets"] == json.loads(piped.out)["secrets"]
    assert "PRIVATE KEY" not in file.read_text(encoding="utf-8")
