"""How the adapters are made: one client per service and Region, when it is first used."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import boto3
import pytest
from botocore.retries.adaptive import ClientRateLimiter

from certrotation import composition, roots
from certrotation.aws import clients
from certrotation.aws.dependents.registry import NAMES
from certrotation.aws.import_beat import BEAT, MOST_TRIES
from certrotation.core.estate.dependent_kinds import ALB_LISTENER, DISTRIBUTION
from certrotation.core.estate.expiry_windows import WindowPolicy
from certrotation.core.rotation.planning import RotationPolicy
from certrotation.core.scan.assessment import ScanPolicy
from certrotation.errors import SettingsError, Throttled
from certrotation.issuing_composition import compose_issuing
from certrotation.settings import Settings
from infra.packaging.sdk import SERVICES as IN_THE_ASSET
from tests.aws.samples import material_of, raising
from tests.double import Fault

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.double import EmbeddedAws
    from tests.support.authorities import Authorities

URL = "https://sqs.eu-west-1.amazonaws.com/123456789012/rotation"
SERVICES = ("acm", "cloudfront", "elbv2", "resourcegroupstaggingapi", "secretsmanager", "sqs")


def settings(*, targets: str = "eu-west-1,us-east-1", **more: str) -> Settings:
    return Settings.from_env(
        {
            "AWS_REGION": "eu-west-1",
            "CERTROTATION_TARGET_REGIONS": targets,
            "CERTROTATION_QUEUE_URL": URL,
            **more,
        }
    )


@pytest.fixture
def made(aws: EmbeddedAws) -> Iterator[list[tuple[str, str]]]:
    """The clients that are made, by service and Region, in an account of this test's own."""
    del aws
    clients: list[tuple[str, str]] = []
    make = boto3.Session.client

    def noting(session: boto3.Session, service: str, *, region_name: str, config: object) -> object:
        clients.append((service, region_name))
        return make(session, service, region_name=region_name, config=config)  # type: ignore[call-overload]  # any service

    with (
        patch.dict(os.environ, {"AWS_EXECUTION_ENV": "made"}),
        patch.object(boto3.Session, "client", noting),
    ):
        composition._kept.cache_clear()
        yield clients


def test_a_scan_makes_no_clients_of_dependents(made: list[tuple[str, str]]) -> None:
    account = composition.composed(settings()).account
    assert made == []
    account.secrets.list_managed()
    for region in account.regions.values():
        region.certificates.list_imported()
        region.tag_index.all()
    assert sorted(made) == [
        ("acm", "eu-west-1"),
        ("acm", "us-east-1"),
        ("resourcegroupstaggingapi", "eu-west-1"),
        ("resourcegroupstaggingapi", "us-east-1"),
        ("secretsmanager", "eu-west-1"),
    ]


def test_the_asset_has_the_data_of_every_service_that_a_client_is_made_for(
    made: list[tuple[str, str]],
) -> None:
    everything = settings(
        CERTROTATION_DEPENDENTS=",".join(NAMES),
        CERTROTATION_WARNING_TOPIC_ARN="arn:aws:sns:eu-west-1:123456789012:warning",
        CERTROTATION_ARN_PARAMETERS="on",
        CERTROTATION_EVENTS="on",
        CERTROTATION_ISSUERS=json.dumps(
            {
                "ca": {
                    "kind": "acme",
                    "directory": "https://ca.example/",
                    "allow": {"a": ["b.example"]},
                },
                "inside": {
                    "kind": "pca",
                    "arn": "arn:aws:acm-pca:eu-west-1:123456789012:certificate-authority/"
                    "11111111-2222-3333-4444-555555555555",
                    "allow": {"a": ["b.example"]},
                },
            }
        ),
    )

    with patch.object(clients, "OnFirstUse", lambda make: make()):
        issuing = compose_issuing(everything, boto3.Session(), function_arn=None, stack="stack")
        issuing.issuer("ca")
        issuing.issuer("inside")
        composition.providing(
            everything,
            {
                "CERTROTATION_ROTATION_LOG_GROUP": "rotate",
                "CERTROTATION_WAITING_REQUESTS_URL": "https://sqs.eu-west-1.amazonaws.com/1/waiting",
            },
            boto3.Session(),
        )
        account = composition.compose(everything, boto3.Session()).account
        assert all(list(region.dependents) for region in account.regions.values())

    # STS is asked only for an issuer with a role, Systems Manager in the Region of a parameter.
    assert {*(service for service, _ in made), "ssm", "sts"} == IN_THE_ASSET


def test_threads_share_one_client(made: list[tuple[str, str]]) -> None:
    certificates = composition.composed(settings()).account.regions["eu-west-1"].certificates
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: certificates.list_imported(), range(16)))
    assert made == [("acm", "eu-west-1")]


def test_an_import_makes_a_client_of_its_own(
    made: list[tuple[str, str]], authorities: Authorities
) -> None:
    certificates = composition.composed(settings()).account.regions["eu-west-1"].certificates
    certificates.list_imported()
    assert made == [("acm", "eu-west-1")]
    for name in ("a.example.com", "b.example.com"):
        certificates.import_new(material_of(authorities.public.issue(name)), {})
    assert made == [("acm", "eu-west-1")] * 2


def test_a_throttled_import_slows_no_other_request(
    aws: EmbeddedAws, made: list[tuple[str, str]], authorities: Authorities
) -> None:
    del made
    material = material_of(authorities.public.issue("www.example.com"))
    certificates = composition.composed(settings()).account.regions["eu-west-1"].certificates
    paced: list[tuple[str, bool]] = []

    def note(limiter: Any, *, event_name: str, **_: object) -> None:
        paced.append((event_name.rpartition(".")[2], limiter._enabled))

    with (
        patch.object(ClientRateLimiter, "on_sending_request", note),
        patch("botocore.endpoint.time.sleep"),
    ):
        aws.behaviour.fault = throttling_imports(1)
        arn = certificates.import_new(material, {})
        certificates.presented(arn)
        certificates.add_tags(arn, {"team": "shop"})
    assert paced == [("GetCertificate", False), ("AddTagsToCertificate", False)]


def test_throttled_imports_are_retried_at_a_beat_and_given_up_after_a_minute(
    aws: EmbeddedAws, made: list[tuple[str, str]], authorities: Authorities
) -> None:
    del made
    material = material_of(authorities.public.issue("www.example.com"))
    certificates = composition.composed(settings()).account.regions["eu-west-1"].certificates
    waits: list[float] = []
    with (
        patch("botocore.endpoint.time.sleep", waits.append),
        patch("certrotation.aws.import_beat.time.time", lambda: 1000 * BEAT + 0.25),
        raising(Throttled, "ImportCertificate"),
    ):
        aws.behaviour.fault = throttling_imports(1_000)
        certificates.import_new(material, {})
    assert waits == [pytest.approx(BEAT - 0.25)] * (MOST_TRIES - 1)
    assert 55 <= MOST_TRIES * BEAT <= 65


def test_an_import_without_an_answer_is_retried_by_botocore(
    aws: EmbeddedAws, made: list[tuple[str, str]], authorities: Authorities
) -> None:
    del made
    material = material_of(authorities.public.issue("www.example.com"))
    certificates = composition.composed(settings()).account.regions["eu-west-1"].certificates
    remaining = iter(range(3))
    aws.behaviour.fault = lambda _, operation, __: (
        Fault(code="InternalFailure", status=500)
        if operation == "ImportCertificate" and next(remaining, None) is not None
        else None
    )
    with patch("botocore.endpoint.time.sleep") as slept:
        certificates.import_new(material, {})
    assert slept.call_count == 3


def throttling_imports(times: int) -> Callable[[str, str, str], Fault | None]:
    """Throttle the first imports, so many of them."""
    remaining = iter(range(times))

    def fault(_: str, operation: str, __: str) -> Fault | None:
        if operation != "ImportCertificate" or next(remaining, None) is None:
            return None
        return Fault(code="ThrottlingException", status=400)

    return fault


def test_warm_invocations_get_the_same_composition(made: list[tuple[str, str]]) -> None:
    del made
    assert composition.composed(settings()) is composition.composed(settings())


def test_another_environment_gets_another_composition(made: list[tuple[str, str]]) -> None:
    del made
    first = composition.composed(settings())
    with patch.dict(os.environ, {"AWS_ENDPOINT_URL": "http://127.0.0.1:1"}):
        assert composition.composed(settings()) is not first


def test_a_command_line_composes_with_a_session_of_its_own(aws: EmbeddedAws) -> None:
    del aws
    session = boto3.Session(aws_access_key_id="AKIAIOSFODNN7PROFILE", aws_secret_access_key="none")
    secrets: Any = composition.compose(settings(), session).account.secrets

    credentials = secrets._client._request_signer._credentials

    assert credentials.access_key == "AKIAIOSFODNN7PROFILE"


def test_the_policies_are_those_that_the_settings_ask_for(made: list[tuple[str, str]]) -> None:
    given = settings(
        CERTROTATION_MODE="report",
        CERTROTATION_SECRET_PREFIX="tls/",
        CERTROTATION_ADOPTION="off",
        CERTROTATION_SCAN_INTERVAL_MINUTES="15",
        CERTROTATION_RETENTION_DAYS="7",
        CERTROTATION_YEARLY_IMPORT_QUOTA="9",
        CERTROTATION_WARNING_CAP_DAYS="50",
    )
    parts = composition.composed(given)

    assert parts.scan_policy == ScanPolicy(
        prefix="tls/",
        targets=("eu-west-1", "us-east-1"),
        windows=WindowPolicy(warning_cap=timedelta(days=50)),
        interval=timedelta(minutes=15),
        retention=timedelta(days=7),
        applies=False,
        yearly_import_quota=9,
    )
    assert parts.rotation_policy == RotationPolicy(
        prefix="tls/",
        targets=("eu-west-1", "us-east-1"),
        windows=WindowPolicy(warning_cap=timedelta(days=50)),
        roots=roots.public_roots(None),
        adopts=False,
        applies=False,
    )
    assert composition.composed(settings()).scan_policy.applies
    assert made == []


def test_regions_keep_their_order_the_canary_first() -> None:
    account = composition.composed(settings(targets="us-east-1,ap-south-1,eu-west-1")).account
    assert list(account.regions) == ["us-east-1", "ap-south-1", "eu-west-1"]
    assert [region.name for region in account.regions.values()] == list(account.regions)


@pytest.mark.parametrize(
    ("home", "edge"),
    [("eu-west-1", "us-east-1"), ("us-gov-west-1", None), ("cn-north-1", None)],
)
def test_cloudfronts_region_follows_the_partition(home: str, edge: str | None) -> None:
    assert composition.edge_region(home, boto3.Session()) == edge


def test_a_home_region_that_is_none_is_a_settings_error() -> None:
    with raising(SettingsError, "AWS_REGION", "atlantis-north-1"):
        composition.edge_region("atlantis-north-1", boto3.Session())


def test_distributions_may_present_certificates_of_the_edge_region_alone() -> None:
    regions = composition.composed(settings()).account.regions
    assert {name: DISTRIBUTION in region.kinds for name, region in regions.items()} == {
        "eu-west-1": False,
        "us-east-1": True,
    }
    assert all(ALB_LISTENER in region.kinds for region in regions.values())


def test_requests_are_retried_adaptively_and_time_out() -> None:
    config: Any = clients.CONFIG
    assert config.retries == {"mode": "adaptive", "total_max_attempts": 8}
    assert (config.connect_timeout, config.read_timeout) == (5, 20)


@pytest.mark.slow
def test_without_sources_nothing_of_references_is_imported() -> None:
    """A cold start that needs none pays for none."""
    script = (
        "import sys\n"
        "from certrotation.handlers import rotate, scan\n"
        "from certrotation import composition\n"
        "from certrotation.settings import Settings\n"
        "made = composition.composed(Settings.from_env({'AWS_REGION': 'eu-west-1',"
        f" 'CERTROTATION_TARGET_REGIONS': 'eu-west-1', 'CERTROTATION_QUEUE_URL': '{URL}'}}))\n"
        "print(type(made.account.secrets).__name__, made.account.references)\n"
        "print([each for each in sys.modules if 'source' in each and 'certrotation' in each])\n"
        "print('certrotation.workflows.references' in sys.modules)"
    )

    finished = subprocess.run(  # noqa: S603  no shell; every word is ours
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )

    assert finished.stdout.splitlines() == ["ManagedSecrets None", "[]", "False"]


def test_with_sources_the_secrets_know_references_and_ask_each_in_its_region_briefly(
    aws: EmbeddedAws,
) -> None:
    del aws
    pattern = "arn:aws:secretsmanager:ap-south-1:111122223333:secret:shared/*"
    account = composition.compose(
        settings(CERTROTATION_SOURCE_SECRETS=pattern), boto3.Session()
    ).account

    secrets: Any = account.secrets
    meta = secrets.sources._client(pattern).meta
    assert account.references is not None
    assert meta.region_name == "ap-south-1"
    assert meta.config.retries == {"mode": "standard", "total_max_attempts": 2}
    assert (meta.config.connect_timeout, meta.config.read_timeout) == (3, 5)
