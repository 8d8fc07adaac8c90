"""Deploy the portable template by a StackSet: `python -m tests.infra.stack_sets FOLDER`.

FOLDER is what `make stackset` writes. Moto plays Organizations and StackSets: it deploys into
every account of an OU. Its CloudFormation makes no alarms, dashboards, schedules and policies of
queues and topics; what refers to alarms is left out. Printed is, by account, what is there
afterwards. In a process of its own, because moto's CloudFormation imports its model of every
service.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any
from unittest.mock import MagicMock

import boto3
from moto import mock_aws

HOME = "eu-west-1"
BUCKET = "acme-certrotation"
NAME = "certrotation"
_LEFT_OUT = ("AWS::CloudWatch::CompositeAlarm", "AWS::CloudWatch::Dashboard")


def main() -> None:
    """Print a document with what each account has."""
    # A package that validates bodies of REST APIs: moto's CloudFormation imports it for nothing.
    for each in ("", ".validation", ".validation.exceptions"):
        sys.modules.setdefault(f"openapi_spec_validator{each}", MagicMock())
    (folder,) = map(Path, sys.argv[1:])
    os.environ |= {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
    with mock_aws(config={"lambda": {"use_docker": False}}):
        unit, accounts = _organization()
        print(json.dumps(_deploy(unit, accounts, _upload(folder))))  # noqa: T201


def _client(service: str, account: str | None = None) -> Any:
    """Return a client, of another account with a role of the organization."""
    credentials: dict[str, str] = {}
    if account:
        role = f"arn:aws:iam::{account}:role/OrganizationAccountAccessRole"
        got = _client("sts").assume_role(RoleArn=role, RoleSessionName="look")["Credentials"]
        credentials = {
            "aws_access_key_id": got["AccessKeyId"],
            "aws_secret_access_key": got["SecretAccessKey"],
            "aws_session_token": got["SessionToken"],
        }
    return boto3.client(service, region_name=HOME, **credentials)  # type: ignore[call-overload]


def _organization() -> tuple[str, list[str]]:
    """Make an organization with two accounts in one OU, and one account beside it."""
    organizations = _client("organizations")
    organizations.create_organization(FeatureSet="ALL")
    (root,) = organizations.list_roots()["Roots"]
    unit = organizations.create_organizational_unit(ParentId=root["Id"], Name="workloads")
    accounts = []
    for name in ("shop", "wiki", "sandbox"):
        made = organizations.create_account(AccountName=name, Email=f"{name}@example.com")
        accounts.append(made["CreateAccountStatus"]["AccountId"])
    for account in accounts[:2]:
        organizations.move_account(
            AccountId=account,
            SourceParentId=root["Id"],
            DestinationParentId=unit["OrganizationalUnit"]["Id"],
        )
    return unit["OrganizationalUnit"]["Id"], accounts


def _upload(folder: Path) -> str:
    """Copy the folder into the bucket; returns the URL of the template."""
    s3 = _client("s3")
    bucket = f"{BUCKET}-{HOME}"
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": HOME})
    keys = [each.relative_to(folder).as_posix() for each in folder.rglob("*") if each.is_file()]
    for key in keys:
        s3.upload_file(str(folder / key), bucket, key)
    (template,) = (
        each for each in keys if each.endswith(".template.json") and "-central." not in each
    )
    document = json.loads((folder / template).read_text(encoding="utf-8"))
    resources = document["Resources"].items()
    document["Resources"] = {key: each for key, each in resources if each["Type"] not in _LEFT_OUT}
    for each in document["Resources"].values():
        if each["Type"] == "AWS::KMS::Key":
            each["Properties"].pop("Tags", None)  # moto expects other names of their members
    s3.put_object(Bucket=bucket, Key=template, Body=json.dumps(document))
    return f"https://{bucket}.s3.{HOME}.amazonaws.com/{template}"


def _deploy(unit: str, accounts: list[str], template: str) -> dict[str, Any]:
    cloudformation = _client("cloudformation")
    cloudformation.create_stack_set(
        StackSetName=NAME,
        TemplateURL=template,
        PermissionModel="SERVICE_MANAGED",
        AutoDeployment={"Enabled": True, "RetainStacksOnAccountRemoval": True},
        Capabilities=["CAPABILITY_NAMED_IAM"],
        Parameters=[
            {"ParameterKey": "AssetsBucket", "ParameterValue": BUCKET},
            {"ParameterKey": "Mode", "ParameterValue": "report"},
        ],
    )
    targets = {"OrganizationalUnitIds": [unit]}
    cloudformation.create_stack_instances(
        StackSetName=NAME, DeploymentTargets=targets, Regions=[HOME]
    )
    instances = cloudformation.list_stack_instances(StackSetName=NAME)["Summaries"]
    return {
        "instances": sorted(each["Account"] for each in instances),
        "accounts": accounts,
        "deployed": {each: _what_is_there(each) for each in accounts},
    }


def _what_is_there(account: str) -> dict[str, Any]:
    functions = _client("lambda", account).list_functions()["Functions"]
    queues = _client("sqs", account).list_queues().get("QueueUrls", [])
    return {
        "functions": {
            each["Handler"]: each["Environment"]["Variables"] | {"role": each["Role"]}
            for each in functions
        },
        "queues": len(queues),
        "queue_accounts": sorted({each.split("/")[3] for each in queues}),
        "topics": [each["TopicArn"] for each in _client("sns", account).list_topics()["Topics"]],
        "keys": len(_client("kms", account).list_keys()["Keys"]),
        "roles": len(_client("iam", account).list_roles()["Roles"]),
        "rules": len(_client("events", account).list_rules()["Rules"]),
        "log_groups": len(_client("logs", account).describe_log_groups()["logGroups"]),
    }


if __name__ == "__main__":
    main()
