"""Certificate Manager: list, describe, get and delete."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import boto3
import pytest
import time_machine

from tests.double.builders import ALL_KEY_TYPES, create_listener, import_issued, listed
from tests.double.refusals import refused
from tests.support.authority import Authority, self_signed, shared_key

if TYPE_CHECKING:
    from mypy_boto3_acm import ACMClient
    from mypy_boto3_elbv2 import ElasticLoadBalancingv2Client

    from tests.double import EmbeddedAws

pytestmark = pytest.mark.slow

RSA = shared_key("rsa2048", "double")


def test_get_certificate_returns_the_chain_as_imported_where_moto_adds_amazons(
    acm: ACMClient, authority: Authority
) -> None:
    leaf = authority.issue("www.example.com")
    found = acm.get_certificate(CertificateArn=import_issued(acm, leaf))
    assert found["Certificate"] == leaf.certificate_pem
    assert found["CertificateChain"] == leaf.chain_pem


def test_get_certificate_returns_no_chain_if_there_was_none_where_moto_invents_one(
    acm: ACMClient,
) -> None:
    arn = import_issued(acm, self_signed("www.example.com"))
    assert "CertificateChain" not in acm.get_certificate(CertificateArn=arn)


def test_the_default_list_hides_all_but_small_rsa_where_moto_lists_all(
    acm: ACMClient, authority: Authority
) -> None:
    import_issued(acm, authority.issue("ec.example.com"))
    import_issued(acm, authority.issue("rsa.example.com", key=RSA))
    found = acm.list_certificates(CertificateStatuses=["ISSUED"])["CertificateSummaryList"]
    assert [each["DomainName"] for each in found] == ["rsa.example.com"]
    assert len(listed(acm)) == 2


def test_lists_come_in_pages_where_moto_never_pages(
    aws: EmbeddedAws, acm: ACMClient, authority: Authority
) -> None:
    for number in range(3):
        import_issued(acm, authority.issue(f"{number}.example.com"))
    aws.behaviour.page_size = 2
    first = acm.list_certificates(Includes={"keyTypes": ALL_KEY_TYPES})
    assert len(first["CertificateSummaryList"]) == 2
    assert first["NextToken"]
    assert len(listed(acm)) == 3


def test_a_summary_has_the_documented_members_where_moto_leaves_half_out(
    acm: ACMClient, authority: Authority
) -> None:
    names = [f"{number}.example.com" for number in range(101)]
    import_issued(acm, authority.issue(*names))
    (found,) = listed(acm)
    assert found["SubjectAlternativeNameSummaries"] == names[:100]
    assert found["HasAdditionalSubjectAlternativeNames"] is True
    assert found["InUse"] is False
    assert found["Type"] == "IMPORTED"
    assert found["KeyAlgorithm"] == "EC_prime256v1"
    assert found["ExtendedKeyUsages"] == ["TLS_WEB_SERVER_AUTHENTICATION"]
    assert found["KeyUsages"] == ["DIGITAL_SIGNATURE", "KEY_ENCIPHERMENT"]
    assert found["CreatedAt"] == found["ImportedAt"]
    assert found["NotAfter"] > found["NotBefore"]


def test_a_certificate_without_usages_shows_any_and_none(
    acm: ACMClient, authority: Authority
) -> None:
    import_issued(acm, authority.issue("www.example.com", usages=None, extended=None))
    (found,) = listed(acm)
    assert (found["KeyUsages"], found["ExtendedKeyUsages"]) == (["ANY"], ["NONE"])


def test_a_list_filters_by_status_and_an_imported_certificate_expires(
    acm: ACMClient, authority: Authority
) -> None:
    leaf = authority.issue("www.example.com")
    arn = import_issued(acm, leaf)
    with time_machine.travel(leaf.certificate.not_valid_after_utc + timedelta(seconds=1)):
        assert listed(acm, CertificateStatuses=["ISSUED"]) == []
        assert len(listed(acm, CertificateStatuses=["EXPIRED"])) == 1
        described = acm.describe_certificate(CertificateArn=arn)["Certificate"]
        assert described["Status"] == "EXPIRED"


def test_sort_by_needs_sort_order(acm: ACMClient) -> None:
    with refused("ValidationException"):
        acm.list_certificates(SortBy="CREATED_AT")


@pytest.mark.parametrize(("kind", "shown"), [("p384", "EC-secp384r1"), ("rsa2048", "RSA-2048")])
def test_describe_spells_the_key_algorithm_with_a_hyphen_where_moto_has_an_underscore(
    acm: ACMClient, authority: Authority, kind: str, shown: str
) -> None:
    arn = import_issued(acm, authority.issue("www.example.com", key=kind))
    assert acm.describe_certificate(CertificateArn=arn)["Certificate"]["KeyAlgorithm"] == shown


def test_describe_shows_the_serial_as_pairs_where_moto_shows_a_decimal_number(
    acm: ACMClient, authority: Authority
) -> None:
    leaf = authority.issue("www.example.com")
    arn = import_issued(acm, leaf)
    serial = acm.describe_certificate(CertificateArn=arn)["Certificate"]["Serial"]
    assert int(serial.replace(":", ""), 16) == leaf.certificate.serial_number


def test_in_use_by_is_the_load_balancer_and_follows_it_where_moto_keeps_a_first_listener(
    aws: EmbeddedAws, acm: ACMClient, elbv2: ElasticLoadBalancingv2Client, authority: Authority
) -> None:
    old, new = (import_issued(acm, authority.issue("www.example.com")) for _ in range(2))
    balancer = aws.load_balancer("web")
    listener = create_listener(elbv2, balancer, old)
    assert acm.describe_certificate(CertificateArn=old)["Certificate"]["InUseBy"] == [balancer]
    elbv2.modify_listener(ListenerArn=listener, Certificates=[{"CertificateArn": new}])
    assert acm.describe_certificate(CertificateArn=old)["Certificate"]["InUseBy"] == []
    assert [each["InUse"] for each in listed(acm)] == [False, True]


def test_a_certificate_in_use_is_not_deleted_where_moto_deletes_it(
    aws: EmbeddedAws, acm: ACMClient, elbv2: ElasticLoadBalancingv2Client, authority: Authority
) -> None:
    arn = import_issued(acm, authority.issue("www.example.com"))
    listener = create_listener(elbv2, aws.load_balancer("web"), arn)
    with refused("ResourceInUseException"):
        acm.delete_certificate(CertificateArn=arn)
    elbv2.delete_listener(ListenerArn=listener)
    acm.delete_certificate(CertificateArn=arn)
    with refused("ResourceNotFoundException"):
        acm.describe_certificate(CertificateArn=arn)


def test_a_certificate_of_another_region_is_not_found(acm: ACMClient, authority: Authority) -> None:
    arn = import_issued(boto3.client("acm", "eu-west-1"), authority.issue("www.example.com"))
    with refused("ResourceNotFoundException"):
        acm.get_certificate(CertificateArn=arn)
