"""What the tagging service knows of a Region's certificates."""

from __future__ import annotations

from typing import TYPE_CHECKING

import boto3
import pytest
from botocore.stub import Stubber

from certrotation.aws.acm import AcmCertificates
from certrotation.aws.tag_index import ResourceTagIndex
from certrotation.errors import AccessDenied, NotYet, Throttled
from tests.aws.samples import MISSING, answering, raising
from tests.double.builders import create_listener, import_issued
from tests.simulation.estate import client

if TYPE_CHECKING:
    from collections.abc import Mapping

    from certrotation.errors import CertRotationError
    from tests.double import EmbeddedAws
    from tests.support.authorities import Authorities

REGION = "us-east-1"
OF_SHOP = {"certrotation:secret": "certrotation/shop"}


def tags_in_acm(arn: str) -> Mapping[str, str]:
    acm = client("acm", REGION)
    return AcmCertificates(acm, acm).tags(arn)


@pytest.fixture
def index(aws: EmbeddedAws) -> ResourceTagIndex:
    del aws
    return ResourceTagIndex(client("resourcegroupstaggingapi", REGION), tags_in_acm)


def imported(authorities: Authorities, tags: Mapping[str, str]) -> str:
    given = [{"Key": key, "Value": value} for key, value in tags.items()]
    issued = authorities.public.issue("www.example.com")
    return import_issued(client("acm", REGION), issued, **({"Tags": given} if given else {}))


def test_all_returns_the_tags_of_every_page(
    index: ResourceTagIndex, authorities: Authorities
) -> None:
    wanted = {imported(authorities, {"number": str(each)}): str(each) for each in range(5)}
    imported(authorities, {})
    assert index.all() == {arn: {"number": number} for arn, number in wanted.items()}


def test_resources_that_are_no_certificates_are_not_asked_for(
    index: ResourceTagIndex, authorities: Authorities, aws: EmbeddedAws
) -> None:
    arn = imported(authorities, OF_SHOP)
    balancer = aws.load_balancer("web", tags=OF_SHOP)
    create_listener(client("elbv2", REGION), balancer, arn)
    assert set(index.all()) == {arn}
    assert set(index.copies_of("certrotation/shop")) == {arn}


def test_the_largest_pages_are_asked_for(index: ResourceTagIndex, aws: EmbeddedAws) -> None:
    index.all()
    (call,) = aws.calls_of("resourcegroupstaggingapi")
    assert call.params["ResourcesPerPage"] == 100


def test_copies_of_a_secret_are_those_tagged_with_its_very_name(
    index: ResourceTagIndex, authorities: Authorities
) -> None:
    arns = {imported(authorities, {**OF_SHOP, "number": str(each)}) for each in range(3)}
    imported(authorities, {"certrotation:secret": "certrotation/shop2"})
    imported(authorities, {"team": "certrotation/shop"})
    found = index.copies_of("certrotation/shop")
    assert set(found) == arns
    assert all(tags["certrotation:secret"] == "certrotation/shop" for tags in found.values())


@pytest.mark.usefixtures("aws")
def test_an_entry_whose_tags_say_something_else_by_now_is_dropped() -> None:
    tagging = boto3.client("resourcegroupstaggingapi", region_name=REGION)
    entry = {"ResourceARN": MISSING, "Tags": [{"Key": "certrotation:secret", "Value": "other"}]}
    with Stubber(tagging) as stub:
        stub.add_response("get_resources", {"ResourceTagMappingList": [entry]})
        assert ResourceTagIndex(tagging, tags_in_acm).copies_of("certrotation/shop") == {}


def test_a_certificate_that_lost_its_tags_has_none(
    index: ResourceTagIndex, authorities: Authorities
) -> None:
    arn = imported(authorities, {"team": "shop"})
    client("acm", REGION).remove_tags_from_certificate(CertificateArn=arn, Tags=[{"Key": "team"}])
    assert index.all() == {arn: {}}


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("ThrottledException", Throttled),
        ("PaginationTokenExpiredException", NotYet),
        ("AccessDeniedException", AccessDenied),
    ],
)
def test_a_failure_names_the_call_and_the_region(
    index: ResourceTagIndex, aws: EmbeddedAws, code: str, kind: type[CertRotationError]
) -> None:
    with answering(aws, "GetResources", code), raising(kind, "tag:GetResources", REGION):
        index.all()
