"""Secrets of other accounts: found by their full ARN, and judged by three policies.

Secrets Manager User Guide, Access secrets from a different account: the policy of the caller, the
resource policy of the secret and the policy of its KMS key, which must be customer managed. The
words are those of IAM's User Guide, Troubleshoot access denied error messages; "Access to KMS is
not allowed" and the sentence on the default key are known from reports only.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from moto.kms.models import kms_backends
from moto.secretsmanager.models import FakeSecret, secretsmanager_backends

from tests.double.world import Answer, Refusal, Request

if TYPE_CHECKING:
    from collections.abc import Mapping

    from moto.kms.models import Key

_KEY_SEPARATOR = ":key/"


def across_accounts(answers: Mapping[str, Answer]) -> dict[str, Answer]:
    """Return answers that find the secrets of other accounts too."""
    return dict(answers) | {
        name: _routed(name, answers.get(name, _forward), answer)
        for name, answer in {"DescribeSecret": _describe, "GetSecretValue": _value}.items()
    }


def _forward(request: Request) -> Any:
    return request.forward()


def _routed(operation: str, own: Answer, foreign: Any) -> Answer:
    def answer(request: Request) -> Any:
        parts = str(request.params.get("SecretId", "")).split(":")
        is_foreign = len(parts) > 4 and parts[4] != request.world.account_id
        if not is_foreign:
            return own(request)
        return foreign(request, _readable(request, f"secretsmanager:{operation}"))

    return answer


def _readable(request: Request, action: str) -> FakeSecret:
    """Return a secret of another account that the caller may use.

    A secret that does not exist has no policy either. Inferred: no document says which of the two
    AWS answers; by default, that there is none.
    """
    arn = request.params["SecretId"]
    _require_role(request, action, arn)
    _, _, _, region, account, *_ = arn.split(":")
    if region != request.region:
        raise _gone()
    secret = secretsmanager_backends[account][region].secrets.get(arn)
    if not isinstance(secret, FakeSecret) or secret.arn != arn:
        raise _gone()
    if not allows(json.loads(secret.policy or "{}"), _principal(request), action):
        reason = f"no resource-based policy allows the {action} action"
        raise _denial(request, action, arn, reason)
    if secret.is_deleted() and action != "secretsmanager:DescribeSecret":
        raise Refusal(
            "InvalidRequestException",
            "You can't perform this operation on the secret because it was marked for deletion.",
        )
    return secret


def _describe(request: Request, secret: FakeSecret) -> Mapping[str, Any]:
    """Secrets Manager API Reference, DescribeSecret."""
    del request
    described = secret.to_dict()
    described.pop("SecretVersionsToStages", None)
    return {name: value for name, value in described.items() if value is not None}


def _value(request: Request, secret: FakeSecret) -> Mapping[str, Any]:
    """Secrets Manager API Reference, GetSecretValue; with the key in the caller's name."""
    _require_key(request, secret)
    wanted = request.params.get("VersionId")
    stage = request.params.get("VersionStage", "AWSCURRENT")
    for version_id, version in secret.versions.items():
        if version_id == wanted or (wanted is None and stage in version["version_stages"]):
            members = {
                "SecretString": version.get("secret_string"),
                "SecretBinary": version.get("secret_binary"),
            }
            return {
                "ARN": secret.arn,
                "Name": secret.name,
                "VersionId": version_id,
                "VersionStages": version["version_stages"],
                **{name: value for name, value in members.items() if value is not None},
            }
    raise Refusal(
        "ResourceNotFoundException",
        f"Secrets Manager can't find the specified secret value for staging label: {stage}",
    )


def _require_key(request: Request, secret: FakeSecret) -> None:
    if _KEY_SEPARATOR not in (secret.kms_key_id or ""):
        raise Refusal(
            "InvalidRequestException",
            "You can't access a secret from a different AWS account if you encrypt the secret with"
            " the default KMS service key.",
        )
    key = _key_of(secret)
    context = {
        "kms:ViaService": f"secretsmanager.{request.region}.amazonaws.com",
        "kms:EncryptionContext:SecretARN": secret.arn,
    }
    denied = "kms:Decrypt" in request.world.behaviour.denied_to_role
    if denied or not allows(json.loads(key.policy), _principal(request), "kms:Decrypt", context):
        raise Refusal("AccessDeniedException", "Access to KMS is not allowed")


def _key_of(secret: FakeSecret) -> Key:
    _, _, _, region, account, resource = str(secret.kms_key_id).split(":", 5)
    return kms_backends[account][region].keys[resource.removeprefix("key/")]


def _principal(request: Request) -> str:
    return f"arn:aws:iam::{request.world.account_id}:role/{request.world.role}"


def _require_role(request: Request, action: str, resource: str) -> None:
    if action in request.world.behaviour.denied_to_role:
        reason = f"no identity-based policy allows the {action} action"
        raise _denial(request, action, resource, reason)


def _denial(request: Request, action: str, resource: str, reason: str) -> Refusal:
    world = request.world
    session = f"arn:aws:sts::{world.account_id}:assumed-role/{world.role}/{world.role}"
    because = f" because {reason}" if world.behaviour.names_policies else ""
    return Refusal(
        "AccessDeniedException",
        f"User: {session} is not authorized to perform: {action} on resource: {resource}{because}",
    )


def _gone() -> Refusal:
    return Refusal("ResourceNotFoundException", "Secrets Manager can't find the specified secret.")


def allows(
    policy: Mapping[str, Any],
    principal: str,
    action: str,
    context: Mapping[str, str] | None = None,
) -> bool:
    """Return whether a resource-based policy allows an action to a role of another account.

    Only what the policies of this project use is known; everything else is an error.
    """
    keys = {"aws:PrincipalArn": principal, **(context or {})}
    account = principal.split(":")[4]
    named = {principal, account, f"arn:aws:iam::{account}:root"}
    return any(
        not named.isdisjoint(_listed(each["Principal"]["AWS"]))
        and any(is_like(action, pattern) for pattern in _listed(each["Action"]))
        and all(
            _holds(operator, keys.get(key), _listed(wanted))
            for operator, conditions in each.get("Condition", {}).items()
            for key, wanted in conditions.items()
        )
        for each in policy.get("Statement", ())
        if each["Effect"] == "Allow"
    )


def _holds(operator: str, value: str | None, wanted: list[str]) -> bool:
    if value is None:
        # IAM User Guide, Condition operators: an absent key matches a negated operator alone.
        return operator == "StringNotEquals"
    match operator:
        case "StringEquals":
            return value in wanted
        case "StringNotEquals":
            return value not in wanted
        case "StringLike":
            return any(is_like(value, each) for each in wanted)
        case "ArnEquals" | "ArnLike":
            return any(_is_arn_like(value, each) for each in wanted)
        case _:
            raise AssertionError(f"The double does not know {operator}.")


def is_like(value: str, pattern: str) -> bool:
    """Return whether a value matches a pattern of IAM's."""
    expression = re.escape(pattern).replace(r"\*", ".*").replace(r"\?", ".")
    return re.fullmatch(expression, value) is not None


def _is_arn_like(value: str, pattern: str) -> bool:
    """IAM User Guide, Condition operators: each part of the ARN is checked separately."""
    values, patterns = value.split(":", 5), pattern.split(":", 5)
    return len(values) == len(patterns) and all(map(is_like, values, patterns))


def _listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value
