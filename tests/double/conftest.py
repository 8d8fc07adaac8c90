"""An empty account and its clients for each test of the double."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import boto3
import pytest

from tests.double import EmbeddedAws, embedded_aws
from tests.double.builders import import_issued
from tests.support.authority import Authority

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mypy_boto3_acm import ACMClient
    from mypy_boto3_cloudfront import CloudFrontClient
    from mypy_boto3_elbv2 import ElasticLoadBalancingv2Client
    from mypy_boto3_secretsmanager import SecretsManagerClient


@pytest.fixture
def aws() -> Iterator[EmbeddedAws]:
    with embedded_aws() as world:
        yield world


@pytest.fixture
def acm(aws: EmbeddedAws) -> ACMClient:
    del aws
    return boto3.client("acm")


@pytest.fixture
def elbv2(aws: EmbeddedAws) -> ElasticLoadBalancingv2Client:
    del aws
    return boto3.client("elbv2")


@pytest.fixture
def cloudfront(aws: EmbeddedAws) -> CloudFrontClient:
    del aws
    return boto3.client("cloudfront")


@pytest.fixture
def secrets(aws: EmbeddedAws) -> SecretsManagerClient:
    del aws
    return boto3.client("secretsmanager")


@pytest.fixture
def tagging(aws: EmbeddedAws) -> Any:
    del aws
    return boto3.client("resourcegroupstaggingapi")


@pytest.fixture(scope="session")
def authority() -> Authority:
    return Authority.root().intermediate()


@pytest.fixture
def imported(acm: ACMClient, authority: Authority) -> Callable[[], str]:
    """Each call imports one more copy of a certificate for www.example.com; returns its ARN."""
    leaf = authority.issue("www.example.com")
    return lambda: import_issued(acm, leaf)
