"""What IAM knows of the resources behind the gate: tags, a secret's full ARN, and its key."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from tests.e2e.gate.permissions import kinds

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.e2e.gate.permissions import Caller

_UNKNOWN_SUFFIX = "-??????"
"""Of the ARN of a secret that is not there: Secrets Manager would have chosen six characters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resources:
    """The double's resources, by its own APIs."""

    client: Callable[[str, str, str], Any]
    """Makes a boto3 client of the double's, by service, Region and account."""
    unseen: Path
    """ARNs, one a line, whose tags IAM has yet to see: it sees a new tag only after a while."""

    def secret_arn(self, secret: str, caller: Caller) -> str:
        """Return the ARN of a secret that is named by its name or ARN."""
        if secret.startswith("arn:"):
            return secret
        region, account = caller.region, caller.account
        unknown = f"arn:aws:secretsmanager:{region}:{account}:secret:{secret}{_UNKNOWN_SUFFIX}"
        return str(self._described(secret, region, account).get("ARN", unknown))

    def key_arn(self, secret: str) -> str:
        """Return the ARN of the key that encrypts a secret, which is named by its ARN."""
        _, _, _, region, account, _ = secret.split(":", 5)
        default = f"arn:aws:kms:{region}:{account}:key/default"
        return str(self._described(secret, region, account).get("KmsKeyId", default))

    def _described(self, secret: str, region: str, account: str) -> dict[str, Any]:
        """Return what DescribeSecret says; nothing if the secret is not there."""
        try:
            client = self.client("secretsmanager", region, account)
            return dict(client.describe_secret(SecretId=secret))
        except ClientError:
            return {}

    def tags(self, arn: str, caller: str) -> dict[str, str]:
        """Return the tags of a resource; none if it is not there.

        Where the ARN names no account, the resource is in the account `caller`.
        """
        if self.unseen.exists() and arn in self.unseen.read_text(encoding="utf-8").split():
            return {}
        _, _, service, region, account, _ = arn.split(":", 5)
        try:
            listed = self._tags(service, region, account or caller, arn)
        except ClientError:
            return {}
        return {each["Key"]: each.get("Value", "") for each in listed}

    def _tags(self, service: str, region: str, account: str, arn: str) -> list[dict[str, str]]:
        def client(service: str, region: str) -> Any:
            return self.client(service, region, account)

        match service:
            case "acm":
                answer = client("acm", region).list_tags_for_certificate(CertificateArn=arn)
                found = answer["Tags"]
            case "secretsmanager":
                found = self._described(arn, region, account).get("Tags", [])
            case _:
                found = _tags_of_dependent(client, arn)
        tags: list[dict[str, str]] = found
        return tags


def _tags_of_dependent(client: Callable[[str, str], Any], arn: str) -> list[dict[str, str]]:
    for kind in kinds():
        found: list[dict[str, str]] | None = kind.tags(client, arn)
        if found is not None:
            return found
    raise ValueError(f"tags of {arn} are not known here")
