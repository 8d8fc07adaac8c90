"""Managed secrets some of which take their value from a secret of another account."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from certrotation.core.estate.inventory import Origin
from certrotation.core.estate.sources import (
    SOURCE_REFUSED,
    finding_of,
    problem_of,
    with_source,
    without_source,
)
from certrotation.errors import (
    AccessDenied,
    CertRotationError,
    NotManaged,
    SecretDeleted,
    Unreachable,
    Vanished,
    without_frames,
)
from certrotation.names.tags import SOURCE
from certrotation.values import dataclass, replace

if TYPE_CHECKING:
    from collections.abc import Sequence

    from certrotation.core.estate.inventory import ManagedSecret
    from certrotation.core.material.secret_value import SecretValue
    from certrotation.names.sources import SourcePattern
    from certrotation.workflows.ports import Secrets, Sources

MOST_AT_ONCE = 10
"""How many sources are described at the same time: a client has as many connections."""
FAILURES_UNTIL_SILENT = MOST_AT_ONCE
"""After this many sources of a Region in a row gave no answer, its other sources are skipped."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferencedSecrets:
    """The managed secrets; a reference has the versions and the value of its source."""

    own: Secrets
    sources: Sources
    patterns: tuple[SourcePattern, ...]
    """The setting `source_secrets`."""

    def list_managed(self) -> Sequence[ManagedSecret]:
        """Return every managed secret; each source is described once.

        A source that cannot be described leaves the version of its references unknown.
        """
        listed = self.own.list_managed()
        checked = [self._checked(each) for each in listed]
        asked = list(dict.fromkeys(filter(None, map(_asked, checked))))
        found = dict(zip(asked, self._describe_all(asked), strict=True))
        return [
            each if (arn := _asked(each)) is None else _resolved(each, arn, found[arn])
            for each in checked
        ]

    def describe(self, secret_id: str) -> ManagedSecret:
        """Return one secret by name or ARN.

        Raises:
            Vanished: there is no such secret.
            SecretDeleted: the secret is scheduled for deletion.
            NotManaged: the secret is one of another account. The role may describe it, and its
                name may begin with the prefix, but only references are rotated.
        """
        own = self.own.describe(secret_id)
        if self._is_elsewhere(secret_id, own):
            raise NotManaged(
                f"{own.arn} is a secret of another account.",
                f"Name a managed secret that has the tag {SOURCE}.",
            )
        checked = self._checked(own)
        arn = _asked(checked)
        if arn is None:
            return checked
        found = self._describe(arn)
        if isinstance(found, CertRotationError) and not isinstance(found, SOURCE_REFUSED):
            raise found
        return _resolved(checked, arn, found)

    def current_value(self, secret_id: str) -> SecretValue:
        """Return what is AWSCURRENT in a managed secret, or in a source that is named by its ARN.

        Raises:
            SourceDenied: a policy denies the source.
            SourceGone: the source does not exist, or has no value.
        """
        if self._is_source(secret_id):
            return self.sources.current_value(secret_id)
        return self.own.current_value(secret_id)

    def is_newer(self, secret_id: str, version: str, than: str) -> bool:
        """Return whether `version` was created after `than`."""
        return self.own.is_newer(secret_id, version, than)

    def _is_source(self, arn: str) -> bool:
        return any(each.matches(arn) for each in self.patterns)

    def _is_elsewhere(self, secret_id: str, secret: ManagedSecret) -> bool:
        """Return whether a secret belongs to another account.

        One setting for all accounts also names the secrets of the account that holds the sources,
        so a pattern is no proof. A name alone stands for a secret of the caller's account: if an
        ARN may be that of a source, the secret is described once more, by its name.
        """
        arns = {secret_id, secret.arn} - {secret.name}
        if secret_id == secret.name or not any(map(self._is_source, arns)):
            return False
        try:
            return self.own.describe(secret.name).arn not in arns
        except (AccessDenied, SecretDeleted, Vanished):
            return True

    def _checked(self, secret: ManagedSecret) -> ManagedSecret:
        """Return a reference with what is wrong with it before its source is asked for."""
        if not secret.is_reference:
            return secret
        arn = secret.tags[SOURCE].strip()
        problem = problem_of(secret, self.patterns)
        if problem is None:
            return replace(secret, origin=Origin(arn))
        return without_source(secret, arn, problem)

    def _describe_all(self, arns: Sequence[str]) -> list[ManagedSecret | CertRotationError]:
        """Describe sources. A Region that does not answer must not use up the time of a scan."""
        if not arns:
            return []
        failures: dict[str, list[Unreachable]] = {_region_of(each): [] for each in arns}

        def describe(arn: str) -> ManagedSecret | CertRotationError:
            unanswered = failures[_region_of(arn)]
            if len(unanswered) >= FAILURES_UNTIL_SILENT:
                last = unanswered[-1]
                return Unreachable(f"The source {arn} was not asked: {last.found}", last.remedy)
            answer = self._describe(arn)
            if isinstance(answer, Unreachable):
                unanswered.append(answer)
            else:
                unanswered.clear()
            return answer

        with ThreadPoolExecutor(max_workers=min(len(arns), MOST_AT_ONCE)) as pool:
            return list(pool.map(describe, arns))

    def _describe(self, arn: str) -> ManagedSecret | CertRotationError:
        try:
            return self.sources.describe(arn)
        except CertRotationError as error:
            return without_frames(error)


def _region_of(arn: str) -> str:
    return arn.split(":")[3]


def _asked(secret: ManagedSecret) -> str | None:
    """Return the ARN of the source that is asked for; None if there is none, or a problem."""
    origin = secret.origin
    return origin.arn if origin is not None and origin.problem is None else None


def _resolved(
    secret: ManagedSecret, arn: str, source: ManagedSecret | CertRotationError
) -> ManagedSecret:
    if isinstance(source, SOURCE_REFUSED):
        return without_source(secret, arn, finding_of(source))
    if isinstance(source, CertRotationError):
        return without_source(secret, arn, None, str(source))
    return with_source(secret, source)
