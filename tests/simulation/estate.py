"""The one world: an account that certrotation looks after, built, run and looked at.

Everything goes through the handlers, the queue and boto3, as it would on AWS.
"""

from __future__ import annotations

import json
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import boto3
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from certrotation.core.estate.arn_parameters import Parameter
from certrotation.names import tags as names
from certrotation.names.service import RECEIVES_UNTIL_GIVEN_UP, SCAN_ROLE, role_name
from tests.double import Behaviour, embedded_aws
from tests.double.builders import ALL_KEY_TYPES, create_listener, distribution_config, import_issued
from tests.simulation.runner import HOME, PREFIX, Run, listening, record_of, run_rotate, run_scan
from tests.support.authority import Issued

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager

    from tests.double import EmbeddedAws

__all__ = ["HOME", "PREFIX", "Estate", "Run", "account", "client", "fields_of", "region_of"]

MOST_MESSAGES = 10_000


_make_client: Any = boto3.client
"""Typed by hand: one factory for whichever service a test asks for."""


_OWN_KEYS = ("AKIAIOSFODNN7EXAMPLE", "not-a-secret")
_keys: ContextVar[tuple[str, str]] = ContextVar("_keys", default=_OWN_KEYS)


def client(service: str, region: str, *, retries: bool = True) -> Any:
    """Return a client; moto intercepts it whenever a world is entered."""
    del retries
    return _client(service, region, *_keys.get())


@cache
def _client(service: str, region: str, key: str, secret: str) -> Any:
    return _make_client(
        service, region_name=region, aws_access_key_id=key, aws_secret_access_key=secret
    )


@contextmanager
def clients_with(variables: Mapping[str, str]) -> Iterator[None]:
    """Let `client` return clients with these credentials until exit."""
    token = _keys.set((variables["AWS_ACCESS_KEY_ID"], variables["AWS_SECRET_ACCESS_KEY"]))
    try:
        yield
    finally:
        _keys.reset(token)


class Estate:
    """Certificates, their dependents and the managed secrets of one account."""

    def __init__(
        self, aws: EmbeddedAws, *regions: str, settings: Mapping[str, str] | None = None
    ) -> None:
        self.aws = aws
        self.regions = regions or (HOME, "us-east-1")
        self.dead_letter_url, self.queue_url = _make_queues()
        self.environment = {
            "AWS_REGION": HOME,
            "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
            "AWS_SECRET_ACCESS_KEY": "not-a-secret",
            "CERTROTATION_TARGET_REGIONS": ",".join(self.regions),
            "CERTROTATION_SECRET_PREFIX": PREFIX,
            "CERTROTATION_QUEUE_URL": self.queue_url,
            "POWERTOOLS_SERVICE_NAME": "certrotation-test",
            **(settings or {}),
        }

    def trust(self, folder: Path, *roots: x509.Certificate) -> None:
        """Take these roots, and no others, as public."""
        bundle = folder / "roots.pem"
        bundle.write_bytes(b"".join(each.public_bytes(Encoding.PEM) for each in roots))
        self.environment["CERTROTATION_PUBLIC_ROOTS_FILE"] = str(bundle)

    # Building

    def certificate(
        self, issued: Issued, region: str, tags: Mapping[str, str] | None = None
    ) -> str:
        """Import a certificate as somebody else would, and return its ARN."""
        given = [{"Key": key, "Value": value} for key, value in (tags or {}).items()]
        parameters = {"Tags": given} if given else {}
        return import_issued(client("acm", region), issued, **parameters)

    def secret(
        self, name: str, value: Issued | Mapping[str, str], tags: Mapping[str, str] | None = None
    ) -> str:
        """Create a managed secret (the prefix is added) and return its version id."""
        created = client("secretsmanager", HOME).create_secret(
            Name=PREFIX + name,
            SecretString=json.dumps(fields_of(value)),
            Tags=[{"Key": key, "Value": each} for key, each in (tags or {}).items()],
        )
        return str(created["VersionId"])

    def reference(self, name: str, source: str, tags: Mapping[str, str] | None = None) -> None:
        """Create a managed secret without a value that takes the value of a source."""
        given = {names.SOURCE: source, **(tags or {})}
        client("secretsmanager", HOME).create_secret(
            Name=PREFIX + name, Tags=[{"Key": key, "Value": each} for key, each in given.items()]
        )

    def renew(self, name: str, value: Issued | Mapping[str, str]) -> str:
        """Put renewed material into a secret and return its version id."""
        put = client("secretsmanager", HOME).put_secret_value(
            SecretId=PREFIX + name, SecretString=json.dumps(fields_of(value))
        )
        return str(put["VersionId"])

    def roll_back(self, name: str) -> None:
        """Move AWSCURRENT to the version that is AWSPREVIOUS."""
        secrets = client("secretsmanager", HOME)
        stages = secrets.describe_secret(SecretId=PREFIX + name)["VersionIdsToStages"]
        by_stage = {stage: version for version, held in stages.items() for stage in held}
        secrets.update_secret_version_stage(
            SecretId=PREFIX + name,
            VersionStage="AWSCURRENT",
            MoveToVersionId=by_stage["AWSPREVIOUS"],
            RemoveFromVersionId=by_stage["AWSCURRENT"],
        )

    def tag_secret(self, name: str, **tags: str) -> None:
        """Set tags of ours on a secret: `accept="NAMES_LOST@..."` and the like."""
        client("secretsmanager", HOME).tag_resource(
            SecretId=PREFIX + name,
            Tags=[{"Key": f"certrotation:{key}", "Value": each} for key, each in tags.items()],
        )

    def untag_secret(self, name: str, *names: str) -> None:
        """Take tags of ours off a secret."""
        client("secretsmanager", HOME).untag_resource(
            SecretId=PREFIX + name, TagKeys=[f"certrotation:{each}" for each in names]
        )

    def listener(
        self,
        name: str,
        region: str,
        default: str,
        sni: Sequence[str] = (),
        *,
        kind: Any = "application",
        tags: dict[str, str] | None = None,
    ) -> str:
        """Make a load balancer with one secure listener, and return the listener's ARN."""
        balancer = self.aws.load_balancer(name, kind=kind, region=region, tags=tags)
        elbv2 = client("elbv2", region)
        listener = create_listener(elbv2, balancer, default)
        for arn in sni:
            elbv2.add_listener_certificates(
                ListenerArn=listener, Certificates=[{"CertificateArn": arn}]
            )
        return listener

    def distribution(self, certificate: str, *aliases: str, **members: Any) -> str:
        """Make a distribution that presents a certificate, and return its id."""
        config = distribution_config(
            aliases[0], certificate=certificate, aliases=aliases, **members
        )
        created = client("cloudfront", "us-east-1").create_distribution(DistributionConfig=config)
        return str(created["Distribution"]["Id"])

    # Running

    def scan(self) -> Run:
        """Run the scan function once."""
        role = role_name(self.environment["POWERTOOLS_SERVICE_NAME"], HOME, SCAN_ROLE)
        with self.listening() as run, self.aws.acting_as(role):
            run_scan()
        return run

    def rotate(self, name: str, **more: Any) -> Run:
        """Run the rotate function for one secret, as a message received for the first time."""
        with self.listening() as run:
            run_rotate(record_of(json.dumps({"secret": PREFIX + name, **more})))
        return run

    def receive(self, name: str, received: int, **more: Any) -> None:
        """Run the rotate function for one secret, whose message was received so often."""
        run_rotate(record_of(json.dumps({"secret": PREFIX + name, **more}), received))

    def drain(self, most: int = MOST_MESSAGES) -> Run:
        """Hand every message that is visible to the rotate function, one an invocation."""
        sqs = client("sqs", HOME)
        with self.listening() as run:
            for _ in range(most):
                got = sqs.receive_message(
                    QueueUrl=self.queue_url, MessageSystemAttributeNames=["ApproximateReceiveCount"]
                ).get("Messages")
                if not got:
                    break
                self._deliver(got[0])
        return run

    def run(self) -> Run:
        """Scan, then work off the queue."""
        return self.scan().followed_by(self.drain())

    def _deliver(self, message: Mapping[str, Any]) -> None:
        received = int(message["Attributes"]["ApproximateReceiveCount"])
        handle, sent = message["ReceiptHandle"], message["MessageId"]
        answer = run_rotate(record_of(message["Body"], received, message_id=sent, handle=handle))
        if not answer["batchItemFailures"]:
            client("sqs", HOME).delete_message(QueueUrl=self.queue_url, ReceiptHandle=handle)

    def listening(self) -> AbstractContextManager[Run]:
        """Give the functions their environment, and collect what they say until exit."""
        return listening(self.environment)

    # Looking

    def waiting_messages(self) -> dict[str, int]:
        """Return how many messages are visible, in flight and delayed."""
        names = [
            "ApproximateNumberOfMessages",
            "ApproximateNumberOfMessagesNotVisible",
            "ApproximateNumberOfMessagesDelayed",
        ]
        got = client("sqs", HOME).get_queue_attributes(
            QueueUrl=self.queue_url, AttributeNames=names
        )
        return {name: int(got["Attributes"][name]) for name in names}

    def dead_letters(self) -> int:
        """Return how many messages the queue has given up."""
        got = client("sqs", HOME).get_queue_attributes(
            QueueUrl=self.dead_letter_url, AttributeNames=["ApproximateNumberOfMessages"]
        )
        return int(got["Attributes"]["ApproximateNumberOfMessages"])

    def parameters(self) -> dict[Parameter, str]:
        """Return the values of all parameters of Systems Manager."""
        return {
            Parameter(region, each["Name"]): each["Value"]
            for region in self.regions
            for page in client("ssm", region)
            .get_paginator("get_parameters_by_path")
            .paginate(Path="/", Recursive=True)
            for each in page["Parameters"]
        }

    def presents(self, arn: str) -> x509.Certificate:
        """Return the leaf that ACM holds under an ARN."""
        got = client("acm", region_of(arn)).get_certificate(CertificateArn=arn)
        return x509.load_pem_x509_certificate(got["Certificate"].encode())

    def chain(self, arn: str) -> list[x509.Certificate]:
        """Return the chain that ACM holds under an ARN."""
        got = client("acm", region_of(arn)).get_certificate(CertificateArn=arn)
        return x509.load_pem_x509_certificates(got["CertificateChain"].encode())

    def tags(self, arn: str) -> dict[str, str]:
        """Return a certificate's tags."""
        got = client("acm", region_of(arn)).list_tags_for_certificate(CertificateArn=arn)
        return {each["Key"]: each.get("Value", "") for each in got["Tags"]}

    def certificates(self, region: str) -> list[str]:
        """Return the ARNs of a Region's certificates."""
        pages = (
            client("acm", region)
            .get_paginator("list_certificates")
            .paginate(Includes={"keyTypes": ALL_KEY_TYPES})
        )
        return [each["CertificateArn"] for page in pages for each in page["CertificateSummaryList"]]

    def default_of(self, listener: str) -> str:
        """Return the ARN of a listener's default certificate."""
        return next(arn for arn, default in self._listener(listener) if default)

    def sni_of(self, listener: str) -> set[str]:
        """Return the ARNs of a listener's SNI certificates."""
        return {arn for arn, default in self._listener(listener) if not default}

    def point(self, dependent: str, default: str, *sni: str) -> None:
        """Have a listener (by ARN) or a distribution (by id) present exactly these certificates."""
        if not dependent.startswith("arn:"):
            cloudfront = client("cloudfront", "us-east-1")
            got = cloudfront.get_distribution_config(Id=dependent)
            viewer = got["DistributionConfig"]["ViewerCertificate"]
            viewer |= {"ACMCertificateArn": default, "Certificate": default}
            cloudfront.update_distribution(
                Id=dependent, IfMatch=got["ETag"], DistributionConfig=got["DistributionConfig"]
            )
            return
        elbv2 = client("elbv2", region_of(dependent))
        elbv2.modify_listener(ListenerArn=dependent, Certificates=[{"CertificateArn": default}])
        for arn in {*sni} - self.sni_of(dependent):
            elbv2.add_listener_certificates(
                ListenerArn=dependent, Certificates=[{"CertificateArn": arn}]
            )
        for arn in self.sni_of(dependent) - {*sni}:
            elbv2.remove_listener_certificates(
                ListenerArn=dependent, Certificates=[{"CertificateArn": arn}]
            )

    def _listener(self, listener: str) -> list[tuple[str, bool]]:
        pages = (
            client("elbv2", region_of(listener))
            .get_paginator("describe_listener_certificates")
            .paginate(ListenerArn=listener)
        )
        return [
            (each["CertificateArn"], each["IsDefault"])
            for page in pages
            for each in page["Certificates"]
        ]

    def viewer_certificate(self, distribution: str) -> dict[str, Any]:
        """Return a distribution's viewer certificate settings."""
        got = client("cloudfront", "us-east-1").get_distribution_config(Id=distribution)
        return dict(got["DistributionConfig"]["ViewerCertificate"])


@contextmanager
def account(
    *regions: str, roots: Sequence[x509.Certificate], settings: Mapping[str, str] | None = None
) -> Iterator[Estate]:
    """An empty account under certrotation, in which these roots are the public ones."""
    with (
        embedded_aws(Behaviour(trusted_roots=[*roots])) as aws,
        TemporaryDirectory() as folder,
    ):
        estate = Estate(aws, *regions, settings=settings)
        estate.trust(Path(folder), *roots)
        yield estate


def marks_of(secret: str, version: str, issued: Issued) -> dict[str, str]:
    """Return the tags that a rotation leaves on a copy; `secret` is the whole name."""
    ends = int(issued.certificate.not_valid_after_utc.timestamp())
    return {names.SECRET: secret, names.VERSION: version, names.NOT_AFTER: str(ends)}


def _make_queues() -> tuple[str, str]:
    """Make the dead-letter queue and the queue, and return their URLs."""
    sqs = client("sqs", HOME)
    dead_letters = sqs.create_queue(QueueName="rotation-dead-letters")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=dead_letters, AttributeNames=["QueueArn"])
    redrive = {
        "deadLetterTargetArn": arn["Attributes"]["QueueArn"],
        "maxReceiveCount": RECEIVES_UNTIL_GIVEN_UP,
    }
    queue = sqs.create_queue(
        QueueName="rotation",
        Attributes={"VisibilityTimeout": "1800", "RedrivePolicy": json.dumps(redrive)},
    )
    return dead_letters, queue["QueueUrl"]


def fields_of(value: Issued | Mapping[str, str]) -> dict[str, str]:
    """Return a secret's fields: those given, or those for an issued certificate."""
    if not isinstance(value, Issued):
        return dict(value)
    return {
        "certificate": value.certificate_pem,
        "private_key": value.key_pem(),
        "chain": value.chain_pem,
    }


def region_of(dependent: str) -> str:
    """Return the Region in an ARN, or CloudFront's for a distribution's id."""
    return dependent.split(":")[3] if dependent.startswith("arn:") else "us-east-1"
