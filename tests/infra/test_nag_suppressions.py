"""What rule-based reviewers say of the template: cdk-nag's AwsSolutions pack, and cfn-lint."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.infra.conftest import SETTINGS
from tests.infra.synthesis import Template, assemble, reviews
from tests.infra.test_sources import WITH_SOURCES

pytestmark = pytest.mark.infra

REGIONS = ("us-east-1", "eu-west-1", "cn-north-1", "us-gov-west-1")
ANSWERED = {
    "AwsSolutions-IAM5": "a `*` in a resource",
    "AwsSolutions-L1": "not the newest runtime",
    "AwsSolutions-SQS3": "a queue without a dead-letter queue",
}


def lint(template: Path) -> "subprocess.CompletedProcess[str]":
    """Run cfn-lint for one Region of each partition, and two of the first."""
    command = [
        *(str(Path(sys.executable).parent / "cfn-lint"), "--regions", *REGIONS),
        # The CDK writes dependencies that CloudFormation would find by itself.
        *("--ignore-checks", "W3005", "--template", str(template)),
    ]
    return subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603


ADMINISTRATOR = {
    "target_regions": ["us-east-1"],
    "dependents": ["elasticbeanstalk"],
    "elasticbeanstalk_administrator_access": "on",
}


@pytest.mark.parametrize(
    "settings",
    [
        SETTINGS,
        {"target_regions": ["us-east-1"], "custom_resource": "on"},
        ADMINISTRATOR,
        WITH_SOURCES,
    ],
)
def test_every_finding_of_cdk_nag_has_an_answer(
    tmp_path_factory: pytest.TempPathFactory, settings: dict[str, object]
) -> None:
    (report,) = reviews(assemble(tmp_path_factory, settings))

    assert report["conclusion"] == "success"
    answers = report["suppressedViolations"]
    managed = {"AwsSolutions-IAM4"} if settings is ADMINISTRATOR else set()
    assert {re.sub(r"\[.*", "", each["ruleName"]) for each in answers} == ANSWERED.keys() | managed
    patterns = [each["ruleName"] for each in answers if "Action::" in each["ruleName"]]
    edge = ["AwsSolutions-IAM5[Action::lambda:EnableReplication*]"]
    assert patterns == (edge if "edge_functions" in settings else [])
    assert all(re.fullmatch(r"[A-Z].{30,}\.", each["reason"]) for each in answers)


def test_cfn_lint_finds_nothing_in_any_partition(template: Template, tmp_path: Path) -> None:
    written = tmp_path / "template.json"
    written.write_text(template.text, encoding="utf-8")

    finished = lint(written)

    assert finished.returncode == 0, finished.stdout


def test_cfn_lint_would_find_a_message_that_comes_back_while_it_is_worked_on(
    template: Template, tmp_path: Path
) -> None:
    written = tmp_path / "template.json"
    written.write_text(
        re.sub(r'"VisibilityTimeout": \d+', '"VisibilityTimeout": 5', template.text),
        encoding="utf-8",
    )

    finished = lint(written)

    assert finished.returncode != 0
    assert "E3505" in finished.stdout
