"""Switching an installed service to report-only and back."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber

from certrotation import __version__
from infra.mode import Installed, NotInstalledError, installed_service, switch
from infra.service.outputs import ROTATE_FUNCTION, SCAN_FUNCTION, VERSION
from tests.infra.synthesis import Template

pytestmark = pytest.mark.infra

REVISION = "3a4c0f7e-0000-4000-8000-000000000001"


@pytest.fixture
def lambda_() -> Any:
    return boto3.client("lambda", region_name="eu-west-1")


@pytest.fixture
def answers(lambda_: Any) -> Iterator[Stubber]:
    """moto gives no RevisionId, which AWS always gives (Lambda API Reference)."""
    with Stubber(lambda_) as stubber:
        yield stubber
        stubber.assert_no_pending_responses()


def expect_switch(answers: Stubber, function: str, before: str, after: str) -> None:
    variables = {"CERTROTATION_MODE": before, "OTHER": function}
    answers.add_response(
        "get_function_configuration",
        {"Environment": {"Variables": variables}, "RevisionId": REVISION},
        {"FunctionName": function},
    )
    answers.add_response(
        "update_function_configuration",
        {},
        {
            "FunctionName": function,
            "Environment": {"Variables": {"CERTROTATION_MODE": after, "OTHER": function}},
            "RevisionId": REVISION,
        },
    )
    done = {"Configuration": {"LastUpdateStatus": "Successful"}}
    answers.add_response("get_function", done, {"FunctionName": function})


def test_both_functions_report_only_and_keep_their_other_settings(
    lambda_: Any, answers: Stubber
) -> None:
    expect_switch(answers, "the-rotate", "apply", "report")
    expect_switch(answers, "the-scan", "apply", "report")

    said = list(switch(["the-rotate", "the-scan"], "report", lambda_))

    assert said == ["the-rotate: was apply, is report", "the-scan: was apply, is report"]


def test_one_function_is_switched_before_the_next_is_looked_at(
    lambda_: Any, answers: Stubber
) -> None:
    """Whoever changes a function meanwhile is not overwritten, and what was done is said."""
    expect_switch(answers, "the-rotate", "report", "apply")
    answers.add_client_error("get_function_configuration", "PreconditionFailedException")
    switched = switch(["the-rotate", "the-scan"], "apply", lambda_)

    assert next(switched) == "the-rotate: was report, is apply"
    with pytest.raises(ClientError, match="PreconditionFailed"):
        next(switched)


def look_up(outputs: dict[str, str]) -> Installed:
    cloudformation = boto3.client("cloudformation", region_name="eu-west-1")
    stack = {
        "StackName": "tls",
        "CreationTime": datetime(2026, 11, 25, tzinfo=UTC),
        "StackStatus": "CREATE_COMPLETE",
        "Outputs": [{"OutputKey": key, "OutputValue": value} for key, value in outputs.items()],
    }
    with Stubber(cloudformation) as stubber:
        stubber.add_response("describe_stacks", {"Stacks": [stack]}, {"StackName": "tls"})
        return installed_service("tls", cloudformation)


def test_the_functions_are_found_by_the_outputs_of_the_stack() -> None:
    outputs = {"Key": "arn", SCAN_FUNCTION: "the-scan", ROTATE_FUNCTION: "the-rotate"}

    installed = look_up({**outputs, VERSION: "1.2.3"})

    assert installed == Installed(version="version 1.2.3", functions=("the-rotate", "the-scan"))
    assert look_up(outputs).version == "a version before 0.2.0"


def test_another_stack_is_refused_by_its_name() -> None:
    with pytest.raises(NotInstalledError, match=r"The stack tls is not a certrotation stack"):
        look_up({"Bucket": "b"})


def test_the_stack_tells_what_the_switch_looks_up(template: Template) -> None:
    outputs = json.loads(template.text)["Outputs"]
    for key, handler in (
        (SCAN_FUNCTION, "certrotation.handlers.scan.handler"),
        (ROTATE_FUNCTION, "certrotation.handlers.rotate.handler"),
    ):
        logical_id, _ = template.function(handler)
        assert outputs[key]["Value"] == {"Ref": logical_id}
    assert outputs[VERSION]["Value"] == __version__
