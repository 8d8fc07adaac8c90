"""What a test sees and turns: calls, hooks, denials, dark Regions, stale reads."""

from __future__ import annotations

import json
import os
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore import xform_name
from botocore.client import BaseClient
from botocore.exceptions import EndpointConnectionError
from moto.core.responses import BaseResponse

from tests.double import Behaviour, Call, Fault, embedded_aws
from tests.double.builders import ALL_KEY_TYPES, create_listener, import_issued
from tests.double.refusals import refused
from tests.simulation.clock import virtual_time

if TYPE_CHECKING:
    from mypy_boto3_acm import ACMClient
    from mypy_boto3_elbv2 import ElasticLoadBalancingv2Client
    from mypy_boto3_secretsmanager import SecretsManagerClient

    from tests.double import EmbeddedAws
    from tests.support.authority import Authority

pytestmark = pytest.mark.slow

HOST = "www.example.com"


def count(acm: ACMClient) -> int:
    found = acm.list_certificates(Includes={"keyTypes": ALL_KEY_TYPES})
    return len(found["CertificateSummaryList"])


def test_everything_is_restored_and_forgotten_on_exit(authority: Authority) -> None:
    before = (dict(os.environ), vars(BaseClient)["_make_api_call"], BaseResponse.call_action)
    with embedded_aws():
        import_issued(boto3.client("acm"), authority.issue(HOST))
        assert os.environ["AWS_DEFAULT_REGION"] == "us-east-1"
    after = (dict(os.environ), vars(BaseClient)["_make_api_call"], BaseResponse.call_action)
    assert after == before
    with embedded_aws() as aws:
        assert count(boto3.client("acm")) == 0
        assert len(aws.calls) == 1


def test_calls_are_recorded_without_keys_and_secret_values(
    aws: EmbeddedAws, acm: ACMClient, secrets: SecretsManagerClient, authority: Authority
) -> None:
    import_issued(acm, authority.issue(HOST))
    secrets.create_secret(Name="a", SecretString="hush")
    with refused("ResourceNotFoundException"):
        secrets.get_secret_value(SecretId="none")
    (imported,) = aws.calls_of("acm", "ImportCertificate")
    assert imported.params["PrivateKey"] == "***"
    assert aws.calls_of("secretsmanager") == [
        Call(
            service="secretsmanager",
            operation="CreateSecret",
            region="us-east-1",
            params={"Name": "a", "SecretString": "***"},
        ),
        Call(
            service="secretsmanager",
            operation="GetSecretValue",
            region="us-east-1",
            params={"SecretId": "none"},
            error="ResourceNotFoundException",
        ),
    ]


def test_cloudfront_is_recorded_in_us_east_1(aws: EmbeddedAws) -> None:
    boto3.client("cloudfront", "eu-west-1").list_distributions()
    assert [call.region for call in aws.calls] == ["us-east-1"]


def test_a_hook_before_keeps_a_call_from_having_an_effect(
    aws: EmbeddedAws, acm: ACMClient, authority: Authority
) -> None:
    def throttle(call: Call) -> None:
        if call.operation == "ImportCertificate":
            raise aws.error("ThrottlingException", call.operation, "Rate exceeded")

    with aws.before(throttle), refused("ThrottlingException", "Rate exceeded"):
        import_issued(acm, authority.issue(HOST))
    assert aws.calls[0].error == "ThrottlingException"
    assert count(acm) == 0
    import_issued(acm, authority.issue(HOST))


def test_a_hook_after_crashes_once_a_call_has_had_its_effect(
    aws: EmbeddedAws, acm: ACMClient, authority: Authority
) -> None:
    class Crash(BaseException):
        pass

    def crash(call: Call) -> None:
        raise Crash(call.operation)

    remove: Any = aws.after(crash)
    with pytest.raises(Crash):
        import_issued(acm, authority.issue(HOST))
    remove()
    assert aws.calls[0].error == "Crash"
    assert count(acm) == 1


def test_hooks_after_see_the_error(aws: EmbeddedAws, acm: ACMClient) -> None:
    seen: list[str | None] = []
    with (
        aws.after(lambda call: seen.append(call.error)),
        refused("ResourceNotFoundException"),
    ):
        acm.get_certificate(CertificateArn=f"arn:aws:acm:us-east-1:{aws.account_id}:certificate/1")
    assert seen == ["ResourceNotFoundException"]


@pytest.mark.parametrize(
    ("service", "operation", "code"),
    [
        ("acm", "ListCertificates", "AccessDeniedException"),
        ("secretsmanager", "ListSecrets", "AccessDeniedException"),
        ("resourcegroupstaggingapi", "GetResources", "AccessDeniedException"),
        ("elbv2", "DescribeLoadBalancers", "AccessDenied"),
        ("cloudfront", "ListDistributions", "AccessDenied"),
        ("sqs", "ListQueues", "AccessDenied"),
    ],
)
def test_each_service_spells_its_denial(
    aws: EmbeddedAws, service: Any, operation: str, code: str
) -> None:
    call = getattr(boto3.client(service), xform_name(operation))
    aws.behaviour.denied.add((service, operation, None))
    with refused(code, operation):
        call()
    aws.behaviour.denied = {(service, operation, "eu-west-1")}
    call()


def test_a_dark_region_does_not_connect_and_the_others_do(aws: EmbeddedAws) -> None:
    aws.behaviour.dark_regions = {"eu-west-1"}
    with pytest.raises(EndpointConnectionError):
        boto3.client("acm", "eu-west-1").list_certificates()
    boto3.client("acm", "us-east-1").list_certificates()
    assert [call.error for call in aws.calls] == ["EndpointConnectionError", None]


def test_stale_lists_of_certificates_and_tags_answer_from_before(
    aws: EmbeddedAws, acm: ACMClient, tagging: Any, authority: Authority
) -> None:
    with aws.stale("list_certificates"), aws.stale("tagging"):
        arn = import_issued(acm, authority.issue(HOST), Tags=[{"Key": "a", "Value": "1"}])
        assert count(acm) == 0
        assert tagging.get_resources()["ResourceTagMappingList"] == []
        assert acm.list_tags_for_certificate(CertificateArn=arn)["Tags"]
    assert count(acm) == 1
    assert len(tagging.get_resources()["ResourceTagMappingList"]) == 1


def test_a_stale_in_use_by_keeps_a_detached_certificate_from_being_deleted(
    aws: EmbeddedAws, acm: ACMClient, elbv2: ElasticLoadBalancingv2Client, authority: Authority
) -> None:
    arn = import_issued(acm, authority.issue(HOST))
    balancer = aws.load_balancer("web")
    listener = create_listener(elbv2, balancer, arn)
    with aws.stale("in_use_by"):
        elbv2.delete_listener(ListenerArn=listener)
        assert acm.describe_certificate(CertificateArn=arn)["Certificate"]["InUseBy"] == [balancer]
        assert aws.in_use_by(arn) == []
        with refused("ResourceInUseException"):
            acm.delete_certificate(CertificateArn=arn)
    acm.delete_certificate(CertificateArn=arn)


def test_stale_secrets_are_listed_or_read_as_they_were(
    aws: EmbeddedAws, secrets: SecretsManagerClient
) -> None:
    secrets.create_secret(Name="a", SecretString="one")
    with aws.stale("secret_values"), aws.stale("list_secrets"):
        put = secrets.put_secret_value(SecretId="a", SecretString="two")
        assert secrets.get_secret_value(SecretId="a")["SecretString"] == "one"
        (listed,) = secrets.list_secrets()["SecretList"]
        assert put["VersionId"] not in listed["SecretVersionsToStages"]
        described = secrets.describe_secret(SecretId="a")["VersionIdsToStages"]
        assert described[put["VersionId"]] == ["AWSCURRENT"]
    assert secrets.get_secret_value(SecretId="a")["SecretString"] == "two"


def test_threads_may_call_at_the_same_time(authority: Authority) -> None:
    with embedded_aws(Behaviour(imported_certificate_quota=20)) as aws:
        acm = boto3.client("acm")
        leaf = authority.issue(HOST)
        with ThreadPoolExecutor(8) as pool:
            arns = list(pool.map(lambda _: import_issued(acm, leaf), range(20)))
        assert len(set(arns)) == count(acm) == 20
        assert len(aws.calls_of("acm", "ImportCertificate")) == 20


def test_queues_are_motos_and_their_calls_are_recorded(aws: EmbeddedAws) -> None:
    sqs = boto3.client("sqs")
    url = sqs.create_queue(QueueName="a")["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody=json.dumps({"secret": "a"}))
    (message,) = sqs.receive_message(QueueUrl=url)["Messages"]
    assert json.loads(message["Body"]) == {"secret": "a"}
    assert [call.operation for call in aws.calls_of("sqs")] == [
        "CreateQueue",
        "SendMessage",
        "ReceiveMessage",
    ]


def test_a_fault_is_retried_by_botocore_and_costs_the_caller_nothing_but_time(
    aws: EmbeddedAws, acm: ACMClient, authority: Authority
) -> None:
    faults = iter([Fault(code="InternalFailure", status=500), None])
    aws.behaviour.fault = lambda *_: next(faults)
    with virtual_time(datetime.now(UTC)):
        import_issued(acm, authority.issue(HOST))
    assert [call.error for call in aws.calls] == [None]
    aws.behaviour.fault = None
    assert count(acm) == 1


def test_a_lost_answer_makes_botocore_import_a_second_time(
    aws: EmbeddedAws, acm: ACMClient, authority: Authority
) -> None:
    faults = iter([Fault(code="InternalFailure", status=500, takes_effect=True), None])
    aws.behaviour.fault = lambda *_: next(faults)
    with virtual_time(datetime.now(UTC)):
        import_issued(acm, authority.issue(HOST))
    aws.behaviour.fault = None
    assert count(acm) == 2


def test_an_onlooker_is_neither_seen_nor_hindered(aws: EmbeddedAws, acm: ACMClient) -> None:
    aws.before(lambda call: pytest.fail(call.operation))
    aws.behaviour.fault = lambda *_: Fault(code="InternalFailure", status=500)
    aws.behaviour.dark_regions = {"us-east-1"}
    with aws.unobserved():
        assert count(acm) == 0
    assert aws.calls == []
