"""The next issuance for a secret with an issuer, as text and as a part of a JSON object."""

from __future__ import annotations

from typing import TYPE_CHECKING

from certrotation.cli.checking import details_of, print_findings
from certrotation.core.issuance.forecast import Forecast, forecast
from certrotation.core.material.checks import inspect_secret
from certrotation.core.material.decoding import UnreadableSecretError
from certrotation.core.material.secret_format import request_in
from certrotation.names.tags import ISSUER

if TYPE_CHECKING:
    from collections.abc import Iterator

    from certrotation.cli.documents import NextIssuance
    from certrotation.cli.output import Output
    from certrotation.cli.shell import Shell
    from certrotation.core.estate.inventory import ManagedSecret
    from certrotation.core.material.secret_value import SecretValue

_MOST_NAMES = 10


def next_issuance(shell: Shell, secret: ManagedSecret, value: SecretValue) -> Forecast | None:
    """Return the forecast for a secret; None without an issuer's tag, or if no issuer is known.

    Args:
        shell: where the issuers of the stack are read.
        secret: the secret.
        value: the current value, or the one that is planned.
    """
    if ISSUER not in secret.tags:
        return None
    issuers = shell.issuers
    if issuers is None:
        return None
    material = inspect_secret(value, shell.parts.rotation_policy.roots, shell.now).material
    try:
        request = request_in(value)
    except UnreadableSecretError:
        request = None
    return forecast(secret, request, material.leaf if material else None, issuers)


def show(found: Forecast, output: Output, indent: int = 0) -> None:
    """Print the forecast."""
    for number, line in enumerate(lines_of(found)):
        output.say(line, indent=indent + 2 * bool(number))
    if found.refusal is not None:
        print_findings(output, [found.refusal], indent=indent + 2)


def lines_of(found: Forecast) -> Iterator[str]:
    """Yield the forecast in words; the first line is a heading, and a refusal is left out."""
    wish = found.wish
    if wish is None:
        yield f"next issuance: {found.issuer or 'the issuer'} is not asked"
        return
    when = "at the next look" if found.is_asked_now else "at the next renewal"
    profile = f", profile {wish.profile}" if wish.profile else ""
    yield f"next issuance by {found.issuer}, {when}: {wish.key}{profile}"
    if found.is_first:
        yield f"first certificate, for {_some(wish.names)}"
        return
    if found.names_added:
        yield f"names added: {_some(found.names_added)}"
    if found.names_removed:
        yield f"names removed: {_some(found.names_removed)}"
    for each in found.usages_lost:
        yield f"{each} is lost: clients cannot authenticate with the next certificate"
    if not found.new_arn_because:
        yield "ACM imports the certificate under the current ARN"
    for each in found.new_arn_because:
        yield f"new ARN, because {each}: dependents are moved"


def issuance_document(found: Forecast | None) -> NextIssuance | None:
    """Return the forecast for a JSON object."""
    if found is None:
        return None
    wish = found.wish
    return {
        "issuer": found.issuer,
        "asked": "never" if wish is None else "next look" if found.is_asked_now else "renewal",
        "first": found.is_first,
        "names": list(wish.names) if wish else [],
        "names_added": list(found.names_added),
        "names_removed": list(found.names_removed),
        "key_type": wish.key.value if wish else None,
        "present_key_type": found.present_key.value if found.present_key else None,
        "profile": wish.profile if wish else None,
        "new_arn": bool(found.new_arn_because),
        "reasons": list(found.new_arn_because),
        "usages_lost": list(found.usages_lost),
        "findings": details_of([found.refusal] if found.refusal else []),
    }


def _some(names: tuple[str, ...]) -> str:
    more = len(names) - _MOST_NAMES
    return ", ".join(names[:_MOST_NAMES]) + (f" and {more} more" if more > 0 else "")
