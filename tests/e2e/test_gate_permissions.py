"""The gate reads off the wire, as boto3 writes it, which permissions a call needs."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.e2e.gate.permissions import Ask, Caller, Request, UnreadableRequestError, asks
from tests.e2e.gate.upstream import Answer
from tests.e2e.wire import KEY, call

pytestmark = pytest.mark.slow

COPY = "arn:aws:acm:eu-west-1:123456789012:certificate/0b8a4c9e-0000-4000-8000-000000000000"
ANY_COPY = "arn:aws:acm:eu-west-1:123456789012:certificate/*"
LISTENER = (
    "arn:aws:elasticloadbalancing:eu-west-1:123456789012:listener/app/web/0123456789abcdef/"
    "0123456789abcdef"
)
DISTRIBUTION = "arn:aws:cloudfront::123456789012:distribution/EXAMPLE"
TAGS = [{"Key": "certrotation:secret", "Value": "tls/shop"}, {"Key": "team", "Value": "web"}]
REQUEST_TAGS = {"certrotation:secret": "tls/shop", "team": "web"}
TAG_KEYS = ("certrotation:secret", "team")
MATERIAL = {"Certificate": b"certificate", "PrivateKey": b"key"}
TOPIC = "arn:aws:sns:eu-west-1:123456789012:warning"
QUEUE = "https://sqs.eu-west-1.amazonaws.com/123456789012/rotation"


def asked(service: str, operation: str, **parameters: Any) -> list[Ask]:
    request, _ = call(service, operation, Answer.of_text(500, ""), **parameters)
    return asks(request, Caller.of(request.headers["Authorization"]))


def test_who_calls_and_from_where_is_in_the_signature() -> None:
    request, _ = call("acm", "list_certificates", Answer.of_text(500, ""))

    caller = Caller.of(request.headers["Authorization"])

    assert caller == Caller(key=KEY, region="eu-west-1", service="acm")


def test_a_request_without_a_signature_is_nobodys() -> None:
    with pytest.raises(UnreadableRequestError):
        Caller.of("")


@pytest.mark.parametrize(
    ("service", "operation", "parameters", "action"),
    [
        ("acm", "list_certificates", {}, "acm:ListCertificates"),
        ("resourcegroupstaggingapi", "get_resources", {}, "tag:GetResources"),
        ("secretsmanager", "list_secrets", {}, "secretsmanager:ListSecrets"),
        (
            "elbv2",
            "describe_listeners",
            {"ListenerArns": [LISTENER]},
            "elasticloadbalancing:DescribeListeners",
        ),
        (
            "elbv2",
            "describe_listener_certificates",
            {"ListenerArn": LISTENER},
            "elasticloadbalancing:DescribeListenerCertificates",
        ),
        (
            "elbv2",
            "describe_tags",
            {"ResourceArns": [LISTENER]},
            "elasticloadbalancing:DescribeTags",
        ),
    ],
)
def test_what_knows_no_resource_is_asked_for_on_every_resource(
    service: str, operation: str, parameters: dict[str, Any], action: str
) -> None:
    assert asked(service, operation, **parameters) == [Ask(action=action)]


@pytest.mark.parametrize(
    ("operation", "action"),
    [
        ("describe_certificate", "acm:DescribeCertificate"),
        ("get_certificate", "acm:GetCertificate"),
        ("list_tags_for_certificate", "acm:ListTagsForCertificate"),
        ("delete_certificate", "acm:DeleteCertificate"),
    ],
)
def test_a_certificate_is_asked_for_by_its_arn_and_with_its_tags(
    operation: str, action: str
) -> None:
    assert asked("acm", operation, CertificateArn=COPY) == [
        Ask(action=action, resource=COPY, tagged=COPY)
    ]


def test_a_reimport_is_of_the_certificate_that_is_there() -> None:
    assert asked("acm", "import_certificate", CertificateArn=COPY, **MATERIAL) == [
        Ask(action="acm:ImportCertificate", resource=COPY, tagged=COPY)
    ]


def test_an_import_with_tags_needs_to_be_allowed_to_tag_as_well() -> None:
    assert asked("acm", "import_certificate", Tags=TAGS, **MATERIAL) == [
        Ask(action=action, resource=ANY_COPY, request_tags=REQUEST_TAGS, tag_keys=TAG_KEYS)
        for action in ("acm:ImportCertificate", "acm:AddTagsToCertificate")
    ]


def test_an_import_without_tags_carries_none() -> None:
    assert asked("acm", "import_certificate", **MATERIAL) == [
        Ask(action="acm:ImportCertificate", resource=ANY_COPY)
    ]


def test_tags_that_are_added_are_in_the_request() -> None:
    assert asked("acm", "add_tags_to_certificate", CertificateArn=COPY, Tags=TAGS) == [
        Ask(
            action="acm:AddTagsToCertificate",
            resource=COPY,
            tagged=COPY,
            request_tags=REQUEST_TAGS,
            tag_keys=TAG_KEYS,
        )
    ]


def test_tags_that_are_removed_are_named_by_their_keys_alone() -> None:
    unwanted = [{"Key": "team"}]

    assert asked("acm", "remove_tags_from_certificate", CertificateArn=COPY, Tags=unwanted) == [
        Ask(
            action="acm:RemoveTagsFromCertificate",
            resource=COPY,
            tagged=COPY,
            tag_keys=("team",),
        )
    ]


@pytest.mark.parametrize(
    ("operation", "action"),
    [
        ("describe_secret", "secretsmanager:DescribeSecret"),
        ("get_secret_value", "secretsmanager:GetSecretValue"),
        ("list_secret_version_ids", "secretsmanager:ListSecretVersionIds"),
    ],
)
def test_a_secret_is_asked_for_as_the_caller_names_it(operation: str, action: str) -> None:
    assert asked("secretsmanager", operation, SecretId="tls/shop") == [
        Ask(action=action, resource="tls/shop", tagged="tls/shop")
    ]


def test_whoever_rotates_a_secret_needs_to_be_allowed_to_invoke_the_function() -> None:
    function = "arn:aws:lambda:eu-west-1:123456789012:function:issue"

    assert asked(
        "secretsmanager", "rotate_secret", SecretId="tls/shop", RotationLambdaARN=function
    ) == [
        Ask(
            action="secretsmanager:RotateSecret",
            resource="tls/shop",
            tagged="tls/shop",
            keys={"secretsmanager:RotationLambdaARN": (function,)},
        ),
        Ask(action="lambda:InvokeFunction", resource=function),
    ]


def test_a_secret_of_another_account_is_read_with_the_right_to_its_key() -> None:
    source = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:shared/shop-AbCdEf"
    own = source.replace("111122223333", "123456789012")

    assert asked("secretsmanager", "get_secret_value", SecretId=source) == [
        Ask(action="secretsmanager:GetSecretValue", resource=source, tagged=source),
        Ask(
            action="kms:Decrypt",
            resource=source,
            keys={
                "kms:ViaService": ("secretsmanager.eu-west-1.amazonaws.com",),
                "kms:EncryptionContext:SecretARN": (source,),
            },
        ),
    ]
    assert len(asked("secretsmanager", "describe_secret", SecretId=source)) == 1
    assert len(asked("secretsmanager", "get_secret_value", SecretId=own)) == 1


def test_what_a_request_is_about_is_in_the_account_of_the_role_that_asks() -> None:
    request, _ = call("ssm", "get_parameter", Answer.of_text(500, ""), Name="/certrotation/shop")
    signed = Caller.of(request.headers["Authorization"])

    (ask,) = asks(request, replace(signed, account="444455556666"))

    assert ask.resource == "arn:aws:ssm:eu-west-1:444455556666:parameter/certrotation/shop"


def test_a_secret_that_is_created_is_asked_for_by_the_arn_that_it_gets() -> None:
    assert asked("secretsmanager", "create_secret", Name="tls/new", SecretString="x") == [
        Ask(
            action="secretsmanager:CreateSecret",
            resource="arn:aws:secretsmanager:eu-west-1:123456789012:secret:tls/new-??????",
        )
    ]


@pytest.mark.parametrize(
    ("operation", "parameters", "action", "resource"),
    [
        ("get_hosted_zone", {"Id": "Z1"}, "GetHostedZone", "hostedzone/Z1"),
        (
            "list_resource_record_sets",
            {"HostedZoneId": "Z1", "StartRecordName": "www.example.com."},
            "ListResourceRecordSets",
            "hostedzone/Z1",
        ),
        ("get_change", {"Id": "C1"}, "GetChange", "change/C1"),
    ],
)
def test_route_53_is_read_by_zone_and_by_change(
    operation: str, parameters: dict[str, Any], action: str, resource: str
) -> None:
    assert asked("route53", operation, **parameters) == [
        Ask(action=f"route53:{action}", resource=f"arn:aws:route53:::{resource}")
    ]


def test_records_are_changed_by_name_type_and_action() -> None:
    changes = [
        {
            "Action": action,
            "ResourceRecordSet": {
                "Name": name,
                "Type": "TXT",
                "TTL": 60,
                "ResourceRecords": [{"Value": '"<Name>www.example.com</Name>"'}],
            },
        }
        for action, name in (("DELETE", "_ACME-challenge.Example.com."), ("CREATE", "b.example"))
    ]

    (ask,) = asked(
        "route53",
        "change_resource_record_sets",
        HostedZoneId="Z1",
        ChangeBatch={"Changes": changes},
    )

    assert (ask.action, ask.resource) == (
        "route53:ChangeResourceRecordSets",
        "arn:aws:route53:::hostedzone/Z1",
    )
    assert {key.partition("Sets")[2]: values for key, values in ask.keys.items()} == {
        "NormalizedRecordNames": ("_acme-challenge.example.com", "b.example"),
        "RecordTypes": ("TXT",),
        "Actions": ("DELETE", "CREATE"),
    }


@pytest.mark.parametrize(
    ("operation", "action"),
    [
        ("modify_listener", "elasticloadbalancing:ModifyListener"),
        ("add_listener_certificates", "elasticloadbalancing:AddListenerCertificates"),
        ("remove_listener_certificates", "elasticloadbalancing:RemoveListenerCertificates"),
    ],
)
def test_a_listener_is_changed_by_its_arn(operation: str, action: str) -> None:
    certificates = [{"CertificateArn": COPY}]

    assert asked("elbv2", operation, ListenerArn=LISTENER, Certificates=certificates) == [
        Ask(action=action, resource=LISTENER, tagged=LISTENER)
    ]


@pytest.mark.parametrize(
    ("operation", "parameters", "action"),
    [
        ("get_distribution", {"Id": "EXAMPLE"}, "cloudfront:GetDistribution"),
        ("get_distribution_config", {"Id": "EXAMPLE"}, "cloudfront:GetDistributionConfig"),
        (
            "delete_distribution",
            {"Id": "EXAMPLE", "IfMatch": "1"},
            "cloudfront:DeleteDistribution",
        ),
        ("list_tags_for_resource", {"Resource": DISTRIBUTION}, "cloudfront:ListTagsForResource"),
    ],
)
def test_a_distribution_is_asked_for_by_its_arn(
    operation: str, parameters: dict[str, Any], action: str
) -> None:
    assert asked("cloudfront", operation, **parameters) == [
        Ask(action=action, resource=DISTRIBUTION, tagged=DISTRIBUTION)
    ]


def test_a_distribution_is_updated_by_its_arn() -> None:
    request = Request(
        method="PUT",
        target="/2020-05-31/distribution/EXAMPLE/config",
        headers={},
        body=b"<DistributionConfig/>",
    )
    caller = Caller(key=KEY, region="us-east-1", service="cloudfront")

    assert asks(request, caller) == [
        Ask(action="cloudfront:UpdateDistribution", resource=DISTRIBUTION, tagged=DISTRIBUTION)
    ]


def test_a_batch_of_messages_needs_what_a_message_needs() -> None:
    sent = asked(
        "sqs", "send_message_batch", QueueUrl=QUEUE, Entries=[{"Id": "1", "MessageBody": "{}"}]
    )

    assert sent == asked("sqs", "send_message", QueueUrl=QUEUE, MessageBody="{}")
    assert sent == [
        Ask(action="sqs:SendMessage", resource="arn:aws:sqs:eu-west-1:123456789012:rotation")
    ]


def test_a_topic_is_published_to_by_its_arn() -> None:
    assert asked("sns", "publish", TopicArn=TOPIC, Subject="s", Message="TopicArn=other&x") == [
        Ask(action="sns:Publish", resource=TOPIC)
    ]


@pytest.mark.parametrize(
    ("service", "operation", "parameters"),
    [
        ("cloudfront", "list_distributions", {}),
        ("iam", "list_roles", {}),
        ("route53", "list_hosted_zones", {}),
        ("route53", "delete_hosted_zone", {"Id": "Z1"}),
        ("sns", "publish", {"PhoneNumber": "+1", "Message": "a text to a telephone"}),
    ],
)
def test_what_is_not_known_is_nobodys_to_have(
    service: str, operation: str, parameters: dict[str, Any]
) -> None:
    with pytest.raises(UnreadableRequestError):
        asked(service, operation, **parameters)
