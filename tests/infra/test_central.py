"""The stack of the central account, and what the stacks of other accounts have to do with it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from certrotation.core.rotation.request import SourceAnnouncement
from certrotation.names.sources import source_message
from tests.infra.conftest import ACCOUNTS, SETTINGS
from tests.infra.synthesis import Template, synthesize
from tests.infra.test_events import LABEL_UPDATED
from tests.support.event_bridge import transformed

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.infra

TOPIC = "arn:aws:sns:eu-west-1:999999999999"
SINK = "arn:aws:oam:eu-west-1:999999999999:sink/11111111-2222-3333-4444-555555555555"
LENT: dict[str, Any] = {
    name: value for name, value in SETTINGS.items() if not name.endswith("_emails")
} | {
    "critical_topic_arn": f"{TOPIC}:paging",
    "warning_topic_arn": f"{TOPIC}:tickets",
    "observability_sink": SINK,
}


@pytest.fixture(scope="module")
def central(everywhere: Path) -> Template:
    return Template((everywhere / "tls-rotation-central.template.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def lent(tmp_path_factory: pytest.TempPathFactory) -> Template:
    """The stack of an account that uses topics and a sink of another account."""
    return synthesize(tmp_path_factory, LENT)


def statements(central: Template) -> dict[str, dict[str, Any]]:
    document = central.one("AWS::SNS::TopicPolicy")["PolicyDocument"]
    return {each["Sid"]: each for each in document["Statement"]}


def test_a_moved_label_is_published_with_the_arn_of_its_secret(central: Template) -> None:
    rule = central.one("AWS::Events::Rule")
    (target,) = rule["Targets"]
    (topic,) = central.of_type("AWS::SNS::Topic")

    assert target["Arn"] == {"Ref": topic}
    message = transformed(target["InputTransformer"], LABEL_UPDATED)
    arn = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:tls/shop-AbCdEf"
    version = "2f9a7f3e-0000-4000-8000-000000000002"
    assert json.loads(message) == source_message(arn, version)
    assert SourceAnnouncement.from_json(message) == SourceAnnouncement(source=arn, version=version)


def test_the_secrets_of_the_rule_may_begin_otherwise_than_managed_secrets(
    central: Template,
) -> None:
    rule = central.one("AWS::Events::Rule")
    parameters = json.loads(central.text)["Parameters"]

    assert rule["EventPattern"]["detail"]["name"] == [{"prefix": {"Ref": "SecretPrefix"}}]
    assert parameters.keys() == {"SecretPrefix"}
    assert parameters["SecretPrefix"]["Default"] == "tls/"


def test_an_event_that_cannot_be_published_is_kept(central: Template) -> None:
    (target,) = central.one("AWS::Events::Rule")["Targets"]
    (queue,) = central.of_type("AWS::SQS::Queue")

    assert target["DeadLetterConfig"]["Arn"] == {"Fn::GetAtt": [queue, "Arn"]}
    assert "RoleArn" not in target, "delivery to an encrypted topic may fail with a role"
    assert central.one("AWS::SQS::Queue")["MessageRetentionPeriod"] == 14 * 86_400


def test_the_listed_accounts_subscribe_queues_of_theirs_and_nothing_else(
    central: Template,
) -> None:
    subscribe, read = statements(central)["SubscribeQueues"], statements(central)["ReadTheTopic"]
    queues = json.dumps(subscribe["Condition"]["StringLike"]["sns:Endpoint"])

    for each in (subscribe, read):
        assert [each["Principal"]["AWS"][i]["Fn::Join"][1][-1] for i in range(2)] == [
            f":iam::{account}:root" for account in ACCOUNTS
        ]
    assert subscribe["Action"] == "sns:Subscribe"
    assert subscribe["Condition"]["StringEquals"] == {"sns:Protocol": "sqs"}
    assert all(f":sqs:*:{account}:*" in queues for account in ACCOUNTS)
    assert read["Action"] == "sns:GetTopicAttributes"


def test_no_user_or_role_publishes_and_nobody_over_plain_http(central: Template) -> None:
    """Documents differ on whether EventBridge names its rule: it may publish either way."""
    (rule,) = central.of_type("AWS::Events::Rule")
    publishing = [each for each in statements(central).values() if each["Action"] == "sns:Publish"]
    arn = {"aws:SourceArn": {"Fn::GetAtt": [rule, "Arn"]}}

    (allowed,) = (each for each in publishing if each["Effect"] == "Allow")
    denied = [each for each in publishing if each["Effect"] == "Deny"]
    assert allowed["Principal"] == {"Service": "events.amazonaws.com"}
    assert allowed["Condition"] == {"ArnEqualsIfExists": arn}
    assert all(each["Principal"] in ("*", {"AWS": "*"}) for each in denied)
    conditions = [each["Condition"] for each in denied]
    assert {"Bool": {"aws:SecureTransport": "false"}} in conditions
    assert {"Bool": {"aws:PrincipalIsAWSService": "false"}} in conditions


def test_topic_and_dead_letters_are_encrypted_with_a_key_that_eventbridge_may_use(
    central: Template,
) -> None:
    (key,) = central.of_type("AWS::KMS::Key")
    arn = {"Fn::GetAtt": [key, "Arn"]}
    of_events = central.one("AWS::KMS::Key")["KeyPolicy"]["Statement"][1]

    assert central.one("AWS::SNS::Topic")["KmsMasterKeyId"] == arn
    assert central.one("AWS::SQS::Queue")["KmsMasterKeyId"] == arn
    assert of_events["Principal"] == {"Service": "events.amazonaws.com"}
    assert of_events["Action"] == ["kms:Decrypt", "kms:GenerateDataKey"]
    # SNS Developer Guide, Key management: such conditions are not supported for EventBridge.
    assert "Condition" not in of_events


def test_the_arn_of_the_topic_is_known_before_it_exists(central: Template) -> None:
    assert central.one("AWS::SNS::Topic")["TopicName"] == "tls-rotation-central"
    assert json.loads(central.text)["Outputs"].keys() == {
        "Dashboard",
        "SourceTopic",
        "TopicDeadLetters",
    }


def widgets(central: Template) -> list[dict[str, Any]]:
    body = central.one("AWS::CloudWatch::Dashboard")["DashboardBody"]["Fn::Join"][1]
    text = "".join(each if isinstance(each, str) else "a-token" for each in body)
    found: list[dict[str, Any]] = json.loads(text)["widgets"]
    return found


def test_the_dashboard_has_a_line_for_each_account(central: Template) -> None:
    lines = [
        (metric[1], metric[3], metric[-1]["accountId"])
        for widget in widgets(central)
        for metric in widget["properties"]["metrics"]
        if metric[0] == "CertRotation"
    ]

    assert lines == [
        (name, "tls-rotation", account)
        for name in (
            "ScanCompleted",
            "CertificatesCritical",
            "CopiesOverdue",
            "CopiesAwaitingMaterial",
            "DaysToExpiryMin",
            "UnmanagedExpiring",
            "RotationRefused",
            "RegionsUnreachable",
        )
        for account in ACCOUNTS
    ]


def test_the_dashboard_finds_accounts_that_nobody_listed(central: Template) -> None:
    (search,) = (
        metric[0]["expression"]
        for widget in widgets(central)
        for metric in widget["properties"]["metrics"]
        if isinstance(metric[0], dict)
    )

    # CloudWatch User Guide, Search expression syntax; the period is that of the other graphs.
    assert search == ("SEARCH('{CertRotation,service} MetricName=\"ScanCompleted\"', 'Sum', 7200)")


def test_alarms_use_the_topics_of_another_account_and_the_stack_creates_none(
    lent: Template,
) -> None:
    actions = {
        action
        for each in lent.of_type("AWS::CloudWatch::Alarm").values()
        for action in each["AlarmActions"]
    }
    statements = lent.one("AWS::KMS::Key")["KeyPolicy"]["Statement"]

    assert actions == {f"{TOPIC}:paging", f"{TOPIC}:tickets"}
    assert lent.of_type("AWS::SNS::Topic") == {}
    assert lent.of_type("AWS::SNS::TopicPolicy") == {}
    assert "cloudwatch.amazonaws.com" not in json.dumps(statements)
    assert lent.output("CriticalTopic") == f"{TOPIC}:paging"


def test_the_functions_mail_over_the_lent_topic_with_keys_of_its_account_through_sns_alone(
    lent: Template,
) -> None:
    for handler, sid in (("rotate", "TellOfRefusals"), ("scan", "SendTheDigest")):
        own = {
            each.get("Sid"): each
            for each in lent.statements_of(f"certrotation.handlers.{handler}.handler")
        }
        encrypted = own[f"{sid}Encrypted"]
        assert own[sid]["Resource"] == [f"{TOPIC}:tickets"]
        assert encrypted["Resource"] == ["arn:aws:kms:eu-west-1:999999999999:key/*"]
        assert encrypted["Action"] == ["kms:Decrypt", "kms:GenerateDataKey"]
        (service,) = encrypted["Condition"]["StringEquals"].values()
        assert service["Fn::Join"][1] == ["sns.eu-west-1.", {"Ref": "AWS::URLSuffix"}]


def test_the_link_shows_the_metrics_of_this_service_and_not_to_the_account_itself(
    lent: Template, template: Template
) -> None:
    resources = json.loads(lent.text)
    (link,) = (each for each in resources["Resources"].values() if "Oam" in each["Type"])
    condition = resources["Conditions"][link["Condition"]]

    assert link["Properties"]["SinkIdentifier"] == SINK
    assert link["Properties"]["ResourceTypes"] == ["AWS::CloudWatch::Metric"]
    assert link["Properties"]["LinkConfiguration"] == {
        "MetricConfiguration": {"Filter": "Namespace = 'CertRotation'"}
    }
    assert condition == {"Fn::Not": [{"Fn::Equals": [{"Ref": "AWS::AccountId"}, "999999999999"]}]}
    assert template.of_type("AWS::Oam::Link") == {}
