"""The account at a CA, in a secret of its own outside the prefix of managed secrets.

Actions: secretsmanager:GetSecretValue, secretsmanager:CreateSecret, secretsmanager:PutSecretValue.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

from certrotation.aws.errors import Fault, incomplete, meaning, translated
from certrotation.aws.secrets import MEANINGS, named
from certrotation.errors import NotYet, Vanished
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


class AccountSecret:
    """The secret with this name; the function makes it, and a person may add a binding."""

    def __init__(self, client: SecretsManagerClient, name: str) -> None:
        self._client = client
        self._name = name

    def read_or_create(self) -> AcmeAccount:
        """Return the account; if there is none, one with a new key, which is stored first.

        A key that was used and not stored would be lost, and with it the account.
        """
        try:
            with self._translated("GetSecretValue"):
                answer = self._client.get_secret_value(SecretId=self._name)
        except Vanished:
            account = AcmeAccount(key=new_account_key())
            with self._translated("CreateSecret"):
                self._client.create_secret(
                    Name=self._name,
                    Description="The account of certrotation at a certificate authority",
                    SecretString=account_document(account),
                    ClientRequestToken=str(uuid4()),
                )
            return account
        document = answer.get("SecretString")
        if not document:
            call = f"secretsmanager:GetSecretValue for {named(self._client, self._name)}"
            raise incomplete(call, "SecretString")
        account = read_account(document, self._name)
        if account.url is None:
            self.store(account)
        return account

    def store(self, account: AcmeAccount) -> None:
        """Write a new version."""
        with self._translated("PutSecretValue"):
            self._client.put_secret_value(
                SecretId=self._name,
                SecretString=account_document(account),
                ClientRequestToken=str(uuid4()),
            )

    def _translated(self, operation: str) -> AbstractContextManager[None]:
        subject = named(self._client, self._name)
        return translated(f"secretsmanager:{operation}", subject, _MEANINGS)
