"""The policies in the account of a source, by which the roles of other accounts may read it.

Each statement names accounts as principals and the full ARNs of roles as a condition. A role as a
principal would have to exist when the policy is written, and AWS replaces it by an id which a role
that is created again does not have (IAM User Guide, AWS JSON policy elements: Principal). A pattern
of role names would let whoever may create a role in one of the accounts read the key.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from certrotation.names.environment import DEFAULT_STACK_NAME
from certrotation.names.service import ROTATE_ROLE, SCAN_ROLE, role_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

VERSION = "2012-10-17"


class Reader(NamedTuple):
    """A deployment of this service in another account."""

    account: str
    region: str
    """The home Region of the deployment."""
    stack: str = DEFAULT_STACK_NAME
    partition: str = "aws"

    @property
    def scan_role(self) -> str:
        """The ARN of the role of scan."""
        return self._role(SCAN_ROLE)

    @property
    def rotate_role(self) -> str:
        """The ARN of the role of rotate."""
        return self._role(ROTATE_ROLE)

    def _role(self, function: str) -> str:
        name = role_name(self.stack, self.region, function)
        return f"arn:{self.partition}:iam::{self.account}:role/{name}"


def secret_statements(readers: Sequence[Reader]) -> list[dict[str, Any]]:
    """Return the statements for the resource policy of a source."""
    rotate = [each.rotate_role for each in readers]
    both = [each.scan_role for each in readers] + rotate
    return [
        _statement("CertrotationDescribes", readers, both, "secretsmanager:DescribeSecret"),
        _statement("CertrotationReads", readers, rotate, "secretsmanager:GetSecretValue"),
    ]


def key_statements(
    readers: Sequence[Reader],
    sources: Sequence[str],
    region: str,
    url_suffix: str = "amazonaws.com",
) -> list[dict[str, Any]]:
    """Return the statements for the policy of the KMS key of sources.

    Args:
        readers: who may read them.
        sources: the ARNs of the sources, or patterns of these.
        region: the Region of the key.
        url_suffix: how the host names of AWS end in the partition.
    """
    conditions = {
        "StringEquals": {"kms:ViaService": f"secretsmanager.{region}.{url_suffix}"},
        "StringLike": {"kms:EncryptionContext:SecretARN": list(sources)},
    }
    rotate = [each.rotate_role for each in readers]
    return [_statement("CertrotationDecrypts", readers, rotate, "kms:Decrypt", conditions)]


def document(statements: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """Return a policy document."""
    return {"Version": VERSION, "Statement": list(statements)}


def _statement(
    sid: str,
    readers: Sequence[Reader],
    roles: Sequence[str],
    action: str,
    conditions: dict[str, Any] | None = None,
) -> dict[str, Any]:
    accounts = dict.fromkeys(f"arn:{e.partition}:iam::{e.account}:root" for e in readers)
    return {
        "Sid": sid,
        "Effect": "Allow",
        "Principal": {"AWS": list(accounts)},
        "Action": action,
        "Resource": "*",
        "Condition": {**(conditions or {}), "ArnEquals": {"aws:PrincipalArn": list(roles)}},
    }
