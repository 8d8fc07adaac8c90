"""CloudFront: distributions, their ETags and deployments. Moto keeps half a configuration."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.double.builders import custom_origin, distribution_config, import_issued
from tests.double.refusals import refused

if TYPE_CHECKING:
    from mypy_boto3_acm import ACMClient
    from mypy_boto3_cloudfront import CloudFrontClient

    from tests.double import EmbeddedAws
    from tests.support.authority import Authority

pytestmark = pytest.mark.slow

HOST = "www.example.com"


@pytest.fixture
def certificate(acm: ACMClient, authority: Authority) -> str:
    return import_issued(acm, authority.issue(HOST))


def create(cloudfront: CloudFrontClient, config: Any) -> Any:
    return cloudfront.create_distribution(DistributionConfig=config)["Distribution"]


def read(cloudfront: CloudFrontClient, identifier: str) -> tuple[Any, str]:
    found = cloudfront.get_distribution_config(Id=identifier)
    return found["DistributionConfig"], found["ETag"]


def present(config: Any, arn: str) -> Any:
    viewer = {"SSLSupportMethod": "sni-only", "MinimumProtocolVersion": "TLSv1.2_2021"}
    return config | {"ViewerCertificate": viewer | {"ACMCertificateArn": arn}}


def test_a_configuration_comes_back_whole_where_moto_drops_what_it_does_not_know(
    cloudfront: CloudFrontClient, certificate: str
) -> None:
    origin = custom_origin(OriginMtlsConfig={"ClientCertificateArn": certificate})
    config = distribution_config(
        "one",
        certificate=certificate,
        aliases=[HOST],
        Staging=True,
        Origins={"Quantity": 1, "Items": [origin]},
    )
    made = create(cloudfront, config)
    found, _ = read(cloudfront, made["Id"])
    assert {name: found[name] for name in config if name != "ViewerCertificate"} == {
        name: config[name] for name in config if name != "ViewerCertificate"
    }
    assert made["DistributionConfig"] == found


def test_the_deprecated_pair_is_echoed_where_moto_shows_a_default_certificate(
    cloudfront: CloudFrontClient, certificate: str
) -> None:
    made = create(cloudfront, distribution_config("one", certificate=certificate))
    assert made["DistributionConfig"]["ViewerCertificate"] == {
        "CloudFrontDefaultCertificate": False,
        "ACMCertificateArn": certificate,
        "SSLSupportMethod": "sni-only",
        "MinimumProtocolVersion": "TLSv1.2_2021",
        "Certificate": certificate,
        "CertificateSource": "acm",
    }
    plain = create(cloudfront, distribution_config("two"))
    viewer = plain["DistributionConfig"]["ViewerCertificate"]
    assert viewer["CloudFrontDefaultCertificate"] is True
    assert viewer["CertificateSource"] == "cloudfront"


def test_an_update_needs_the_current_etag_and_gives_a_new_one_where_moto_takes_any(
    cloudfront: CloudFrontClient,
) -> None:
    identifier = create(cloudfront, distribution_config("one"))["Id"]
    config, etag = read(cloudfront, identifier)
    changed = config | {"Comment": "changed"}
    updated = cloudfront.update_distribution(
        Id=identifier, IfMatch=etag, DistributionConfig=changed
    )
    assert updated["ETag"] != etag
    assert read(cloudfront, identifier) == (changed, updated["ETag"])
    with refused("PreconditionFailed"):
        cloudfront.update_distribution(Id=identifier, IfMatch=etag, DistributionConfig=changed)
    with refused("InvalidIfMatchVersion"):
        cloudfront.update_distribution(Id=identifier, DistributionConfig=changed)
    with refused("IllegalUpdate", "caller reference"):
        cloudfront.update_distribution(
            Id=identifier,
            IfMatch=updated["ETag"],
            DistributionConfig=changed | {"CallerReference": "two"},
        )


def test_one_viewer_certificate_change_at_a_time_where_moto_takes_any(
    aws: EmbeddedAws, acm: ACMClient, cloudfront: CloudFrontClient, authority: Authority
) -> None:
    first, second, third = (import_issued(acm, authority.issue(HOST)) for _ in range(3))
    identifier = create(cloudfront, distribution_config("one", certificate=first))["Id"]
    aws.behaviour.deployments = "when_told"
    config, etag = read(cloudfront, identifier)
    changing = cloudfront.update_distribution(
        Id=identifier, IfMatch=etag, DistributionConfig=present(config, second)
    )
    assert changing["Distribution"]["Status"] == "InProgress"
    with refused("IllegalUpdate", "Only one viewer certificate change may be in progress"):
        cloudfront.update_distribution(
            Id=identifier, IfMatch=changing["ETag"], DistributionConfig=present(config, third)
        )
    other = cloudfront.update_distribution(
        Id=identifier,
        IfMatch=changing["ETag"],
        DistributionConfig=present(config | {"Comment": "other"}, second),
    )
    aws.finish_deployments()
    assert cloudfront.get_distribution(Id=identifier)["Distribution"]["Status"] == "Deployed"
    cloudfront.update_distribution(
        Id=identifier, IfMatch=other["ETag"], DistributionConfig=present(config, third)
    )


def test_viewer_and_origin_certificates_are_in_use_where_moto_knows_neither(
    aws: EmbeddedAws, acm: ACMClient, cloudfront: CloudFrontClient, authority: Authority
) -> None:
    viewer, client = (import_issued(acm, authority.issue(HOST)) for _ in range(2))
    origin = custom_origin(OriginMtlsConfig={"ClientCertificateArn": client})
    made = create(
        cloudfront,
        distribution_config("one", certificate=viewer, Origins={"Quantity": 1, "Items": [origin]}),
    )
    assert aws.in_use_by(viewer) == [made["ARN"]]
    assert aws.in_use_by(client) == [made["ARN"]]
    assert acm.describe_certificate(CertificateArn=viewer)["Certificate"]["InUseBy"] == [
        made["ARN"]
    ]


def test_lists_page_and_summarise(
    aws: EmbeddedAws, cloudfront: CloudFrontClient, certificate: str
) -> None:
    assert "Items" not in cloudfront.list_distributions()["DistributionList"]
    for number in range(3):
        create(cloudfront, distribution_config(str(number), certificate=certificate))
    aws.behaviour.page_size = 2
    first = cloudfront.list_distributions()["DistributionList"]
    assert (first["Quantity"], first["IsTruncated"]) == (2, True)
    pages = cloudfront.get_paginator("list_distributions").paginate()
    found = [each for page in pages for each in page["DistributionList"]["Items"]]
    assert len(found) == 3
    assert found[0]["ViewerCertificate"]["ACMCertificateArn"] == certificate
    assert found[0]["Staging"] is False
    assert found[0]["ETag"] == read(cloudfront, found[0]["Id"])[1]


def test_a_distribution_is_created_once_and_deleted_when_disabled(
    cloudfront: CloudFrontClient,
) -> None:
    identifier = create(cloudfront, distribution_config("one"))["Id"]
    with refused("DistributionAlreadyExists"):
        create(cloudfront, distribution_config("one"))
    config, etag = read(cloudfront, identifier)
    with refused("DistributionNotDisabled"):
        cloudfront.delete_distribution(Id=identifier, IfMatch=etag)
    disabled = cloudfront.update_distribution(
        Id=identifier, IfMatch=etag, DistributionConfig=config | {"Enabled": False}
    )
    cloudfront.delete_distribution(Id=identifier, IfMatch=disabled["ETag"])
    with refused("NoSuchDistribution"):
        cloudfront.get_distribution(Id=identifier)


def test_a_distribution_has_its_tags(cloudfront: CloudFrontClient) -> None:
    tags: Any = {"Items": [{"Key": "a", "Value": "1"}]}
    made = cloudfront.create_distribution_with_tags(
        DistributionConfigWithTags={"DistributionConfig": distribution_config("one"), "Tags": tags}
    )
    found = cloudfront.list_tags_for_resource(Resource=made["Distribution"]["ARN"])
    assert found["Tags"] == tags
