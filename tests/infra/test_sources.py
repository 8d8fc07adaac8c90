"""What is deployed for secrets of other accounts, and what their account allows."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from certrotation.names.source_policies import (
    Reader,
    document,
    key_statements,
    secret_statements,
)
from infra.config import ConfigError, StackConfig
from infra.source_policies import policies
from tests.double.other_accounts import allows, is_like
from tests.infra.conftest import SETTINGS
from tests.infra.synthesis import ROOT, Template, synthesize

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

pytestmark = pytest.mark.infra

SCAN = "certrotation.handlers.scan.handler"
ROTATE = "certrotation.handlers.rotate.handler"
BEGIN = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:"
ELSEWHERE = "arn:aws:secretsmanager:us-east-1:444455556666:secret:tls-??????"
TOPIC = "arn:aws:sns:eu-west-1:111122223333:sources"
SOURCES = [f"{BEGIN}shared/*", ELSEWHERE]
WITH_SOURCES = {**SETTINGS, "source_secrets": SOURCES, "source_topic": TOPIC}


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Template:
    return synthesize(tmp_path_factory, WITH_SOURCES)


def statement(template: Template, handler: str, sid: str) -> dict[str, Any]:
    (found,) = (each for each in template.statements_of(handler) if each.get("Sid") == sid)
    return found


def test_scan_may_only_describe_and_rotate_read_what_the_setting_names(template: Template) -> None:
    describes = statement(template, SCAN, "DescribeSources")
    reads = statement(template, ROTATE, "ReadSources")

    assert describes["Action"] == ["secretsmanager:DescribeSecret"]
    assert sorted(reads["Action"]) == [
        "secretsmanager:DescribeSecret",
        "secretsmanager:GetSecretValue",
    ]
    assert describes["Resource"] == reads["Resource"] == SOURCES


def test_rotate_decrypts_only_those_secrets_through_secrets_manager(template: Template) -> None:
    decrypts = statement(template, ROTATE, "DecryptSources")

    assert decrypts["Action"] == ["kms:Decrypt"]
    assert [each["Fn::Join"][1][-1] for each in decrypts["Resource"]] == [
        ":kms:eu-west-1:111122223333:key/*",
        ":kms:us-east-1:444455556666:key/*",
    ]
    assert decrypts["Condition"]["StringLike"] == {"kms:EncryptionContext:SecretARN": SOURCES}
    assert [
        each["Fn::Join"][1][0] for each in decrypts["Condition"]["StringEquals"]["kms:ViaService"]
    ] == ["secretsmanager.eu-west-1.", "secretsmanager.us-east-1."]


def test_the_two_roles_have_the_names_that_the_policies_of_other_accounts_name(
    template: Template,
) -> None:
    names = {
        handler: template.of_type("AWS::IAM::Role")[
            template.function(handler)[1]["Role"]["Fn::GetAtt"][0]
        ]["RoleName"]
        for handler in (SCAN, ROTATE)
    }
    reader = Reader("123456789012", "${Region}", "tls-rotation")

    assert {handler: _filled(name) for handler, name in names.items()} == {
        SCAN: reader.scan_role.partition("role/")[2],
        ROTATE: reader.rotate_role.partition("role/")[2],
    }


def _filled(name: dict[str, Any]) -> str:
    return "".join(each if isinstance(each, str) else "${Region}" for each in name["Fn::Join"][1])


def test_the_rotation_queue_gets_the_notifications_of_the_topic(template: Template) -> None:
    queue = template.one("AWS::Lambda::EventSourceMapping")["EventSourceArn"]
    (subscription,) = (
        each
        for each in template.of_type("AWS::SNS::Subscription").values()
        if each["Protocol"] == "sqs"
    )
    only = {"ArnEquals": {"aws:SourceArn": TOPIC}}

    assert subscription == {
        "Endpoint": queue,
        "Protocol": "sqs",
        "RawMessageDelivery": False,
        "Region": "eu-west-1",
        "TopicArn": TOPIC,
    }
    (sends,) = (
        each
        for policy in template.of_type("AWS::SQS::QueuePolicy").values()
        for each in policy["PolicyDocument"]["Statement"]
        if each.get("Sid") == "SourceTopic"
    )
    assert (sends["Action"], sends["Resource"], sends["Condition"]) == (
        "sqs:SendMessage",
        queue,
        only,
    )
    (uses,) = (
        each
        for each in template.one("AWS::KMS::Key")["KeyPolicy"]["Statement"]
        if each.get("Sid") == "SourceTopicToQueue"
    )
    assert uses["Condition"] == only
    assert uses["Principal"] == sends["Principal"] == {"Service": "sns.amazonaws.com"}


def test_the_topic_is_an_output_so_that_the_command_line_knows_it(template: Template) -> None:
    assert json.loads(template.text)["Outputs"]["SourceTopic"]["Value"] == TOPIC


def test_a_topic_of_a_region_that_must_be_enabled_delivers_as_the_regions_principal(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    topic = TOPIC.replace("eu-west-1", "ap-east-1")
    given = {"target_regions": ["eu-west-1"], "source_secrets": SOURCES, "source_topic": topic}
    template = synthesize(tmp_path_factory, given)
    queues = [
        each
        for policy in template.of_type("AWS::SQS::QueuePolicy").values()
        for each in policy["PolicyDocument"]["Statement"]
        if each.get("Sid") == "SourceTopic"
    ]
    keys = [
        each
        for each in template.one("AWS::KMS::Key")["KeyPolicy"]["Statement"]
        if each.get("Sid") == "SourceTopicToQueue"
    ]

    for (statement,) in (queues, keys):
        assert statement["Principal"]["Service"] == [
            "sns.amazonaws.com",
            "sns.ap-east-1.amazonaws.com",
        ]
        assert statement["Condition"] == {"ArnEquals": {"aws:SourceArn": topic}}


def test_rotate_lists_secrets_only_if_a_topic_announces_sources(
    template: Template, tmp_path_factory: pytest.TempPathFactory
) -> None:
    settings = {"target_regions": ["eu-west-1"], "source_secrets": SOURCES}
    without = synthesize(tmp_path_factory, settings)

    assert statement(template, ROTATE, "FindReferences")["Action"] == ["secretsmanager:ListSecrets"]
    assert "secretsmanager:ListSecrets" not in str(without.statements_of(ROTATE))
    assert "sns.amazonaws.com" not in without.text


def test_without_the_setting_no_role_mentions_another_account_and_none_has_a_fixed_name(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    without = synthesize(tmp_path_factory, SETTINGS)

    assert not [each for each in without.of_type("AWS::IAM::Role").values() if "RoleName" in each]
    assert "Sources" not in str([each.get("Sid") for each in without.all_statements()])
    for handler in (SCAN, ROTATE):
        variables = without.function(handler)[1]["Environment"]["Variables"]
        assert "CERTROTATION_SOURCE_SECRETS" not in variables


def test_the_functions_are_told_the_patterns(template: Template) -> None:
    for handler in (SCAN, ROTATE):
        variables = template.function(handler)[1]["Environment"]["Variables"]
        assert variables["CERTROTATION_SOURCE_SECRETS"] == ",".join(SOURCES)


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"source_secrets": "*"}, "'*' is not a pattern of ARNs of secrets that names one Region"),
        ({"source_secrets": [f"{BEGIN}shop"]}, "a secret's last six characters"),
        ({"source_secrets": [f"{BEGIN}*", f"{BEGIN}*"]}, "is given twice"),
        (
            {"source_secrets": ["arn:aws-cn:secretsmanager:cn-north-1:111122223333:secret:*"]},
            "is not in the partition aws",
        ),
        (
            {"source_secrets": [f"{BEGIN}team-{number}/*" for number in range(50)]},
            "the environment of the functions has room for 2,500",
        ),
        ({"source_topic": TOPIC}, "Give source_secrets too."),
        ({"source_secrets": [f"{BEGIN}*"], "source_topic": f"{TOPIC}.fifo"}, "no FIFO topic"),
        (
            {"source_secrets": [f"{BEGIN}*"], "stack_name": "s" * 60},
            "Give a stack_name of at most 41 characters.",
        ),
    ],
)
def test_what_could_not_be_deployed_or_would_be_too_wide_is_refused(
    settings: dict[str, Any], sentence: str
) -> None:
    given = {"target_regions": ["eu-west-1"], **settings}

    with pytest.raises(ConfigError, match=f".*{sentence.replace('*', '[*]')}"):
        StackConfig.from_context({"certrotation": given})


READERS = (Reader("123456789012", "eu-west-1"), Reader("222233334444", "us-east-1", "tls"))


def test_the_policies_of_the_other_account_name_accounts_and_full_role_arns() -> None:
    describes, reads = secret_statements(READERS)
    (decrypts,) = key_statements(READERS, SOURCES, "eu-west-1")
    accounts = ["arn:aws:iam::123456789012:root", "arn:aws:iam::222233334444:root"]
    rotate = [
        "arn:aws:iam::123456789012:role/certrotation-eu-west-1-rotate",
        "arn:aws:iam::222233334444:role/tls-us-east-1-rotate",
    ]

    assert {str(each["Principal"]) for each in (describes, reads, decrypts)} == {
        str({"AWS": accounts})
    }
    assert describes["Condition"]["ArnEquals"]["aws:PrincipalArn"] == [
        "arn:aws:iam::123456789012:role/certrotation-eu-west-1-scan",
        "arn:aws:iam::222233334444:role/tls-us-east-1-scan",
        *rotate,
    ]
    assert reads["Condition"] == {"ArnEquals": {"aws:PrincipalArn": rotate}}
    assert decrypts["Condition"] == {
        "StringEquals": {"kms:ViaService": "secretsmanager.eu-west-1.amazonaws.com"},
        "StringLike": {"kms:EncryptionContext:SecretARN": SOURCES},
        "ArnEquals": {"aws:PrincipalArn": rotate},
    }
    assert [each["Action"] for each in (describes, reads, decrypts)] == [
        "secretsmanager:DescribeSecret",
        "secretsmanager:GetSecretValue",
        "kms:Decrypt",
    ]


def test_the_documents_show_the_policies_as_they_are() -> None:
    text = (ROOT / "docs" / "accounts.md").read_text(encoding="utf-8")
    section = text.partition("### The policies")[2].partition("\n## ")[0]
    secret, key = (
        json.loads(each) for each in re.findall(r"```json\n(\{.*?)```", section, re.DOTALL)
    )
    reader = Reader("444455556666", "eu-west-1")

    assert secret == document(secret_statements([reader]))
    assert [key] == key_statements([reader], [SOURCES[0]], "eu-west-1")


SHOP = f"{BEGIN}shared/shop-AbCdEf"
VIA = {"kms:ViaService": "secretsmanager.eu-west-1.amazonaws.com"}
OF_SHOP = {"kms:EncryptionContext:SecretARN": SHOP}
OWN, CENTRAL = "123456789012", "111122223333"
KEY = f"arn:aws:kms:eu-west-1:{CENTRAL}:key/1"


def grants(
    template: Template,
    handler: str,
    action: str,
    resource: str,
    context: Mapping[str, str],
    *,
    own: str = OWN,
) -> list[str]:
    """Return the statements of a role in the account `own` that allow this, by Sid."""
    principal = f"arn:aws:iam::{own}:role/any"
    if resource != "*":
        context = {"aws:ResourceAccount": resource.split(":")[4], **context}
    return [
        each["Sid"]
        for each in resolved(template.statements_of(handler), own)
        if any(is_like(resource, pattern) for pattern in each["Resource"])
        and allows(
            {"Statement": [{**each, "Principal": {"AWS": principal}}]}, principal, action, context
        )
    ]


def resolved(statements: list[dict[str, Any]], own: str) -> list[dict[str, Any]]:
    """Return the statements for sources, with the pseudo parameters filled in."""
    ours = [each for each in statements if each.get("Sid", "").endswith(("Sources", "References"))]
    found: list[dict[str, Any]] = filled(ours, own)
    return found


def filled(value: Any, own: str = OWN) -> Any:
    """Return a value of a template with the pseudo parameters of an account filled in."""
    pseudo = {"AWS::Partition": "aws", "AWS::URLSuffix": "amazonaws.com", "AWS::AccountId": own}
    match value:
        case {"Fn::Join": [_, parts]}:
            return "".join(filled(each, own) for each in parts)
        case {"Ref": name}:
            return pseudo[name]
        case dict():
            return {key: filled(each, own) for key, each in value.items()}
        case list():
            return [filled(each, own) for each in value]
        case _:
            return value


@pytest.mark.parametrize(
    ("handler", "action", "resource", "context", "statement_"),
    [
        (SCAN, "secretsmanager:DescribeSecret", SHOP, {}, "DescribeSources"),
        (ROTATE, "secretsmanager:DescribeSecret", SHOP, {}, "ReadSources"),
        (ROTATE, "secretsmanager:GetSecretValue", SHOP, {}, "ReadSources"),
        (ROTATE, "kms:Decrypt", KEY, {**VIA, **OF_SHOP}, "DecryptSources"),
        (ROTATE, "secretsmanager:ListSecrets", "*", {}, "FindReferences"),
    ],
)
def test_each_request_of_a_rotation_by_reference_is_allowed_by_one_statement(
    template: Template,
    *,
    handler: str,
    action: str,
    resource: str,
    context: dict[str, str],
    statement_: str,
) -> None:
    assert grants(template, handler, action, resource, context) == [statement_]


@pytest.mark.parametrize(
    ("handler", "action", "resource", "context"),
    [
        (SCAN, "secretsmanager:GetSecretValue", SHOP, {}),
        (SCAN, "kms:Decrypt", KEY, {**VIA, **OF_SHOP}),
        (ROTATE, "secretsmanager:PutSecretValue", SHOP, {}),
        (ROTATE, "secretsmanager:GetSecretValue", f"{BEGIN}private/shop-AbCdEf", {}),
        (ROTATE, "secretsmanager:GetSecretValue", SHOP.replace("111122223333", "999999999999"), {}),
        (ROTATE, "secretsmanager:GetSecretValue", SHOP.replace("eu-west-1", "eu-west-2"), {}),
        (ROTATE, "kms:Decrypt", KEY, OF_SHOP),
        (ROTATE, "kms:Decrypt", KEY, {"kms:ViaService": "s3.eu-west-1.amazonaws.com", **OF_SHOP}),
        (ROTATE, "kms:Decrypt", KEY, VIA),
        (
            ROTATE,
            "kms:Decrypt",
            KEY,
            {**VIA, "kms:EncryptionContext:SecretARN": f"{BEGIN}private/shop-AbCdEf"},
        ),
        (ROTATE, "kms:Decrypt", KEY.replace("111122223333", "999999999999"), {**VIA, **OF_SHOP}),
    ],
)
def test_nothing_else_of_another_account_is_allowed(
    template: Template, handler: str, action: str, resource: str, context: dict[str, str]
) -> None:
    assert grants(template, handler, action, resource, context) == []


@pytest.mark.parametrize("action", ["DescribeSecret", "GetSecretValue"])
@pytest.mark.parametrize("handler", [SCAN, ROTATE])
def test_in_the_account_of_the_sources_the_same_setting_allows_nothing(
    template: Template, handler: str, action: str
) -> None:
    assert grants(template, handler, f"secretsmanager:{action}", SHOP, {}, own=CENTRAL) == []


def run(*words: str, cwd: Path, **environment: str) -> str:
    """Run Python in a process of its own."""
    finished = subprocess.run(  # noqa: S603  no shell; every word is ours
        [sys.executable, *words],
        cwd=cwd,
        env=os.environ | {"PYTHONPATH": f"{ROOT / 'lambdas'}{os.pathsep}{ROOT}", **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    return finished.stdout


APP = """
import aws_cdk as cdk
from aws_cdk import aws_kms as kms
from aws_cdk import aws_secretsmanager as secretsmanager

from certrotation.cdk import Reader, SourceSecret

app = cdk.App()
stack = cdk.Stack(app, "Central", env=cdk.Environment(account="111122223333", region="eu-west-1"))
secret = secretsmanager.Secret(
    stack, "Shop", secret_name="shared/shop", encryption_key=kms.Key(stack, "Key")
)
readers = [Reader("123456789012", "eu-west-1"), Reader("222233334444", "us-east-1", "tls")]
SourceSecret.share(secret, readers)
SourceSecret.share(secret, [Reader("444455556666", "eu-west-1")])
SourceSecret.share(
    secretsmanager.Secret(stack, "Wiki", encryption_key=secret.encryption_key),
    [Reader("777788889999", "eu-west-1")],
)
foreign = kms.Key.from_key_arn(
    stack, "Foreign", "arn:aws:kms:eu-west-1:111122223333:key/0d990263-018e-4e65-a703-eff731de951e"
)
for name, key in (("Other", None), ("Another", foreign)):
    try:
        SourceSecret.share(secretsmanager.Secret(stack, name, encryption_key=key), readers)
    except ValueError as error:
        print(error)
app.synth()
"""


def test_a_construct_shares_a_secret_and_its_key(tmp_path: Path) -> None:
    said = run("-c", APP, cwd=tmp_path, CDK_OUTDIR=str(tmp_path / "out"))

    text = (tmp_path / "out" / "Central.template.json").read_text(encoding="utf-8")
    resources = json.loads(text)["Resources"].values()
    policy = next(e for e in resources if e["Type"] == "AWS::SecretsManager::ResourcePolicy")
    (key,) = (e for e in resources if e["Type"] == "AWS::KMS::Key")
    statements = filled(policy["Properties"]["ResourcePolicy"]["Statement"])
    expected = [
        *secret_statements(READERS),
        *secret_statements([Reader("444455556666", "eu-west-1")]),
    ]
    assert [e["Condition"] for e in statements] == [e["Condition"] for e in expected]
    assert [e["Action"] for e in statements] == [e["Action"] for e in expected]
    of_key: list[dict[str, Any]] = key["Properties"]["KeyPolicy"]["Statement"]
    decrypts = [e["Condition"] for e in of_key if e["Action"] == "kms:Decrypt"]
    assert [len(e["ArnEquals"]["aws:PrincipalArn"]) for e in decrypts] == [2, 1, 1]
    assert all(e["StringLike"]["kms:EncryptionContext:SecretARN"] for e in decrypts)
    assert not [e for e in (*statements, *of_key) if "Sid" in e], "IAM: unique in a policy"
    assert "needs a customer managed key" in said
    assert "The policy of the key of Central/Another cannot be changed in this app." in said


@pytest.mark.parametrize(
    ("partition", "region", "suffix"),
    [
        ("aws-cn", "cn-north-1", "amazonaws.com.cn"),
        ("aws-us-gov", "us-gov-west-1", "amazonaws.com"),
        ("aws-eusc", "eusc-de-east-1", "amazonaws.eu"),
    ],
)
def test_the_printed_policies_name_the_hosts_of_the_partition(
    partition: str, region: str, suffix: str
) -> None:
    source = f"arn:{partition}:secretsmanager:{region}:111122223333:secret:shared/*"
    config = StackConfig.from_context(
        {"certrotation": {"target_regions": [region], "source_secrets": [source]}}
    )

    (printed,) = policies(config, ["123456789012"], region)

    (statement,) = printed["key_policy_statements"]
    service = statement["Condition"]["StringEquals"]["kms:ViaService"]
    assert service == f"secretsmanager.{region}.{suffix}"
    assert statement["Principal"]["AWS"] == [f"arn:{partition}:iam::123456789012:root"]


def test_the_policies_are_printed_for_the_settings_of_cdk_json(tmp_path: Path) -> None:
    settings = {"target_regions": ["eu-west-1"], "stack_name": "tls", "source_secrets": SOURCES}
    file = tmp_path / "cdk.json"
    file.write_text(json.dumps({"context": {"certrotation": settings}}), encoding="utf-8")

    said = run(
        "-m",
        "infra.source_policies",
        "--cdk-json",
        str(file),
        "--home-region",
        "eu-west-1",
        "123456789012",
        cwd=tmp_path,
    )

    reader = Reader("123456789012", "eu-west-1", "tls")
    assert json.loads(said) == [
        {
            "account": account,
            "region": region,
            "secret_policy": {"Version": "2012-10-17", "Statement": secret_statements([reader])},
            "key_policy_statements": key_statements([reader], [source], region),
        }
        for account, region, source in (
            ("111122223333", "eu-west-1", SOURCES[0]),
            ("444455556666", "us-east-1", SOURCES[1]),
        )
    ]


@pytest.mark.parametrize(
    ("accounts", "region", "said"),
    [
        (["12345678901"], "eu-west-1", "'12345678901' is not an account id. Give 12 digits."),
        (["123456789012"], "*", r"--home-region: '\*' is not a Region"),
        (["123456789012"], "eu-wset-1", "'eu-wset-1' is not a Region; did you mean eu-west-1"),
        (["123456789012:*"], "eu-west-1", r"123456789012:\*: '\*' is not a Region"),
        (["123456789012:eu-west-1:*"], "", r"'\*' is not a stack_name. Give a letter, then"),
        ([f"123456789012:eu-west-1:{'s' * 42}"], "", "Give a stack_name of at most 41 characters."),
        (["123456789012"], "", "123456789012: the home Region is missing. Give 123456789012:eu-"),
    ],
)
def test_policies_are_for_accounts_and_a_region_that_can_exist(
    accounts: list[str], region: str, said: str
) -> None:
    """In the name of a role, an asterisk would stand for any text."""
    config = StackConfig.from_context({"certrotation": WITH_SOURCES})

    with pytest.raises(ConfigError, match=said):
        [*policies(config, accounts, region)]


def test_the_policies_name_deployments_of_several_regions_and_stacks_at_once() -> None:
    """Each policy replaces a whole one: whoever is left out could read no longer."""
    config = StackConfig.from_context({"certrotation": {**WITH_SOURCES, "stack_name": "tls"}})
    words = ["444455556666", "777788889999:us-east-1", "777788889999:us-east-1:tls-2"]

    (printed, *_) = policies(config, words, "eu-west-1")

    (decrypts,) = printed["key_policy_statements"]
    assert decrypts["Condition"]["ArnEquals"]["aws:PrincipalArn"] == [
        "arn:aws:iam::444455556666:role/tls-eu-west-1-rotate",
        "arn:aws:iam::777788889999:role/tls-us-east-1-rotate",
        "arn:aws:iam::777788889999:role/tls-2-us-east-1-rotate",
    ]
    assert [*policies(config, words[1:], "")] == [*policies(config, words[1:], "eu-west-1")]


def test_policies_need_sources_and_name_each_role_once() -> None:
    config = StackConfig.from_context({"certrotation": WITH_SOURCES})

    once = [*policies(config, ["123456789012"], "eu-west-1")]

    assert [*policies(config, 2 * ["123456789012"], "eu-west-1")] == once
    with pytest.raises(ConfigError, match=r"certrotation\.source_secrets is missing\. Give"):
        [
            *policies(
                StackConfig.from_context({"certrotation": SETTINGS}), ["123456789012"], "eu-west-1"
            )
        ]
