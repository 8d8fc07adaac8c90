"""What a person at the command line does about an error, where the service would do something else.

The service retries by itself and has roles; a person has credentials, and runs the command again.
"""

from __future__ import annotations

from certrotation.errors import RETRIED, AccessDenied, CertRotationError

_DENIED = (
    "Allow the action to the credentials that you use; docs/cli.md has the policy of the verbs that"
    " only read. A permissions boundary, a service control policy or a key policy may deny the"
    " action too."
)
_AGAIN = "Run the command again."


def remedy_of(error: CertRotationError) -> str:
    """Return the remedy of an error, for whoever typed the command."""
    if isinstance(error, AccessDenied):
        return _DENIED
    return error.remedy.replace(RETRIED, _AGAIN)
