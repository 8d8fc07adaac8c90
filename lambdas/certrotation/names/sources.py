"""Secrets of other accounts: their ARNs, and the setting `source_secrets`, patterns of such ARNs.

The stack reads the setting from cdk.json, and the functions from their environment: both with this
module.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from certrotation.names.service import SOURCE_KEY, VERSION_KEY

_NAME = r"A-Za-z0-9/_+=.@\-"
"""Secrets Manager API Reference, CreateSecret, Name."""
_BEGIN = r"arn:(aws[a-z-]*):secretsmanager:([a-z]{2,4}(?:-[a-z]+)+-\d{1,2}):(\d{12}):secret:"
_ARN = re.compile(rf"{_BEGIN}([{_NAME}]+)-[A-Za-z0-9]{{6}}")
"""Secrets Manager adds a hyphen and six random characters to the name (the same page, ARN)."""
_PATTERN = re.compile(rf"{_BEGIN}([{_NAME}*?]*\*|[{_NAME}*?]+-(?:\?{{6}}|[A-Za-z0-9]{{6}}))")


class SourceArn(NamedTuple):
    """The full ARN of a secret."""

    arn: str
    partition: str
    region: str
    account: str
    name: str
    """Without the random characters."""

    @classmethod
    def parse(cls, text: str) -> SourceArn | None:
        """Return a full ARN in its parts, or None if the text is no full ARN."""
        found = _ARN.fullmatch(text)
        return None if found is None else cls(text, *found.groups())


class SourcePattern(NamedTuple):
    """A pattern of ARNs as IAM reads it: `*` is any text, `?` one character."""

    text: str
    partition: str
    region: str
    account: str
    name: str
    """The pattern of the name."""

    @classmethod
    def parse(cls, text: str) -> SourcePattern:
        """Return a pattern in its parts.

        Raises:
            ValueError: account or Region are no literals, or no full ARN can match; the message
                ends a sentence.
        """
        found = _PATTERN.fullmatch(text)
        if found is None:
            raise ValueError(
                "is not a pattern of ARNs of secrets that names one Region and the 12 digits of one"
                " account, and ends in '*' or in a secret's last six characters"
                " (example: arn:aws:secretsmanager:eu-west-1:111122223333:secret:shared/*)"
            )
        return cls(text, *found.groups())

    def matches(self, arn: str) -> bool:
        """Return whether the pattern matches an ARN."""
        return re.fullmatch(_expression(self.text), arn) is not None


def _expression(pattern: str) -> str:
    return re.escape(pattern).replace(r"\*", ".*").replace(r"\?", ".")


def source_message(source: str, version: str) -> dict[str, str]:
    """Return the message by which the account of a source announces a version of the source."""
    return {SOURCE_KEY: source, VERSION_KEY: version}
