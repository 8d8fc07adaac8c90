"""What a person at the command line does about an error, where the service would do something else.

The service retries by itself and has roles; a person has credentials, and runs the command again.
"""

from __future__ import annotations

from certrotation.errors import RETRIED, AccessDenied, CertRotationError, SettingsError

_DENIED = (
    "Allow the action to the credentials that you use; docs/cli.md has the policy of the verbs that"
    " only read. A permissions boundary, a service control policy or a key policy may deny the"
    " action too."
)
_AGAIN = "Run the command again."


class SourceUnseen(AccessDenied):
    """AWS denies a source to a person's credentials; the roles of the service may read it."""

    def __init__(self, found: str) -> None:
        super().__init__(
            found,
            "The source was asked with your credentials, and the policies at the source name the"
            " roles of the service. So this says nothing about the service: `certrotation rotate"
            " --wait` shows what its roles do, and `certrotation doctor` what they were denied.",
        )


class SourcesUnset(SettingsError):
    """Nothing says which sources the service may read: neither a stack nor a variable."""

    def __init__(self) -> None:
        super().__init__(
            "Which sources the service may read is not known: no stack was found, and no variable"
            " gives source_secrets.",
            "Give --stack and --region as they were deployed, or set CERTROTATION_SOURCE_SECRETS.",
        )


UNSEEN = (SourceUnseen, SourcesUnset)
"""What keeps a source from being seen; nothing follows for the service."""


def remedy_of(error: CertRotationError) -> str:
    """Return the remedy of an error, for whoever typed the command."""
    if isinstance(error, AccessDenied) and not isinstance(error, SourceUnseen):
        return _DENIED
    return error.remedy.replace(RETRIED, _AGAIN)
