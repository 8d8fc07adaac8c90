"""The template that every account deploys, and what is copied into the bucket beside it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from certrotation import __version__
from infra.stackset import write
from tests.infra.conftest import BOUNDARY, EVERYWHERE, SETTINGS
from tests.infra.synthesis import PORTABLE, ROOT, Template, assemble, reviews, run_app
from tests.infra.test_central import LENT

pytestmark = pytest.mark.infra

PREFIX = f"certrotation/{__version__}/"


@pytest.fixture(scope="module")
def portable(everywhere: Path) -> Template:
    return Template((everywhere / "tls-rotation.template.json").read_text(encoding="utf-8"))


def test_it_needs_no_bootstrap_and_belongs_to_no_account(portable: Template) -> None:
    document = json.loads(portable.text)

    assert document.keys() == {"Description", "Outputs", "Parameters", "Resources"}
    assert document["Parameters"].keys() == {"AssetsBucket", "Mode"}
    assert "cdk-" not in portable.text
    assert "bootstrap" not in portable.text
    (given,) = SETTINGS["secret_key_arns"]
    rest = portable.text.replace(given, "")
    assert re.findall(r"(?<![0-9a-f-])\d{12}(?![0-9a-f])", rest) == []


def test_every_region_in_it_is_a_target_region_or_one_of_dependents(portable: Template) -> None:
    named = set(re.findall(r"\b[a-z]{2}-[a-z]+-\d\b", portable.text))

    assert named == {*SETTINGS["target_regions"], *SETTINGS["consumer_regions"]}


def test_the_code_is_in_the_bucket_of_the_home_region_below_the_version(
    portable: Template,
) -> None:
    for function in portable.of_type("AWS::Lambda::Function").values():
        assert function["Code"]["S3Bucket"] == {"Fn::Sub": "${AssetsBucket}-${AWS::Region}"}
        assert re.fullmatch(rf"{re.escape(PREFIX)}[0-9a-f]{{64}}\.zip", function["Code"]["S3Key"])


def test_an_account_may_have_another_mode(portable: Template) -> None:
    mode = json.loads(portable.text)["Parameters"]["Mode"]

    assert (mode["Default"], mode["AllowedValues"]) == ("report", ["apply", "report"])
    for function in portable.of_type("AWS::Lambda::Function").values():
        assert function["Environment"]["Variables"]["CERTROTATION_MODE"] == {"Ref": "Mode"}


def test_key_and_topics_know_the_names_that_cloudformation_makes_of_a_stack_sets_name(
    portable: Template,
) -> None:
    """CloudFormation names alarms and log groups after the stack: StackSet-<name>-<id>."""
    key = {
        each.get("Sid"): each for each in portable.one("AWS::KMS::Key")["KeyPolicy"]["Statement"]
    }
    conditions = [key["AlarmsToTopics"]["Condition"], key["Logs"]["Condition"]]
    for policy in portable.of_type("AWS::SNS::TopicPolicy").values():
        conditions += [
            each["Condition"]
            for each in policy["PolicyDocument"]["Statement"]
            if each["Effect"] == "Allow"
        ]

    assert len(conditions) == 4
    for condition in conditions:
        (arn,) = condition["ArnLike"].values()
        assert arn["Fn::Join"][1][-2:] == [{"Ref": "AWS::StackName"}, "-*"]


def test_what_people_look_for_has_the_configured_name(portable: Template) -> None:
    (alarm,) = portable.of_type("AWS::CloudWatch::CompositeAlarm").values()
    variables = portable.function("certrotation.handlers.scan.handler")[1]["Environment"]

    assert alarm["AlarmName"] == "tls-rotation-OnFire"
    assert portable.one("AWS::KMS::Alias")["AliasName"] == "alias/tls-rotation"
    assert variables["Variables"]["POWERTOOLS_SERVICE_NAME"] == "tls-rotation"


def test_a_boundary_is_that_of_the_account(portable: Template) -> None:
    boundaries = [
        each.get("PermissionsBoundary") for each in portable.of_type("AWS::IAM::Role").values()
    ]

    assert boundaries == 3 * [{"Fn::Sub": BOUNDARY}]


def test_everything_else_is_as_in_the_template_of_the_cdk(
    portable: Template, template: Template
) -> None:
    def comparable(text: str) -> dict[str, Any]:
        resources: dict[str, Any] = json.loads(text)["Resources"]
        for each in resources.values():
            properties = each["Properties"]
            for name in ("Code", "KeyPolicy", "PermissionsBoundary"):
                properties.pop(name, None)
            if each["Type"] == "AWS::SNS::TopicPolicy":
                del properties["PolicyDocument"]
            if each["Type"] == "AWS::Lambda::Function":
                del properties["Environment"]["Variables"]["CERTROTATION_MODE"]
        return resources

    assert comparable(portable.text) == comparable(template.text)


def test_a_boundary_of_one_account_is_refused(tmp_path: Path) -> None:
    settings = {**EVERYWHERE, "permissions_boundary": SETTINGS["permissions_boundary"]}

    finished = run_app(tmp_path / "cdk.out", settings, PORTABLE)

    assert finished.returncode == 1
    assert "Traceback" not in finished.stderr
    assert "Give arn:aws:iam::${AWS::AccountId}:policy/bounds" in finished.stderr


def test_the_folder_has_the_layout_of_the_bucket(everywhere: Path, tmp_path: Path) -> None:
    lines = [*write(everywhere, tmp_path / "stackset")]

    folder = tmp_path / "stackset" / PREFIX
    templates = {each.name: each for each in folder.glob("*.json")}
    template = Template(templates["tls-rotation.template.json"].read_text(encoding="utf-8"))
    keys = {each["Code"]["S3Key"] for each in template.of_type("AWS::Lambda::Function").values()}
    written = {each.relative_to(tmp_path / "stackset").as_posix() for each in folder.iterdir()}
    assert templates.keys() == {
        "tls-rotation.template.json",
        "tls-rotation-central.template.json",
    }
    assert written == keys | {f"{PREFIX}{each}" for each in templates}
    assert json.loads(template.text) == json.loads(
        (everywhere / "tls-rotation.template.json").read_text(encoding="utf-8")
    )
    assert templates["tls-rotation.template.json"].stat().st_size < 1_000_000
    assert [each.split(":")[0] for each in lines[:3]] == ["Code", "Template", "Template"]
    assert lines[3].startswith("Nothing was deployed.")


def test_a_zip_is_the_same_whenever_it_is_made_and_every_user_may_read_it(
    everywhere: Path, tmp_path: Path
) -> None:
    [*write(everywhere, tmp_path / "one")]
    [*write(everywhere, tmp_path / "other")]

    (one,), (other,) = ((tmp_path / each).rglob("*.zip") for each in ("one", "other"))
    assert one.read_bytes() == other.read_bytes()
    entries = zipfile.ZipFile(one).infolist()
    assert "certrotation/handlers/scan.py" in {each.filename for each in entries}
    assert {each.external_attr >> 16 for each in entries} == {0o644}


def test_a_template_that_is_too_large_is_refused(
    everywhere: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("infra.stackset.LARGEST_TEMPLATE", 1_000)

    with pytest.raises(SystemExit, match="CloudFormation takes 1,000"):
        [*write(everywhere, tmp_path / "stackset")]


def test_cdk_nag_finds_nothing_that_has_no_answer(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """Of both stacks, with all that other accounts may lend."""
    settings = {**EVERYWHERE, **LENT, "permissions_boundary": BOUNDARY}
    for name in ("critical_emails", "warning_emails"):
        del settings[name]

    reports = reviews(assemble(tmp_path_factory, settings, is_portable=True))

    assert [each["conclusion"] for each in reports] == ["success"]


def test_cfn_lint_finds_nothing(everywhere: Path) -> None:
    templates = map(str, everywhere.glob("*.template.json"))
    command = [str(Path(sys.executable).parent / "cfn-lint"), "--ignore-checks", "W3005"]

    finished = subprocess.run(  # noqa: S603  no shell; every word is ours
        [*command, "--template", *templates], capture_output=True, text=True, check=False
    )

    assert finished.returncode == 0, finished.stdout


@pytest.mark.slow
def test_a_stack_set_deploys_it_into_every_account_of_an_ou(
    everywhere: Path, tmp_path: Path
) -> None:
    [*write(everywhere, tmp_path / "stackset")]
    finished = subprocess.run(  # noqa: S603  no shell; every word is ours
        [sys.executable, "-W", "ignore", "-m", "tests.infra.stack_sets", tmp_path / "stackset"],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT / "lambdas"), str(ROOT)])},
        capture_output=True,
        text=True,
        check=False,
    )

    assert finished.returncode == 0, finished.stderr
    found = json.loads(finished.stdout)
    shop, wiki, sandbox = found["accounts"]
    assert found["instances"] == sorted([shop, wiki])
    deployed = found["deployed"]
    for account in (shop, wiki):
        there = deployed[account]
        functions = there.pop("functions")
        assert functions.keys() == {
            f"certrotation.handlers.{each}.handler" for each in ("scan", "rotate")
        }
        for function in functions.values():
            assert function["CERTROTATION_MODE"] == "report"
            assert f"/{account}/" in function["CERTROTATION_QUEUE_URL"]
            assert f":{account}:role/" in function["role"]
        assert [each.split(":")[4] for each in there.pop("topics")] == 2 * [account]
        assert there == {
            "keys": 1,
            "log_groups": 3,
            "queue_accounts": [account],
            "queues": 5,
            "roles": 4,  # with the one by which the organization enters
            "rules": 2,
        }
    assert deployed[sandbox]["functions"] == {}
