"""AWS Private CA: validity, families, templates, states, modes, tokens, waiting, chains, shares."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import boto3
import pytest
import time_machine
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from tests.double.refusals import refused
from tests.double.world import Share
from tests.support.authority import Authority, now, shared_key

if TYPE_CHECKING:
    from tests.double import EmbeddedAws
    from tests.double.world import PrivateCa

pytestmark = pytest.mark.slow

SERVER = "arn:aws:acm-pca:::template/EndEntityServerAuthCertificate/V1"


@pytest.fixture
def pca(aws: EmbeddedAws) -> Any:
    del aws
    return boto3.client("acm-pca")


@pytest.fixture
def ca(aws: EmbeddedAws, authority: Authority) -> PrivateCa:
    return aws.private_ca(authority)


def csr(*names: str, subject: str = "") -> bytes:
    named = [x509.NameAttribute(NameOID.COMMON_NAME, subject)] if subject else []
    extensions: list[x509.Extension[x509.ExtensionType]] = []
    if names:
        value = x509.SubjectAlternativeName([x509.DNSName(each) for each in names])
        extensions.append(x509.Extension(value.oid, critical=False, value=value))
        must_staple = x509.TLSFeature([x509.TLSFeatureType.status_request])
        extensions.append(x509.Extension(must_staple.oid, critical=False, value=must_staple))
    builder = x509.CertificateSigningRequestBuilder(x509.Name(named), extensions)
    return builder.sign(shared_key("p256"), hashes.SHA256()).public_bytes(Encoding.PEM)


REQUEST = csr("www.example.com", subject="www.example.com")


def issue(pca: Any, ca: PrivateCa, kind: str = "DAYS", value: int = 30, **more: Any) -> str:
    request = {
        "CertificateAuthorityArn": ca.arn,
        "Csr": REQUEST,
        "SigningAlgorithm": "SHA256WITHECDSA",
        "Validity": {"Type": kind, "Value": value},
        **more,
    }
    return str(pca.issue_certificate(**request)["CertificateArn"])


def issued(pca: Any, ca: PrivateCa, *validity: Any, **more: Any) -> x509.Certificate:
    return ca.certificates[issue(pca, ca, *validity, **more)]


@pytest.mark.parametrize(
    ("kind", "value", "end"),
    [
        ("DAYS", 30, "2026-03-02 12:00:00"),
        ("MONTHS", 11, "2026-12-31 12:00:00"),
        ("YEARS", 1, "2027-01-31 12:00:00"),
        ("ABSOLUTE", 1_775_000_000, "2026-03-31 23:33:20"),
        ("END_DATE", 260401000000, "2026-04-01 00:00:00"),
        ("END_DATE", 20260401000000, "2026-04-01 00:00:00"),
    ],
)
def test_every_kind_of_validity_counts_from_the_issuance_and_begins_an_hour_before(
    pca: Any, aws: EmbeddedAws, kind: str, value: int, end: str
) -> None:
    with time_machine.travel(datetime(2026, 1, 31, 12, tzinfo=UTC), tick=False):
        found = issued(pca, aws.private_ca(Authority.root().intermediate()), kind, value)
    assert f"{found.not_valid_after_utc:%Y-%m-%d %H:%M:%S}" == end
    assert f"{found.not_valid_before_utc:%Y-%m-%d %H:%M:%S}" == "2026-01-31 11:00:00"


def test_the_beginning_may_be_given_as_a_moment_only(pca: Any, ca: PrivateCa) -> None:
    begin = {"Type": "ABSOLUTE", "Value": int(now().timestamp())}
    assert issued(pca, ca, ValidityNotBefore=begin).not_valid_before_utc >= now() - timedelta(
        seconds=5
    )
    with refused("InvalidArgsException", "ABSOLUTE"):
        issue(pca, ca, ValidityNotBefore={"Type": "DAYS", "Value": 1})


def test_no_certificate_ends_after_its_ca_or_before_now(pca: Any, ca: PrivateCa) -> None:
    end = int(ca.authority.certificate.not_valid_after_utc.timestamp())
    assert issued(pca, ca, "ABSOLUTE", end)
    for kind, value in (("ABSOLUTE", end + 1), ("YEARS", 50)):
        with refused("ValidationException", "exceeds the certificate authority validity"):
            issue(pca, ca, kind, value)
    with refused("ValidationException", "in the future"):
        issue(pca, ca, "ABSOLUTE", 1)


@pytest.mark.parametrize(
    ("key", "right", "wrong"),
    [
        ("rsa2048", "SHA256WITHRSA", "SHA256WITHECDSA"),
        ("rsa2048", "SHA512WITHRSA_PSS", "SHA384WITHECDSA"),
        ("p384", "SHA384WITHECDSA", "SHA256WITHRSA"),
        ("p256", "SHA256WITHECDSA", "ML_DSA_44"),
    ],
)
def test_the_algorithm_is_of_the_family_of_the_cas_key(
    pca: Any, aws: EmbeddedAws, key: str, right: str, wrong: str
) -> None:
    ca = aws.private_ca(Authority.root(key=shared_key(key)))
    found = issued(pca, ca, SigningAlgorithm=right)
    found.verify_directly_issued_by(ca.authority.certificate)
    assert isinstance(found.signature_hash_algorithm, hashes.HashAlgorithm)
    assert found.signature_hash_algorithm.name == f"sha{right[3:6]}"
    with refused("InvalidArgsException", "does not match the key algorithm"):
        issue(pca, ca, SigningAlgorithm=wrong)
    names = {"rsa2048": "RSA_2048", "p384": "EC_secp384r1", "p256": "EC_prime256v1"}
    described = pca.describe_certificate_authority(CertificateAuthorityArn=ca.arn)
    configuration = described["CertificateAuthority"]["CertificateAuthorityConfiguration"]
    assert configuration["KeyAlgorithm"] == names[key]


SERVER_AUTH, CLIENT_AUTH = ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH


@pytest.mark.parametrize(
    ("template", "usages", "passes_csr"),
    [
        ("EndEntityCertificate", {SERVER_AUTH, CLIENT_AUTH}, False),
        ("EndEntityServerAuthCertificate", {SERVER_AUTH}, False),
        ("EndEntityServerAuthCertificate_CSRPassthrough", {SERVER_AUTH}, True),
        ("EndEntityServerAuthCertificate_APIPassthrough", {SERVER_AUTH}, False),
        ("EndEntityClientAuthCertificate", {CLIENT_AUTH}, False),
        ("BlankEndEntityCertificate_APICSRPassthrough", set(), True),
    ],
)
def test_a_template_decides_the_usages_and_what_is_passed_through(
    pca: Any, ca: PrivateCa, template: str, usages: set[Any], passes_csr: object
) -> None:
    arn = f"arn:aws:acm-pca:::template/{template}/V1"
    extensions = issued(pca, ca, TemplateArn=arn).extensions
    kinds = {type(each.value) for each in extensions}
    found = [each.value for each in extensions if isinstance(each.value, x509.ExtendedKeyUsage)]
    assert {usage for each in found for usage in each} == usages
    assert (x509.KeyUsage in kinds) is bool(usages)
    assert (x509.TLSFeature in kinds) is passes_csr
    assert {x509.SubjectAlternativeName, x509.AuthorityKeyIdentifier} < kinds


def test_without_a_template_it_is_that_of_end_entities(pca: Any, ca: PrivateCa) -> None:
    usages = issued(pca, ca).extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert set(usages) == {SERVER_AUTH, CLIENT_AUTH}
    with refused("InvalidArgsException", "is not known"):
        issue(pca, ca, TemplateArn="arn:aws:acm-pca:::template/Garbage/V1")


def test_subject_and_names_are_those_of_the_request(pca: Any, ca: PrivateCa) -> None:
    found = issued(pca, ca, TemplateArn=SERVER)
    assert [each.value for each in found.subject] == ["www.example.com"]
    names = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["www.example.com"]


@pytest.mark.parametrize(
    "request_", [b"garbage", csr(), REQUEST.replace(b"M", b"N", 1), REQUEST[:200]]
)
def test_a_request_that_cannot_be_verified_is_malformed(
    pca: Any, ca: PrivateCa, request_: bytes
) -> None:
    with refused("MalformedCSRException"):
        issue(pca, ca, Csr=request_)


@pytest.mark.parametrize(
    "status", ["CREATING", "PENDING_CERTIFICATE", "DISABLED", "EXPIRED", "FAILED", "DELETED"]
)
def test_a_ca_that_is_not_active_issues_nothing(pca: Any, ca: PrivateCa, status: str) -> None:
    ca.status = status
    with refused("InvalidStateException", status):
        issue(pca, ca)
    assert ca.certificates == {}


def test_a_ca_of_short_lived_certificates_has_a_limit_of_seven_days(
    pca: Any, aws: EmbeddedAws, authority: Authority
) -> None:
    ca = aws.private_ca(authority, usage_mode="SHORT_LIVED_CERTIFICATE")
    assert issued(pca, ca, "DAYS", 7)
    with refused("ValidationException", "seven days"):
        issue(pca, ca, "DAYS", 8)
    described = pca.describe_certificate_authority(CertificateAuthorityArn=ca.arn)
    assert described["CertificateAuthority"]["UsageMode"] == "SHORT_LIVED_CERTIFICATE"


def test_a_token_counts_for_five_minutes(pca: Any, ca: PrivateCa) -> None:
    first = issue(pca, ca, IdempotencyToken="one")
    assert issue(pca, ca, IdempotencyToken="one") == first
    assert issue(pca, ca, IdempotencyToken="two") != first
    assert issue(pca, ca) != issue(pca, ca)
    with time_machine.travel(now() + timedelta(minutes=6), tick=False):
        assert issue(pca, ca, IdempotencyToken="one") != first


def test_a_certificate_is_ready_at_the_third_question_and_comes_with_its_chain(
    pca: Any, ca: PrivateCa
) -> None:
    wanted = {"CertificateAuthorityArn": ca.arn, "CertificateArn": issue(pca, ca)}
    for _ in range(2):
        with refused("RequestInProgressException"):
            pca.get_certificate(**wanted)
    answer = pca.get_certificate(**wanted)
    (leaf,) = x509.load_pem_x509_certificates(answer["Certificate"].encode())
    above = x509.load_pem_x509_certificates(answer["CertificateChain"].encode())
    assert leaf == ca.certificates[wanted["CertificateArn"]]
    assert above == [ca.authority.certificate, *ca.authority.chain]
    assert above[-1].issuer == above[-1].subject


def test_the_waiter_of_botocore_waits_for_it(pca: Any, ca: PrivateCa) -> None:
    wanted = {"CertificateAuthorityArn": ca.arn, "CertificateArn": issue(pca, ca)}
    fast = {"Delay": 0, "MaxAttempts": 3}
    pca.get_waiter("certificate_issued").wait(**wanted, WaiterConfig=fast)
    assert pca.get_certificate(**wanted)["Certificate"]


def test_unknown_cas_and_certificates_are_not_found(
    pca: Any, ca: PrivateCa, aws: EmbeddedAws
) -> None:
    elsewhere = aws.private_ca(ca.authority, region="eu-west-1")
    for arn in (f"{ca.arn[:-1]}x", elsewhere.arn):
        with refused("ResourceNotFoundException"):
            pca.describe_certificate_authority(CertificateAuthorityArn=arn)
    with refused("ResourceNotFoundException"):
        pca.get_certificate(
            CertificateAuthorityArn=ca.arn, CertificateArn=f"{ca.arn}/certificate/1"
        )
    with refused("InvalidArnException"):
        pca.describe_certificate_authority(CertificateAuthorityArn="arn:aws:acm-pca:x")


def test_a_shared_ca_allows_the_actions_and_templates_of_the_share(
    pca: Any, aws: EmbeddedAws, authority: Authority
) -> None:
    actions = frozenset({"IssueCertificate", "GetCertificate"})
    share = Share(actions=actions, templates=("EndEntityCertificate/V1",))
    ca = aws.private_ca(authority, share=share)
    assert issue(pca, ca)
    with refused("AccessDeniedException", "no resource-based policy allows the acm-pca:Issue"):
        issue(pca, ca, TemplateArn=SERVER)
    with refused("AccessDeniedException", "acm-pca:DescribeCertificateAuthority"):
        pca.describe_certificate_authority(CertificateAuthorityArn=ca.arn)


def test_a_ca_has_a_quota(pca: Any, ca: PrivateCa) -> None:
    ca.quota = 1
    issue(pca, ca)
    pca.meta.events.register("needs-retry.acm-pca.IssueCertificate", lambda **_: False, "no")
    with refused("LimitExceededException", "quota"):
        issue(pca, ca)
