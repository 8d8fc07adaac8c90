"""CloudFront: the certificates that it accepts. Moto accepts any string."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import boto3
import pytest
import time_machine

from tests.double.builders import distribution_config, import_issued
from tests.double.refusals import refused
from tests.support.authority import Authority, shared_key

if TYPE_CHECKING:
    from mypy_boto3_acm import ACMClient
    from mypy_boto3_cloudfront import CloudFrontClient

    from tests.double import EmbeddedAws

pytestmark = pytest.mark.slow

HOST = "www.example.com"


def attach(cloudfront: CloudFrontClient, arn: str, *aliases: str, **viewer: Any) -> Any:
    config = distribution_config("one", certificate=arn, aliases=aliases)
    config["ViewerCertificate"] |= viewer
    return cloudfront.create_distribution(DistributionConfig=config)["Distribution"]


def test_a_certificate_of_another_region_or_of_none_is_refused(
    cloudfront: CloudFrontClient, authority: Authority
) -> None:
    elsewhere = import_issued(boto3.client("acm", "eu-west-1"), authority.issue(HOST))
    for arn in (elsewhere, elsewhere.replace("eu-west-1", "us-east-1")):
        with refused("InvalidViewerCertificate", "isn't in us-east-1"):
            attach(cloudfront, arn)


def test_an_expired_certificate_is_refused(
    acm: ACMClient, cloudfront: CloudFrontClient, authority: Authority
) -> None:
    arn = import_issued(acm, authority.issue(HOST, lifetime=timedelta(days=1)))
    with (
        time_machine.travel(datetime.now(UTC) + timedelta(days=2)),
        refused("InvalidViewerCertificate", "isn't valid"),
    ):
        attach(cloudfront, arn)


def test_an_expired_intermediate_is_refused(
    acm: ACMClient, cloudfront: CloudFrontClient, authority: Authority
) -> None:
    past = datetime.now(UTC) - timedelta(hours=1)
    expired = authority.intermediate("Example Old CA", not_after=past)
    arn = import_issued(acm, expired.issue(HOST))
    with refused("InvalidViewerCertificate", "valid certificate chain"):
        attach(cloudfront, arn)


def test_a_chain_has_at_most_five_certificates(
    acm: ACMClient, cloudfront: CloudFrontClient
) -> None:
    above = Authority.root()
    for level in range(5):
        above = above.intermediate(f"Example CA {level}")
    attach(cloudfront, import_issued(acm, above.issue(HOST)))
    deep = above.intermediate("Example CA 5").issue(HOST)
    with refused("InvalidViewerCertificate"):
        attach(cloudfront, import_issued(acm, deep))


@pytest.mark.parametrize("kind", ["p384", "p521"])
def test_of_elliptic_curves_only_p256_is_served(
    acm: ACMClient, cloudfront: CloudFrontClient, authority: Authority, kind: str
) -> None:
    arn = import_issued(acm, authority.issue(HOST, key=kind))
    with refused("InvalidViewerCertificate", "key algorithm"):
        attach(cloudfront, arn)


def test_rsa_is_served_in_every_size(
    acm: ACMClient, cloudfront: CloudFrontClient, authority: Authority
) -> None:
    leaf = authority.issue(HOST, key=shared_key("rsa4096", "double"))
    attach(cloudfront, import_issued(acm, leaf))


@pytest.mark.parametrize(
    ("name", "alias", "covered"),
    [
        (HOST, "WWW.example.com", True),
        ("*.example.com", HOST, True),
        ("*.example.com", "a.b.example.com", False),
        ("*.example.com", "example.com", False),
        ("*.example.com", "*.example.com", True),
        (HOST, "*.example.com", False),
    ],
)
def test_every_alias_is_covered_by_a_name_or_a_wildcard_of_its_level(
    acm: ACMClient,
    cloudfront: CloudFrontClient,
    authority: Authority,
    name: str,
    alias: str,
    *,
    covered: bool,
) -> None:
    arn = import_issued(acm, authority.issue(name))
    if covered:
        attach(cloudfront, arn, alias)
        return
    with refused("InvalidViewerCertificate", alias):
        attach(cloudfront, arn, alias)


def test_a_new_certificate_chains_to_a_trusted_root(
    aws: EmbeddedAws, acm: ACMClient, cloudfront: CloudFrontClient
) -> None:
    root = Authority.root("Example Trusted Root")
    aws.behaviour.trusted_roots = [root.certificate]
    known = import_issued(acm, root.intermediate().issue(HOST))
    private = import_issued(acm, Authority.root("Example Private Root").issue(HOST))
    with refused("InvalidViewerCertificate", "trusted Certificate Authority"):
        attach(cloudfront, private, HOST)
    attach(cloudfront, known, HOST)


def test_a_certificate_reimported_without_trust_stays_for_the_aliases_that_there_are(
    aws: EmbeddedAws, acm: ACMClient, cloudfront: CloudFrontClient, authority: Authority
) -> None:
    arn = import_issued(acm, authority.issue(HOST, "new.example.com"))
    identifier = attach(cloudfront, arn, HOST)["Id"]
    aws.behaviour.trusted_roots = []
    found = cloudfront.get_distribution_config(Id=identifier)
    config: Any = found["DistributionConfig"]
    updated = cloudfront.update_distribution(
        Id=identifier, IfMatch=found["ETag"], DistributionConfig=config | {"Comment": "changed"}
    )
    aliases = {"Quantity": 2, "Items": [HOST, "new.example.com"]}
    with refused("InvalidViewerCertificate", "trusted Certificate Authority"):
        cloudfront.update_distribution(
            Id=identifier, IfMatch=updated["ETag"], DistributionConfig=config | {"Aliases": aliases}
        )


def test_a_left_over_deprecated_certificate_is_refused(
    acm: ACMClient, cloudfront: CloudFrontClient, authority: Authority
) -> None:
    old, new = (import_issued(acm, authority.issue(HOST)) for _ in range(2))
    with refused("InvalidViewerCertificate", "Certificate field"):
        attach(cloudfront, new, Certificate=old, CertificateSource="acm")
    with refused("InvalidViewerCertificate", "CertificateSource"):
        attach(cloudfront, new, CertificateSource="cloudfront")
    attach(cloudfront, new, Certificate=new, CertificateSource="acm")


def test_an_arn_comes_with_its_protocol_and_method_and_without_the_default(
    acm: ACMClient, cloudfront: CloudFrontClient, authority: Authority
) -> None:
    arn = import_issued(acm, authority.issue(HOST))
    with refused("InvalidViewerCertificate", "CloudFrontDefaultCertificate"):
        attach(cloudfront, arn, CloudFrontDefaultCertificate=True)
    for member in ("SSLSupportMethod", "MinimumProtocolVersion"):
        config = distribution_config("one", certificate=arn)
        del config["ViewerCertificate"][member]
        with refused("InvalidViewerCertificate", member):
            cloudfront.create_distribution(DistributionConfig=config)
