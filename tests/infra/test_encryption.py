"""The one key: what is encrypted with it, and who may use it in their own name."""

import json
from typing import Any

import pytest

from tests.infra.synthesis import Template

pytestmark = pytest.mark.infra


def key_of(template: Template) -> dict[str, Any]:
    (logical_id,) = template.of_type("AWS::KMS::Key")
    return {"Fn::GetAtt": [logical_id, "Arn"]}


def statement_for(template: Template, service: str) -> dict[str, Any]:
    (found,) = (
        statement
        for statement in template.one("AWS::KMS::Key")["KeyPolicy"]["Statement"]
        if service in json.dumps(statement["Principal"])
    )
    return dict(found)


@pytest.mark.parametrize(
    ("resource_type", "setting", "number"),
    [
        ("AWS::SQS::Queue", "KmsMasterKeyId", 5),
        ("AWS::SNS::Topic", "KmsMasterKeyId", 2),
        ("AWS::Logs::LogGroup", "KmsKeyId", 3),
    ],
)
def test_every_queue_topic_and_log_group_is_encrypted_with_it(
    template: Template, resource_type: str, setting: str, number: int
) -> None:
    resources = template.of_type(resource_type).values()
    assert [each[setting] for each in resources] == number * [key_of(template)]


def test_the_key_is_rotated_and_outlives_the_stack(template: Template) -> None:
    assert template.one("AWS::KMS::Key")["EnableKeyRotation"] is True
    (kept,) = template.kept("AWS::KMS::Key")
    assert kept


def test_only_these_services_use_it_in_their_own_name(template: Template) -> None:
    statements = template.one("AWS::KMS::Key")["KeyPolicy"]["Statement"]
    principals = [each["Principal"] for each in statements]
    assert [list(each) for each in principals] == [["AWS"], *3 * [["Service"]]]
    root = statements[0]
    assert ":root" in json.dumps(root["Principal"])
    assert [json.dumps(each["Service"]) for each in principals[1:]] == [
        '"events.amazonaws.com"',
        '"cloudwatch.amazonaws.com"',
        '{"Fn::Join": ["", ["logs.", {"Ref": "AWS::Region"}, ".", {"Ref": "AWS::URLSuffix"}]]}',
    ]


def test_no_service_may_do_more_than_its_document_asks_for(template: Template) -> None:
    for service in ("events.", "cloudwatch."):
        statement = statement_for(template, service)
        assert statement["Action"] == ["kms:Decrypt", "kms:GenerateDataKey"]
    assert not [action for action in statement_for(template, "logs.")["Action"] if "*" in action]


def test_alarms_of_this_stack_alone_reach_the_topics(template: Template) -> None:
    condition = statement_for(template, "cloudwatch.")["Condition"]
    assert condition["StringEquals"] == {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}
    assert ":alarm:tls-rotation-*" in json.dumps(condition["ArnLike"]["aws:SourceArn"])
    for policy in template.of_type("AWS::SNS::TopicPolicy").values():
        (publish,) = (
            each for each in policy["PolicyDocument"]["Statement"] if each["Effect"] == "Allow"
        )
        assert publish["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
        assert publish["Action"] == "sns:Publish"
        assert publish["Condition"] == condition


def test_log_groups_of_this_stack_alone_are_encrypted_with_it(template: Template) -> None:
    condition = statement_for(template, "logs.")["Condition"]
    (arn,) = condition["ArnLike"].values()
    assert list(condition["ArnLike"]) == ["kms:EncryptionContext:aws:logs:arn"]
    assert ":log-group:tls-rotation-*" in json.dumps(arn)


def test_roles_use_the_key_and_cannot_manage_it(template: Template) -> None:
    about_the_key = [
        statement
        for statement in template.all_statements()
        if key_of(template) in statement["Resource"]
    ]
    assert len(about_the_key) == 3
    for statement in about_the_key:
        assert set(statement["Action"]) == {"kms:Decrypt", "kms:GenerateDataKey"}
