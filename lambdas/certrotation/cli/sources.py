"""What a person does at the source of a reference: nothing is written through the reference."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from certrotation.errors import SettingsError
from certrotation.names.service import CURRENT_LABEL
from certrotation.names.sources import SourceArn
from certrotation.names.tags import SOURCE

if TYPE_CHECKING:
    from certrotation.core.estate.inventory import ManagedSecret


def rollback_of(secret: ManagedSecret, version: str | None) -> SettingsError:
    """Return the error that says how to roll back the source of a reference.

    Args:
        secret: the reference, described.
        version: the version that is wanted; None is the one before the current.
    """
    source = SourceArn.parse(secret.tags[SOURCE].strip())
    if source is None:
        return _no_source(secret)
    is_known = secret.origin is not None
    current = secret.current_version if is_known else None
    target = version or (secret.previous_version if is_known else None)
    command = (
        *("aws", "secretsmanager", "update-secret-version-stage", "--region", source.region),
        *("--secret-id", source.arn, "--version-stage", CURRENT_LABEL, "--remove-from-version-id"),
    )
    return SettingsError(
        f"{secret.name} is a reference: its value is that of {source.arn}.",
        f"Roll back the source with credentials of account {source.account}:"
        f" {shlex.join(command)} {current or '<AWSCURRENT>'}"
        f" --move-to-version-id {target or '<AWSPREVIOUS>'}"
        + ("" if current and target else f" {_where_ids_are(source)}"),
    )


def _where_ids_are(source: SourceArn) -> str:
    command = ("aws", "secretsmanager", "describe-secret", "--region", source.region)
    return (
        f"The version ids are in: {shlex.join((*command, '--secret-id', source.arn))}"
        " --query VersionIdsToStages"
    )


def import_of(secret: ManagedSecret) -> SettingsError:
    """Return the error that says where to write the material of a reference."""
    source = SourceArn.parse(secret.tags[SOURCE].strip())
    if source is None:
        return _no_source(secret)
    command = ("aws", "secretsmanager", "put-secret-value", "--region", source.region)
    return SettingsError(
        f"{secret.name} is a reference: its value is that of {source.arn}.",
        f"Write the source with credentials of account {source.account}:"
        f" {shlex.join((*command, '--secret-id', source.arn))} --secret-string file://secret.json",
    )


def _no_source(secret: ManagedSecret) -> SettingsError:
    return SettingsError(
        f"{secret.name} is a reference, and its tag {SOURCE} is not the full ARN of a secret.",
        "Correct the tag, or remove it.",
    )
