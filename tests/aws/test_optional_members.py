"""Answers that leave out what the API models let them leave out."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from certrotation.aws.acm import AcmCertificates
from certrotation.aws.dependents.cloudfront.adapter import Distributions
from certrotation.aws.dependents.elbv2.adapter import LoadBalancerListeners
from certrotation.aws.secrets import ManagedSecrets
from certrotation.aws.tag_index import ResourceTagIndex
from certrotation.errors import CertificateUnreadable, DependentBusy, NotYet, Unreachable
from tests.aws.samples import answering, material_of, raising
from tests.double.builders import create_listener, distribution_config, import_issued
from tests.simulation.estate import client

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.double import EmbeddedAws
    from tests.support.authorities import Authorities
    from tests.support.authority import Issued

REGION = "us-east-1"
NAME = "certrotation/shop"


@contextmanager
def answered(service: str, operation: str, change: Callable[[Any], object]) -> Iterator[None]:
    """Change each answer to an operation before the caller gets it."""
    events, event = client(service, REGION).meta.events, f"after-call.{service}.{operation}"

    def changed(*, parsed: Any, **_: Any) -> None:
        change(parsed)

    events.register(event, changed)
    try:
        yield
    finally:
        events.unregister(event, changed)


def rows_without(top: str, *members: str) -> Callable[[Any], object]:
    """Return a change that takes members off every row of a list."""
    return lambda answer: [each.pop(name, None) for each in answer[top] for name in members]


def without(*path: str) -> Callable[[Any], object]:
    """Return a change that takes one member off an answer, by its path."""

    def change(answer: Any) -> None:
        for each in path[:-1]:
            answer = answer[each]
        answer.pop(path[-1], None)

    return change


@pytest.fixture
def leaf(aws: EmbeddedAws, authorities: Authorities) -> Issued:
    del aws
    return authorities.public.issue("www.example.com")


@pytest.fixture
def arn(leaf: Issued) -> str:
    return import_issued(client("acm", REGION), leaf)


@pytest.fixture
def certificates(aws: EmbeddedAws) -> AcmCertificates:
    del aws
    return AcmCertificates(client("acm", REGION), client("acm", REGION))


@pytest.fixture
def listeners(aws: EmbeddedAws) -> LoadBalancerListeners:
    del aws
    return LoadBalancerListeners(client("elbv2", REGION))


@pytest.fixture
def balancer(aws: EmbeddedAws, arn: str) -> str:
    made = aws.load_balancer("web")
    create_listener(client("elbv2", REGION), made, arn)
    return made


@pytest.fixture
def distribution(arn: str) -> str:
    config = distribution_config("one", certificate=arn, aliases=("www.example.com",))
    made = client("cloudfront", REGION).create_distribution(DistributionConfig=config)
    return str(made["Distribution"]["ARN"])


def test_a_certificate_without_creation_time_is_as_old_as_its_import(
    certificates: AcmCertificates, arn: str
) -> None:
    def imported_only(answer: Any) -> None:
        detail = answer["Certificate"]
        detail["ImportedAt"] = detail.pop("CreatedAt", None) or detail["ImportedAt"]

    known = certificates.detail(arn).created_at
    with answered("acm", "DescribeCertificate", imported_only):
        assert certificates.detail(arn).created_at == known


@pytest.mark.parametrize(
    ("more", "absent", "may_have_more"),
    [
        (0, [], False),
        (99, [], False),
        (100, [], True),
        (0, ["HasAdditionalSubjectAlternativeNames"], False),
        (99, ["HasAdditionalSubjectAlternativeNames"], True),
        (0, ["SubjectAlternativeNameSummaries"], True),
    ],
)
def test_a_row_that_may_not_show_every_name_says_so(
    certificates: AcmCertificates,
    authorities: Authorities,
    more: int,
    absent: list[str],
    may_have_more: bool,  # noqa: FBT001  a column of the table
) -> None:
    names = [f"n{number}.example.com" for number in range(1 + more)]
    import_issued(client("acm", REGION), authorities.public.issue(*names))

    change = rows_without("CertificateSummaryList", *absent)
    with answered("acm", "ListCertificates", change):
        (found,) = certificates.list_imported()

    assert found.has_further_names is may_have_more


def test_a_certificate_without_any_time_has_no_known_age(
    certificates: AcmCertificates, arn: str
) -> None:
    neither = rows_of_certificate("CreatedAt", "ImportedAt")
    with answered("acm", "DescribeCertificate", neither):
        assert certificates.detail(arn).created_at is None


def rows_of_certificate(*members: str) -> Callable[[Any], object]:
    return lambda answer: [answer["Certificate"].pop(each, None) for each in members]


def test_users_that_acm_does_not_mention_are_unknown(
    certificates: AcmCertificates, arn: str
) -> None:
    assert certificates.detail(arn).in_use_by == ()
    with answered("acm", "DescribeCertificate", rows_of_certificate("InUseBy")):
        assert certificates.detail(arn).in_use_by is None


def test_a_description_of_nothing_is_no_answer(certificates: AcmCertificates, arn: str) -> None:
    with (
        answered("acm", "DescribeCertificate", without("Certificate")),
        raising(Unreachable, arn, "Certificate"),
    ):
        certificates.detail(arn)


def test_a_certificate_that_is_not_in_the_answer_is_unreadable(
    certificates: AcmCertificates, arn: str
) -> None:
    with (
        answered("acm", "GetCertificate", without("Certificate")),
        raising(CertificateUnreadable, arn),
    ):
        certificates.presented(arn)


def test_an_import_without_an_arn_is_looked_for_by_the_next_run(
    certificates: AcmCertificates, leaf: Issued
) -> None:
    with (
        answered("acm", "ImportCertificate", without("CertificateArn")),
        raising(NotYet, "CertificateArn"),
    ):
        certificates.import_new(material_of(leaf), {})


def test_a_listed_certificate_that_does_not_say_more_is_imported_and_in_use(
    certificates: AcmCertificates, leaf: Issued, arn: str
) -> None:
    bare = rows_without("CertificateSummaryList", "Type", "InUse", "NotBefore", "NotAfter")
    with answered("acm", "ListCertificates", bare):
        (found,) = certificates.list_imported()
    assert (found.arn, found.in_use) == (arn, True)
    assert found.not_before == leaf.certificate.not_valid_before_utc
    assert found.not_after == leaf.certificate.not_valid_after_utc


def test_if_nobody_says_when_a_certificate_ends_the_region_is_unreachable(
    certificates: AcmCertificates, aws: EmbeddedAws, arn: str
) -> None:
    with (
        answered("acm", "ListCertificates", rows_without("CertificateSummaryList", "NotAfter")),
        answering(aws, "GetCertificate", "AccessDeniedException"),
        raising(Unreachable, arn, "validity", "AccessDenied"),
    ):
        certificates.list_imported()


def test_a_certificate_that_is_deleted_before_its_dates_are_read_is_not_listed(
    certificates: AcmCertificates, aws: EmbeddedAws, arn: str
) -> None:
    del arn
    with (
        answered("acm", "ListCertificates", rows_without("CertificateSummaryList", "NotAfter")),
        answering(aws, "GetCertificate", "ResourceNotFoundException"),
    ):
        assert certificates.list_imported() == []


@pytest.mark.parametrize(
    "change",
    [rows_without("CertificateSummaryList", "CertificateArn"), without("CertificateSummaryList")],
)
def test_a_list_that_hides_a_certificate_is_no_answer(
    certificates: AcmCertificates, arn: str, change: Callable[[Any], object]
) -> None:
    del arn
    with answered("acm", "ListCertificates", change), raising(Unreachable, "ListCertificates"):
        certificates.list_imported()


@pytest.mark.parametrize(
    "change",
    [rows_without("ResourceTagMappingList", "ResourceARN"), without("ResourceTagMappingList")],
)
def test_an_index_that_hides_a_resource_is_no_answer(
    certificates: AcmCertificates, leaf: Issued, change: Callable[[Any], object]
) -> None:
    tags = [{"Key": "certrotation:secret", "Value": NAME}]
    import_issued(client("acm", REGION), leaf, Tags=tags)
    index = ResourceTagIndex(client("resourcegroupstaggingapi", REGION), certificates.tags)
    with (
        answered("resourcegroupstaggingapi", "GetResources", change),
        raising(Unreachable, "GetResources"),
    ):
        index.all()


def test_tags_that_the_index_leaves_out_are_read_from_acm(
    certificates: AcmCertificates, leaf: Issued
) -> None:
    tags = [{"Key": "certrotation:secret", "Value": NAME}]
    arn = import_issued(client("acm", REGION), leaf, Tags=tags)
    index = ResourceTagIndex(client("resourcegroupstaggingapi", REGION), certificates.tags)
    untagged = rows_without("ResourceTagMappingList", "Tags")
    with answered("resourcegroupstaggingapi", "GetResources", untagged):
        assert index.all() == {arn: {"certrotation:secret": NAME}}
        assert index.copies_of(NAME) == index.all()
        with answered("acm", "ListTagsForCertificate", without("Tags")):
            assert index.all() == {arn: {}}
        client("acm", REGION).delete_certificate(CertificateArn=arn)
        assert index.all() == {}


@pytest.fixture
def secrets(aws: EmbeddedAws) -> ManagedSecrets:
    del aws
    client("secretsmanager", REGION).create_secret(Name=NAME, SecretString="{}")
    return ManagedSecrets(client("secretsmanager", REGION), "certrotation/")


def test_a_secret_is_named_by_its_arn_if_need_be(secrets: ManagedSecrets) -> None:
    with answered("secretsmanager", "ListSecrets", rows_without("SecretList", "Name")):
        (found,) = secrets.list_managed()
    assert found.name == NAME
    with answered("secretsmanager", "DescribeSecret", without("Name")):
        assert secrets.describe(found.arn).name == NAME
    with answered(
        "secretsmanager", "DescribeSecret", lambda got: [got.pop("Name"), got.pop("ARN")]
    ):
        assert secrets.describe(NAME).name == NAME


@pytest.mark.parametrize(
    "change", [rows_without("SecretList", "Name", "ARN"), without("SecretList")]
)
def test_a_list_that_hides_a_secret_is_no_answer(
    secrets: ManagedSecrets, change: Callable[[Any], object]
) -> None:
    with answered("secretsmanager", "ListSecrets", change), raising(Unreachable, "ListSecrets"):
        secrets.list_managed()


def test_a_secret_without_labels_in_the_list_is_described(secrets: ManagedSecrets) -> None:
    client("secretsmanager", REGION).create_secret(Name="certrotation/gone", SecretString="{}")
    described = secrets.describe(NAME)
    unlabelled = rows_without("SecretList", "SecretVersionsToStages")

    def vanish(got: Any) -> None:
        unlabelled(got)
        client("secretsmanager", REGION).delete_secret(SecretId="certrotation/gone")

    with answered("secretsmanager", "ListSecrets", vanish):
        assert secrets.list_managed() == [described]


def test_a_value_of_no_version_is_no_answer(secrets: ManagedSecrets) -> None:
    with (
        answered("secretsmanager", "GetSecretValue", without("VersionId")),
        raising(Unreachable, "VersionId"),
    ):
        secrets.current_value(NAME)


@pytest.mark.parametrize(
    ("operation", "change"),
    [
        ("DescribeListeners", without("Listeners")),
        ("DescribeListeners", rows_without("Listeners", "ListenerArn")),
        ("DescribeListenerCertificates", without("Certificates")),
        ("DescribeListenerCertificates", rows_without("Certificates", "CertificateArn")),
        ("DescribeListenerCertificates", rows_without("Certificates", "IsDefault")),
    ],
)
def test_a_listener_that_does_not_say_what_it_presents_is_busy(
    listeners: LoadBalancerListeners,
    arn: str,
    balancer: str,
    operation: str,
    change: Callable[[Any], object],
) -> None:
    with answered("elbv2", operation, change), raising(DependentBusy, operation):
        listeners.claim(arn, [balancer])


@pytest.mark.parametrize(
    "change", [without("TagDescriptions"), rows_without("TagDescriptions", "ResourceArn")]
)
def test_a_listener_of_an_unknown_owner_stays(
    listeners: LoadBalancerListeners, arn: str, balancer: str, change: Callable[[Any], object]
) -> None:
    with answered("elbv2", "DescribeTags", change):
        (found,) = listeners.claim(arn, [balancer]).dependents
    assert found.unmovable == "AWS does not say who owns it: its tags are not found"


CONFIG = ("Distribution", "DistributionConfig")


@pytest.mark.parametrize(
    "path",
    [
        ("ETag",),
        ("Distribution",),
        (*CONFIG, "ViewerCertificate"),
        (*CONFIG, "ViewerCertificate", "ACMCertificateArn"),
        (*CONFIG, "Aliases", "Items"),
    ],
)
def test_a_distribution_that_does_not_say_what_it_presents_is_busy(
    arn: str, distribution: str, path: tuple[str, ...]
) -> None:
    service = Distributions(client("cloudfront", REGION))
    with (
        answered("cloudfront", "GetDistribution", without(*path)),
        raising(DependentBusy, distribution),
    ):
        service.claim(arn, [distribution])
