"""Who is told: two topics, and the addresses from the configuration."""

import pytest

from tests.infra.synthesis import Template

pytestmark = pytest.mark.infra


def test_each_severity_has_a_topic_with_its_addresses(template: Template) -> None:
    topics = {
        properties["DisplayName"]: logical_id
        for logical_id, properties in template.of_type("AWS::SNS::Topic").items()
    }
    subscribed = sorted(
        (each["TopicArn"]["Ref"], each["Protocol"], each["Endpoint"])
        for each in template.of_type("AWS::SNS::Subscription").values()
    )
    critical, warning = topics["tls-rotation critical"], topics["tls-rotation warning"]
    assert subscribed == sorted(
        [
            (critical, "email", "oncall@example.com"),
            (critical, "email", "lead@example.com"),
            (warning, "email", "tickets@example.com"),
        ]
    )


def test_every_topic_refuses_plain_http(template: Template) -> None:
    protected = {
        topic["Ref"]
        for policy in template.of_type("AWS::SNS::TopicPolicy").values()
        for statement in policy["PolicyDocument"]["Statement"]
        if statement["Effect"] == "Deny"
        and statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
        and statement["Principal"] in ("*", {"AWS": "*"})
        for topic in policy["Topics"]
        if statement["Resource"] == topic
    }
    assert protected == template.of_type("AWS::SNS::Topic").keys()
