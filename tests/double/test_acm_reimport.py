"""Certificate Manager: what a reimport may change, and what it keeps. Moto enforces nothing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
import time_machine
from cryptography.x509.oid import ExtendedKeyUsageOID

from tests.double.builders import create_listener, import_issued, material
from tests.double.refusals import refused
from tests.support.authority import CLIENT_AUTH, SERVER_AUTH, Authority, shared_key

if TYPE_CHECKING:
    from mypy_boto3_acm import ACMClient
    from mypy_boto3_elbv2 import ElasticLoadBalancingv2Client

    from tests.double import EmbeddedAws

pytestmark = pytest.mark.slow

NAME = "www.example.com"
RSA = shared_key("rsa2048", "double")


def test_a_reimport_keeps_arn_tags_created_at_and_users_where_moto_loses_the_tags(
    aws: EmbeddedAws, acm: ACMClient, elbv2: ElasticLoadBalancingv2Client, authority: Authority
) -> None:
    tags: Any = [{"Key": "a", "Value": "1"}]
    arn = import_issued(acm, authority.issue(NAME), Tags=tags)
    create_listener(elbv2, aws.load_balancer("web"), arn)
    before: Any = acm.describe_certificate(CertificateArn=arn)["Certificate"]
    with time_machine.travel(datetime.now(UTC) + timedelta(days=1), tick=False):
        new = authority.issue(NAME, "example.com")
        assert import_issued(acm, new, CertificateArn=arn) == arn
        after: Any = acm.describe_certificate(CertificateArn=arn)["Certificate"]
    assert acm.list_tags_for_certificate(CertificateArn=arn)["Tags"] == tags
    for kept in ("CertificateArn", "CreatedAt", "InUseBy"):
        assert after[kept] == before[kept]
    assert after["ImportedAt"] > before["ImportedAt"]
    assert after["NotAfter"] == new.certificate.not_valid_after_utc
    assert after["SubjectAlternativeNames"] == [NAME, "example.com"]
    assert after["Serial"] != before["Serial"]


def test_a_reimport_replaces_the_chain_too(acm: ACMClient, authority: Authority) -> None:
    arn = import_issued(acm, authority.issue(NAME))
    given = material(authority.issue(NAME))
    del given["CertificateChain"]
    acm.import_certificate(**given, CertificateArn=arn)
    assert "CertificateChain" not in acm.get_certificate(CertificateArn=arn)


def test_an_expired_certificate_is_issued_again_after_a_reimport(
    acm: ACMClient, authority: Authority
) -> None:
    arn = import_issued(acm, authority.issue(NAME, lifetime=timedelta(days=1)))
    with time_machine.travel(datetime.now(UTC) + timedelta(days=2)):
        import_issued(acm, authority.issue(NAME), CertificateArn=arn)
        assert acm.describe_certificate(CertificateArn=arn)["Certificate"]["Status"] == "ISSUED"


def test_a_reimport_with_tags_is_refused(acm: ACMClient, authority: Authority) -> None:
    arn = import_issued(acm, authority.issue(NAME))
    with refused("ValidationException", "Tagging is not permitted on re-import."):
        import_issued(acm, authority.issue(NAME), CertificateArn=arn, Tags=[{"Key": "a"}])


def test_a_reimport_needs_an_existing_arn(acm: ACMClient, authority: Authority) -> None:
    arn = import_issued(acm, authority.issue(NAME))
    acm.delete_certificate(CertificateArn=arn)
    with refused("ResourceNotFoundException"):
        import_issued(acm, authority.issue(NAME), CertificateArn=arn)


def test_only_an_imported_certificate_is_reimported(acm: ACMClient, authority: Authority) -> None:
    arn = acm.request_certificate(DomainName=NAME)["CertificateArn"]
    with refused("ValidationException"):
        import_issued(acm, authority.issue(NAME, key=RSA), CertificateArn=arn)


@pytest.mark.parametrize(("old", "new"), [("p256", "p384"), ("rsa1024", "rsa2048")])
def test_key_type_and_size_are_fixed(
    acm: ACMClient, authority: Authority, old: str, new: str
) -> None:
    arn = import_issued(acm, authority.issue(NAME, key=shared_key(old)))
    with refused("ValidationException", "key type and size"):
        import_issued(acm, authority.issue(NAME, key=shared_key(new)), CertificateArn=arn)


def test_names_may_change_but_not_all_go(acm: ACMClient, authority: Authority) -> None:
    arn = import_issued(acm, authority.issue(NAME, "a.example.com"))
    with refused("ValidationException", "domain names"):
        import_issued(acm, authority.issue("other.example.com"), CertificateArn=arn)
    import_issued(acm, authority.issue(NAME, "b.example.com"), CertificateArn=arn)


BOTH = ("digital_signature", "key_encipherment")


@pytest.mark.parametrize(
    ("key", "before", "after", "taken"),
    [
        ("rsa", ("digital_signature",), BOTH, True),
        ("rsa", BOTH, ("digital_signature",), False),
        ("rsa", BOTH, None, False),
        ("rsa", None, ("digital_signature",), True),
        ("ec", BOTH, ("digital_signature",), True),
        ("ec", BOTH, ("key_encipherment",), False),
    ],
)
def test_key_usages_may_be_added_not_removed_but_key_encipherment_from_ecdsa(
    acm: ACMClient, authority: Authority, key: str, before: Any, after: Any, *, taken: bool
) -> None:
    private = RSA if key == "rsa" else shared_key("p256")
    arn = import_issued(acm, authority.issue(NAME, key=private, usages=before))
    new = authority.issue(NAME, key=private, usages=after)
    if taken:
        import_issued(acm, new, CertificateArn=arn)
        return
    with refused("ValidationException", "Key Usages"):
        import_issued(acm, new, CertificateArn=arn)


SIGNING = ExtendedKeyUsageOID.CODE_SIGNING


@pytest.mark.parametrize(
    ("before", "after", "taken"),
    [
        ((SERVER_AUTH,), (SERVER_AUTH, CLIENT_AUTH), True),
        ((SERVER_AUTH, CLIENT_AUTH), (SERVER_AUTH,), True),
        ((SERVER_AUTH, SIGNING), (SERVER_AUTH,), False),
        ((SERVER_AUTH,), None, False),
        (None, (SERVER_AUTH,), True),
    ],
)
def test_extended_key_usages_may_be_added_not_removed_but_client_auth(
    acm: ACMClient, authority: Authority, before: Any, after: Any, *, taken: bool
) -> None:
    arn = import_issued(acm, authority.issue(NAME, extended=before))
    new = authority.issue(NAME, extended=after)
    if taken:
        import_issued(acm, new, CertificateArn=arn)
        return
    message = (
        "New certificate is missing one or more Extended Key Usages supported by the currently "
        "imported certificate"
    )
    with refused("ValidationException", message):
        import_issued(acm, new, CertificateArn=arn)
