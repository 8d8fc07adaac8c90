"""Writes versions and labels of secrets, for who may: neither scan nor rotate imports this module.

Actions: secretsmanager:PutSecretValue (and kms:GenerateDataKey and kms:Decrypt on a customer
managed key), secretsmanager:UpdateSecretVersionStage, secretsmanager:ListSecretVersionIds,
secretsmanager:CreateSecret, secretsmanager:TagResource (for a new secret with tags too).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from certrotation.aws.errors import Fault, meaning, translated
from certrotation.aws.secrets import MEANINGS, named, version_entries
from certrotation.core.estate.inventory import SecretVersion
from certrotation.errors import RETRIED, NotYet, Rejected

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_secretsmanager.type_defs import TagTypeDef

    from certrotation.core.material.secret_value import SecretValue

_PUT = (
    meaning(
        Fault(Rejected, "Give another value a version id of its own."), "ResourceExistsException"
    ),
    *MEANINGS,
)
_CREATE = (
    meaning(
        Fault(Rejected, "Run the command again: the secret gets another version then."),
        "ResourceExistsException",
    ),
    *MEANINGS,
)
_MOVED_MEANWHILE = Fault(NotYet, f"Read the versions again. {RETRIED}")
_MOVE = (
    meaning(_MOVED_MEANWHILE, "InvalidParameterException", words="currently attached to version"),
    *MEANINGS,
)


class SecretsManagerWriter:
    """Writes the secrets of the client's Region."""

    def __init__(self, client: SecretsManagerClient) -> None:
        self._client = client

    def versions(self, secret_id: str) -> Sequence[SecretVersion]:
        """Return every version, those without a label included, in no particular order."""
        with translated("secretsmanager:ListSecretVersionIds", self._named(secret_id), MEANINGS):
            entries = list(version_entries(self._client, secret_id))
        return [
            SecretVersion(
                version=each["VersionId"],
                labels=frozenset(each.get("VersionStages", ())),
                created_at=each.get("CreatedDate"),
            )
            for each in entries
            if "VersionId" in each
        ]

    def create(self, name: str, value: SecretValue, tags: Mapping[str, str]) -> None:
        """Create a secret; AWS encrypts it with the account's default key for secrets."""
        request: dict[str, Any] = {"Name": name, "ClientRequestToken": value.version}
        if tags:
            request["Tags"] = _as_list(tags)
        with translated("secretsmanager:CreateSecret", self._named(name), _CREATE):
            self._client.create_secret(**request, **_content(value))

    def add_tags(self, secret_id: str, tags: Mapping[str, str]) -> None:
        """Add or overwrite tags."""
        with translated("secretsmanager:TagResource", self._named(secret_id), MEANINGS):
            self._client.tag_resource(SecretId=secret_id, Tags=_as_list(tags))

    def put_version(self, secret_id: str, value: SecretValue, labels: Sequence[str] = ()) -> None:
        """Write a version; its id is the request token, so that a repetition changes nothing.

        Without labels the version becomes AWSCURRENT, and the one before it AWSPREVIOUS. With
        labels it gets these alone, unless it is the secret's first (Secrets Manager API Reference,
        PutSecretValue).
        """
        request: dict[str, Any] = {"SecretId": secret_id, "ClientRequestToken": value.version}
        if labels:
            request["VersionStages"] = list(labels)
        with translated("secretsmanager:PutSecretValue", self._named(secret_id), _PUT):
            self._client.put_secret_value(**request, **_content(value))

    def move_label(
        self, secret_id: str, label: str, *, from_version: str | None, to_version: str | None
    ) -> None:
        """Move a label from one version to another.

        AWS requires the version that has the label, so a label that somebody moved meanwhile is
        not moved once more. When AWSCURRENT moves, AWSPREVIOUS follows to the version that it left
        (Secrets Manager API Reference, UpdateSecretVersionStage).
        """
        request = {
            "SecretId": secret_id,
            "VersionStage": label,
            **({"RemoveFromVersionId": from_version} if from_version else {}),
            **({"MoveToVersionId": to_version} if to_version else {}),
        }
        subject = f"label {label} of {self._named(secret_id)}"
        with translated("secretsmanager:UpdateSecretVersionStage", subject, _MOVE):
            self._client.update_secret_version_stage(**request)

    def _named(self, secret_id: str) -> str:
        return named(self._client, secret_id)


def _content(value: SecretValue) -> dict[str, Any]:
    if value.text is not None:
        return {"SecretString": value.text}
    return {"SecretBinary": value.binary}


def _as_list(tags: Mapping[str, str]) -> list[TagTypeDef]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]
