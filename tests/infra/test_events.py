"""What events start, and what is only recorded."""

import json
from typing import Any

import pytest

from certrotation.core.rotation.request import RotationRequest
from tests.infra.synthesis import Template
from tests.support.event_bridge import transformed

pytestmark = pytest.mark.infra

# Secrets Manager User Guide, Secret Label Updated.
LABEL_UPDATED = {
    "version": "0",
    "id": "b1a2c3d4-0000-0000-0000-000000000000",
    "detail-type": "Secret Label Updated",
    "source": "aws.secretsmanager",
    "account": "123456789012",
    "time": "2026-11-25T12:00:00Z",
    "region": "eu-west-1",
    "resources": ["arn:aws:secretsmanager:eu-west-1:123456789012:secret:tls/shop-AbCdEf"],
    "detail": {
        "name": "tls/shop",
        "labelUpdated": "AWSCURRENT",
        "versionId": "2f9a7f3e-0000-4000-8000-000000000002",
    },
}


def rule_on(template: Template, source: str) -> tuple[str, dict[str, Any]]:
    (found,) = (
        (logical_id, rule)
        for logical_id, rule in template.of_type("AWS::Events::Rule").items()
        if rule["EventPattern"]["source"] == [source]
    )
    return found


def test_a_label_that_moved_becomes_a_message_that_rotate_reads(template: Template) -> None:
    _, rule = rule_on(template, "aws.secretsmanager")
    (target,) = rule["Targets"]
    queue = template.one("AWS::Lambda::EventSourceMapping")["EventSourceArn"]

    request = RotationRequest.from_json(transformed(target["InputTransformer"], LABEL_UPDATED))

    assert target["Arn"] == queue
    assert request.secret == "tls/shop"
    assert request.version == "2f9a7f3e-0000-4000-8000-000000000002"


def test_only_awscurrent_of_secrets_with_the_prefix_counts(template: Template) -> None:
    _, rule = rule_on(template, "aws.secretsmanager")
    assert rule["EventPattern"] == {
        "source": ["aws.secretsmanager"],
        "detail-type": ["Secret Label Updated"],
        "detail": {"labelUpdated": ["AWSCURRENT"], "name": [{"prefix": "tls/"}]},
    }
    assert rule["State"] == "ENABLED"


def test_an_event_that_cannot_be_queued_is_kept(template: Template) -> None:
    _, rule = rule_on(template, "aws.secretsmanager")
    (target,) = rule["Targets"]
    kept = target["DeadLetterConfig"]["Arn"]["Fn::GetAtt"][0]
    assert template.of_type("AWS::SQS::Queue")[kept]["MessageRetentionPeriod"] == 14 * 86_400


def test_the_rule_and_no_other_may_send_to_its_two_queues(template: Template) -> None:
    logical_id, rule = rule_on(template, "aws.secretsmanager")
    (target,) = rule["Targets"]
    reachable = [
        statement["Resource"]
        for policy in template.of_type("AWS::SQS::QueuePolicy").values()
        for statement in policy["PolicyDocument"]["Statement"]
        if statement["Effect"] == "Allow"
    ]
    assert sorted(map(json.dumps, reachable)) == sorted(
        map(json.dumps, [target["Arn"], target["DeadLetterConfig"]["Arn"]])
    )
    for policy in template.of_type("AWS::SQS::QueuePolicy").values():
        for statement in policy["PolicyDocument"]["Statement"]:
            if statement["Effect"] == "Allow":
                assert statement["Action"] == "sqs:SendMessage"
                assert statement["Principal"] == {"Service": "events.amazonaws.com"}
                arn = {"Fn::GetAtt": [logical_id, "Arn"]}
                assert statement["Condition"] == {"ArnEquals": {"aws:SourceArn": arn}}


def test_what_acm_tells_is_recorded_and_starts_nothing(template: Template) -> None:
    _, rule = rule_on(template, "aws.acm")
    assert rule["EventPattern"]["$or"] == [
        {"detail-type": ["ACM Certificate Approaching Expiration"]},
        {
            "detail-type": ["ACM Certificate Available"],
            "detail": {"Action": ["IMPORT", "REIMPORT"]},
        },
    ]
    (target,) = rule["Targets"]
    (group,) = (
        logical_id
        for logical_id in template.of_type("AWS::Logs::LogGroup")
        if f'"{logical_id}"' in json.dumps(target["Arn"])
    )
    policy = template.one("AWS::Logs::ResourcePolicy")["PolicyDocument"]
    assert group in json.dumps(policy)
    assert "events.amazonaws.com" in json.dumps(policy)
