"""Secrets Manager: versions and their staging labels, and what a list tells of them."""

from __future__ import annotations

import base64
import copy
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from moto.secretsmanager.models import FakeSecret, SecretsStore, secretsmanager_backends

from tests.double.world import Answer, Forwarded, Refusal, Request, succeeded

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from moto.secretsmanager.models import SecretsManagerBackend

    from tests.double.world import World

_MAX_VALUE_BYTES = 65_536


def stored(world: World, region: str) -> SecretsStore:
    """Return a copy of a Region's secrets, for reads that lag behind."""
    return copy.deepcopy(secretsmanager_backends[world.account_id][region].secrets)


@contextmanager
def _as_seen(request: Request, kind: str) -> Iterator[None]:
    """Let moto read the snapshot of this kind, if there is one."""
    backend = _backend(request)
    live = backend.secrets
    snapshot = request.world.snapshots.get(kind)
    backend.secrets = snapshot[request.region] if snapshot else live
    try:
        yield
    finally:
        backend.secrets = live


def get_secret_value(request: Request) -> Forwarded:
    """Secrets Manager API Reference, GetSecretValue.

    A version that a rotation has begun has no value: moto knows no such version.
    """
    secret = _backend(request).secrets.get(request.params["SecretId"])
    wanted = request.params.get("VersionId")
    if isinstance(secret, FakeSecret) and _is_empty(secret.versions.get(wanted or "")):
        raise Refusal(
            "ResourceNotFoundException",
            f"Secrets Manager can't find the specified secret value for VersionId: {wanted}",
        )
    with _as_seen(request, "secret_values"):
        return request.forward()


def list_secrets(request: Request) -> Mapping[str, Any]:
    """Secrets Manager API Reference, ListSecrets: pages of at most 100.

    A secret marked for deletion is hidden unless it is asked for.
    """
    params = request.params
    with _as_seen(request, "list_secrets"):
        everything, _ = _backend(request).list_secrets(
            filters=params.get("Filters", []),
            max_results=len(_backend(request).secrets) or 1,
            include_planned_deletion=params.get("IncludePlannedDeletion", False),
        )
    page, token = request.page(everything, maximum=100, size="MaxResults", token="NextToken")
    return {"SecretList": page, "NextToken": token}


def list_secret_version_ids(request: Request) -> Mapping[str, Any]:
    """Secrets Manager API Reference, ListSecretVersionIds.

    Versions without a label only on request; moto dates every version with the present.
    """
    secret = _secret(request)
    versions = [
        {
            "VersionId": version_id,
            "VersionStages": version["version_stages"],
            "CreatedDate": version["createdate"],
        }
        for version_id, version in secret.versions.items()
        if version["version_stages"] or request.params.get("IncludeDeprecated")
    ]
    page, token = request.page(versions, maximum=100, size="MaxResults", token="NextToken")
    return {"ARN": secret.arn, "Name": secret.name, "Versions": page, "NextToken": token}


def put_secret_value(request: Request) -> Mapping[str, Any]:
    """Secrets Manager API Reference, PutSecretValue: a version's content never changes.

    The same token with the same content changes nothing, with other content it is refused; moto
    overwrites a pending version. Labels other than AWSCURRENT stay with the versions before.
    """
    _check_size(request)
    secret = _secret(request)
    params = request.params
    version_id = params["ClientRequestToken"]
    content = _content(params)
    known = secret.versions.get(version_id)
    if known is None or _is_empty(known):
        now = datetime.now(UTC).timestamp()
        secret.versions[version_id] = {
            "version_id": version_id,
            "createdate": now,
            "version_stages": known["version_stages"] if known else [],
            **content,
        }
        for stage in params.get("VersionStages", ["AWSCURRENT"]):
            _move_stage(secret, stage, version_id)
        if secret.default_version_id is None:
            _move_stage(secret, "AWSCURRENT", version_id)
        _touch(secret)
    elif content != {name: known[name] for name in _CONTENT if name in known}:
        raise Refusal(
            "ResourceExistsException",
            f"You can't use ClientRequestToken {version_id} because that value is already in use "
            f"for a version of secret {secret.arn}.",
        )
    return {
        "ARN": secret.arn,
        "Name": secret.name,
        "VersionId": version_id,
        "VersionStages": secret.versions[version_id]["version_stages"],
    }


def update_secret_version_stage(request: Request) -> Mapping[str, Any]:
    """Secrets Manager API Reference, UpdateSecretVersionStage.

    Moving AWSCURRENT moves AWSPREVIOUS to the version that had it; a label on a version must be
    named in RemoveFromVersionId. Moto goes on reading the version that was current before.
    """
    params = request.params
    secret = _secret(request)
    stage, target = params["VersionStage"], params.get("MoveToVersionId")
    source, holder = params.get("RemoveFromVersionId"), _holder(secret, stage)
    for version_id in filter(None, (source, target)):
        if version_id not in secret.versions:
            raise Refusal("InvalidParameterException", f"Not a valid version: {version_id}")
    if holder not in (source, None) and holder != target:
        raise Refusal(
            "InvalidParameterException",
            f"The parameter RemoveFromVersionId can't be empty or name another version: staging "
            f"label {stage} is currently attached to version {holder}.",
        )
    if stage == "AWSCURRENT" and target is None:
        raise Refusal("InvalidParameterException", "You can only move staging label AWSCURRENT.")
    if target is not None:
        _move_stage(secret, stage, target)
    elif holder is not None:
        secret.versions[holder]["version_stages"].remove(stage)
    _touch(secret)
    return {"ARN": secret.arn, "Name": secret.name}


def rotate_secret(request: Request) -> Mapping[str, Any]:
    """Secrets Manager API Reference, RotateSecret: begins a rotation, and does not wait for it.

    A version without a value gets AWSPENDING. While one is pending no other rotation begins. Moto
    runs the steps at once, ignores their errors, and makes an empty version AWSCURRENT.
    """
    secret, params = _secret(request), request.params
    function = params.get("RotationLambdaARN") or secret.rotation_lambda_arn
    if not function:
        raise Refusal(
            "InvalidRequestException",
            "No Lambda rotation function ARN is associated with this secret.",
        )
    pending, current = _holder(secret, "AWSPENDING"), _holder(secret, "AWSCURRENT")
    if pending not in {None, current}:
        raise Refusal(
            "InvalidRequestException",
            "A previous rotation isn't complete. That rotation will be reattempted.",
        )
    secret.rotation_lambda_arn, secret.rotation_enabled = function, True
    secret.rotation_requested = True
    token = params["ClientRequestToken"]
    if pending is not None:
        secret.versions[pending]["version_stages"].remove("AWSPENDING")
    secret.versions[token] = {
        "version_id": token,
        "createdate": datetime.now(UTC).timestamp(),
        "version_stages": ["AWSPENDING"],
    }
    _touch(secret)
    request.world.rotations.append((secret.arn, token))
    return {"ARN": secret.arn, "Name": secret.name, "VersionId": token}


def cancel_rotate_secret(request: Request) -> Mapping[str, Any]:
    """Secrets Manager API Reference, CancelRotateSecret: AWSPENDING stays where it is."""
    secret = _secret(request)
    secret.rotation_enabled = False
    _touch(secret)
    return {"ARN": secret.arn, "Name": secret.name}


def end_rotation(world: World, region: str, arn: str) -> None:
    """Take AWSPENDING off AWSCURRENT's version, as the service does after a rotation."""
    secret = secretsmanager_backends[world.account_id][region].secrets.get(arn)
    if not isinstance(secret, FakeSecret):
        return
    pending, current = _holder(secret, "AWSPENDING"), _holder(secret, "AWSCURRENT")
    if pending is not None and pending == current:
        secret.versions[pending]["version_stages"].remove("AWSPENDING")


def _is_empty(version: Mapping[str, Any] | None) -> bool:
    return version is not None and not any(each in version for each in _CONTENT)


def checking_size(request: Request) -> Forwarded:
    """CreateSecret and UpdateSecret: a value has at most 65,536 bytes; moto has no limit."""
    _check_size(request)
    return request.forward()


def changing(request: Request) -> Forwarded:
    """Secrets Manager API Reference, SecretListEntry, LastChangedDate: changed in any way.

    Moto leaves the date when tags change.
    """
    answer = request.forward()
    if succeeded(answer):
        _touch(_secret(request))
    return answer


_CONTENT = ("secret_string", "secret_binary")


def _content(params: Mapping[str, Any]) -> dict[str, str]:
    """Return a version's content as moto keeps it: text, or bytes as base64."""
    if "SecretString" in params:
        return {"secret_string": params["SecretString"]}
    if "SecretBinary" in params:
        return {"secret_binary": base64.b64encode(params["SecretBinary"]).decode()}
    raise Refusal(
        "InvalidRequestException", "You must provide either SecretString or SecretBinary."
    )


def _check_size(request: Request) -> None:
    """Secrets Manager API Reference, PutSecretValue: at most 65,536 bytes."""
    value = request.params.get("SecretString", "").encode() or request.params.get("SecretBinary")
    if value and len(value) > _MAX_VALUE_BYTES:
        raise Refusal(
            "ValidationException",
            "1 validation error detected: the secret value failed to satisfy constraint: Member "
            f"must have length less than or equal to {_MAX_VALUE_BYTES}",
        )


def _backend(request: Request) -> SecretsManagerBackend:
    return secretsmanager_backends[request.world.account_id][request.region]


def _secret(request: Request) -> FakeSecret:
    secret = _backend(request).secrets.get(request.params["SecretId"])
    if not isinstance(secret, FakeSecret):
        raise Refusal(
            "ResourceNotFoundException", "Secrets Manager can't find the specified secret."
        )
    if secret.is_deleted():
        raise Refusal(
            "InvalidRequestException",
            "You can't perform this operation on the secret because it was marked for deletion.",
        )
    return secret


def _holder(secret: FakeSecret, stage: str) -> str | None:
    """Return the version that carries a label."""
    for version_id, version in secret.versions.items():
        if stage in version["version_stages"]:
            return version_id
    return None


def _move_stage(secret: FakeSecret, stage: str, target: str) -> None:
    """Put a label on a version, off any other; AWSCURRENT leaves AWSPREVIOUS behind."""
    holder = _holder(secret, stage)
    if holder == target:
        return
    if holder is not None:
        secret.versions[holder]["version_stages"].remove(stage)
    secret.versions[target]["version_stages"].append(stage)
    if stage == "AWSCURRENT":
        secret.set_default_version_id(target)
        if holder is not None:
            _move_stage(secret, "AWSPREVIOUS", holder)


def _touch(secret: FakeSecret) -> None:
    secret.last_changed_date = int(datetime.now(UTC).timestamp())


ANSWERS: dict[str, Answer] = {
    "CancelRotateSecret": cancel_rotate_secret,
    "CreateSecret": checking_size,
    "GetSecretValue": get_secret_value,
    "ListSecretVersionIds": list_secret_version_ids,
    "ListSecrets": list_secrets,
    "PutSecretValue": put_secret_value,
    "RotateSecret": rotate_secret,
    "TagResource": changing,
    "UntagResource": changing,
    "UpdateSecret": checking_size,
    "UpdateSecretVersionStage": update_secret_version_stage,
}
