"""The mail about a certificate that an issuer does not issue.

The mail contains findings, names and dates only: never a byte of a secret's value.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from certrotation.core.notify.notice import Notice
from certrotation.names.runbook import ISSUANCE_FAILING, place_of

if TYPE_CHECKING:
    from certrotation.core.issuance.cause import Cause


def issuance_notice(
    stack: str, secret: str, cause: Cause, *, runbook_url: str | None = None
) -> Notice:
    """Return the mail about a certificate that is not issued.

    Args:
        stack: the stack's name.
        secret: the name or ARN of the secret.
        cause: why nothing was issued, with the CA's own sentence.
        runbook_url: the page of the team's own runbook, if there is one.
    """
    # A mail program would make a full stop after a link a part of the link.
    end = "" if runbook_url else "."
    return Notice.of(
        stack=stack,
        says="not issued",
        about=secret,
        lines=(
            "An issuer did not issue a certificate. The current certificate stays live.",
            "",
            f"Secret: {secret}",
            f"Stack: {stack}",
            "",
            f"Reason: {cause.code}",
            f"  Found: {cause.found}",
            f"  Remedy: {cause.remedy}",
            "",
            "What to do:",
            f"  Follow {place_of(ISSUANCE_FAILING, runbook_url)}{end}",
            "  The issuer asks again by itself.",
            "  You get one mail for each cause, and one reminder a day.",
        ),
    )
