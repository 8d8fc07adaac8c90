"""The same double over HTTP, as a process of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from tests.double.builders import create_listener, distribution_config, import_issued
from tests.double.refusals import refused

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.support.authority import Authority

    Client = Callable[[str], Any]

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    command = [sys.executable, "-m", "tests.double", "--port", "0"]
    with subprocess.Popen(  # noqa: S603  our own module
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as server:
        assert server.stdout is not None
        endpoint = server.stdout.readline().strip()
        session = boto3.Session("AKIAIOSFODNN7EXAMPLE", "not-a-secret", region_name="us-east-1")
        try:
            yield lambda service: session.client(service, endpoint_url=endpoint)  # type: ignore[call-overload]  # the service is a parameter
        finally:
            server.terminate()


def test_rules_and_reads_are_the_same_over_http(client: Client, authority: Authority) -> None:
    acm, elbv2, secrets = client("acm"), client("elbv2"), client("secretsmanager")
    leaf = authority.issue("www.example.com")
    arn = import_issued(acm, leaf, Tags=[{"Key": "a", "Value": "1"}])
    with refused("ValidationException", "Tagging is not permitted on re-import."):
        import_issued(acm, leaf, CertificateArn=arn, Tags=[{"Key": "a", "Value": "1"}])
    assert acm.get_certificate(CertificateArn=arn)["CertificateChain"] == leaf.chain_pem
    subnets = client("ec2").describe_subnets()["Subnets"]
    balancer = elbv2.create_load_balancer(
        Name="web", Subnets=[each["SubnetId"] for each in subnets]
    )["LoadBalancers"][0]["LoadBalancerArn"]
    create_listener(elbv2, balancer, arn)
    assert acm.describe_certificate(CertificateArn=arn)["Certificate"]["InUseBy"] == [balancer]
    (tagged,) = client("resourcegroupstaggingapi").get_resources(
        ResourceTypeFilters=["acm:certificate"]
    )["ResourceTagMappingList"]
    assert tagged["ResourceARN"] == arn
    secrets.create_secret(Name="a", SecretString="one")
    secrets.put_secret_value(SecretId="a", SecretString="two")
    assert secrets.get_secret_value(SecretId="a")["SecretString"] == "two"


def test_cloudfront_answers_over_http(client: Client) -> None:
    cloudfront = client("cloudfront")
    made = cloudfront.create_distribution(DistributionConfig=distribution_config("one"))
    identifier = made["Distribution"]["Id"]
    found = cloudfront.get_distribution_config(Id=identifier)
    assert found["ETag"] == made["ETag"]
    with refused("PreconditionFailed"):
        cloudfront.update_distribution(
            Id=identifier, IfMatch="old", DistributionConfig=found["DistributionConfig"]
        )
