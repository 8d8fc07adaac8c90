"""Certificate Manager: what an import may hold, its tags included."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from tests.double.builders import import_issued, listed, material
from tests.double.refusals import refused
from tests.support.authority import Authority, pem, self_signed

if TYPE_CHECKING:
    from mypy_boto3_acm import ACMClient

    from tests.double import EmbeddedAws

pytestmark = pytest.mark.slow


def test_the_key_must_be_the_certificates_where_moto_takes_any(
    acm: ACMClient, authority: Authority
) -> None:
    other = authority.issue("www.example.com")
    given = material(authority.issue("www.example.com")) | {"PrivateKey": other.key_pem().encode()}
    with refused("ValidationException", "does not match"):
        acm.import_certificate(**given)


def test_an_encrypted_key_is_refused(acm: ACMClient, authority: Authority) -> None:
    leaf = authority.issue("www.example.com")
    given = material(leaf) | {"PrivateKey": leaf.key_pem(passphrase="hush").encode()}
    with refused("ValidationException", "private key"):
        acm.import_certificate(**given)


def test_a_key_of_more_than_5120_bytes_is_refused_where_moto_takes_it(
    acm: ACMClient, authority: Authority
) -> None:
    leaf = authority.issue("www.example.com")
    key = leaf.key_pem().encode()
    padded = b"#" * (5120 - len(key) - 1) + b"\n" + key
    acm.import_certificate(**material(leaf) | {"PrivateKey": padded})
    with refused("ValidationException", "length"):
        acm.import_certificate(**material(leaf) | {"PrivateKey": b"#" + padded})


@pytest.mark.parametrize("kind", ["p224", "ed25519"])
def test_a_key_type_outside_the_seven_is_refused_where_moto_takes_it(
    acm: ACMClient, authority: Authority, kind: str
) -> None:
    with refused("ValidationException", "key algorithm"):
        import_issued(acm, authority.issue("www.example.com", key=kind))


def test_the_certificate_field_holds_exactly_one_where_moto_takes_the_first(
    acm: ACMClient, authority: Authority
) -> None:
    leaf = authority.issue("www.example.com")
    with refused("ValidationException", "more than one certificate"):
        acm.import_certificate(**material(leaf) | {"Certificate": leaf.fullchain_pem.encode()})


def test_the_chain_must_link_from_the_leafs_issuer_up_where_moto_only_parses_it(
    acm: ACMClient, authority: Authority
) -> None:
    below = authority.intermediate("Example Sub CA")
    leaf = below.issue("www.example.com")
    upper, lower = authority.certificate, below.certificate
    for chain in ([upper, lower], [upper], [leaf.certificate, lower, upper]):
        given = material(leaf) | {"CertificateChain": pem(*chain).encode()}
        with refused("ValidationException", "Could not validate the certificate with the"):
            acm.import_certificate(**given)
    import_issued(acm, leaf)


def test_a_chain_that_is_not_pem_is_refused(acm: ACMClient, authority: Authority) -> None:
    with refused("ValidationException", "chain is not PEM-encoded"):
        acm.import_certificate(
            **material(authority.issue("www.example.com")) | {"CertificateChain": b"chain"}
        )


def test_the_chain_is_optional_and_a_self_signed_leaf_is_taken(
    acm: ACMClient, authority: Authority
) -> None:
    given = material(authority.issue("www.example.com"))
    del given["CertificateChain"]
    acm.import_certificate(**given)
    import_issued(acm, self_signed("www.example.com"))


def test_the_certificate_must_be_valid_now(acm: ACMClient, authority: Authority) -> None:
    now = datetime.now(UTC)
    early = authority.issue("www.example.com", not_before=now + timedelta(minutes=5))
    late = authority.issue(
        "www.example.com", not_before=now - timedelta(days=2), not_after=now - timedelta(days=1)
    )
    for leaf in (early, late):
        with refused("ValidationException", "is not valid"):
            import_issued(acm, leaf)


def test_the_quota_of_imported_certificates_holds_per_region_where_moto_has_none(
    aws: EmbeddedAws, acm: ACMClient, authority: Authority
) -> None:
    aws.behaviour.imported_certificate_quota = 1
    arn = import_issued(acm, authority.issue("www.example.com"))
    with refused("LimitExceededException"):
        import_issued(acm, authority.issue("www.example.com"))
    import_issued(acm, authority.issue("www.example.com"), CertificateArn=arn)
    import_issued(boto3.client("acm", "eu-west-1"), authority.issue("www.example.com"))


@pytest.mark.parametrize("tag", [{"Key": "a", "Value": "*.example.com"}, {"Key": "a,b"}])
def test_tags_outside_the_alphabet_are_refused_where_moto_takes_them(
    acm: ACMClient, authority: Authority, tag: Any
) -> None:
    leaf = authority.issue("www.example.com")
    with refused("ValidationException", "regular expression"):
        import_issued(acm, leaf, Tags=[tag])
    arn = import_issued(acm, leaf)
    with refused("ValidationException", "regular expression"):
        acm.add_tags_to_certificate(CertificateArn=arn, Tags=[tag])


def test_fifty_tags_fit_and_a_refused_import_leaves_nothing(
    acm: ACMClient, authority: Authority
) -> None:
    tags = [{"Key": str(number), "Value": "-"} for number in range(51)]
    leaf = authority.issue("www.example.com")
    with refused("TooManyTagsException"):
        import_issued(acm, leaf, Tags=tags)
    assert listed(acm) == []
    import_issued(acm, leaf, Tags=tags[:50])


def test_tags_are_removed_by_key_or_by_key_and_value(acm: ACMClient, authority: Authority) -> None:
    tags: Any = [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}]
    arn = import_issued(acm, authority.issue("www.example.com"), Tags=tags)
    acm.remove_tags_from_certificate(CertificateArn=arn, Tags=[{"Key": "a", "Value": "9"}])
    assert acm.list_tags_for_certificate(CertificateArn=arn)["Tags"] == tags
    acm.remove_tags_from_certificate(CertificateArn=arn, Tags=[{"Key": "a"}])
    assert acm.list_tags_for_certificate(CertificateArn=arn)["Tags"] == tags[1:]


def test_a_tag_policy_refuses_import_and_tagging_where_moto_knows_none(
    aws: EmbeddedAws, acm: ACMClient, authority: Authority
) -> None:
    aws.behaviour.tag_policy = lambda tags: "owner" not in tags
    forbidden: Any = [{"Key": "owner", "Value": "me"}]
    with refused("TagPolicyException"):
        import_issued(acm, authority.issue("www.example.com"), Tags=forbidden)
    arn = import_issued(acm, authority.issue("www.example.com"))
    with refused("TagPolicyException"):
        acm.add_tags_to_certificate(CertificateArn=arn, Tags=forbidden)
