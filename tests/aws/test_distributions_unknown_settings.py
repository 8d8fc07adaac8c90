"""Distributions set to what the boto3 at hand does not know: no update may erase it."""

from __future__ import annotations

import copy
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.model import ListShape, ServiceModel, StringShape, StructureShape

from certrotation.aws.dependents.cloudfront import unknown_settings
from certrotation.aws.dependents.cloudfront.adapter import Distributions
from certrotation.errors import DependentRefused
from tests.aws.samples import raising
from tests.double.builders import custom_origin, distribution_config, import_issued
from tests.simulation.estate import client

if TYPE_CHECKING:
    from botocore.model import Shape

    from certrotation.core.estate.inventory import Dependent
    from tests.double import EmbeddedAws
    from tests.support.authorities import Authorities

pytestmark = pytest.mark.slow

REGION = "us-east-1"
ACCOUNT = "123456789012"
ALIAS = "www.example.com"
SHIELDED = {"OriginShield": {"Enabled": True, "OriginShieldRegion": REGION}}
BEFORE_PARSE = "before-parse.cloudfront.GetDistribution"


@pytest.fixture
def cloudfront(aws: EmbeddedAws) -> Any:
    """Return a client of this test's own, for it to be spoilt."""
    del aws
    return boto3.client("cloudfront", region_name=REGION)


@pytest.fixture
def old(aws: EmbeddedAws, authorities: Authorities) -> str:
    del aws
    return import_issued(client("acm", REGION), authorities.public.issue(ALIAS))


@pytest.fixture
def new(aws: EmbeddedAws, authorities: Authorities) -> str:
    del aws
    return import_issued(client("acm", REGION), authorities.public.issue(ALIAS))


def distribution_of(certificate: str, reference: str = "one", **members: Any) -> str:
    config = distribution_config(reference, certificate=certificate, aliases=[], **members)
    created = client("cloudfront", REGION).create_distribution(DistributionConfig=config)
    return str(created["Distribution"]["ARN"])


def config_of(distribution: str) -> dict[str, Any]:
    got = client("cloudfront", REGION).get_distribution_config(Id=distribution.split("/")[1])
    return dict(got["DistributionConfig"])


def dependents(cloudfront: Any, certificate: str, *distributions: str) -> list[Dependent]:
    service = Distributions(cloudfront)
    return list(service.claim(certificate, distributions).dependents)


def forget(cloudfront: Any, shape: str, member: str) -> None:
    """Give a client the model that it had before CloudFront got a feature."""
    described = copy.deepcopy(cloudfront.meta.service_model._service_description)
    del described["shapes"][shape]["members"][member]
    cloudfront.meta._service_model = ServiceModel(described, "cloudfront")


def rewrite(cloudfront: Any, found: str, instead: str) -> None:
    """Let GetDistribution answer with other XML, as a CloudFront of later years would."""

    def change(response_dict: dict[str, Any], **_: Any) -> None:
        assert found.encode() in response_dict["body"]
        response_dict["body"] = response_dict["body"].replace(found.encode(), instead.encode())

    cloudfront.meta.events.register_first(BEFORE_PARSE, change)


def test_a_distribution_with_a_setting_younger_than_boto3_is_unmovable(
    cloudfront: Any, old: str
) -> None:
    forget(cloudfront, "Origin", "OriginShield")
    origins = {"Quantity": 1, "Items": [custom_origin() | SHIELDED]}
    (found,) = dependents(cloudfront, old, distribution_of(old, Origins=origins))
    assert "Origins.Items.Origin.OriginShield" in (found.unmovable or "")
    assert "newer boto3" in (found.unmovable or "")


def test_without_that_setting_the_same_boto3_moves_it(cloudfront: Any, old: str, new: str) -> None:
    forget(cloudfront, "Origin", "OriginShield")
    (found,) = dependents(cloudfront, old, distribution_of(old))
    assert found.unmovable is None
    Distributions(cloudfront).move(found, new)
    assert config_of(found.arn)["ViewerCertificate"]["ACMCertificateArn"] == new


def test_a_setting_that_came_after_the_plan_refuses_the_move_and_stays(
    cloudfront: Any, old: str, new: str, aws: EmbeddedAws
) -> None:
    distribution = distribution_of(old, HttpVersion="http3", IsIPV6Enabled=False)
    (found,) = dependents(cloudfront, old, distribution)
    forget(cloudfront, "DistributionConfig", "HttpVersion")
    forget(cloudfront, "DistributionConfig", "IsIPV6Enabled")
    with raising(DependentRefused, distribution, "HttpVersion", "IsIPV6Enabled"):
        Distributions(cloudfront).move(found, new)
    assert not aws.calls_of("cloudfront", "UpdateDistribution")
    assert config_of(distribution)["HttpVersion"] == "http3"


@pytest.mark.parametrize(
    ("found", "instead", "path"),
    [
        ("<Comment>", "<New>1</New><Comment>", "New"),
        ("<Comment>", '<New xmlns="urn:new"><A>1</A><B/></New><Comment>', "New"),
        ("<Comment></Comment>", "<Comment><New>1</New></Comment>", "Comment.New"),
        ("<HTTPPort>", "<New/><HTTPPort>", "Origins.Items.Origin.CustomOriginConfig.New"),
        ("</Items></Origins>", "<New>1</New></Items></Origins>", "Origins.Items.New"),
        ("</Origins>", "<New>1</New></Origins>", "Origins.New"),
    ],
    ids=["top", "with parts", "in a text", "nested and empty", "in a list", "beside a list"],
)
def test_an_element_is_noticed_wherever_it_is(
    cloudfront: Any, old: str, found: str, instead: str, path: str
) -> None:
    rewrite(cloudfront, found, instead)
    (dependent,) = dependents(cloudfront, old, distribution_of(old))
    assert f" does not know {path} there" in (dependent.unmovable or "")


def test_an_element_that_several_origins_have_is_named_once(cloudfront: Any, old: str) -> None:
    forget(cloudfront, "Origin", "OriginShield")
    origins = [custom_origin() | SHIELDED | {"Id": each} for each in ("origin", "other")]
    distribution = distribution_of(old, Origins={"Quantity": 2, "Items": origins})
    (found,) = dependents(cloudfront, old, distribution)
    assert (found.unmovable or "").count("OriginShield") == 1


def test_what_is_unknown_outside_the_configuration_is_never_sent_and_does_no_harm(
    cloudfront: Any, old: str
) -> None:
    rewrite(cloudfront, "<Status>", "<New>1</New><Status>")
    (found,) = dependents(cloudfront, old, distribution_of(old))
    assert found.unmovable is None


def test_a_certificate_that_an_unknown_setting_alone_names_is_in_use_there(
    cloudfront: Any, old: str, new: str
) -> None:
    rewrite(cloudfront, "<Comment>", f"<New><Arn>{old}</Arn></New><Comment>")
    (found,) = dependents(cloudfront, old, distribution_of(new))
    assert " does not know New there" in (found.unmovable or "")
    assert not found.needs_client_auth
    assert Distributions(cloudfront).still_presents(found)


def test_threads_that_share_a_client_find_each_their_own(cloudfront: Any, old: str) -> None:
    both = Barrier(2, timeout=10)
    forget(cloudfront, "Origin", "OriginShield")
    cloudfront.meta.events.register_last(BEFORE_PARSE, lambda **_: both.wait() and None)
    shielded = {"Quantity": 1, "Items": [custom_origin() | SHIELDED]}
    distributions = [distribution_of(old, "plain"), distribution_of(old, "new", Origins=shielded)]
    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(lambda each: dependents(cloudfront, old, each), distributions))
    assert [each.unmovable is None for (each,) in found] == [True, False]


def test_a_botocore_without_the_event_fails_rather_than_finds_nothing(
    cloudfront: Any, old: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unknown_settings, "_BEFORE_PARSE", "no-such-event")
    distribution = distribution_of(old)
    with pytest.raises(KeyError, match="RawBody"):
        dependents(cloudfront, old, distribution)


def test_every_feature_that_boto3_knows_is_kept(cloudfront: Any, old: str, new: str) -> None:
    shape = cloudfront.meta.service_model.shape_for("DistributionConfig")
    everything = example(shape)
    del everything["CallerReference"], everything["ViewerCertificate"], everything["Aliases"]
    # With either, CloudFront keeps the certificate.
    everything |= {"ContinuousDeploymentPolicyId": "", "Staging": False}
    distribution = distribution_of(old, **everything)
    before = config_of(distribution)
    assert before.keys() == shape.members.keys()
    (found,) = dependents(cloudfront, old, distribution)
    assert found.unmovable is None
    Distributions(cloudfront).move(found, new)
    after = config_of(distribution)
    assert after["ViewerCertificate"]["ACMCertificateArn"] == new
    assert {**after, "ViewerCertificate": {}} == {**before, "ViewerCertificate": {}}


def example(shape: Shape) -> Any:
    """Return a value of the shape with every member that it can have."""
    match shape:
        case StructureShape():
            return {name: example(member) for name, member in shape.members.items()}
        case ListShape():
            return [example(shape.member)] * shape.metadata.get("min", 1)
        case StringShape():
            return (shape.enum or ["text"])[0]
        case _:
            return {"boolean": True, "integer": 1, "long": 1, "float": 0.5}[shape.type_name]
