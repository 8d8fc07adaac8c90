"""The account that holds the sources: secrets under a key of its own, with policies for readers."""

from __future__ import annotations

import json
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import boto3

from certrotation.names.source_policies import (
    Reader,
    document,
    key_statements,
    secret_statements,
)
from tests.simulation.estate import clients_with, fields_of
from tests.simulation.runner import HOME

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tests.double import EmbeddedAws
    from tests.support.authority import Issued

CENTRAL = "111122223333"
"""The account of the sources."""
SPOKE = "123456789012"
STACK = "certrotation-test"
_session: Any = boto3.Session
"""Typed by hand: one factory for whichever service is asked for."""


class Central:
    """The account, as whoever administers it sees it."""

    def __init__(
        self, aws: EmbeddedAws, *readers: Reader, region: str = HOME, account: str = CENTRAL
    ) -> None:
        self._aws = aws
        self.region, self.account = region, account
        self.readers = readers or (Reader(SPOKE, HOME, STACK),)
        with aws.unobserved():
            self._keys = credentials_of(account)
            key = self.client("kms").create_key(Policy=json.dumps(self.key_policy))
        self.key = key["KeyMetadata"]["Arn"]

    @property
    def sources(self) -> str:
        """A pattern of all sources here, for the setting `source_secrets`."""
        return f"arn:aws:secretsmanager:{self.region}:{self.account}:secret:shared/*"

    @property
    def key_policy(self) -> dict[str, Any]:
        """The policy that lets the readers decrypt the sources."""
        return document(key_statements(self.readers, [self.sources], self.region))

    def client(self, service: str) -> Any:
        """Return a client with this account's credentials."""
        return _session(**{name.lower(): value for name, value in self._keys.items()}).client(
            service, region_name=self.region
        )

    def secret(
        self,
        name: str,
        value: Issued | Mapping[str, str] | None,
        tags: Mapping[str, str] | None = None,
        *,
        key: str | None = "",
    ) -> str:
        """Create a source that the readers may read, and return its ARN."""
        more: dict[str, Any] = {} if value is None else {"SecretString": _text(value)}
        if key is not None:
            more["KmsKeyId"] = key or self.key
        with self._aws.unobserved():
            made = self.client("secretsmanager").create_secret(
                Name=f"shared/{name}",
                Tags=[{"Key": k, "Value": v} for k, v in (tags or {}).items()],
                **more,
            )
        arn = str(made["ARN"])
        self.share(arn)
        return arn

    def renew(self, arn: str, value: Issued | Mapping[str, str]) -> str:
        """Write renewed material, and return its version id."""
        return str(
            self._do("put_secret_value", SecretId=arn, SecretString=_text(value))["VersionId"]
        )

    def roll_back(self, arn: str) -> None:
        """Move AWSCURRENT to the version that is AWSPREVIOUS."""
        stages = self._do("describe_secret", SecretId=arn)["VersionIdsToStages"]
        by_stage = {stage: version for version, held in stages.items() for stage in held}
        self._do(
            "update_secret_version_stage",
            SecretId=arn,
            VersionStage="AWSCURRENT",
            MoveToVersionId=by_stage["AWSPREVIOUS"],
            RemoveFromVersionId=by_stage["AWSCURRENT"],
        )

    def share(self, arn: str, readers: Sequence[Reader] | None = None) -> None:
        """Let readers read a source: those of the account, or these."""
        statements = secret_statements(self.readers if readers is None else readers)
        self._do(
            "put_resource_policy", SecretId=arn, ResourcePolicy=json.dumps(document(statements))
        )

    def unshare(self, arn: str, *sids: str) -> None:
        """Take statements out of a source's policy."""
        statements = [each for each in secret_statements(self.readers) if each["Sid"] not in sids]
        self._do(
            "put_resource_policy", SecretId=arn, ResourcePolicy=json.dumps(document(statements))
        )

    def set_key_policy(self, policy: Mapping[str, Any]) -> None:
        """Give the key another policy."""
        with self._aws.unobserved():
            self.client("kms").put_key_policy(
                KeyId=self.key, PolicyName="default", Policy=json.dumps(policy)
            )

    def delete(self, arn: str, *, at_once: bool = False) -> None:
        """Schedule a source for deletion, or delete it."""
        self._do("delete_secret", SecretId=arn, ForceDeleteWithoutRecovery=at_once)

    def restore(self, arn: str) -> None:
        """Take the deletion back."""
        self._do("restore_secret", SecretId=arn)

    def _do(self, operation: str, **params: Any) -> Any:
        with self._aws.unobserved():
            return getattr(self.client("secretsmanager"), operation)(**params)


def credentials_of(account: str) -> dict[str, str]:
    """Return the environment variables with credentials of an account."""
    role = f"arn:aws:iam::{account}:role/administrator"
    sts = _session(
        aws_access_key_id="AKIAIOSFODNN7EXAMPLE", aws_secret_access_key="not-a-secret"
    ).client("sts", region_name=HOME)
    keys = sts.assume_role(RoleArn=role, RoleSessionName="administrator")["Credentials"]
    return {
        "AWS_ACCESS_KEY_ID": keys["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": keys["SecretAccessKey"],
        "AWS_SESSION_TOKEN": keys["SessionToken"],
    }


@contextmanager
def acting_in(aws: EmbeddedAws, account: str) -> Iterator[dict[str, str]]:
    """Let tests act in another account, and look at it, until exit.

    Yields the variables that the environment of an estate in that account needs.
    """
    with aws.unobserved():
        variables = credentials_of(account)
    with patch.dict(os.environ, variables), clients_with(variables), aws.looking_at(account):
        yield variables


def _text(value: Issued | Mapping[str, str]) -> str:
    return json.dumps(fields_of(value))
