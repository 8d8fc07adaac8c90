"""The provider of custom resources: what it may do, and that nothing of it is there unless on."""

import json
from typing import Any

import pytest

from tests.infra.synthesis import Template, synthesize

PROVIDER = "certrotation.handlers.custom_resource.handler"
ROTATE = "certrotation.handlers.rotate.handler"
SCAN = "certrotation.handlers.scan.handler"
SETTINGS: dict[str, Any] = {
    "target_regions": ["eu-west-1", "us-east-1"],
    "stack_name": "tls",
    "reserved_concurrency": "on",
}

pytestmark = pytest.mark.infra


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Template:
    settings = {**SETTINGS, "custom_resource": "on"}
    return synthesize(tmp_path_factory, settings)


@pytest.fixture(scope="module")
def without(tmp_path_factory: pytest.TempPathFactory) -> Template:
    return synthesize(tmp_path_factory, SETTINGS)


def arn_of(template: Template, handler: str, what: str) -> Any:
    """Return the ARN of a function's log group, or of the queue that feeds it, as a template."""
    logical_id, function = template.function(handler)
    if what == "log":
        return {"Fn::GetAtt": [function["LoggingConfig"]["LogGroup"]["Ref"], "Arn"]}
    (source,) = (
        each["EventSourceArn"]
        for each in template.of_type("AWS::Lambda::EventSourceMapping").values()
        if each["FunctionName"] == {"Ref": logical_id}
    )
    return source


def test_the_provider_may_do_this_and_nothing_else(template: Template) -> None:
    """It reads no value of a secret and changes no certificate; a rotation is asked for."""
    granted = {
        statement.get("Sid", ""): (statement["Action"], statement["Resource"])
        for statement in template.statements_of(PROVIDER)
        if statement["Effect"] == "Allow"
    }
    of_lambda = {"WriteLogs", "UseTheKey", ""}
    assert granted.keys() - of_lambda == {
        "WorkOnRequests",
        "AskForRotations",
        "DescribeManagedSecrets",
        "FindCopies",
        "ReadTags",
        "ReadOutcomes",
    }
    assert granted["WorkOnRequests"][1] == [arn_of(template, PROVIDER, "queue")]
    assert granted["AskForRotations"] == (
        ["sqs:SendMessage"],
        [arn_of(template, ROTATE, "queue")],
    )
    actions, (with_asterisk, without_asterisk) = granted["ReadOutcomes"]
    assert actions == ["logs:FilterLogEvents"]
    assert with_asterisk == arn_of(template, ROTATE, "log")
    group = template.function(ROTATE)[1]["LoggingConfig"]["LogGroup"]
    assert without_asterisk["Fn::Join"][1][-1] == group
    assert granted["DescribeManagedSecrets"][0] == ["secretsmanager:DescribeSecret"]
    assert "secret:certrotation/*" in json.dumps(granted["DescribeManagedSecrets"][1])
    assert granted["FindCopies"] == (["tag:GetResources"], ["*"])
    assert granted["ReadTags"][0] == ["acm:ListTagsForCertificate"]
    assert ":acm:*:" in json.dumps(granted["ReadTags"][1]), "a Region may be no target any more"


def test_it_is_told_its_queue_and_the_log_of_rotate(template: Template) -> None:
    variables = template.function(PROVIDER)[1]["Environment"]["Variables"]
    queue = arn_of(template, PROVIDER, "queue")["Fn::GetAtt"][0]
    group = template.function(ROTATE)[1]["LoggingConfig"]["LogGroup"]
    assert variables["CERTROTATION_WAITING_REQUESTS_URL"] == {"Ref": queue}
    assert variables["CERTROTATION_ROTATION_LOG_GROUP"] == group
    for other in (SCAN, ROTATE):
        names = template.function(other)[1]["Environment"]["Variables"]
        assert not {each for each in names if "WAITING" in each or "LOG_GROUP" in each}


def test_a_request_is_kept_longer_than_cloudformation_waits(template: Template) -> None:
    queue = template.of_type("AWS::SQS::Queue")[
        arn_of(template, PROVIDER, "queue")["Fn::GetAtt"][0]
    ]
    function = template.function(PROVIDER)[1]
    assert queue["MessageRetentionPeriod"] == 2 * 60 * 60
    assert queue["VisibilityTimeout"] == 6 * function["Timeout"]
    assert "RedrivePolicy" not in queue
    assert "KmsMasterKeyId" in queue, "a message holds a URL at which anybody may answer"


def test_the_service_token_is_exported_so_that_its_users_hold_the_service(
    template: Template,
) -> None:
    outputs = json.loads(template.text)["Outputs"]
    logical_id, _ = template.function(PROVIDER)
    token = outputs["CustomResourceServiceToken"]
    assert token["Value"] == {"Fn::GetAtt": [logical_id, "Arn"]}
    assert token["Export"] == {"Name": "tls-CustomResourceServiceToken"}
    assert {"CustomResourceFunction", "CustomResourceLogs"} <= outputs.keys()


def test_unless_it_is_on_nothing_of_it_is_there_and_the_rest_is_the_same(
    template: Template, without: Template
) -> None:
    assert "CustomResource" not in without.text
    with_it, bare = (json.loads(each.text)["Resources"] for each in (template, without))
    more = {name for name in with_it.keys() - bare.keys() if not name.startswith("CustomResource")}
    assert more == set()
    changed = {name for name in bare if with_it[name] != bare[name]}
    assert changed == set()


def test_the_boundary_of_the_documents_allows_what_the_custom_resource_needs(
    template: Template, boundary: set[str]
) -> None:
    assert template.allowed_actions() - boundary == set()
