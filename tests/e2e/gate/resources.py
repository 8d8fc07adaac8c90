"""What IAM knows of the resources behind the gate: their tags, and a secret's full ARN."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from tests.e2e.gate.permissions import ACCOUNT, kinds

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_UNKNOWN_SUFFIX = "-??????"
"""Of the ARN of a secret that is not there: Secrets Manager would have chosen six characters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resources:
    """The double's resources, by its own APIs."""

    client: Callable[[str, str], Any]
    """Makes a boto3 client of the double's, by service and Region."""
    unseen: Path
    """ARNs, one a line, whose tags IAM has yet to see: it sees a new tag only after a while."""

    def secret_arn(self, secret: str, region: str) -> str:
        """Return the ARN of a secret that is named by its name or ARN."""
        if secret.startswith("arn:"):
            return secret
        try:
            return str(
                self.client("secretsmanager", region).describe_secret(SecretId=secret)["ARN"]
            )
        except ClientError:
            return f"arn:aws:secretsmanager:{region}:{ACCOUNT}:secret:{secret}{_UNKNOWN_SUFFIX}"

    def tags(self, arn: str) -> dict[str, str]:
        """Return the tags of a resource; none if it is not there."""
        if self.unseen.exists() and arn in self.unseen.read_text(encoding="utf-8").split():
            return {}
        _, _, service, region, _, _ = arn.split(":", 5)
        try:
            listed = self._tags(service, region, arn)
        except ClientError:
            return {}
        return {each["Key"]: each.get("Value", "") for each in listed}

    def _tags(self, service: str, region: str, arn: str) -> list[dict[str, str]]:
        client = self.client
        match service:
            case "acm":
                answer = client("acm", region).list_tags_for_certificate(CertificateArn=arn)
                found = answer["Tags"]
            case "secretsmanager":
                found = (
                    client("secretsmanager", region).describe_secret(SecretId=arn).get("Tags", [])
                )
            case _:
                found = self._tags_of_dependent(arn)
        tags: list[dict[str, str]] = found
        return tags

    def _tags_of_dependent(self, arn: str) -> list[dict[str, str]]:
        for kind in kinds():
            found: list[dict[str, str]] | None = kind.tags(self.client, arn)
            if found is not None:
                return found
        raise ValueError(f"tags of {arn} are not known here")
