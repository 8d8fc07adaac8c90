"""The runbook: where its headings are found, in alarms and in mails."""

import re

RUNBOOK = "docs/runbook.md"
"""In the repository."""

MATERIAL_REFUSED = "MaterialRefused: new material was refused"
LIVE_CERTIFICATE_LEFT = "LiveCertificateLeft: a certificate with the name of a copy is not renewed"
DEPENDENTS_STRANDED = "DependentsStranded: a listener or distribution uses the old certificate"
ISSUANCE_FAILING = "IssuanceFailing: an issuer does not issue certificates"


def place_of(heading: str, url: str | None) -> str:
    """Return where a person finds a heading of the runbook: a link, or the file and the heading.

    Args:
        heading: as the runbook has it.
        url: of the team's own copy of the runbook, without an anchor; None if there is no copy.
    """
    return f"{url}#{_anchor(heading)}" if url else f'{RUNBOOK}, "{heading}"'


def _anchor(heading: str) -> str:
    """Return the anchor that GitHub and GitLab make of a heading.

    Source: GitHub Docs, Basic writing and formatting syntax, Section links: letters in lower case,
    spaces as hyphens, no other punctuation.
    """
    return re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")
