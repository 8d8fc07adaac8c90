"""The Resource Groups Tagging API's GetResources."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.double.builders import import_issued
from tests.double.refusals import refused

if TYPE_CHECKING:
    from mypy_boto3_acm import ACMClient

    from tests.double import EmbeddedAws
    from tests.support.authority import Authority


def certificates(tagging: Any, **parameters: Any) -> dict[str, dict[str, str]]:
    pages = tagging.get_paginator("get_resources").paginate(
        ResourceTypeFilters=["acm:certificate"], **parameters
    )
    return {
        each["ResourceARN"]: {tag["Key"]: tag["Value"] for tag in each["Tags"]}
        for page in pages
        for each in page["ResourceTagMappingList"]
    }


def test_certificates_once_tagged_are_found_where_moto_forgets_them_and_others_never_are(
    acm: ACMClient, tagging: Any, authority: Authority
) -> None:
    leaf = authority.issue("www.example.com")
    import_issued(acm, leaf)
    tagged = import_issued(acm, leaf, Tags=[{"Key": "a", "Value": "1"}])
    once = import_issued(acm, leaf, Tags=[{"Key": "a", "Value": "1"}])
    acm.remove_tags_from_certificate(CertificateArn=once, Tags=[{"Key": "a"}])
    assert certificates(tagging) == {tagged: {"a": "1"}, once: {}}


def test_tag_filters_choose_by_key_and_by_value(
    acm: ACMClient, tagging: Any, authority: Authority
) -> None:
    leaf = authority.issue("www.example.com")
    first, second = (
        import_issued(acm, leaf, Tags=[{"Key": "a", "Value": value}]) for value in "12"
    )
    assert set(certificates(tagging, TagFilters=[{"Key": "a"}])) == {first, second}
    assert set(certificates(tagging, TagFilters=[{"Key": "a", "Values": ["2"]}])) == {second}


def test_resources_come_in_small_pages_with_an_empty_token_at_the_end(
    aws: EmbeddedAws, acm: ACMClient, tagging: Any, authority: Authority
) -> None:
    leaf = authority.issue("www.example.com")
    for _ in range(3):
        import_issued(acm, leaf, Tags=[{"Key": "a", "Value": "1"}])
    aws.behaviour.page_size = 2
    first = tagging.get_resources()
    assert len(first["ResourceTagMappingList"]) == 2
    last = tagging.get_resources(PaginationToken=first["PaginationToken"])
    assert len(last["ResourceTagMappingList"]) == 1
    assert last["PaginationToken"] == ""
    assert len(certificates(tagging)) == 3


def test_arns_and_filters_exclude_each_other_where_moto_takes_both(tagging: Any) -> None:
    arn = "arn:aws:acm:us-east-1:123456789012:certificate/1"
    with refused("InvalidParameterException"):
        tagging.get_resources(ResourceARNList=[arn], ResourceTypeFilters=["acm:certificate"])
