"""A denial reaches the service's own code as AWS's would."""

from __future__ import annotations

from typing import Any

import pytest

from certrotation.aws import topic
from certrotation.aws.errors import translated
from certrotation.errors import AccessDenied
from tests.e2e.gate.judge import Record
from tests.e2e.gate.proxy import denial
from tests.e2e.wire import call

PRINCIPAL = "arn:aws:sts::123456789012:assumed-role/rotate/rotate"


def record(action: str) -> Record:
    return Record(
        at=0,
        role="rotate",
        action=action,
        resource="arn:<&>",
        region="eu-west-1",
        decision="ImplicitDeny",
        statement="",
    )


@pytest.mark.parametrize(
    ("signed_as", "service", "operation", "parameters"),
    [
        ("acm", "acm", "list_certificates", {}),
        ("secretsmanager", "secretsmanager", "get_secret_value", {"SecretId": "tls/shop"}),
        ("tagging", "resourcegroupstaggingapi", "get_resources", {}),
        ("elasticloadbalancing", "elbv2", "describe_tags", {"ResourceArns": ["arn"]}),
        ("cloudfront", "cloudfront", "get_distribution", {"Id": "EXAMPLE"}),
        ("route53", "route53", "get_hosted_zone", {"Id": "Z1"}),
        ("sns", "sns", "publish", {"TopicArn": "arn", "Message": "it"}),
    ],
)
def test_boto3_reads_a_denial_in_each_protocol(
    signed_as: str, service: str, operation: str, parameters: dict[str, Any]
) -> None:
    denied = denial(signed_as, record("service:Operation"), PRINCIPAL)
    _, outcome = call(service, operation, denied, **parameters)

    # SNS has a code of its own for it; the others share theirs.
    translating = translated("service:Operation", "it", topic.MEANINGS)
    with pytest.raises(AccessDenied) as caught, translating:
        outcome()

    assert f"User: {PRINCIPAL} is not authorized to perform: service:Operation" in str(caught.value)
    assert "arn:<&> because no identity-based policy allows" in str(caught.value)


def test_secrets_manager_says_of_a_key_only_that_it_may_not_be_used() -> None:
    denied = denial("secretsmanager", record("kms:Decrypt"), PRINCIPAL)
    _, outcome = call("secretsmanager", "get_secret_value", denied, SecretId="tls/shop")

    translating = translated("secretsmanager:GetSecretValue", "it", topic.MEANINGS)
    with pytest.raises(AccessDenied, match="Access to KMS is not allowed"), translating:
        outcome()
