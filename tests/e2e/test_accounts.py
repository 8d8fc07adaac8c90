"""Several accounts on one ministack: the portable template without the CDK, and the central topic.

ministack keeps what each account has apart, by the account in the key of the credentials. Policies
are not judged here: `make e2e` judges those of the functions, tests/infra those of the topic.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

import boto3
import pytest

from certrotation.names import tags
from infra.stackset import write
from tests.e2e.deployed import wait_for
from tests.e2e.places import EMULATOR_PYTHON
from tests.e2e.processes import Process, free_port, listens, running
from tests.e2e.servers import environment
from tests.e2e.toolkit import without_what_ministack_lacks
from tests.infra.synthesis import PORTABLE, run_app
from tests.packaged.asset import HERE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(600),
    pytest.mark.skipif(
        HERE is None or not EMULATOR_PYTHON.exists(), reason="make e2e creates the environment"
    ),
]

HOME = "eu-west-1"
CENTRAL, SHOP, WIKI = "111111111111", "222222222222", "333333333333"
"""The account of the secrets, and two accounts that use them."""
BUCKET = "acme-certrotation"
STACK = "certrotation"
TOPIC = f"arn:aws:sns:{HOME}:{CENTRAL}:{STACK}-central"
SETTINGS = {
    "target_regions": ["eu-west-1", "us-east-1"],
    "arch": HERE,
    "mode": "apply",
    "central": "on",
    "central_accounts": [SHOP, WIKI],
    "source_topic": TOPIC,
    "source_secrets": [f"arn:aws:secretsmanager:{HOME}:{CENTRAL}:secret:shared/*"],
}
# EventBridge User Guide, Input transformation: a path may have an index. ministack knows none.
MINISTACK = r"""
import re, runpy
from ministack.services import eventbridge

transform = eventbridge._apply_input_transformer

def with_indices(transformer, rule, view):
    paths, template = dict(transformer.get("InputPathsMap", {})), transformer["InputTemplate"]
    for name, path in transformer.get("InputPathsMap", {}).items():
        if found := re.fullmatch(r"\$\.(\w+)\[(\d+)\]", path):
            value = view.event_with_detail()[found[1]][int(found[2])]
            template = template.replace(f"<{name}>", value)
            del paths[name]
    return transform({"InputPathsMap": paths, "InputTemplate": template}, rule, view)

eventbridge._apply_input_transformer = with_indices
runpy.run_module("ministack", run_name="__main__")
"""


class Account(NamedTuple):
    """An account on ministack."""

    url: str
    id: str

    def client(self, service: str) -> Any:
        session = boto3.Session(self.id, "test", region_name=HOME)
        return session.client(service, endpoint_url=self.url)  # type: ignore[call-overload]  # any

    def sync(self, folder: Path) -> str:
        """Do what `aws s3 sync` does into a bucket of the account; gives the bucket's parameter.

        ministack shows an account no bucket of another one.
        """
        s3, name = self.client("s3"), f"{BUCKET}-{self.id}"
        bucket = f"{name}-{HOME}"
        s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": HOME})
        for each in (path for path in folder.rglob("*") if path.is_file()):
            s3.upload_file(str(each), bucket, each.relative_to(folder).as_posix())
        return name

    def deploy(self, name: str, template: str, **parameters: str) -> dict[str, str]:
        """Do what `aws cloudformation deploy` does: a change set, its execution, the wait.

        With `--s3-bucket` it uploads the template; here the bucket is another one.
        """
        s3, cloudformation = self.client("s3"), self.client("cloudformation")
        bucket, key = f"templates-{self.id}-{HOME}", f"{name}.template.json"
        s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": HOME})
        s3.put_object(Bucket=bucket, Key=key, Body=template)
        change_set = {"StackName": name, "ChangeSetName": "deploy"}
        cloudformation.create_change_set(
            **change_set,
            ChangeSetType="CREATE",
            TemplateURL=f"{self.url}/{bucket}/{key}",
            Capabilities=["CAPABILITY_NAMED_IAM"],
            Parameters=[
                {"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()
            ],
        )
        wait = {"WaiterConfig": {"Delay": 1, "MaxAttempts": 100}}
        cloudformation.get_waiter("change_set_create_complete").wait(**change_set, **wait)
        cloudformation.execute_change_set(**change_set)
        cloudformation.get_waiter("stack_create_complete").wait(StackName=name, **wait)
        (stack,) = cloudformation.describe_stacks(StackName=name)["Stacks"]
        return {each["OutputKey"]: each["OutputValue"] for each in stack.get("Outputs", ())}

    def subscribe(self, template: str, queue: str) -> None:
        """Subscribe a queue as the template says; ministack's CloudFormation knows no topics of
        other accounts.
        """
        resources = json.loads(template)["Resources"].values()
        (wanted,) = (
            each["Properties"] for each in resources if each["Type"] == "AWS::SNS::Subscription"
        )
        self.client("sns").subscribe(
            TopicArn=wanted["TopicArn"],
            Protocol=wanted["Protocol"],
            Endpoint=f"arn:aws:sqs:{HOME}:{self.id}:{queue.rsplit('/', 1)[1]}",
            Attributes={"RawMessageDelivery": str(wanted["RawMessageDelivery"]).lower()},
        )

    def lines(self, group: str, message: str) -> list[dict[str, Any]]:
        """Return what the functions logged with a message."""
        found = self.client("logs").filter_log_events(logGroupName=group)["events"]
        lines = [json.loads(each["message"]) for each in found if each["message"][:1] == "{"]
        return [each[message] for each in lines if each.get("message") == message]

    def await_lines(self, group: str, message: str) -> list[dict[str, Any]]:
        """Wait for lines with a message, and return them."""
        wait_for(f"a line {message}", lambda: self.lines(group, message), seconds=60)
        return self.lines(group, message)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `make stackset` writes, for this machine."""
    folder = tmp_path_factory.mktemp("stackset")
    finished = run_app(folder / "cdk.out", SETTINGS, PORTABLE, bundles=True)
    assert finished.returncode == 0, finished.stderr
    [*write(folder / "cdk.out", folder / "stackset")]
    return folder / "stackset"


@pytest.fixture(scope="module")
def ministack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder, port = tmp_path_factory.mktemp("ministack"), free_port()
    url = f"http://127.0.0.1:{port}"
    process = Process(
        [str(EMULATOR_PYTHON), "-c", MINISTACK],
        cwd=folder,
        environment=environment(
            AWS_ENDPOINT_URL=url,  # the functions inherit it
            BIND_HOST="127.0.0.1",
            GATEWAY_PORT=str(port),
            IOT_MTLS_ENABLED="0",
            LAMBDA_EXECUTOR="local",
            MINISTACK_ACCOUNT_ID=CENTRAL,
            MINISTACK_REGION=HOME,
            TMPDIR=str(folder),
        ),
        log=folder / "ministack.log",
    )
    with running(process):
        process.wait_until(lambda: listens(port))
        yield url


def template_of(written: Path, name: str) -> str:
    (path,) = written.rglob(f"{name}.template.json")
    return without_what_ministack_lacks(path.read_text(encoding="utf-8"))


def test_two_accounts_deploy_the_template_without_the_cdk_and_hear_of_a_secret_of_a_third(
    ministack: str, written: Path
) -> None:
    central = Account(ministack, CENTRAL)
    announced = central.deploy(
        f"{STACK}-central", template_of(written, f"{STACK}-central"), SecretPrefix="shared/"
    )
    assert announced["SourceTopic"] == TOPIC
    secrets = central.client("secretsmanager")
    source = secrets.create_secret(Name="shared/shop", SecretString="{}")["ARN"]
    template = template_of(written, STACK)
    deployed = {}
    for account, mode in (
        (Account(ministack, SHOP), "report"),
        (Account(ministack, WIKI), "apply"),
    ):
        outputs = account.deploy(STACK, template, AssetsBucket=account.sync(written), Mode=mode)
        deployed[account] = outputs

        invoked = account.client("lambda").invoke(FunctionName=outputs["ScanFunction"])
        summary = json.load(invoked["Payload"])
        assert summary.get("unreachable") == {}, summary
        rotate = account.client("lambda").get_function_configuration(
            FunctionName=outputs["RotateFunction"]
        )
        assert rotate["Environment"]["Variables"]["CERTROTATION_MODE"] == mode
        assert f":iam::{account.id}:role/" in rotate["Role"]
        account.subscribe(template, outputs["RotationQueue"])
        account.client("secretsmanager").create_secret(
            Name="certrotation/site", Tags=[{"Key": tags.SOURCE, "Value": source}]
        )

    version = secrets.put_secret_value(SecretId=source, SecretString='{"a": 1}')["VersionId"]
    secrets.create_secret(Name="other/shop", SecretString="{}")

    expected = {"source": source, "version": version, "queued": ["certrotation/site"]}
    for account, outputs in deployed.items():
        logs = outputs["RotateLogs"]
        assert expected in account.await_lines(logs, "source")
        rotations = account.await_lines(logs, "rotation")
        assert {each["secret"] for each in rotations} == {"certrotation/site"}
