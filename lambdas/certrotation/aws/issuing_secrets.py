"""The secrets with an issuer: their versions, their labels and their rotation.

Actions: secretsmanager:ListSecrets, secretsmanager:DescribeSecret, secretsmanager:GetSecretValue,
secretsmanager:PutSecretValue, secretsmanager:UpdateSecretVersionStage, secretsmanager:RotateSecret,
secretsmanager:CancelRotateSecret (and kms:Decrypt, kms:GenerateDataKey on a customer managed key).

Secrets Manager begins a rotation with a version that has a label and no value. Such a version is
read by its id: GetSecretValue answers ResourceNotFoundException.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any

from certrotation.aws.errors import Fault, incomplete, meaning, translated
from certrotation.aws.secret_writer import SecretsManagerWriter
from certrotation.aws.secrets import MEANINGS, managed_secret, named, touched_at
from certrotation.core.issuance.note import LABEL
from certrotation.core.material.secret_value import SecretValue
from certrotation.errors import RETRIED, NotYet, SecretDeleted, Vanished
from certrotation.names.service import CURRENT_LABEL, PREVIOUS_LABEL
from certrotation.names.tags import ISSUER
from certrotation.workflows.issuing_ports import VersionedSecret

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mypy_boto3_secretsmanager import SecretsManagerClient

_PAGE = 100
_NO_VALUE = meaning(Fault(Vanished, "The version has no value yet."), "ResourceNotFoundException")
_PENDING = meaning(
    Fault(NotYet, RETRIED), "InvalidRequestException", words="previous rotation isn't complete"
)
BACKSTOP_DAYS = 1_000
"""When Secrets Manager would rotate by itself: the longest that it allows. The look decides."""


_ARN_PARTS = 7
"""Of a function's ARN without version and alias."""

_AT_REST = frozenset({CURRENT_LABEL, PREVIOUS_LABEL})
"""The labels of a secret that no rotation works on."""


class IssuedSecrets:
    """The secrets of a prefix; `function_arn` is the function that rotates them."""

    def __init__(self, client: SecretsManagerClient, prefix: str, function_arn: str | None) -> None:
        self._client = client
        self._prefix = prefix
        self._function_arn = function_arn
        self._writer = SecretsManagerWriter(client)

    def list_issued(self) -> Sequence[VersionedSecret]:
        """Return every secret with an issuer's tag, and those that this function works on.

        A secret without the tag that is not rotated any more is left out, unless a rotation of this
        function has left a label on it.
        """
        with translated("secretsmanager:ListSecrets", self._named(f"{self._prefix}*"), MEANINGS):
            pages = self._client.get_paginator("list_secrets").paginate(
                Filters=[{"Key": "name", "Values": [self._prefix]}],
                PaginationConfig={"PageSize": _PAGE},
            )
            listed = [entry for page in pages for entry in page.get("SecretList", ())]
        return [
            self._versioned(entry["Name"], entry, entry.get("SecretVersionsToStages", {}))
            for entry in listed
            if entry.get("Name", "").startswith(self._prefix) and self._is_listed(entry)
        ]

    def _is_listed(self, entry: Mapping[str, Any]) -> bool:
        if any(each.get("Key") == ISSUER for each in entry.get("Tags", ())):
            return True
        labels = set(chain(*entry.get("SecretVersionsToStages", {}).values()))
        by = entry.get("RotationLambdaARN")
        is_ours = by is not None and self._function_arn is not None and self._is_this(by)
        is_released = not entry.get("RotationEnabled") and _AT_REST.issuperset(labels)
        return LABEL in labels or (is_ours and not is_released)

    def _is_this(self, function_arn: str | None) -> bool:
        """Return whether an ARN, which may have a version or an alias, is that of this function."""
        if self._function_arn is None or function_arn is None:
            return self._function_arn is None
        return ":".join(function_arn.split(":")[:_ARN_PARTS]) == self._function_arn

    def describe(self, secret_id: str) -> VersionedSecret:
        """Return one secret by name or ARN."""
        with translated("secretsmanager:DescribeSecret", self._named(secret_id), MEANINGS):
            answer = self._client.describe_secret(SecretId=secret_id)
        if answer.get("DeletedDate"):
            raise SecretDeleted(
                f"{self._named(secret_id)} is scheduled for deletion.", "Restore the secret."
            )
        if not answer.get("Name"):
            call = f"secretsmanager:DescribeSecret for {self._named(secret_id)}"
            raise incomplete(call, "the secret's name")
        return self._versioned(answer["Name"], answer, answer.get("VersionIdsToStages", {}))

    def value(self, secret_id: str, version: str) -> SecretValue | None:
        """Return the value of a version, or None if the version has none."""
        subject = f"version {version} of {self._named(secret_id)}"
        try:
            with translated("secretsmanager:GetSecretValue", subject, (_NO_VALUE, *MEANINGS)):
                answer = self._client.get_secret_value(SecretId=secret_id, VersionId=version)
        except Vanished:
            return None
        return SecretValue(
            version=version, text=answer.get("SecretString"), binary=answer.get("SecretBinary")
        )

    def put(
        self, secret_id: str, value: SecretValue, label: str, rotation_token: str | None = None
    ) -> None:
        """Write a version under a label; doing it again changes nothing."""
        if rotation_token is None:
            self._writer.put_version(secret_id, value, (label,))
            return
        with translated("secretsmanager:PutSecretValue", self._named(secret_id), MEANINGS):
            self._client.put_secret_value(
                SecretId=secret_id,
                ClientRequestToken=value.version,
                SecretString=value.text or "",
                VersionStages=[label],
                RotationToken=rotation_token,
            )

    def move_label(
        self, secret_id: str, label: str, *, from_version: str | None, to_version: str | None
    ) -> None:
        """Move a staging label, or take it off."""
        self._writer.move_label(secret_id, label, from_version=from_version, to_version=to_version)

    def start_rotation(self, secret_id: str, token: str) -> None:
        """Let Secrets Manager run the steps of a rotation; it answers before they ran."""
        request: dict[str, Any] = {
            "SecretId": secret_id,
            "ClientRequestToken": token,
            "RotationRules": {"AutomaticallyAfterDays": BACKSTOP_DAYS},
            "RotateImmediately": True,
            **({"RotationLambdaARN": self._function_arn} if self._function_arn else {}),
        }
        with translated(
            "secretsmanager:RotateSecret", self._named(secret_id), (_PENDING, *MEANINGS)
        ):
            self._client.rotate_secret(**request)

    def cancel_rotation(self, secret_id: str) -> None:
        """Turn the rotation of a secret off."""
        with translated("secretsmanager:CancelRotateSecret", self._named(secret_id), MEANINGS):
            self._client.cancel_rotate_secret(SecretId=secret_id)

    def _named(self, secret_id: str) -> str:
        return named(self._client, secret_id)

    def _versioned(
        self, name: str, entry: Mapping[str, Any], stages: Mapping[str, Sequence[str]]
    ) -> VersionedSecret:
        by = entry.get("RotationLambdaARN")
        return VersionedSecret(
            secret=managed_secret(name, entry, stages),
            labels={label: version for version, labels in stages.items() for label in labels},
            versions=frozenset(stages),
            is_rotated=bool(entry.get("RotationEnabled")),
            rotated_by=by,
            is_ours=self._is_this(by),
            touched=touched_at(entry),
        )
