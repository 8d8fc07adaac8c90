"""References: managed secrets whose value is that of a secret in another account."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from certrotation.core.estate.inventory import Origin
from certrotation.core.findings import Code, Finding, refuse
from certrotation.errors import SourceDenied, SourceGone, SourceMalformed
from certrotation.names.sources import SourceArn
from certrotation.names.tags import ISSUER, SOURCE
from certrotation.values import replace

if TYPE_CHECKING:
    from collections.abc import Sequence

    from certrotation.core.estate.inventory import ManagedSecret
    from certrotation.names.sources import SourcePattern

SourceRefused: TypeAlias = SourceDenied | SourceGone | SourceMalformed
SOURCE_REFUSED = (SourceDenied, SourceGone, SourceMalformed)
"""What an adapter raises if a person must act before the value of a source can be read."""


def problem_of(secret: ManagedSecret, patterns: Sequence[SourcePattern]) -> Finding | None:
    """Return why the source of a reference may not be asked for, or None if it may.

    Args:
        secret: a reference, as its own account describes it.
        patterns: the setting `source_secrets`.
    """
    text = secret.tags[SOURCE].strip()
    source = SourceArn.parse(text)
    if source is None:
        return _malformed(f"The tag {SOURCE} is {text!r}, {_not_full(text)}")
    if secret.current_version is not None:
        return _malformed(
            f"{secret.name} has a value of its own and the tag {SOURCE}.",
            "Remove the tag to use the secret's own value. To use the source's value, delete this"
            " secret and create it without a value.",
        )
    if ISSUER in secret.tags:
        return _malformed(
            f"{secret.name} has both tags {ISSUER} and {SOURCE}.",
            "Remove one of the two tags. An issuer renews the source in the source's account.",
        )
    if source.account == _account_of(secret.arn):
        return _malformed(
            f"The source {source.arn} is in this account.",
            "Name a secret of another account, or use the source itself as a managed secret: its"
            " name must begin with the prefix.",
        )
    if not any(each.matches(source.arn) for each in patterns):
        named = ", ".join(each.text for each in patterns) or "no secrets"
        return refuse(
            Code.SOURCE_DENIED,
            f"The policy of the role does not allow {source.arn}: the setting source_secrets names"
            f" {named}.",
            advice="Add the ARN, or a pattern of it, to source_secrets and deploy the stack; or"
            f" correct the tag {SOURCE}.",
        )
    return None


def finding_of(error: SourceRefused) -> Finding:
    """Return the finding that an adapter's error stands for."""
    return refuse(Code(error.code), error.found, advice=error.remedy)


def with_source(secret: ManagedSecret, source: ManagedSecret) -> ManagedSecret:
    """Return a reference with the versions of its source.

    The tags of the source are not trusted. They only explain why a source has no value.

    Args:
        secret: the reference.
        source: its source, as the source's account describes it.
    """
    further = source.tags.get(SOURCE)
    if source.current_version is None and further is not None:
        found = f"The source {source.arn} has no value of its own: it is a reference to {further}."
        advice = f"Name {further} in the tag {SOURCE}, so that the value is read there."
        return without_source(secret, source.arn, _malformed(found, advice))
    changes = [each for each in (secret.last_changed, source.last_changed) if each is not None]
    return replace(
        secret,
        current_version=source.current_version,
        previous_version=source.previous_version,
        last_changed=max(changes, default=None),
        origin=Origin(source.arn),
    )


def without_source(
    secret: ManagedSecret, arn: str, problem: Finding | None, failure: str = ""
) -> ManagedSecret:
    """Return a reference whose version is not known: no copy counts as current."""
    return replace(
        secret,
        current_version=None,
        previous_version=None,
        origin=Origin(arn, problem, failure),
    )


def _malformed(found: str, advice: str = "") -> Finding:
    return refuse(Code.SOURCE_MALFORMED, found, advice=advice)


def _not_full(text: str) -> str:
    if "*" in text or "?" in text:
        return "which is a pattern, not the ARN of one secret."
    if ":secret:" in text:
        return (
            "which is not a full ARN: a full ARN ends in a hyphen and the six characters that"
            " Secrets Manager adds to the name."
        )
    return "which is not the ARN of a secret."


def _account_of(arn: str) -> str | None:
    """Return the account in an ARN, or None if the secret is known by its name alone."""
    found = SourceArn.parse(arn)
    return found.account if found else None
