"""What no local AWS enforces, word by word: trust, the schedule's role, key, queues, topics, logs.

Without these, a service of AWS would deliver nothing, and would not say so.
"""

import json
from typing import Any

import pytest

from certrotation.settings import Settings
from tests.e2e.declared import OF_SCHEDULE
from tests.infra.synthesis import Template

pytestmark = pytest.mark.infra

SCAN = "certrotation.handlers.scan.handler"
ROTATE = "certrotation.handlers.rotate.handler"
THIS_ACCOUNT = {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}


def service(name: str) -> dict[str, str]:
    return {"Service": f"{name}.amazonaws.com"}


def arn_of(logical_id: str) -> dict[str, Any]:
    return {"Fn::GetAtt": [logical_id, "Arn"]}


def of_stack(service: str, resource: str) -> dict[str, Any]:
    parts = ["arn:", {"Ref": "AWS::Partition"}, f":{service}:", {"Ref": "AWS::Region"}, ":"]
    return {"Fn::Join": ["", [*parts, {"Ref": "AWS::AccountId"}, f":{resource}"]]}


ALARMS = {
    **THIS_ACCOUNT,
    "ArnLike": {"aws:SourceArn": of_stack("cloudwatch", "alarm:tls-rotation-*")},
}


def trust_of(template: Template, role: str) -> list[dict[str, Any]]:
    document = template.of_type("AWS::IAM::Role")[role]["AssumeRolePolicyDocument"]
    statements: list[dict[str, Any]] = document["Statement"]
    return statements


@pytest.mark.parametrize("handler", [SCAN, ROTATE])
def test_lambda_alone_takes_a_functions_role(template: Template, handler: str) -> None:
    role = template.function(handler)[1]["Role"]["Fn::GetAtt"][0]
    assert trust_of(template, role) == [
        {"Action": "sts:AssumeRole", "Effect": "Allow", "Principal": service("lambda")}
    ]


def test_the_schedule_starts_the_scan_and_reports_in_the_name_of_a_role_of_its_own(
    template: Template,
) -> None:
    target = template.one("AWS::Scheduler::Schedule")["Target"]
    role = target["RoleArn"]["Fn::GetAtt"][0]
    (policy,) = (
        each
        for each in template.of_type("AWS::IAM::Policy").values()
        if each["Roles"] == [{"Ref": role}]
    )
    (key,) = template.of_type("AWS::KMS::Key")

    allowed = {
        action
        for each in policy["PolicyDocument"]["Statement"]
        for action in ([each["Action"]] if isinstance(each["Action"], str) else each["Action"])
    }
    assert allowed == {each.action for each in OF_SCHEDULE}
    assert trust_of(template, role) == [
        {
            "Action": "sts:AssumeRole",
            "Effect": "Allow",
            "Principal": service("scheduler"),
            "Condition": THIS_ACCOUNT,
        }
    ]
    assert [
        (each["Effect"], each["Action"], each["Resource"])
        for each in policy["PolicyDocument"]["Statement"]
    ] == [
        ("Allow", "lambda:InvokeFunction", target["Arn"]),
        ("Allow", "sqs:SendMessage", target["DeadLetterConfig"]["Arn"]),
        ("Allow", ["kms:Decrypt", "kms:GenerateDataKey"], arn_of(key)),
    ]


def test_the_schedule_is_made_when_its_role_is_allowed_to(template: Template) -> None:
    """It starts at once, and a scan that it may not start would be its first."""
    (schedule,) = (
        each
        for each in json.loads(template.text)["Resources"].values()
        if each["Type"] == "AWS::Scheduler::Schedule"
    )
    role = schedule["Properties"]["Target"]["RoleArn"]["Fn::GetAtt"][0]
    (policy,) = (
        logical_id
        for logical_id, each in template.of_type("AWS::IAM::Policy").items()
        if each["Roles"] == [{"Ref": role}]
    )
    assert policy in schedule["DependsOn"]


def test_the_keys_policy_word_by_word(template: Template) -> None:
    used = ["kms:Decrypt", "kms:GenerateDataKey"]
    groups = of_stack("logs", "log-group:tls-rotation-*")
    logs = {"Fn::Join": ["", ["logs.", {"Ref": "AWS::Region"}, ".", {"Ref": "AWS::URLSuffix"}]]}
    root = {"Fn::Join": ["", ["arn:", {"Ref": "AWS::Partition"}, ":iam::"]]}
    root["Fn::Join"][1] += [{"Ref": "AWS::AccountId"}, ":root"]  # type: ignore[operator]  # a list
    assert template.one("AWS::KMS::Key")["KeyPolicy"]["Statement"] == [
        {"Action": "kms:*", "Effect": "Allow", "Principal": {"AWS": root}, "Resource": "*"},
        {
            "Sid": "EventsToQueues",
            "Effect": "Allow",
            "Principal": service("events"),
            "Action": used,
            "Resource": "*",
        },
        {
            "Sid": "AlarmsToTopics",
            "Effect": "Allow",
            "Principal": service("cloudwatch"),
            "Action": used,
            "Resource": "*",
            "Condition": ALARMS,
        },
        {
            "Sid": "Logs",
            "Effect": "Allow",
            "Principal": {"Service": logs},
            "Action": [
                "kms:Decrypt",
                "kms:DescribeKey",
                "kms:Encrypt",
                "kms:GenerateDataKey",
                "kms:GenerateDataKeyWithoutPlaintext",
                "kms:ReEncryptFrom",
                "kms:ReEncryptTo",
            ],
            "Resource": "*",
            "Condition": {"ArnLike": {"kms:EncryptionContext:aws:logs:arn": groups}},
        },
    ]


def test_alarms_of_this_stack_alone_publish_to_each_topic(template: Template) -> None:
    policies = template.of_type("AWS::SNS::TopicPolicy").values()
    assert len(policies) == 2
    for policy in policies:
        (topic,) = policy["Topics"]
        allowed = [
            each for each in policy["PolicyDocument"]["Statement"] if each["Effect"] == "Allow"
        ]
        assert allowed == [
            {
                "Sid": "Alarms",
                "Effect": "Allow",
                "Principal": service("cloudwatch"),
                "Action": "sns:Publish",
                "Resource": topic,
                "Condition": ALARMS,
            }
        ]


def test_what_acm_tells_reaches_its_log_group(template: Template) -> None:
    """EventBridge writes by the policy of the Region's logs; the target is without the `:*`."""
    (rule,) = (
        each
        for each in template.of_type("AWS::Events::Rule").values()
        if each["EventPattern"]["source"] == ["aws.acm"]
    )
    policy = template.one("AWS::Logs::ResourcePolicy")["PolicyDocument"]["Fn::Join"][1]
    (group,) = (each["Fn::GetAtt"][0] for each in policy if isinstance(each, dict))
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": ["events.amazonaws.com", "delivery.logs.amazonaws.com"]},
        "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
        "Resource": "GROUP",
    }

    written = "".join(each if isinstance(each, str) else "GROUP" for each in policy)
    assert json.loads(written)["Statement"] == [statement]
    assert rule["State"] == "ENABLED"
    assert rule["Targets"] == [
        {
            "Id": "Logs",
            "Arn": {
                "Fn::Join": ["", [*of_stack("logs", "log-group:")["Fn::Join"][1], {"Ref": group}]]
            },
        }
    ]


def test_an_event_is_tried_for_longer_than_two_scans_take(template: Template) -> None:
    (rule,) = (
        each
        for each in template.of_type("AWS::Events::Rule").values()
        if each["EventPattern"]["source"] == ["aws.secretsmanager"]
    )
    (target,) = rule["Targets"]
    assert target["RetryPolicy"] == {
        "MaximumEventAgeInSeconds": 2 * 60 * 60,
        "MaximumRetryAttempts": 100,
    }


def test_a_message_outlives_all_its_receives(template: Template) -> None:
    """SQS keeps a message for four days where nothing else is said (CreateQueue)."""
    mapping = template.one("AWS::Lambda::EventSourceMapping")
    queue = template.of_type("AWS::SQS::Queue")[mapping["EventSourceArn"]["Fn::GetAtt"][0]]
    kept = queue.get("MessageRetentionPeriod", 4 * 24 * 60 * 60)
    assert kept > 10 * queue["RedrivePolicy"]["maxReceiveCount"] * queue["VisibilityTimeout"]


@pytest.mark.parametrize("handler", [SCAN, ROTATE])
def test_each_function_reads_its_environment(template: Template, handler: str) -> None:
    variables = template.function(handler)[1]["Environment"]["Variables"]
    known_when_deployed = {
        "AWS_REGION": "eu-west-1",
        "CERTROTATION_QUEUE_URL": "https://sqs.eu-west-1.amazonaws.com/123456789012/rotation",
        "CERTROTATION_WARNING_TOPIC_ARN": "arn:aws:sns:eu-west-1:123456789012:warning",
    }

    settings = Settings.from_env({**variables, **known_when_deployed})

    assert settings.target_regions == ("eu-west-1", "us-east-1")
    assert settings.secret_prefix == "tls/"


def test_rotate_reads_certificates_in_target_regions_alone(template: Template) -> None:
    (statement,) = (
        each
        for each in template.statements_of(ROTATE)
        if each["Effect"] == "Allow" and "acm:GetCertificate" in each["Action"]
    )
    regions = [each["Fn::Join"][1][2] for each in statement["Resource"]]
    assert regions == [":acm:eu-west-1:", ":acm:us-east-1:"]


def test_each_topic_is_told_by_its_own_name(template: Template) -> None:
    outputs = json.loads(template.text)["Outputs"]
    topics = template.of_type("AWS::SNS::Topic")
    for output, name in (("CriticalTopic", "critical"), ("WarningTopic", "warning")):
        assert topics[outputs[output]["Value"]["Ref"]]["DisplayName"] == f"tls-rotation {name}"
