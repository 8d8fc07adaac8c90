"""Distributions: finding those that name a certificate, and moving them to another."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from certrotation.aws.dependents.cloudfront.adapter import Distributions
from certrotation.core.estate.dependent_kinds import DISTRIBUTION
from certrotation.core.estate.inventory import Claim, Dependent
from certrotation.errors import AccessDenied, DependentBusy, DependentRefused, NotSeenYet, Throttled
from tests.aws.samples import MISSING, answering, once, raising
from tests.double.builders import custom_origin, distribution_config, import_issued
from tests.simulation.estate import client
from tests.support.authority import shared_key

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.double import Call, EmbeddedAws
    from tests.support.authorities import Authorities

    Import = Callable[..., str]

REGION = "us-east-1"
ACCOUNT = "123456789012"
ALIAS = "www.example.com"


@pytest.fixture
def service(aws: EmbeddedAws) -> Distributions:
    del aws
    return Distributions(client("cloudfront", REGION))


@pytest.fixture
def imported(aws: EmbeddedAws, authorities: Authorities) -> Import:
    del aws
    return lambda key="p256": import_issued(
        client("acm", REGION), authorities.public.issue(ALIAS, key=shared_key(key))
    )


def distribution_of(
    certificate: str | None, *, aliases: tuple[str, ...] = (ALIAS,), **members: Any
) -> str:
    config = distribution_config("one", certificate=certificate, aliases=aliases, **members)
    created = client("cloudfront", REGION).create_distribution(DistributionConfig=config)
    return str(created["Distribution"]["ARN"])


def tag(distribution: str, key: str, value: str) -> None:
    client("cloudfront", REGION).tag_resource(
        Resource=distribution, Tags={"Items": [{"Key": key, "Value": value}]}
    )


def config_of(distribution: str) -> dict[str, Any]:
    got = client("cloudfront", REGION).get_distribution_config(Id=distribution.split("/")[1])
    return dict(got["DistributionConfig"])


def change_comment(distribution: str, comment: str) -> None:
    cloudfront, identifier = client("cloudfront", REGION), distribution.split("/")[1]
    got = cloudfront.get_distribution_config(Id=identifier)
    cloudfront.update_distribution(
        Id=identifier,
        IfMatch=got["ETag"],
        DistributionConfig={**got["DistributionConfig"], "Comment": comment},
    )


def delete(distribution: str) -> None:
    cloudfront, identifier = client("cloudfront", REGION), distribution.split("/")[1]
    got = cloudfront.get_distribution_config(Id=identifier)
    disabled = cloudfront.update_distribution(
        Id=identifier,
        IfMatch=got["ETag"],
        DistributionConfig={**got["DistributionConfig"], "Enabled": False},
    )
    cloudfront.delete_distribution(Id=identifier, IfMatch=disabled["ETag"])


def naming(distribution: str, certificate: str) -> Dependent:
    return Dependent(kind=DISTRIBUTION, arn=distribution, certificate_arn=certificate)


@pytest.mark.parametrize(
    "user",
    [
        "arn:aws:cloudfront::718770453195:distribution/E1",
        f"arn:aws:cloudfront::{ACCOUNT}:distribution-tenant/dt_1",
        f"arn:aws:elasticloadbalancing:{REGION}:{ACCOUNT}:loadbalancer/app/web/1",
    ],
)
def test_a_user_that_is_no_distribution_of_the_certificates_account_is_left_to_others(
    service: Distributions, imported: Import, aws: EmbeddedAws, user: str
) -> None:
    assert service.claim(imported(), [user]) == Claim()
    assert not aws.calls_of("cloudfront")


def test_a_distribution_that_presents_it_insists_on_its_aliases(
    service: Distributions, imported: Import
) -> None:
    old = imported()
    distribution = distribution_of(old, aliases=("WWW.example.com",))
    (found,) = service.claim(old, [distribution]).dependents
    assert found == Dependent(
        kind=DISTRIBUTION,
        arn=distribution,
        certificate_arn=old,
        names=frozenset({"www.example.com"}),
    )
    assert service.still_presents(found)


def test_one_that_presents_another_or_is_gone_is_explained_without_dependents(
    service: Distributions, imported: Import, aws: EmbeddedAws
) -> None:
    gone = f"arn:aws:cloudfront::{ACCOUNT}:distribution/E1"
    users = [gone, distribution_of(imported())]
    assert service.claim(imported(), users) == Claim(explained=frozenset(users))
    assert not aws.calls_of("cloudfront", "ListTagsForResource")


def test_one_that_goes_before_its_tags_are_read_has_no_dependents(
    service: Distributions, imported: Import, aws: EmbeddedAws
) -> None:
    old = imported()
    distribution = distribution_of(old)

    reads = []

    def goes(call: Call) -> None:
        if call.operation == "ListTagsForResource":
            reads.append(call)
            raise aws.error("NoSuchResource", call.operation)
        if reads:
            raise aws.error("NoSuchDistribution", call.operation)

    with aws.before(goes):
        assert service.claim(old, [distribution]).dependents == ()


def test_one_whose_tags_cloudfront_does_not_find_is_not_passed_over(
    service: Distributions, imported: Import, aws: EmbeddedAws
) -> None:
    """It presents the certificate; nobody knows who owns it."""
    old = imported()
    with answering(aws, "ListTagsForResource", "NoSuchResource"):
        (found,) = service.claim(old, [distribution_of(old)]).dependents
    assert found.unmovable == "AWS does not say who owns it: its tags are not found"


def test_what_cloudformation_made_drifts(service: Distributions, imported: Import) -> None:
    old = imported()
    distribution = distribution_of(old)
    tag(distribution, "team", "web")
    tag(distribution, "aws:cloudformation:stack-name", "web-stack")
    (found,) = service.claim(old, [distribution]).dependents
    assert (found.unmovable, found.drifts) == (None, "web-stack")


def test_a_certificate_for_origins_is_unmovable_and_needs_client_auth(
    service: Distributions, imported: Import
) -> None:
    old = imported()
    origin = custom_origin(OriginMtlsConfig={"ClientCertificateArn": old})
    distribution = distribution_of(imported(), Origins={"Quantity": 1, "Items": [origin]})
    (found,) = service.claim(old, [distribution]).dependents
    assert found.needs_client_auth
    assert "origin" in (found.unmovable or "")
    assert service.still_presents(found)


def test_a_distribution_for_tenants_is_unmovable(service: Distributions, imported: Import) -> None:
    old = imported()
    distribution = distribution_of(old, aliases=(), ConnectionMode="tenant-only")
    (found,) = service.claim(old, [distribution]).dependents
    assert "tenants" in (found.unmovable or "")
    assert not found.needs_client_auth


def test_nothing_but_the_certificate_changes(service: Distributions, imported: Import) -> None:
    old, new = imported(), imported()
    viewer = {
        "ACMCertificateArn": old,
        "SSLSupportMethod": "vip",
        "MinimumProtocolVersion": "TLSv1.2_2019",
    }
    distribution = distribution_of(old, Comment="keep me", ViewerCertificate=viewer)
    before = config_of(distribution)
    assert before["ViewerCertificate"]["Certificate"] == old
    service.move(naming(distribution, old), new)
    after = config_of(distribution)
    assert after["ViewerCertificate"]["ACMCertificateArn"] == new
    assert after["ViewerCertificate"]["SSLSupportMethod"] == "vip"
    assert after["ViewerCertificate"]["MinimumProtocolVersion"] == "TLSv1.2_2019"
    assert {**after, "ViewerCertificate": {}} == {**before, "ViewerCertificate": {}}


def test_what_cloudfront_echoes_of_the_former_certificate_is_not_sent_back(
    service: Distributions, imported: Import, aws: EmbeddedAws
) -> None:
    old, new = imported(), imported()
    service.move(naming(distribution_of(old), old), new)
    (call,) = aws.calls_of("cloudfront", "UpdateDistribution")
    assert call.params["DistributionConfig"]["ViewerCertificate"] == {
        "ACMCertificateArn": new,
        "CloudFrontDefaultCertificate": False,
        "SSLSupportMethod": "sni-only",
        "MinimumProtocolVersion": "TLSv1.2_2021",
    }


def test_moving_again_changes_nothing_even_while_it_is_being_deployed(
    service: Distributions, imported: Import, aws: EmbeddedAws
) -> None:
    aws.behaviour.deployments = "when_told"
    old, new = imported(), imported()
    distribution = distribution_of(old)
    aws.finish_deployments()
    service.move(naming(distribution, old), new)
    service.move(naming(distribution, old), new)
    assert len(aws.calls_of("cloudfront", "UpdateDistribution")) == 1


def test_a_distribution_that_somebody_pointed_elsewhere_stays_there(
    service: Distributions, imported: Import
) -> None:
    somebodys = imported()
    distribution = distribution_of(somebodys)
    service.move(naming(distribution, imported()), imported())
    assert config_of(distribution)["ViewerCertificate"]["ACMCertificateArn"] == somebodys


def test_a_distribution_that_is_being_deployed_is_busy(
    service: Distributions, imported: Import, aws: EmbeddedAws
) -> None:
    aws.behaviour.deployments = "when_told"
    old, new = imported(), imported()
    distribution = distribution_of(old)
    with raising(DependentBusy, distribution):
        service.move(naming(distribution, old), new)
    assert not aws.calls_of("cloudfront", "UpdateDistribution")
    aws.finish_deployments()
    service.move(naming(distribution, old), new)
    assert not service.still_presents(naming(distribution, old))


def test_a_change_between_reading_and_writing_is_kept(
    service: Distributions, imported: Import, aws: EmbeddedAws
) -> None:
    old, new = imported(), imported()
    distribution = distribution_of(old)
    with once(aws, "UpdateDistribution", lambda: change_comment(distribution, "theirs")):
        service.move(naming(distribution, old), new)
    config = config_of(distribution)
    assert config["Comment"] == "theirs"
    assert config["ViewerCertificate"]["ACMCertificateArn"] == new


def test_a_distribution_that_keeps_changing_is_busy_after_three_tries(
    service: Distributions, imported: Import, aws: EmbeddedAws
) -> None:
    old = imported()
    distribution = distribution_of(old)
    changing = answering(aws, "UpdateDistribution", "PreconditionFailed")
    with changing, raising(DependentBusy, distribution):
        service.move(naming(distribution, old), imported())
    assert len(aws.calls_of("cloudfront", "UpdateDistribution")) == 3


def test_a_distribution_that_goes_meanwhile_needs_no_move(
    service: Distributions, imported: Import, aws: EmbeddedAws
) -> None:
    old, new = imported(), imported()
    distribution = distribution_of(old)
    with once(aws, "UpdateDistribution", lambda: delete(distribution)):
        service.move(naming(distribution, old), new)
    service.move(naming(distribution, old), new)
    assert not service.still_presents(naming(distribution, old))


def test_a_certificate_that_it_will_not_take_is_refused_in_awss_words(
    service: Distributions, imported: Import, authorities: Authorities
) -> None:
    old = imported()
    private = import_issued(client("acm", REGION), authorities.private.issue(ALIAS))
    distribution = distribution_of(old)
    refused = {
        private: "trusted Certificate Authority",
        imported("p384"): "key algorithm",
    }
    for arn, words in refused.items():
        with raising(DependentRefused, distribution, words):
            service.move(naming(distribution, old), arn)
    with raising(NotSeenYet, distribution, "doesn't exist"):
        service.move(naming(distribution, old), MISSING)
    assert config_of(distribution)["ViewerCertificate"]["ACMCertificateArn"] == old


@pytest.mark.parametrize(
    ("code", "kind"),
    [("Throttling", Throttled), ("AccessDenied", AccessDenied)],
)
def test_a_failed_change_names_the_action_and_the_distribution(
    service: Distributions,
    imported: Import,
    aws: EmbeddedAws,
    code: str,
    kind: type[Any],
) -> None:
    old = imported()
    distribution = distribution_of(old)
    failing = answering(aws, "UpdateDistribution", code)
    with failing, raising(kind, "cloudfront:UpdateDistribution", distribution):
        service.move(naming(distribution, old), imported())


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        ("Only one viewer certificate change may be in progress at a time.", DependentBusy),
        (
            "One or more fields updated are not supported for continuous deployment.",
            DependentRefused,
        ),
        ("The caller reference cannot be changed.", DependentRefused),
        ("", DependentRefused),
    ],
)
def test_an_illegal_update_is_busy_only_while_a_certificate_change_is_in_progress(
    service: Distributions, imported: Import, aws: EmbeddedAws, message: str, kind: type[Any]
) -> None:
    old = imported()
    distribution = distribution_of(old)
    failing = answering(aws, "UpdateDistribution", "IllegalUpdate", message)
    with failing, raising(kind, "cloudfront:UpdateDistribution", distribution, message.rstrip(".")):
        service.move(naming(distribution, old), imported())


@pytest.mark.parametrize(
    ("members", "words"),
    [
        ({"ContinuousDeploymentPolicyId": "policy-1"}, "continuous deployment policy policy-1"),
        ({"Staging": True}, "staging distribution"),
    ],
)
def test_a_distribution_under_continuous_deployment_keeps_its_arn(
    service: Distributions, imported: Import, members: dict[str, Any], words: str
) -> None:
    old = imported()
    (found,) = service.claim(old, [distribution_of(old, **members)]).dependents
    assert found.unmovable
    assert words in found.unmovable


@pytest.mark.parametrize("members", [{"ContinuousDeploymentPolicyId": ""}, {"Staging": False}])
def test_a_distribution_without_continuous_deployment_moves(
    service: Distributions, imported: Import, members: dict[str, Any]
) -> None:
    old = imported()
    (found,) = service.claim(old, [distribution_of(old, **members)]).dependents
    assert found.unmovable is None
