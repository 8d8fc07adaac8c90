"""Several accounts on one ministack, and one of them has the secret that the others use.

ministack keeps apart what each account has, by the account in the key of the credentials. The
portable template is deployed into each account without the CDK.
"""

from __future__ import annotations

import json
from collections import Counter
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Self

from moto.secretsmanager.utils import SecretsManagerSecretIdentifier
from moto.utilities.id_generator import moto_id_manager

from certrotation.names.source_policies import Reader
from tests.e2e import minimal, statements
from tests.e2e.deployed import Cloud, Stack, wait_for
from tests.e2e.places import HOME, PREFIX, REGIONS, ROOT, STACK
from tests.e2e.toolkit import without_what_ministack_lacks
from tests.packaged.asset import HERE
from tests.simulation.central import Central, acting_in
from tests.simulation.estate import Estate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    from cryptography import x509

    from tests.double import EmbeddedAws
    from tests.support.authority import Issued

CENTRAL, *SPOKES = ACCOUNTS = ("111111111111", "222222222222", "333333333333")
"""The account that has the secret, and those that use it."""
SOURCE = "shop"
REFERENCE = PREFIX + SOURCE
_SOURCES = "shared/"
SETTINGS = {
    "target_regions": [*REGIONS],
    "arch": HERE,
    "mode": "report",
    "central": "on",
    "central_accounts": SPOKES,
    "source_topic": f"arn:aws:sns:{HOME}:{CENTRAL}:{STACK}-central",
    "source_secrets": [f"arn:aws:secretsmanager:{HOME}:{CENTRAL}:secret:{_SOURCES}*"],
}
"""Of every account; a parameter changes the mode."""

_PLACEHOLDER = "{}"
"""What ministack's own Secrets Manager is told instead of a value."""
_BUCKET = "acme-certrotation"
_CAPABILITIES = ["CAPABILITY_NAMED_IAM"]
_WAIT = {"WaiterConfig": {"Delay": 1, "MaxAttempts": 100}}

MINISTACK = ("-P", str(ROOT / "tests/e2e/ministack_with_more.py"))
"""What Python is told to start ministack."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """An account, as whoever administers it sees it."""

    cloud: Cloud
    written: Path
    """What `make stackset` wrote."""

    def beside(self, number: str) -> Account:
        """Return another account."""
        return replace(
            self, cloud=Cloud(url=self.cloud.url, folder=self.cloud.folder, account=number)
        )

    def deploy_central(self, **parameters: str) -> Stack:
        """Deploy the stack of the account that has the sources."""
        return self._deploy(f"{STACK}-central", parameters)

    def deploy(self, **parameters: str) -> Stack:
        """Deploy the service, and subscribe its queue to the central topic."""
        stack = self._deploy(STACK, {"AssetsBucket": self._sync(), **parameters})
        self._subscribe(stack)
        return stack

    def _sync(self) -> str:
        """Do what `aws s3 sync` does into a bucket of the account; gives the bucket's parameter.

        ministack shows an account no bucket of another one.
        """
        s3, name = self.cloud.client("s3"), f"{_BUCKET}-{self.cloud.account}"
        bucket = self._bucket(name)
        for each in (path for path in self.written.rglob("*") if path.is_file()):
            s3.upload_file(str(each), bucket, each.relative_to(self.written).as_posix())
        return name

    def _deploy(self, name: str, parameters: dict[str, str]) -> Stack:
        """Do what `aws cloudformation deploy` does: a change set, its execution, the wait.

        With `--s3-bucket` it uploads the template; here the bucket is another one.
        """
        cloudformation = self.cloud.client("cloudformation")
        bucket, key = self._bucket(f"templates-{self.cloud.account}"), f"{name}.template.json"
        self.cloud.client("s3").put_object(Bucket=bucket, Key=key, Body=self._template(name))
        change_set = {"StackName": name, "ChangeSetName": "deploy"}
        cloudformation.create_change_set(
            **change_set,
            ChangeSetType="CREATE",
            TemplateURL=f"{self.cloud.url}/{bucket}/{key}",
            Capabilities=_CAPABILITIES,
            Parameters=[
                {"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()
            ],
        )
        cloudformation.get_waiter("change_set_create_complete").wait(**change_set, **_WAIT)
        cloudformation.execute_change_set(**change_set)
        cloudformation.get_waiter("stack_create_complete").wait(StackName=name, **_WAIT)
        return self.cloud.stack(name)

    def _bucket(self, name: str) -> str:
        bucket = f"{name}-{HOME}"
        place: Any = {"LocationConstraint": HOME}
        self.cloud.client("s3").create_bucket(Bucket=bucket, CreateBucketConfiguration=place)
        return bucket

    def _template(self, name: str) -> str:
        (path,) = self.written.rglob(f"{name}.template.json")
        return without_what_ministack_lacks(path.read_text(encoding="utf-8"))

    def _subscribe(self, stack: Stack) -> None:
        """Subscribe the queue as the template says; ministack's CloudFormation knows no topics of
        other accounts.
        """
        resources = json.loads(self._template(STACK))["Resources"].values()
        (wanted,) = (
            each["Properties"] for each in resources if each["Type"] == "AWS::SNS::Subscription"
        )
        queue, attribute = wanted["Endpoint"]["Fn::GetAtt"]
        assert (attribute, wanted["Region"]) == ("Arn", wanted["TopicArn"].split(":")[3])
        self.cloud.client("sns").subscribe(
            TopicArn=wanted["TopicArn"],
            Protocol=wanted["Protocol"],
            Endpoint=stack.queue_arn(queue),
            Attributes={"RawMessageDelivery": str(wanted["RawMessageDelivery"]).lower()},
        )


@dataclass(frozen=True, kw_only=True)
class Spoke:
    """An account that uses the secret: its deployment, and its certificates."""

    aws: EmbeddedAws
    stack: Stack
    estate: Estate

    @property
    def rotations(self) -> list[dict[str, Any]]:
        """The outcomes so far."""
        return self.stack.rotations(REFERENCE)

    def acting(self) -> AbstractContextManager[object]:
        """Let what follows be done in this account, until exit."""
        return acting_in(self.aws, self.stack.cloud.account)

    def copies(self) -> dict[str, str]:
        """Return the ARN of the only certificate of each target Region."""
        with self.acting():
            found = {region: self.estate.certificates(region) for region in self.estate.regions}
        return {region: arn for region, (arn,) in found.items()}

    def live(self) -> set[x509.Certificate]:
        """Return the certificates that these present."""
        copies = self.copies().values()
        with self.acting():
            return {self.estate.presents(arn) for arn in copies}

    def listener(self) -> Callable[[], x509.Certificate]:
        """Have a listener present the copy in the home Region; returns what looks at it."""
        copy = self.copies()[HOME]
        with self.acting():
            listener = self.estate.listener(SOURCE, HOME, copy)

        def look() -> x509.Certificate:
            with self.acting():
                return self.estate.presents(self.estate.default_of(listener))

        return look

    @contextmanager
    def without(self, which: str, sid: str) -> Iterator[None]:
        """Take a statement from the role of `Scan` or `Rotate`, until exit."""
        role = self.stack.function(which).role
        holder = statements.take_away(self.stack.cloud.client("iam"), role, sid)
        try:
            yield
        finally:
            statements.put(holder, holder.document)


@dataclass(frozen=True, kw_only=True)
class Organization:
    """The central account, its secret, and the accounts that use that."""

    bus: Cloud
    """ministack, as the central account."""
    central: Central
    secret: str
    """Its ARN, with ministack as with the double."""
    spokes: tuple[Spoke, ...]
    _seen: Counter[str] = field(default_factory=Counter)
    """How many rotations were looked at, by account."""

    @classmethod
    def deploy(cls, aws: EmbeddedAws, bus: Cloud, written: Path, root: x509.Certificate) -> Self:
        """Deploy everything: the secret has no value yet, and each account has a reference."""
        account = Account(cloud=bus, written=written)
        account.deploy_central(SecretPrefix=_SOURCES)
        readers = [Reader(each, HOME, STACK) for each in SPOKES]
        central = Central(aws, *readers, account=bus.account)
        secret = _same_secret(bus, central)
        return cls(
            bus=bus,
            central=central,
            secret=secret,
            spokes=tuple(_spoke(aws, account.beside(each), secret, root) for each in SPOKES),
        )

    def renew(self, value: Issued) -> str:
        """Write renewed material, of which nobody is told; returns its version id."""
        return self.central.renew(self.secret, value)

    def announce(self, version: str) -> None:
        """Let the bus of the central account hear that a version became AWSCURRENT.

        The double sends no events. ministack's own Secrets Manager gets the version without its
        value, and sends the event.
        """
        self.bus.client("secretsmanager").put_secret_value(
            SecretId=self.secret, SecretString=_PLACEHOLDER, ClientRequestToken=version
        )

    def publishers(self) -> list[str]:
        """Return the accounts that may publish to the central topic themselves."""
        allowed = []
        for cloud in (self.bus, *(each.stack.cloud for each in self.spokes)):
            sns = cloud.client("sns")
            with suppress(sns.exceptions.AuthorizationErrorException):
                sns.publish(TopicArn=SETTINGS["source_topic"], Message="{}")
                allowed.append(cloud.account)
        return allowed

    def scan(self) -> set[str]:
        """Run scan by hand in each account; returns which secrets were queued."""
        summaries = [each.stack.scan() for each in self.spokes]
        assert [each["unreachable"] for each in summaries] == [{} for _ in summaries]
        return {secret for each in summaries for secret in each["queued"]}

    def await_outcomes(self, status: str) -> list[dict[str, Any]]:
        """Wait for one more rotation in each account that ends so; returns the outcomes."""
        return [self._await_outcome(each, status) for each in self.spokes]

    def _await_outcome(self, spoke: Spoke, status: str) -> dict[str, Any]:
        account = spoke.stack.cloud.account
        found: list[int] = []

        def ended() -> list[int]:
            rotations = enumerate(spoke.rotations)
            found[:] = [at for at, each in rotations if each["status"] == status]
            found[:] = [at for at in found if at >= self._seen[account]]
            return found

        wait_for(f"a rotation that is {status} in {account}", ended)
        self._seen[account] = found[0] + 1
        return spoke.rotations[found[0]]

    def live(self) -> set[x509.Certificate]:
        """Return what the copies in all Regions of all accounts present."""
        return {each for spoke in self.spokes for each in spoke.live()}

    @contextmanager
    def without(self, policy: str, sid: str) -> Iterator[None]:
        """Take a statement from a policy, until exit.

        Args:
            policy: that of the `secret` or its `key`, or of the roles of `Scan` or `Rotate`.
            sid: the statement.
        """
        with ExitStack() as given_back:
            if policy == "secret":
                self.central.unshare(self.secret, sid)
                given_back.callback(self.central.share, self.secret)
            elif policy == "key":
                whole = self.central.key_policy
                self.central.set_key_policy(minimal.without_statement(whole, sid))
                given_back.callback(self.central.set_key_policy, whole)
            else:
                for each in self.spokes:
                    given_back.enter_context(each.without(policy, sid))
            yield


def _same_secret(bus: Cloud, central: Central) -> str:
    """Make the secret with ministack and with the double, under one ARN."""
    name = f"{_SOURCES}{SOURCE}"
    made = bus.client("secretsmanager").create_secret(Name=name, SecretString=_PLACEHOLDER)
    identifier = SecretsManagerSecretIdentifier(central.account, central.region, name)
    moto_id_manager.set_custom_id(identifier, made["ARN"].rpartition("-")[2])
    try:
        secret = central.secret(SOURCE, None)
    finally:
        moto_id_manager.unset_custom_id(identifier)
    assert secret == made["ARN"]
    return secret


def _spoke(aws: EmbeddedAws, account: Account, secret: str, root: x509.Certificate) -> Spoke:
    stack = account.deploy(Mode="apply")
    with acting_in(aws, account.cloud.account) as variables:
        estate = Estate(aws, *REGIONS, settings=variables)
        estate.trust(account.cloud.folder.path, root)
        estate.reference(SOURCE, secret)
    return Spoke(aws=aws, stack=stack, estate=estate)
