"""The managed secrets, in the home Region's Secrets Manager.

Actions: secretsmanager:ListSecrets, secretsmanager:DescribeSecret, secretsmanager:GetSecretValue
(and kms:Decrypt on a customer managed key), secretsmanager:ListSecretVersionIds.

If a member of an answer is absent: ListSecrets without its list, or with a row that has neither
name nor ARN, is an error, because the copies of a missing secret would look like orphans. A name is
taken from the ARN, and an ARN is replaced by the name, which Secrets Manager takes in its place. A
row of the list without `SecretVersionsToStages` is described, unless it is a reference, which has
no value of its own: its source is described instead. A secret whose description has no
labels either has no current version. A value without a version id is read again.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from certrotation.aws.errors import NOT_YET, QUOTA, Fault, incomplete, meaning, translated
from certrotation.core.estate.inventory import ManagedSecret
from certrotation.core.estate.issuance_versions import last_change
from certrotation.core.material.secret_value import SecretValue
from certrotation.errors import Rejected, SecretDeleted, Vanished
from certrotation.names.service import CURRENT_LABEL, PREVIOUS_LABEL
from certrotation.names.tags import SOURCE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_secretsmanager.type_defs import (
        DescribeSecretResponseTypeDef,
        FilterTypeDef,
        GetSecretValueResponseTypeDef,
        SecretListEntryTypeDef,
        SecretVersionsListEntryTypeDef,
    )

_PAGE = 100

_DELETED = Fault(SecretDeleted, "Restore the secret, or detach and delete its certificates.")
_KEY = Fault(
    Rejected, "Enable the KMS key of the secret, or write the secret again under another key."
)
_NO_VALUE = Fault(Vanished, "Write a value to the secret; nothing is to do if it was deleted.")

MEANINGS = (
    meaning(QUOTA, "LimitExceededException"),
    # One code for several states of a secret; only the words tell them apart.
    meaning(_DELETED, "InvalidRequestException", words=r"(marked|scheduled) for deletion"),
    meaning(_KEY, "DecryptionFailure", "EncryptionFailure"),
    # A token of a list lasts for a while only.
    meaning(NOT_YET, "InvalidNextTokenException"),
)
"""What Secrets Manager's error codes mean (Secrets Manager API Reference, Errors of each action).

`ResourceNotFoundException` is a common code: there is no such secret, or it has no value yet, or
Secrets Manager does not show a new one yet. Rotate asks twice, a minute apart."""

_MEANINGS_OF_VALUES = (meaning(_NO_VALUE, "ResourceNotFoundException"), *MEANINGS)


class ManagedSecrets:
    """The secrets whose name begins with `prefix`."""

    def __init__(self, client: SecretsManagerClient, prefix: str) -> None:
        self._client = client
        self._prefix = prefix

    def list_managed(self) -> Sequence[ManagedSecret]:
        """Return them all, without those that are being deleted; the list lags by minutes."""
        return self._listed([{"Key": "name", "Values": [self._prefix]}])

    def _listed(self, filters: Sequence[FilterTypeDef]) -> list[ManagedSecret]:
        with translated("secretsmanager:ListSecrets", self._named(f"{self._prefix}*"), MEANINGS):
            pages = self._client.get_paginator("list_secrets").paginate(
                Filters=filters,
                PaginationConfig={"PageSize": _PAGE},
            )
            listed = [page.get("SecretList") for page in pages]
        call = f"secretsmanager:ListSecrets for {self._named(f'{self._prefix}*')}"
        secrets: list[ManagedSecret] = []
        for entries in listed:
            if entries is None:
                raise incomplete(call, "SecretList")
            for each in entries:
                name = each.get("Name") or name_in(each.get("ARN", ""))
                if not name:
                    raise incomplete(call, "the name of a secret")
                if not name.startswith(self._prefix):
                    continue
                shown = managed_secret(name, each, each.get("SecretVersionsToStages", {}))
                if "SecretVersionsToStages" in each or shown.is_reference:
                    secrets.append(shown)
                else:
                    with suppress(Vanished, SecretDeleted):
                        secrets.append(self.describe(name))
        return secrets

    def references_to(self, source: str) -> Sequence[ManagedSecret]:
        """Return the secrets whose tag `certrotation:source` is this ARN; the list lags by minutes.

        The filters of ListSecrets match prefixes, keys and values apart (Secrets Manager API
        Reference, ListSecrets, Filter), so the tags of what they let through are compared.
        """
        filters: list[FilterTypeDef] = [
            {"Key": "name", "Values": [self._prefix]},
            {"Key": "tag-key", "Values": [SOURCE]},
            {"Key": "tag-value", "Values": [source]},
        ]
        return [
            each for each in self._listed(filters) if each.tags.get(SOURCE, "").strip() == source
        ]

    def describe(self, secret_id: str) -> ManagedSecret:
        """Return one secret by name or ARN.

        Raises:
            Vanished: there is no such secret.
            SecretDeleted: the secret is scheduled for deletion.
        """
        with translated("secretsmanager:DescribeSecret", self._named(secret_id), MEANINGS):
            answer = self._client.describe_secret(SecretId=secret_id)
        if answer.get("DeletedDate"):
            raise SecretDeleted(
                f"{self._named(secret_id)} is scheduled for deletion.", _DELETED.remedy
            )
        asked = name_in(secret_id) or secret_id
        name = answer.get("Name") or name_in(answer.get("ARN", "")) or asked
        return managed_secret(name, answer, answer.get("VersionIdsToStages", {}))

    def current_value(self, secret_id: str) -> SecretValue:
        """Return what is AWSCURRENT.

        Raises:
            Vanished: there is no such secret, or it has no value.
        """
        action = "secretsmanager:GetSecretValue"
        with translated(action, self._named(secret_id), _MEANINGS_OF_VALUES):
            answer = self._client.get_secret_value(SecretId=secret_id, VersionStage=CURRENT_LABEL)
        return value_in(answer, f"{action} for {self._named(secret_id)}")

    def is_newer(self, secret_id: str, version: str, than: str) -> bool:
        """Return whether `version` was created after `than`; a missing version was not."""
        with translated("secretsmanager:ListSecretVersionIds", self._named(secret_id), MEANINGS):
            created: dict[str, datetime] = {
                each["VersionId"]: each["CreatedDate"]
                for each in version_entries(self._client, secret_id)
                if "VersionId" in each and "CreatedDate" in each
            }
        return {version, than} <= created.keys() and created[version] > created[than]

    def _named(self, secret_id: str) -> str:
        return named(self._client, secret_id)


def named(client: SecretsManagerClient, secret_id: str) -> str:
    """Return how messages name a secret."""
    return f"secret {secret_id} in {client.meta.region_name}"


def version_entries(
    client: SecretsManagerClient, secret_id: str
) -> Iterator[SecretVersionsListEntryTypeDef]:
    """Yield every version, those without a label included; boto3 has no paginator for it."""
    request: dict[str, Any] = {"SecretId": secret_id, "IncludeDeprecated": True}
    while True:
        page = client.list_secret_version_ids(**request, MaxResults=_PAGE)
        yield from page.get("Versions", ())
        if not page.get("NextToken"):
            return
        request["NextToken"] = page["NextToken"]


def value_in(answer: GetSecretValueResponseTypeDef | Mapping[str, Any], call: str) -> SecretValue:
    """Return the value in an answer of GetSecretValue; `call` names the call and its subject."""
    if not answer.get("VersionId"):
        raise incomplete(call, "VersionId")
    return SecretValue(
        version=answer["VersionId"],
        text=answer.get("SecretString"),
        binary=answer.get("SecretBinary"),
    )


def name_in(arn: str) -> str:
    """Return the name in a secret's ARN, which ends in a hyphen and six characters, or nothing."""
    _, is_arn, resource = arn.partition(":secret:")
    return resource[:-7] if is_arn else ""


def managed_secret(
    name: str,
    entry: SecretListEntryTypeDef | DescribeSecretResponseTypeDef | Mapping[str, Any],
    stages: Mapping[str, Sequence[str]],
) -> ManagedSecret:
    """Return a secret as ListSecrets or DescribeSecret shows it; `stages` are its labels."""
    by_label = {label: version for version, labels in stages.items() for label in labels}
    return ManagedSecret(
        name=name,
        arn=entry.get("ARN") or name,
        current_version=by_label.get(CURRENT_LABEL),
        previous_version=by_label.get(PREVIOUS_LABEL),
        last_changed=last_change(touched_at(entry), by_label),
        tags={tag["Key"]: tag.get("Value", "") for tag in entry.get("Tags", ()) if "Key" in tag},
    )


def touched_at(entry: Mapping[str, Any]) -> datetime | None:
    """Return when a secret was last changed in any way, by an issuance too."""
    return entry.get("LastChangedDate") or entry.get("CreatedDate")
