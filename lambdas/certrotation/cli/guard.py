"""Checks before each write what the functions' roles deny, for a person whose rights are wider.

infra/iam/grants.py denies the same to both functions: changes of certificates that a person tagged
to be ignored, and of those that belong to another deployment.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from certrotation.errors import AccessDenied
from certrotation.names import tags as names
from certrotation.values import dataclass, replace

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from certrotation.core.estate.inventory import (
        CertificateDetail,
        ListedCertificate,
        ManagedSecret,
    )
    from certrotation.core.material.bundle import Material, PresentedCertificate
    from certrotation.core.material.secret_value import SecretValue
    from certrotation.workflows.ports import Account, Certificates, Region, Secrets


@dataclass(frozen=True, slots=True, kw_only=True)
class GuardedCertificates:
    """ACM in one Region; a write reads the tags of the certificate first."""

    certificates: Certificates
    prefix: str
    """How the names of this deployment's secrets begin."""

    def list_imported(self) -> Sequence[ListedCertificate]:
        """Return every imported certificate."""
        return self.certificates.list_imported()

    def presented(self, arn: str) -> PresentedCertificate:
        """Return the leaf and chain that ACM holds."""
        return self.certificates.presented(arn)

    def detail(self, arn: str) -> CertificateDetail:
        """Return what ACM tells about it."""
        return self.certificates.detail(arn)

    def tags(self, arn: str) -> Mapping[str, str]:
        """Return its tags."""
        return self.certificates.tags(arn)

    def import_new(self, material: Material, tags: Mapping[str, str]) -> str:
        """Import under a new ARN."""
        return self.certificates.import_new(material, tags)

    def reimport(self, arn: str, material: Material) -> None:
        """Put material under a known ARN.

        Raises:
            AccessDenied: the certificate is ignored, or belongs to somebody else.
        """
        secret = self._check(arn)
        if secret is None:
            raise AccessDenied(f"{arn} is no copy of a managed secret.", _REMEDY)
        self.certificates.reimport(arn, material)

    def add_tags(self, arn: str, tags: Mapping[str, str]) -> None:
        """Add or overwrite tags.

        Raises:
            AccessDenied: the certificate is ignored, or belongs to somebody else.
        """
        self._check(arn)
        self.certificates.add_tags(arn, tags)

    def remove_tags(self, arn: str, keys: Iterable[str]) -> None:
        """Remove tags by key.

        Raises:
            AccessDenied: the certificate is ignored, or belongs to somebody else.
        """
        self._check(arn)
        self.certificates.remove_tags(arn, keys)

    def delete(self, arn: str) -> None:
        """Delete nothing: only a scan deletes.

        Raises:
            AccessDenied: always.
        """
        raise AccessDenied(f"{arn} is not deleted by a command.", "A scan deletes it in time.")

    def _check(self, arn: str) -> str | None:
        """Return the secret that the certificate belongs to, if any; AWS's own tags decide."""
        tags = self.certificates.tags(arn)
        if names.IGNORE in tags:
            raise AccessDenied(f"{arn} has the tag {names.IGNORE}.", _REMEDY)
        secret = tags.get(names.SECRET)
        if secret is not None and not secret.startswith(self.prefix):
            raise AccessDenied(f"{arn} belongs to {secret}, another deployment's secret.", _REMEDY)
        return secret


_REMEDY = "The service never changes such a certificate. Correct its tags if they are wrong."


class WithoutHold:
    """The secrets, as if none were on hold: a person insists."""

    def __init__(self, secrets: Secrets) -> None:
        self._secrets = secrets

    def list_managed(self) -> Sequence[ManagedSecret]:
        """Return every secret."""
        return self._secrets.list_managed()

    def describe(self, secret_id: str) -> ManagedSecret:
        """Return one secret, without its hold."""
        secret = self._secrets.describe(secret_id)
        kept = {key: value for key, value in secret.tags.items() if key != names.HOLD}
        return replace(secret, tags=kept)

    def current_value(self, secret_id: str) -> SecretValue:
        """Return what is AWSCURRENT."""
        return self._secrets.current_value(secret_id)

    def is_newer(self, secret_id: str, version: str, than: str) -> bool:
        """Return whether `version` was created after `than`."""
        return self._secrets.is_newer(secret_id, version, than)


def guarded(account: Account, prefix: str, *, ignores_hold: bool = False) -> Account:
    """Return the account with a check before each write to a certificate.

    Args:
        account: the account.
        prefix: how the names of this deployment's secrets begin.
        ignores_hold: whether secrets on hold are changed as well.
    """

    def guard(region: Region) -> Region:
        checked = GuardedCertificates(certificates=region.certificates, prefix=prefix)
        return replace(region, certificates=checked)

    return replace(
        account,
        secrets=WithoutHold(account.secrets) if ignores_hold else account.secrets,
        regions={name: guard(region) for name, region in account.regions.items()},
    )
