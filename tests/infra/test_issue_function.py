"""The issue function: what it may do, and that nothing of it is there without issuers."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from certrotation.names.issuers import AcmeIssuer, parse_issuers
from certrotation.settings import Settings
from infra.config import ConfigError, StackConfig
from infra.observability.alarm_texts import ISSUANCE_ALARM_TEXTS, ON_FIRE, SHOWN_IN_FULL
from infra.service.environment import certificate_files, issuers_environment
from tests.double import Call
from tests.handlers.private_issuance import ALLOW, PrivateIssuance
from tests.infra.synthesis import Template, assemble, reviews, synthesize
from tests.simulation.estate import Estate
from tests.support.authorities import Authorities

ISSUE = "certrotation.handlers.issue.handler"
ROTATE = "certrotation.handlers.rotate.handler"
SCAN = "certrotation.handlers.scan.handler"
ROLE = "arn:aws:iam::123456789012:role/dns"
ISSUERS: dict[str, Any] = {
    "letsencrypt": {
        "kind": "acme",
        "directory": "https://acme-v02.api.letsencrypt.org/directory",
        "contact": "certificates@example.com",
        "profile": "tlsserver",
        "zones": ["Z1", "Z2"],
        "allow": {"certrotation/shop*": ["shop.example.com", "*.shop.example.com"]},
    },
    "elsewhere": {
        "kind": "acme",
        "directory": "https://ca.example/directory",
        "zones": ["Z9"],
        "aliases": {"shop.example.org": "_acme-challenge.shop.dns.example"},
        "dns_role": ROLE,
        "allow": {"certrotation/*": ["*.example.org"]},
    },
}
CA = "arn:aws:acm-pca:eu-west-1:123456789012:certificate-authority/11111111-2222-3333-4444-5555"
INSIDE: dict[str, Any] = {
    "kind": "pca",
    "arn": f"{CA}55555555",
    "days": 90,
    "allow": {"certrotation/*": ["*.internal.example.com"]},
}
PRIVATE: dict[str, Any] = {
    "target_regions": ["eu-west-1", "us-east-1"],
    "stack_name": "tls",
    "issuers": {
        "inside": INSIDE,
        "clients": {**INSIDE, "template": "EndEntityCertificate/V1", "days": 7},
        "same": INSIDE,
        "shared": {
            **INSIDE,
            "arn": f"{CA.replace('123456789012', '999999999999')}66666666",
            "template": "EndEntityCertificate/V1",
        },
    },
}
SETTINGS: dict[str, Any] = {
    "target_regions": ["eu-west-1", "us-east-1"],
    "stack_name": "tls",
    "issuers": ISSUERS,
    "secret_key_arns": ["arn:aws:kms:eu-west-1:123456789012:key/11111111-2222-3333"],
}


@pytest.fixture(scope="session")
def issuing(tmp_path_factory: pytest.TempPathFactory) -> Template:
    return synthesize(tmp_path_factory, SETTINGS)


@pytest.fixture(scope="session")
def private(tmp_path_factory: pytest.TempPathFactory) -> Template:
    return synthesize(tmp_path_factory, PRIVATE)


def by_sid(template: Template, handler: str) -> dict[str, dict[str, Any]]:
    return {
        each["Sid"]: each
        for each in template.statements_of(handler)
        if each["Effect"] == "Allow" and "Sid" in each
    }


def actions(template: Template, handler: str) -> set[str]:
    return {
        action
        for each in template.statements_of(handler)
        if each["Effect"] == "Allow"
        for action in each["Action"]
    }


@pytest.mark.infra
def test_without_issuers_nothing_of_it_is_deployed(template: Template) -> None:
    handlers = {each["Handler"] for each in template.of_type("AWS::Lambda::Function").values()}
    assert handlers == {SCAN, ROTATE}
    for word in ("route53", "Issu", "ISSUERS", "secretsmanager.amazonaws.com", "RotateSecret"):
        assert word not in template.text


@pytest.mark.infra
def test_keys_are_used_for_managed_secrets_and_those_of_the_accounts_alone(
    issuing: Template,
) -> None:
    """A person may put both under a customer managed key; the accounts' secrets hold a key too."""
    granted = by_sid(issuing, ISSUE)
    use = granted["UseKeysOfSecrets"]

    assert use["Action"] == ["kms:Decrypt", "kms:GenerateDataKey"]
    assert use["Resource"] == SETTINGS["secret_key_arns"]
    (contexts,) = use["Condition"]["StringLike"].values()
    accounts = granted["KeepAccounts"]["Resource"]
    wanted = [*granted["WriteSecretsWithAnIssuer"]["Resource"], *accounts]
    # The CDK sorts resources, not conditions.
    assert sorted(contexts, key=json.dumps) == sorted(wanted, key=json.dumps)
    assert len(accounts) == 2
    via = use["Condition"]["StringEquals"]["kms:ViaService"]
    assert "secretsmanager." in json.dumps(via)


@pytest.mark.infra
def test_without_keys_the_role_uses_those_of_the_stack_alone(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    settings = {name: value for name, value in SETTINGS.items() if name != "secret_key_arns"}
    template = synthesize(tmp_path_factory, settings)

    assert "UseKeysOfSecrets" not in by_sid(template, ISSUE)
    (stack_key,) = template.of_type("AWS::KMS::Key")
    keys = [
        each["Resource"]
        for each in template.statements_of(ISSUE)
        if "kms:Decrypt" in each["Action"] and each["Effect"] == "Allow"
    ]
    assert keys == [[{"Fn::GetAtt": [stack_key, "Arn"]}]]


@pytest.mark.infra
def test_rotate_cannot_issue_and_issue_cannot_import(issuing: Template) -> None:
    issue, rotate, scan = (actions(issuing, each) for each in (ISSUE, ROTATE, SCAN))
    assert not any(each.startswith("acm:") for each in issue)
    writes = {
        "secretsmanager:PutSecretValue",
        "secretsmanager:UpdateSecretVersionStage",
        "secretsmanager:RotateSecret",
        "route53:ChangeResourceRecordSets",
        "sts:AssumeRole",
    }
    assert writes <= issue
    assert not writes & (rotate | scan)
    assert issue - writes == {
        "kms:Decrypt",
        "kms:GenerateDataKey",
        "lambda:InvokeFunction",
        "logs:CreateLogStream",
        "logs:PutLogEvents",
        "route53:GetChange",
        "route53:GetHostedZone",
        "route53:ListResourceRecordSets",
        "secretsmanager:CancelRotateSecret",
        "secretsmanager:CreateSecret",
        "secretsmanager:DescribeSecret",
        "secretsmanager:GetSecretValue",
        "secretsmanager:ListSecrets",
        "sns:Publish",
        "xray:PutTelemetryRecords",
        "xray:PutTraceSegments",
    }


@pytest.mark.infra
def test_only_txt_records_of_validations_in_the_issuers_own_zones_may_change(
    issuing: Template,
) -> None:
    granted = by_sid(issuing, ISSUE)
    prove = granted["ProveNames"]
    assert prove["Condition"] == {
        "ForAllValues:StringEquals": {
            "route53:ChangeResourceRecordSetsActions": ["CREATE", "DELETE"],
            "route53:ChangeResourceRecordSetsRecordTypes": ["TXT"],
        },
        "ForAllValues:StringLike": {
            "route53:ChangeResourceRecordSetsNormalizedRecordNames": ["_acme-challenge.*"]
        },
    }
    zones = json.dumps(prove["Resource"])
    assert ":route53:::hostedzone/Z1" in zones
    assert ":route53:::hostedzone/Z2" in zones
    assert "Z9" not in zones
    assert granted["UseZonesOfOtherAccounts"]["Resource"] == [ROLE]


@pytest.mark.infra
def test_only_secrets_with_the_tag_are_written_and_rotated_by_this_function_alone(
    issuing: Template,
) -> None:
    granted = by_sid(issuing, ISSUE)
    tagged = {"aws:ResourceTag/certrotation:issuer": "false"}
    assert granted["WriteSecretsWithAnIssuer"]["Condition"] == {"Null": tagged}
    logical_id, properties = issuing.function(ISSUE)
    own = {"Fn::GetAtt": [logical_id, "Arn"]}
    assert granted["BeginRotations"]["Condition"] == {
        "ArnEquals": {"secretsmanager:RotationLambdaARN": own},
        "Null": tagged,
    }
    assert granted["BeInvokedByRotations"]["Resource"] == [own]
    accounts = json.dumps(granted["KeepAccounts"]["Resource"])
    assert "tls-issuers/letsencrypt-*" in accounts
    assert "tls-issuers/elsewhere-*" in accounts
    assert properties["Timeout"] == 600


@pytest.mark.infra
def test_a_private_ca_issues_by_its_template_alone(private: Template) -> None:
    shared = PRIVATE["issuers"]["shared"]["arn"]
    plain, server = (
        f"arn:aws:acm-pca:::template/{each}/V1"
        for each in ("EndEntityCertificate", "EndEntityServerAuthCertificate")
    )
    granted = by_sid(private, ISSUE)
    issuing = {
        sid: (each["Action"], each["Resource"], each["Condition"])
        for sid, each in granted.items()
        if sid.startswith("IssueFromPrivateCa")
    }
    assert issuing == {
        f"IssueFromPrivateCa{number}": (
            ["acm-pca:IssueCertificate"],
            [arn],
            {"StringEquals": {"acm-pca:TemplateArn": template}},
        )
        for number, arn, template in (
            (1, INSIDE["arn"], server),
            (2, INSIDE["arn"], plain),
            (3, shared, plain),
        )
    }
    read = granted["ReadPrivateCas"]
    assert read["Action"] == ["acm-pca:DescribeCertificateAuthority", "acm-pca:GetCertificate"]
    assert read["Resource"] == [INSIDE["arn"], shared]


def is_allowed(call: Call, statements: list[dict[str, Any]]) -> bool:
    """Whether a statement allows a call of AWS Private CA, by action, CA and template."""
    template = {"StringEquals": {"acm-pca:TemplateArn": call.params.get("TemplateArn")}}
    return any(
        f"acm-pca:{call.operation}" in each["Action"]
        and call.params["CertificateAuthorityArn"] in each["Resource"]
        and each.get("Condition", template) == template
        for each in statements
    )


@pytest.mark.infra
def test_the_function_needs_every_action_on_private_cas_and_no_other_one(
    private: Template, estate: Estate, authorities: Authorities
) -> None:
    statements = [
        {**each, "Action": [action], "Resource": [arn]}
        for each in private.statements_of(ISSUE)
        for action in each["Action"]
        if each["Effect"] == "Allow" and action.startswith("acm-pca:")
        for arn in each["Resource"]
    ]
    for name, issuer in PRIVATE["issuers"].items():
        ca = estate.aws.private_ca(authorities.private, arn=issuer["arn"])
        issuance = PrivateIssuance(estate, ca, **{**issuer, "allow": ALLOW})
        issuance.begin(name)
        assert issuance.rotate() == []

    calls = estate.aws.calls_of("acm-pca")
    assert all(is_allowed(each, statements) for each in calls)
    for statement in statements:
        left = [each for each in statements if each is not statement]
        assert not all(is_allowed(each, left) for each in calls), statement
    for call in estate.aws.calls_of("acm-pca", "IssueCertificate"):
        root = {**call.params, "TemplateArn": "arn:aws:acm-pca:::template/RootCACertificate/V1"}
        assert not is_allowed(replace(call, params=root), statements)


@pytest.mark.infra
def test_a_private_ca_brings_no_right_on_zones_and_accounts_and_an_acme_ca_none_on_private_cas(
    private: Template, issuing: Template
) -> None:
    by_private = actions(private, ISSUE)
    assert not any(each.startswith(("route53:", "sts:")) for each in by_private)
    assert "secretsmanager:CreateSecret" not in by_private
    assert "-issuers/" not in private.text
    assert not any(each.startswith("acm-pca:") for each in actions(issuing, ISSUE))
    for handler in (SCAN, ROTATE):
        assert not any(each.startswith("acm-pca:") for each in actions(private, handler))


@pytest.mark.infra
def test_secrets_manager_of_this_account_may_invoke_the_function(issuing: Template) -> None:
    permission = issuing.one("AWS::Lambda::Permission")
    assert permission["Principal"] == "secretsmanager.amazonaws.com"
    assert permission["SourceAccount"] == {"Ref": "AWS::AccountId"}
    assert permission["FunctionName"] == {"Fn::GetAtt": [issuing.function(ISSUE)[0], "Arn"]}


@pytest.mark.infra
def test_the_look_runs_every_hour_and_the_outputs_name_function_and_log(issuing: Template) -> None:
    logical_id = issuing.function(ISSUE)[0]
    (schedule,) = (
        each
        for each in issuing.of_type("AWS::Scheduler::Schedule").values()
        if each["Target"]["Arn"] == {"Fn::GetAtt": [logical_id, "Arn"]}
    )
    assert schedule["ScheduleExpression"] == "rate(1 hour)"
    assert issuing.output("IssueFunction") == {"Ref": logical_id}
    assert issuing.output("IssueLogs")


@pytest.mark.infra
def test_the_three_alarms_exist_and_the_critical_ones_are_in_on_fire(issuing: Template) -> None:
    descriptions = {
        each["AlarmDescription"]: each
        for each in issuing.of_type("AWS::CloudWatch::Alarm").values()
    }
    for text in ISSUANCE_ALARM_TEXTS.values():
        assert len(text.description) <= SHOWN_IN_FULL
        assert text.description in descriptions
        assert descriptions[text.description]["TreatMissingData"] == "ignore"
    composite = issuing.one("AWS::CloudWatch::CompositeAlarm")
    assert composite["AlarmDescription"] == ON_FIRE.description
    rule = json.dumps(composite["AlarmRule"])
    assert "IssuanceStalled" in rule
    assert "IssuanceMissing" in rule
    assert "IssuanceFailing" not in rule


@pytest.mark.infra
@pytest.mark.parametrize("settings", [SETTINGS, PRIVATE], ids=["acme", "pca"])
def test_a_review_by_rules_finds_nothing_unanswered(
    tmp_path_factory: pytest.TempPathFactory, settings: dict[str, Any]
) -> None:
    (report,) = reviews(assemble(tmp_path_factory, settings))
    assert report["conclusion"] == "success"


@pytest.mark.parametrize("given", [SETTINGS, PRIVATE], ids=["acme", "pca"])
def test_the_function_reads_what_the_stack_writes(given: dict[str, Any]) -> None:
    config = StackConfig.from_context({"certrotation": given})
    environment = issuers_environment(config)
    settings = Settings.from_env(
        {
            "AWS_REGION": "eu-west-1",
            "CERTROTATION_TARGET_REGIONS": "eu-west-1",
            "CERTROTATION_QUEUE_URL": "https://queue",
            **environment,
        }
    )
    assert settings.issuers == config.issuers == parse_issuers(given["issuers"])


def test_the_root_of_an_issuers_server_is_in_the_asset(tmp_path: Path) -> None:
    root = tmp_path / "root.pem"
    root.write_text("-----BEGIN CERTIFICATE-----", encoding="ascii")
    issuer = {**ISSUERS["elsewhere"], "ca_file": str(root)}
    config = StackConfig.from_context(
        {"certrotation": {"target_regions": ["eu-west-1"], "issuers": {"inside": issuer}}}
    )
    assert certificate_files(config) == {"issuer-inside.pem": str(root)}
    (found,) = parse_issuers(json.loads(issuers_environment(config)["CERTROTATION_ISSUERS"]))
    assert isinstance(found, AcmeIssuer)
    assert found.ca_file == "/var/task/issuer-inside.pem"


@pytest.mark.parametrize(
    ("issuers", "found"),
    [
        ({}, "must be an object of one or more issuers"),
        ({"a": {**ISSUERS["elsewhere"], "allow": {}}}, "contains a without allow"),
        ({"a": {**ISSUERS["elsewhere"], "ca_file": "no/such/file.pem"}}, "is not a file of PEM"),
        (
            {"a": {**ISSUERS["elsewhere"], "dns_role": "arn:aws-cn:iam::123456789012:role/dns"}},
            "is not in the partition aws",
        ),
        (
            {"a": {**INSIDE, "arn": INSIDE["arn"].replace("arn:aws:", "arn:aws-cn:")}},
            "is not in the partition aws",
        ),
        ({"a": {**INSIDE, "zones": ["Z1"]}}, "with members of the kind acme: zones"),
        ({"a": {**INSIDE, "days": 0}}, "contains a with days 0"),
    ],
)
def test_a_mistake_in_the_setting_is_named(issuers: dict[str, Any], found: str) -> None:
    context = {"certrotation": {"target_regions": ["eu-west-1"], "issuers": issuers}}
    with pytest.raises(ConfigError, match="issuers") as caught:
        StackConfig.from_context(context)
    assert found in str(caught.value)


def test_on_the_command_line_the_setting_is_json() -> None:
    def read(issuers: object) -> StackConfig:
        context = {"certrotation:target_regions": "eu-west-1", "certrotation:issuers": issuers}
        return StackConfig.from_context(context)

    assert read(json.dumps(ISSUERS)).issuers == parse_issuers(ISSUERS)
    with pytest.raises(ConfigError, match=r"issuers must be JSON\."):
        read("{'letsencrypt'")


def test_private_cas_have_no_accounts_that_could_look_like_managed_secrets() -> None:
    settings = {**PRIVATE, "stack_name": "tls", "secret_prefix": "tls"}
    assert StackConfig.from_context({"certrotation": settings}).private_cas


def test_the_accounts_secrets_must_not_look_like_managed_ones() -> None:
    settings = {**SETTINGS, "stack_name": "tls", "secret_prefix": "tls"}
    with pytest.raises(ConfigError, match="would begin with tls-issuers/"):
        StackConfig.from_context({"certrotation": settings})


def test_the_boundary_of_the_documents_allows_what_the_issuer_needs(
    issuing: Template, private: Template, boundary: set[str]
) -> None:
    assert (issuing.allowed_actions() | private.allowed_actions()) - boundary == set()
