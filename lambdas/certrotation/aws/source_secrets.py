"""Secrets of other accounts, in the Regions that their ARNs name.

Actions: secretsmanager:DescribeSecret, secretsmanager:GetSecretValue, and kms:Decrypt with the
secret's key. Three policies must allow them: that of the role, that of the secret, and that of the
key, which the caller uses through Secrets Manager (Secrets Manager User Guide, Access secrets from
a different account).

AWS names the type of policy that denies in most messages (IAM User Guide, Troubleshoot access
denied error messages): of several, one. It leaves the reason out in others, and a denial by KMS
reaches the caller as "Access to KMS is not allowed", which does not tell the policy of the role
from that of the key. The remedies say which part of them is inferred.

If a member of an answer is absent: a description without versions has no current version, one
without an ARN is taken to be that of the secret that was asked for, and a value without a version
id is read again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from certrotation.aws.errors import Fault, meaning, translated
from certrotation.aws.secrets import MEANINGS, managed_secret, name_in, value_in
from certrotation.errors import SourceDenied, SourceGone, SourceMalformed
from certrotation.names.service import CURRENT_LABEL

if TYPE_CHECKING:
    from collections.abc import Callable

    from certrotation.core.estate.inventory import ManagedSecret
    from certrotation.core.material.secret_value import SecretValue


class SourceUnshareable(SourceDenied):
    """The key of the source is one that no other account can use, whoever asks."""


_DENIALS = ("AccessDeniedException", "AccessDenied")
_SHOWN = "docs/accounts.md shows the statement."
_ROLE = Fault(
    SourceDenied,
    "The policy of the role denies it. Add the source to the setting source_secrets and deploy the"
    " stack.",
)
_ROLE_OF_KEY = Fault(
    SourceDenied,
    "The policy of the role denies the KMS key of the source. Add the source to the setting"
    " source_secrets and deploy the stack.",
)
_KEY = Fault(
    SourceDenied,
    f"The policy of the source's KMS key denies it. Allow kms:Decrypt to the role there. {_SHOWN}",
)
_PROBABLY_KEY = Fault(
    SourceDenied,
    "Inferred: the policy of the source's KMS key denies it, because AWS names no policy here and"
    " the policy of the role allows the keys of all accounts in the setting source_secrets. Allow"
    f" kms:Decrypt to the role in the key's policy. {_SHOWN}",
)
_AWS_KEY = Fault(
    SourceUnshareable,
    "The source is encrypted with the key aws/secretsmanager, which no other account can use."
    " Encrypt it with a customer managed key, write the value again, and allow kms:Decrypt to the"
    f" role in the key's policy. {_SHOWN}",
)
_SECRET = Fault(
    SourceDenied,
    "The resource policy of the source denies it. Allow the action to the role there."
    f" {_SHOWN} Inferred: AWS answers the same if the source does not exist, so check its ARN too.",
)
_PROBABLY_SECRET = Fault(
    SourceDenied,
    "Inferred: the resource policy of the source denies it, because AWS names no policy here and"
    " the policy of the role allows what the setting source_secrets names. Allow the action to the"
    f" role in the source's policy. {_SHOWN}",
)
_OTHER_POLICY = Fault(
    SourceDenied,
    "Another policy than the three of a reference denies it. Allow the action in a policy of the"
    " type that AWS names.",
)
_GONE = Fault(
    SourceGone,
    "Restore the source, or write a value to it; or name another source in the tag"
    " certrotation:source. If the certificates are no longer needed, delete this secret, and detach"
    " and delete them.",
)
_BY_ROLE = "identity-based policy"
_BY_RESOURCE = "resource-based policy"
_BY_OTHERS = "(service control|resource control|session|VPC endpoint) polic|permissions boundary"
_OF_KMS = "Access to KMS|perform: kms:"

_MEANINGS = (
    meaning(_OTHER_POLICY, *_DENIALS, words=_BY_OTHERS),
    meaning(_ROLE_OF_KEY, *_DENIALS, words=f"({_OF_KMS}).*{_BY_ROLE}"),
    meaning(_KEY, *_DENIALS, words=f"({_OF_KMS}).*{_BY_RESOURCE}"),
    meaning(_PROBABLY_KEY, *_DENIALS, words=_OF_KMS),
    meaning(_ROLE, *_DENIALS, words=_BY_ROLE),
    meaning(_SECRET, *_DENIALS, words=_BY_RESOURCE),
    meaning(_PROBABLY_SECRET, *_DENIALS),
    meaning(_AWS_KEY, "InvalidRequestException", words="default KMS"),
    meaning(_GONE, "InvalidRequestException", words=r"(marked|scheduled) for deletion"),
    meaning(_GONE, "ResourceNotFoundException"),
    *MEANINGS,
)


class SourceSecrets:
    """Secrets of other accounts; `clients` returns a client of Secrets Manager in a Region."""

    def __init__(self, clients: Callable[[str], Any]) -> None:
        self._clients = clients

    def describe(self, arn: str) -> ManagedSecret:
        """Return a source by its ARN.

        Raises:
            SourceDenied: the policy of the role or of the secret denies it.
            SourceGone: there is no such secret, or it is scheduled for deletion.
            SourceMalformed: the ARN is not the full ARN of the secret that AWS found.
        """
        with translated("secretsmanager:DescribeSecret", f"the source {arn}", _MEANINGS):
            answer = self._client(arn).describe_secret(SecretId=arn)
        if answer.get("DeletedDate"):
            raise SourceGone(f"The source {arn} is scheduled for deletion.", _GONE.remedy)
        full = answer.get("ARN") or arn
        if full != arn:
            raise SourceMalformed(
                f"The tag certrotation:source names {arn}, and the full ARN is {full}.",
                "Write the full ARN to the tag.",
            )
        name = answer.get("Name") or name_in(arn)
        return managed_secret(name, {**answer, "ARN": arn}, answer.get("VersionIdsToStages", {}))

    def current_value(self, arn: str) -> SecretValue:
        """Return what is AWSCURRENT in a source.

        Raises:
            SourceDenied: one of the three policies denies it.
            SourceGone: there is no such secret, or it has no value.
        """
        action = "secretsmanager:GetSecretValue"
        with translated(action, f"the source {arn}", _MEANINGS):
            answer = self._client(arn).get_secret_value(SecretId=arn, VersionStage=CURRENT_LABEL)
        return value_in(answer, f"{action} for the source {arn}")

    def _client(self, arn: str) -> Any:
        return self._clients(arn.split(":")[3])
