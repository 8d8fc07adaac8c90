"""The account at a CA, in a secret of its own outside the prefix of managed secrets.

Actions: secretsmanager:GetSecretValue, secretsmanager:CreateSecret, secretsmanager:PutSecretValue.
"""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING
from uuid import uuid4

from certrotation.aws.errors import Fault, incomplete, meaning, translated
from certrotation.aws.secrets import MEANINGS, named
from certrotation.errors import NotYet, Vanished, without_frames
from certrotation.issuers.account import (
    AcmeAccount,
    account_document,
    new_account_key,
    read_account,
)

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from mypy_boto3_secretsmanager import SecretsManagerClient

_MEANINGS = (
    meaning(Fault(Vanished, "The account is made by the function."), "ResourceNotFoundException"),
    meaning(Fault(NotYet, "The secret is read again."), "ResourceExistsException"),
    *MEANINGS,
)


TRIES = 3
"""How often a secret that somebody else writes at the same time is read."""


class AccountSecret:
    """The secret with this name; the function makes it, and a person may add a binding."""

    def __init__(self, client: SecretsManagerClient, name: str) -> None:
        self._client = client
        self._name = name

    def read_or_create(self) -> AcmeAccount:
        """Return the account; if there is none, one with a new key, which is stored first.

        A key that was used and not stored would be lost, and with it the account. Of several that
        store a first key at the same time, AWS takes one: the name of the secret is taken, or the
        id of the version, which is made of the id of the version that was read. The others read
        the secret again.

        Raises:
            NotYet: somebody else has stored a key, which Secrets Manager does not return yet.
        """
        for _ in range(TRIES):
            try:
                return self._read_or_store_key()
            except NotYet as error:
                last = without_frames(error)
        raise last

    def read(self) -> AcmeAccount | None:
        """Return the account as it is stored; None if nothing is stored."""
        found = self._read()
        return found[0] if found else None

    def _read_or_store_key(self) -> AcmeAccount:
        found = self._read()
        if found is None:
            account = AcmeAccount(key=new_account_key())
            with self._translated("CreateSecret"):
                self._client.create_secret(
                    Name=self._name,
                    Description="The account of certrotation at a certificate authority",
                    SecretString=account_document(account),
                    ClientRequestToken=str(uuid4()),
                )
            return account
        account, version = found
        if account.is_new:
            self._put(account, sha256(f"the first key after {version}".encode()).hexdigest())
        return account._replace(is_new=False)

    def _read(self) -> tuple[AcmeAccount, str] | None:
        """Return the account, and the id of the version that holds it."""
        try:
            with self._translated("GetSecretValue"):
                answer = self._client.get_secret_value(SecretId=self._name)
        except Vanished:
            return None
        document, version = answer.get("SecretString"), answer.get("VersionId")
        if not document or not version:
            call = f"secretsmanager:GetSecretValue for {named(self._client, self._name)}"
            raise incomplete(call, "SecretString" if version else "VersionId")
        return read_account(document, self._name), version

    def store(self, account: AcmeAccount) -> None:
        """Write a new version."""
        self._put(account, str(uuid4()))

    def _put(self, account: AcmeAccount, token: str) -> None:
        with self._translated("PutSecretValue"):
            self._client.put_secret_value(
                SecretId=self._name,
                SecretString=account_document(account),
                ClientRequestToken=token,
            )

    def _translated(self, operation: str) -> AbstractContextManager[None]:
        subject = named(self._client, self._name)
        return translated(f"secretsmanager:{operation}", subject, _MEANINGS)
