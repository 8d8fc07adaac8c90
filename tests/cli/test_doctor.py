"""`certrotation doctor`: what is wrong, and what to do; one line says why for each."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from certrotation import __version__
from certrotation.cli.diagnosis import account_checks
from certrotation.cli.diagnosis.results import Health
from certrotation.cli.exit_codes import ExitCode
from certrotation.names.environment import SERVICE
from certrotation.names.runbook import _anchor
from tests.cli.running import ROOT, Ran, deploy, run, settings_of
from tests.simulation.estate import HOME, PREFIX, client

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.simulation.estate import Estate
    from tests.support.authorities import Authorities

pytestmark = pytest.mark.slow

STACK = "certrotation"
SOURCES = sorted((ROOT / "lambdas/certrotation/cli/diagnosis").glob("*.py"))


QUEUE = f"arn:aws:sqs:{HOME}:123456789012:on-call"
ASKED_OF_IAM_AND_QUOTAS = {"SimulatePrincipalPolicy", "ListServiceQuotas"}


@pytest.fixture
def healthy(estate: Estate, authorities: Authorities) -> Iterator[Estate]:
    """A deployed service, of which nothing is wrong; IAM and Service Quotas answer nobody."""
    deploy(estate)
    topic = client("sns", HOME).create_topic(Name="critical")["TopicArn"]
    client("sns", HOME).subscribe(TopicArn=topic, Protocol="sqs", Endpoint=QUEUE)
    alarm(topic)
    scanned(hours=0)
    estate.secret("shop", authorities.public.issue("shop.example.com"))
    estate.run()
    for region in estate.regions:
        (arn,) = estate.certificates(region)
        estate.listener("web", region, arn)

    def deny(call: Any) -> None:
        if call.operation in ASKED_OF_IAM_AND_QUOTAS:
            raise estate.aws.error("AccessDenied", call.operation)

    with estate.aws.before(deny):
        yield estate


def alarm(topic: str, *, enabled: bool = True) -> None:
    """An alarm of the stack, as CloudFormation names it."""
    client("cloudwatch", HOME).put_metric_alarm(
        AlarmName=f"{STACK}-AlarmsScanMissing1234",
        AlarmDescription="Scans have stopped. Follow docs/runbook.md.",
        ActionsEnabled=enabled,
        AlarmActions=[topic],
        MetricName="ScanCompleted",
        Namespace="CertRotation",
        Period=3600,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="LessThanThreshold",
        Statistic="Sum",
    )


def topic_arn() -> str:
    return str(client("sns", HOME).list_topics()["Topics"][0]["TopicArn"])


def scanned(*, hours: int) -> None:
    """A scan has completed so many hours ago."""
    client("cloudwatch", HOME).put_metric_data(
        Namespace="CertRotation",
        MetricData=[
            {
                "MetricName": "ScanCompleted",
                "Dimensions": [{"Name": "service", "Value": STACK}],
                "Timestamp": datetime.now(UTC) - timedelta(hours=hours, minutes=5),
                "Value": 1,
            }
        ],
    )


def doctor(*arguments: str, **variables: str) -> Ran:
    return run("doctor", "--json", *arguments, **variables)


def problems_of(ran: Ran, health: str = "wrong") -> dict[str, str]:
    """What was found, by check; the exit code agrees."""
    found = {
        each["check"]: each["found"] for each in ran.document["results"] if each["health"] == health
    }
    if health == "wrong":
        assert ran.code is (ExitCode.FINDING if found else ExitCode.DONE)
    return found


def test_of_a_healthy_service_each_check_is_a_line(healthy: Estate) -> None:
    del healthy
    ran = run("doctor")

    assert ran.code is ExitCode.DONE, ran.out
    checks = {line[8:].split(":")[0] for line in ran.out.splitlines() if line.startswith("ok ")}
    assert checks == {
        "credentials", "clock", "Regions", "permissions", "stack", "mode", "last scan", "alarms",
        "subscriptions", "prefix", "secrets", "left certificates", "rotations", "expiry",
    }  # fmt: skip
    assert ran.out.splitlines()[-1] == "14 ok, 2 unknown."


def test_the_diagnosis_changes_nothing(healthy: Estate) -> None:
    healthy.aws.calls.clear()

    doctor()

    reads = ("Describe", "Get", "List", "Simulate")
    assert [call for call in healthy.aws.calls if not call.operation.startswith(reads)] == []


def test_without_a_stack_the_account_and_the_estate_are_checked(
    estate: Estate, authorities: Authorities
) -> None:
    del authorities

    def deny(call: Any) -> None:
        if call.operation in ASKED_OF_IAM_AND_QUOTAS:
            raise estate.aws.error("AccessDenied", call.operation)

    with estate.aws.before(deny):
        ran = doctor(**settings_of(estate))

    assert problems_of(ran) == {}
    assert "No stack certrotation is deployed in eu-west-1." in problems_of(ran, "warning")["stack"]


def test_a_service_that_has_stopped_and_notifies_nobody_is_wrong(
    estate: Estate, healthy: Estate
) -> None:
    del healthy
    cloudwatch, sns = client("cloudwatch", HOME), client("sns", HOME)
    topic = topic_arn()
    alarm(topic, enabled=False)
    cloudwatch.set_alarm_state(
        AlarmName=f"{STACK}-AlarmsScanMissing1234", StateValue="ALARM", StateReason="no scan"
    )
    for each in sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]:
        sns.unsubscribe(SubscriptionArn=each["SubscriptionArn"])

    def nothing_scanned(_client: object, call: Any, answer: Any) -> None:
        if call.operation == "GetMetricStatistics":
            answer["Datapoints"] = []

    with estate.aws.changing(nothing_scanned):
        ran = doctor()

    found = [
        (each["check"], each["found"])
        for each in ran.document["results"]
        if each["health"] == "wrong"
    ]
    assert ran.code is ExitCode.FINDING
    assert found == [
        ("last scan", "No scan has completed within 3:00:00."),
        ("alarms", f"{STACK}-AlarmsScanMissing1234 is on."),
        ("alarms", f"These alarms notify nobody: {STACK}-AlarmsScanMissing1234."),
        ("subscriptions", f"Nobody is subscribed to {topic}."),
    ]
    assert "Follow docs/runbook.md." in ran.out


def test_a_subscription_that_nobody_confirmed_notifies_nobody(healthy: Estate) -> None:
    def unconfirmed(_client: object, call: Any, answer: Any) -> None:
        if call.operation == "ListSubscriptionsByTopic":
            for each in answer["Subscriptions"]:
                each["SubscriptionArn"] = "PendingConfirmation"

    with healthy.aws.changing(unconfirmed):
        found = problems_of(doctor())

    assert found["subscriptions"].endswith("1 subscriptions are not confirmed.")


def test_a_denial_of_sns_is_a_denial_to_the_person(healthy: Estate) -> None:
    def deny(call: Any) -> None:
        if call.operation == "ListSubscriptionsByTopic":
            raise healthy.aws.error("AuthorizationError", call.operation)

    with healthy.aws.before(deny):
        results = doctor().document["results"]

    (found,) = (each for each in results if "sns:" in each["found"])
    assert found["health"] == "unknown"
    assert found["remedy"].startswith("Allow the action to the credentials that you use;")


def test_another_version_and_report_mode_are_warnings(estate: Estate, healthy: Estate) -> None:
    del healthy
    estate.aws.deploy_stack(
        STACK, HOME, {"RotateFunction": "tls-rotate", "ScanFunction": "tls-scan", "Version": "0.1"}
    )

    ran = doctor(CERTROTATION_MODE="report")

    assert problems_of(ran) == {}
    found = problems_of(ran, "warning")
    assert found["stack"] == f"certrotation has version 0.1, this command {__version__}."
    assert found["mode"] == "The service is in report mode: nothing is renewed."


def test_prefixes_of_two_deployments_must_not_overlap(healthy: Estate) -> None:
    """The other stack has the same functions, and so the same prefix."""
    healthy.aws.deploy_stack(
        "other", HOME, {"RotateFunction": "tls-rotate", "ScanFunction": "tls-scan"}
    )

    ran = doctor("--prefix", "certrotation")

    assert "other (certrotation/)" in problems_of(ran)["prefix"]
    assert "does not end in a slash" in problems_of(ran, "warning")["prefix"]


def test_secrets_that_nothing_uses_and_look_alikes_are_named(
    healthy: Estate, authorities: Authorities
) -> None:
    healthy.secret("idle", authorities.public.issue("idle.example.com"))
    left = healthy.certificate(
        authorities.public.issue("shop.example.com", "www.example.com"), HOME
    )
    healthy.listener("old", HOME, left)

    ran = doctor()

    assert problems_of(ran, "warning")["secrets"] == (
        f"Nothing presents the certificates of {PREFIX}idle."
    )
    assert left in problems_of(ran)["left certificates"]


def test_a_dark_region_and_one_that_is_not_enabled_are_named(healthy: Estate) -> None:
    def dark(call: Any) -> None:
        if call.region == "us-east-1" and call.service == "acm":
            raise healthy.aws.error("ServiceUnavailable", call.operation)

    def disabled(_client: object, call: Any, answer: Any) -> None:
        if call.operation == "DescribeRegions":
            answer["Regions"] = [{"RegionName": HOME}]

    with healthy.aws.before(dark), healthy.aws.changing(disabled):
        ran = doctor()

    found = [each["found"] for each in ran.document["results"] if each["check"] == "Regions"]
    assert found[0] == "Not enabled in this account: us-east-1."
    assert found[1].startswith("us-east-1 cannot be read: UNREACHABLE")
    assert ran.code is ExitCode.FINDING


def test_what_the_caller_may_not_list_is_named(healthy: Estate) -> None:
    def deny(call: Any) -> None:
        if call.operation == "DescribeLoadBalancers":
            raise healthy.aws.error("AccessDenied", call.operation)

    with healthy.aws.before(deny):
        found = problems_of(doctor(), "warning")

    assert found["permissions"] == (
        "Denied to these credentials (by trying the lists):"
        " elasticloadbalancing:DescribeLoadBalancers."
    )


def test_wrong_credentials_are_the_only_finding(estate: Estate) -> None:
    def refuse(call: Any) -> None:
        raise estate.aws.error("InvalidClientTokenId", call.operation)

    with estate.aws.before(refuse):
        ran = doctor()

    assert ran.code is ExitCode.FINDING
    (only,) = ran.document["results"]
    assert only["check"] == "credentials and settings"
    assert "InvalidClientTokenId" in only["found"]


class FakeShell:
    """IAM and Service Quotas, which moto does not know."""

    def __init__(self, **answers: Any) -> None:
        self._answers = answers
        self.asked: list[dict[str, Any]] = []
        self.settings = SimpleNamespace(yearly_import_quota=5_000, secret_prefix=PREFIX)
        self.home_region = HOME
        self.common = SimpleNamespace(stack_name=STACK)

    def client(self, service: str, _region: str = "") -> Any:
        def paginate(**request: Any) -> list[Any]:
            self.asked.append(request)
            return [self._answers[service], {}]

        return SimpleNamespace(
            get_caller_identity=lambda: {"Arn": self._answers["arn"]},
            get_role=lambda **of: {"Role": {"Arn": f"arn:aws:iam::1:role/path/{of['RoleName']}"}},
            get_paginator=lambda _: SimpleNamespace(paginate=paginate),
        )


def test_iam_is_asked_about_the_role_behind_a_session() -> None:
    shell: Any = FakeShell(
        arn="arn:aws:sts::1:assumed-role/reader/me",
        iam={
            "EvaluationResults": [
                {"EvalActionName": "acm:ListCertificates", "EvalDecision": "allowed"},
                {"EvalActionName": "tag:GetResources", "EvalDecision": "implicitDeny"},
                {"EvalActionName": "acm:GetCertificate"},
            ]
        },
    )

    (result,) = account_checks.check_permissions(shell)

    assert {each["PolicySourceArn"] for each in shell.asked} == {"arn:aws:iam::1:role/path/reader"}
    assert [each["ResourceArns"] for each in shell.asked][-1] == [
        f"arn:aws:secretsmanager:{HOME}:1:secret:certrotation/any"
    ]
    assert result.found == "Denied to these credentials (by simulation): tag:GetResources."


def test_what_iam_is_asked_about_is_in_the_policy_of_the_documents() -> None:
    text = (ROOT / "docs" / "cli-read-only-policy.json").read_text(encoding="utf-8")
    asked = {each for actions in account_checks.READS.values() for each in actions}
    of_doctor = {each for each in asked if each.startswith("cloudwatch:")}
    document = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")

    assert all(f'"{each}"' in text for each in asked - of_doctor)
    assert all(f"`{each}`" in document for each in of_doctor)


@pytest.mark.parametrize(
    ("certificates", "yearly", "count", "health"),
    [
        (2_500, 5_000, 10, Health.OK),
        (2_500, 5_000, 2_000, Health.WRONG),
        (2_500, 1_000, 10, Health.WARNING),
        (None, None, 10, Health.OK),
    ],
)
def test_quotas_are_compared_with_their_use(
    certificates: int | None, yearly: int | None, count: int, health: Health
) -> None:
    quotas = {"L-D2CB7DE9": certificates, "L-3808DC70": yearly, "L-OTHER": 1}
    listed = [{"QuotaCode": code, "Value": float(value)} for code, value in quotas.items() if value]
    shell: Any = FakeShell(**{"service-quotas": {"Quotas": listed}})

    (result,) = account_checks.check_quotas(shell, {HOME: count})

    assert result.health is health


@pytest.mark.parametrize(
    ("skew", "health"), [(0, Health.OK), (90, Health.WARNING), (360, Health.WRONG)]
)
def test_a_clock_that_is_wrong_is_found(skew: int, health: Health) -> None:
    now = datetime(2026, 11, 28, 12, tzinfo=UTC)
    date = format_datetime(now + timedelta(seconds=skew), usegmt=True)

    assert account_checks._clock(date, now).health is health
    assert account_checks._clock(None, now).health is Health.UNKNOWN


def test_every_link_leads_to_a_heading_of_the_documents() -> None:
    texts = "".join(path.read_text(encoding="utf-8") for path in SOURCES)
    joined = re.sub(r'"\s*\n\s*"', "", texts)
    links = set(re.findall(r'"(docs/[^"]+)"', joined))
    assert len(links) > 8
    for link in links:
        path, _, anchor = link.partition("#")
        text = (ROOT / path).read_text(encoding="utf-8")
        headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
        assert not anchor or anchor in {_anchor(each) for each in headings}, link


@pytest.fixture
def publishing(estate: Estate, authorities: Authorities) -> Iterator[Estate]:
    """A deployed service that keeps ARN parameters, after its first rotation."""
    estate.environment |= {
        "CERTROTATION_ARN_PARAMETERS": "on",
        "POWERTOOLS_SERVICE_NAME": STACK,
    }
    deploy(estate)
    estate.secret("shop", authorities.public.issue("shop.example.com"))
    estate.run()

    def deny(call: Any) -> None:
        if call.operation in ASKED_OF_IAM_AND_QUOTAS:
            raise estate.aws.error("AccessDenied", call.operation)

    with estate.aws.before(deny):
        yield estate


def on_parameters(ran: Ran) -> list[tuple[str, str]]:
    return [
        (each["health"], each["found"])
        for each in ran.document["results"]
        if each["check"] == "ARN parameters"
    ]


def test_arn_parameters_that_hold_the_arns_of_copies_are_counted(publishing: Estate) -> None:
    del publishing

    assert on_parameters(doctor()) == [("ok", "4 hold the ARN of a copy")]


def test_an_arn_parameter_that_differs_and_one_that_is_left_over_are_named(
    publishing: Estate,
) -> None:
    root, ssm = f"/{STACK}", client("ssm", HOME)
    ssm.delete_parameter(Name=f"{root}/shop/arn")
    for number in range(12):  # more than a page
        ssm.put_parameter(Name=f"{root}/gone-{number:02}/arn", Value="arn:gone", Type="String")
    del publishing

    differing, left = on_parameters(doctor())

    assert differing == (
        "wrong",
        f"These do not hold the ARN of a copy: {root}/shop/arn in {HOME}.",
    )
    assert left[0] == "warning"
    assert left[1].startswith("No secret of this service belongs to /certrotation/")
    assert left[1].endswith(" and 2 more.")
    assert left[1].count(f"arn in {HOME}") == 10


@pytest.mark.parametrize(
    ("regions", "left"),
    [
        ("us-east-1", [f"arn in {HOME}"]),
        (HOME, [f"edge-arn in {HOME}", "arn in us-east-1", "edge-arn in us-east-1"]),
    ],
)
def test_the_arn_parameters_that_a_secret_left_are_named_with_what_comes_first(
    publishing: Estate, regions: str, left: list[str]
) -> None:
    publishing.tag_secret("shop", regions=regions)
    publishing.run()

    kept, stale = on_parameters(doctor())

    assert kept == ("ok", f"{4 - len(left)} hold the ARN of a copy")
    assert stale[0] == "warning"
    found = stale[1].removeprefix("Nobody keeps the ARN in ").partition(":")[0]
    assert sorted(found.split(", ")) == sorted(f"/{STACK}/shop/{each}" for each in left)


def test_where_no_arn_parameters_are_kept_none_are_asked_for(healthy: Estate) -> None:
    healthy.aws.calls.clear()

    assert on_parameters(doctor()) == []
    assert healthy.aws.calls_of("ssm") == []


def test_the_subscriptions_of_another_accounts_topic_are_not_asked(healthy: Estate) -> None:
    del healthy
    alarm(f"arn:aws:sns:{HOME}:999999999999:paging")

    found = {each["check"]: each for each in doctor().document["results"]}

    assert found["subscriptions"]["health"] == "ok"
    assert found["subscriptions"]["found"].endswith("paging is a topic of account 999999999999")


def test_the_last_scan_is_that_of_the_service_whatever_cloudformation_calls_the_stack(
    healthy: Estate,
) -> None:
    """CloudFormation names the stack of a StackSet; metrics have the service's name."""
    deploy(healthy, {SERVICE: STACK}, stack="StackSet-certrotation-1234", functions="set-")

    ran = doctor("--stack", "StackSet-certrotation-1234")

    (found,) = (each for each in ran.document["results"] if each["check"] == "last scan")
    assert found["health"] == "ok"
