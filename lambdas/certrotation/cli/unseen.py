"""What the credentials of a person cannot see of the sources of references: it is unknown.

The policies at a source name the roles of the service. So a denial to other credentials says
nothing about the service, and is no finding: no verb calls a secret refused or due because of it.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from certrotation.aws.source_secrets import SourceUnshareable
from certrotation.cli.remedies import UNSEEN, SourcesUnset, SourceUnseen
from certrotation.core.estate.sources import without_source
from certrotation.core.findings import Code
from certrotation.errors import SourceDenied, TransientError
from certrotation.names.tags import SOURCE
from certrotation.values import dataclass, replace
from certrotation.workflows.references import ReferencedSecrets

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from certrotation.core.estate.inventory import ManagedSecret
    from certrotation.core.material.secret_value import SecretValue
    from certrotation.workflows.ports import Account, Secrets, Sources


@dataclass(frozen=True, slots=True, kw_only=True)
class SourcesOfPerson:
    """Secrets of other accounts, asked with the credentials of a person."""

    sources: Sources

    def describe(self, arn: str) -> ManagedSecret:
        """Return a source.

        Raises:
            SourceUnseen: AWS denies the source to these credentials.
        """
        with _unseen():
            return self.sources.describe(arn)

    def current_value(self, arn: str) -> SecretValue:
        """Return what is AWSCURRENT in a source.

        Raises:
            SourceUnseen: AWS denies the source, or its key, to these credentials.
        """
        with _unseen():
            return self.sources.current_value(arn)


@contextmanager
def _unseen() -> Iterator[None]:
    """Tell a denial that depends on who asks from one that everybody gets."""
    try:
        yield
    except SourceUnshareable:
        raise
    except SourceDenied as error:
        raise SourceUnseen(error.found) from None


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretsWithoutSetting:
    """The managed secrets where the setting `source_secrets` is not known."""

    own: Secrets

    def list_managed(self) -> Sequence[ManagedSecret]:
        """Return every managed secret; the version of a reference is unknown."""
        return [_without_setting(each) for each in self.own.list_managed()]

    def describe(self, secret_id: str) -> ManagedSecret:
        """Return one secret.

        Raises:
            SourcesUnset: it is a reference.
        """
        found = self.own.describe(secret_id)
        if _without_setting(found) is not found:
            raise SourcesUnset
        return found

    def current_value(self, secret_id: str) -> SecretValue:
        """Return what is AWSCURRENT in a managed secret."""
        return self.own.current_value(secret_id)

    def is_newer(self, secret_id: str, version: str, than: str) -> bool:
        """Return whether `version` was created after `than`."""
        return self.own.is_newer(secret_id, version, than)


def _without_setting(secret: ManagedSecret) -> ManagedSecret:
    problem = secret.source_problem
    if problem is None or problem.code is not Code.SOURCE_DENIED:
        return secret
    return without_source(secret, secret.tags[SOURCE].strip(), None, str(SourcesUnset()))


def as_person(account: Account, *, knows_setting: bool) -> Account:
    """Return the account as whoever typed the command sees it.

    Args:
        account: as the functions have it.
        knows_setting: whether something says what `source_secrets` is.
    """
    secrets = account.secrets
    if not isinstance(secrets, ReferencedSecrets):
        return (
            account
            if knows_setting
            else replace(account, secrets=SecretsWithoutSetting(own=secrets))
        )
    sources = SourcesOfPerson(sources=secrets.sources)
    return replace(account, secrets=replace(secrets, sources=sources))


def described(secrets: Secrets, name: str) -> ManagedSecret:
    """Return a secret; the version of a reference is unknown if its source cannot be seen.

    Args:
        secrets: as the person sees them.
        name: of the secret, or its ARN.

    Raises:
        Vanished: there is no such secret.
        SecretDeleted: the secret is scheduled for deletion.
    """
    try:
        return secrets.describe(name)
    except (*UNSEEN, TransientError) as error:
        if not isinstance(secrets, (ReferencedSecrets, SecretsWithoutSetting)):
            raise
        own = secrets.own.describe(name)
        if not own.is_reference:
            raise
        return without_source(own, own.tags[SOURCE].strip(), None, str(error))


def unseen_because(secret: ManagedSecret | None) -> str:
    """Return why the version of a reference was not seen; nothing if it was, or if there is none.

    A source that gave no answer counts too: that says as little about the service as a denial.
    """
    if secret is None or secret.source_problem is not None:
        return ""
    return secret.source_unknown_because
