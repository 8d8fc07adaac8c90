"""The certificates of a Region."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import boto3
import pytest
import time_machine
from botocore.stub import Stubber
from cryptography import x509

from certrotation.aws.acm import AcmCertificates
from certrotation.errors import (
    AccessDenied,
    CertificateUnreadable,
    InUse,
    NotYet,
    QuotaReached,
    Rejected,
    TagsRefused,
    Throttled,
    Unreachable,
    Vanished,
)
from tests.aws.samples import MISSING, answering, material_of, raising
from tests.double.builders import create_listener, import_issued
from tests.simulation.estate import client
from tests.support.authority import self_signed, shared_key

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from certrotation.core.estate.inventory import ListedCertificate
    from certrotation.core.material.bundle import PresentedCertificate
    from tests.double import Call, EmbeddedAws
    from tests.support.authorities import Authorities
    from tests.support.authority import Issued

REGION = "us-east-1"


@pytest.fixture
def certificates(aws: EmbeddedAws) -> AcmCertificates:
    del aws
    return AcmCertificates(client("acm", REGION), client("acm", REGION))


@pytest.fixture
def leaf(authorities: Authorities) -> Issued:
    return authorities.public.issue("www.example.com")


def imported(issued: Issued, **more: Any) -> str:
    return import_issued(client("acm", REGION), issued, **more)


def tags_of(arn: str) -> dict[str, str]:
    answer = client("acm", REGION).list_tags_for_certificate(CertificateArn=arn)
    return {tag["Key"]: tag["Value"] for tag in answer["Tags"]}


@pytest.mark.slow
def test_every_key_type_is_listed_over_several_pages(
    certificates: AcmCertificates, authorities: Authorities
) -> None:
    kinds = ["rsa1024", "rsa2048", "rsa3072", "rsa4096", "p256", "p384", "p521"]
    arns = {
        imported(authorities.public.issue("www.example.com", key=shared_key(kind)))
        for kind in kinds
    }
    assert {each.arn for each in certificates.list_imported()} == arns


def test_what_a_certificate_is_listed_with(
    certificates: AcmCertificates, authorities: Authorities, aws: EmbeddedAws
) -> None:
    issued = authorities.public.issue("WWW.Example.com", "xn--mnchen-3ya.example", "192.0.2.1")
    arn = imported(issued)
    create_listener(client("elbv2", REGION), aws.load_balancer("web"), arn)
    (listed,) = certificates.list_imported()
    assert listed.arn == arn
    assert listed.region == REGION
    assert listed.names == {"www.example.com", "xn--mnchen-3ya.example", "192.0.2.1"}
    assert listed.not_before == issued.certificate.not_valid_before_utc
    assert listed.not_after == issued.certificate.not_valid_after_utc
    assert listed.in_use


def test_an_expired_certificate_is_listed(
    certificates: AcmCertificates, authorities: Authorities
) -> None:
    arn = imported(authorities.public.issue("www.example.com", lifetime=timedelta(days=30)))
    with time_machine.travel(datetime.now(UTC) + timedelta(days=31)):
        assert [each.arn for each in certificates.list_imported()] == [arn]


def test_a_page_holds_as_many_as_acm_allows(
    certificates: AcmCertificates, aws: EmbeddedAws
) -> None:
    certificates.list_imported()
    (call,) = aws.calls_of("acm", "ListCertificates")
    assert call.params["MaxItems"] == 1000


@pytest.mark.usefixtures("aws")
def test_certificates_that_amazon_issued_are_left_out() -> None:
    listed = stubbed_list(summary(Type="AMAZON_ISSUED"), summary(Type="PRIVATE"), summary())
    assert len(listed) == 1


@pytest.mark.usefixtures("aws")
def test_a_certificate_of_a_type_that_nobody_knows_is_not_passed_over() -> None:
    assert len(stubbed_list(summary(Type="SOMETHING_NEW"))) == 1


def test_a_common_name_is_no_name_where_there_are_others(
    certificates: AcmCertificates, authorities: Authorities
) -> None:
    issue = authorities.public.issue
    imported(issue("www.example.com", common_name="Example Shop"))
    imported(issue(common_name="old.example.com"))
    assert [each.names for each in certificates.list_imported()] == [
        {"www.example.com"},
        {"old.example.com"},
    ]


def summary(**members: Any) -> dict[str, Any]:
    return {
        "CertificateArn": MISSING,
        "DomainName": "www.example.com",
        "Type": "IMPORTED",
        "KeyAlgorithm": "EC_prime256v1",
        "NotBefore": datetime(2026, 1, 1, tzinfo=UTC),
        "NotAfter": datetime(2026, 3, 1, tzinfo=UTC),
        "CreatedAt": datetime(2026, 1, 2, tzinfo=UTC),
        "InUse": False,
        **members,
    }


def stubbed_list(*summaries: dict[str, Any]) -> Sequence[ListedCertificate]:
    """List what the double does not hold: it keeps imported certificates alone."""
    acm = boto3.client("acm", region_name=REGION)
    with Stubber(acm) as stub:
        stub.add_response("list_certificates", {"CertificateSummaryList": list(summaries)})
        return AcmCertificates(acm, acm).list_imported()


def test_presented_is_the_leaf_and_the_chain_in_order(
    certificates: AcmCertificates, leaf: Issued
) -> None:
    presented = certificates.presented(imported(leaf))
    assert presented.leaf == leaf.certificate
    assert presented.chain == leaf.chain


def test_presented_without_a_chain_has_none(certificates: AcmCertificates) -> None:
    assert certificates.presented(imported(self_signed("www.example.com"))).chain == ()


@pytest.mark.usefixtures("aws")
def test_a_certificate_that_cannot_be_read_is_told_as_that() -> None:
    with raising(CertificateUnreadable, MISSING, "cannot be read"):
        stubbed_presented(Certificate="-----BEGIN CERTIFICATE-----\nx")


@pytest.mark.parametrize("where", ["Certificate", "CertificateChain"])
@pytest.mark.usefixtures("aws")
def test_an_extension_that_cannot_be_decoded_is_told_at_once(
    authorities: Authorities, leaf: Issued, where: str
) -> None:
    subject_alternative_name = x509.ObjectIdentifier("2.5.29.17")
    cut_off = x509.UnrecognizedExtension(subject_alternative_name, b"\x30\x03\x02\x01")
    broken = authorities.public.issue(common_name="www.example.com", extensions=[cut_off])
    with raising(CertificateUnreadable, MISSING, where, "cannot be decoded"):
        stubbed_presented(**{"Certificate": leaf.certificate_pem, where: broken.certificate_pem})


def stubbed_presented(**answer: str) -> PresentedCertificate:
    """Read what ACM would have refused, had the double been asked to import it."""
    acm = boto3.client("acm", region_name=REGION)
    with Stubber(acm) as stub:
        stub.add_response("get_certificate", answer)
        return AcmCertificates(acm, acm).presented(MISSING)


def test_detail_tells_when_it_was_created_and_who_uses_it(
    certificates: AcmCertificates, leaf: Issued, aws: EmbeddedAws
) -> None:
    before = datetime.now(UTC)
    arn = imported(leaf)
    assert certificates.detail(arn).in_use_by == ()
    balancer = aws.load_balancer("web")
    create_listener(client("elbv2", REGION), balancer, arn)
    detail = certificates.detail(arn)
    assert detail.in_use_by == (balancer,)
    assert detail.created_at is not None
    assert abs(detail.created_at - before) < timedelta(minutes=1)


def test_an_import_has_its_tags_from_the_first_moment(
    certificates: AcmCertificates, leaf: Issued, aws: EmbeddedAws
) -> None:
    material = material_of(leaf)
    arn = certificates.import_new(material, {"certrotation:secret": "shop", "team": ""})
    assert certificates.presented(arn).equals(material)
    assert certificates.tags(arn) == {"certrotation:secret": "shop", "team": ""}
    assert not aws.calls_of("acm", "AddTagsToCertificate")


@pytest.mark.parametrize("kind", ["rsa2048", "p256", "p384", "p521"])
def test_the_key_is_sent_in_a_form_that_acm_takes(
    certificates: AcmCertificates, authorities: Authorities, kind: str
) -> None:
    material = material_of(authorities.public.issue("www.example.com", key=shared_key(kind)))
    assert certificates.presented(certificates.import_new(material, {})).equals(material)


def test_without_a_chain_the_parameter_is_left_out(
    certificates: AcmCertificates, aws: EmbeddedAws
) -> None:
    material = material_of(self_signed("www.example.com"))
    arn = certificates.import_new(material, {})
    certificates.reimport(arn, material)
    for call in aws.calls_of("acm", "ImportCertificate"):
        assert "CertificateChain" not in call.params


def test_a_reimport_sends_no_tags_and_keeps_them(
    certificates: AcmCertificates, authorities: Authorities, leaf: Issued, aws: EmbeddedAws
) -> None:
    arn = certificates.import_new(material_of(leaf), {"team": "shop"})
    renewed = material_of(authorities.public.issue("www.example.com"))
    certificates.reimport(arn, renewed)
    assert certificates.presented(arn).equals(renewed)
    assert certificates.tags(arn) == {"team": "shop"}
    assert "Tags" not in aws.calls_of("acm", "ImportCertificate")[-1].params


def test_a_reimport_that_acms_rules_forbid_is_rejected_in_acms_words(
    certificates: AcmCertificates, authorities: Authorities, leaf: Issued
) -> None:
    arn = imported(leaf)
    larger = material_of(authorities.public.issue("www.example.com", key=shared_key("p384")))
    with raising(Rejected, arn, "The key type and size"):
        certificates.reimport(arn, larger)


def test_a_quota_that_is_used_up_is_told_as_such(
    certificates: AcmCertificates, leaf: Issued, aws: EmbeddedAws
) -> None:
    words = "You have reached the maximum number of certificates."
    used_up = answering(aws, "ImportCertificate", "LimitExceededException", words)
    with used_up, raising(QuotaReached, REGION, "maximum number of certificates"):
        certificates.import_new(material_of(leaf), {})


def test_tags_that_a_policy_refuses_keep_the_certificate_out(
    certificates: AcmCertificates, leaf: Issued, aws: EmbeddedAws
) -> None:
    aws.behaviour.tag_policy = lambda tags: "team" not in tags
    with raising(TagsRefused, "tag policy"):
        certificates.import_new(material_of(leaf), {"team": "shop"})
    assert certificates.list_imported() == []
    arn = certificates.import_new(material_of(leaf), {})
    with raising(TagsRefused, arn):
        certificates.add_tags(arn, {"team": "shop"})
    assert tags_of(arn) == {}


def test_a_tag_outside_acms_alphabet_is_refused_as_a_tag(
    certificates: AcmCertificates, leaf: Issued
) -> None:
    with raising(TagsRefused, "tags.1.member.value"):
        certificates.import_new(material_of(leaf), {"host": "*.example.com"})


def test_tags_are_added_overwritten_and_removed_whatever_their_value(
    certificates: AcmCertificates, leaf: Issued
) -> None:
    arn = imported(leaf, Tags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}])
    certificates.add_tags(arn, {"b": "3", "c": "4"})
    assert tags_of(arn) == {"a": "1", "b": "3", "c": "4"}
    certificates.remove_tags(arn, ["a", "b", "never-there"])
    assert tags_of(arn) == {"c": "4"}


def test_removing_no_tags_asks_nothing(
    certificates: AcmCertificates, leaf: Issued, aws: EmbeddedAws
) -> None:
    certificates.remove_tags(imported(leaf), [])
    assert not aws.calls_of("acm", "RemoveTagsFromCertificate")


def test_a_certificate_in_use_is_not_deleted(
    certificates: AcmCertificates, leaf: Issued, aws: EmbeddedAws
) -> None:
    arn = imported(leaf)
    create_listener(client("elbv2", REGION), aws.load_balancer("web"), arn)
    with raising(InUse, arn):
        certificates.delete(arn)
    assert certificates.presented(arn).leaf == leaf.certificate


def test_deleting_twice_is_no_error(certificates: AcmCertificates, leaf: Issued) -> None:
    arn = imported(leaf)
    certificates.delete(arn)
    certificates.delete(arn)
    assert certificates.list_imported() == []


def test_a_certificate_that_is_gone_has_vanished(
    certificates: AcmCertificates, leaf: Issued
) -> None:
    asking: list[Callable[[], object]] = [
        lambda: certificates.presented(MISSING),
        lambda: certificates.detail(MISSING),
        lambda: certificates.tags(MISSING),
        lambda: certificates.reimport(MISSING, material_of(leaf)),
        lambda: certificates.add_tags(MISSING, {"a": "1"}),
        lambda: certificates.remove_tags(MISSING, ["a"]),
    ]
    for ask in asking:
        with raising(Vanished, MISSING):
            ask()


def test_a_denied_import_leaves_nothing_behind(
    certificates: AcmCertificates, leaf: Issued, aws: EmbeddedAws
) -> None:
    aws.behaviour.denied.add(("acm", "ImportCertificate", None))
    with raising(AccessDenied, "acm:ImportCertificate", REGION):
        certificates.import_new(material_of(leaf), {"team": "shop"})
    assert certificates.list_imported() == []


def test_throttling_in_the_middle_of_a_list_is_transient(
    certificates: AcmCertificates, leaf: Issued, aws: EmbeddedAws
) -> None:
    for _ in range(3):
        imported(leaf)

    def throttle_the_second_page(call: Call) -> None:
        if "NextToken" in call.params:
            raise aws.error("ThrottlingException", call.operation)

    with aws.before(throttle_the_second_page), raising(Throttled, REGION):
        certificates.list_imported()


def test_a_change_that_is_under_way_is_waited_for(
    certificates: AcmCertificates, leaf: Issued, aws: EmbeddedAws
) -> None:
    arn = imported(leaf)
    conflict = answering(aws, "ImportCertificate", "ConflictException")
    with conflict, raising(NotYet, arn):
        certificates.reimport(arn, material_of(leaf))


def test_a_region_that_does_not_answer_is_unreachable(
    certificates: AcmCertificates, aws: EmbeddedAws
) -> None:
    aws.behaviour.dark_regions.add(REGION)
    with raising(Unreachable, REGION):
        certificates.list_imported()
